/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The nested guest's code page. It makes one access, and comes back by a breakpoint, which
 * MDCR_EL2.TDE takes to EL2 from EL0 and EL1 alike. What its own stage 1 stops goes to its vectors
 * at EL1, and on to EL2 from there.
 */
#include "guest/mmu/arm64/stub.h"

	.section .rodata
	.balign	4096
	.globl	stub_first, stub_end
stub_first:

	.org	stub_first + STUB_READ
	ldr	x0, [x0]
	brk	#STUB_DONE

	.org	stub_first + STUB_WRITE
	str	x1, [x0]
	brk	#STUB_DONE

	.org	stub_first + STUB_POKE
	ldr	x3, [x0]
	str	x1, [x2]
	dsb	ish
	isb
	ldr	x0, [x0]
	brk	#STUB_DONE

	.org	stub_first + STUB_VECTORS
	.rept	16
	.balign	128
	hvc	#STUB_TRAPPED
	.endr
stub_end:

	.section .note.GNU-stack, "", %progbits
