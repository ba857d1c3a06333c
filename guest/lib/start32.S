/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Where a multiboot image begins: 32-bit protected mode, ring 0, no paging, interrupts off, no
 * stack. eax holds the loader's magic number and ebx the address of its information (Multiboot
 * Specification 0.6.96, 3.2). The image's own part is guest_main32(); what it answers is the run's
 * status.
 */
#define MULTIBOOT_MAGIC 0x1badb002
#define MULTIBOOT_FLAGS 0x3 /* 3.1.2: modules on page boundaries, and the memory map */

	.section .start, "ax"
	.balign	4
	.long	MULTIBOOT_MAGIC
	.long	MULTIBOOT_FLAGS
	.long	-(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

	.globl	_start
_start:
	mov	$stack_end, %esp
	sub	$8, %esp	/* so that the calls find it 16-byte aligned: System V ABI, i386, 2.2.2 */
	push	%ebx
	push	%eax
	call	serial_init
	call	guest_main32
	mov	%eax, (%esp)
	call	finish

	.bss
	.balign	16
	.skip	16384
stack_end:

	.section .note.GNU-stack, "", @progbits
