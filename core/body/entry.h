/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The one place that changes entries and child counts. The legal transitions, each under the node's
 * lock:
 *
 *   absent -> leaf      entries_map
 *   absent -> node      entry_link: the node's entries are filled first, then the link is released
 *   leaf   -> absent    entries_clear
 *   leaf   -> leaf      entries_protect: other permissions, same oa
 *   leaf   -> node      entry_split: the node translates as the leaf did, but for what changes
 *   node   -> absent    entry_unlink
 *   any    -> any       entry_replace, for who works on single entries: the caller owns what was
 * there
 *
 * Where the table breaks before it makes, an entry is absent and flushed in between whenever more
 * changes than permissions: entry_split sees to it by itself; what was cleared or unlinked is
 * flushed before the node's lock is given back (settle), so that nobody can map there earlier.
 */
#ifndef MZ_CORE_BODY_ENTRY_H
#define MZ_CORE_BODY_ENTRY_H

#include "core/gather.h"
#include "core/node.h"

/* The instance's format: a constant that folds away, or without one the configuration's own. */
MZ_INLINE const struct mz_format *format_in(const struct mz_config *c)
{
#ifdef MZ_INSTANCE_FORMAT
	(void)c;
	return &MZ_INSTANCE_FORMAT;
#else
	return c->format;
#endif
}

MZ_INLINE const struct mz_format *format_of(const struct mz_table *table)
{
	return format_in(&table->config);
}

/* May the MMU write entries of this table at any moment? */
MZ_INLINE bool mmu_writes(const struct mz_table *table)
{
	return (table->config.features & MZ_HW_ACCESSED_DIRTY) != 0;
}

/* Must what an entry has said be flushed before it says something else? */
MZ_INLINE bool breaks(const struct mz_table *table)
{
	return format_of(table)->break_before_make && table->config.flush.range != NULL;
}

/* Before a lock is given back, or an entry that was cleared under it is used again. */
MZ_INLINE void settle(const struct mz_table *table, struct mz_gather *gather)
{
	if (breaks(table))
		mz_gather_flush_(gather);
}

MZ_INLINE struct mz_item item_of(const struct mz_format *f, uint64_t entry, unsigned level)
{
	return mz_item_pack(f->oa(entry, level), f->prop(entry, level), level);
}

MZ_INLINE void add_children(struct mz_frame *frame, unsigned count)
{
	frame->child_count = (uint16_t)(frame->child_count + count);
}

/*
 * Leaves for the absent entries [begin, end), for consecutive output addresses from oa. Whoever
 * sees a leaf sees what was written to its memory before.
 */
MZ_INLINE void entries_map(struct mz_table *table, struct mz_node_ref node, unsigned begin,
			   unsigned end, uint64_t oa, struct mz_prop prop)
{
	const struct mz_format *f = format_of(table);

	add_children(node.frame, end - begin);
	for (unsigned i = begin; i < end; i++, oa += mz_span(f, node.level))
		mz_store_release(&node.slots[i], f->make_leaf(mz_oa_from(oa), node.level, prop));
}

/* The same for a node that is not linked yet, whose entries [begin, end) hold nothing. */
MZ_INLINE void entries_fill(struct mz_table *table, struct mz_node_ref node, unsigned begin,
			    unsigned end, uint64_t oa, struct mz_prop prop)
{
	const struct mz_format *f = format_of(table);
	uint64_t span = mz_span(f, node.level);
	unsigned i = begin;

	add_children(node.frame, end - begin);
	/* By eights, which leaves nothing but stores to wait for. */
	for (; end - i >= 8; i += 8, oa += 8 * span) {
		MZ_UNROLL
		for (unsigned k = 0; k < 8; k++)
			mz_slot_fill(&node.slots[i + k],
				     f->make_leaf(mz_oa_from(oa + k * span), node.level, prop));
	}
	for (; i < end; i++, oa += span)
		mz_slot_fill(&node.slots[i], f->make_leaf(mz_oa_from(oa), node.level, prop));
}

/* Hangs a filled node into an absent entry. Its children are seen by whoever sees the link. */
MZ_INLINE void entry_link(struct mz_table *table, struct mz_node_ref node, unsigned index,
			  mz_oa child)
{
	mz_store_release(&node.slots[index], format_of(table)->make_node(child, node.level));
	add_children(node.frame, 1);
}

