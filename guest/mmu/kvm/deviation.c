// SPDX-License-Identifier: MPL-2.0
/* What QEMU 7.2 is known to do otherwise than the manual, when it emulates: docs/deviations.md. */
#include "guest/mmu/kvm/kvm.h"

#define ERROR_PRESENT ((uint64_t)1)

const char *kvm_deviation(const struct stage *stage, const char *test,
			  const struct expected *expected, const struct outcome *outcome)
{
	struct outcome mended = *outcome;

	(void)test;
	mended.raw[1] ^= ERROR_PRESENT;
	if (outcome->ending == ENDING_FAULT && expected->cause == MZ_FAULT_MISCONFIGURED &&
	    kvm_syndrome_right(stage, expected, &mended))
		return "QEMU says of an entry with reserved bits that it is not present";
	return NULL;
}
