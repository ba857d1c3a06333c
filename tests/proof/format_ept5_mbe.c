// SPDX-License-Identifier: MPL-2.0
/*
 * The laws of core/format.h for EPT of 5 levels under mode-based execute control.
 * Proof format_ept5_mbe: -Itests/proof/formats --unwind 7
 */
#include "arch/x86/ept5_mbe.c"

#include "tests/proof/format.h"

int main(void)
{
	prove_format(&mz_ept5_mbe);
	return 0;
}
