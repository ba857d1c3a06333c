/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The software walker: what an MMU would do, step by step. Slow, obvious, and apart from the
 * algorithms it checks.
 */
#ifndef MZ_CORE_WALK_H
#define MZ_CORE_WALK_H

#include "core/table.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One entry that the walk has read. */
struct mz_walk_step {
	mz_oa node; /* physical address of the node */
	unsigned level;
	unsigned index;
	uint64_t entry;
	enum mz_kind kind;
	struct mz_prop prop; /* of the entry; all 0 where it is absent */
};

struct mz_walk {
	unsigned step_count;
	struct mz_walk_step steps[MZ_LEVELS_MAX]; /* from the root down */
	struct mz_item item; /* the result; `prop.perm` narrowed by all links; `level` 0: nothing is
				mapped */
};

/*
 * Walks `table` for ia. MZ_OUT_OF_RANGE where the table does not reach; MZ_NOT_MAPPED with the
 * steps up to the hole.
 */
enum mz_error mz_table_walk(const struct mz_table *table, mz_ia ia, struct mz_walk *walk);

/*
 * The same for a tree whose root is at `root`, in nodes that `node_at` finds; NULL from it ends the
 * walk as a hole. For tables that this library did not build, such as a guest's own.
 */
enum mz_error mz_walk_root(const struct mz_format *format, mz_oa root,
			   const uint64_t *(*node_at)(void *context, mz_oa node, size_t bytes),
			   void *context, mz_ia ia, struct mz_walk *walk);

#ifdef __cplusplus
}
#endif

#endif