MZ_INLINE void entry_unlink(struct mz_table *table, struct mz_node_ref node, unsigned index)
{
	mz_store_relaxed(&node.slots[index], format_of(table)->absent);
	node.frame->child_count--;
}

/* How many entries from `begin` on, `entry` the first, continue one another as leaves. */
static inline unsigned run_length(const struct mz_table *table, struct mz_node_ref node,
				  unsigned begin, unsigned end, struct mz_item item)
{
	const struct mz_format *f = format_of(table);
	uint64_t oa = item.oa.addr;
	unsigned i = begin;

	do {
		i++;
		oa += mz_span(f, node.level);
	} while (i < end &&
		 mz_load_relaxed(&node.slots[i]) ==
			 f->make_leaf(mz_oa_from(oa), node.level, item.prop));
	return i - begin;
}

/* Tells who asked of the leaves among the entries [begin, end), run by run. */
static inline void report_unmapped(const struct mz_table *table, struct mz_node_ref node,
				   unsigned begin, unsigned end, uint64_t first,
				   struct mz_gather *gather)
{
	const struct mz_format *f = format_of(table);

	while (begin < end) {
		uint64_t entry = mz_load_relaxed(&node.slots[begin]);
		unsigned count = 1;

		if (f->kind(entry, node.level) == MZ_LEAF) {
			struct mz_item item = item_of(f, entry, node.level);

			count = run_length(table, node, begin, end, item);
			gather->unmapped(gather->context, mz_ia_from(first), item, count);
		}
		begin += count;
		first += count * mz_span(f, node.level);
	}
}

/* Does somebody want to hear what the MMU has set in a leaf up to its end? */
MZ_INLINE bool reports_flags(const struct mz_table *table, const struct mz_gather *gather)
{
	return gather->unmapped != NULL && mmu_writes(table);
}

/* Gathers a leaf that was cleared, item and flush together: a full gather flushes in between. */
static inline void put_item(const struct mz_table *table, unsigned level, uint64_t addr,
			    uint64_t entry, struct mz_gather *gather)
{
	const struct mz_format *f = format_of(table);

	mz_gather_range_(gather, addr, mz_span_last(f, addr, level));
	mz_gather_item_(gather, item_of(f, entry, level));
}

/*
 * Clears the leaves among the entries [begin, end), none of which is a link. `first` is the address
 * that entry `begin` maps. What goes is in the gather for its flush, and after it for the item
 * hook. Answers the last entry as it was in the end.
 */
MZ_INLINE uint64_t entries_clear(struct mz_table *table, struct mz_node_ref node, unsigned begin,
				 unsigned end, uint64_t first, struct mz_gather *gather)
{
	const struct mz_format *f = format_of(table);
	bool atomic = mmu_writes(table);
	bool tracked = table->config.items.put != NULL;
	bool reported = reports_flags(table, gather);
	uint64_t entry = f->absent;
	unsigned cleared = 0;

	if (MZ_UNLIKELY(gather->unmapped != NULL) && !atomic)
		report_unmapped(table, node, begin, end, first, gather);
	for (unsigned i = begin; i < end; i++) {
		entry = mz_load_relaxed(&node.slots[i]);
		if (f->kind(entry, node.level) == MZ_ABSENT)
			continue;
		if (atomic)
			entry = mz_exchange(&node.slots[i], f->absent);
		else
			mz_store_relaxed(&node.slots[i], f->absent);
		cleared++;
		if (MZ_UNLIKELY(reported))
			gather->unmapped(gather->context,
					 mz_ia_from(first + (i - begin) * mz_span(f, node.level)),
					 item_of(f, entry, node.level), 1);
		if (MZ_UNLIKELY(tracked))
			put_item(table, node.level, first + (i - begin) * mz_span(f, node.level),
				 entry, gather);
	}
	if (cleared > 0 && !tracked)
		mz_gather_range_(gather, first,
				 first + ((end - begin) * mz_span(f, node.level) - 1));
	node.frame->child_count = (uint16_t)(node.frame->child_count - cleared);
	return entry;
}

/*
 * The leaf with other permissions. With `atomic`, bits that the MMU sets meanwhile survive. Answers
 * the leaf as it was last.
 */
