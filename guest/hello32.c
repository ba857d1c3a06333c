// SPDX-License-Identifier: MPL-2.0
/*
 * A multiboot image: says hello from 32-bit protected mode and prints what the loader told it. It
 * runs wherever a multiboot loader and a PC's serial port are. With QEMU's isa-debug-exit device at
 * port 0xf4 it ends there too.
 *
 * Words: any; the command line is printed. Modules: any.
 * Prints: a greeting, then each part of the loader's information that is there: the sizes of
 *   memory; the memory map; the command line; for each module where it lies, its size, the sum of
 *   its bytes (modulo 2^32) and its command line; the loader's name.
 * Status: 0; 1 if eax does not hold the loader's magic number.
 */
#include "guest/lib/guest.h"

#define LOADER_MAGIC 0x2badb002u

/*
 * Multiboot Specification 0.6.96, 3.3: the parts of the information, and the bits that say which
 * are there.
 */
#define HAS_MEMORY       0x001u
#define HAS_COMMAND_LINE 0x004u
#define HAS_MODULES      0x008u
#define HAS_MEMORY_MAP   0x040u
#define HAS_LOADER_NAME  0x200u

struct information {
	uint32_t flags;
	uint32_t memory_lower, memory_upper;
	uint32_t boot_device;
	uint32_t command_line;
	uint32_t module_count, modules;
	uint32_t symbols[4];
	uint32_t map_bytes, map;
	uint32_t drives_bytes, drives;
	uint32_t config_table;
	uint32_t loader_name;
};

struct module {
	uint32_t start, end;
	uint32_t command_line;
	uint32_t reserved;
};

/* `bytes` does not count itself. */
struct map_entry {
	uint32_t bytes;
	uint64_t base, length;
	uint32_t type;
} __attribute__((packed));

static const void *at(uint32_t address)
{
	return (const void *)(uintptr_t)address;
}

static void print_memory_map(const struct information *information)
{
	uint32_t place = information->map;
	uint32_t end = place + information->map_bytes;

	while (place < end) {
		const struct map_entry *entry = at(place);

		print("memory map: 0x%llx + 0x%llx type %u\n", (unsigned long long)entry->base,
		      (unsigned long long)entry->length, entry->type);
		place += entry->bytes + (uint32_t)sizeof(entry->bytes);
	}
}

static uint32_t sum_of_bytes(uint32_t start, uint32_t end)
{
	const unsigned char *byte = at(start);
	uint32_t sum = 0;

	for (uint32_t i = 0; i < end - start; i++)
		sum += byte[i];
	return sum;
}

static void print_modules(const struct information *information)
{
	const struct module *modules = at(information->modules);

	print("modules: %u\n", information->module_count);
	for (uint32_t i = 0; i < information->module_count; i++) {
		const struct module *module = &modules[i];

		print("module %u: at 0x%x, %u bytes, sum 0x%x, command line: %s\n", i,
		      module->start, module->end - module->start,
		      sum_of_bytes(module->start, module->end),
		      module->command_line ? (const char *)at(module->command_line) : "");
	}
}

unsigned guest_main32(uint32_t magic, uint32_t address)
{
	const struct information *information = at(address);

	print("hello from 32-bit protected mode\n");
	if (magic != LOADER_MAGIC) {
		print("no multiboot loader: eax is 0x%x\n", magic);
		return 1;
	}
	if (information->flags & HAS_MEMORY)
		print("memory: %u KiB from 0, %u KiB from 1 MiB\n", information->memory_lower,
		      information->memory_upper);
	if (information->flags & HAS_MEMORY_MAP)
		print_memory_map(information);
	if (information->flags & HAS_COMMAND_LINE)
		print("command line: %s\n", (const char *)at(information->command_line));
	if (information->flags & HAS_MODULES)
		print_modules(information);
	if (information->flags & HAS_LOADER_NAME)
		print("loader: %s\n", (const char *)at(information->loader_name));
	return 0;
}
