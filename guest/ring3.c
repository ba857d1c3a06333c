// SPDX-License-Identifier: MPL-2.0
/*
 * Computes in ring 3: adds up the numbers of a xorshift generator that starts with 1.
 *
 * Words: steps=N  how many numbers; 10000000
 * Prints: the privilege level that it runs at, the steps, and the sum (modulo 2^64). For 10000000
 *   steps the sum is 0xa578a09de5294c09.
 * Status: 0; 1 if it does not run at level 3.
 */
#include "guest/lib/guest.h"
#include "guest/lib/machine.h"

static unsigned work(void)
{
	uint64_t steps = word_number("steps", 10000000);
	uint64_t state = 1, sum = 0;
	uint16_t code_segment;

	__asm__("mov %%cs, %0" : "=r"(code_segment));
	for (uint64_t i = 0; i < steps; i++)
		sum += random_next(&state);
	print("level %u: %lu steps, sum 0x%lx\n", code_segment & 3u, steps, sum);
	return (code_segment & 3) == 3 ? 0 : 1;
}

unsigned guest_main(void)
{
	ring3_run(work);
}
