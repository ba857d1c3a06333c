/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Collecting the accessed and dirty flags that an MMU sets.
 *
 * Where it sets them in links too, a subtree whose link has none was not used since it was looked
 * at last, and is skipped. Two passes: the first clears the flags of links, and marks the nodes
 * they lead to as touched; then caches of upper entries are flushed, since a processor that has one
 * does not set the link's flag again; the second takes the flags of the leaves below touched nodes.
 * A link whose flag a processor has set meanwhile keeps it, and keeps the nodes above it touched
 * for the next time. New nodes are born touched: what a split has copied into them is found.
 * Each flag has its mark, so that one can be harvested without the other.
 *
 * Entries are read and changed without locks, as the MMU does it. Where it does not, and the flags
 * are software's, the node's lock is taken. A node's marks are under its lock.
 * Where a leaf takes the place of smaller ones nothing is mapped for a moment; it keeps their
 * flags, and no link says so: it is waited for.
 */
#ifndef MZ_CORE_BODY_HARVEST_H
#define MZ_CORE_BODY_HARVEST_H

#include "core/body/arguments.h"
#include "core/body/range.h"

/* Reads a node's marks, takes some, and sets some. */
static inline unsigned exchange_touched(struct mz_node_ref node, unsigned take, unsigned set)
{
	unsigned before;

	mz_lock_acquire(&node.frame->lock);
	before = node.frame->touched;
	node.frame->touched = ((before & ~take) | set) & MZ_TOUCHED(MZ_ACCESSED | MZ_DIRTY);
	mz_lock_release(&node.frame->lock);
	return before;
}

/* Clears flags of an entry that is of this kind. Answers the entry as it was last. */
MZ_INLINE uint64_t take_flags(const struct mz_format *f, uint64_t *slot, unsigned level,
			      enum mz_kind kind, unsigned flags)
{
	uint64_t entry = mz_load_acquire(slot), clean;

	do {
		if (f->kind(entry, level) != kind)
			return entry;
		clean = f->clean(entry, level, flags);
		/* One with none of them has nothing to lose. */
		if (clean == entry)
			return entry;
	} while (!mz_replace(slot, &entry, clean));
	return entry;
}

/* First pass, below `node`. True: some caches have to forget. */
static inline bool harvest_mark(struct mz_table *table, struct mz_node_ref node, uint64_t first,
				uint64_t last)
{
	const struct mz_format *f = format_of(table);
	bool marked = false;

	if (node.level == 1)
		return false;
	for (struct part p = part_at(f, node.level, first, last); p.valid;
	     part_next(f, node.level, last, &p)) {
		uint64_t entry = take_flags(f, &node.slots[p.index], node.level, MZ_NODE,
					    MZ_ACCESSED);
		bool used = (f->prop(entry, node.level).flags & MZ_ACCESSED) != 0;
		struct mz_node_ref child;

		if (f->kind(entry, node.level) != MZ_NODE)
			continue;
		child = child_of(table, entry, node.level);
		if (used)
			exchange_touched(child, 0, MZ_TOUCHED(MZ_ACCESSED | MZ_DIRTY));
		else if (exchange_touched(child, 0, 0) == 0)
			continue;
		marked |= harvest_mark(table, child, p.first, p.last) | used;
	}
	return marked;
}

/*
 * Tells of the flags of a leaf, then takes those that it told of. True: it was split meanwhile, or
 * got others, or could not be told of, and is to be looked at again.
 */
MZ_INLINE bool harvest_leaf(struct mz_table *table, struct mz_node_ref node, const struct part *p,
			    struct mz_harvest *harvest)
{
	const struct mz_format *f = format_of(table);
	uint64_t *slot = &node.slots[p->index], base = part_base(f, node.level, p);
	uint64_t entry = mz_load_acquire(slot);
	unsigned flags;

