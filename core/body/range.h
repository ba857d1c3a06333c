/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The range lock.
 *
 * An operation on [first, last] walks down from the root without locks to the lowest node that
 * covers the range, and locks it. If that node is stray - cut while we waited, or about to be - the
 * walk begins again. Then the operation's first pass locks the existing nodes below it, within the
 * range, in pre-order; its second pass does the work and unlocks each node when it leaves it. Every
 * processor locks along the same order, a parent before its children and an earlier child before a
 * later one, so nobody waits in a circle; and no lock is taken after the first is given back, so
 * operations on overlapping ranges are atomic to one another. Disjoint ranges meet in no lock
 * unless they share their lowest covering node.
 *
 * Nodes of level 1 in a subtree that goes as a whole are not locked but marked stray, and waited
 * for: see core/body/unmap.h. That is out of order, and nobody waits in a circle by it: who holds a
 * node of level 1 without the node above it holds no other, and waits for none.
 *
 * A node that the second pass makes is complete before it is linked, and needs no lock: nothing of
 * this operation touches it after that. (A cursor goes on working below the nodes it makes: those
 * are locked before they are linked.) RCU keeps a node from being freed while someone is on the way
 * to it.
 */
#ifndef MZ_CORE_BODY_RANGE_H
#define MZ_CORE_BODY_RANGE_H

#include "core/body/entry.h"

/* What a change of one page owes where there is no gather: done at once. */
MZ_NOINLINE void flush_page_now(const struct mz_table *table, uint64_t addr)
{
	const struct mz_flush *flush = &table->config.flush;

	if (flush->range != NULL)
		flush->range(flush->context, mz_ia_from(addr),
			     mz_ia_from(mz_span_last(format_of(table), addr, 1)), false);
}

/* The same, into the caller's gather if there is one. */
MZ_INLINE void flush_page(struct mz_table *table, uint64_t addr, struct mz_gather *gather)
{
	if (MZ_LIKELY(gather != NULL))
		mz_gather_range_(gather, addr, mz_span_last(format_of(table), addr, 1));
	else
		flush_page_now(table, addr);
}

MZ_INLINE struct mz_node_ref node_at(const struct mz_table *table, mz_oa node, unsigned level)
{
	return mz_node_ref_at(format_of(table), &table->config, node, level);
}

MZ_INLINE struct mz_node_ref child_of(const struct mz_table *table, uint64_t entry, unsigned level)
{
	return node_at(table, format_of(table)->oa(entry, level), level - 1);
}

/* False: the node was cut while we waited, or is about to be, and is not locked. */
MZ_INLINE bool lock_unless_stray(struct mz_frame *frame)
{
	mz_lock_acquire(&frame->lock);
	/* With one thread nobody can have cut it since it was found. */
	if (MZ_ONE_THREAD || MZ_LIKELY(!mz_frame_stray(frame)))
		return true;
	mz_lock_release(&frame->lock);
	return false;
}

/*
 * The node of level 1 around this address was stray, and may be cut only in a moment: waits for
 * that, by the lock of the node above.
 */
MZ_NOINLINE void await_cut(const struct mz_table *table, uint64_t addr)
{
	const struct mz_format *f = format_of(table);
	struct mz_node_ref node = node_at(table, table->root_oa, f->levels);

	while (node.level > 2) {
		uint64_t entry = mz_load_acquire(&node.slots[mz_index(f, addr, node.level)]);

		if (f->kind(entry, node.level) != MZ_NODE)
			return;
		node = child_of(table, entry, node.level);
	}
	mz_lock_acquire(&node.frame->lock);
	mz_lock_release(&node.frame->lock);
}

/*
 * Locks the lowest node that covers [first, last]. With `to_cut`, a node whose whole span is the
 * range does not count: its parent is locked, so that the link can be cut.
 */
static inline struct mz_node_ref lock_cover(struct mz_table *table, uint64_t first, uint64_t last,
					    bool to_cut)
{
	const struct mz_format *f = format_of(table);

	for (;;) {
		uint64_t *slots = table->root;
		mz_oa node = table->root_oa;
		unsigned level = f->levels;
		struct mz_node_ref cover;

		for (; level > 1; level--) {
			uint64_t span_last = mz_span_last(f, first, level);
			uint64_t entry = mz_load_acquire(&slots[mz_index(f, first, level)]);

			if (span_last < last || f->kind(entry, level) != MZ_NODE)
				break;
			if (to_cut && span_last == last && (first & (mz_span(f, level) - 1)) == 0)
				break;
			node = f->oa(entry, level);
			slots = mz_slots_at(&table->config, node);
		}
		cover = node_at(table, node, level);
		if (MZ_LIKELY(lock_unless_stray(cover.frame)))
			return cover;
		if (level == 1)
			await_cut(table, first);
	}
}

