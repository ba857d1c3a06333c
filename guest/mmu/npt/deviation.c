// SPDX-License-Identifier: MPL-2.0
/*
 * What QEMU 7.2 and Bochs 2.7 are known to do otherwise than the manual: docs/deviations.md,
 * section NPT. Each is told by its outcome to the bit: with what is known mended, the syndrome is
 * right.
 */
#include "guest/mmu/npt/npt.h"
#include "guest/mmu/report.h"

#define INFO_PRESENT ((uint64_t)1 << 0)

static bool not_present_instead(const struct stage *stage, const struct expected *expected,
				const struct outcome *outcome)
{
	struct outcome mended = *outcome;

	mended.raw[1] ^= INFO_PRESENT;
	return outcome->ending == ENDING_FAULT && expected->cause == MZ_FAULT_MISCONFIGURED &&
		npt_syndrome_right(stage, expected, &mended);
}

const char *npt_deviation(const struct stage *stage, const char *test,
			  const struct expected *expected, const struct outcome *outcome)
{
	if (!expected->faults)
		return NULL;
	if (not_present_instead(stage, expected, outcome))
		return "QEMU says of an entry with reserved bits that it is not present";
	if (outcome->ending == ENDING_DONE && expected->cause == MZ_FAULT_MISCONFIGURED &&
	    expected->level >= 4 && report_named(test, "_reserved_bit_8_in_a_link"))
		return "QEMU and Bochs ignore bit 8 of links at level 4 and above";
	return NULL;
}
