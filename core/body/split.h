/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Splitting a leaf of which a part is to change: the new node is complete, change included, before
 * it is linked.
 */
#ifndef MZ_CORE_BODY_SPLIT_H
#define MZ_CORE_BODY_SPLIT_H

#include "core/body/range.h"

/* The leaf as it is, and what becomes of [first, last] in it: permissions, or nothing at all. */
struct split_job {
	struct mz_table *table;
	struct mz_reserve *reserve;
	uint64_t first, last;
	struct mz_prop prop;
	unsigned perm; /* 0: unmapped */
};

/* Counts the nodes that a split of one entry of `level` takes, of which [first, last] changes. */
static void split_count(struct mz_table *table, struct mz_reserve *reserve, unsigned level,
			uint64_t base, uint64_t first, uint64_t last, bool unmap)
{
	const struct mz_format *f = format_of(table);

	reserve->need[--level]++;
	if (level == 1)
		return;
	for (unsigned i = 0; i < mz_entry_count(f, level); i++, base += mz_span(f, level)) {
		uint64_t base_last = base + (mz_span(f, level) - 1);
		bool inside = first <= base && base_last <= last;
		bool outside = last < base || base_last < first;

		if (inside && unmap)
			continue;
		if (!(inside || outside) || !mz_leaf_allowed(table->config.leaf_levels, level))
			split_count(table, reserve, level, base, first, last, unmap);
	}
}

/*
 * Fills a node of `level` with what the leaf translated, from input address `base` to output
 * address `oa`.
 */
static mz_oa split_fill(struct split_job *job, unsigned level, uint64_t base, uint64_t oa)
{
	const struct mz_format *f = format_of(job->table);
	mz_oa pa = mz_reserve_take(job->table, job->reserve, level);
	struct mz_node_ref node = mz_node_at(f, job->table, pa, level);
	uint64_t span = mz_span(f, level);

	for (unsigned i = 0; i < mz_entry_count(f, level); i++, base += span, oa += span) {
		uint64_t base_last = base + (span - 1);
		bool inside = job->first <= base && base_last <= job->last;
		bool outside = job->last < base || base_last < job->first;
		uint64_t entry = f->absent;

		if (!(inside && job->perm == 0)) {
			struct mz_prop prop = job->prop;

			if (inside)
				prop.perm = (uint8_t)job->perm;
			if ((inside || outside) &&
			    mz_leaf_allowed(job->table->config.leaf_levels, level))
				entry = f->make_leaf(mz_oa_from(oa), level, prop);
			else
				entry = f->make_node(split_fill(job, level - 1, base, oa), level);
			node.frame->child_count++;
		}
		node.slots[i] = entry;
	}
	return pa;
}

/* Takes the nodes of a subtree that was never linked apart again, back into the reserve. */
static void split_undo(struct split_job *job, mz_oa pa, unsigned level)
{
	const struct mz_format *f = format_of(job->table);
	struct mz_node_ref node = mz_node_at(f, job->table, pa, level);

	for (unsigned i = 0; level > 1 && i < mz_entry_count(f, level); i++)
		if (f->kind(node.slots[i], level) == MZ_NODE)
			split_undo(job, f->oa(node.slots[i], level), level - 1);
	node.frame->child_count = 0;
	node.frame->next = job->reserve->first[level];
	job->reserve->first[level] = mz_page_number(f, pa);
}

/*
 * Splits the leaf `entry` of which [first, last] gets the permissions `perm`, or is unmapped by
 * perm 0. What the MMU sets in the leaf until the link replaces it is in every new leaf.
 */
static void split(struct mz_table *table, struct mz_reserve *reserve, struct mz_node_ref node,
		  const struct part *p, uint64_t entry, unsigned perm)
{
	const struct mz_format *f = format_of(table);
	struct split_job job = {.table = table,
				.reserve = reserve,
				.first = p->first,
				.last = p->last,
				.perm = perm};
	uint64_t base = p->first & ~(mz_span(f, node.level) - 1);

	for (;;) {
		mz_oa child;

		job.prop = f->prop(entry, node.level);
		child = split_fill(&job, node.level - 1, base, f->oa(entry, node.level).addr);
		if (entry_split(table, node, p->index, child, &entry))
			return;
		split_undo(&job, child, node.level - 1);
	}
}

#endif
