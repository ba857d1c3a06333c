/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Mapping a range: look and lock, reserve, then write; a run of leaves in one node costs one count
 * update.
 */
#ifndef MZ_CORE_BODY_MAP_H
#define MZ_CORE_BODY_MAP_H

#include "core/body/range.h"

/* What one call carries down the tree. */
struct map_job {
	struct mz_table *table;
	uint64_t offset;      /* oa - ia */
	uint32_t leaf_levels; /* levels whose leaves are allowed and aligned for this offset */
	struct mz_prop prop;
	struct mz_reserve reserve;
};

/* Counts the nodes that [first, last], absent below one entry of `level`, will need. */
static void map_count(struct map_job *job, unsigned level, uint64_t first, uint64_t last)
{
	const struct mz_format *f = format_of(job->table);

	job->reserve.need[--level]++;
	if (level == 1)
		return;
	for (struct part p = part_at(f, level, first, last); p.valid; part_next(f, level, last, &p))
		if (!p.whole || !mz_leaf_allowed(job->leaf_levels, level))
			map_count(job, level, p.first, p.last);
}

/*
 * First pass: locks the existing nodes below the locked `node`, counts the missing ones, refuses a
 * range that has a leaf in it. On failure all that it locked is unlocked.
 */
static enum mz_error map_prepare(struct map_job *job, struct mz_node_ref node, uint64_t first,
				 uint64_t last)
{
	const struct mz_format *f = format_of(job->table);
	enum mz_error error = MZ_OK;

	if (node.level == 1 && node.frame->child_count == 0)
		return MZ_OK;
	for (struct part p = part_at(f, node.level, first, last); p.valid;
	     part_next(f, node.level, last, &p)) {
		uint64_t entry = mz_load_relaxed(&node.slots[p.index]);
		enum mz_kind kind = f->kind(entry, node.level);

		if (kind == MZ_LEAF) {
			error = MZ_OCCUPIED;
		} else if (kind == MZ_NODE) {
			struct mz_node_ref child = child_of(job->table, entry, node.level);

			mz_node_lock(child.frame);
			error = map_prepare(job, child, p.first, p.last);
			if (error != MZ_OK)
				mz_node_unlock(child.frame);
		} else if (!p.whole || !mz_leaf_allowed(job->leaf_levels, node.level)) {
			map_count(job, node.level, p.first, p.last);
		}
		if (error != MZ_OK) {
			if (p.first != first)
				unlock_below(job->table, node, first, p.first - 1);
			return error;
		}
	}
	return MZ_OK;
}

static void map_commit(struct map_job *job, struct mz_node_ref node, uint64_t first, uint64_t last);

/* Makes the node below an absent entry, with all that the range needs in it, and links it. */
static void map_below(struct map_job *job, struct mz_node_ref node, const struct part *p)
{
	const struct mz_format *f = format_of(job->table);
	mz_oa pa = mz_reserve_take(job->table, &job->reserve, node.level - 1);
	struct mz_node_ref child = mz_node_at(f, job->table, pa, node.level - 1);

	/* What is mapped whole is written only once. */
	mz_fill_absent(f, child.slots, 0, mz_index(f, p->first, child.level));
	mz_fill_absent(f, child.slots, mz_index(f, p->last, child.level) + 1,
		       mz_entry_count(f, child.level));
	if (child.level > 1)
		mz_fill_absent(f, child.slots, mz_index(f, p->first, child.level),
			       mz_index(f, p->last, child.level) + 1);
	map_commit(job, child, p->first, p->last);
	entry_link(job->table, node, p->index, pa);
}

/* Second pass: writes, and unlocks each node below `node` when it is done with it. */
static void map_commit(struct map_job *job, struct mz_node_ref node, uint64_t first, uint64_t last)
{
	const struct mz_format *f = format_of(job->table);

	if (node.level == 1) {
		entries_map(job->table, node, mz_index(f, first, 1), mz_index(f, last, 1) + 1,
			    first + job->offset, job->prop);
		return;
	}
	for (struct part p = part_at(f, node.level, first, last); p.valid;
	     part_next(f, node.level, last, &p)) {
		uint64_t entry = mz_load_relaxed(&node.slots[p.index]);

		if (f->kind(entry, node.level) == MZ_NODE) {
			struct mz_node_ref child = child_of(job->table, entry, node.level);

			map_commit(job, child, p.first, p.last);
			mz_node_unlock(child.frame);
		} else if (p.whole && mz_leaf_allowed(job->leaf_levels, node.level)) {
			entries_map(job->table, node, p.index, p.index + 1, p.first + job->offset,
				    job->prop);
		} else {
			map_below(job, node, &p);
		}
	}
}

/* The levels at which this offset lets a leaf be aligned in both address spaces. */
static uint32_t aligned_levels(const struct mz_table *table, uint64_t offset)
{
	const struct mz_format *f = format_of(table);
	uint32_t levels = 0;

	for (unsigned level = 1; level <= f->levels; level++)
		if ((offset & (mz_span(f, level) - 1)) == 0)
			levels |= 1u << level;
	return levels & table->config.leaf_levels;
}

static enum mz_error instance_map(struct mz_table *table, mz_ia ia, uint64_t bytes, mz_oa oa,
				  struct mz_prop prop)
{
	struct map_job job = {.table = table, .offset = oa.addr - ia.addr, .prop = prop};
	uint64_t last = ia.addr + (bytes - 1);
	struct mz_node_ref cover;
	enum mz_error error;

	job.leaf_levels = aligned_levels(table, job.offset);
	reader_enter(table);
	cover = lock_cover(table, ia.addr, last, false);
	error = map_prepare(&job, cover, ia.addr, last);
	if (error == MZ_OK) {
		error = mz_reserve_fill(table, &job.reserve);
		if (error == MZ_OK)
			map_commit(&job, cover, ia.addr, last);
		else
			unlock_below(table, cover, ia.addr, last);
	}
	mz_node_unlock(cover.frame);
	reader_leave(table);
	return error;
}

#endif