MZ_INLINE uint64_t entry_protect(const struct mz_format *f, struct mz_node_ref node, unsigned index,
				 uint64_t entry, unsigned perm, bool atomic)
{
	if (atomic)
		while (!mz_replace(&node.slots[index], &entry,
				   f->with_perm(entry, node.level, perm)))
			;
	else
		mz_store_relaxed(&node.slots[index], f->with_perm(entry, node.level, perm));
	return entry;
}

/* Other permissions for the leaves among the entries [begin, end). Answers those that they had. */
MZ_INLINE unsigned leaves_protect(const struct mz_format *f, struct mz_node_ref node,
				  unsigned begin, unsigned end, unsigned perm, bool atomic)
{
	unsigned seen = 0;

	MZ_UNROLL
	for (unsigned i = begin; i < end; i++) {
		uint64_t entry = mz_load_relaxed(&node.slots[i]);
		unsigned before;

		if (f->kind(entry, node.level) != MZ_LEAF)
			continue;
		before = f->prop(entry, node.level).perm;
		seen |= before;
		if (before != perm)
			entry_protect(f, node, i, entry, perm, atomic);
	}
	return seen;
}

/*
 * Does something that had permissions lose one by getting others? What may be written and not read
 * is a marker where the format has these, and has none.
 */
MZ_INLINE bool loses(unsigned before, unsigned perm)
{
	return (before & ~perm) != 0 || (before != 0 && (perm & (MZ_READ | MZ_WRITE)) == MZ_WRITE);
}

/* The same, atomic where it must be. True: some lost a permission. */
MZ_INLINE bool entries_protect(struct mz_table *table, struct mz_node_ref node, unsigned begin,
			       unsigned end, unsigned perm)
{
	const struct mz_format *f = format_of(table);

	unsigned seen = mmu_writes(table) ? leaves_protect(f, node, begin, end, perm, true)
					  : leaves_protect(f, node, begin, end, perm, false);

	return loses(seen, perm);
}

/* Input addresses that are to be flushed. */
struct stale {
	uint64_t first, last;
};

MZ_INLINE void flush_stale(const struct mz_table *table, struct stale stale, bool nodes)
{
	const struct mz_flush *flush = &table->config.flush;

	flush->range(flush->context, mz_ia_from(stale.first), mz_ia_from(stale.last), nodes);
}

/* May a leaf become a node at once, or has it to be broken first? */
MZ_INLINE bool splits_live(const struct mz_table *table)
{
	return !breaks(table) || (table->config.features & MZ_LIVE_SPLITS) != 0;
}

/*
 * Replaces the leaf `*entry` by a node that was filled from it; `stale` is what the leaf maps.
 * False: the MMU has changed the leaf meanwhile; `*entry` is what it holds now, and the node must
 * be filled anew. What the MMU may have set is complete when a broken leaf is flushed: it is
 * compared when it is broken, and is no more written then.
 */
MZ_INLINE bool entry_split(struct mz_table *table, struct mz_node_ref node, unsigned index,
			   mz_oa child, uint64_t *entry, struct stale stale)
{
	const struct mz_format *f = format_of(table);
	uint64_t link = f->make_node(child, node.level);

	/* Under the lock, nobody but the MMU changes the leaf. */
	if (splits_live(table) && !mmu_writes(table)) {
		mz_store_release(&node.slots[index], link);
		return true;
	}
	if (splits_live(table))
		return mz_replace(&node.slots[index], entry, link);
	if (!mz_replace(&node.slots[index], entry, f->absent))
		return false;
	flush_stale(table, stale, false);
	mz_store_release(&node.slots[index], link);
	return true;
}

/* Puts `entry` where anything was; answers what was there, hardware-set bits included. */
MZ_INLINE uint64_t entry_replace(struct mz_table *table, struct mz_node_ref node, unsigned index,
				 uint64_t entry)
{
	const struct mz_format *f = format_of(table);
	uint64_t before = mz_exchange(&node.slots[index], entry);
	bool was = f->kind(before, node.level) != MZ_ABSENT;
	bool is = f->kind(entry, node.level) != MZ_ABSENT;

	node.frame->child_count = (uint16_t)(node.frame->child_count + is - was);
	return before;
}

#endif
