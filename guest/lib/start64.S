/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Where a 64-bit image begins: long mode, ring 0, memory mapped to itself, interrupts off, no
 * stack. rdi holds the address of the command line, or 0. The image's own part is guest_main();
 * what it answers is the run's status.
 */
	.section .start, "ax"
	.globl	_start
_start:
	lea	stack_end(%rip), %rsp
	call	words_set
	call	serial_init
	call	guest_main
	mov	%eax, %edi
	call	finish

	.bss
	.balign	16
	.skip	16384
stack_end:

	.section .note.GNU-stack, "", @progbits
