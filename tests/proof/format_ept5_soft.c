// SPDX-License-Identifier: MPL-2.0
/*
 * The laws of core/format.h for EPT of 5 levels whose accessed flag is software's.
 * Proof format_ept5_soft: -Itests/proof/formats --unwind 7
 */
#include "arch/x86/ept5_soft.c"

#include "tests/proof/format.h"

int main(void)
{
	prove_format(&mz_ept5_soft);
	return 0;
}
