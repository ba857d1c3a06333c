/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A Linux program that connects to port 7003 of the host by a virtio socket, and sends back what it
 * gets until the host has no more. Its status is 0, or 1 where something can't be done.
 */

#define SYS_read    0
#define SYS_write   1
#define SYS_socket  41
#define SYS_connect 42
#define SYS_exit    60

#define AF_VSOCK    40
#define SOCK_STREAM 1
#define HOST_CID    2
#define PORT        7003

#define BUFFER_BYTES 0x10000

	.globl _start
_start:
	mov	$SYS_socket, %eax
	mov	$AF_VSOCK, %edi
	mov	$SOCK_STREAM, %esi
	xor	%edx, %edx
	syscall
	mov	%rax, %rbx
	mov	$SYS_connect, %eax
	mov	%rbx, %rdi
	lea	address(%rip), %rsi
	mov	$(address_end - address), %edx
	syscall
	mov	$1, %edi
	test	%rax, %rax
	jnz	end

next:	mov	$SYS_read, %eax
	mov	%rbx, %rdi
	lea	buffer(%rip), %rsi
	mov	$BUFFER_BYTES, %edx
	syscall
	xor	%edi, %edi
	test	%rax, %rax
	jz	end
	js	fail
	mov	%rax, %rdx
	lea	buffer(%rip), %rsi
more:	mov	$SYS_write, %eax
	mov	%rbx, %rdi
	syscall
	test	%rax, %rax
	jle	fail
	add	%rax, %rsi
	sub	%rax, %rdx
	jnz	more
	jmp	next

fail:	mov	$1, %edi
end:	mov	$SYS_exit, %eax
	syscall

/* struct sockaddr_vm */
	.section .rodata
	.balign	4
address:
	.short	AF_VSOCK, 0
	.long	PORT, HOST_CID, 0
address_end:

	.bss
	.balign	16
buffer:	.skip	BUFFER_BYTES

	.section .note.GNU-stack, "", @progbits
