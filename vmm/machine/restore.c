// SPDX-License-Identifier: MPL-2.0
/* Making a machine go on from a snapshot. */
#include <string.h>
#include <unistd.h>

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

/* The next pages, of one MZ_HUGE_PAGE. False: all are taken. */
static bool take_wanted(struct mz_origin *origin, struct mz_page_run *part)
{
	bool taken = false;

	pthread_mutex_lock(&origin->mutex);
	if (origin->wanted_next < origin->wanted.count) {
		struct mz_page_run *run = &origin->wanted.runs[origin->wanted_next];
		uint64_t count = PART_PAGES - run->first % PART_PAGES;

		part->first = run->first;
		part->count = count < run->count ? count : run->count;
		run->first += part->count;
		run->count -= part->count;
		origin->wanted_next += run->count == 0;
		taken = true;
	}
	pthread_mutex_unlock(&origin->mutex);
	return taken;
}

/* Nobody has touched what can't be read. */
static void tell_unread(struct mz_vm *vm, const struct mz_failure *failure)
{
	const struct mz_vm_config *config = &vm->config;

	if (!__atomic_exchange_n(&vm->origin.told_unread, true, __ATOMIC_RELAXED) && config->unread)
		config->unread(config->context, failure);
}

static void *prefetch_main(void *context)
{
	struct mz_vm *vm = context;
	struct mz_origin *origin = &vm->origin;
	struct mz_failure failure;
	struct mz_page_run part;

	while (!__atomic_load_n(&origin->over, __ATOMIC_ACQUIRE) && take_wanted(origin, &part))
		if (mz_lazy_try(&origin->lazy, part.first * MZ_RAM_PAGE, part.count * MZ_RAM_PAGE,
				&failure))
			tell_unread(vm, &failure);
	return NULL;
}

static unsigned prefetchers(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (processors < 1)
		return 1;
	return processors < MZ_PREFETCHERS_MAX ? (unsigned)processors : MZ_PREFETCHERS_MAX;
}

static int start_prefetching(struct mz_vm *vm, const char *path, struct mz_failure *failure)
{
	struct mz_origin *origin = &vm->origin;
	unsigned count = prefetchers();

	if (mz_touches_read(&origin->wanted, origin->snapshot, path, failure))
		return -1;
	while (origin->prefetching < count) {
		int error = mz_thread_start(&origin->prefetchers[origin->prefetching],
					    prefetch_main, vm);

		if (error)
			return mz_fail(failure, MZ_STATUS_HOST_FAILED,
				       "cannot start to prefetch: %s", strerror(error));
		origin->prefetching++;
	}
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
	while (origin->prefetching)
		pthread_join(origin->prefetchers[--origin->prefetching], NULL);
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
