/* SPDX-License-Identifier: MPL-2.0 */
/* Saving a machine to a snapshot, and making one from it. See vmm/snapshot/. */
#ifndef MZ_VMM_MACHINE_SNAPSHOT_H
#define MZ_VMM_MACHINE_SNAPSHOT_H

#include "vmm/machine/vm.h"
#include "vmm/memory/lazy.h"
#include "vmm/snapshot/snapshot.h"
#include "vmm/snapshot/touches.h"

/* What a restored machine's memory comes from. */
struct mz_origin {
	const struct mz_snapshot *snapshot; /* NULL: the machine was not restored */
	struct mz_lazy lazy;
	const char *record_path; /* where the order of touches goes; NULL: nowhere */
	pthread_mutex_t mutex;   /* of the touches */
	struct mz_touches touches;
	struct mz_touches wanted; /* to be prefetched */
	/* One: in a memory file, the kernel lets one write at a time, and the guest runs, too. */
	pthread_t prefetcher;
	bool prefetching; /* it has begun, and was not waited for */
	int over;         /* atomic: it is to end */
	bool told_unread; /* its own: it was told that it can't read something */
};

/*
 * While all vCPUs are held and the virtio devices are stopped. Of `saved`, all but the time is
 * filled in.
 */
int mz_vm_write_snapshot(struct mz_vm *vm, const struct mz_snapshot_request *request,
			 struct mz_saved *saved, struct mz_failure *failure);

/* Can the machine be saved, or cloned, and described? */
int mz_vm_check_kept(const struct mz_vm *vm, struct mz_failure *failure);

/* All memory comes in, of a machine that was restored; the run goes on if it can't. */
int mz_vm_bring_all(const struct mz_vm *vm, struct mz_failure *failure);

/* Ends what goes on behind a restored guest, and writes what was to be recorded. */
int mz_origin_stop(struct mz_vm *vm, struct mz_failure *failure);
void mz_origin_destroy(struct mz_vm *vm);

#endif
