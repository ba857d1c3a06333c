// SPDX-License-Identifier: MPL-2.0
/* A machine at a moment, and machines that go on from there. */
#include "vmm/machine/moment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/base/file.h"
#include "vmm/machine/machine.h"
#include "vmm/machine/snapshot_pages.h"
#include "vmm/machine/vm_state.h"
#include "vmm/memory/uffd.h"
#include "vmm/virtio/block.h"

#define PARTS_MAX (64u << 20) /* bytes; what is longer is no machine's */

/* ---- Taking ---- */

static int take_parts(struct mz_vm *vm, int file, struct mz_failure *failure)
{
	struct mz_state state;
	int result;

	mz_state_save(&state);
	mz_description_save(&vm->config, &state);
	mz_vm_state(vm, &state);
	result = mz_state_end(&state, failure);
	if (!result && mz_file_write_at(file, state.bytes, state.size, 0))
		result = mz_fail(failure, MZ_STATUS_HOST_FAILED,
				 "cannot keep the state of the machine: %s", strerror(errno));
	mz_state_free(&state);
	return result;
}

/* What was mapped for the guest is gone, and comes in again as it is touched. */
static int move_memory(struct mz_vm *vm, struct mz_failure *failure)
{
	if (mz_ram_share(&vm->ram, failure))
		return -1;
	mz_looks_spare_pages(vm);
	mz_virtio_set_moved(&vm->virtio);
	return 0;
}

/* What is mapped has lost its protection with the userfaultfd that it had: Linux 6.9 and later. */
static int protect_again(struct mz_vm *vm, struct mz_failure *failure)
{
	int error = 0;

	if (vm->pager.protection && vm->dirty_source.begun)
		error = mz_protection_begin(vm->pager.protection, vm->pager.uffd);
	return error ? mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "cannot track what the guest writes: %s", strerror(error))
		     : 0;
}

/*
 * A pager serves one mapping. The new one has its userfaultfd before the old one ends, so that
 * there is little left that can fail: the run would be over then.
 */
static int move_pager(struct mz_vm *vm, int uffd, struct mz_failure *failure)
{
	struct mz_failure broken;
	int result;

	mz_pager_stop(&vm->pager);
	vm->pager.uffd = uffd;
	result = move_memory(vm, failure);
	if (!mz_pager_start(&vm->pager, &broken) && (!result || !protect_again(vm, &broken)))
		return result;
	mz_vm_fail(vm, &broken);
	*failure = broken;
	return -1;
}

static int move(struct mz_vm *vm, struct mz_failure *failure)
{
	struct mz_uffd_access access;
	char why[256];
	int uffd;

	if (vm->pager.uffd < 0)
		return move_memory(vm, failure);
	uffd = mz_uffd_open(&access, vm->ram.huge, vm->pager.protection);
	if (uffd >= 0)
		return move_pager(vm, uffd, failure);
	mz_uffd_explain(&access, why, sizeof(why));
	return mz_fail(failure, MZ_STATUS_HOST_FAILED, "%s", why);
}

/* Looks ask the userfaultfd, too. */
static int begin_to_share(struct mz_vm *vm, struct mz_failure *failure)
{
	int result;

	if (vm->ram.cow)
		return 0;
	mz_looks_hold(vm);
	result = move(vm, failure);
	mz_looks_let_go(vm);
	return result;
}

static int freeze(struct mz_vm *vm, void *context, struct mz_failure *failure)
{
	struct mz_moment *moment = context;

	if (mz_vm_bring_all(vm, failure) || take_parts(vm, moment->parts, failure) ||
	    begin_to_share(vm, failure))
		return -1;
	return mz_frozen_take(&moment->memory, &vm->ram, failure);
}

int mz_vm_freeze(struct mz_vm *vm, struct mz_moment *moment, uint64_t *held_ns,
		 struct mz_failure *failure)
{
	int result;

	*moment = (struct mz_moment) {.memory = {-1, -1}, .parts = -1};
	*held_ns = 0;
	/* Memory that must be read first is read while the guest still runs. */
	if (mz_vm_check_kept(vm, failure) || mz_ram_check_share(&vm->ram, failure) ||
	    mz_vm_bring_all(vm, failure))
		return -1;
	moment->parts = mz_huge_file(MZ_HUGE_NONE);
	if (moment->parts < 0)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "cannot make a memory file: %s",
			       strerror(errno));
	result = mz_vm_at_rest(vm, freeze, moment, held_ns, failure);
	mz_ram_shed(&vm->ram);
	if (result)
		mz_moment_close(moment);
	return result;
}

void mz_moment_close(struct mz_moment *moment)
{
	mz_frozen_close(&moment->memory);
	if (moment->parts >= 0)
		close(moment->parts);
	moment->parts = -1;
}

/* ---- What is done with one ---- */

/* Begins to load the parts, whose bytes the caller frees. */
static int open_parts(const struct mz_moment *moment, struct mz_state *state, void **bytes,
		      struct mz_failure *failure)
{
	struct stat stat;

