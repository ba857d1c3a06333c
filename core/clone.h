/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Clones: tables that share nodes until one of them changes what is in them.
 *
 * A node with several owners is shared, and so is all below it. Nobody changes it, and nobody may
 * write through it: every link or leaf by which it is reached forbids that. Before a table changes
 * what it maps at an address, it makes the way there its own, by copies of the nodes that are
 * shared. What is left to a last owner is its own again. But a table that has shared nodes once
 * locks every node of what it unmaps from then on.
 *
 * Who makes a clone sees to it that no call that changes the table is under way, and before any
 * such call on a table that shares, calls mz_table_own() for the range: with `all`, unless all that
 * it does is to unmap. Tables that share nodes have the same memory, item and RCU hooks; each
 * flushes for itself. A gather must be given, and finished by the caller.
 */
#ifndef MZ_CORE_CLONE_H
#define MZ_CORE_CLONE_H

#include "core/gather.h"
#include "core/reserve.h"
#include "core/table.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Makes `clone` a table that maps what `table` does, and takes the permission to write from both.
 * Where the format is hierarchical, that costs a copy of the root, whatever is mapped; elsewhere a
 * look at every leaf. The clone gets the configuration of the table but for `flush`, which names
 * the caches of the clone's own users. What `gather` owes, of the table, is flushed before the
 * clone is used. MZ_BAD_ROOT: the root's nodes are fixed. MZ_NO_MEMORY: no root.
 */
MZ_MUST_CHECK enum mz_error mz_table_clone(struct mz_table *clone, struct mz_table *table,
					   const struct mz_flush *flush, struct mz_gather *gather);

/*
 * Makes the nodes on the ways to [ia, ia + bytes) the table's own: those that the range has only a
 * part of, or with `all` every one. Copies come from the gather's reserve first. What the gather
 * owes is flushed if there are copies. MZ_MISALIGNED, MZ_OUT_OF_RANGE. MZ_NO_MEMORY: some are its
 * own, which changes nothing.
 */
MZ_MUST_CHECK enum mz_error mz_table_own(struct mz_table *table, mz_ia ia, uint64_t bytes, bool all,
					 struct mz_gather *gather);

/*
 * Maps the frame `to` where the page `from` is mapped at ia, with the same properties: what a copy
 * of a page is put in by. A larger leaf around it is split. The old frame is in the gather, the new
 * one taken. MZ_MISALIGNED, MZ_OUT_OF_RANGE. MZ_NOT_MAPPED: the page is not mapped there, no more,
 * or may be written: then it is more than what was copied. MZ_NO_MEMORY: the split needs a node.
 */
MZ_MUST_CHECK enum mz_error mz_table_exchange(struct mz_table *table, mz_ia ia, mz_oa from,
					      mz_oa to, struct mz_gather *gather);

#ifdef __cplusplus
}
#endif

#endif
