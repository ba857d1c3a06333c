// SPDX-License-Identifier: MPL-2.0
/* The fault path. */
#include "core/clone.h"
#include "core/cursor.h"
#include "core/walk.h"
#include "ept/gate.h"
#include "ept/written.h"

/* What one call carries along. */
struct job {
	struct mz_worker *worker;
	struct mz_space *space;
	const struct mz_region *region; /* inside the gate */
	uint64_t gpa;
	unsigned access;
	struct mz_fault *fault;
};

static void count(uint64_t *counter)
{
	mz_store_relaxed(counter, mz_load_relaxed(counter) + 1);
}

static struct mz_reserve *reserve_of(const struct job *job)
{
	return &job->worker->reserve;
}

/* Fills in the leaf around the address. */
static void describe(const struct job *job, struct mz_leaf leaf)
{
	struct mz_item item = mz_leaf_item(&job->space->table, leaf);
	uint64_t mask = mz_span(job->space->table.config.format, item.level) - 1;

	job->fault->ia = mz_ia_from(job->gpa & ~mask);
	job->fault->bytes = mask + 1;
	job->fault->item = item;
	job->fault->item.oa.addr &= ~mask;
}

static enum mz_answer deny(struct job *job, enum mz_denial cause)
{
	job->fault->cause = cause;
	if (job->region != NULL)
		job->fault->region = *job->region;
	return MZ_DENIED;
}

/* The largest leaf around the address that lies in the region, up to `level`. */
static unsigned region_level(const struct job *job, unsigned level)
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

static unsigned highest_leaf(const struct mz_space *space)
{
	unsigned level = space->table.config.format->levels;

	while (!mz_leaf_allowed(space->table.config.leaf_levels, level))
		level--;
	return level;
}

/* Clones map the same frames where these follow from the address, also what is new in both. */
static bool may_be_anothers(const struct job *job)
{
	return MZ_UNLIKELY(job->space->table.shares) && job->region->kind == MZ_REGION_RAM &&
		!job->region->supplied;
}

/* May this access be written down in the leaf, or has the leaf to wait for a write? */
static struct mz_prop leaf_prop(const struct job *job)
{
	struct mz_prop prop = job->region->prop;
	unsigned perm = mz_region_perm(job->region);

	if (may_be_anothers(job) ||
	    (writes_are_tracked(job->space) && (job->access & MZ_WRITE) == 0))
		perm &= ~(unsigned)MZ_WRITE;
	prop.perm = (uint8_t)perm;
	return prop;
}

/*
 * Before a table that shares nodes is changed at the address: makes the way there its own. An
 * answer other than MZ_RESOLVED: it could not.
 */
static enum mz_answer own_way(const struct job *job)
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

/* Lets the leaf around the address be written, or a part of it up to a level. */
static enum mz_answer let_write(struct job *job, unsigned part)
{
	struct mz_space *space = job->space;
	const struct mz_format *f = space->table.config.format;
	uint64_t base = job->gpa & ~(mz_span(f, part) - 1);
	struct mz_writable writable = {.level_max = part};
	struct mz_gather gather;
	enum mz_error error = written_prepare(space, base, mz_span(f, part));

	if (error != MZ_OK)
		return MZ_EXHAUSTED;
	mz_gather_init(&gather, &space->table);
	gather.reserve = reserve_of(job);
	writable.gather = &gather;
	error = mz_table_write_enable(&space->table, mz_ia_from(job->gpa), &writable);
	mz_gather_finish(&gather);
	/* What was mapped is gone again: the access is done again, and faults. */
	if (error != MZ_OK)
		return error == MZ_NOT_MAPPED ? MZ_RETRY : MZ_EXHAUSTED;
	written_tell(space, writable.ia.addr, writable.bytes);
	count(&job->worker->stats.written[writable.leaf_level]);
	if (writable.leaf_level > part)
		count(&job->worker->stats.split[writable.leaf_level]);
	describe(job, mz_table_find(&space->table, mz_ia_from(job->gpa)));
	return MZ_RESOLVED;
}

/* The page around the address, as it is mapped by a leaf. */
static struct mz_item page_of(const struct job *job, struct mz_leaf leaf)
{
	struct mz_item item = mz_leaf_item(&job->space->table, leaf);

	item.oa.addr &= ~(mz_span(job->space->table.config.format, 1) - 1);
	item.level = 1;
	return item;
}