	if (f->kind(entry, node.level) != MZ_LEAF)
		return f->kind(entry, node.level) == MZ_NODE;
	flags = f->prop(entry, node.level).flags & harvest->flags;
	if (flags == 0)
		return false;
	harvest->error = harvest->told(harvest->context, mz_ia_from(base),
				       item_of(f, entry, node.level));
	if (harvest->error != MZ_OK)
		return true;
	if (!mmu_writes(table))
		mz_lock_acquire(&node.frame->lock);
	entry = take_flags(f, slot, node.level, MZ_LEAF, flags);
	if (!mmu_writes(table))
		mz_lock_release(&node.frame->lock);
	mz_gather_range_(harvest->gather, base, mz_span_last(f, base, node.level));
	return f->kind(entry, node.level) == MZ_NODE ||
		(f->kind(entry, node.level) == MZ_LEAF &&
		 (f->prop(entry, node.level).flags & harvest->flags & ~flags) != 0);
}

static inline bool harvest_take(struct mz_table *table, struct mz_node_ref node, uint64_t first,
				uint64_t last, struct mz_harvest *harvest);

/* Second pass, for the node that a link leads to. True: as below. */
static inline bool harvest_child(struct mz_table *table, uint64_t entry, unsigned level,
				 const struct part *p, struct mz_harvest *harvest)
{
	const struct mz_format *f = format_of(table);
	struct mz_node_ref child = child_of(table, entry, level);
	bool used = (f->prop(entry, level).flags & MZ_ACCESSED) != 0;
	unsigned marks = MZ_TOUCHED(harvest->flags);
	bool touched = (exchange_touched(child, p->whole ? marks : 0, 0) & marks) != 0;
	bool more;

	if (f->links_accessed && !used && !touched)
		return false;
	more = harvest_take(table, child, p->first, p->last, harvest);
	if (more)
		exchange_touched(child, 0, marks);
	/* What lies outside of the range was not looked at. */
	return more || used || !p->whole;
}

/* An entry; where nothing is, as it is when nobody holds the node. */
MZ_INLINE uint64_t settled_entry(const struct mz_table *table, struct mz_node_ref node,
				 unsigned index)
{
	const struct mz_format *f = format_of(table);
	uint64_t entry = mz_load_acquire(&node.slots[index]);

	if (f->kind(entry, node.level) != MZ_ABSENT || node.level == 1 ||
	    !mz_leaf_allowed(table->config.leaf_levels, node.level))
		return entry;
	mz_lock_acquire(&node.frame->lock);
	entry = mz_load_acquire(&node.slots[index]);
	mz_lock_release(&node.frame->lock);
	return entry;
}

/* Second pass, below `node`. True: there is more, set too late, or not told of, for the next time.
 */
static inline bool harvest_take(struct mz_table *table, struct mz_node_ref node, uint64_t first,
				uint64_t last, struct mz_harvest *harvest)
{
	const struct mz_format *f = format_of(table);
	bool more = false;

	for (struct part p = part_at(f, node.level, first, last); p.valid;
	     part_next(f, node.level, last, &p)) {
		uint64_t entry = settled_entry(table, node, p.index);

		if (harvest->error != MZ_OK)
			return true;
		if (f->kind(entry, node.level) == MZ_NODE)
			more |= harvest_child(table, entry, node.level, &p, harvest);
		else if (f->kind(entry, node.level) == MZ_LEAF)
			more |= harvest_leaf(table, node, &p, harvest);
	}
	return more;
}

static inline enum mz_error instance_harvest(struct mz_table *table, mz_ia ia, uint64_t bytes,
					     struct mz_harvest *harvest)
{
	enum mz_error error = check_range(table, ia.addr, bytes);
	uint64_t last = ia.addr + (bytes - 1);
	struct mz_node_ref root;
	bool marked;

	if (error != MZ_OK)
		return error;
	root = node_at(table, table->root_oa, format_of(table)->levels);
	if (format_of(table)->links_accessed) {
		mz_reader_enter(table);
		marked = harvest_mark(table, root, ia.addr, last);
		mz_reader_leave(table);
		if (marked && table->config.flush.range != NULL)
			flush_stale(table, (struct stale) {ia.addr, last}, true);
	}
	mz_reader_enter(table);
	harvest->error = MZ_OK;
	harvest_take(table, root, ia.addr, last, harvest);
	mz_reader_leave(table);
	return harvest->error;
}

#endif
