/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The code page of the nested guest: rdi holds an address, rsi a value, rdx a second address. Each
 * way in makes an access and comes back by CPUID; a fetch comes back from where it went.
 */
#include "guest/mmu/x86/stub.h"

	.text
	.balign	16
	.globl	x86_stub
x86_stub:
	.org	x86_stub + X86_STUB_READ
	mov	(%rdi), %rsi
	.org	x86_stub + X86_STUB_READ_END
	cpuid

	.org	x86_stub + X86_STUB_WRITE
	mov	%rsi, (%rdi)
	.org	x86_stub + X86_STUB_WRITE_END
	cpuid

	.org	x86_stub + X86_STUB_EXEC
	jmp	*%rdi

	.org	x86_stub + X86_STUB_POKE
	mov	(%rdi), %rax
	mov	%rsi, (%rdx)
	mov	(%rdi), %rsi
	.org	x86_stub + X86_STUB_POKE_END
	cpuid

	.org	x86_stub + X86_STUB_POKE_WRITE
	mov	%rsi, (%rdi)
	mov	%rsi, (%rdx)
	mov	%rsi, (%rdi)
	.org	x86_stub + X86_STUB_POKE_WRITE_END
	cpuid
	.globl	x86_stub_end
x86_stub_end:

	.section .note.GNU-stack, "", @progbits