/* May the page be written, whatever its leaf alone says? */
static bool is_writable(const struct mz_table *table, mz_ia page)
{
	struct mz_walk walk;

	return mz_table_walk(table, page, &walk) == MZ_OK && (walk.item.prop.perm & MZ_WRITE) != 0;
}

/*
 * Maps another frame where the page `from` is, if it is there still, and nobody was let write it
 * since it was copied. What may fail comes before what changes.
 */
static enum mz_error exchange_page(const struct job *job, struct mz_item from, mz_oa to)
{
	struct mz_table *table = &job->space->table;
	uint64_t bytes = mz_span(table->config.format, 1);
	mz_ia page = mz_ia_from(job->gpa & ~(bytes - 1));
	struct mz_fragment fragment;
	struct mz_gather gather;
	struct mz_cursor cursor;
	enum mz_error error;

	mz_gather_init(&gather, table);
	error = mz_cursor_open(&cursor, table, page, bytes, &gather);
	if (error != MZ_OK)
		return error;
	fragment = mz_cursor_query(&cursor);
	error = MZ_NOT_MAPPED;
	if (fragment.kind == MZ_LEAF &&
	    fragment.item.oa.addr + (page.addr - fragment.ia.addr) == from.oa.addr &&
	    !is_writable(table, page)) {
		mz_reserve_need_splits(&table->config, &cursor.reserve, 1);
		error = mz_reserve_fill(&table->config, &cursor.reserve);
		if (error == MZ_OK)
			error = mz_cursor_take_next(&cursor, bytes, &fragment);
		if (error == MZ_OK)
			error = mz_cursor_jump(&cursor, page);
		if (error == MZ_OK)
			error = mz_cursor_map(&cursor, to, 1, from.prop);
	}
	mz_cursor_close(&cursor);
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

	gate_leave(space);
	error = backing->copy(backing->context, &region, mz_ia_from(page), from, &to);
	gate_enter(space);
	if (error != MZ_OK)
		return MZ_EXHAUSTED;
	if (to.addr == from.oa.addr)
		return version == space->version ? let_write(job, 1) : MZ_RETRY;
	error = version == space->version ? exchange_page(job, from, to) : MZ_NOT_MAPPED;
	if (error != MZ_OK) {
		backing->release(backing->context, &region, to, 1);
		return error == MZ_NOT_MAPPED ? MZ_RETRY : MZ_EXHAUSTED;
	}
	count(&job->worker->stats.copied);
	return let_write(job, 1);
}

/* The address is mapped, and its region may be written. */
static enum mz_answer answer_write(struct job *job, struct mz_leaf leaf)
{
	struct mz_space *space = job->space;
	unsigned level = mz_leaf_level(leaf);
	enum mz_answer answer = own_way(job);

	if (answer != MZ_RESOLVED)
		return answer;
	if (space->table.shares && job->region->kind != MZ_REGION_SHARED)
		return let_write_copy(job, page_of(job, leaf));
	/* The leaf may reach into a region that was made of a part of this one. */
	level = region_level(job, level);
	return let_write(job, written_level(space) < level ? written_level(space) : level);
}

/* The address is mapped already. */
static enum mz_answer answer_mapped(struct job *job, const struct mz_fill *fill)
{
	struct mz_item item = mz_leaf_item(&job->space->table, fill->leaf);
	unsigned perm = item.prop.perm & (fill->writable ? ~0u : ~(unsigned)MZ_WRITE);
	unsigned missing = job->access & ~perm;

	describe(job, fill->leaf);
	if (missing == 0)
		return MZ_RETRY;
	if (missing == MZ_WRITE)
		return answer_write(job, fill->leaf);
	return deny(job, MZ_DENIAL_PERMISSION);
}

/* A leaf has been mapped, for an access that may be a write. */
static enum mz_answer answer_filled(struct job *job, const struct mz_fill *fill)
{
	unsigned level = mz_leaf_level(fill->leaf);

	count(&job->worker->stats.mapped[level]);
	describe(job, fill->leaf);
	if ((job->access & MZ_WRITE) == 0)
		return MZ_RESOLVED;
	if (may_be_anothers(job))
		return answer_write(job, fill->leaf);
	if (MZ_UNLIKELY(!fill->writable))
		return let_write(job, level);
	if (MZ_UNLIKELY(job->space->consumers != NULL))
		written_tell(job->space, job->fault->ia.addr, job->fault->bytes);
	return MZ_RESOLVED;
}

static bool is_mapped(const struct job *job)
{
	return mz_leaf_level(mz_table_find(&job->space->table, mz_ia_from(job->gpa))) != 0;
}

