/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A multiboot image in low memory, that goes from 32-bit mode back to 16-bit mode: Intel SDM volume
 * 3A, 10.9.2. The interrupt table is as it was found.
 *
 * Words: none.
 * Prints: a greeting, from an interrupt.
 * Status: 0, or a bit for each thing that is wrong: 1 not in real mode, 2 no interrupt.
 */
#define MULTIBOOT_MAGIC 0x1badb002

#define SERIAL_PORT 0x3f8
#define FINISH_PORT 0xf4
#define PROTECTED   1    /* of cr0: Intel SDM volume 3, 2.5 */
#define VECTOR      0x40 /* one that no exception has */

#define CODE16 0x08
#define DATA16 0x10

	.section .start, "ax"
	.balign	4
	.long	MULTIBOOT_MAGIC
	.long	0
	.long	-MULTIBOOT_MAGIC

	.code32
	.globl	_start
_start:
	lgdt	table
	ljmp	$CODE16, $segments
	.code16
segments:
	mov	$DATA16, %ax
	mov	%ax, %ds
	mov	%ax, %es
	mov	%ax, %ss
	mov	%cr0, %eax
	and	$~PROTECTED, %eax
	mov	%eax, %cr0
	ljmp	$0, $real
real:
	xor	%ax, %ax
	mov	%ax, %ds
	mov	%ax, %es
	mov	%ax, %ss
	mov	$stack_end, %sp
	mov	$2, %bl
	smsw	%ax
	test	$PROTECTED, %al
	jz	1f
	or	$1, %bl
1:	movw	$greet, 4 * VECTOR
	movw	$0, 4 * VECTOR + 2
	int	$VECTOR
	mov	%bl, %al
	out	%al, $FINISH_PORT
	hlt

greet:
	mov	$greeting, %si
	mov	$SERIAL_PORT, %dx
	cld
1:	lodsb
	test	%al, %al
	jz	1f
	out	%al, %dx
	jmp	1b
1:	and	$~2, %bl
	iret

greeting:
	.asciz	"hello from 16-bit mode, by an interrupt\n"

	.balign	8
descriptors:
	.quad	0
	.quad	0x00009b000000ffff
	.quad	0x000093000000ffff
table:
	.word	. - descriptors - 1
	.long	descriptors

	.bss
	.balign	16
	.skip	1024
stack_end:

	.section .note.GNU-stack, "", @progbits
