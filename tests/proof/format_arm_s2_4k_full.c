// SPDX-License-Identifier: MPL-2.0
/*
 * The laws of core/format.h for Arm, s2_4k_full.
 * Proof format_arm_s2_4k_full: -Itests/proof/formats --unwind 7
 */
#include "arch/arm/s2_4k_full.c"

#include "tests/proof/format.h"

int main(void)
{
	prove_format(&mz_arm_s2_4k_full);
	return 0;
}
