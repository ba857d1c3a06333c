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

	.org	stub_first + STUB_POKE_WRITE
	str	x1, [x0]
	str	x1, [x2]
	dsb	ish
	isb
	str	x1, [x0]
	brk	#STUB_DONE

/* In the order of own_instructions.c; the address is in x0. */
	.macro	instruction text:vararg
	\text
	brk	#STUB_DONE
	.endm

	.arch	armv8.1-a
	.org	stub_first + STUB_INSTRUCTIONS
	instruction ldrb w5, [x0]
	instruction ldrsb w6, [x0]
	instruction ldrsb x7, [x0]
	instruction ldrh w8, [x0]
	instruction ldrsh w9, [x0]
	instruction ldrsh x10, [x0]
	instruction ldr w11, [x0]
	instruction ldrsw x12, [x0]
	instruction ldr xzr, [x0]
	instruction ldar x13, [x0]
	instruction ldarb w14, [x0]
	instruction strb w15, [x0]
	instruction strh w16, [x0]
	instruction str w17, [x0]
	instruction str xzr, [x0]
	instruction stlr x5, [x0]
	instruction stlrh w6, [x0]
	instruction ldr x7, [x0, #0]!
	instruction ldr x7, [x0], #0
	instruction str x7, [x0, #0]!
	instruction str x7, [x0], #0
	instruction ldp x5, x6, [x0]
	instruction stp x5, x6, [x0]
	instruction ldxr x5, [x0]
	instruction dc zva, x0
	instruction cas x5, x1, [x0]
	instruction swp x1, x5, [x0]
	instruction ldadd x1, x5, [x0]
	instruction at s1e1r, x0

	.org	stub_first + STUB_VECTORS
	.rept	16
	.balign	128
	hvc	#STUB_TRAPPED
	.endr
stub_end:

	.section .note.GNU-stack, "", %progbits
