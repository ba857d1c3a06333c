// SPDX-License-Identifier: MPL-2.0
/* What has been written since the last snapshot. */
#include "vmm/machine/since.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/machine/machine.h"

static int begin(struct mz_vm *vm, struct mz_failure *failure)
{
	if (mz_vm_watch_writes(vm, &vm->since.dirty, failure))
		return -1;
	vm->since.tracking = true;
	return 0;
}

int mz_since_restored(struct mz_vm *vm, struct mz_failure *failure)
{
	struct mz_snapshot_info info;
	char *path;

	if (!vm->config.track || !vm->origin.snapshot)
		return 0;
	info = mz_snapshot_info(vm->origin.snapshot);
	path = strdup(info.path);
	if (!path)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "no memory");
	if (begin(vm, failure)) {
		free(path);
		return -1;
	}
	mz_since_advance(vm, path, &info.id);
	return 0;
}

static int check_last(const struct mz_vm *vm, struct mz_failure *failure)
{
	if (!vm->config.track)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "what the guest writes is not tracked: an incremental snapshot "
			       "needs mezz run --track or mezz restore --track");
	if (!vm->since.path)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "there is no snapshot yet that an incremental one could follow");
	return 0;
}

int mz_since_open(const struct mz_vm *vm, struct mz_snapshot **parent, struct mz_failure *failure)
{
	struct mz_snapshot_info info;
	struct mz_failure why;

	if (check_last(vm, failure))
		return -1;
	if (mz_snapshot_open(parent, vm->since.path, &why))
		return mz_fail(failure, why.status, "the last snapshot can't be a parent: %s",
			       why.text);
	info = mz_snapshot_info(*parent);
	if (memcmp(&info.id, &vm->since.id, sizeof(info.id)) == 0)
		return 0;
	mz_snapshot_close(*parent);
	return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
		       "the last snapshot can't be a parent: %s has been replaced by another",
		       vm->since.path);
}

int mz_since_collect(struct mz_vm *vm, struct mz_failure *failure)
{
	if (!vm->config.track)
		return 0;
	if (!vm->since.tracking)
		return begin(vm, failure);
	return mz_vm_collect_writes(vm, &vm->since.dirty, failure);
}

void mz_since_advance(struct mz_vm *vm, char *path, const struct mz_snapshot_id *id)
{
	free(vm->since.before);
	vm->since.before = vm->since.path;
	vm->since.path = path;
	vm->since.id = *id;
	if (vm->since.tracking)
		mz_dirty_commit(&vm->since.dirty);
}

void mz_since_end(struct mz_since *since)
{
	if (since->tracking)
		mz_dirty_stop(&since->dirty);
	free(since->path);
	free(since->before);
	*since = (struct mz_since) {.path = NULL};
}
