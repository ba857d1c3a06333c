// SPDX-License-Identifier: MPL-2.0
/* The fault path, where memory that is mapped is let be written. */
#include "core/clone.h"
#include "ept/copies.h"
#include "ept/fault.h"

enum mz_answer mz_fault_own_(const struct job *job)
{
	struct mz_table *table = &job->space->table;
	uint64_t page = mz_span(table->config.format, 1);
	struct mz_gather gather;
	enum mz_error error;

	if (MZ_LIKELY(!table->shares))
		return MZ_RESOLVED;
	mz_gather_init(&gather, table);
	gather.reserve = reserve_of(job);
	error = mz_table_own(table, mz_ia_from(job->gpa & ~(page - 1)), page, true, &gather);
	mz_gather_finish(&gather);
	return error == MZ_OK ? MZ_RESOLVED : MZ_EXHAUSTED;
}

enum mz_answer mz_fault_let_write_(struct job *job, unsigned part, const mz_oa *only)
{
	struct mz_space *space = job->space;
	const struct mz_format *f = space->table.config.format;
	uint64_t base = job->gpa & ~(mz_span(f, part) - 1);
	struct mz_writable writable = {.level_max = part, .only = only};
	struct mz_gather gather;
	bool told = writes_are_told(space);
	enum mz_error error = told ? written_prepare(space, base, mz_span(f, part)) : MZ_OK;

	if (error != MZ_OK)
		return MZ_EXHAUSTED;
	mz_gather_init(&gather, &space->table);
	gather.reserve = reserve_of(job);
	writable.gather = &gather;
	error = mz_table_write_enable(&space->table, mz_ia_from(job->gpa), &writable);
	mz_gather_finish(&gather);
	if (error != MZ_OK)
		return error == MZ_NOT_MAPPED ? answer_changed(job) : MZ_EXHAUSTED;
	/* A larger leaf could be written already: who let it, or hardware, has the room to tell. */
	if (told && writable.bytes <= mz_span(f, part))
		written_tell(space, writable.ia.addr, writable.bytes);
	count(&job->worker->stats.written[writable.leaf_level]);
	if (writable.leaf_level > part)
		count(&job->worker->stats.split[writable.leaf_level]);
	return answer_resolved(job);
}

/* The page around the address, as it is mapped by a leaf. */
static struct mz_item page_of(const struct job *job, struct mz_leaf leaf)
{
	struct mz_item item = mz_leaf_item(&job->space->table, leaf);

	item.oa.addr &= ~(mz_span(job->space->table.config.format, 1) - 1);
	item.level = 1;
	return item;
}

/* Maps a copy where the page `from` is, if it is there still, and as it was. */
static enum mz_error exchange_page(const struct job *job, uint64_t page, struct mz_item from,
				   mz_oa to)
{
	struct mz_table *table = &job->space->table;
	enum mz_error error = MZ_NOT_MAPPED;
	struct mz_gather gather;

	mz_gather_init(&gather, table);
	gather.reserve = reserve_of(job);
	mz_lock_acquire(&job->space->list_lock);
	if (job->worker->copying != 0)
		error = mz_table_exchange(table, mz_ia_from(page), from.oa, to, &gather);
	if (error == MZ_OK) {
		/* Whoever finds the copy finds no cache that leads to what it is of. */
		mz_gather_flush_(&gather);
		copies_spoil_locked(job->space, page, page);
	}
	mz_lock_release(&job->space->list_lock);
	mz_gather_finish(&gather);
	return error;
}

/* A write to a page that clones may have: a frame that none of them has takes its place. */
static enum mz_answer let_write_copy(struct job *job, struct mz_item from)
{
	struct mz_space *space = job->space;
	const struct mz_backing *backing = &space->backing;
	struct mz_region region = *job->region;
	uint64_t version = space->version;
	uint64_t page = job->gpa & ~(mz_span(space->table.config.format, 1) - 1);
	enum mz_error error;
	mz_oa to;

	copies_begin(space, job->worker, page);
	gate_leave(space);
	error = backing->copy(backing->context, &region, mz_ia_from(page), from, &to);
	gate_enter(space);
	if (error != MZ_OK)
		return MZ_EXHAUSTED;
	if (to.addr == from.oa.addr) {
		if (version != space->version)
			return answer_changed(job);
		copies_spoil(space, page, page);
		return mz_fault_let_write_(job, 1, &to);
	}
	error = version == space->version ? exchange_page(job, page, from, to) : MZ_NOT_MAPPED;
	if (error != MZ_OK) {
		backing->release(backing->context, &region, to, 1);
		return error == MZ_NOT_MAPPED ? answer_changed(job) : MZ_EXHAUSTED;
	}
	count(&job->worker->stats.copied);
	return mz_fault_let_write_(job, 1, &to);
}

enum mz_answer mz_fault_write_(struct job *job, struct mz_leaf leaf)
{
	struct mz_space *space = job->space;
	unsigned level = mz_leaf_level(leaf);
	enum mz_answer answer = mz_fault_own_(job);

	if (answer != MZ_RESOLVED)
		return answer;
	if (space->table.shares && job->region->kind != MZ_REGION_SHARED)
		return let_write_copy(job, page_of(job, leaf));
	/* The leaf may reach into a region that was made of a part of this one. */
	level = region_level(job, level);
	return mz_fault_let_write_(job, written_level(space) < level ? written_level(space) : level,
				   NULL);
}
