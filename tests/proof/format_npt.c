// SPDX-License-Identifier: MPL-2.0
/*
 * The laws of core/format.h for nested page tables.
 * Proof format_npt: -Itests/proof/formats --unwind 7
 */
#include "arch/x86/npt.c"

#include "tests/proof/format.h"

int main(void)
{
	prove_format(&mz_npt);
	return 0;
}
