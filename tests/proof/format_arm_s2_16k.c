// SPDX-License-Identifier: MPL-2.0
/*
 * The laws of core/format.h for Arm, s2_16k.
 * Proof format_arm_s2_16k: -Itests/proof/formats --unwind 7
 */
#include "arch/arm/s2_16k.c"

#include "tests/proof/format.h"

int main(void)
{
	prove_format(&mz_arm_s2_16k);
	return 0;
}