/* Maps a leaf of the level or below, unless something is there. */
static enum mz_answer fill_leaf(struct job *job, uint64_t offset, unsigned level_min,
				unsigned level_max, enum mz_error *error)
{
	struct mz_space *space = job->space;
	struct mz_fill fill = {
		.offset = offset,
		.prop = leaf_prop(job),
		.level_min = level_min,
		.level_max = level_max,
		.reserve = reserve_of(job),
	};

	if (MZ_UNLIKELY(space->consumers != NULL) && (job->access & MZ_WRITE) != 0) {
		uint64_t span = mz_span(space->table.config.format, level_max);

		*error = written_prepare(space, job->gpa & ~(span - 1), span);
		if (*error != MZ_OK)
			return MZ_EXHAUSTED;
	}
	if (MZ_UNLIKELY(space->table.shares) && !is_mapped(job)) {
		enum mz_answer answer = own_way(job);

		*error = MZ_NO_MEMORY;
		if (answer != MZ_RESOLVED)
			return answer;
	}
	*error = mz_table_fill(&space->table, mz_ia_from(job->gpa), &fill);
	if (*error == MZ_OK)
		return answer_filled(job, &fill);
	return *error == MZ_OCCUPIED ? answer_mapped(job, &fill) : MZ_EXHAUSTED;
}

/* The leaf that may be mapped for this access. */
static unsigned level_wanted(const struct job *job)
{
	unsigned most = highest_leaf(job->space);

	if ((job->access & MZ_WRITE) != 0 && most > written_level(job->space))
		most = written_level(job->space);
	return region_level(job, most);
}

/* A frame from the embedder, who may sleep: outside of the gate. */
static enum mz_error supply(struct job *job, const struct mz_region *region, unsigned *level,
			    mz_oa *oa)
{
	struct mz_space *space = job->space;
	uint64_t mask = mz_span(space->table.config.format, *level) - 1;
	enum mz_error error;

	gate_leave(space);
	error = space->backing.supply(space->backing.context, region, mz_ia_from(job->gpa & ~mask),
				      level, oa);
	gate_enter(space);
	return error;
}

/*
 * Maps a frame that the embedder supplies. Where others were faster it goes back: all of it is
 * mapped, or nothing. False: a leaf of this level does not fit any more, but one below may.
 */
static bool map_supplied(struct job *job, unsigned level, enum mz_answer *answer)
{
	struct mz_space *space = job->space;
	struct mz_region region = *job->region;
	uint64_t version = space->version;
	unsigned got = level;
	enum mz_error error;
	mz_oa oa;

	*answer = MZ_EXHAUSTED;
	if (supply(job, &region, &got, &oa) != MZ_OK)
		return true;
	error = MZ_BAD_LEVEL;
	*answer = MZ_RETRY;
	if (version == space->version && got >= 1 && got <= level) {
		uint64_t mask = mz_span(space->table.config.format, got) - 1;

		*answer = fill_leaf(job, oa.addr - (job->gpa & ~mask), got, got, &error);
	}
	if (error != MZ_OK)
		space->backing.release(space->backing.context, &region, oa, got);
	return error != MZ_BAD_LEVEL || version != space->version;
}

static enum mz_answer answer_supplied(struct job *job)
{
	const struct mz_config *config = &job->space->table.config;
	uint64_t page = job->gpa & ~(mz_span(config->format, 1) - 1);
	enum mz_answer answer;
	enum mz_error error;

	/* No leaf is as large as this: asks for what is there, and maps nothing. */
	answer = fill_leaf(job, -page, MZ_LEVELS_MAX + 1, 1, &error);
	if (error != MZ_BAD_LEVEL)
		return answer;
	for (unsigned level = level_wanted(job); level >= 1; level--)
		if (mz_leaf_allowed(config->leaf_levels, level) &&
		    map_supplied(job, level, &answer))
			break;
	return answer;
}

/* Memory that the guest may access so. */
static enum mz_answer answer_memory(struct job *job)
{
	const struct mz_region *region = job->region;
	enum mz_error error;

	if (MZ_UNLIKELY(region->supplied))
		return answer_supplied(job);
	return fill_leaf(job, region->oa.addr - region->ia.addr, 0, level_wanted(job), &error);
}

