// SPDX-License-Identifier: MPL-2.0
/*
 * Writes to memory step by step, as it is told by the serial line, and looks whether all is as it
 * has written it: so it can be saved, restored and put back between any two steps.
 *
 * Words: pages=N       how many pages a step writes to; 16
 *        base=ADDRESS  where the first step's are; 0x1000000, which is 16 MiB
 * Input: w  the next step, to pages behind those of the steps before, of 64 at most
 *        o  writes over what the first step has written
 *        z  makes all words zero that the last step has written
 *        c  looks at the pages of all steps, and at some behind them, which must be zero
 *        m  asks for the mark
 *        .  ends
 * Prints: a line for each.
 * Status: 0; 1 if it ever found something wrong.
 */
#include "guest/lib/guest.h"
#include "guest/lib/machine.h"
#include "guest/lib/ports.h"

#define BASE  0x1000000u
#define PAGE  4096u
#define STEPS 64u

/* What the pages of a step hold: 0 for zeros. */
static uint64_t versions[STEPS];
static uint64_t base, pages, steps, version;

/* The first word of each page and another one. */
static uint64_t word_of(uint64_t step, uint64_t page, unsigned which)
{
	uint64_t offset = which ? 8 + (step * 7 + page) % 511 * 8 : 0;

	return base + (step * pages + page) * PAGE + offset;
}

static uint64_t value_of(uint64_t step, uint64_t page, unsigned which)
{
	uint64_t held = versions[step];

	return held ? ~(held << 48 | step << 32 | page << 1 | which) : 0;
}

static void write_step(uint64_t step, uint64_t held)
{
	versions[step] = held;
	for (uint64_t page = 0; page < pages; page++)
		for (unsigned which = 0; which < 2; which++)
			write_at(word_of(step, page, which), value_of(step, page, which), 8);
}

static uint64_t wrong_words(uint64_t step, uint64_t count)
{
	uint64_t wrong = 0;

	for (uint64_t page = 0; page < count; page++)
		for (unsigned which = 0; which < 2; which++)
			wrong += read_at(word_of(step, page, which), 8) !=
				value_of(step, page, which);
	return wrong;
}

static bool check(void)
{
	uint64_t wrong = 0;

	for (uint64_t step = 0; step < steps; step++)
		wrong += wrong_words(step, pages);
	if (steps < STEPS)
		wrong += wrong_words(steps, pages < 4 ? pages : 4);
	if (wrong)
		print("wrong: %lu words, %lu steps\n", wrong, steps);
	else
		print("right: %lu steps, version %lu\n", steps, version);
	return wrong == 0;
}

static void obey(uint8_t order)
{
	switch (order) {
	case 'w':
		if (steps < STEPS)
			write_step(steps++, ++version);
		print("step %lu\n", steps);
		break;
	case 'o':
		write_step(0, ++version);
		print("over, version %lu\n", version);
		break;
	case 'z':
		write_step(steps ? steps - 1 : 0, 0);
		print("zero, step %lu\n", steps);
		break;
	case 'm':
		out8(MARK_PORT, 1);
		print("marked, step %lu\n", steps);
		break;
	default:
		print("?\n");
	}
}

unsigned guest_main(void)
{
	unsigned status = 0;
	uint8_t order;

	base = word_number("base", BASE);
	pages = word_number("pages", 16);
	print("ready\n");
	while ((order = serial_receive()) != '.') {
		if (order != 'c')
			obey(order);
		else if (!check())
			status = 1;
	}
	return status;
}
