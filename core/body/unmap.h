/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Unmapping a range. A node that lies whole in it is cut with all below it, and its leaves are not
 * even read; but where the MMU's bits are reported, leaf by leaf: in a cut node it could set more.
 *
 * Where nobody wants to know what was mapped, such a subtree is dropped: its nodes of level 1,
 * which are most of it, are not even locked. Between the two passes they are marked stray, and each
 * is waited for whose lock is held then: by who has it since before it was marked. Whoever comes
 * later sees the mark, and waits until the subtree is cut (await_cut). So nobody changes what they
 * map, as if they were locked (who collects flags may still take some, which nobody asks for); for
 * one fence a node of level 2 instead of a locked instruction each.
 */
#ifndef MZ_CORE_BODY_UNMAP_H
#define MZ_CORE_BODY_UNMAP_H

#include "core/body/arguments.h"
#include "core/body/split.h"

/* What one call carries down the tree. */
struct unmap_job {
	struct mz_table *table;
	struct mz_gather *gather;
	struct mz_reserve *reserve;
	bool drops; /* what is cut is dropped */
};

/* Hands [first, last] of a split leaf out, in the largest pieces of `level` and below. */
static inline void put_part(struct unmap_job *job, uint64_t first, uint64_t last, uint64_t offset,
			    struct mz_prop prop, unsigned level)
{
	const struct mz_format *f = format_of(job->table);

	for (struct part p = part_at(f, level, first, last); p.valid;
	     part_next(f, level, last, &p)) {
		struct mz_item item = {mz_oa_from(p.first + offset), prop, (uint8_t)level};

		if (!p.whole) {
			put_part(job, p.first, p.last, offset, prop, level - 1);
			continue;
		}
		if (job->gather->unmapped != NULL)
			job->gather->unmapped(job->gather->context, mz_ia_from(p.first), item, 1);
		if (job->table->config.items.put != NULL)
			mz_gather_item_(job->gather, item);
	}
}

/* Splits a leaf, so that [p->first, p->last] of it goes and the rest stays. */
static inline void unmap_part(struct unmap_job *job, struct mz_node_ref node, const struct part *p,
			      uint64_t entry)
{
	const struct mz_format *f = format_of(job->table);
	uint64_t base = part_base(f, node.level, p);

	entry = split(job->table, job->reserve, node, p, entry, 0, NULL, job->gather);
	if (job->gather->unmapped != NULL || job->table->config.items.put != NULL)
		put_part(job, p->first, p->last, f->oa(entry, node.level).addr - base,
			 f->prop(entry, node.level), node.level - 1);
}

/* Do other tables have this node, too? It is reached by nodes of the table's own. */
MZ_INLINE bool is_shared(const struct mz_table *table, const struct mz_frame *frame)
{
	return MZ_UNLIKELY(table->shares) && mz_refs_shared(&frame->refs);
}

/* Unlocks a node that was cut. `first` is the address at which it begins. */
MZ_INLINE void estrange_node(struct mz_table *table, struct mz_node_ref node, uint64_t first,
			     bool shared, struct mz_gather *gather)
{
	if (MZ_UNLIKELY(gather->unmapped != NULL))
		report_unmapped(table, node, 0, mz_entry_count(format_of(table), node.level), first,
				gather);
	if (!shared)
		mz_frame_estrange(node.frame, node.level);
	mz_lock_release(&node.frame->lock);
}

/*
 * Unlocks a subtree that was cut. What others do not keep is marked stray: whoever waits for one of
 * its locks begins again at the root. Where that is `dropped`, the nodes of level 1 below one of
 * level 2 are neither locked nor to be marked any more.
 */
static inline void estrange(struct mz_table *table, struct mz_node_ref node, uint64_t first,
			    bool shared, bool dropped, struct mz_gather *gather)
{
	const struct mz_format *f = format_of(table);
	uint64_t span = mz_span(f, node.level);
	unsigned lowest = dropped ? 2 : 1;

	for (unsigned i = 0; node.level > lowest && i < mz_entry_count(f, node.level); i++) {
		uint64_t entry = mz_load_relaxed(&node.slots[i]);
		struct mz_node_ref child;
		bool kept;

		if (f->kind(entry, node.level) != MZ_NODE)
			continue;
		child = child_of(table, entry, node.level);
		kept = shared || is_shared(table, child.frame);
		/* Most nodes are of level 1, and cost a store. */
		if (child.level == 1)
			estrange_node(table, child, first + i * span, kept, gather);
		else
			estrange(table, child, first + i * span, kept, dropped, gather);
	}
	estrange_node(table, node, first, shared, gather);
}

