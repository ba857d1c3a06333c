// SPDX-License-Identifier: MPL-2.0
/*
 * The laws of core/format.h for x86-64 stage 1.
 * Proof format_ia32e: -Itests/proof/formats --unwind 7
 */
#include "arch/x86/ia32e.c"

#include "tests/proof/format.h"

int main(void)
{
	prove_format(&mz_ia32e);
	return 0;
}
