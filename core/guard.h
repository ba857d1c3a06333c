/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Guards: the proof that this processor holds a node's lock. For who works on single nodes; the
 * table's operations and cursors lock for themselves.
 *
 * A node is locked inside a reader's section, or while the caller owns a reference to it. Locks of
 * several nodes are taken a parent before its children, an earlier child before a later one. Who
 * holds several holds that of the lowest node above them all, too. With a guard held, no operation
 * that locks is called, and there is no cursor.
 */
#ifndef MZ_CORE_GUARD_H
#define MZ_CORE_GUARD_H

#include "core/child.h"
#include "core/table.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mz_guard {
	struct mz_table *table;
	struct mz_node_ref node;
};

/*
 * Waits for the node's lock and takes it: what its last holder wrote is seen. The node may be stray
 * then, cut or about to be: the caller gives all its guards back, and begins again at the root. A
 * node that is found again there is cut once the lock of the node above it can be had.
 */
struct mz_guard mz_guard_lock(struct mz_table *table, struct mz_node_ref node);

/*
 * A guard for a lock that the caller holds already, and for which no other guard lives: one that
 * was given away by mz_guard_forget(). With MZ_DEBUG a second guard is a trap.
 */
struct mz_guard mz_guard_adopt(struct mz_table *table, struct mz_node_ref node);

/* Ends the guard without unlocking. */
struct mz_node_ref mz_guard_forget(struct mz_guard *guard);

/* Unlocks: whoever locks next sees every change. */
void mz_guard_unlock(struct mz_guard *guard);

/* The number of entries that are not absent. */
static inline unsigned mz_guard_child_count(const struct mz_guard *guard)
{
	MZ_ASSERT(mz_guard_held_(guard));
	return guard->node.frame->child_count;
}

/*
 * Was the node stray when its lock was taken? Asked at once: later, it may also be said of a node
 * that somebody is about to cut, and waits for the guard's end to do so. What was done under the
 * guard holds, and comes before the cut.
 */
static inline bool mz_guard_is_stray(const struct mz_guard *guard)
{
	MZ_ASSERT(mz_guard_held_(guard));
	return mz_frame_stray(guard->node.frame);
}

/* The node has been cut from its parent. It never comes back. */
static inline void mz_guard_set_stray(struct mz_guard *guard)
{
	MZ_ASSERT(mz_guard_held_(guard));
	mz_frame_estrange(guard->node.frame, guard->node.level);
}

/*
 * Reads the entry at `index`, which is inside the node. No reference is taken: the entry goes on
 * owning its child. It is what was written last, but for bits that hardware sets.
 */
static inline uint64_t mz_guard_read(const struct mz_guard *guard, unsigned index)
{
	MZ_ASSERT(mz_guard_held_(guard) &&
		  index < mz_entry_count(guard->table->config.format, guard->node.level));
	return mz_load_relaxed(&guard->node.slots[index]);
}

/*
 * Writes the entry at `index`, which is inside the node: whoever sees it sees what was written
 * before it. 1. `entry` is absent or a child that fits the node's level; 2. the node owns that
 * child from now on; 3. the old entry's child is not put: it is the caller's. child_count and
 * breaking are the caller's business too: mz_entry_replace() is the writer that sees to both.
 */
static inline void mz_guard_write(struct mz_guard *guard, unsigned index, uint64_t entry)
{
	MZ_ASSERT(mz_guard_held_(guard) &&
		  index < mz_entry_count(guard->table->config.format, guard->node.level));
	mz_store_release(&guard->node.slots[index], entry);
}

#ifdef __cplusplus
}
#endif

#endif
