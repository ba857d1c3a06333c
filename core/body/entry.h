/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The one place that changes entries and child counts. The legal transitions, each under the node's
 * lock:
 *
 *   absent -> leaf      entries_map
 *   absent -> node      entry_link: the node's entries are filled first, then the link is released
 *   leaf   -> absent    entries_clear
 *   leaf   -> leaf      entry_protect: other permissions, same oa
 *   leaf   -> node      entry_split: the node translates as the leaf did, but for the range being
 * changed node   -> absent    entry_unlink
 */
#ifndef MZ_CORE_BODY_ENTRY_H
#define MZ_CORE_BODY_ENTRY_H

#include "core/gather.h"
#include "core/node.h"

/* The instance's format: a constant that folds away, or the table's own. */
static inline const struct mz_format *format_of(const struct mz_table *table)
{
	(void)table;
	return &MZ_INSTANCE_FORMAT;
}

/* May the MMU write entries of this table at any moment? */
static inline bool mmu_writes(const struct mz_table *table)
{
	return (table->config.features & MZ_HW_ACCESSED_DIRTY) != 0;
}

static inline struct mz_item item_of(const struct mz_format *f, uint64_t entry, unsigned level)
{
	struct mz_item item = {f->oa(entry, level), f->prop(entry, level), (uint8_t)level};

	return item;
}

/* Leaves for the absent entries [begin, end), for consecutive output addresses from oa. */
static inline void entries_map(struct mz_table *table, struct mz_node_ref node, unsigned begin,
			       unsigned end, uint64_t oa, struct mz_prop prop)
{
	const struct mz_format *f = format_of(table);
	const struct mz_items *items = &table->config.items;
	uint64_t span = mz_span(f, node.level);

	for (unsigned i = begin; i < end; i++, oa += span) {
		struct mz_item item = {mz_oa_from(oa), prop, (uint8_t)node.level};

		if (items->take != NULL)
			items->take(items->context, item);
		mz_store_relaxed(&node.slots[i], f->make_leaf(item.oa, node.level, prop));
	}
	node.frame->child_count = (uint16_t)(node.frame->child_count + (end - begin));
}

/* Hangs a filled node into an absent entry. Its children are seen by whoever sees the link. */
static inline void entry_link(struct mz_table *table, struct mz_node_ref node, unsigned index,
			      mz_oa child)
{
	mz_store_release(&node.slots[index], format_of(table)->make_node(child, node.level));
	node.frame->child_count++;
}

static inline void entry_unlink(struct mz_table *table, struct mz_node_ref node, unsigned index)
{
	mz_store_relaxed(&node.slots[index], format_of(table)->absent);
	node.frame->child_count--;
}

/*
 * Clears the leaves among the entries [begin, end), none of which is a link. `first` is the address
 * that entry `begin` maps. What goes is in the gather for its flush, and after it for the item
 * hook.
 */
static inline void entries_clear(struct mz_table *table, struct mz_node_ref node, unsigned begin,
				 unsigned end, uint64_t first, struct mz_gather *gather)
{
	const struct mz_format *f = format_of(table);
	uint64_t span = mz_span(f, node.level);
	bool atomic = mmu_writes(table);
	bool tracked = table->config.items.put != NULL;
	unsigned cleared = 0;

	for (unsigned i = begin; i < end; i++, first += span) {
		uint64_t entry = mz_load_relaxed(&node.slots[i]);

		if (f->kind(entry, node.level) == MZ_ABSENT)
			continue;
		if (atomic)
			entry = mz_exchange(&node.slots[i], f->absent);
		else
			mz_store_relaxed(&node.slots[i], f->absent);
		cleared++;
		mz_gather_range_(gather, first, first + (span - 1));
		if (tracked)
			mz_gather_item_(gather, item_of(f, entry, node.level));
	}
	node.frame->child_count = (uint16_t)(node.frame->child_count - cleared);
}

/*
 * Other permissions for one leaf. Bits that the MMU sets meanwhile survive. True: some permission
 * was taken away.
 */
static inline bool entry_protect(struct mz_table *table, struct mz_node_ref node, unsigned index,
				 uint64_t entry, unsigned perm)
{
	const struct mz_format *f = format_of(table);
	unsigned before = f->prop(entry, node.level).perm;

	if (before == perm)
		return false;
	if (mmu_writes(table)) {
		while (!mz_replace(&node.slots[index], &entry,
				   f->with_perm(entry, node.level, perm)))
			;
	} else {
		mz_store_relaxed(&node.slots[index], f->with_perm(entry, node.level, perm));
	}
	return (before & ~perm) != 0;
}

/*
 * Replaces the leaf `*entry` by a node that was filled from it. False: the MMU has changed the leaf
 * meanwhile; `*entry` is what it holds now, and the node must be filled anew.
 */
static inline bool entry_split(struct mz_table *table, struct mz_node_ref node, unsigned index,
			       mz_oa child, uint64_t *entry)
{
	return mz_replace(&node.slots[index], entry,
			  format_of(table)->make_node(child, node.level));
}

#endif
