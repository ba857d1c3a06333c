// SPDX-License-Identifier: MPL-2.0
/*
 * The laws of core/format.h for EPT whose accessed flag is software's.
 * Proof format_ept_soft: -Itests/proof/formats --unwind 7
 */
#include "arch/x86/ept_soft.c"

#include "tests/proof/format.h"

int main(void)
{
	prove_format(&mz_ept_soft);
	return 0;
}
