/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Copies of pages that workers make for writes to what clones may have, too. A copy is old once its
 * page was let be written or taken, even if it is there as before. Whoever lets it be written as it
 * is says so before; who lets another copy be written, or takes the page, says so before that can
 * be undone. It is said under the list lock, and under that a copy takes the page's place.
 */
#ifndef MZ_EPT_COPIES_H
#define MZ_EPT_COPIES_H

#include "ept/space.h"

static inline void copies_begin(struct mz_space *space, struct mz_worker *worker, uint64_t page)
{
	mz_lock_acquire(&space->list_lock);
	worker->copying = page + 1;
	mz_lock_release(&space->list_lock);
}

/* The list lock is held. */
static inline void copies_spoil_locked(struct mz_space *space, uint64_t first, uint64_t last)
{
	for (struct mz_worker *worker = space->workers; worker != NULL; worker = worker->next)
		if (worker->copying > first && worker->copying - 1 <= last)
			worker->copying = 0;
}

static inline void copies_spoil(struct mz_space *space, uint64_t first, uint64_t last)
{
	mz_lock_acquire(&space->list_lock);
	copies_spoil_locked(space, first, last);
	mz_lock_release(&space->list_lock);
}

#endif