/* Cuts the locked child at `index`. `first` is the address at which the child begins. */
static inline void cut_or_drop(struct mz_table *table, struct mz_node_ref node, unsigned index,
			       uint64_t first, bool dropped, struct mz_gather *gather)
{
	const struct mz_format *f = format_of(table);
	mz_node child = {f->oa(mz_load_relaxed(&node.slots[index]), node.level)};
	struct mz_node_ref ref = node_at(table, child.oa, node.level - 1);
	bool shared = is_shared(table, ref.frame);

	entry_unlink(table, node, index);
	mz_gather_range_(gather, first, mz_span_last(f, first, node.level));
	if (shared) {
		gather->nodes = true;
		mz_gather_shared_(gather, child);
	} else {
		mz_gather_node_(f, gather, child.oa);
	}
	estrange(table, ref, first, shared, dropped, gather);
}

/* The same, all below which is locked. */
static inline void cut(struct mz_table *table, struct mz_node_ref node, unsigned index,
		       uint64_t first, struct mz_gather *gather)
{
	cut_or_drop(table, node, index, first, false, gather);
}

/* Makes the nodes of level 1 below a node of level 2 stray, and waits until nobody is in them. */
static inline void estrange_leaf_nodes(struct mz_table *table, struct mz_node_ref node)
{
	const struct mz_format *f = format_of(table);
	unsigned count = mz_entry_count(f, 2);
	bool any = false;

	for (unsigned i = 0; i < count; i++) {
		uint64_t entry = mz_load_relaxed(&node.slots[i]);

		if (f->kind(entry, 2) == MZ_NODE) {
			mz_frame_estrange(child_of(table, entry, 2).frame, 1);
			any = true;
		}
	}
	if (MZ_ONE_THREAD || !any)
		return;
	mz_fence();
	for (unsigned i = 0; i < count; i++) {
		uint64_t entry = mz_load_relaxed(&node.slots[i]);

		if (f->kind(entry, 2) == MZ_NODE)
			mz_lock_await(&child_of(table, entry, 2).frame->lock);
	}
}

/* Between the passes, below `node`: what is to be dropped and was not locked. */
static inline void estrange_dropped(struct mz_table *table, struct mz_node_ref node, uint64_t first,
				    uint64_t last)
{
	const struct mz_format *f = format_of(table);

	if (node.level < 3)
		return;
	for (struct part p = part_at(f, node.level, first, last); p.valid;
	     part_next(f, node.level, last, &p)) {
		uint64_t entry = mz_load_relaxed(&node.slots[p.index]);
		struct mz_node_ref child;

		if (f->kind(entry, node.level) != MZ_NODE)
			continue;
		child = child_of(table, entry, node.level);
		if (drops_leaf_nodes(table, node.level, &p))
			estrange_leaf_nodes(table, child);
		else
			estrange_dropped(table, child, p.first, p.last);
	}
}

/* Second pass: clears and cuts, and unlocks each node below `node`. */
static inline void unmap_commit(struct unmap_job *job, struct mz_node_ref node, uint64_t first,
				uint64_t last)
{
	struct mz_table *table = job->table;
	const struct mz_format *f = format_of(table);

	if (node.level == 1) {
		node.level = 1; /* a constant from here on */
		entries_clear(table, node, mz_index(f, first, 1), mz_index(f, last, 1) + 1, first,
			      job->gather);
		return;
	}
	for (struct part p = part_at(f, node.level, first, last); p.valid;
	     part_next(f, node.level, last, &p)) {
		uint64_t entry = mz_load_relaxed(&node.slots[p.index]);
		enum mz_kind kind = f->kind(entry, node.level);

		if (kind == MZ_NODE) {
			struct mz_node_ref child = child_of(table, entry, node.level);

			if (p.whole && may_cut(table, node.level) &&
			    (!reports_flags(table, job->gather) || is_shared(table, child.frame))) {
				cut_or_drop(table, node, p.index, p.first, job->drops, job->gather);
				continue;
			}
			unmap_commit(job, child, p.first, p.last);
			if (child.frame->child_count == 0 && may_cut(table, node.level)) {
				cut(table, node, p.index, part_base(f, node.level, &p),
				    job->gather);
			} else {
				settle(table, job->gather);
				mz_lock_release(&child.frame->lock);
			}
		} else if (kind == MZ_LEAF && p.whole) {
			entries_clear(table, node, p.index, p.index + 1, p.first, job->gather);
		} else if (kind == MZ_LEAF) {
			unmap_part(job, node, &p, entry);
		}
	}
}

/*
 * Cuts the node of `level` at `addr` if it is still there and still empty, and then its parent if
 * that has become empty: a parent is locked before its child, so this begins anew from above.
 */
static inline void prune(struct mz_table *table, uint64_t addr, unsigned level,
			 struct mz_gather *gather)
{
	const struct mz_format *f = format_of(table);
	bool again = true;

	for (level++; again && level <= f->levels && may_cut(table, level); level++) {
		uint64_t first = addr & ~(mz_span(f, level) - 1);
		struct mz_node_ref parent = lock_cover(table, first, mz_span_last(f, first, level),
						       true);
		unsigned index = mz_index(f, first, level);
		uint64_t entry = mz_load_relaxed(&parent.slots[index]);

		again = false;
		if (parent.level == level && f->kind(entry, level) == MZ_NODE) {
			struct mz_node_ref child = child_of(table, entry, level);

			mz_lock_acquire(&child.frame->lock);
			if (child.frame->child_count == 0) {
				cut(table, parent, index, first, gather);
				again = parent.frame->child_count == 0;
			} else {
				mz_lock_release(&child.frame->lock);
			}
		}
		settle(table, gather);
		mz_lock_release(&parent.frame->lock);
	}
}

