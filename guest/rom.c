// SPDX-License-Identifier: MPL-2.0
/*
 * Writes to read-only memory in every way, and looks whether it stays as it is.
 *
 * Words: none.
 * Prints: for each way of writing, how many bytes of the whole memory are wrong after it.
 * Status: 0; 1 if a byte was wrong, before the first write or after any.
 */
#include "guest/lib/guest.h"
#include "guest/lib/machine.h"

#define PAGE         0x1000u
#define STRING_BYTES 64u

static uint64_t wrong_bytes(void)
{
	const volatile uint8_t *rom = (const volatile uint8_t *)(uintptr_t)ROM_BASE;
	uint64_t wrong = 0;

	for (uint32_t offset = 0; offset < ROM_BYTES; offset++)
		wrong += rom[offset] != rom_byte(offset);
	return wrong;
}

static void write_width(unsigned bytes)
{
	write_at(ROM_BASE, 0, bytes);
	write_at(ROM_BASE + 1, ~0ull, bytes);
	write_at(ROM_BASE + PAGE - bytes, ~0ull, bytes);
	write_at(ROM_BASE + ROM_BYTES - bytes, ~0ull, bytes);
}

static void write_1(void)
{
	write_width(1);
}

static void write_2(void)
{
	write_width(2);
}

static void write_4(void)
{
	write_width(4);
}

static void write_8(void)
{
	write_width(8);
}

static void write_across_pages(void)
{
	write_at(ROM_BASE + PAGE - 4, ~0ull, 8);
}

static void add_to_memory(void)
{
	__asm__ volatile("addl $1, (%0)" : : "r"((uint64_t)ROM_BASE + 2 * PAGE) : "memory");
}

static void string_move(void)
{
	uint8_t from[STRING_BYTES];
	void *source = from;
	void *target = (void *)(uintptr_t)(ROM_BASE + 3 * PAGE);
	uint64_t count = STRING_BYTES;

	for (unsigned i = 0; i < STRING_BYTES; i++)
		*(volatile uint8_t *)&from[i] = 0xa5;
	__asm__ volatile("rep movsb" : "+S"(source), "+D"(target), "+c"(count) : : "memory");
}

static void string_store(void)
{
	void *target = (void *)(uintptr_t)(ROM_BASE + 4 * PAGE);
	uint64_t count = STRING_BYTES / 8;

	__asm__ volatile("rep stosq" : "+D"(target), "+c"(count) : "a"(~0ull) : "memory");
}

static const struct {
	const char *name;
	void (*write)(void);
} ways[] = {
	{"writes of 1 byte", write_1},
	{"writes of 2 bytes", write_2},
	{"writes of 4 bytes", write_4},
	{"writes of 8 bytes", write_8},
	{"a write across two pages", write_across_pages},
	{"add to memory", add_to_memory},
	{"rep movsb", string_move},
	{"rep stosq", string_store},
};

static unsigned try_all(void)
{
	uint64_t wrong = wrong_bytes();
	uint64_t all = wrong;

	print("at first: %lu bytes wrong\n", wrong);
	for (unsigned i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		ways[i].write();
		wrong = wrong_bytes();
		all += wrong;
		print("after %s: %lu bytes wrong\n", ways[i].name, wrong);
	}
	return all ? 1 : 0;
}

unsigned guest_main(void)
{
	ring3_run(try_all);
}
