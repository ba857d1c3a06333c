// SPDX-License-Identifier: MPL-2.0
/*
 * Touches memory, one 8-byte word at each step of a stride.
 *
 * Words: mib=N            how much, in MiB; 16
 *        stride=N[,N...]  the steps, in bytes, one pass each; at least 8; 4096
 *        read             reads only; otherwise it writes
 *        verify           after each pass of writing, reads back and compares
 *        base=ADDRESS     where; 0x1000000, which is 16 MiB
 *        mark             asks for the mark behind the first pass
 *        quiet            prints nothing of a pass
 *        ring3=0          stays in ring 0; otherwise it does all this in ring 3
 * Prints: for each pass the stride, how many words it touched, and the sum (modulo 2^64) of what it
 *   read or wrote; for each verification how many words were wrong.
 * Status: 0; 1 if a word was wrong.
 */
#include "guest/lib/guest.h"
#include "guest/lib/machine.h"
#include "guest/lib/ports.h"

#define BASE    0x1000000u
#define WORD    8u
#define MIB_LG2 20

static uint64_t base, bytes;

/* Never 0, so that a page that came in empty is told from one that was written. */
static uint64_t pattern(uint64_t address, uint64_t stride)
{
	return ~(address ^ stride << 32);
}

static volatile uint64_t *word_at(uint64_t offset)
{
	return (volatile uint64_t *)(uintptr_t)(base + offset);
}

static void report(const char *what, uint64_t stride, uint64_t count, uint64_t sum)
{
	if (!word_given("quiet"))
		print("%s: stride %lu, %lu words, sum 0x%lx\n", what, stride, count, sum);
}

static void read_pass(uint64_t stride)
{
	uint64_t count = 0, sum = 0;

	for (uint64_t offset = 0; offset + WORD <= bytes; offset += stride, count++)
		sum += *word_at(offset);
	report("read", stride, count, sum);
}

static void write_pass(uint64_t stride)
{
	uint64_t count = 0, sum = 0;

	for (uint64_t offset = 0; offset + WORD <= bytes; offset += stride, count++) {
		uint64_t value = pattern(base + offset, stride);

		*word_at(offset) = value;
		sum += value;
	}
	report("wrote", stride, count, sum);
}

static uint64_t verify_pass(uint64_t stride)
{
	uint64_t count = 0, wrong = 0;

	for (uint64_t offset = 0; offset + WORD <= bytes; offset += stride, count++)
		wrong += *word_at(offset) != pattern(base + offset, stride);
	print("verified: stride %lu, %lu words, %lu wrong\n", stride, count, wrong);
	return wrong;
}

static uint64_t pass(uint64_t stride)
{
	if (stride < WORD)
		word_refuse("stride", "less than 8");
	if (word_given("read")) {
		read_pass(stride);
		return 0;
	}
	write_pass(stride);
	return word_given("verify") ? verify_pass(stride) : 0;
}

static unsigned touch(void)
{
	uint64_t stride = word_number("stride", 4096);
	uint64_t wrong = 0;
	unsigned i = 0;

	do {
		wrong += pass(stride);
		if (i == 0 && word_given("mark"))
			out8(MARK_PORT, 1);
	} while (word_number_at("stride", ++i, &stride));
	return wrong ? 1 : 0;
}

unsigned guest_main(void)
{
	base = word_number("base", BASE);
	bytes = word_number("mib", 16) << MIB_LG2;
	if (word_number("ring3", 1))
		ring3_run(touch);
	return touch();
}
