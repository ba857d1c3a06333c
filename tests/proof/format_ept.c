// SPDX-License-Identifier: MPL-2.0
/*
 * The laws of core/format.h for EPT.
 * Proof format_ept: -Itests/proof/formats --unwind 7
 */
#include "arch/x86/ept.c"

#include "tests/proof/format.h"

int main(void)
{
	prove_format(&mz_ept);
	return 0;
}
