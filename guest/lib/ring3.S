/* SPDX-License-Identifier: MPL-2.0 */
/*
 * From ring 0 to ring 3, for good: there is no way back, and none is needed, for ring 3 may use
 * every port. An exception finds no interrupt table and ends the run as a triple fault.
 */
#define USER_CODE 0x1b	/* the segments below, asked for at level 3: Intel SDM volume 3, 3.4.2 */
#define USER_DATA 0x23
#define FLAGS	  0x3002	/* ports from level 3; bit 1 is always set: Intel SDM volume 1, 3.4.3 */

	.text
	.globl	ring3_run
ring3_run:
	mov	%rdi, %rbx
	lgdt	segments_register(%rip)
	and	$-16, %rsp
	mov	%rsp, %rax
	pushq	$USER_DATA
	push	%rax
	pushq	$FLAGS
	pushq	$USER_CODE
	lea	in_ring3(%rip), %rax
	push	%rax
	iretq
in_ring3:
	call	*%rbx
	mov	%eax, %edi
	call	finish

	/* Intel SDM volume 3, 3.4.5. Marked as accessed, so that the processor need not write here. */
	.section .rodata
	.balign	8
segments:
	.quad	0
	.quad	0x00af9b000000ffff	/* 0x08: code, 64-bit, level 0 */
	.quad	0x00cf93000000ffff	/* 0x10: data, level 0 */
	.quad	0x00affb000000ffff	/* 0x18: code, 64-bit, level 3 */
	.quad	0x00cff3000000ffff	/* 0x20: data, level 3 */
segments_end:

segments_register:
	.short	segments_end - segments - 1
	.quad	segments

	.section .note.GNU-stack, "", @progbits
