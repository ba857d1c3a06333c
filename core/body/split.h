/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Splitting a leaf of which a part is to change: the new node is complete, change included, before
 * it is linked.
 */
#ifndef MZ_CORE_BODY_SPLIT_H
#define MZ_CORE_BODY_SPLIT_H

#include "core/body/range.h"
#include "core/reserve.h"

/* The leaf as it is, and what becomes of [first, last] in it: permissions, or nothing at all. */
struct split_job {
	struct mz_table *table;
	struct mz_reserve *reserve;
	uint64_t first, last;
	struct mz_prop prop;
	unsigned perm; /* 0: unmapped */
};

/* Counts the nodes for an entry of `level` all of which is mapped, where leaves are not allowed. */
static inline void split_count_whole(const struct mz_table *table, struct mz_reserve *reserve,
				     unsigned level, uint64_t count)
{
	const struct mz_format *f = format_of(table);

	while (!mz_leaf_allowed(table->config.leaf_levels, level)) {
		reserve->need[--level] += count;
		count <<= f->index_lg2[level];
	}
}

/*
 * Counts the nodes that a split of one entry of `level` takes, of which [first, last] is to change,
 * or with `unmap` to go.
 */
static inline void split_count(const struct mz_table *table, struct mz_reserve *reserve,
			       unsigned level, uint64_t first, uint64_t last, bool unmap)
{
	const struct mz_format *f = format_of(table);
	unsigned others = mz_entry_count(f, --level);

	reserve->need[level]++;
	if (level == 1)
		return;
	for (struct part p = part_at(f, level, first, last); p.valid;
	     part_next(f, level, last, &p)) {
		others--;
		if (!p.whole)
			split_count(table, reserve, level, p.first, p.last, unmap);
		else if (!unmap)
			split_count_whole(table, reserve, level, 1);
	}
	split_count_whole(table, reserve, level, others);
}

static inline mz_oa split_fill(struct split_job *job, unsigned level, uint64_t base, uint64_t oa);

/* Fills the entries [begin, end) with what lies at `base` and `oa`, all of it inside or outside. */
static inline void split_fill_run(struct split_job *job, struct mz_node_ref node, unsigned begin,
				  unsigned end, uint64_t base, uint64_t oa, struct mz_prop prop)
{
	const struct mz_format *f = format_of(job->table);
	uint64_t span = mz_span(f, node.level);

	if (mz_leaf_allowed(job->table->config.leaf_levels, node.level)) {
		entries_fill(job->table, node, begin, end, oa, prop);
		return;
	}
	add_children(node.frame, end - begin);
	for (unsigned i = begin; i < end; i++, base += span, oa += span)
		mz_slot_fill(&node.slots[i],
			     f->make_node(split_fill(job, node.level - 1, base, oa), node.level));
}

/*
 * Makes a node of `level` of what the leaf translated, from input address `base` to output address
 * `oa`.
 */
static inline mz_oa split_fill(struct split_job *job, unsigned level, uint64_t base, uint64_t oa)
{
	const struct mz_format *f = format_of(job->table);
	mz_node made = mz_reserve_take(f, &job->table->config, job->reserve, level);
	struct mz_node_ref node = node_at(job->table, made.oa, level);
	unsigned end = mz_entry_count(f, level);
	uint64_t node_last = base + (end * mz_span(f, level) - 1);
	uint64_t first = job->first > base ? job->first : base;
	uint64_t last = job->last < node_last ? job->last : node_last;
	unsigned done = 0;

	if (first > last) {
		split_fill_run(job, node, 0, end, base, oa, job->prop);
		return made.oa;
	}
	split_fill_run(job, node, 0, mz_index(f, first, level), base, oa, job->prop);
	for (struct part p = part_at(f, level, first, last); p.valid;
	     part_next(f, level, last, &p)) {
		uint64_t offset = part_base(f, level, &p) - base;
		struct mz_prop prop = job->prop;

		done = p.index + 1;
		prop.perm = (uint8_t)job->perm;
		if (p.whole && job->perm == 0) {
			mz_slot_fill(&node.slots[p.index], f->absent);
		} else if (p.whole && mz_leaf_allowed(job->table->config.leaf_levels, level)) {
			mz_slot_fill(&node.slots[p.index],
				     f->make_leaf(mz_oa_from(oa + offset), level, prop));
			add_children(node.frame, 1);
		} else {
			mz_slot_fill(
				&node.slots[p.index],
				f->make_node(split_fill(job, level - 1, base + offset, oa + offset),
					     level));
			add_children(node.frame, 1);
		}
	}
	split_fill_run(job, node, done, end, base + done * mz_span(f, level),
		       oa + done * mz_span(f, level), job->prop);
	return made.oa;
}

/* Takes a subtree apart that was never linked, back into the reserve. */
static inline void split_undo(struct split_job *job, mz_oa oa, unsigned level)
{
	const struct mz_format *f = format_of(job->table);
	struct mz_node_ref node = node_at(job->table, oa, level);
	mz_node made = {oa};

	for (unsigned i = 0; level > 1 && i < mz_entry_count(f, level); i++)
		if (f->kind(node.slots[i], level) == MZ_NODE)
			split_undo(job, f->oa(node.slots[i], level), level - 1);
	node.frame->child_count = 0;
	mz_reserve_put(f, &job->table->config, job->reserve, made, level);
}

