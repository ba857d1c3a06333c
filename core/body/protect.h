/* SPDX-License-Identifier: MPL-2.0 */
/* Changing the permissions of a range. */
#ifndef MZ_CORE_BODY_PROTECT_H
#define MZ_CORE_BODY_PROTECT_H

#include "core/body/arguments.h"
#include "core/body/split.h"

/* What one call carries down the tree. */
struct protect_job {
	struct mz_table *table;
	struct mz_gather *gather;
	struct mz_reserve *reserve;
	unsigned perm;
};

/* Second pass: changes leaves, and unlocks each node below `node`. */
static inline void protect_commit(struct protect_job *job, struct mz_node_ref node, uint64_t first,
				  uint64_t last)
{
	struct mz_table *table = job->table;
	const struct mz_format *f = format_of(table);

	if (node.level == 1) {
		node.level = 1; /* a constant from here on */
		if (entries_protect(table, node, mz_index(f, first, 1), mz_index(f, last, 1) + 1,
				    job->perm))
			mz_gather_range_(job->gather, first, last);
		return;
	}
	for (struct part p = part_at(f, node.level, first, last); p.valid;
	     part_next(f, node.level, last, &p)) {
		uint64_t entry = mz_load_relaxed(&node.slots[p.index]);
		enum mz_kind kind = f->kind(entry, node.level);

		if (kind == MZ_NODE) {
			struct mz_node_ref child = child_of(table, entry, node.level);

			protect_commit(job, child, p.first, p.last);
			mz_lock_release(&child.frame->lock);
		} else if (kind == MZ_LEAF && needs_split(f, entry, node.level, &p, job->perm)) {
			split(table, job->reserve, node, &p, entry, job->perm, NULL, job->gather);
		} else if (kind == MZ_LEAF &&
			   entries_protect(table, node, p.index, p.index + 1, job->perm)) {
			mz_gather_range_(job->gather, p.first, p.last);
		}
	}
}

static inline enum mz_error protect_range(struct mz_table *table, uint64_t first, uint64_t last,
					  unsigned perm, struct mz_gather *gather)
{
	struct protect_job job = {.table = table, .gather = gather, .perm = perm};
	struct mz_reserve own;
	struct mz_node_ref cover;
	enum mz_error error;

	job.reserve = reserve_of(gather, &own);
	cover = lock_cover(table, first, last, false);
	lock_and_count(table, job.reserve, cover, first, last, perm, false);
	error = mz_reserve_fill(&table->config, job.reserve);
	if (error == MZ_OK)
		protect_commit(&job, cover, first, last);
	else
		unlock_below(table, cover, first, last);
	mz_lock_release(&cover.frame->lock);
	if (MZ_UNLIKELY(error != MZ_OK))
		mz_reserve_drain(&table->config, &own);
	return error;
}

/* One page. False: there is no level-1 node, or it is refused, and nothing is done. */
MZ_INLINE bool protect_page(struct mz_table *table, uint64_t addr, unsigned perm,
			    struct mz_gather *gather)
{
	const struct mz_format *f = format_of(table);
	unsigned index = mz_index(f, addr, 1);
	struct mz_node_ref node;
	uint64_t *top;
	bool lost;

	if (MZ_UNLIKELY(!root_slot(table, addr, &top)) || MZ_UNLIKELY(!mz_page_aligned(f, addr)) ||
	    MZ_UNLIKELY(perm > UINT8_MAX) ||
	    MZ_UNLIKELY(!f->encodable(mz_prop_from(perm), 1, table->config.features)) ||
	    !lock_node(table, top, addr, 1, &node))
		return false;
	lost = entries_protect(table, node, index, index + 1, perm);
	mz_lock_release(&node.frame->lock);
	if (lost)
		flush_page(table, addr, gather);
	return true;
}

/* What the short path leaves: ranges, pages whose nodes are not there, and what is refused. */
MZ_NOINLINE enum mz_error protect_slowly(struct mz_table *table, mz_ia ia, uint64_t bytes,
					 unsigned perm, struct mz_gather *gather)
{
	enum mz_error error = check_protect(table, ia, bytes, perm);
	struct mz_gather own;

	if (error != MZ_OK)
		return error;
	mz_gather_init(&own, table);
	mz_reader_enter(table);
	error = protect_range(table, ia.addr, ia.addr + (bytes - 1), perm,
			      gather != NULL ? gather : &own);
	mz_reader_leave(table);
	mz_gather_finish(&own);
	return error;
}

static inline enum mz_error instance_protect(struct mz_table *table, mz_ia ia, uint64_t bytes,
					     unsigned perm, struct mz_gather *gather)
{
	const struct mz_format *f = format_of(table);
	bool done;

	if (MZ_UNLIKELY(bytes != mz_span(f, 1)))
		return protect_slowly(table, ia, bytes, perm, gather);
	mz_reader_enter(table);
	done = protect_page(table, ia.addr, perm, gather);
	mz_reader_leave(table);
	return MZ_LIKELY(done) ? MZ_OK : protect_slowly(table, ia, mz_span(f, 1), perm, gather);
}

#endif
