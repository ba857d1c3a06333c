/* SPDX-License-Identifier: MPL-2.0 */
/* Changing the permissions of a range. */
#ifndef MZ_CORE_BODY_PROTECT_H
#define MZ_CORE_BODY_PROTECT_H

#include "core/body/split.h"

/* What one call carries down the tree. */
struct protect_job {
	struct mz_table *table;
	struct mz_gather *gather;
	struct mz_reserve reserve;
	unsigned perm;
};

/* Must this leaf be split to give a part of it these permissions? */
static inline bool needs_split(const struct mz_format *f, uint64_t entry, unsigned level,
			       const struct part *p, unsigned perm)
{
	return !p->whole && f->prop(entry, level).perm != perm;
}

/* First pass: locks the existing nodes below `node` and counts what splits will need. */
static void protect_prepare(struct protect_job *job, struct mz_node_ref node, uint64_t first,
			    uint64_t last)
{
	const struct mz_format *f = format_of(job->table);

	if (node.level == 1)
		return;
	for (struct part p = part_at(f, node.level, first, last); p.valid;
	     part_next(f, node.level, last, &p)) {
		uint64_t entry = mz_load_relaxed(&node.slots[p.index]);
		enum mz_kind kind = f->kind(entry, node.level);

		if (kind == MZ_NODE) {
			struct mz_node_ref child = child_of(job->table, entry, node.level);

			mz_node_lock(child.frame);
			protect_prepare(job, child, p.first, p.last);
		} else if (kind == MZ_LEAF && needs_split(f, entry, node.level, &p, job->perm)) {
			split_count(job->table, &job->reserve, node.level,
				    p.first & ~(mz_span(f, node.level) - 1), p.first, p.last,
				    false);
		}
	}
}

/* Second pass: changes leaves, and unlocks each node below `node`. */
static void protect_commit(struct protect_job *job, struct mz_node_ref node, uint64_t first,
			   uint64_t last)
{
	const struct mz_format *f = format_of(job->table);

	for (struct part p = part_at(f, node.level, first, last); p.valid;
	     part_next(f, node.level, last, &p)) {
		uint64_t entry = mz_load_relaxed(&node.slots[p.index]);
		enum mz_kind kind = f->kind(entry, node.level);

		if (kind == MZ_NODE) {
			struct mz_node_ref child = child_of(job->table, entry, node.level);

			protect_commit(job, child, p.first, p.last);
			mz_node_unlock(child.frame);
		} else if (kind == MZ_LEAF && needs_split(f, entry, node.level, &p, job->perm)) {
			uint64_t base = p.first & ~(mz_span(f, node.level) - 1);

			split(job->table, &job->reserve, node, &p, entry, job->perm);
			mz_gather_range_(job->gather, base, mz_span_last(f, base, node.level));
		} else if (kind == MZ_LEAF &&
			   entry_protect(job->table, node, p.index, entry, job->perm)) {
			mz_gather_range_(job->gather, p.first, p.last);
		}
	}
}

static enum mz_error instance_protect(struct mz_table *table, mz_ia ia, uint64_t bytes,
				      unsigned perm, struct mz_gather *gather)
{
	struct protect_job job = {.table = table, .gather = gather, .perm = perm};
	uint64_t last = ia.addr + (bytes - 1);
	struct mz_node_ref cover;
	enum mz_error error;

	reader_enter(table);
	cover = lock_cover(table, ia.addr, last, false);
	protect_prepare(&job, cover, ia.addr, last);
	error = mz_reserve_fill(table, &job.reserve);
	if (error == MZ_OK)
		protect_commit(&job, cover, ia.addr, last);
	else
		unlock_below(table, cover, ia.addr, last);
	mz_node_unlock(cover.frame);
	reader_leave(table);
	return error;
}

#endif
