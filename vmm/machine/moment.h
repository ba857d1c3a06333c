/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Clones: a machine at a moment, and any number of machines that go on from there. They share their
 * memory copy-on-write, with each other and with the first, which goes on, too. What is mapped is
 * moved away by the first moment, and unmapped when the guest goes on; each later one copies what
 * was written since, and reads 8 bytes a page of what was touched to find it. A clone costs what it
 * touches.
 *
 *	mz_vm_freeze(vm, &moment, &held_ns, &failure)	in a call of a machine that runs
 *	mz_moment_config(&moment, &description, &failure)
 *	mz_vm_clone(&clone, &moment, &description.config, &failure)
 *	mz_vm_run(clone, ...)
 *
 * or, to save the machine without holding it for as long as that takes:
 *
 *	mz_moment_save(&moment, &request, &saved, &failure)
 *
 * A moment is nothing but descriptors: whoever gets them can make a clone, also in another process,
 * and the first machine may be gone by then. Nobody can write to memory through them.
 */
#ifndef MZ_VMM_MOMENT_H
#define MZ_VMM_MOMENT_H

#include "vmm/machine/description.h"
#include "vmm/machine/vm.h"
#include "vmm/memory/frozen.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mz_moment {
	struct mz_frozen memory;
	int parts; /* a file: the description of the machine, and its state */
};

/*
 * The machine as it is now, running or paused, which then goes on; only from `key` and calls. Until
 * mz_moment_close() the moment is the caller's. `held_ns`: for so long the guest was held.
 * MZ_STATUS_BAD_ARGUMENT: the machine has shares, further banks, huge pages, or a socket
 * device. MZ_STATUS_HOST_FAILED: the guest can't be held, or the host has no memory or descriptors.
 *
 * From the first time on, what the guest writes goes to pages of its own. One that was restored
 * gets all of its memory first.
 */
int mz_vm_freeze(struct mz_vm *vm, struct mz_moment *moment, uint64_t *held_ns,
		 struct mz_failure *failure);
void mz_moment_close(struct mz_moment *moment);

/*
 * What kind of machine it is: the caller fills in what a run decides, may choose other devices of
 * the same kinds, and ends it with mz_description_free(), after the machine that is made from it.
 * Files that the first machine writes to are named, too, and two machines that write to one disk
 * destroy it. MZ_STATUS_BAD_IMAGE: it is no moment of a machine, or one of another version.
 */
int mz_moment_config(const struct mz_moment *moment, struct mz_description *description,
		     struct mz_failure *failure);

/* In place of mz_vm_create() and mz_vm_load(), with their errors, and MZ_STATUS_BAD_IMAGE. */
int mz_vm_clone(struct mz_vm **clone, const struct mz_moment *moment,
		const struct mz_vm_config *config, struct mz_failure *failure);

/*
 * Saves the machine as it was then, while the first one goes on, or is gone: what mz_vm_snapshot()
 * would have saved. It is a full snapshot, and none that an incremental one of the first machine
 * follows. Of `saved`, all but `held_ns` is filled in. MZ_STATUS_BAD_ARGUMENT: an incremental one
 * is asked for, or a disk is gone. MZ_STATUS_BAD_IMAGE: it is no moment of a machine, or one of
 * another version. MZ_STATUS_HOST_FAILED: it can't be written, or what a disk holds not be kept.
 */
int mz_moment_save(const struct mz_moment *moment, const struct mz_snapshot_request *request,
		   struct mz_saved *saved, struct mz_failure *failure);

#ifdef __cplusplus
}
#endif

#endif
