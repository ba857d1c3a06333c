/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Who wants to know what is written: migration, snapshots, a display, a reset, each a consumer with
 * an epoch of its own. What one collects, no other loses.
 *
 * Memory of the space may be written only after a fault, or a log, has told of it; a consumer's
 * collection takes that permission away again, flushes, and hands out what was told of until then.
 * So a write that a collection does not hand out comes in the next one. Where the table has
 * hardware's dirty flags, these are asked instead.
 */
#ifndef MZ_EPT_DIRTY_H
#define MZ_EPT_DIRTY_H

#include "ept/pages.h"
#include "ept/space.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mz_dirty {
	struct mz_space *space;
	struct mz_dirty *next;
	struct mz_pages written; /* told of since it was collected */
	struct mz_pages taken;   /* collected, not committed */
};

/*
 * A log that hardware or a host keeps (page-modification logging, a dirty ring) knows of every
 * write of the guest from now on, and its owner tells what it says by mz_space_written() before a
 * consumer collects. So faults tell of nothing, and nothing is protected or split before it is
 * written. Nobody consumes yet, and no fault is under way.
 */
void mz_space_log_writes(struct mz_space *space);

/*
 * Begins an epoch: what is written from now on is told to this consumer. `leaf_level`: leaves above
 * it are split before they are written, so that no more is told; 0: leaves stay as they are. The
 * last to start decides for all. MZ_BAD_LEVEL: the table has no leaves of that level. MZ_NO_MEMORY:
 * nothing has begun. Not from inside a reader's section.
 */
MZ_MUST_CHECK enum mz_error mz_dirty_start(struct mz_dirty *dirty, struct mz_space *space,
					   unsigned leaf_level);

/* Ends it; what was told is forgotten. Not from inside a reader's section. */
void mz_dirty_stop(struct mz_dirty *dirty);

/*
 * Collects what was written in [ia, ia + bytes) until now; when this returns, nothing of it can be
 * written that is not told of anew, if the gathers of changes before it are finished. What is
 * collected adds up until it is committed or put back. Waits for a change that is prepared, so
 * who has prepared one does not call it; nor from inside a reader's section. MZ_MISALIGNED,
 * MZ_OUT_OF_RANGE as mz_table_write_protect(). MZ_NO_MEMORY: a part was collected; the rest will be
 * by the next call.
 */
MZ_MUST_CHECK enum mz_error mz_dirty_collect(struct mz_dirty *dirty, mz_ia ia, uint64_t bytes);

/*
 * Calls `range` for each run of collected pages in [ia, ia + bytes), which begins and ends with a
 * page, in order; false from it ends that. The cost is that of what was written, not of what there
 * is.
 */
bool mz_dirty_each(const struct mz_dirty *dirty, mz_ia ia, uint64_t bytes,
		   bool (*range)(void *context, mz_ia ia, uint64_t bytes), void *context);

/* The same as a bitmap: bit n of `words` is page n from ia on. */
void mz_dirty_bitmap(const struct mz_dirty *dirty, mz_ia ia, uint64_t bytes, uint64_t *words);

/* The consumer has dealt with all that it collected. */
void mz_dirty_commit(struct mz_dirty *dirty);

/* It has not: all that it collected is written still. MZ_NO_MEMORY: a part is collected still. */
MZ_MUST_CHECK enum mz_error mz_dirty_put_back(struct mz_dirty *dirty);

/*
 * [ia, ia + bytes) has been written, past the table: by a device, by the hypervisor itself, or as a
 * log says that hardware or a host keeps (page-modification logging, a dirty ring). All consumers
 * are told of each page that it has a part of. A processor logs a leaf's first write alone, so all
 * of the leaf is to be told of. MZ_OUT_OF_RANGE: empty, wraps, or beyond the table. MZ_NO_MEMORY:
 * tell again.
 */
MZ_MUST_CHECK enum mz_error mz_space_written(struct mz_space *space, mz_ia ia, uint64_t bytes);

#ifdef __cplusplus
}
#endif

#endif
