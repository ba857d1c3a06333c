/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Where a PVH image begins: 32-bit protected mode, ring 0, no paging, interrupts off, no stack. ebx
 * holds the address of the start information (Xen's x86/HVM direct boot ABI), which guest_main32()
 * gets; what it answers is the run's status.
 */
#define NOTE_ENTRY 18 /* XEN_ELFNOTE_PHYS32_ENTRY */

	.section .boot_note, "a", @note
	.balign	4
	.long	4	/* bytes of the name, */
	.long	4	/* and of the content */
	.long	NOTE_ENTRY
	.asciz	"Xen"
	.long	pvh_start

	.section .start, "ax"
	/* A loader that does not know the note must not come here. */
	.globl	_start
_start:
	hlt
	jmp	_start

#define FIRST  $0
#define SECOND %ebx

pvh_start:
#include "guest/lib/enter32.S"
