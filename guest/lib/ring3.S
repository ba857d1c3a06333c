/* SPDX-License-Identifier: MPL-2.0 */
/*
 * From ring 0 to ring 3, for good: there is no way back, and none is needed, for ring 3 may use
 * every port. An exception finds no interrupt table and ends the run as a triple fault.
 *
 * The ports are opened by a task-state segment whose permission bitmap denies none (Intel SDM
 * volume 1, 19.5.2), because a KVM that emulates ring 0 need not keep the privilege level for ports
 * in the flags.
 */
#define USER_CODE  0x1b /* the segments below, asked for at level 3: Intel SDM volume 3, 3.4.2 */
#define USER_DATA  0x23
#define TASK       0x28
#define FLAGS      0x2	/* the bit that is always set: Intel SDM volume 1, 3.4.3 */

#define TASK_PLACE 102	/* of the bitmap's place in the segment: Intel SDM volume 3, 8.7 */
#define TASK_BYTES 104
#define PORT_BYTES 8192	/* one bit for each port; a byte of ones must follow */

	.text
	.globl	ring3_run
ring3_run:
	mov	%rdi, %rbx
	movw	$TASK_BYTES, task + TASK_PLACE(%rip)
	movb	$0xff, task + TASK_BYTES + PORT_BYTES(%rip)
	lea	task(%rip), %rax
	mov	%ax, task_segment + 2(%rip)
	shr	$16, %rax
	mov	%al, task_segment + 4(%rip)
	mov	%ah, task_segment + 7(%rip)
	lgdt	segments_register(%rip)
	mov	$TASK, %eax
	ltr	%ax

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

	/* Intel SDM volume 3, 3.4.5 and 8.2.3. Writable, for ltr marks the task segment as busy. */
	.data
	.balign	8
segments:
	.quad	0
	.quad	0x00af9b000000ffff /* 0x08: code, 64-bit, level 0 */
	.quad	0x00cf93000000ffff /* 0x10: data, level 0 */
	.quad	0x00affb000000ffff /* 0x18: code, 64-bit, level 3 */
	.quad	0x00cff3000000ffff /* 0x20: data, level 3 */
task_segment:
	.quad	0x0000890000000000 + TASK_BYTES + PORT_BYTES /* 0x28: its base is filled in */
	.quad	0
segments_end:

segments_register:
	.short	segments_end - segments - 1
	.quad	segments

	.bss
	.balign	16
task:
	.skip	TASK_BYTES + PORT_BYTES + 1

	.section .note.GNU-stack, "", @progbits