	*bytes = NULL;
	if (fstat(moment->parts, &stat) || !S_ISREG(stat.st_mode) || stat.st_size > PARTS_MAX)
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE, "this is no moment of a machine");
	*bytes = malloc((size_t)stat.st_size + 1);
	if (!*bytes)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "no memory");
	if (mz_file_read_at(moment->parts, *bytes, (uint64_t)stat.st_size, 0) != stat.st_size) {
		free(*bytes);
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "the moment of a machine can't be read");
	}
	mz_state_load(state, *bytes, (size_t)stat.st_size);
	return 0;
}

int mz_moment_config(const struct mz_moment *moment, struct mz_description *description,
		     struct mz_failure *failure)
{
	struct mz_state state;
	void *bytes;

	*description = (struct mz_description) {0};
	if (open_parts(moment, &state, &bytes, failure))
		return -1;
	mz_description_state(description, &state);
	free(bytes);
	if (!state.failed)
		return 0;
	*failure = state.failure;
	mz_description_free(description);
	return -1;
}

/* ---- Making clones ---- */

/* Goes on behind the description. */
static int load(struct mz_vm *vm, struct mz_state *state, struct mz_failure *failure)
{
	struct mz_description *skipped = calloc(1, sizeof(*skipped));

	if (!skipped)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "no memory");
	mz_description_state(skipped, state);
	mz_description_free(skipped);
	free(skipped);
	mz_vm_state(vm, state);
	return mz_state_end(state, failure);
}

int mz_vm_clone(struct mz_vm **clone, const struct mz_moment *moment,
		const struct mz_vm_config *config, struct mz_failure *failure)
{
	struct mz_state state;
	void *bytes;
	int result;

	*clone = NULL;
	if (open_parts(moment, &state, &bytes, failure))
		return -1;
	result = mz_vm_make(clone, config, &moment->memory, failure);
	if (!result)
		result = load(*clone, &state, failure);
	free(bytes);
	if (result) {
		mz_vm_destroy(*clone);
		*clone = NULL;
	}
	return result;
}

/* ---- Saving it ---- */

/* As with every snapshot, disks come first; the machine itself may be gone. */
static int flush_disks(const struct mz_description *description, struct mz_failure *failure)
{
	for (unsigned i = 0; i < description->config.virtio_count; i++)
		if (description->virtio[i].kind == MZ_VIRTIO_DISK &&
		    mz_block_flush(&description->virtio[i].disk, failure))
			return -1;
	return 0;
}

static int write_pages(struct mz_snapshot_pages *pages, uint64_t page_count,
		       const struct mz_snapshot_request *request, struct mz_failure *failure)
{
	struct mz_snapshot_plan plan = {
		.page_count = page_count,
		.progress = request->progress,
		.context = request->context,
	};

	if (mz_snapshot_add_pages(pages, 0, page_count, failure))
		return -1;
	plan.adding = pages->count;
	if (mz_snapshot_create(&pages->writer, request->path, &plan, failure))
		return -1;
	if (!mz_snapshot_add_pages(pages, 0, page_count, failure))
		return 0;
	mz_snapshot_abandon(pages->writer);
	return -1;
}

static int save(const struct mz_frozen *memory, uint64_t memory_bytes,
		const struct mz_snapshot_contents *contents,
		const struct mz_snapshot_request *request, struct mz_saved *saved,
		struct mz_failure *failure)
{
	struct mz_snapshot_pages pages = {.file = memory->file};
	unsigned char *view;
	int result;

	if (mz_frozen_check(memory, memory_bytes, failure))
		return -1;
	view = mz_frozen_view(memory, memory_bytes);
	if (!view)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "cannot look at guest memory: %s",
			       strerror(errno));
	pages.memory = view;
	result = write_pages(&pages, memory_bytes / MZ_RAM_PAGE, request, failure);
	munmap(view, memory_bytes);
	if (result)
		return -1;
	saved->page_count = mz_snapshot_writer_stored(pages.writer);
	saved->file_bytes = mz_snapshot_writer_bytes(pages.writer, contents);
	return mz_snapshot_commit(pages.writer, contents, failure);
}

/* The state has been loaded up to the end of the description. */
static int save_described(const struct mz_moment *moment, const struct mz_description *description,
			  const struct mz_state *state, const struct mz_snapshot_request *request,
			  struct mz_saved *saved, struct mz_failure *failure)
{
	const struct mz_snapshot_contents contents = {
		.machine = state->bytes,
		.machine_bytes = state->at,
		.state = state->bytes + state->at,
		.state_bytes = state->size - state->at,
	};

	if (state->failed) {
		*failure = state->failure;
		return -1;
	}
	if (flush_disks(description, failure))
		return -1;
	return save(&moment->memory, description->config.memory_bytes, &contents, request, saved,
		    failure);
}

int mz_moment_save(const struct mz_moment *moment, const struct mz_snapshot_request *request,
		   struct mz_saved *saved, struct mz_failure *failure)
{
	struct mz_description description = {0};
	struct mz_state state;
	void *bytes;
	int result;

	*saved = (struct mz_saved) {.path = request->path};
	if (request->incremental)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "a moment is saved whole: what was written before it is not known");
	if (open_parts(moment, &state, &bytes, failure))
		return -1;
	mz_description_state(&description, &state);
	result = save_described(moment, &description, &state, request, saved, failure);
	mz_description_free(&description);
	free(bytes);
	return result;
}