/* Cuts what has become empty around a page that was unmapped. */
MZ_NOINLINE void prune_page(struct mz_table *table, uint64_t addr, struct mz_gather *gather)
{
	struct mz_gather own;

	mz_gather_init(&own, table);
	prune(table, addr, 1, gather != NULL ? gather : &own);
	mz_gather_finish(&own);
}

static inline enum mz_error unmap_range(struct mz_table *table, uint64_t first, uint64_t last,
					struct mz_gather *gather)
{
	struct unmap_job job = {.table = table, .gather = gather};
	struct mz_reserve own;
	struct mz_node_ref cover;
	enum mz_error error;
	bool emptied = false;

	job.reserve = reserve_of(gather, &own);
	job.drops = !table->shares && gather->unmapped == NULL;
	cover = lock_cover(table, first, last, true);
	lock_and_count(table, job.reserve, cover, first, last, 0, job.drops);
	error = mz_reserve_fill(&table->config, job.reserve);
	if (error == MZ_OK) {
		if (job.drops)
			estrange_dropped(table, cover, first, last);
		unmap_commit(&job, cover, first, last);
		settle(table, gather);
		emptied = cover.frame->child_count == 0;
	} else {
		unlock_held(table, cover, first, last, job.drops);
	}
	mz_lock_release(&cover.frame->lock);
	if (MZ_UNLIKELY(error != MZ_OK))
		mz_reserve_drain(&table->config, &own);
	if (emptied)
		prune(table, first, cover.level, gather);
	return error;
}

/* Takes one page out of a locked level-1 node. False: there was none. */
MZ_INLINE bool clear_page(struct mz_table *table, struct mz_node_ref node, uint64_t addr)
{
	const struct mz_format *f = format_of(table);
	uint64_t *slot = &node.slots[mz_index(f, addr, 1)];

	if (f->kind(mz_load_relaxed(slot), 1) == MZ_ABSENT)
		return false;
	mz_store_relaxed(slot, f->absent);
	node.frame->child_count--;
	return true;
}

/* Must nobody be told what an entry was: no item hook, no accessed and dirty bits, no report? */
MZ_INLINE bool untold(const struct mz_table *table, const struct mz_gather *gather)
{
	return table->config.items.put == NULL && !mmu_writes(table) &&
		(gather == NULL || gather->unmapped == NULL);
}

/*
 * One page, where nobody wants to know what it was. False: somebody does, there is no level-1 node,
 * or it is refused, and nothing is done.
 */
MZ_INLINE bool unmap_page(struct mz_table *table, uint64_t addr, struct mz_gather *gather)
{
	struct mz_node_ref node;
	bool cleared, emptied;
	uint64_t *top;

	if (MZ_UNLIKELY(!root_slot(table, addr, &top)) ||
	    MZ_UNLIKELY(!mz_page_aligned(format_of(table), addr)) ||
	    MZ_UNLIKELY(!untold(table, gather)) || !lock_node(table, top, addr, 1, &node))
		return false;
	cleared = clear_page(table, node, addr);
	emptied = cleared && node.frame->child_count == 0;
	mz_lock_release(&node.frame->lock);
	if (cleared)
		flush_page(table, addr, gather);
	if (MZ_UNLIKELY(emptied))
		prune_page(table, addr, gather);
	return true;
}

/*
 * What the short path leaves: ranges, pages of which somebody is told or that must be flushed
 * before they are unlocked, pages whose nodes are not there, and what is refused.
 */
MZ_NOINLINE enum mz_error unmap_slowly(struct mz_table *table, mz_ia ia, uint64_t bytes,
				       struct mz_gather *gather)
{
	enum mz_error error = check_range(table, ia.addr, bytes);
	struct mz_gather own;

	if (error != MZ_OK)
		return error;
	mz_gather_init(&own, table);
	mz_reader_enter(table);
	error = unmap_range(table, ia.addr, ia.addr + (bytes - 1), gather != NULL ? gather : &own);
	mz_reader_leave(table);
	mz_gather_finish(&own);
	return error;
}

static inline enum mz_error instance_unmap(struct mz_table *table, mz_ia ia, uint64_t bytes,
					   struct mz_gather *gather)
{
	const struct mz_format *f = format_of(table);
	bool done;

	if (MZ_UNLIKELY(bytes != mz_span(f, 1)) || breaks(table))
		return unmap_slowly(table, ia, bytes, gather);
	mz_reader_enter(table);
	done = unmap_page(table, ia.addr, gather);
	mz_reader_leave(table);
	return MZ_LIKELY(done) ? MZ_OK : unmap_slowly(table, ia, mz_span(f, 1), gather);
}

#endif
