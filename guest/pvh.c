// SPDX-License-Identifier: MPL-2.0
/*
 * A PVH image: checks and prints what Xen's x86/HVM direct boot ABI promises.
 *
 * Words: any; the command line is printed. Modules: any; the initrd is the first.
 * Prints: a greeting, what is wrong, the command line, each run of the memory map, each module's
 *   size, the sum of its bytes (modulo 2^32) and its command line.
 * Status: how much is wrong.
 */
#include "guest/lib/mode32.h"

#define START_MAGIC 0x336ec578u
#define USABLE      1u

struct start_info {
	uint32_t magic, version, flags, module_count;
	uint64_t modules, command_line, rsdp, memory_map;
	uint32_t memory_run_count, reserved;
};

struct module {
	uint64_t start, bytes, command_line, reserved;
};

struct memory_run {
	uint64_t base, bytes;
	uint32_t use, reserved;
};

static void print_modules(const struct start_info *info)
{
	const struct module *module = at32(info->modules);

	for (uint32_t i = 0; i < info->module_count; i++, module++)
		print("module %u: %u bytes, sum 0x%x, command line: %s\n", i,
		      (uint32_t)module->bytes, sum_of_bytes(module->start, module->bytes),
		      module->command_line ? (const char *)at32(module->command_line) : "none");
}

/* Is this code in usable memory? */
static bool print_memory(const struct start_info *info)
{
	const struct memory_run *run = at32(info->memory_map);
	uint64_t here = (uintptr_t)print_memory;
	bool found = false;

	for (uint32_t i = 0; i < info->memory_run_count; i++, run++) {
		print("memory map: 0x%llx + 0x%llx type %u\n", (unsigned long long)run->base,
		      (unsigned long long)run->bytes, run->use);
		found |= run->use == USABLE && here >= run->base && here - run->base < run->bytes;
	}
	return found;
}

unsigned guest_main32(uint32_t zero, uint32_t address)
{
	const struct start_info *info = at32(address);
	unsigned failures = mode32_failures();

	(void)zero;
	print("hello from the PVH entry point\n");
	failures += expect(info->magic == START_MAGIC, "the magic number");
	failures += expect(info->version >= 1, "the version");
	failures += expect(print_memory(info), "this code is not in usable memory");
	if (info->command_line)
		print("command line: %s\n", (const char *)at32(info->command_line));
	print_modules(info);
	return failures;
}
