/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Where a 32-bit image without a protocol begins: protected mode, ring 0, no paging, interrupts
 * off, no stack. edi holds the address of the command line, or 0, and esi 0: both are handed to
 * guest_main32(), and what that answers is the run's status.
 */
	.section .start, "ax"
#define FIRST  %esi
#define SECOND %edi

	.globl	_start
_start:
#include "guest/lib/enter32.S"
