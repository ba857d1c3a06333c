/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Where the image begins: a multiboot loader (Multiboot Specification 0.6.96) enters it in 32-bit
 * protected mode, without paging, interrupts or stack; ebx holds the address of the loader's
 * information (3.2). It goes on in 64-bit mode, with the first 4 GiB mapped to themselves. Sections
 * are those of the Intel SDM, volume 3A (September 2023).
 */
#include "guest/mmu/x86/segments.h"

#define MULTIBOOT_MAGIC 0x1badb002
#define MULTIBOOT_FLAGS 0x3 /* 3.1.2: modules on page boundaries, and the memory map */

/* Section 2.5 "Control registers". */
#define CR0_PE   (1 << 0)
#define CR0_MP   (1 << 1)
#define CR0_NE   (1 << 5)
#define CR0_WP   (1 << 16)
#define CR0_PG   (1 << 31)
#define CR4_PAE  (1 << 5)
#define CR4_SSE  (3 << 9) /* OSFXSR and OSXMMEXCPT: the registers that compilers use */
#define CR4_LA57 (1 << 12)

/* Section 2.2.1 "Extended feature enable register". */
#define EFER     0xc0000080
#define EFER_LME (1 << 8)
#define EFER_NXE (1 << 11)

/* Section 4.5 "4-level paging and 5-level paging". */
#define LINK      0x3	/* present, writable */
#define LEAF      0x83
#define LEAF_LG2  21
#define LEAVES    2048

	.section .start, "ax"
	.code32
	.balign	4
	.long	MULTIBOOT_MAGIC
	.long	MULTIBOOT_FLAGS
	.long	-(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

	.globl	_start
_start:
	mov	$stack_end, %esp
	mov	%ebx, %esi
	mov	$EFER, %ecx
	rdmsr
	or	$(EFER_LME | EFER_NXE), %eax
	wrmsr
	lgdt	segments_register
	mov	$X86_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	mov	$4, %edi
	push	$0
	push	$begin

	/*
	 * Section 9.8.5 "Initializing IA-32e mode": paging on, with as many levels as edi says, and
	 * in 64-bit mode to the address on the stack.
	 */
long_mode:
	mov	$(CR4_PAE | CR4_SSE), %eax
	mov	$level_4, %edx
	cmp	$5, %edi
	jne	1f
	or	$CR4_LA57, %eax
	mov	$level_5, %edx
1:	mov	%eax, %cr4
	mov	%edx, %cr3
	mov	$(CR0_PE | CR0_MP | CR0_NE | CR0_WP | CR0_PG), %eax
	mov	%eax, %cr0
	ljmp	$X86_CODE, $1f
	.code64
1:	mov	%esp, %esp
	ret

begin:
	mov	$task, %eax
	mov	%ax, task_segment + 2
	shr	$16, %eax
	mov	%al, task_segment + 4
	mov	%ah, task_segment + 7
	mov	$X86_TASK, %eax
	ltr	%ax
	mov	%esi, %edi
	call	x86_begin

	/* x86_paging(levels): section 9.8.5.4, out of 64-bit mode; then as at the start. */
	.text
	.globl	x86_paging
x86_paging:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	pushq	$2f
	pushq	$X86_CODE32
	pushq	$1f
	lretq
	.code32
1:	mov	%cr0, %eax
	and	$~CR0_PG, %eax
	mov	%eax, %cr0
	jmp	long_mode
	.code64
2:	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	/*
	 * Section 6.12 "Exception and interrupt handling": an entry each, of X86_ENTRY_BYTES, that
	 * makes all frames alike. Section 6.15 tells which exceptions push an error code.
	 */
	.globl	x86_entries
	.balign	X86_ENTRY_BYTES
x86_entries:
	.set	vector, 0
	.rept	X86_EXCEPTIONS
	.balign	X86_ENTRY_BYTES
	.if	!(X86_ERROR_CODES >> vector & 1)
	push	$0
	.endif
	push	$vector
	jmp	exception
	.set	vector, vector + 1
	.endr

exception:
	mov	%rsp, %rdi
	and	$-16, %rsp
	call	x86_exception

	/* Sections 3.4.5 and 8.2.3. Writable, for ltr marks the task segment as busy. */
	.data
	.balign	8
segments:
	.quad	0
	.quad	0x00af9b000000ffff /* X86_CODE */
	.quad	0x00cf93000000ffff /* X86_DATA */
	.quad	0x00cf9b000000ffff /* X86_CODE32 */
task_segment:
	.quad	0x0000890000000000 + X86_TASK_BYTES - 1 /* X86_TASK: its base is filled in */
	.quad	0
segments_end:

segments_register:
	.short	segments_end - segments - 1
	.quad	segments

	/* 4 GiB, one to one. */
	.balign	4096
level_5:
	.quad	level_4 + LINK
	.fill	511, 8, 0
level_4:
	.quad	level_3 + LINK
	.fill	511, 8, 0
level_3:
	.quad	level_2 + LINK, level_2 + 0x1000 + LINK
	.quad	level_2 + 0x2000 + LINK, level_2 + 0x3000 + LINK
	.fill	508, 8, 0
level_2:
	.set	leaf, 0
	.rept	LEAVES
	.quad	(leaf << LEAF_LG2) + LEAF
	.set	leaf, leaf + 1
	.endr

	.bss
	.balign	16
task:
	.skip	X86_TASK_BYTES
	.balign	16
	.skip	65536
stack_end:

	.section .note.GNU-stack, "", @progbits
