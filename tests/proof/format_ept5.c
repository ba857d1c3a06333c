// SPDX-License-Identifier: MPL-2.0
/*
 * The laws of core/format.h for EPT of 5 levels.
 * Proof format_ept5: -Itests/proof/formats --unwind 7
 */
#include "arch/x86/ept5.c"

#include "tests/proof/format.h"

int main(void)
{
	prove_format(&mz_ept5);
	return 0;
}
