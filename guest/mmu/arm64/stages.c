// SPDX-License-Identifier: MPL-2.0
#include "guest/mmu/arm64/stages.h"

#include "guest/lib/guest.h"
#include "guest/mmu/arm64/registers.h"

#define COUNT(of) (sizeof(of) / sizeof((of)[0]))

#define HA  MZ_HW_ACCESSED_DIRTY
#define ALL (MZ_ARM_XNX | MZ_ARM_FWB | MZ_ARM_DBM)

static struct arm_stage wishes[] = {
	{"s2_4k", {12, 48, 48, 0}, 0},
	{"s2_4k_ha", {12, 48, 48, 0}, HA},
	{"s2_4k_40", {12, 40, 48, 0}, 0},
	{"s2_4k_36_of_40", {12, 36, 40, MZ_ARM_XNX}, HA},
	{"s2_16k", {14, 48, 48, 0}, HA},
	{"s2_64k", {16, 48, 48, 0}, 0},
	{"s2_4k_full", {12, 48, 48, ALL}, HA},
	{"s2_4k_full_by_software", {12, 48, 48, ALL}, 0},
	{"s2_16k_full", {14, 40, 48, ALL}, HA},
	{"s2_64k_full", {16, 42, 48, ALL}, HA},
	{"s2_4k_wide", {12, 52, 52, MZ_ARM_WIDE | MZ_ARM_XNX}, 0},
	{"s2_16k_wide", {14, 51, 52, MZ_ARM_WIDE | MZ_ARM_DBM}, HA},
	{"s2_64k_wide", {16, 52, 52, MZ_ARM_WIDE | MZ_ARM_FWB}, HA},
};

static struct mz_format formats[COUNT(wishes)];
static struct stage granted[COUNT(wishes)];
static unsigned granted_count;

const struct mz_arm_hardware *hardware(void)
{
	static struct mz_arm_hardware found;

	if (found.oa_bits == 0)
		found = mz_arm_hardware_from(READ_REGISTER("id_aa64mmfr0_el1"),
					     READ_REGISTER("id_aa64mmfr1_el1"),
					     READ_REGISTER(ID_AA64MMFR2_EL1));
	return &found;
}

bool arm_stage_make(struct stage *out, struct mz_format *format, struct arm_stage *wish)
{
	bool ha = (wish->features & HA) != 0, dbm = (wish->wanted.options & MZ_ARM_DBM) != 0;
	uint16_t flags = (uint16_t)(MZ_ACCESSED | (dbm ? MZ_DIRTY : 0u));

	if (wish->wanted.oa_bits > hardware()->oa_bits)
		wish->wanted.oa_bits = hardware()->oa_bits;
	if (wish->wanted.ia_bits > wish->wanted.oa_bits)
		wish->wanted.ia_bits = wish->wanted.oa_bits;
	if (mz_arm_s2_supported(hardware(), &wish->wanted) != MZ_OK ||
	    (wish->features & ~hardware()->features) != 0 ||
	    mz_arm_s2_format(&wish->wanted, format) != MZ_OK)
		return false;
	*out = (struct stage) {
		.name = wish->name,
		.config = {.format = format, .features = wish->features | MZ_EXEC_ONLY},
		.own = wish,
		.flags_set = ha ? flags : 0,
		.flags_demanded = ha ? 0 : flags,
		.spoil = spoil,
	};
	return true;
}

const struct stage *stages(unsigned *count)
{
	if (granted_count == 0)
		for (size_t i = 0; i < COUNT(wishes); i++)
			granted_count += arm_stage_make(&granted[granted_count],
							&formats[granted_count], &wishes[i]);
	*count = granted_count;
	return granted;
}

bool arm_stage1_make(struct arm_stage1 *out, const struct mz_arm_s1 *wanted)
{
	out->wanted = *wanted;
	if (out->wanted.oa_bits > hardware()->oa_bits)
		out->wanted.oa_bits = hardware()->oa_bits;
	return mz_arm_s1_supported(hardware(), &out->wanted) == MZ_OK &&
		mz_arm_s1_format(&out->wanted, &out->format) == MZ_OK;
}

/*
 * 52-bit addresses, so that every guest-physical address of a wide second stage can be reached, and
 * flags set by the MMU, so that walks write: as far as the processor has them.
 */
const struct arm_stage1 *guest_stage1(void)
{
	static struct arm_stage1 made;
	bool wide = (hardware()->s1_wide >> 12 & 1) != 0;
	struct mz_arm_s1 wanted = {12, 48, wide ? 52 : 48, wide ? MZ_ARM_WIDE : 0};

	wanted.options |= hardware()->options & MZ_ARM_DBM;
	if (made.format.levels == 0 && !arm_stage1_make(&made, &wanted))
		__builtin_trap();
	return &made;
}
