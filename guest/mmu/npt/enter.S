/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Into a guest and back. AMD APM volume 2, section 15.5 "VMRUN instruction": it takes the VMCB's
 * address in rax, which comes back with the exit; of the guest's segments and system-call state
 * that it leaves alone, VMLOAD and VMSAVE take care (15.5.2).
 */
	.text
	/* svm_enter(vmcb, registers, host): `host` is a VMCB for the host's own such state. */
	.globl	svm_enter
svm_enter:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rdx
	push	%rsi
	clgi
	mov	%rdx, %rax
	vmsave	%rax
	mov	%rdi, %rax
	vmload	%rax
	mov	0(%rsi), %rbx
	mov	8(%rsi), %rcx
	mov	16(%rsi), %rdx
	mov	32(%rsi), %rdi
	mov	40(%rsi), %rbp
	mov	48(%rsi), %r8
	mov	56(%rsi), %r9
	mov	64(%rsi), %r10
	mov	72(%rsi), %r11
	mov	80(%rsi), %r12
	mov	88(%rsi), %r13
	mov	96(%rsi), %r14
	mov	104(%rsi), %r15
	mov	24(%rsi), %rsi
	vmrun	%rax
	vmsave	%rax
	pop	%rax
	mov	%rbx, 0(%rax)
	mov	%rcx, 8(%rax)
	mov	%rdx, 16(%rax)
	mov	%rsi, 24(%rax)
	mov	%rdi, 32(%rax)
	mov	%rbp, 40(%rax)
	mov	%r8, 48(%rax)
	mov	%r9, 56(%rax)
	mov	%r10, 64(%rax)
	mov	%r11, 72(%rax)
	mov	%r12, 80(%rax)
	mov	%r13, 88(%rax)
	mov	%r14, 96(%rax)
	mov	%r15, 104(%rax)
	pop	%rax
	vmload	%rax
	stgi
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	.section .note.GNU-stack, "", @progbits