/* The nodes that a change may take: those that were set aside, or its own. */
MZ_INLINE struct mz_reserve *reserve_of(const struct mz_gather *gather, struct mz_reserve *own)
{
	mz_reserve_init(own);
	return gather->reserve != NULL ? gather->reserve : own;
}

/* Must this leaf be split to give a part of it these permissions, or none? */
MZ_INLINE bool needs_split(const struct mz_format *f, uint64_t entry, unsigned level,
			   const struct part *p, unsigned perm)
{
	return !p->whole && f->prop(entry, level).perm != perm;
}

/* The range that a cursor holds: below it, all nodes are locked. */
struct hold {
	uint64_t first, last;
};

/* Locks, or unlocks again, the part of a new subtree that a cursor will hold. */
static inline void hold_new(struct mz_table *table, struct mz_node_ref node, uint64_t base,
			    const struct hold *hold, bool lock)
{
	uint64_t base_last = mz_span_last(format_of(table), base, node.level + 1);
	uint64_t first = hold->first > base ? hold->first : base;
	uint64_t last = hold->last < base_last ? hold->last : base_last;

	if (lock) {
		mz_lock_acquire(&node.frame->lock);
		lock_below(table, node, first, last);
	} else {
		unlock_below(table, node, first, last);
		mz_lock_release(&node.frame->lock);
	}
}

/*
 * Splits the leaf `entry` of which [p->first, p->last] gets the permissions `perm`, or is unmapped
 * by perm 0. What the MMU sets in the leaf until the link replaces it is in every new leaf. Where
 * `hold` is not NULL the new nodes in it are locked. What the leaf has mapped is `stale`, which is
 * flushed if it is broken. Answers the leaf as it was last.
 */
static inline uint64_t split_leaf(struct mz_table *table, struct mz_reserve *reserve,
				  struct mz_node_ref node, const struct part *p, uint64_t entry,
				  unsigned perm, const struct hold *hold, struct stale stale)
{
	const struct mz_format *f = format_of(table);
	uint64_t base = part_base(f, node.level, p);
	struct split_job job = {.table = table,
				.reserve = reserve,
				.first = p->first,
				.last = p->last,
				.perm = perm};

	for (;;) {
		struct mz_node_ref child;
		mz_oa made;

		job.prop = f->prop(entry, node.level);
		made = split_fill(&job, node.level - 1, base, f->oa(entry, node.level).addr);
		child = node_at(table, made, node.level - 1);
		if (hold != NULL)
			hold_new(table, child, base, hold, true);
		if (MZ_LIKELY(entry_split(table, node, p->index, made, &entry, stale)))
			return entry;
		if (hold != NULL)
			hold_new(table, child, base, hold, false);
		split_undo(&job, made, node.level - 1);
	}
}

/* The same; what is not flushed yet is in the gather then. */
static inline uint64_t split(struct mz_table *table, struct mz_reserve *reserve,
			     struct mz_node_ref node, const struct part *p, uint64_t entry,
			     unsigned perm, const struct hold *hold, struct mz_gather *gather)
{
	const struct mz_format *f = format_of(table);
	uint64_t base = part_base(f, node.level, p);
	struct stale stale = {base, mz_span_last(f, base, node.level)};

	entry = split_leaf(table, reserve, node, p, entry, perm, hold, stale);
	if (splits_live(table))
		mz_gather_range_(gather, stale.first, stale.last);
	return entry;
}

/*
 * First pass of a change: locks the existing nodes below `node`, and counts the nodes for the
 * leaves of which only a part gets the permissions `perm`, or goes by perm 0. With `drops`, what
 * drops_leaf_nodes() tells of is not locked.
 */
static inline void lock_and_count(struct mz_table *table, struct mz_reserve *reserve,
				  struct mz_node_ref node, uint64_t first, uint64_t last,
				  unsigned perm, bool drops)
{
	const struct mz_format *f = format_of(table);

	if (node.level == 1)
		return;
	for (struct part p = part_at(f, node.level, first, last); p.valid;
	     part_next(f, node.level, last, &p)) {
		uint64_t entry = mz_load_relaxed(&node.slots[p.index]);
		enum mz_kind kind = f->kind(entry, node.level);

		if (kind == MZ_NODE) {
			struct mz_node_ref child = child_of(table, entry, node.level);

			mz_lock_acquire(&child.frame->lock);
			if (child.level > 1 && !(drops && drops_leaf_nodes(table, node.level, &p)))
				lock_and_count(table, reserve, child, p.first, p.last, perm, drops);
		} else if (kind == MZ_LEAF && needs_split(f, entry, node.level, &p, perm)) {
			split_count(table, reserve, node.level, p.first, p.last, perm == 0);
		}
	}
}

#endif
