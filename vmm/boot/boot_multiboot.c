// SPDX-License-Identifier: MPL-2.0
/*
 * The multiboot protocol. Source: Multiboot Specification version 0.6.96; section numbers are its
 * own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/boot/boot_protocol.h"
#include "vmm/boot/memory_map.h"

#define LOADER_MAGIC 0x2badb002u /* 3.2: eax */

/* 3.3: bits of flags. */
#define INFO_MEMORY       (1u << 0)
#define INFO_COMMAND_LINE (1u << 2)
#define INFO_MODULES      (1u << 3)
#define INFO_MEMORY_MAP   (1u << 6)
#define INFO_LOADER_NAME  (1u << 9)

/* 3.3: the information block, up to the last field that is given. All addresses are physical. */
struct info {
	uint32_t flags;
	uint32_t mem_lower, mem_upper; /* KiB from 0 and from 1 MiB on */
	uint32_t boot_device;
	uint32_t cmdline;
	uint32_t mods_count, mods_addr;
	uint32_t syms[4];
	uint32_t mmap_length, mmap_addr; /* bytes */
	uint32_t drives_length, drives_addr;
	uint32_t config_table;
	uint32_t boot_loader_name;
};

_Static_assert(sizeof(struct info) == 68, "the fields up to boot_loader_name, 3.3");

/* 3.3: a module; `end` is exclusive. */
struct module {
	uint32_t start, end;
	uint32_t string;
	uint32_t reserved;
};

_Static_assert(sizeof(struct module) == 16, "3.3");

/* 3.3: an entry of the memory map; `size` counts the bytes behind itself. */
struct memory_run {
	uint32_t size;
	uint64_t base, bytes;
	uint32_t type;
} __attribute__((packed));

_Static_assert(sizeof(struct memory_run) == 24, "3.3");

/* The boot area lies below 4 GiB, so its addresses fit the block's 32 bits. */
static int put_text(struct mz_boot *boot, const char *text, uint32_t *gpa,
		    struct mz_failure *failure)
{
	uint64_t at;

	if (mz_boot_put_text_(boot, text, &at, failure))
		return -1;
	*gpa = (uint32_t)at;
	return 0;
}

/* 3.3: the name of the image, a space, the text: as loaders for this protocol do. */
static int put_command_line(struct mz_boot *boot, struct info *info, struct mz_failure *failure)
{
	const char *text = boot->request->command_line;
	char *line;
	int result;

	if (!text || !*text)
		return put_text(boot, boot->image->path, &info->cmdline, failure);
	if (asprintf(&line, "%s %s", boot->image->path, text) < 0)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "no memory for the command line");
	result = put_text(boot, line, &info->cmdline, failure);
	free(line);
	return result;
}

/* The entries of the map have a size before them. */
static unsigned list_memory(const struct mz_ram *ram, struct memory_run *list)
{
	struct mz_memory_run runs[MZ_MEMORY_RUN_MAX];
	unsigned count = mz_memory_map(ram, runs);

	for (unsigned i = 0; i < count; i++)
		list[i] = (struct memory_run) {
			.size = sizeof(struct memory_run) - sizeof(list[i].size),
			.base = runs[i].base,
			.bytes = runs[i].bytes,
			.type = runs[i].use,
		};
	return count;
}

static int put_memory(struct mz_boot *boot, struct info *info, struct mz_failure *failure)
{
	struct memory_run list[MZ_MEMORY_RUN_MAX];
	uint64_t bytes = list_memory(boot->ram, list) * sizeof(list[0]);
	uint64_t at;
	void *to = mz_boot_take_(boot, bytes, 8, &at, failure);

	if (!to)
		return -1;
	memcpy(to, list, bytes);
	info->mmap_addr = (uint32_t)at;
	info->mmap_length = (uint32_t)bytes;
	info->mem_lower = MZ_MEMORY_LOWER_END / 1024;
	info->mem_upper = mz_memory_upper_kib(boot->ram);
	return 0;
}

static int load_module(struct mz_boot *boot, const struct mz_module *request, struct module *module,
		       struct mz_failure *failure)
{
	struct mz_boot_file file;

	if (mz_boot_load_module_(boot, request->path, &file, failure))
		return -1;
	module->start = (uint32_t)file.gpa;
	module->end = (uint32_t)(file.gpa + file.bytes);
	return put_text(boot, request->command, &module->string, failure);
}

static int load_modules(struct mz_boot *boot, struct info *info, struct mz_failure *failure)
{
	unsigned count = boot->request->module_count;
	uint64_t at;
	struct module *list = mz_boot_take_(boot, (uint64_t)count * sizeof(*list), sizeof(*list),
					    &at, failure);

	if (!list)
		return -1;
	info->mods_count = count;
	info->mods_addr = (uint32_t)at;
	for (unsigned i = 0; i < count; i++) {
		if (load_module(boot, &boot->request->modules[i], &list[i], failure))
			return -1;
	}
	return 0;
}

int mz_boot_multiboot_(struct mz_boot *boot, struct mz_boot_state *state,
		       struct mz_failure *failure)
{
	struct info *info;

	if (mz_boot_refuse_initrd_(boot, failure))
		return -1;
	info = mz_boot_take_(boot, sizeof(*info), 8, &state->rbx, failure);
	if (!info)
		return -1;
	info->flags = INFO_MEMORY | INFO_COMMAND_LINE | INFO_MODULES | INFO_MEMORY_MAP |
		INFO_LOADER_NAME;
	if (put_memory(boot, info, failure) || put_command_line(boot, info, failure) ||
	    put_text(boot, "mezz", &info->boot_loader_name, failure) ||
	    load_modules(boot, info, failure))
		return -1;
	state->rax = LOADER_MAGIC;
	return 0;
}