static enum mz_answer answer_inside(struct job *job)
{
	job->region = mz_regions_find(&job->space->regions, job->gpa);
	if (job->region == NULL)
		return deny(job, MZ_DENIAL_NO_REGION);
	job->fault->kind = job->region->kind;
	if (MZ_LIKELY((mz_region_perm(job->region) & job->access) == job->access))
		return answer_memory(job);
	switch (job->region->kind) {
	case MZ_REGION_MMIO:
		job->fault->region = *job->region;
		return MZ_MMIO;
	case MZ_REGION_LENT:
		return deny(job, MZ_DENIAL_LENT);
	case MZ_REGION_ROM:
		if ((job->access & MZ_WRITE) != 0)
			return deny(job, MZ_DENIAL_READ_ONLY);
		break;
	default:
		break;
	}
	return deny(job, MZ_DENIAL_PERMISSION);
}

/* Inside the gate, but while a frame is supplied. */
static enum mz_answer answer_access(struct job *job)
{
	enum mz_answer answer;

	gate_enter(job->space);
	answer = answer_inside(job);
	gate_leave(job->space);
	return answer;
}

enum mz_answer mz_space_fault(struct mz_worker *worker, const struct mz_fault_record *record,
			      struct mz_fault *fault)
{
	struct job job = {
		.worker = worker,
		.space = worker->space,
		.gpa = record->ia.addr,
		.access = record->access != 0 ? record->access : MZ_READ,
		.fault = fault,
	};
	enum mz_answer answer;

	fault->cause = MZ_DENIAL_NONE;
	fault->kind = MZ_REGION_KINDS;
	fault->region.bytes = 0;
	if (MZ_UNLIKELY(!record->has_ia || record->cause == MZ_FAULT_OTHER))
		answer = deny(&job, MZ_DENIAL_UNKNOWN);
	else
		answer = answer_access(&job);
	count(&worker->stats.answers[answer]);
	if (answer == MZ_DENIED)
		count(&worker->stats.denials[fault->cause]);
	return answer;
}

/* Maps what [first, last], which lies in one region, lacks. */
static enum mz_error populate_part(struct mz_worker *worker, uint64_t first, uint64_t last)
{
	for (;;) {
		struct mz_fault fault;
		struct job job = {
			.worker = worker,
			.space = worker->space,
			.gpa = first,
			.access = MZ_READ,
			.fault = &fault,
		};
		enum mz_answer answer = answer_access(&job);
		uint64_t leaf_last;

		if (answer == MZ_EXHAUSTED)
			return MZ_NO_MEMORY;
		/* The region was changed meanwhile, or nobody may read there: no leaf is wanted. */
		leaf_last = answer == MZ_RESOLVED || answer == MZ_RETRY
			? fault.ia.addr + (fault.bytes - 1)
			: mz_span_last(worker->space->table.config.format, first, 1);
		if (leaf_last >= last)
			return MZ_OK;
		first = leaf_last + 1;
	}
}

/* The next part of [first, last] that lies in one region of memory. False: there is none. */
static bool next_memory(const struct mz_space *space, uint64_t *first, uint64_t last,
			uint64_t *part_last)
{
	const struct mz_region *region;
	bool found = false;

	gate_enter(space);
	region = mz_regions_next(&space->regions, *first);
	while (region != NULL && mz_region_perm(region) == 0)
		region = mz_region_last(region) < last
			? mz_regions_next(&space->regions, mz_region_last(region) + 1)
			: NULL;
	if (region != NULL && region->ia.addr <= last) {
		found = true;
		if (region->ia.addr > *first)
			*first = region->ia.addr;
		*part_last = mz_region_last(region) < last ? mz_region_last(region) : last;
	}
	gate_leave(space);
	return found;
}

enum mz_error mz_space_populate(struct mz_worker *worker, mz_ia gpa, uint64_t bytes)
{
	uint64_t first = gpa.addr, last = gpa.addr + (bytes - 1), part_last;

	if (bytes == 0 || last < first)
		return MZ_OUT_OF_RANGE;
	while (next_memory(worker->space, &first, last, &part_last)) {
		enum mz_error error = populate_part(worker, first, part_last);

		if (error != MZ_OK || part_last == last)
			return error;
		first = part_last + 1;
	}
	return MZ_OK;
}

bool mz_space_find(const struct mz_space *space, mz_ia gpa, struct mz_region *region)
{
	const struct mz_region *found;

	gate_enter(space);
	found = mz_regions_find(&space->regions, gpa.addr);
	if (found != NULL)
		*region = *found;
	gate_leave(space);
	return found != NULL;
}
