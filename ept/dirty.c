// SPDX-License-Identifier: MPL-2.0
#include "ept/dirty.h"

#include "ept/copies.h"
#include "ept/gate.h"
#include "ept/range.h"
#include "ept/written.h"

static enum mz_error make_sets(struct mz_dirty *dirty)
{
	const struct mz_config *c = &dirty->space->table.config;
	unsigned page_lg2 = c->format->page_lg2;
	uint64_t pages = page_count(dirty->space);
	enum mz_error error = mz_pages_init(&dirty->written, &c->memory, page_lg2, pages);

	if (error != MZ_OK)
		return error;
	error = mz_pages_init(&dirty->taken, &c->memory, page_lg2, pages);
	if (error != MZ_OK)
		mz_pages_destroy(&dirty->written);
	return error;
}

/* A leaf that hardware has marked. */
static enum mz_error tell_leaf(void *context, mz_ia ia, struct mz_item item)
{
	struct mz_space *space = context;
	uint64_t bytes = mz_span(space->table.config.format, item.level);
	enum mz_error error = written_prepare(space, ia.addr, bytes);

	if (error == MZ_OK)
		written_tell(space, ia.addr, bytes);
	return error;
}

/*
 * When this returns, all that was written in the range is told of, and nothing can be written in it
 * that will not be. The change lock is held: harvests are one at a time, and whoever finds the
 * permission gone already finds it flushed.
 */
static enum mz_error catch_up(struct mz_space *space, mz_ia ia, uint64_t bytes)
{
	struct mz_gather gather;
	enum mz_error error;

	/* The log's owner has told. */
	if (space->logged)
		return MZ_OK;
	mz_gather_init(&gather, &space->table);
	if (dirty_by_hardware(space)) {
		struct mz_harvest harvest = {
			.flags = MZ_DIRTY, .told = tell_leaf, .context = space, .gather = &gather};

		error = mz_table_harvest(&space->table, ia, bytes, &harvest);
	} else {
		error = mz_table_write_protect(&space->table, ia, bytes, &gather);
	}
	mz_gather_finish(&gather);
	/* Until then, caches let be written what somebody may be copying. */
	copies_spoil(space, ia.addr, ia.addr + (bytes - 1));
	return error;
}

/* Whole entries of the root, for these cost the least. */
enum mz_error mz_written_catch_up_(struct mz_space *space)
{
	const struct mz_format *f = space->table.config.format;
	const struct mz_regions *set = &space->regions;
	uint64_t mask = mz_span(f, f->levels) - 1;
	enum mz_error error = MZ_OK;

	for (size_t i = 0; i < set->count && error == MZ_OK;) {
		uint64_t first = set->all[i].ia.addr & ~mask, last = first | mask;

		/* Of canonical addresses, a range lies in one half. */
		for (; i < set->count && !(f->ia_signed && (set->all[i].ia.addr ^ first) >> 63);
		     i++)
			last = mz_region_last(&set->all[i]) | mask;
		error = catch_up(space, mz_ia_from(first), last - first + 1);
	}
	return error;
}

static void link_consumer(struct mz_dirty *dirty, unsigned leaf_level)
{
	struct mz_space *space = dirty->space;

	gate_shut(space);
	dirty->next = space->consumers;
	space->consumers = dirty;
	space->written_level = leaf_level;
	gate_open(space);
}

static void unlink_consumer(struct mz_dirty *dirty)
{
	struct mz_space *space = dirty->space;
	struct mz_dirty **link = &space->consumers;

	gate_shut(space);
	while (*link != dirty)
		link = &(*link)->next;
	*link = dirty->next;
	gate_open(space);
}

/* The change lock is held. */
static enum mz_error start(struct mz_dirty *dirty, unsigned leaf_level)
{
	enum mz_error error = make_sets(dirty);

	if (error != MZ_OK)
		return error;
	/* What hardware has marked until now is for the others alone. */
	if (dirty_by_hardware(dirty->space)) {
		error = mz_written_catch_up_(dirty->space);
		if (error == MZ_OK)
			link_consumer(dirty, leaf_level);
	} else {
		link_consumer(dirty, leaf_level);
		error = mz_written_catch_up_(dirty->space);
		if (error != MZ_OK)
			unlink_consumer(dirty);
	}
	if (error != MZ_OK) {
		mz_pages_destroy(&dirty->written);
		mz_pages_destroy(&dirty->taken);
	}
	return error;
}

void mz_space_log_writes(struct mz_space *space)
{
	MZ_ASSERT(space->consumers == NULL);
	space->logged = true;
}

enum mz_error mz_dirty_start(struct mz_dirty *dirty, struct mz_space *space, unsigned leaf_level)
{
	enum mz_error error;

