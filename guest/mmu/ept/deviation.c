// SPDX-License-Identifier: MPL-2.0
/*
 * What Bochs 2.7 is known to do otherwise than the manual: docs/deviations.md, section EPT. Each is
 * told by its outcome to the bit: with what is known mended, the syndrome is right.
 */
#include "guest/lib/ports.h"
#include "guest/mmu/ept/ept.h"
#include "guest/mmu/report.h"

#define QUALIFICATION_READ ((uint64_t)1 << 0)

/* A port that reads as its own number, if Bochs is told to have it. */
#define BOCHS_PORT 0xe9

bool ept_on_bochs(void)
{
	return in8(BOCHS_PORT) == BOCHS_PORT;
}

static bool walk_only_writes(const struct stage *stage, const struct expected *expected,
			     const struct outcome *outcome)
{
	struct outcome mended = *outcome;

	mended.raw[1] |= QUALIFICATION_READ;
	return outcome->ending == ENDING_FAULT && expected->walk && stage->walk_writes &&
		ept_syndrome_right(stage, expected, &mended);
}

/* The update of a flag in the guest's entry, after it was read. */
static bool flag_is_set(const struct stage *stage, const struct expected *expected)
{
	return expected->walk && !stage->walk_writes && expected->tried == MZ_WRITE &&
		expected->cause == MZ_FAULT_DENIED;
}

const char *ept_deviation(const struct stage *stage, const char *test,
			  const struct expected *expected, const struct outcome *outcome)
{
	if (!expected->faults || !ept_on_bochs())
		return NULL;
	if (walk_only_writes(stage, expected, outcome))
		return "Bochs tells an access of the guest's page walk as a write alone";
	if (outcome->ending != ENDING_DONE)
		return NULL;
	if (flag_is_set(stage, expected))
		return "Bochs sets the guest's flags without asking the second stage";
	if (expected->cause == MZ_FAULT_MISCONFIGURED && expected->level > 1 &&
	    report_named(test, "_reserved_bit_12_in_a_leaf"))
		return "Bochs ignores bit 12 of large leaves";
	return NULL;
}
