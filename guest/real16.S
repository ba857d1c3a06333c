/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A 16-bit image without a protocol, linked for `--as flat16@0x7c00`: real16.bin.
 *
 * Words: none.
 * Prints: a greeting.
 * Status: 0, or a bit for each thing that is wrong: 1 not in real mode, 2 the data segments are not
 *   that of the code, 4 the segment is not 0, 8 there is a stack, 16 pushes do not arrive.
 */
#define SERIAL_PORT 0x3f8
#define FINISH_PORT 0xf4
#define PROTECTED   1 /* of the machine status word: Intel SDM volume 3, 2.5 */

	.code16
	.section .start, "ax"
	.globl	_start
_start:
	xor	%bl, %bl
	cmp	$0, %sp
	je	1f
	or	$8, %bl
1:	smsw	%ax
	test	$PROTECTED, %al
	jz	1f
	or	$1, %bl
1:	mov	%cs, %cx
	test	%cx, %cx
	jz	1f
	or	$4, %bl
1:	mov	%ds, %ax
	cmp	%ax, %cx
	jne	wrong_segment
	mov	%es, %ax
	cmp	%ax, %cx
	jne	wrong_segment
	mov	%ss, %ax
	cmp	%ax, %cx
	je	right_segment
wrong_segment:
	or	$2, %bl
right_segment:
	mov	$0x1234, %ax
	push	%ax
	cmp	%ax, 0xfffe
	je	1f
	or	$16, %bl
1:	mov	$greeting, %si
	mov	$SERIAL_PORT, %dx
	cld
1:	lodsb
	test	%al, %al
	jz	1f
	out	%al, %dx
	jmp	1b
1:	mov	%bl, %al
	out	%al, $FINISH_PORT
	hlt

greeting:
	.asciz	"hello from 16-bit mode\n"

	.section .note.GNU-stack, "", @progbits
