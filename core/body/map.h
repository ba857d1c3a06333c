/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Mapping a range: look and lock, reserve, then write; a run of leaves in one node costs one count
 * update.
 */
#ifndef MZ_CORE_BODY_MAP_H
#define MZ_CORE_BODY_MAP_H

#include "core/body/arguments.h"
#include "core/body/items.h"
#include "core/body/range.h"
#include "core/reserve.h"

/* What one call carries down the tree. */
struct map_job {
	struct mz_table *table;
	uint64_t offset;      /* oa - ia */
	uint32_t leaf_levels; /* levels whose leaves are allowed and aligned for this offset */
	struct mz_prop prop;
	struct mz_reserve reserve;
};

/* How many nodes of each level a whole entry of `level` takes, all of whose leaves are below. */
static inline void map_count_whole(struct map_job *job, unsigned level, uint64_t count)
{
	const struct mz_format *f = format_of(job->table);

	while (level > 1 && !mz_leaf_allowed(job->leaf_levels, level)) {
		job->reserve.need[--level] += count;
		count <<= f->index_lg2[level];
	}
}

/* Counts the nodes that [first, last], absent below one entry of `level`, will need. */
static inline void map_count(struct map_job *job, unsigned level, uint64_t first, uint64_t last)
{
	const struct mz_format *f = format_of(job->table);
	struct part p;

	job->reserve.need[--level]++;
	if (level == 1)
		return;
	for (p = part_at(f, level, first, last); p.valid; part_next(f, level, last, &p)) {
		if (p.whole)
			map_count_whole(job, level, 1);
		else
			map_count(job, level, p.first, p.last);
	}
}

/* Is any of the entries [begin, end) of a level-1 node present? */
MZ_INLINE bool any_present(const struct mz_format *f, struct mz_node_ref node, unsigned begin,
			   unsigned end)
{
	if (node.frame->child_count == 0)
		return false;
	for (unsigned i = begin; i < end; i++)
		if (f->kind(mz_load_relaxed(&node.slots[i]), 1) != MZ_ABSENT)
			return true;
	return false;
}

/*
 * First pass: locks the existing nodes below the locked `node`, counts the missing ones, refuses a
 * range that has a leaf in it. On failure all that it locked is unlocked.
 */
