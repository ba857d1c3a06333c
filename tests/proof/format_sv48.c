// SPDX-License-Identifier: MPL-2.0
/*
 * The laws of core/format.h for RISC-V, Sv48.
 * Proof format_sv48: -Itests/proof/formats --unwind 7
 */
#include "arch/riscv/sv48.c"

#include "tests/proof/format.h"

int main(void)
{
	prove_format(&mz_riscv_sv48);
	return 0;
}
