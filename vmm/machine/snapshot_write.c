// SPDX-License-Identifier: MPL-2.0
/* Saving a machine. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/machine/description.h"
#include "vmm/machine/machine.h"
#include "vmm/machine/vm_state.h"
#include "vmm/snapshot/snapshot_writer.h"

/* Pages that the memory file has, from one of them on. */
static int next_data(const struct mz_ram *ram, uint64_t from, struct mz_page_run *run,
		     struct mz_failure *failure)
{
	off_t data = lseek(ram->fd, (off_t)(from * MZ_RAM_PAGE), SEEK_DATA);
	off_t hole = data < 0 ? 0 : lseek(ram->fd, data, SEEK_HOLE);

	*run = (struct mz_page_run) {.first = ram->bytes / MZ_RAM_PAGE};
	if ((data < 0 && errno != ENXIO) || hole < 0)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "cannot look at guest memory: %s",
			       strerror(errno));
	if (data < 0 || (uint64_t)data >= ram->bytes)
		return 0;
	run->first = (uint64_t)data / MZ_RAM_PAGE;
	if ((uint64_t)hole > ram->bytes)
		hole = (off_t)ram->bytes;
	run->count = (uint64_t)hole / MZ_RAM_PAGE - run->first;
	return 0;
}

static int add_memory(struct mz_snapshot_writer *writer, const struct mz_ram *ram,
		      struct mz_failure *failure)
{
	struct mz_page_run run = {0};

	for (uint64_t page = 0; page < ram->bytes / MZ_RAM_PAGE; page = run.first + run.count) {
		if (next_data(ram, page, &run, failure))
			return -1;
		if (run.count &&
		    mz_snapshot_add(writer, run.first, run.count,
				    ram->alias + run.first * MZ_RAM_PAGE, failure))
			return -1;
	}
	return 0;
}

struct parts {
	struct mz_state machine, state;
};

static int save_parts(struct mz_vm *vm, struct parts *parts, struct mz_failure *failure)
{
	struct mz_description *description = malloc(sizeof(*description));

	mz_state_save(&parts->machine);
	mz_state_save(&parts->state);
	if (!description)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "no memory");
	mz_description_of(description, &vm->config);
	mz_description_state(description, &parts->machine);
	free(description);
	mz_vm_state(vm, &parts->state);
	return mz_state_end(&parts->machine, failure) || mz_state_end(&parts->state, failure) ? -1
											      : 0;
}

static int write_all(struct mz_vm *vm, const char *path, const struct parts *parts,
		     struct mz_failure *failure)
{
	const struct mz_snapshot_contents contents = {
		.machine = parts->machine.bytes,
		.machine_bytes = parts->machine.size,
		.state = parts->state.bytes,
		.state_bytes = parts->state.size,
	};
	const struct mz_snapshot_plan plan = {
		.page_count = vm->ram.bytes / MZ_RAM_PAGE,
		.progress = vm->config.progress,
		.context = vm->config.context,
		.adding = vm->ram.bytes / MZ_RAM_PAGE,
	};
	struct mz_snapshot_writer *writer;

	if (mz_snapshot_create(&writer, path, &plan, failure))
		return -1;
	if (add_memory(writer, &vm->ram, failure)) {
		mz_snapshot_abandon(writer);
		return -1;
	}
	return mz_snapshot_commit(writer, &contents, failure);
}

/* What is shared is not the machine's to keep, and a snapshot knows memory as it usually lies. */
static int check_memory(const struct mz_vm *vm, struct mz_failure *failure)
{
	if (vm->config.share_count == 0 && vm->config.more_count == 0)
		return 0;
	return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
		       "a machine with shares or further banks of memory cannot be saved");
}

/* What the machine itself was restored from may be replaced by the new one: all of it comes in. */
int mz_vm_write_snapshot(struct mz_vm *vm, const char *path, struct mz_failure *failure)
{
	struct parts parts;
	int result = -1;

	if (check_memory(vm, failure))
		return -1;
	if (!mz_ram_bring(&vm->ram, 0, vm->ram.bytes))
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "guest memory can't be had");
	if (!save_parts(vm, &parts, failure))
		result = write_all(vm, path, &parts, failure);
	mz_state_free(&parts.machine);
	mz_state_free(&parts.state);
	return result;
}
