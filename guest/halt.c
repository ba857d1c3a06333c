// SPDX-License-Identifier: MPL-2.0
/*
 * Halts with interrupts off: nothing can wake it.
 *
 * Words: none.
 * Prints: that it halts.
 * Status: 1 if it was woken.
 */
#include "guest/lib/guest.h"

unsigned guest_main(void)
{
	print("halting\n");
	__asm__ volatile("cli; hlt");
	print("woken\n");
	return 1;
}
