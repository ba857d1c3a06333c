// SPDX-License-Identifier: MPL-2.0
/*
 * The laws of core/format.h for nested page tables of 5 levels under the guest-mode execute trap.
 * Proof format_npt5_gmet: -Itests/proof/formats --unwind 7
 */
#include "arch/x86/npt5_gmet.c"

#include "tests/proof/format.h"

int main(void)
{
	prove_format(&mz_npt5_gmet);
	return 0;
}
