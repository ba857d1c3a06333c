// SPDX-License-Identifier: MPL-2.0
/* Saving a machine. */
#include <stdlib.h>
#include <string.h>

#include "vmm/machine/description.h"
#include "vmm/machine/machine.h"
#include "vmm/machine/snapshot_pages.h"
#include "vmm/machine/vm_state.h"

/* Where pages go, once they are counted. */
struct sink {
	struct mz_vm *vm;
	struct mz_snapshot_pages pages;
	struct mz_failure *failure;
};

static bool add_written(void *context, mz_ia ia, uint64_t bytes)
{
	struct sink *sink = context;
	const struct mz_ram *ram = &sink->vm->ram;
	const struct mz_bank *bank = ram->banks;
	uint64_t first;

	while (ia.addr - bank->gpa >= bank->bytes)
		bank++;
	first = (bank->offset + ia.addr - bank->gpa) / MZ_RAM_PAGE;
	return !mz_snapshot_add_pages(&sink->pages, first, first + bytes / MZ_RAM_PAGE,
				      sink->failure);
}

/* All of memory, or what was written since the parent. */
static int add_memory(struct sink *sink)
{
	const struct mz_ram *ram = &sink->vm->ram;

	if (!sink->pages.incremental)
		return mz_snapshot_add_pages(&sink->pages, 0, ram->bytes / MZ_RAM_PAGE,
					     sink->failure);
	for (unsigned i = 0; i < ram->bank_count; i++)
		if (!mz_dirty_each(&sink->vm->since.dirty, mz_ia_from(ram->banks[i].gpa),
				   ram->banks[i].bytes, add_written, sink))
			return -1;
	return 0;
}

struct parts {
	struct mz_state machine, state;
};

static int save_parts(struct mz_vm *vm, struct parts *parts, struct mz_failure *failure)
{
	mz_state_save(&parts->machine);
	mz_state_save(&parts->state);
	mz_description_save(&vm->config, &parts->machine);
	mz_vm_state(vm, &parts->state);
	return mz_state_end(&parts->machine, failure) || mz_state_end(&parts->state, failure) ? -1
											      : 0;
}

/* What is told of a snapshot, of which nothing can fail any more but its commit. */
static void describe(const struct mz_vm *vm, const struct mz_snapshot_writer *writer,
		     const struct mz_snapshot_contents *contents, const struct sink *sink,
		     struct mz_saved *saved)
{
	saved->parent = sink->pages.incremental ? vm->since.path : NULL;
	saved->page_count = mz_snapshot_writer_stored(writer);
	saved->file_bytes = mz_snapshot_writer_bytes(writer, contents);
}

static int commit(struct mz_vm *vm, const struct sink *sink, const struct parts *parts,
		  struct mz_saved *saved, struct mz_failure *failure)
{
	const struct mz_snapshot_contents contents = {
		.machine = parts->machine.bytes,
		.machine_bytes = parts->machine.size,
		.state = parts->state.bytes,
		.state_bytes = parts->state.size,
	};
	const struct mz_snapshot_id id = mz_snapshot_writer_id(sink->pages.writer);
	char *path = strdup(saved->path);

	if (!path) {
		mz_snapshot_abandon(sink->pages.writer);
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "no memory");
	}
	describe(vm, sink->pages.writer, &contents, sink, saved);
	if (mz_snapshot_commit(sink->pages.writer, &contents, failure)) {
		free(path);
		return -1;
	}
	mz_since_advance(vm, path, &id);
	return 0;
}

static int write_all(struct mz_vm *vm, const struct mz_snapshot_request *request,
		     const struct mz_snapshot *parent, const struct parts *parts,
		     struct mz_saved *saved, struct mz_failure *failure)
{
	struct mz_snapshot_plan plan = {
		.page_count = vm->ram.bytes / MZ_RAM_PAGE,
		.parent = parent,
		.progress = request->progress,
		.context = request->context,
	};
	struct sink sink = {
		.vm = vm,
		.pages = {.file = vm->ram.fd,
			  .memory = vm->ram.alias,
			  .vm = vm,
			  .incremental = parent != NULL},
		.failure = failure,
	};

	if (add_memory(&sink))
		return -1;
	plan.adding = sink.pages.count;
	if (mz_snapshot_create(&sink.pages.writer, request->path, &plan, failure))
		return -1;
	if (add_memory(&sink)) {
		mz_snapshot_abandon(sink.pages.writer);
		return -1;
	}
	return commit(vm, &sink, parts, saved, failure);
}

/*
 * What is shared is not the machine's to keep, and a description knows memory as it usually lies.
 * Connections of sockets are the host's.
 */
int mz_vm_check_kept(const struct mz_vm *vm, struct mz_failure *failure)
{
	if (vm->config.share_count > 0 || vm->config.more_count > 0)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "a machine with shares or further banks of memory cannot be saved "
			       "or cloned");
	if (mz_virtio_set_has_vsock(&vm->virtio))
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "a machine with a socket device cannot be saved or cloned");
	return 0;
}

/* In pieces, so that the end of the run need not wait for all of them. */
int mz_vm_bring_all(const struct mz_vm *vm, struct mz_failure *failure)
{
	uint64_t bytes = vm->ram.lazy ? vm->ram.bytes : 0;

	for (uint64_t offset = 0; offset < bytes; offset += MZ_HUGE_PAGE) {
		if (mz_vm_over(vm))
			return mz_fail(failure, MZ_STATUS_HOST_FAILED,
				       "the run has ended before all memory was read");
		if (mz_lazy_try(vm->ram.lazy, offset, MZ_HUGE_PAGE, failure))
			return -1;
	}
	return 0;
}

static int save(struct mz_vm *vm, const struct mz_snapshot_request *request,
		const struct mz_snapshot *parent, struct mz_saved *saved,
		struct mz_failure *failure)
{
	struct parts parts;
	int result = -1;

	if (!save_parts(vm, &parts, failure) && !mz_since_collect(vm, failure))
		result = write_all(vm, request, parent, &parts, saved, failure);
	mz_state_free(&parts.machine);
	mz_state_free(&parts.state);
	return result;
}

/*
 * No disk may be older than the snapshot, whatever happens to the host: so disks come first. What
 * the machine itself was restored from may be replaced by a full snapshot, so all of it comes
 * in. An incremental one has what was not touched in its parents.
 */
int mz_vm_write_snapshot(struct mz_vm *vm, const struct mz_snapshot_request *request,
			 struct mz_saved *saved, struct mz_failure *failure)
{
	struct mz_snapshot *parent = NULL;
	int result;

	*saved = (struct mz_saved) {.path = request->path};
	if (mz_vm_check_kept(vm, failure) || mz_virtio_set_flush(&vm->virtio, failure))
		return -1;
	if (request->incremental ? mz_since_open(vm, &parent, failure)
				 : mz_vm_bring_all(vm, failure))
		return -1;
	result = save(vm, request, parent, saved, failure);
	mz_snapshot_close(parent);
	return result;
}
