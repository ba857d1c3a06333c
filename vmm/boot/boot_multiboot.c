// SPDX-License-Identifier: MPL-2.0
/*
 * The multiboot protocol. Source: Multiboot Specification version 0.6.96; section numbers are its
 * own.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/boot/boot_protocol.h"
#include "vmm/base/file.h"

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

#define MEMORY_USABLE 1u /* 3.3: type */

/*
 * What a PC calls conventional memory, up to the extended BIOS data area, and where memory goes on.
 */
#define LOWER_END  0x9fc00u
#define UPPER_BASE 0x100000u
#define PAGE_BYTES 0x1000u

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

static uint64_t low_bank_end(const struct mz_ram *ram)
{
	return ram->banks[0].gpa + ram->banks[0].bytes;
}

/* What is usable: conventional memory, the rest of the low bank, the high banks. */
static unsigned list_memory(const struct mz_ram *ram, struct memory_run *runs)
{
	uint64_t low_end = low_bank_end(ram);
	unsigned count = 0;

	runs[count++] = (struct memory_run) {.base = 0, .bytes = LOWER_END};
	if (low_end > UPPER_BASE)
		runs[count++] = (struct memory_run) {.base = UPPER_BASE,
						     .bytes = low_end - UPPER_BASE};
	for (unsigned i = 1; i < ram->bank_count; i++)
		runs[count++] = (struct memory_run) {.base = ram->banks[i].gpa,
						     .bytes = ram->banks[i].bytes};
	for (unsigned i = 0; i < count; i++) {
		runs[i].size = sizeof(struct memory_run) - sizeof(runs[i].size);
		runs[i].type = MEMORY_USABLE;
	}
	return count;
}

static int put_memory(struct mz_boot *boot, struct info *info, struct mz_failure *failure)
{
	struct memory_run runs[MZ_BANK_MAX + 1];
	uint64_t bytes = list_memory(boot->ram, runs) * sizeof(runs[0]);
	uint64_t low_end = low_bank_end(boot->ram);
	uint64_t at;
	void *to = mz_boot_take_(boot, bytes, 8, &at, failure);

	if (!to)
		return -1;
	memcpy(to, runs, bytes);
	info->mmap_addr = (uint32_t)at;
	info->mmap_length = (uint32_t)bytes;
	info->mem_lower = LOWER_END / 1024;
	info->mem_upper = low_end > UPPER_BASE ? (uint32_t)((low_end - UPPER_BASE) / 1024) : 0;
	return 0;
}

/* The first byte behind the image and behind what a PC keeps for itself below 1 MiB. */
static uint64_t modules_base(const struct mz_image *image)
{
	uint64_t end = UPPER_BASE;

	for (unsigned i = 0; i < image->segment_count; i++) {
		const struct mz_segment *segment = &image->segments[i];

		if (segment->gpa + segment->memory_bytes > end)
			end = segment->gpa + segment->memory_bytes;
	}
	return end;
}

/* Reads an open module to `start`, in the low bank. */
static int read_module(struct mz_boot *boot, int fd, const char *path, uint64_t start,
		       uint64_t bytes, struct mz_failure *failure)
{
	uint64_t end = low_bank_end(boot->ram);

	if (start > end || bytes > end - start)
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "module %s: %" PRIu64 " bytes at 0x%" PRIx64
			       " do not fit below 0x%" PRIx64 ", where the guest's memory ends",
			       path, bytes, start, end);
	return bytes == 0
		? 0
		: mz_file_read(fd, path, mz_ram_at(boot->ram, start, bytes), bytes, failure);
}

/* Loads a module at `*next` or behind it and moves `*next` behind the module. */
static int load_module(struct mz_boot *boot, const struct mz_module *request, uint64_t *next,
		       struct module *module, struct mz_failure *failure)
{
	uint64_t start = (*next + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
	uint64_t bytes;
	int result, fd = mz_file_open(request->path, &bytes, failure);

	if (fd < 0)
		return -1;
	result = read_module(boot, fd, request->path, start, bytes, failure);
	close(fd);
	if (result)
		return -1;
	module->start = (uint32_t)start;
	module->end = (uint32_t)(start + bytes);
	*next = start + bytes;
	return put_text(boot, request->command, &module->string, failure);
}

static int load_modules(struct mz_boot *boot, struct info *info, struct mz_failure *failure)
{
	unsigned count = boot->request->module_count;
	uint64_t at, next = modules_base(boot->image);
	struct module *list = mz_boot_take_(boot, (uint64_t)count * sizeof(*list), sizeof(*list),
					    &at, failure);

	if (!list)
		return -1;
	info->mods_count = count;
	info->mods_addr = (uint32_t)at;
	for (unsigned i = 0; i < count; i++) {
		if (load_module(boot, &boot->request->modules[i], &next, &list[i], failure))
			return -1;
	}
	return 0;
}

int mz_boot_multiboot_(struct mz_boot *boot, struct mz_boot_state *state,
		       struct mz_failure *failure)
{
	struct info *info = mz_boot_take_(boot, sizeof(*info), 8, &state->rbx, failure);

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
