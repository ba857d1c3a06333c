/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Into a guest and back. Intel SDM volume 3C, sections 26.3 and 27.5: VMX cares for rsp, rip and
 * rflags; the other general registers are as they were.
 */
#include "guest/mmu/ept/vmcs.h"

	.text
	/* vmx_enter(registers, launched): 0, or 1 if the processor did not enter. */
	.globl	vmx_enter
vmx_enter:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rdi
	mov	$VMCS_HOST_RSP, %eax
	vmwrite	%rsp, %rax
	test	%esi, %esi
	mov	24(%rdi), %rdx
	mov	16(%rdi), %rsi
	mov	8(%rdi), %rdi
	jne	1f
	vmlaunch
	jmp	2f
1:	vmresume
2:	pop	%rdi
	mov	$1, %eax
	jmp	3f

	.globl	vmx_exit
vmx_exit:
	pop	%rdi
	mov	%rsi, 16(%rdi)
	xor	%eax, %eax
3:	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	.section .note.GNU-stack, "", @progbits
