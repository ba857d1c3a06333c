// SPDX-License-Identifier: MPL-2.0
/*
 * The laws of core/format.h for x86-64 stage 1 of 5 levels.
 * Proof format_ia32e5: -Itests/proof/formats --unwind 7
 */
#include "arch/x86/ia32e5.c"

#include "tests/proof/format.h"

int main(void)
{
	prove_format(&mz_ia32e5);
	return 0;
}
