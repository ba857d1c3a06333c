// SPDX-License-Identifier: MPL-2.0
/*
 * The laws of core/format.h for Arm, s2_4k_40.
 * Proof format_arm_s2_4k_40: -Itests/proof/formats --unwind 7
 */
#include "arch/arm/s2_4k_40.c"

#include "tests/proof/format.h"

int main(void)
{
	prove_format(&mz_arm_s2_4k_40);
	return 0;
}
