// SPDX-License-Identifier: MPL-2.0
/*
 * Works on memory of which it writes a part: reads an array, sets its mark, then passes over the
 * array again and again, reads a word of each page, and writes one to each hundredth.
 *
 * Words: mib=N     how large the array is, in MiB; 16
 *        passes=N  1
 *        ring3=0   stays in ring 0; otherwise it does all this in ring 3
 * Prints: nothing. Status: 0; 1 if a word was not as it was written.
 */
#include "guest/lib/guest.h"
#include "guest/lib/machine.h"
#include "guest/lib/ports.h"

#define BASE    0x1000000u
#define PAGE    4096u
#define WRITTEN 100u /* one of so many */

static volatile uint64_t *word_of(uint64_t page)
{
	return (volatile uint64_t *)(uintptr_t)(BASE + page * PAGE);
}

static unsigned work(uint64_t pages, uint64_t pass)
{
	unsigned wrong = 0;

	for (uint64_t page = 0; page < pages; page++) {
		bool written = page % WRITTEN == 0;

		wrong |= *word_of(page) != (written ? pass : 0);
		if (written)
			*word_of(page) = pass + 1;
	}
	return wrong;
}

static unsigned run(void)
{
	uint64_t pages = word_number("mib", 16) << 8, passes = word_number("passes", 1);
	unsigned wrong = 0;

	/* KVM lets pages in that are read first so that they can be written, and calls them
	 * written.
	 */
	for (uint64_t page = 0; page < pages; page++)
		wrong |= *word_of(page) != 0;
	out8(MARK_PORT, 1);
	for (uint64_t pass = 0; pass < passes; pass++)
		wrong |= work(pages, pass);
	return wrong;
}

unsigned guest_main(void)
{
	if (word_number("ring3", 1))
		ring3_run(run);
	return run();
}
