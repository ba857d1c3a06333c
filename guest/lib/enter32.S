/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What all 32-bit images begin with, included behind the label of their entry point: a stack, the
 * serial port, guest_main32(FIRST, SECOND), and the end of the run with what that answers. FIRST
 * and SECOND are what the protocol hands over.
 */
	mov	$stack_end, %esp
	sub	$8, %esp	/* so that the calls find it 16-byte aligned: System V ABI, i386, 2.2.2 */
	push	SECOND
	push	FIRST
	call	serial_init
	call	guest_main32
	mov	%eax, (%esp)
	call	finish

	.bss
	.balign	16
	.skip	16384
stack_end:

	.section .note.GNU-stack, "", @progbits
