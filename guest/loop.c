// SPDX-License-Identifier: MPL-2.0
/*
 * Never ends.
 *
 * Words: print  prints a dot each time round
 *        ring3  loops in ring 3
 * Prints: that it loops.
 * Status: none.
 */
#include "guest/lib/guest.h"

static _Noreturn unsigned loop(void)
{
	bool dots = word_given("print");

	print("looping\n");
	for (;;) {
		if (dots)
			print(".");
		__asm__ volatile("pause");
	}
}

unsigned guest_main(void)
{
	if (word_given("ring3"))
		ring3_run(loop);
	return loop();
}
