/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Where the image begins, the way into the nested guest and back, and the vectors of EL2. The
 * processor is at EL2 with its MMU off, as QEMU's `virt` with virtualization=on starts it.
 */
	.section .start, "ax"
	.globl	_start
_start:
	msr	daifset, #15
	mrs	x0, CurrentEL
	cmp	x0, #2 << 2
	b.ne	park
	msr	spsel, #1
	adrp	x0, stack_end
	add	sp, x0, :lo12:stack_end
	adrp	x0, vectors
	add	x0, x0, :lo12:vectors
	msr	vbar_el2, x0
	msr	tpidr_el2, xzr
	isb

	adrp	x0, bss_first
	add	x0, x0, :lo12:bss_first
	adrp	x1, bss_end
	add	x1, x1, :lo12:bss_end
clear:
	stp	xzr, xzr, [x0], #16
	cmp	x0, x1
	b.lo	clear
	b	el2_main

park:
	wfi
	b	park

/*
 * void guest_enter(struct guest_run *run): the guest goes on at run->pc in run->pstate, with
 * run->x[] in its first registers, until an exception brings it back; run->x[0] is what it left in
 * x0. What the compiler keeps over calls lies on the stack meanwhile.
 */
	.text
	.globl	guest_enter
guest_enter:
	stp	x29, x30, [sp, #-112]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	str	x0, [sp, #96]
	ldp	x1, x2, [x0]
	msr	elr_el2, x1
	msr	spsr_el2, x2
	ldr	x2, [x0, #32]
	ldp	x0, x1, [x0, #16]
	eret

guest_left:
	ldr	x1, [sp, #96]
	str	x0, [x1, #16]
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #112
	ret

/*
 * void el2_mmu_switch(uint64_t ttbr0, uint64_t tcr, uint64_t mair, uint64_t sctlr): from one table
 * to another by way of none, since their pages may be of another size. Nothing is loaded or stored
 * meanwhile.
 */
	.globl	el2_mmu_switch
el2_mmu_switch:
	dsb	sy
	mrs	x4, sctlr_el2
	bic	x4, x4, #1
	msr	sctlr_el2, x4
	isb
	msr	mair_el2, x2
	msr	tcr_el2, x1
	msr	ttbr0_el2, x0
	isb
	tlbi	alle2
	ic	iallu
	dsb	sy
	isb
	msr	sctlr_el2, x3
	isb
	ret

/*
 * bool el2_attempt(unsigned kind, void *at): EL2 itself reads (1), writes what was read before (2)
 * or calls (4) what is there. False: that was an exception, which ESR_EL2 and FAR_EL2 tell.
 */
	.globl	el2_attempt
el2_attempt:
	mov	x9, x30
	adr	x2, attempt_failed
	msr	tpidr_el2, x2
	tbnz	x0, #2, attempt_call
	tbnz	x0, #1, attempt_write
	ldr	w3, [x1]
	b	attempt_done
attempt_write:
	ldr	w3, [x1]
	str	w3, [x1]
	b	attempt_done
attempt_call:
	blr	x1
attempt_done:
	mov	x0, #1
attempt_over:
	msr	tpidr_el2, xzr
	mov	x30, x9
	ret
attempt_failed:
	mov	x0, #0
	b	attempt_over

	.globl	el2_return
el2_return:
	ret

/* An exception of EL2 itself: the attempt's, if there is one. */
own_exception:
	mrs	x3, tpidr_el2
	cbz	x3, unattended
	msr	elr_el2, x3
	eret
unattended:
	mov	x0, #4
	b	el2_astray

/*
 * Arm ARM, "Exception vectors": 16 of 128 bytes; the fifth is a synchronous one of EL2 itself, the
 * ninth one of a lower level.
 */
	.balign	2048
vectors:
	.set	vector, 0
	.rept	16
	.balign	128
	.if	vector == 4
	b	own_exception
	.elseif	vector == 8
	b	guest_left
	.else
	mov	x0, #vector
	b	el2_astray
	.endif
	.set	vector, vector + 1
	.endr

	.bss
	.balign	16
	.skip	65536
stack_end:

	.section .note.GNU-stack, "", %progbits