static inline enum mz_error map_prepare(struct map_job *job, struct mz_node_ref node,
					uint64_t first, uint64_t last)
{
	const struct mz_format *f = format_of(job->table);
	enum mz_error error = MZ_OK;

	if (node.level == 1)
		return any_present(f, node, mz_index(f, first, 1), mz_index(f, last, 1) + 1)
			? MZ_OCCUPIED
			: MZ_OK;
	for (struct part p = part_at(f, node.level, first, last); p.valid;
	     part_next(f, node.level, last, &p)) {
		uint64_t entry = mz_load_relaxed(&node.slots[p.index]);
		enum mz_kind kind = f->kind(entry, node.level);

		if (kind == MZ_LEAF) {
			error = MZ_OCCUPIED;
		} else if (kind == MZ_NODE) {
			struct mz_node_ref child = child_of(job->table, entry, node.level);

			mz_lock_acquire(&child.frame->lock);
			error = map_prepare(job, child, p.first, p.last);
			if (error != MZ_OK)
				mz_lock_release(&child.frame->lock);
		} else if (p.whole) {
			map_count_whole(job, node.level, 1);
		} else {
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

/* Leaves for the absent entries [begin, end) of a node, of which the first maps `first`. */
MZ_INLINE void map_leaves(struct map_job *job, struct mz_node_ref node, unsigned begin,
			  unsigned end, uint64_t first, bool fresh)
{
	uint64_t oa = first + job->offset;

	if (MZ_UNLIKELY(takes_items(job->table)))
		items_take(job->table, node.level, end - begin, oa, job->prop);
	if (fresh)
		entries_fill(job->table, node, begin, end, oa, job->prop);
	else
		entries_map(job->table, node, begin, end, oa, job->prop);
}

static inline void map_commit(struct map_job *job, struct mz_node_ref node, uint64_t first,
			      uint64_t last, bool fresh);

/* Makes the node below an absent entry, with all that the range needs in it, and links it. */
static inline void map_below(struct map_job *job, struct mz_node_ref node, const struct part *p)
{
	struct mz_table *table = job->table;
	const struct mz_format *f = format_of(table);
	unsigned level = node.level - 1;
	mz_node made = mz_reserve_take(f, &table->config, &job->reserve, level);
	struct mz_node_ref child = node_at(table, made.oa, level);
	unsigned begin = mz_index(f, p->first, level), end = mz_index(f, p->last, level) + 1;

	/* A whole node at once, unless most of it is going to be written. */
	if (end - begin < mz_entry_count(f, level) / 2) {
		mz_fill_absent(f, child.slots, 0, mz_entry_count(f, level));
	} else {
		mz_fill_absent(f, child.slots, 0, begin);
		mz_fill_absent(f, child.slots, end, mz_entry_count(f, level));
	}
	map_commit(job, child, p->first, p->last, true);
	entry_link(table, node, p->index, made.oa);
}

/* How many entries from `begin` on are whole in a range up to `last`, and absent. */
static inline unsigned absent_run(const struct map_job *job, struct mz_node_ref node,
				  const struct part *p, uint64_t last, bool fresh)
{
	const struct mz_format *f = format_of(job->table);
	uint64_t whole = ((last - p->first) >> f->shift[node.level]) +
		(mz_span_last(f, last, node.level) == last);
	unsigned left = mz_entry_count(f, node.level) - p->index;
	unsigned count = whole < left ? (unsigned)whole : left;

	if (fresh)
		return count;
	for (unsigned i = 1; i < count; i++)
		if (f->kind(mz_load_relaxed(&node.slots[p->index + i]), node.level) != MZ_ABSENT)
			return i;
	return count;
}

/* Leaves for the absent entries from a part on; the part becomes what was mapped. */
static inline void map_run(struct map_job *job, struct mz_node_ref node, struct part *p,
			   uint64_t last, bool fresh)
{
	unsigned count = absent_run(job, node, p, last, fresh);

	map_leaves(job, node, p->index, p->index + count, p->first, fresh);
	p->index += count - 1;
	p->last = p->first + (count * mz_span(format_of(job->table), node.level) - 1);
}

/*
 * Second pass: writes, and unlocks each node below `node` when it is done with it. The entries of a
 * fresh node are not filled yet where the range is.
 */
static inline void map_commit(struct map_job *job, struct mz_node_ref node, uint64_t first,
			      uint64_t last, bool fresh)
{
	struct mz_table *table = job->table;
	const struct mz_format *f = format_of(table);

	if (node.level == 1) {
		node.level = 1; /* a constant from here on */
		map_leaves(job, node, mz_index(f, first, 1), mz_index(f, last, 1) + 1, first,
			   fresh);
		return;
	}
	for (struct part p = part_at(f, node.level, first, last); p.valid;
	     part_next(f, node.level, last, &p)) {
		uint64_t entry = fresh ? f->absent : mz_load_relaxed(&node.slots[p.index]);

		if (f->kind(entry, node.level) == MZ_NODE) {
			struct mz_node_ref child = child_of(table, entry, node.level);

			map_commit(job, child, p.first, p.last, false);
			mz_lock_release(&child.frame->lock);
		} else if (p.whole && mz_leaf_allowed(job->leaf_levels, node.level)) {
			map_run(job, node, &p, last, fresh);
		} else {
			map_below(job, node, &p);
		}
	}
}

/* The levels at which this offset lets a leaf be aligned in both address spaces. */
static inline uint32_t aligned_levels(const struct mz_table *table, uint64_t offset)
{
	const struct mz_format *f = format_of(table);
	uint32_t levels = 0;

	for (unsigned level = 1; level <= f->levels; level++)
		if ((offset & (mz_span(f, level) - 1)) == 0)
			levels |= 1u << level;
	return levels & table->config.leaf_levels;
}

static inline enum mz_error map_range(struct mz_table *table, uint64_t first, uint64_t last,
				      uint64_t offset, struct mz_prop prop)
{
	struct map_job job = {.table = table, .offset = offset, .prop = prop};
	struct mz_node_ref cover;
	enum mz_error error;

	job.leaf_levels = aligned_levels(table, offset);
	mz_reserve_init(&job.reserve);
	cover = lock_cover(table, first, last, false);
	error = map_prepare(&job, cover, first, last);
	if (error == MZ_OK) {
		error = mz_reserve_fill(&table->config, &job.reserve);
		if (error == MZ_OK)
			map_commit(&job, cover, first, last, false);
		else
			unlock_below(table, cover, first, last);
	}
	mz_lock_release(&cover.frame->lock);
	if (MZ_UNLIKELY(error != MZ_OK))
		mz_reserve_drain(&table->config, &job.reserve);
	return error;
}

/* One page below the root's slot `top`. False: there is no level-1 node, and nothing is done. */
MZ_INLINE bool map_page_below(struct mz_table *table, const uint64_t *top, uint64_t addr,
			      uint64_t oa, struct mz_prop prop, bool tracked, enum mz_error *error)
{
	const struct mz_format *f = format_of(table);
	unsigned index = mz_index(f, addr, 1);
	struct mz_node_ref node;

	if (!lock_node(table, top, addr, 1, &node))
		return false;
	*error = MZ_OCCUPIED;
	if (MZ_LIKELY(f->kind(mz_load_relaxed(&node.slots[index]), 1) == MZ_ABSENT)) {
		if (tracked)
			items_take(table, 1, 1, oa, prop);
		entries_map(table, node, index, index + 1, oa, prop);
		*error = MZ_OK;
	}
	mz_lock_release(&node.frame->lock);
	return true;
}

/* One page. False: it is tracked, there is no level-1 node, or it is refused, and nothing is done.
 */
MZ_INLINE bool map_page(struct mz_table *table, mz_ia ia, mz_oa oa, struct mz_prop prop,
			enum mz_error *error)
{
	uint64_t *top;

	return MZ_LIKELY(root_slot(table, ia.addr, &top)) &&
		MZ_LIKELY(check_map_page(table, ia, oa, prop)) && MZ_LIKELY(!takes_items(table)) &&
		map_page_below(table, top, ia.addr, oa.addr, prop, false, error);
}

/*
 * One page whose level-1 node is missing from a parent that is there. False: it is not so, and
 * nothing is done.
 */
MZ_INLINE bool map_page_in_new_node(struct mz_table *table, const uint64_t *top, uint64_t addr,
				    uint64_t oa, struct mz_prop prop, bool tracked,
				    enum mz_error *error)
{
	const struct mz_format *f = format_of(table);
	unsigned slot = mz_index(f, addr, 2), index = mz_index(f, addr, 1);
	struct mz_node_ref parent, child;
	mz_node made;

	if (f->levels < 2 || !lock_node(table, top, addr, 2, &parent))
		return false;
	if (f->kind(mz_load_relaxed(&parent.slots[slot]), 2) != MZ_ABSENT) {
		mz_lock_release(&parent.frame->lock);
		return false;
	}
	*error = mz_node_alloc_raw_(&table->config, 1, &made);
	if (MZ_LIKELY(*error == MZ_OK)) {
		child = node_at(table, made.oa, 1);
		mz_fill_absent(f, child.slots, 0, mz_entry_count(f, 1));
		if (tracked)
			items_take(table, 1, 1, oa, prop);
		entries_fill(table, child, index, index + 1, oa, prop);
		entry_link(table, parent, slot, made.oa);
	}
	mz_lock_release(&parent.frame->lock);
	return true;
}

/* What the short path leaves: ranges, pages whose nodes are not there, and what is refused. */
MZ_NOINLINE enum mz_error map_slowly(struct mz_table *table, mz_ia ia, uint64_t bytes, mz_oa oa,
				     struct mz_prop prop)
{
	enum mz_error error = check_map(table, ia, bytes, oa, prop);

	if (error != MZ_OK)
		return error;
	mz_reader_enter(table);
	error = map_range(table, ia.addr, ia.addr + (bytes - 1), oa.addr - ia.addr, prop);
	mz_reader_leave(table);
	return error;
}

/* One page that has no level-1 node, is tracked, or is refused. */
MZ_NOINLINE enum mz_error map_page_slowly(struct mz_table *table, mz_ia ia, mz_oa oa,
					  struct mz_prop prop)
{
	bool tracked = takes_items(table), done = false;
	enum mz_error error;
	uint64_t *top;

	if (root_slot(table, ia.addr, &top) && check_map_page(table, ia, oa, prop)) {
		mz_reader_enter(table);
		done = (tracked &&
			map_page_below(table, top, ia.addr, oa.addr, prop, true, &error)) ||
			map_page_in_new_node(table, top, ia.addr, oa.addr, prop, tracked, &error);
		mz_reader_leave(table);
	}
	return done ? error : map_slowly(table, ia, mz_span(format_of(table), 1), oa, prop);
}

static inline enum mz_error instance_map(struct mz_table *table, mz_ia ia, uint64_t bytes, mz_oa oa,
					 struct mz_prop prop)
{
	const struct mz_format *f = format_of(table);
	enum mz_error error;
	bool done;

	if (MZ_UNLIKELY(bytes != mz_span(f, 1)))
		return map_slowly(table, ia, bytes, oa, prop);
	mz_reader_enter(table);
	done = map_page(table, ia, oa, prop, &error);
	mz_reader_leave(table);
	return MZ_LIKELY(done) ? error : map_page_slowly(table, ia, oa, prop);
}

#endif