	if (leaf_level != 0 &&
	    (leaf_level > space->table.config.format->levels ||
	     !mz_leaf_allowed(space->table.config.leaf_levels, leaf_level)))
		return MZ_BAD_LEVEL;
	dirty->space = space;
	mz_lock_acquire(&space->change_lock);
	error = start(dirty, leaf_level);
	mz_lock_release(&space->change_lock);
	return error;
}

void mz_dirty_stop(struct mz_dirty *dirty)
{
	mz_lock_acquire(&dirty->space->change_lock);
	unlink_consumer(dirty);
	mz_lock_release(&dirty->space->change_lock);
	mz_pages_destroy(&dirty->written);
	mz_pages_destroy(&dirty->taken);
}

/* Takes what this consumer was told of. */
static enum mz_error take_told(struct mz_dirty *dirty, mz_ia ia, uint64_t bytes)
{
	return mz_pages_move(&dirty->taken, &dirty->written, page_number(dirty->space, ia.addr),
			     pages_of(dirty->space, bytes));
}

/*
 * Hardware is asked first, and tells. Faults have told already: what they tell of after it was
 * taken is for the next time, for it may be let be written after it was forbidden. The change lock
 * is held.
 */
static enum mz_error collect(struct mz_dirty *dirty, mz_ia ia, uint64_t bytes)
{
	struct mz_space *space = dirty->space;
	enum mz_error taken, error;

	if (dirty_by_hardware(space)) {
		error = catch_up(space, ia, bytes);
		return error == MZ_OK ? take_told(dirty, ia, bytes) : error;
	}
	taken = take_told(dirty, ia, bytes);
	/* Where not all could be taken, too: the rest is told of still. */
	error = catch_up(space, ia, bytes);
	return taken != MZ_OK ? taken : error;
}

enum mz_error mz_dirty_collect(struct mz_dirty *dirty, mz_ia ia, uint64_t bytes)
{
	struct mz_space *space = dirty->space;
	enum mz_error error = check_range(space, ia, bytes);

	if (error != MZ_OK)
		return error;
	mz_lock_acquire(&space->change_lock);
	error = collect(dirty, ia, bytes);
	mz_lock_release(&space->change_lock);
	return error;
}

/* Runs of pages, as who asked for ranges of bytes wants to hear of them. */
struct listener {
	const struct mz_format *format;
	bool (*range)(void *context, mz_ia ia, uint64_t bytes);
	void *context;
};

static bool tell_run(void *context, uint64_t first, uint64_t count)
{
	const struct listener *listener = context;
	const struct mz_format *f = listener->format;
	uint64_t ia = first << f->page_lg2, sign = (uint64_t)1 << (f->ia_lg2 - 1);

	/* Canonical addresses repeat their topmost bit. */
	if (f->ia_signed)
		ia = (ia ^ sign) - sign;
	return listener->range(listener->context, mz_ia_from(ia), count << f->page_lg2);
}

bool mz_dirty_each(const struct mz_dirty *dirty, mz_ia ia, uint64_t bytes,
		   bool (*range)(void *context, mz_ia ia, uint64_t bytes), void *context)
{
	const struct mz_space *space = dirty->space;
	struct listener listener = {space->table.config.format, range, context};

	return mz_pages_each(&dirty->taken, page_number(space, ia.addr), pages_of(space, bytes),
			     tell_run, &listener);
}

void mz_dirty_bitmap(const struct mz_dirty *dirty, mz_ia ia, uint64_t bytes, uint64_t *words)
{
	mz_pages_bitmap(&dirty->taken, page_number(dirty->space, ia.addr),
			pages_of(dirty->space, bytes), words);
}

void mz_dirty_commit(struct mz_dirty *dirty)
{
	mz_pages_remove(&dirty->taken, 0, page_count(dirty->space));
}

enum mz_error mz_dirty_put_back(struct mz_dirty *dirty)
{
	return mz_pages_move(&dirty->written, &dirty->taken, 0, page_count(dirty->space));
}

enum mz_error mz_space_written(struct mz_space *space, mz_ia ia, uint64_t bytes)
{
	uint64_t offset = mz_span(space->table.config.format, 1) - 1;
	uint64_t first = ia.addr & ~offset, last = (ia.addr + (bytes - 1)) | offset;
	enum mz_error error;

	if (bytes == 0 || !within_reach(space, ia.addr, ia.addr + (bytes - 1)))
		return MZ_OUT_OF_RANGE;
	gate_enter(space);
	error = written_prepare(space, first, last - first + 1);
	if (error == MZ_OK)
		written_tell(space, first, last - first + 1);
	gate_leave(space);
	return error;
}
