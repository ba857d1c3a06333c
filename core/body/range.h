/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The range lock.
 *
 * An operation on [first, last] walks down from the root without locks to the lowest node that
 * covers the range, and locks it. If that node is stray - cut while we waited - its contents are
 * history, and the walk begins again. Then the operation's first pass locks the existing nodes
 * below it, within the range, in pre-order; its second pass does the work and unlocks each node
 * when it leaves it. Every processor locks along the same order, a parent before its children and
 * an earlier child before a later one, so nobody waits in a circle; and no lock is taken after the
 * first is given back, so operations on overlapping ranges are atomic to one another. Disjoint
 * ranges meet in no lock unless they share their lowest covering node.
 *
 * A node that the second pass makes is complete before it is linked, and needs no lock: nothing of
 * this operation touches it after that. RCU keeps a node from being freed while someone is on the
 * way to it.
 */
#ifndef MZ_CORE_BODY_RANGE_H
#define MZ_CORE_BODY_RANGE_H

#include "core/body/entry.h"

static inline void reader_enter(const struct mz_table *table)
{
	if (table->config.rcu.enter != NULL)
		table->config.rcu.enter(table->config.rcu.context);
}

static inline void reader_leave(const struct mz_table *table)
{
	if (table->config.rcu.leave != NULL)
		table->config.rcu.leave(table->config.rcu.context);
}

static inline struct mz_node_ref child_of(const struct mz_table *table, uint64_t entry,
					  unsigned level)
{
	const struct mz_format *f = format_of(table);

	return mz_node_at(f, table, f->oa(entry, level), level - 1);
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
		struct mz_node_ref node = mz_root_of(f, table);

		while (node.level > 1) {
			uint64_t span_last = mz_span_last(f, first, node.level);
			uint64_t entry =
				mz_load_acquire(&node.slots[mz_index(f, first, node.level)]);

			if (span_last < last || f->kind(entry, node.level) != MZ_NODE)
				break;
			if (to_cut && span_last == last &&
			    (first & (mz_span(f, node.level) - 1)) == 0)
				break;
			node = child_of(table, entry, node.level);
		}
		mz_node_lock(node.frame);
		if (MZ_LIKELY(!node.frame->stray))
			return node;
		mz_node_unlock(node.frame);
		mz_relax();
	}
}

/* The part of a range that falls into one entry of a node. */
struct part {
	unsigned index;
	uint64_t first, last;
	bool whole; /* all that the entry maps */
	bool valid; /* false: the range has no more parts */
};

static inline struct part part_at(const struct mz_format *f, unsigned level, uint64_t first,
				  uint64_t last)
{
	uint64_t span_last = mz_span_last(f, first, level);
	struct part part = {mz_index(f, first, level), first, span_last < last ? span_last : last,
			    false, true};

	part.whole = (first & (mz_span(f, level) - 1)) == 0 && part.last == span_last;
	return part;
}

static inline void part_next(const struct mz_format *f, unsigned level, uint64_t last,
			     struct part *part)
{
	if (part->last == last)
		part->valid = false;
	else
		*part = part_at(f, level, part->last + 1, last);
}

/* Unlocks what a first pass has locked below `node` for [first, last]. */
static void unlock_below(struct mz_table *table, struct mz_node_ref node, uint64_t first,
			 uint64_t last)
{
	const struct mz_format *f = format_of(table);

	if (node.level == 1 || first > last)
		return;
	for (struct part p = part_at(f, node.level, first, last); p.valid;
	     part_next(f, node.level, last, &p)) {
		uint64_t entry = mz_load_relaxed(&node.slots[p.index]);

		if (f->kind(entry, node.level) == MZ_NODE) {
			struct mz_node_ref child = child_of(table, entry, node.level);

			unlock_below(table, child, p.first, p.last);
			mz_node_unlock(child.frame);
		}
	}
}

#endif
