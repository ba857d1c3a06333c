// SPDX-License-Identifier: MPL-2.0
/*
 * A triple fault: an undefined instruction without an interrupt table to serve it.
 *
 * Words: none.
 * Prints: what it is about to do.
 * Status: none; the processor shuts down.
 */
#include "guest/lib/guest.h"

unsigned guest_main(void)
{
	static const struct {
		uint16_t last;
		uint64_t base;
	} __attribute__((packed)) no_table = {0, 0};

	print("executing an undefined instruction without an interrupt table\n");
	__asm__ volatile("lidt %0; ud2" : : "m"(no_table));
	return 1;
}
