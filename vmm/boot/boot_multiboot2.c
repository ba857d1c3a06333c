// SPDX-License-Identifier: MPL-2.0
/*
 * The multiboot 2 protocol. Source: Multiboot2 Specification version 2.0; section numbers are its
 * own. The information is one run of tags, so nothing else takes of the boot area between them.
 */
#include <string.h>

#include "vmm/boot/boot_protocol.h"
#include "vmm/boot/memory_map.h"
#include "vmm/boot/multiboot2.h"

#define LOADER_MAGIC 0x36d76289u /* 3.3: eax */
#define LOADER_NAME  "mezz"

/* 3.6.1: before the tags. */
struct info {
	uint32_t bytes;
	uint32_t reserved;
};

/* 3.6.2: before the content of each; `bytes` counts itself but no padding. */
struct tag {
	uint32_t type;
	uint32_t bytes;
};

/* 3.6.8 */
struct memory_map {
	uint32_t entry_bytes;
	uint32_t entry_version;
};

struct memory_run {
	uint64_t base, bytes;
	uint32_t use;
	uint32_t reserved;
};

/* ACPI Specification 6.5, table 5.3: of the root pointer, its first version and all of it. */
#define RSDP_OLD_BYTES 20u
#define RSDP_BYTES     36u
#define RSDP_REVISION  15u /* offset of the byte that is 0 in the first version */

static void *put_tag(struct mz_boot *boot, enum mz_multiboot2_type type, size_t bytes,
		     struct mz_failure *failure)
{
	uint64_t gpa;
	struct tag *tag = mz_boot_take_(boot, (sizeof(*tag) + bytes + 7) & ~(size_t)7, 8, &gpa,
					failure);

	if (!tag)
		return NULL;
	tag->type = type;
	tag->bytes = (uint32_t)(sizeof(*tag) + bytes);
	return tag + 1;
}

static int put_bytes(struct mz_boot *boot, enum mz_multiboot2_type type, const void *bytes,
		     size_t count, struct mz_failure *failure)
{
	void *to = put_tag(boot, type, count, failure);

	if (!to)
		return -1;
	memcpy(to, bytes, count);
	return 0;
}

static int put_text(struct mz_boot *boot, enum mz_multiboot2_type type, const char *text,
		    struct mz_failure *failure)
{
	return put_bytes(boot, type, text, strlen(text) + 1, failure);
}

static int put_memory(struct mz_boot *boot, struct mz_failure *failure)
{
	const uint32_t kib[] = {MZ_MEMORY_LOWER_END / 1024, mz_memory_upper_kib(boot->ram)};
	struct mz_memory_run runs[MZ_MEMORY_RUN_MAX];
	unsigned count = mz_memory_map(boot->ram, runs);
	struct memory_map *map;
	struct memory_run *list;

	if (put_bytes(boot, MZ_MULTIBOOT2_MEMORY, kib, sizeof(kib), failure))
		return -1;
	map = put_tag(boot, MZ_MULTIBOOT2_MEMORY_MAP, sizeof(*map) + count * sizeof(*list),
		      failure);
	if (!map)
		return -1;
	map->entry_bytes = sizeof(*list);
	list = (struct memory_run *)(map + 1);
	for (unsigned i = 0; i < count; i++)
		list[i] = (struct memory_run) {
			.base = runs[i].base, .bytes = runs[i].bytes, .use = runs[i].use};
	return 0;
}

/* 3.6.6: where a module begins and ends, and its text. */
static int load_module(struct mz_boot *boot, const struct mz_module *module,
		       struct mz_failure *failure)
{
	size_t text_bytes = strlen(module->command) + 1;
	struct mz_boot_file file;
	uint32_t *to;

	if (mz_boot_load_module_(boot, module->path, &file, failure))
		return -1;
	to = put_tag(boot, MZ_MULTIBOOT2_MODULE, 2 * sizeof(*to) + text_bytes, failure);
	if (!to)
		return -1;
	to[0] = (uint32_t)file.gpa;
	to[1] = (uint32_t)(file.gpa + file.bytes);
	memcpy(to + 2, module->command, text_bytes);
	return 0;
}

static int load_modules(struct mz_boot *boot, struct mz_failure *failure)
{
	for (unsigned i = 0; i < boot->request->module_count; i++) {
		if (load_module(boot, &boot->request->modules[i], failure))
			return -1;
	}
	return 0;
}

/* 3.6.17 and 3.6.18: copies of the root pointer. */
static int put_rsdp(struct mz_boot *boot, struct mz_failure *failure)
{
	const unsigned char *rsdp = mz_ram_at(boot->ram, boot->request->rsdp, RSDP_BYTES);

	if (boot->request->rsdp == 0 || !rsdp) {
		if (!boot->image->multiboot2.wants_rsdp)
			return 0;
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "%s: multiboot 2 header: demands ACPI's root pointer, and this "
			       "machine has no ACPI",
			       boot->image->path);
	}
	if (put_bytes(boot, MZ_MULTIBOOT2_RSDP_OLD, rsdp, RSDP_OLD_BYTES, failure))
		return -1;
	return rsdp[RSDP_REVISION] == 0
		? 0
		: put_bytes(boot, MZ_MULTIBOOT2_RSDP, rsdp, RSDP_BYTES, failure);
}

/* 3.6.20: for images that could lie elsewhere; this one lies where it was linked to. */
static int put_load_base(struct mz_boot *boot, struct mz_failure *failure)
{
	const struct mz_image *image = boot->image;
	uint64_t base = image->segments[0].gpa;
	uint32_t narrow;

	for (unsigned i = 1; i < image->segment_count; i++) {
		if (image->segments[i].gpa < base)
			base = image->segments[i].gpa;
	}
	narrow = (uint32_t)base;
	return image->multiboot2.relocatable
		? put_bytes(boot, MZ_MULTIBOOT2_LOAD_BASE, &narrow, sizeof(narrow), failure)
		: 0;
}

int mz_boot_multiboot2_(struct mz_boot *boot, struct mz_boot_state *state,
			struct mz_failure *failure)
{
	const char *command_line = boot->request->command_line ? boot->request->command_line : "";
	struct info *info;

	if (mz_boot_refuse_initrd_(boot, failure))
		return -1;
	info = mz_boot_take_(boot, sizeof(*info), 8, &state->rbx, failure);
	if (!info || put_text(boot, MZ_MULTIBOOT2_COMMAND_LINE, command_line, failure) ||
	    put_text(boot, MZ_MULTIBOOT2_LOADER, LOADER_NAME, failure) ||
	    put_memory(boot, failure) || load_modules(boot, failure) || put_rsdp(boot, failure) ||
	    put_load_base(boot, failure) || !put_tag(boot, MZ_MULTIBOOT2_END, 0, failure))
		return -1;
	info->bytes = (uint32_t)(boot->next - state->rbx);
	state->rax = LOADER_MAGIC;
	return 0;
}
