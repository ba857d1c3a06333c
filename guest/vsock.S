/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A Linux program that speaks with the host by a virtio socket, and sends back what it gets until
 * the host has no more. It connects to port 7003 of the host; with an argument, it waits for a
 * connection to port 7004 of its own, and says that it listens. Its status is 0, or 1 where
 * something can't be done.
 */

#define SYS_read    0
#define SYS_write   1
#define SYS_socket  41
#define SYS_connect 42
#define SYS_accept  43
#define SYS_bind    49
#define SYS_listen  50
#define SYS_exit    60

#define AF_VSOCK    40
#define SOCK_STREAM 1
#define HOST_CID    2
#define ANY_CID     0xffffffff
#define HOST_PORT   7003
#define GUEST_PORT  7004
#define OUTPUT      1

#define BUFFER_BYTES 0x10000

	.globl _start
_start:
	mov	(%rsp), %r12		/* the name of the program is an argument, too */
	mov	$SYS_socket, %eax
	mov	$AF_VSOCK, %edi
	mov	$SOCK_STREAM, %esi
	xor	%edx, %edx
	syscall
	mov	%rax, %rbx
	cmp	$1, %r12
	ja	await

	mov	$SYS_connect, %eax
	mov	%rbx, %rdi
	lea	host(%rip), %rsi
	mov	$(host_end - host), %edx
	syscall
	test	%rax, %rax
	jnz	fail
	jmp	next

await:	mov	$SYS_bind, %eax
	mov	%rbx, %rdi
	lea	guest(%rip), %rsi
	mov	$(guest_end - guest), %edx
	syscall
	test	%rax, %rax
	jnz	fail
	mov	$SYS_listen, %eax
	mov	%rbx, %rdi
	mov	$1, %esi
	syscall
	test	%rax, %rax
	jnz	fail
	mov	$SYS_write, %eax
	mov	$OUTPUT, %edi
	lea	listens(%rip), %rsi
	mov	$(listens_end - listens), %edx
	syscall
	mov	$SYS_accept, %eax
	mov	%rbx, %rdi
	xor	%esi, %esi
	xor	%edx, %edx
	syscall
	test	%rax, %rax
	js	fail
	mov	%rax, %rbx

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
host:	.short	AF_VSOCK, 0
	.long	HOST_PORT, HOST_CID, 0
host_end:
guest:	.short	AF_VSOCK, 0
	.long	GUEST_PORT, ANY_CID, 0
guest_end:
listens:
	.ascii	"vsock: listens\n"
listens_end:

	.bss
	.balign	16
buffer:	.skip	BUFFER_BYTES

	.section .note.GNU-stack, "", @progbits
