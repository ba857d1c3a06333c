// SPDX-License-Identifier: MPL-2.0
/*
 * The PVH protocol. Source: Xen's docs/misc/pvh.pandoc, "x86/HVM direct boot ABI", and
 * xen/include/public/arch-x86/hvm/start_info.h.
 */
#include "vmm/boot/boot_protocol.h"
#include "vmm/boot/memory_map.h"

#define START_MAGIC   0x336ec578u
#define START_VERSION 1u

struct start_info {
	uint32_t magic;
	uint32_t version;
	uint32_t flags;
	uint32_t module_count;
	uint64_t modules;
	uint64_t command_line;
	uint64_t rsdp;
	uint64_t memory_map;
	uint32_t memory_run_count;
	uint32_t reserved;
};

_Static_assert(sizeof(struct start_info) == 56, "version 1");

struct module {
	uint64_t gpa, bytes;
	uint64_t command_line;
	uint64_t reserved;
};

struct memory_run {
	uint64_t base, bytes;
	uint32_t use;
	uint32_t reserved;
};

static int put_memory_map(struct mz_boot *boot, struct start_info *info, struct mz_failure *failure)
{
	struct mz_memory_run runs[MZ_MEMORY_RUN_MAX];
	unsigned count = mz_memory_map(boot->ram, runs);
	struct memory_run *list = mz_boot_take_(boot, count * sizeof(*list), 8, &info->memory_map,
						failure);

	if (!list)
		return -1;
	for (unsigned i = 0; i < count; i++)
		list[i] = (struct memory_run) {
			.base = runs[i].base, .bytes = runs[i].bytes, .use = runs[i].use};
	info->memory_run_count = count;
	return 0;
}

static int load_module(struct mz_boot *boot, const char *path, const char *command,
		       struct module *module, struct mz_failure *failure)
{
	struct mz_boot_file file;

	if (mz_boot_load_module_(boot, path, &file, failure))
		return -1;
	module->gpa = file.gpa;
	module->bytes = file.bytes;
	return command ? mz_boot_put_text_(boot, command, &module->command_line, failure) : 0;
}

/* Linux takes the first module for its initrd. */
static int load_modules(struct mz_boot *boot, struct start_info *info, struct mz_failure *failure)
{
	const struct mz_boot_request *request = boot->request;
	uint64_t count = request->module_count + (request->initrd ? 1u : 0u);
	struct module *next;

	if (count == 0)
		return 0;
	next = mz_boot_take_(boot, count * sizeof(*next), 8, &info->modules, failure);
	if (!next)
		return -1;
	info->module_count = (uint32_t)count;
	if (request->initrd && load_module(boot, request->initrd, NULL, next++, failure))
		return -1;
	for (unsigned i = 0; i < request->module_count; i++) {
		const struct mz_module *module = &request->modules[i];

		if (load_module(boot, module->path, module->command, next++, failure))
			return -1;
	}
	return 0;
}

int mz_boot_pvh_(struct mz_boot *boot, struct mz_boot_state *state, struct mz_failure *failure)
{
	const char *command_line = boot->request->command_line;
	struct start_info *info = mz_boot_take_(boot, sizeof(*info), 8, &state->rbx, failure);

	if (!info)
		return -1;
	info->magic = START_MAGIC;
	info->version = START_VERSION;
	info->rsdp = boot->request->rsdp;
	if (command_line && mz_boot_put_text_(boot, command_line, &info->command_line, failure))
		return -1;
	return put_memory_map(boot, info, failure) || load_modules(boot, info, failure) ? -1 : 0;
}
