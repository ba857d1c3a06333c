// SPDX-License-Identifier: MPL-2.0
#include "ept/age.h"

#include "ept/gate.h"
#include "ept/written.h"

#define RING (MZ_AGE_GENERATIONS + 1)

/* Where the set is of the generation `back` before the one that has not ended. */
static unsigned ring(const struct mz_age *age, unsigned back)
{
	return (unsigned)((age->generation - back) % RING);
}

/* The part of a leaf that lies in the range. False: none does. */
static bool clip(const struct mz_age *age, uint64_t *first, uint64_t *last)
{
	uint64_t age_first = age->ia.addr, age_last = age->ia.addr + (age->bytes - 1);

	if (*last < age_first || *first > age_last)
		return false;
	*first = *first > age_first ? *first : age_first;
	*last = *last < age_last ? *last : age_last;
	return true;
}

/* A leaf that was used: whoever ages it hears of it. */
static enum mz_error tell_leaf(void *context, mz_ia ia, struct mz_item item)
{
	struct mz_space *space = context;
	uint64_t bytes = mz_span(space->table.config.format, item.level);

	for (struct mz_age *age = space->agers; age != NULL; age = age->next) {
		uint64_t first = ia.addr, last = ia.addr + (bytes - 1), page, count;
		enum mz_error error;

		if (!clip(age, &first, &last))
			continue;
		page = page_number(space, first);
		count = pages_of(space, last - first) + 1;
		error = mz_pages_prepare(&age->used[ring(age, 0)], page, count);
		if (error != MZ_OK)
			return error;
		mz_pages_add(&age->used[ring(age, 0)], page, count);
	}
	return MZ_OK;
}

/* The change lock is held. */
static enum mz_error collect(struct mz_age *age)
{
	struct mz_space *space = age->space;
	struct mz_gather gather;
	struct mz_harvest harvest = {
		.flags = MZ_ACCESSED, .told = tell_leaf, .context = space, .gather = &gather};
	enum mz_error error;

	mz_gather_init(&gather, &space->table);
	error = mz_table_harvest(&space->table, age->ia, age->bytes, &harvest);
	mz_gather_finish(&gather);
	return error;
}

/* Does anything tell of an access? */
static bool accesses_are_told(const struct mz_space *space)
{
	const struct mz_config *c = &space->table.config;

	return ((c->features & MZ_HW_ACCESSED_DIRTY) != 0 &&
		(c->format->hw_flags & MZ_ACCESSED) != 0) ||
		(space->fault_flags & MZ_ACCESSED) != 0;
}

static enum mz_error make_sets(struct mz_age *age)
{
	const struct mz_config *c = &age->space->table.config;

	for (unsigned i = 0; i < RING; i++) {
		enum mz_error error = mz_pages_init(&age->used[i], &c->memory, c->format->page_lg2,
						    page_count(age->space));

		/* All are alike: the first says it for all. */
		if (error != MZ_OK)
			return error;
	}
	return MZ_OK;
}

enum mz_error mz_age_start(struct mz_age *age, struct mz_space *space, mz_ia ia, uint64_t bytes)
{
	enum mz_error error;

	if (!accesses_are_told(space))
		return MZ_BAD_FEATURES;
	age->space = space;
	age->ia = ia;
	age->bytes = bytes;
	age->generation = 0;
	error = make_sets(age);
	if (error != MZ_OK)
		return error;
	mz_lock_acquire(&space->change_lock);
	/* What was used until now is for the others alone. */
	error = collect(age);
	if (error == MZ_OK) {
		age->next = space->agers;
		space->agers = age;
	}
	mz_lock_release(&space->change_lock);
	return error;
}

void mz_age_stop(struct mz_age *age)
{
	struct mz_space *space = age->space;
	struct mz_age **link = &space->agers;

	mz_lock_acquire(&space->change_lock);
	while (*link != age)
		link = &(*link)->next;
	*link = age->next;
	mz_lock_release(&space->change_lock);
	for (unsigned i = 0; i < RING; i++)
		mz_pages_destroy(&age->used[i]);
}

enum mz_error mz_age_advance(struct mz_age *age)
{
	struct mz_space *space = age->space;
	enum mz_error error;

	mz_lock_acquire(&space->change_lock);
	error = collect(age);
	if (error == MZ_OK) {
		age->generation++;
		mz_pages_remove(&age->used[ring(age, 0)], 0, page_count(space));
	}
	mz_lock_release(&space->change_lock);
	return error;
}

/* How many ended generations are known of. */
static unsigned known(const struct mz_age *age)
{
	return age->generation < MZ_AGE_GENERATIONS ? (unsigned)age->generation
						    : MZ_AGE_GENERATIONS;
}

unsigned mz_age_idle(const struct mz_age *age, mz_ia ia)
{
	uint64_t page = page_number(age->space, ia.addr);
	unsigned idle = 0;

	if (mz_pages_has(&age->used[ring(age, 0)], page))
		return 0;
	while (idle < known(age) && !mz_pages_has(&age->used[ring(age, idle + 1)], page))
		idle++;
	return idle;
}

/* Pages [first, end) of a set. */
struct run {
	uint64_t first, end;
};

static bool keep_run(void *context, uint64_t first, uint64_t count)
{
	*(struct run *)context = (struct run) {first, first + count};
	return false;
}

/*
 * The first run that any of the sets has at or behind `page`; from `end` on there is none. `runs`
 * has that of each set, and those that lie behind are looked for anew.
 */
static struct run next_run(const struct mz_age *age, struct run *runs, unsigned sets, uint64_t page,
			   uint64_t end)
{
	struct run next = {end, end};

	for (unsigned i = 0; i < sets; i++) {
		if (runs[i].end <= page) {
			runs[i] = (struct run) {end, end};
			mz_pages_each(&age->used[ring(age, i)], page, end - page, keep_run,
				      &runs[i]);
		}
		if (runs[i].first < next.first)
			next = runs[i];
	}
	return next;
}

bool mz_age_each(const struct mz_age *age, unsigned generations,
		 bool (*range)(void *context, mz_ia ia, uint64_t bytes), void *context)
{
	unsigned page_lg2 = age->space->table.config.format->page_lg2;
	uint64_t start = page_number(age->space, age->ia.addr);
	uint64_t page = start, end = start + pages_of(age->space, age->bytes);
	struct run runs[RING] = {{0, 0}};

	if (generations > known(age))
		return true;
	while (page < end) {
		struct run used = next_run(age, runs, generations + 1, page, end);
		uint64_t ia = age->ia.addr + ((page - start) << page_lg2);

		if (used.first > page &&
		    !range(context, mz_ia_from(ia), (used.first - page) << page_lg2))
			return false;
		page = used.end;
	}
	return true;
}

static bool subtract(void *context, mz_ia ia, uint64_t bytes)
{
	(void)ia;
	*(uint64_t *)context -= bytes;
	return true;
}

uint64_t mz_age_used(const struct mz_age *age, unsigned generations)
{
	uint64_t bytes = age->bytes;

	mz_age_each(age, generations < known(age) ? generations : known(age), subtract, &bytes);
	return bytes;
}
