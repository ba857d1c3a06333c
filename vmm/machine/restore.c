// SPDX-License-Identifier: MPL-2.0
/* Making a machine go on from a snapshot. */
#include <string.h>

#include "vmm/base/thread.h"
#include "vmm/machine/description.h"
#include "vmm/machine/machine.h"
#include "vmm/machine/vm_state.h"

static bool page_present(void *context, uint64_t page)
{
	const struct mz_vm *vm = context;

	return mz_snapshot_page_present(vm->origin.snapshot, page);
}

static int read_pages(void *context, uint64_t first, uint64_t count, void *buffer,
		      struct mz_failure *failure)
{
	const struct mz_vm *vm = context;

	return mz_snapshot_read(vm->origin.snapshot, first, count, buffer, failure);
}

/*
 * What has no place in memory is not recorded; nor, of pages that are given back and touched again
 * and again, more than there are pages.
 */
static void note_touch(void *context, uint64_t first, uint64_t count)
{
	struct mz_vm *vm = context;
	struct mz_origin *origin = &vm->origin;

	if (!origin->record_path)
		return;
	pthread_mutex_lock(&origin->mutex);
	if (origin->touches.count < vm->ram.bytes / MZ_RAM_PAGE)
		mz_touches_add(&origin->touches, first, count);
	pthread_mutex_unlock(&origin->mutex);
}

static void bring_failed(void *context, const struct mz_failure *failure)
{
	mz_vm_fail(context, failure);
}

static void read_stuck(void *context, const struct mz_failure *failure)
{
	const struct mz_vm *vm = context;
	const struct mz_vm_config *config = &vm->config;

	mz_console_put_terminal_back(&vm->console);
	config->stuck(config->context, failure);
}

static int check_pages(const struct mz_vm *vm, const struct mz_snapshot_info *info,
		       struct mz_failure *failure)
{
	if (info->page_count == vm->ram.bytes / MZ_RAM_PAGE)
		return 0;
	return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
		       "the snapshot has %llu pages of memory, the machine %llu",
		       (unsigned long long)info->page_count,
		       (unsigned long long)(vm->ram.bytes / MZ_RAM_PAGE));
}

static int load_state(struct mz_vm *vm, const struct mz_snapshot_info *info,
		      struct mz_failure *failure)
{
	struct mz_state state;

	mz_state_load(&state, info->state, info->state_bytes);
	mz_vm_state(vm, &state);
	return mz_state_end(&state, failure);
}

/* ---- Prefetching ---- */

/* Taken at a time, so that the end of the run needn't wait for more. */
#define PART_PAGES (MZ_HUGE_PAGE / MZ_RAM_PAGE)

/* The kernel is told of a part so many parts before it is read. */
#define PARTS_AHEAD 8

/* In a record of touches: a run, and how many of its pages lie behind. */
struct place {
	size_t run;
	uint64_t done;
};

/* The next pages, of one MZ_HUGE_PAGE. False: there are no more. */
static bool next_part(const struct mz_touches *touches, struct place *place,
		      struct mz_page_run *part)
{
	const struct mz_page_run *run;
	uint64_t left;

	if (place->run == touches->count)
		return false;
	run = &touches->runs[place->run];
	left = run->count - place->done;
	part->first = run->first + place->done;
	part->count = PART_PAGES - part->first % PART_PAGES;
	if (part->count < left)
		place->done += part->count;
	else
		*place = (struct place) {place->run + 1, 0};
	part->count = part->count < left ? part->count : left;
	return true;
}

static void expect_next(const struct mz_origin *origin, struct place *place)
{
	struct mz_page_run part;

	if (next_part(&origin->wanted, place, &part))
		mz_snapshot_expect(origin->snapshot, part.first, part.count);
}

/* Nobody has touched what can't be read. */
static void tell_unread(struct mz_vm *vm, const struct mz_failure *failure)
{
	const struct mz_vm_config *config = &vm->config;

	if (!vm->origin.told_unread && config->unread)
		config->unread(config->context, failure);
	vm->origin.told_unread = true;
}

static void *prefetch_main(void *context)
{
	struct mz_vm *vm = context;
	struct mz_origin *origin = &vm->origin;
	struct place next = {0}, expected = {0};
	struct mz_failure failure;
	struct mz_page_run part;

	for (unsigned i = 0; i < PARTS_AHEAD; i++)
		expect_next(origin, &expected);
	while (!__atomic_load_n(&origin->over, __ATOMIC_ACQUIRE) &&
	       next_part(&origin->wanted, &next, &part)) {
		expect_next(origin, &expected);
		if (mz_lazy_try(&origin->lazy, part.first * MZ_RAM_PAGE, part.count * MZ_RAM_PAGE,
				&failure))
			tell_unread(vm, &failure);
	}
	return NULL;
}

static int start_prefetching(struct mz_vm *vm, const char *path, struct mz_failure *failure)
{
	struct mz_origin *origin = &vm->origin;
	int error;

	if (mz_touches_read(&origin->wanted, origin->snapshot, path, failure))
		return -1;
	error = mz_thread_start(&origin->prefetcher, prefetch_main, vm);
	if (error)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "cannot start to prefetch: %s",
			       strerror(error));
	origin->prefetching = true;
	return 0;
}

/* ---- */

int mz_vm_restore(struct mz_vm *vm, const struct mz_snapshot *snapshot,
		  const struct mz_restore_plan *plan, struct mz_failure *failure)
{
	const struct mz_snapshot_info info = mz_snapshot_info(snapshot);
	struct mz_origin *origin = &vm->origin;
	const struct mz_page_source source = {
		.context = vm,
		.present = page_present,
		.read = read_pages,
		.touched = note_touch,
		.failed = bring_failed,
		.stuck = vm->config.stuck ? read_stuck : NULL,
		.patience_ns = MZ_VM_PATIENCE_S * UINT64_C(1000000000),
	};

	if (check_pages(vm, &info, failure))
		return -1;
	origin->snapshot = snapshot;
	origin->record_path = plan->record;
	if (mz_lazy_init(&origin->lazy, &vm->ram, &source, failure))
		return -1;
	vm->ram.lazy = &origin->lazy;
	/* Where the kernel supplies pages by itself, they must be there before it does. */
	if ((plan->all || vm->pager.uffd < 0) &&
	    mz_lazy_bring(&origin->lazy, 0, vm->ram.bytes, failure))
		return -1;
	if (plan->prefetch && start_prefetching(vm, plan->prefetch, failure))
		return -1;
	return load_state(vm, &info, failure);
}

int mz_origin_stop(struct mz_vm *vm, struct mz_failure *failure)
{
	struct mz_origin *origin = &vm->origin;

	__atomic_store_n(&origin->over, 1, __ATOMIC_RELEASE);
	if (origin->prefetching)
		pthread_join(origin->prefetcher, NULL);
	origin->prefetching = false;
	if (!origin->record_path)
		return 0;
	return mz_touches_write(&origin->touches, origin->snapshot, origin->record_path, failure);
}

void mz_origin_destroy(struct mz_vm *vm)
{
	struct mz_origin *origin = &vm->origin;
	struct mz_failure failure;

	origin->record_path = NULL;
	mz_origin_stop(vm, &failure);
	mz_touches_free(&origin->touches);
	mz_touches_free(&origin->wanted);
	mz_lazy_destroy(&origin->lazy);
	vm->ram.lazy = NULL;
	pthread_mutex_destroy(&origin->mutex);
}
