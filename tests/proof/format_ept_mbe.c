// SPDX-License-Identifier: MPL-2.0
/*
 * The laws of core/format.h for EPT under mode-based execute control.
 * Proof format_ept_mbe: -Itests/proof/formats --unwind 7
 */
#include "arch/x86/ept_mbe.c"

#include "tests/proof/format.h"

int main(void)
{
	prove_format(&mz_ept_mbe);
	return 0;
}
