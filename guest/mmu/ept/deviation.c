// SPDX-License-Identifier: MPL-2.0
/*
 * What Bochs 2.7 and 3.0 are known to do otherwise than the manual: docs/deviations.md, section
 * EPT. Each is told by its outcome to the bit: with what is known mended, the syndrome is right.
 */
#include "guest/lib/ports.h"
#include "guest/mmu/ept/ept.h"
#include "guest/mmu/report.h"

#define QUALIFICATION_READ      ((uint64_t)1 << 0)
#define QUALIFICATION_USER      ((uint64_t)1 << 6)
#define QUALIFICATION_MISPLACED ((uint64_t)1 << 13)

/* A port that reads as its own number, if Bochs is told to have it. */
#define BOCHS_PORT 0xe9

bool ept_on_bochs(void)
{
	return in8(BOCHS_PORT) == BOCHS_PORT;
}

/* The violation as it must be told, but for these bits. */
static bool differs_by(const struct stage *stage, const struct expected *expected,
		       const struct outcome *outcome, uint64_t bits)
{
	struct outcome mended = *outcome;

	mended.raw[1] ^= bits;
	return outcome->ending == ENDING_FAULT && ept_syndrome_right(stage, expected, &mended);
}

/* Bit 10 of an entry, shifted as bits 2:0 are. */
static bool user_is_misplaced(const struct stage *stage, const struct expected *expected,
			      const struct outcome *outcome)
{
	uint64_t bits = QUALIFICATION_USER | QUALIFICATION_MISPLACED;

	return ept_own(stage)->modes &&
		(differs_by(stage, expected, outcome, bits) ||
		 differs_by(stage, expected, outcome, bits | QUALIFICATION_READ));
}

static bool walk_only_writes(const struct stage *stage, const struct expected *expected,
			     const struct outcome *outcome)
{
	return expected->walk && stage->walk_writes &&
		differs_by(stage, expected, outcome, QUALIFICATION_READ);
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
	if (user_is_misplaced(stage, expected, outcome))
		return "Bochs tells in bit 13, not in bit 6, that a user may execute";
	if (outcome->ending != ENDING_DONE)
		return NULL;
	if (flag_is_set(stage, expected))
		return "Bochs sets the guest's flags without asking the second stage";
	if (expected->cause == MZ_FAULT_MISCONFIGURED && expected->level > 1 &&
	    report_named(test, "_reserved_bit_12_in_a_leaf"))
		return "Bochs ignores bit 12 of large leaves";
	return NULL;
}
