// SPDX-License-Identifier: MPL-2.0
/* What QEMU 7.2 is known to do otherwise than the manual: docs/deviations.md, section RISC-V. */
#include "guest/mmu/report.h"
#include "guest/mmu/riscv64/riscv64.h"

#define LOAD_GUEST_FAULT 21

/* The fault of a walk, right in all but its code, which is always that of a load. */
static bool load_instead(const struct stage *stage, const struct expected *expected,
			 const struct outcome *outcome)
{
	struct expected load = *expected;

	load.access.kind = MZ_READ;
	return outcome->ending == ENDING_FAULT && expected->walk &&
		expected->access.kind != MZ_READ && outcome->raw[0] == LOAD_GUEST_FAULT &&
		riscv_syndrome_right(stage, &load, outcome);
}

/* Bits of a guest-physical address above the topmost one of the table must repeat it. */
static bool address_signed(const struct stage *stage, const struct expected *expected,
			   const struct outcome *outcome)
{
	uint64_t gpa = outcome->raw[2] << 2;

	return outcome->ending == ENDING_FAULT && !expected->faults && outcome->raw[3] <= 0xffff &&
		gpa >> (stage->config.format->ia_lg2 - 1) == 1;
}

/* Bits 60:54 of any entry, and 63:61 of a leaf. */
static bool reserved_unseen(const struct stage *stage, const char *test,
			    const struct expected *expected, const struct outcome *outcome)
{
	static const char *const unseen[] = {
		"_bit_54_", "_bit_55_", "_bit_56_",           "_bit_57_",      "_bit_58_",
		"_bit_59_", "_bit_60_", "_bit_63_in_a_leaf_", "_memory_type_",
	};

	if ((stage->config.features & MZ_SVPBMT) == 0 || outcome->ending != ENDING_DONE ||
	    expected->cause != MZ_FAULT_MISCONFIGURED)
		return false;
	for (unsigned i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++)
		if (report_named(test, unseen[i]))
			return true;
	return false;
}

const char *riscv_deviation(const struct stage *stage, const char *test,
			    const struct expected *expected, const struct outcome *outcome)
{
	if (load_instead(stage, expected, outcome))
		return "QEMU gives each fault of the guest's walk the code of a load";
	if (outcome->ending == ENDING_DONE && expected->walk && expected->tried == MZ_WRITE)
		return "QEMU sets the guest's flags without asking the G-stage";
	if (outcome->ending == ENDING_DONE && !expected->faults &&
	    report_named(test, "_flags_after_") && report_named(test, "_by_walk_setting_flags"))
		return "QEMU sets the guest's flags without asking the G-stage, whose D stays";
	if (reserved_unseen(stage, test, expected, outcome))
		return "QEMU does not look at reserved bits 63:54 when it has Svpbmt";
	if (address_signed(stage, expected, outcome))
		return "QEMU takes the upper half of guest-physical addresses for negative";
	return NULL;
}
