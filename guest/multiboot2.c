// SPDX-License-Identifier: MPL-2.0
/*
 * A multiboot 2 image: checks and prints what the Multiboot2 Specification 2.0 promises, 3.3 and
 * 3.6.
 *
 * Words: any; the command line is printed. Modules: any.
 * Prints: a greeting, what is wrong, and each tag: texts, sizes of memory, the memory map, each
 *   module's size, the sum of its bytes (modulo 2^32) and its command line.
 * Status: how much is wrong.
 */
#include "guest/lib/mode32.h"

#define LOADER_MAGIC 0x36d76289u

enum {
	TAG_END = 0,
	TAG_COMMAND_LINE = 1,
	TAG_LOADER = 2,
	TAG_MODULE = 3,
	TAG_MEMORY = 4,
	TAG_MEMORY_MAP = 6,
};

struct tag {
	uint32_t type, bytes;
	uint32_t words[];
};

struct memory_run {
	uint64_t base, bytes;
	uint32_t use, reserved;
};

static void print_map(const struct tag *tag)
{
	uintptr_t end = (uintptr_t)tag + tag->bytes;

	for (uintptr_t place = (uintptr_t)&tag->words[2]; place < end; place += tag->words[0]) {
		const struct memory_run *run = at32(place);

		print("memory map: 0x%llx + 0x%llx type %u\n", (unsigned long long)run->base,
		      (unsigned long long)run->bytes, run->use);
	}
}

static void print_tag(const struct tag *tag)
{
	switch (tag->type) {
	case TAG_COMMAND_LINE:
		print("command line: %s\n", (const char *)tag->words);
		break;
	case TAG_LOADER:
		print("loader: %s\n", (const char *)tag->words);
		break;
	case TAG_MODULE:
		print("module: %u bytes, sum 0x%x, command line: %s\n",
		      tag->words[1] - tag->words[0],
		      sum_of_bytes(tag->words[0], tag->words[1] - tag->words[0]),
		      (const char *)&tag->words[2]);
		break;
	case TAG_MEMORY:
		print("memory: %u KiB from 0, %u KiB from 1 MiB\n", tag->words[0], tag->words[1]);
		break;
	case TAG_MEMORY_MAP:
		print_map(tag);
		break;
	}
}

/* Walks the tags; answers which of the first 32 types were there. */
static uint32_t print_tags(uint32_t information)
{
	const uint32_t *bytes = at32(information);
	uint32_t place = information + 8, end = information + *bytes, seen = 0;

	while (place < end) {
		const struct tag *tag = at32(place);

		seen |= 1u << (tag->type & 31);
		print_tag(tag);
		place += (tag->bytes + 7) & ~7u;
		if (tag->type == TAG_END)
			break;
	}
	return place == end ? seen : 0;
}

unsigned guest_main32(uint32_t magic, uint32_t information)
{
	const uint32_t wanted = 1u << TAG_END | 1u << TAG_COMMAND_LINE | 1u << TAG_MEMORY |
		1u << TAG_MEMORY_MAP;
	unsigned failures = mode32_failures();

	print("hello from a multiboot 2 loader\n");
	failures += expect(magic == LOADER_MAGIC, "the magic number");
	failures += expect((print_tags(information) & wanted) == wanted, "a tag is missing");
	return failures;
}
