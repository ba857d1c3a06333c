// SPDX-License-Identifier: MPL-2.0
/*
 * The laws of core/format.h for RISC-V, Sv39.
 * Proof format_sv39: -Itests/proof/formats --unwind 7
 */
#include "arch/riscv/sv39.c"

#include "tests/proof/format.h"

int main(void)
{
	prove_format(&mz_riscv_sv39);
	return 0;
}
