/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Makes one access, in kernel or in user mode, and comes back by the breakpoint behind it or by a page
 * fault. Sections are those of the Intel SDM, volume 3A (September 2023).
 */
#include "guest/mmu/kvm/kvm.h"
#include "guest/mmu/x86/segments.h"

	/* kvm_enter(access) */
	.text
	.globl	kvm_enter
kvm_enter:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, stack
	mov	%rdi, access
	mov	KVM_RSI(%rdi), %rsi
	mov	KVM_RDX(%rdi), %rdx
	mov	KVM_RIP(%rdi), %rax
	mov	%rsp, %rcx
	cmpq	$0, KVM_USER(%rdi)
	mov	KVM_RDI(%rdi), %rdi
	jne	user
	jmp	*%rax

	/* Section 6.14.3: IRET goes to the privilege level of the code selector. RFLAGS bit 1 is 1. */
user:
	pushq	$KVM_USER_DATA
	push	%rcx
	pushq	$2
	pushq	$KVM_USER_CODE
	push	%rax
	iretq

	/* Section 6.14.2: the stack has rip, cs, rflags, rsp, ss, below them a page fault's error code. */
	.globl	kvm_breakpoint
kvm_breakpoint:
	pushq	$0
	pushq	$3
	jmp	left
	.globl	kvm_page_fault
kvm_page_fault:
	pushq	$14
left:
	mov	access, %rdi
	mov	%rsi, KVM_RSI(%rdi)
	popq	KVM_VECTOR(%rdi)
	popq	KVM_ERROR(%rdi)
	popq	KVM_RIP_END(%rdi)
	mov	%cr2, %rax
	mov	%rax, KVM_CR2(%rdi)
	/* From user mode, the processor has left no stack segment. */
	mov	$X86_DATA, %eax
	mov	%eax, %ss
	mov	%eax, %ds
	mov	%eax, %es
	mov	stack, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	/* The code page: rdi holds an address, rsi a value, rdx a second address. */
	.balign	16
	.globl	kvm_stub
kvm_stub:
	.org	kvm_stub + KVM_READ
	mov	(%rdi), %rsi
	int3
	.org	kvm_stub + KVM_WRITE
	mov	%rsi, (%rdi)
	int3
	.org	kvm_stub + KVM_POKE
	mov	(%rdi), %rax
	mov	%rsi, (%rdx)
	mov	(%rdi), %rsi
	int3
	.org	kvm_stub + KVM_POKE_WRITE
	mov	%rsi, (%rdi)
	mov	%rsi, (%rdx)
	mov	%rsi, (%rdi)
	int3
	.globl	kvm_stub_end
kvm_stub_end:

	.bss
	.balign	8
stack:
	.skip	8
access:
	.skip	8

	.section .note.GNU-stack, "", @progbits