/*
 * Locks the node of `lowest` around an address, on whose way `top` is the root's slot. False: there
 * is none.
 */
MZ_INLINE bool lock_node(struct mz_table *table, const uint64_t *top, uint64_t addr,
			 unsigned lowest, struct mz_node_ref *locked)
{
	const struct mz_format *f = format_of(table);

	for (;;) {
		const uint64_t *slot = top;
		mz_oa node = table->root_oa;

		MZ_UNROLL
		for (unsigned level = f->levels; level > lowest; level--) {
			uint64_t entry = mz_load_acquire(slot);

			if (MZ_UNLIKELY(f->kind(entry, level) != MZ_NODE))
				return false;
			node = f->oa(entry, level);
			slot = mz_slot_at(f, &table->config, node, addr, level - 1);
		}
		*locked = node_at(table, node, lowest);
		/* It comes while the lock does, behind which nothing is read ahead of it. */
		if (!MZ_ONE_THREAD)
			MZ_EXPECT(&locked->slots[mz_index(f, addr, lowest)]);
		if (MZ_LIKELY(lock_unless_stray(locked->frame)))
			return true;
		if (lowest == 1)
			await_cut(table, addr);
	}
}

/* The part of a range that falls into one entry of a node. */
struct part {
	unsigned index;
	uint64_t first, last;
	bool whole; /* all that the entry maps */
	bool valid; /* false: the range has no more parts */
};

MZ_INLINE struct part part_at(const struct mz_format *f, unsigned level, uint64_t first,
			      uint64_t last)
{
	uint64_t span_last = mz_span_last(f, first, level);
	struct part part = {mz_index(f, first, level), first, span_last < last ? span_last : last,
			    false, true};

	part.whole = (first & (mz_span(f, level) - 1)) == 0 && part.last == span_last;
	return part;
}

MZ_INLINE void part_next(const struct mz_format *f, unsigned level, uint64_t last,
			 struct part *part)
{
	uint64_t span = mz_span(f, level);

	if (part->last == last) {
		part->valid = false;
		return;
	}
	part->index++;
	part->first = part->last + 1;
	part->whole = last - part->first >= span - 1;
	part->last = part->whole ? part->last + span : last;
}

/* The first address of the entry that a part is in. */
MZ_INLINE uint64_t part_base(const struct mz_format *f, unsigned level, const struct part *part)
{
	return part->first & ~(mz_span(f, level) - 1);
}

/* May links of this level be cut? */
MZ_INLINE bool may_cut(const struct mz_table *table, unsigned level)
{
	return level < format_of(table)->levels || !table->config.root_fixed;
}

/* Does a drop of this part of a node take a node of level 2 with it, and all of level 1 below? */
MZ_INLINE bool drops_leaf_nodes(const struct mz_table *table, unsigned level, const struct part *p)
{
	return level == 3 && p->whole && may_cut(table, 3);
}

/* Locks all existing nodes below the locked `node` for [first, last], in pre-order. */
static inline void lock_below(struct mz_table *table, struct mz_node_ref node, uint64_t first,
			      uint64_t last)
{
	const struct mz_format *f = format_of(table);

	if (node.level == 1)
		return;
	for (struct part p = part_at(f, node.level, first, last); p.valid;
	     part_next(f, node.level, last, &p)) {
		uint64_t entry = mz_load_relaxed(&node.slots[p.index]);

		if (f->kind(entry, node.level) == MZ_NODE) {
			struct mz_node_ref child = child_of(table, entry, node.level);

			mz_lock_acquire(&child.frame->lock);
			lock_below(table, child, p.first, p.last);
		}
	}
}

/* Unlocks what is locked below `node` for [first, last], or with `drops` to drop that. */
static inline void unlock_held(struct mz_table *table, struct mz_node_ref node, uint64_t first,
			       uint64_t last, bool drops)
{
	const struct mz_format *f = format_of(table);

	if (node.level == 1)
		return;
	for (struct part p = part_at(f, node.level, first, last); p.valid;
	     part_next(f, node.level, last, &p)) {
		uint64_t entry = mz_load_relaxed(&node.slots[p.index]);

		if (f->kind(entry, node.level) == MZ_NODE) {
			struct mz_node_ref child = child_of(table, entry, node.level);

			if (!(drops && drops_leaf_nodes(table, node.level, &p)))
				unlock_held(table, child, p.first, p.last, drops);
			mz_lock_release(&child.frame->lock);
		}
	}
}

static inline void unlock_below(struct mz_table *table, struct mz_node_ref node, uint64_t first,
				uint64_t last)
{
	unlock_held(table, node, first, last, false);
}

#endif
