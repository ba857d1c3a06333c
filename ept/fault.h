/* SPDX-License-Identifier: MPL-2.0 */
/* What the parts of the fault path share. All of it runs inside the gate. */
#ifndef MZ_EPT_FAULT_H
#define MZ_EPT_FAULT_H

#include "ept/gate.h"
#include "ept/written.h"

/* What one call carries along. */
struct job {
	struct mz_worker *worker;
	struct mz_space *space;
	const struct mz_region *region;
	uint64_t gpa;
	unsigned access;
	struct mz_fault *fault;
};

/* Nobody else counts here. */
static inline void count(uint64_t *counter)
{
	mz_store_relaxed(counter, mz_load_relaxed(counter) + 1);
}

static inline struct mz_reserve *reserve_of(const struct job *job)
{
	return &job->worker->reserve;
}

/* Fills in the leaf of the level around the address. */
static inline void describe_leaf(const struct mz_format *f, uint64_t gpa, struct mz_leaf leaf,
				 struct mz_prop prop, struct mz_fault *fault)
{
	unsigned level = mz_leaf_level(leaf);
	uint64_t mask = mz_span(f, level) - 1;

	fault->ia = mz_ia_from(gpa & ~mask);
	fault->bytes = mask + 1;
	fault->item = mz_item_pack(mz_oa_from(mz_leaf_oa(leaf).addr & ~mask), prop, level);
}

static inline void describe(const struct job *job, struct mz_leaf leaf)
{
	const struct mz_table *table = &job->space->table;

	describe_leaf(table->config.format, job->gpa, leaf, mz_leaf_item(table, leaf).prop,
		      job->fault);
}

static inline void describe_nothing(struct mz_fault *fault)
{
	fault->bytes = 0;
	fault->item.level = 0;
}

/* What was there has been changed meanwhile: the access is done again. */
static inline enum mz_answer answer_changed(const struct job *job)
{
	describe_nothing(job->fault);
	return MZ_RETRY;
}

/* What was asked for is mapped, unless it is gone again. */
static inline enum mz_answer answer_resolved(const struct job *job)
{
	struct mz_leaf leaf = mz_table_find(&job->space->table, mz_ia_from(job->gpa));

	if (mz_leaf_level(leaf) == 0)
		return answer_changed(job);
	describe(job, leaf);
	return MZ_RESOLVED;
}

/* The largest leaf around the address that lies in [first, first + bytes), up to `level`. */
static inline unsigned level_inside(const struct mz_format *f, uint64_t gpa, uint64_t first,
				    uint64_t bytes, unsigned level)
{
	uint64_t before = gpa - first, behind = bytes - 1 - before;

	for (; level > 1; level--) {
		uint64_t mask = mz_span(f, level) - 1;

		if ((gpa & mask) <= before && (~gpa & mask) <= behind)
			break;
	}
	return level;
}

/* The largest leaf that the region lets be, up to `level`. */
static inline unsigned region_level_max(const struct mz_region *region, unsigned level)
{
	return region->leaf_level_max != 0 && level > region->leaf_level_max
		? region->leaf_level_max
		: level;
}

/* The largest leaf around the address that lies in the region, up to `level`. */
static inline unsigned region_level(const struct job *job, unsigned level)
{
	const struct mz_region *region = job->region;

	return level_inside(job->space->table.config.format, job->gpa, region->ia.addr,
			    region->bytes, region_level_max(region, level));
}

/* Answers one access, and passes the gate for it: for those who do not count answers. */
enum mz_answer mz_fault_answer_(struct mz_worker *worker, uint64_t gpa, unsigned access,
				struct mz_fault *fault);

/*
 * Before a table that shares nodes is changed at the address: makes the way there its own. An
 * answer other than MZ_RESOLVED: it could not.
 */
enum mz_answer mz_fault_own_(const struct job *job);

/*
 * Lets the leaf around the address be written, or a part of it up to a level; if `only` is not
 * NULL, only while the page is this.
 */
enum mz_answer mz_fault_let_write_(struct job *job, unsigned part, const mz_oa *only);

/* The address is mapped by `leaf`, and its region may be written. */
enum mz_answer mz_fault_write_(struct job *job, struct mz_leaf leaf);

#endif
