/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What a table is made from: a format, the hardware's part of it, and the embedder's hooks.
 *
 * Hooks may be called with locks of nodes and of a space held, and inside a reader's section: they
 * do not call back into the table or a space over it, and do not wait for readers.
 */
#ifndef MZ_CORE_CONFIG_H
#define MZ_CORE_CONFIG_H

#include "core/format.h"
#include "core/frame.h"

struct mz_table;

/*
 * Mapped items. `take` is called once for every leaf that a table begins to map, `put` once for
 * every leaf that it ceases to map, after the flush. A split or a changed permission calls neither:
 * 512 leaves of one level are the same memory as one of the level above, and what was taken as one
 * may be put in pieces; `level` gives each its size. Both NULL: an untracked table, which owns no
 * reference.
 */
struct mz_items {
	void *context;
	void (*take)(void *context, struct mz_item item);
	void (*put)(void *context, struct mz_item item);
};

/*
 * Read-copy-update. Readers run between `enter` and `leave`; `retire` gets cut nodes (a list, see
 * mz_table_reclaim()) and hands them to mz_table_reclaim() when every reader that was inside has
 * left. `wait` returns when every reader that was inside has left; it is called outside of readers'
 * sections, by those who need it alone: see ept/space.h. All NULL: one thread at a time uses the
 * table, and cut nodes are freed at once. With MZ_UNIPROCESSOR there are no readers, and `enter`
 * and `leave` are not called.
 */
struct mz_rcu {
	void *context;
	void (*enter)(void *context);
	void (*leave)(void *context);
	void (*retire)(void *context, struct mz_table *table, uint32_t nodes);
	void (*wait)(void *context);
};

/*
 * Translation caches. `range` drops every cached translation of ia in [first, last]; with `nodes`,
 * cached upper entries (paging-structure caches) too. It is called before any frame or node of the
 * range is given back, and where the format has `break_before_make`, before what was taken out of
 * an entry can be followed by something else. NULL: nothing caches this table.
 */
struct mz_flush {
	void *context;
	void (*range)(void *context, mz_ia first, mz_ia last, bool nodes);
};

struct mz_config {
	const struct mz_format *format;
	uint32_t leaf_levels; /* bit L: the hardware has leaves at level L; 0: all that the format
				 has */
	uint32_t features; /* enum mz_feature that the hardware has; those unknown to the format are
			      refused */
	uint8_t oa_lg2;    /* the hardware's output addresses; 0: as wide as the format's */
	uint16_t root_first; /* the root entries that this table manages: [root_first, root_end) */
	uint16_t root_end; /* 0: up to the last. Entries outside are never touched and never dropped
			    */
	bool root_fixed;   /* a node linked from the root stays, even when it is empty */
	struct mz_memory memory;
	struct mz_items items;
	struct mz_rcu rcu;
	struct mz_flush flush;
};

static inline unsigned mz_oa_lg2(const struct mz_config *c)
{
	return c->oa_lg2 != 0 ? c->oa_lg2 : c->format->oa_lg2;
}

#endif
