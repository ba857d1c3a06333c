/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Read-copy-update in a process: the rcu hooks on liburcu, in its flavour that needs no
 * registration of threads (bp). Retiring allocates nothing and never waits.
 */
#ifndef MZ_ARCH_LINUX_RCU_H
#define MZ_ARCH_LINUX_RCU_H

#include <pthread.h>

#include "core/env.h"
#include "core/table.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The hooks for one table and its clones. Cut nodes wait in a list until the grace period before
 * them is over; then theirs begins, for all of them at once.
 */
struct mz_urcu {
	struct mz_rcu hooks; /* ready for a mz_config */
	pthread_mutex_t mutex;
	struct mz_urcu_job *job; /* what liburcu calls when a grace period is over */
	struct mz_table table;   /* made as the last one that retired nodes, which may be gone */
	uint32_t waiting;        /* nodes whose grace period has not begun */
	uint32_t retired;        /* nodes whose grace period runs, or that are being reclaimed */
};

/* MZ_NO_MEMORY. */
MZ_MUST_CHECK enum mz_error mz_urcu_init(struct mz_urcu *urcu);

/*
 * Waits until all nodes that were retired before this call are reclaimed, but for those that
 * several clones still give up one after the other: they need none of the tables any more, only
 * the memory, and the hooks for items. Not inside a reader's section, and not from a hook. Call it
 * before mz_table_destroy() of each table.
 */
void mz_urcu_barrier(struct mz_urcu *urcu);

/* Waits for all nodes. No reader and no change may be under way, or come after this. */
void mz_urcu_destroy(struct mz_urcu *urcu);

#ifdef __cplusplus
}
#endif

#endif
