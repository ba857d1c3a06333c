/* SPDX-License-Identifier: MPL-2.0 */
/* A Linux program that writes to the mark port. Its status is 0, or 1 where it may not. */

#define SYS_iopl 172
#define SYS_exit 60

	.globl _start
_start:
	mov	$SYS_iopl, %eax
	mov	$3, %edi
	syscall
	mov	$1, %edi
	test	%rax, %rax
	jnz	1f
	outb	%al, $0xf8
	xor	%edi, %edi
1:	mov	$SYS_exit, %eax
	syscall

	.section .note.GNU-stack, "", @progbits
