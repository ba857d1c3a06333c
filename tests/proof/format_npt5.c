// SPDX-License-Identifier: MPL-2.0
/*
 * The laws of core/format.h for nested page tables of 5 levels.
 * Proof format_npt5: -Itests/proof/formats --unwind 7
 */
#include "arch/x86/npt5.c"

#include "tests/proof/format.h"

int main(void)
{
	prove_format(&mz_npt5);
	return 0;
}
