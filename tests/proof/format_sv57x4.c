// SPDX-License-Identifier: MPL-2.0
/*
 * The laws of core/format.h for RISC-V, Sv57x4.
 * Proof format_sv57x4: -Itests/proof/formats --unwind 7
 */
#include "arch/riscv/sv57x4.c"

#include "tests/proof/format.h"

int main(void)
{
	prove_format(&mz_riscv_sv57x4);
	return 0;
}
