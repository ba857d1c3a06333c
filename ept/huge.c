// SPDX-License-Identifier: MPL-2.0
#include "ept/huge.h"

#include "core/geometry.h"
#include "core/huge.h"
#include "core/clone.h"
#include "ept/gate.h"
#include "ept/range.h"

/* Splits the leaf around `at`; answers its last address, or that of the hole there. */
static enum mz_error split_around(struct mz_worker *worker, uint64_t at, unsigned level,
				  struct mz_gather *gather, uint64_t *last)
{
	struct mz_table *table = &worker->space->table;
	const struct mz_format *f = table->config.format;
	enum mz_error error = MZ_OK;

	*last = mz_span_last(f, at, level);
	gate_enter(worker->space);
	if (mz_leaf_level(mz_table_find(table, mz_ia_from(at))) > level) {
		uint64_t page = mz_span(f, 1);

		error = mz_table_own(table, mz_ia_from(at & ~(page - 1)), page, true, gather);
		if (error == MZ_OK)
			error = mz_table_split(table, mz_ia_from(at), level, gather);
	}
	gate_leave(worker->space);
	/* Somebody has taken it away meanwhile. */
	return error == MZ_NOT_MAPPED ? MZ_OK : error;
}

enum mz_error mz_space_split(struct mz_worker *worker, mz_ia ia, uint64_t bytes, unsigned level)
{
	struct mz_table *table = &worker->space->table;
	const struct mz_format *f = table->config.format;
	uint64_t at = ia.addr, end = ia.addr + (bytes - 1), last;
	enum mz_error error = check_range(worker->space, ia, bytes);
	struct mz_gather gather;

	if (error != MZ_OK)
		return error;
	if (level < 1 || level > f->levels || !mz_leaf_allowed(table->config.leaf_levels, level))
		return MZ_BAD_LEVEL;
	mz_gather_init(&gather, table);
	gather.reserve = &worker->reserve;
	do {
		error = split_around(worker, at, level, &gather, &last);
		at = last + 1;
	} while (error == MZ_OK && last < end);
	mz_gather_finish(&gather);
	return error;
}

/* The largest leaf that may begin at `at` in the region; 1: none but a page. */
static unsigned level_at(const struct mz_space *space, const struct mz_region *region, uint64_t at)
{
	const struct mz_format *f = space->table.config.format;
	unsigned most = region->leaf_level_max;

	if (most == 0 || most > space->leaf_top)
		most = space->leaf_top;
	for (unsigned level = most; level > 1; level--)
		if (mz_leaf_allowed(space->table.config.leaf_levels, level) &&
		    (at & (mz_span(f, level) - 1)) == 0 &&
		    mz_region_last(region) - at >= mz_span(f, level) - 1)
			return level;
	return 1;
}

/*
 * Tries the leaves that may begin at the address, the largest first. Answers the level of what was
 * made or 0, and in `cost` the entries that it has looked at.
 */
static unsigned collapse_at(struct mz_worker *worker, unsigned level, uint64_t at, uint64_t *cost)
{
	struct mz_table *table = &worker->space->table;
	const struct mz_format *f = table->config.format;
	struct mz_gather gather;
	unsigned made = 0;

	mz_gather_init(&gather, table);
	for (; level > 1 && made == 0; level--) {
		if (!mz_leaf_allowed(table->config.leaf_levels, level))
			continue;
		*cost += mz_entry_count(f, level - 1);
		if (mz_table_collapse(table, mz_ia_from(at), level, &gather) == MZ_OK)
			made = level;
	}
	mz_gather_finish(&gather);
	return made;
}

/*
 * One place at or behind `*at`, which is moved behind it. Answers as collapse_at(); `*at` is 0 when
 * there is no region any more.
 */
static unsigned collapse_next(struct mz_worker *worker, uint64_t *at, uint64_t *cost)
{
	const struct mz_space *space = worker->space;
	const struct mz_format *f = space->table.config.format;
	uint64_t step = mz_span(f, f->levels > 1 ? 2 : 1);
	const struct mz_region *region;
	unsigned made = 0;

	++*cost;
	gate_enter(space);
	region = mz_regions_next(&space->regions, *at);
	if (region == NULL) {
		*at = 0;
	} else {
		if (*at < region->ia.addr)
			*at = region->ia.addr;
		if (mz_region_perm(region) == 0)
			step = 0;
		else
			made = collapse_at(worker, level_at(space, region, *at), *at, cost);
		if (made != 0)
			step = mz_span(f, made);
		/* The next place that something large may begin at, or the next region. */
		*at = step != 0 ? (*at & ~(step - 1)) + step : mz_region_last(region) + 1;
	}
	gate_leave(space);
	return made;
}

uint64_t mz_space_collapse(struct mz_worker *worker, mz_ia *ia, uint64_t budget)
{
	uint64_t cost = 0, count = 0;

	do {
		unsigned made = collapse_next(worker, &ia->addr, &cost);

		if (made != 0) {
			uint64_t *counter = &worker->stats.collapsed[made];

			mz_store_relaxed(counter, mz_load_relaxed(counter) + 1);
			count++;
		}
	} while (ia->addr != 0 && cost < budget);
	return count;
}
