// SPDX-License-Identifier: MPL-2.0
/*
 * The laws of core/format.h for RISC-V, Sv48x4.
 * Proof format_sv48x4: -Itests/proof/formats --unwind 7
 */
#include "arch/riscv/sv48x4.c"

#include "tests/proof/format.h"

int main(void)
{
	prove_format(&mz_riscv_sv48x4);
	return 0;
}
