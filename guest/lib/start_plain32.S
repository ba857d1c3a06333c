/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Where a 32-bit image without a protocol begins: protected mode, ring 0, no paging, interrupts
 * off, no stack. edi holds the address of the command line, or 0, and esi 0: both are handed to
 * guest_main32(), and what that answers is the run's status.
 */
	.section .start, "ax"
	.globl	_start
_start:
	mov	$stack_end, %esp
	sub	$8, %esp	/* so that the calls find it 16-byte aligned: System V ABI, i386, 2.2.2 */
	push	%edi
	push	%esi
	call	serial_init
	call	guest_main32
	mov	%eax, (%esp)
	call	finish

	.bss
	.balign	16
	.skip	16384
stack_end:

	.section .note.GNU-stack, "", @progbits
