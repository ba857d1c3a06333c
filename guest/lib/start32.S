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

#define FIRST  %eax
#define SECOND %ebx

	.globl	_start
_start:
#include "guest/lib/enter32.S"
