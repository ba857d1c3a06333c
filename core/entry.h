/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Entries: single slots of a locked node. Flushing is the caller's: what an entry has mapped may be
 * cached until then, so a child that comes out of an entry is put after the flush, and a node after
 * a grace period too.
 *
 * Where the format has `break_before_make`, an entry that was made absent is flushed by the caller
 * before it, or the node's lock, is used again. What replaces one present child by another breaks
 * and flushes by itself, and since a node does not know its addresses, all that the table manages:
 * to make the entry absent first and flush what it mapped costs less.
 */
#ifndef MZ_CORE_ENTRY_H
#define MZ_CORE_ENTRY_H

#include "core/guard.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mz_entry {
	struct mz_guard *guard; /* borrowed */
	unsigned index;
	uint64_t entry; /* as it was read last */
};

/* The entry at `index`. MZ_OUT_OF_RANGE: the node has no such entry. */
MZ_MUST_CHECK enum mz_error mz_entry_at(struct mz_guard *guard, unsigned index,
					struct mz_entry *entry);

/* What the entry is, and what it refers to, without taking a reference. */
enum mz_kind mz_entry_kind(const struct mz_entry *entry);
struct mz_child_ref mz_entry_child(const struct mz_entry *entry);

/*
 * Puts `child` where another was: takes over what it owns, and hands what was there to `old` with
 * its ownership, accessed and dirty flags as hardware left them. Errors as for
 * mz_child_into_entry(): nothing is taken over then.
 */
MZ_MUST_CHECK enum mz_error mz_entry_replace(struct mz_entry *entry, struct mz_child child,
					     struct mz_child *old);

/*
 * Hangs a new node into an absent entry and hands it out locked. MZ_OCCUPIED: not absent.
 * MZ_BAD_LEVEL: level 1 has no nodes below. MZ_NO_MEMORY.
 */
MZ_MUST_CHECK enum mz_error mz_entry_alloc_if_absent(struct mz_entry *entry,
						     struct mz_guard *child);

/*
 * Replaces a leaf above level 1 by a node of leaves with the same translation and properties,
 * handed out locked. Accessed and dirty flags are carried, those that hardware sets meanwhile too.
 * MZ_NOT_MAPPED: not a leaf. MZ_BAD_LEVEL: the level below has no leaves. MZ_NO_MEMORY.
 */
MZ_MUST_CHECK enum mz_error mz_entry_split(struct mz_entry *entry, struct mz_guard *child);

/*
 * Gives a leaf the permissions `perm`; bits that hardware sets meanwhile are kept. MZ_NOT_MAPPED:
 * not a leaf. MZ_NOT_ENCODABLE.
 */
MZ_MUST_CHECK enum mz_error mz_entry_protect(struct mz_entry *entry, unsigned perm);

#ifdef __cplusplus
}
#endif

#endif
