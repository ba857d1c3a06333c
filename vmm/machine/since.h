/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What has been written since the last snapshot, which the next one needs to be incremental. It is
 * known where the machine was asked to track; and it stays known until a snapshot holds it.
 */
#ifndef MZ_VMM_SINCE_H
#define MZ_VMM_SINCE_H

#include "ept/dirty.h"
#include "vmm/machine/vm.h"
#include "vmm/snapshot/snapshot.h"

struct mz_since {
	bool tracking;
	struct mz_dirty dirty;    /* collected: what no snapshot holds yet */
	char *path;               /* of the last snapshot; NULL: there is none */
	char *before;             /* of the one before it */
	struct mz_snapshot_id id; /* its own */
};

/*
 * While all vCPUs are held or not started, and the virtio devices stopped.
 *
 * Begins with the snapshot that the machine has just been restored from. A machine that does not
 * track, or was not restored, does nothing.
 */
int mz_since_restored(struct mz_vm *vm, struct mz_failure *failure);

/* Opens the last snapshot, to be the next one's parent. */
int mz_since_open(const struct mz_vm *vm, struct mz_snapshot **parent, struct mz_failure *failure);

/* Collects what was written; from the first snapshot on. */
int mz_since_collect(struct mz_vm *vm, struct mz_failure *failure);

/* The last snapshot is this now, if it matters: `path` was made by malloc(), and is taken. */
void mz_since_advance(struct mz_vm *vm, char *path, const struct mz_snapshot_id *id);

void mz_since_end(struct mz_since *since);

#endif
