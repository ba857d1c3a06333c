/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Where a multiboot 2 image begins: as start32.S, with the magic number and the information of
 * Multiboot2 Specification 2.0, 3.3.
 */
#define MULTIBOOT2_MAGIC 0xe85250d6
#define I386             0
#define TAG_END          0
#define TAG_INFORMATION  1 /* 3.1.5: what must be given: command line, memory sizes and map */
#define TAG_ALIGN        6 /* 3.1.11: modules on page boundaries */

	.section .start, "ax"
	.balign	8
header:
	.long	MULTIBOOT2_MAGIC, I386, header_end - header
	.long	-(MULTIBOOT2_MAGIC + I386 + (header_end - header))
	.short	TAG_INFORMATION, 0
	.long	20, 1, 4, 6
	.balign	8
	.short	TAG_ALIGN, 0
	.long	8
	.short	TAG_END, 0
	.long	8
header_end:

#define FIRST  %eax
#define SECOND %ebx

	.globl	_start
_start:
#include "guest/lib/enter32.S"
