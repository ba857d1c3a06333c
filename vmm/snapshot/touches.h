/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The order in which a restored guest touched its pages for the first time, as a file: whoever
 * restores the same snapshot again can have these pages in place before they are missed. The format
 * is in docs/snapshot-format.md. Statuses are those of vmm/snapshot/snapshot.h.
 */
#ifndef MZ_VMM_TOUCHES_H
#define MZ_VMM_TOUCHES_H

#include "vmm/snapshot/snapshot.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Begins as {0}. Locks are the caller's. */
struct mz_touches {
	struct mz_page_run *runs;
	size_t count, room;
};

/* Adds what was touched next; 0, or -1: no memory, and nothing has changed. */
int mz_touches_add(struct mz_touches *touches, uint64_t first, uint64_t count);

void mz_touches_free(struct mz_touches *touches);

/*
 * Writes a file, which gets its name when all of it is on the disk. MZ_STATUS_BAD_ARGUMENT: there
 * are more runs than the snapshot has pages.
 */
int mz_touches_write(const struct mz_touches *touches, const struct mz_snapshot *snapshot,
		     const char *path, struct mz_failure *failure);

/*
 * Reads one, which is to be freed then. MZ_STATUS_BAD_IMAGE also where it was written for another
 * snapshot.
 */
int mz_touches_read(struct mz_touches *touches, const struct mz_snapshot *snapshot,
		    const char *path, struct mz_failure *failure);

#ifdef __cplusplus
}
#endif

#endif
