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

/* Fills in the leaf around the address. */
static inline void describe_item(const struct job *job, struct mz_item item)
{
	uint64_t mask = mz_span(job->space->table.config.format, item.level) - 1;

	job->fault->ia = mz_ia_from(job->gpa & ~mask);
	job->fault->bytes = mask + 1;
	job->fault->item = item;
	job->fault->item.oa.addr &= ~mask;
}

static inline void describe(const struct job *job, struct mz_leaf leaf)
{
	describe_item(job, mz_leaf_item(&job->space->table, leaf));
}

/* The largest leaf around the address that lies in the region, up to `level`. */
static inline unsigned region_level(const struct job *job, unsigned level)
{
	const struct mz_format *f = job->space->table.config.format;
	const struct mz_region *region = job->region;
	uint64_t before = job->gpa - region->ia.addr, behind = mz_region_last(region) - job->gpa;

	if (region->leaf_level_max != 0 && level > region->leaf_level_max)
		level = region->leaf_level_max;
	for (; level > 1; level--) {
		uint64_t mask = mz_span(f, level) - 1;

		if ((job->gpa & mask) <= before && (~job->gpa & mask) <= behind)
			break;
	}
	return level;
}

/* Answers one access, and passes the gate for it: for those who do not count answers. */
enum mz_answer mz_fault_answer_(struct job *job);

/*
 * Before a table that shares nodes is changed at the address: makes the way there its own. An
 * answer other than MZ_RESOLVED: it could not.
 */
enum mz_answer mz_fault_own_(const struct job *job);

/* Lets the leaf around the address be written, or a part of it up to a level. */
enum mz_answer mz_fault_let_write_(struct job *job, unsigned part);

/* The address is mapped by `leaf`, and its region may be written. */
enum mz_answer mz_fault_write_(struct job *job, struct mz_leaf leaf);

#endif
