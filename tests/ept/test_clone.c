/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Clones of spaces: up to four share nodes and pages, and each reads what a memory of its own would
 * hold. Contents of a frame are a number here.
 */
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "core/clone.h"
#include "core/walk.h"
#include "ept/clone.h"
#include "ept/dirty.h"
#include "ept/huge.h"
#include "tests/guest.h"
#include "tests/rng.h"
#include "tests/suite.h"
#include "tests/tree.h"

#define SPACES 4
#define PAGES  24
#define FRAMES 8192

static struct fixture x;
static struct guest guests[SPACES];
static bool alive[SPACES];
static uint64_t model[SPACES][PAGES]; /* contents of the pages of supplied RAM */

/* The frames: page numbers of output addresses from `first_frame` on. */
static struct {
	uint64_t contents;
	bool used;
} frames[FRAMES];
static unsigned frame_count;
static void (*meanwhile)(void);

static uint64_t first_frame(void)
{
	return 2 * x.root_span;
}

static unsigned frame_at(uint64_t oa)
{
	uint64_t frame = (oa - first_frame()) / x.page;

	must(frame < frame_count);
	return (unsigned)frame;
}

static mz_oa new_frame(uint64_t contents)
{
	must(frame_count < FRAMES);
	frames[frame_count].contents = contents;
	frames[frame_count].used = true;
	return mz_oa_from(first_frame() + frame_count++ * x.page);
}

static enum mz_error supply(void *context, const struct mz_region *region, mz_ia ia,
			    unsigned *level, mz_oa *oa)
{
	(void)context, (void)region, (void)ia;
	*level = 1;
	*oa = new_frame(0);
	return MZ_OK;
}

/* Does any living space map the frame, this many times? Counted by looking. */
static unsigned owners_of(mz_oa oa)
{
	unsigned count = 0;

	for (unsigned s = 0; s < SPACES; s++)
		for (unsigned p = 0; alive[s] && p < PAGES; p++) {
			struct mz_item item;

			count += guest_may(&guests[s], x.base + p * x.page, MZ_READ, &item) &&
				item.oa.addr == oa.addr;
		}
	return count;
}

static enum mz_error copy(void *context, const struct mz_region *region, mz_ia ia,
			  struct mz_item from, mz_oa *to)
{
	void (*others)(void) = meanwhile;

	(void)context, (void)region, (void)ia;
	*to = owners_of(from.oa) == 1 ? from.oa
				      : new_frame(frames[frame_at(from.oa.addr)].contents);
	meanwhile = NULL;
	if (others != NULL)
		others();
	return MZ_OK;
}

static void release(void *context, const struct mz_region *region, mz_oa oa, unsigned level)
{
	(void)context, (void)region;
	must_equal(level, 1);
	must(frames[frame_at(oa.addr)].used);
	frames[frame_at(oa.addr)].used = false;
}

static const struct mz_backing backing = {.supply = supply, .copy = copy, .release = release};

static void begin(int loop)
{
	struct mz_region region;

	memset(alive, 0, sizeof(alive));
	memset(model, 0, sizeof(model));
	frame_count = 0;
	meanwhile = NULL;
	fixture_prepare(&x, loop);
	x.config.root_fixed = false;
	guest_begin(&guests[0], &x, &backing);
	alive[0] = true;
	region = guest_region(MZ_REGION_RAM, x.base, PAGES * x.page, 0);
	region.supplied = true;
	expect_ok(mz_space_add(&guests[0].space, &region));
}

static void drop(unsigned s)
{
	guest_end(&guests[s], &x);
	alive[s] = false;
}

static void end(void)
{
	for (unsigned s = 0; s < SPACES; s++)
		if (alive[s])
			drop(s);
	fixture_end(&x);
}

static void make_clone(unsigned of, unsigned to)
{
	guests[to].x = &x;
	expect_ok(mz_space_clone(&guests[to].space, &guests[of].space, &x.config.flush,
				 guests[to].regions, GUEST_REGIONS));
	mz_worker_begin(&guests[to].worker, &guests[to].space);
	alive[to] = true;
	memcpy(model[to], model[of], sizeof(model[of]));
}

static bool touch(unsigned s, unsigned p, enum mz_perm access, uint64_t *oa)
{
	return guest_access(&guests[s], &guests[s].worker, x.base + p * x.page, access, oa);
}

static void write_page(unsigned s, unsigned p, uint64_t contents)
{
	uint64_t oa;

	if (touch(s, p, MZ_WRITE, &oa)) {
		must(frames[frame_at(oa)].used);
		frames[frame_at(oa)].contents = contents;
		model[s][p] = contents;
	}
}

static void expect_contents(unsigned s)
{
	for (unsigned p = 0; p < PAGES; p++) {
		struct mz_item item;
		uint64_t gpa = x.base + p * x.page;
		uint64_t is = 0;

		if (guest_may(&guests[s], gpa, MZ_READ, &item))
			is = frames[frame_at(item.oa.addr)].contents;
		must_say(is == model[s][p], "%s: page %u of space %u reads %llu, not %llu",
			 x.test_case->name, p, s, (unsigned long long)is,
			 (unsigned long long)model[s][p]);
	}
}

static void change_something(struct rng *rng, unsigned s)
{
	uint64_t first = rng_below(rng, PAGES), count = 1 + rng_below(rng, PAGES - first);
	struct mz_request request = guest_request(MZ_CHANGE_PROTECT, x.base + first * x.page,
						  count * x.page);

	if (rng_below(rng, 2) == 0) {
		request.change = MZ_CHANGE_INVALIDATE;
		for (uint64_t p = first; p < first + count; p++)
			model[s][p] = 0;
	}
	request.perm = rng_below(rng, 2) ? GUEST_RX : 0;
	expect_ok(mz_space_change(&guests[s].space, &request, NULL));
}

START_TEST(each_space_has_a_memory_of_its_own)
{
	struct rng rng = {rng_seed() ^ (uint64_t)_i << 32};
	unsigned steps = rng_steps(300);

	begin(_i);
	for (unsigned i = 0; i < steps && frame_count < FRAMES - 64; i++) {
		unsigned s = (unsigned)rng_below(&rng, SPACES),
			 t = (unsigned)rng_below(&rng, SPACES);
		unsigned what = (unsigned)rng_below(&rng, 16);
		uint64_t oa;

		if (!alive[s])
			continue;
		if (what == 0 && !alive[t])
			make_clone(s, t);
		else if (what == 1 && s != t && alive[t])
			drop(s);
		else if (what <= 3)
			change_something(&rng, s);
		else if (what <= 6)
			touch(s, (unsigned)rng_below(&rng, PAGES), MZ_READ, &oa);
		else
			write_page(s, (unsigned)rng_below(&rng, PAGES), i + 1);
		for (s = 0; s < SPACES; s++)
			if (alive[s])
				expect_contents(s);
	}
	end();
}
END_TEST

START_TEST(a_clone_costs_a_node_and_a_write_one_a_level)
{
	uint64_t live;

	begin(_i);
	for (unsigned p = 0; p < PAGES; p++)
		write_page(0, p, p + 1);
	mz_reserve_drain(&guests[0].space.table.config, &guests[0].worker.reserve);
	live = x.track.live_count;
	make_clone(0, 1);
	must_equal(x.track.live_count, live + 1);
	expect_contents(1);
	live = x.track.live_count;
	write_page(1, 1, 100);
	must(x.track.live_count <= live + x.format->levels - 1);
	write_page(0, 1, 200);
	expect_contents(0);
	expect_contents(1);
	end();
}
END_TEST

/* A node of the space's own is cut, and one below it is the clone's, too. */
START_TEST(what_is_cut_from_one_stays_in_the_other)
{
	uint64_t span, oa;

	fixture_prepare(&x, _i);
	x.config.root_fixed = false;
	x.destroyed = x.format->levels < 3;
	if (x.destroyed) {
		fixture_end(&x);
		return;
	}
	span = fixture_span(&x, 3);
	memset(alive, 0, sizeof(alive));
	guest_begin(&guests[0], &x, NULL);
	alive[0] = true;
	expect_ok(guest_add(&guests[0], MZ_REGION_SHARED, x.base, span, 0));
	guests[0].regions[0].leaf_level_max = 1;
	must(guest_access(&guests[0], &guests[0].worker, x.base, MZ_WRITE, &oa));
	must(guest_access(&guests[0], &guests[0].worker, x.base + span - x.page, MZ_WRITE, &oa));
	make_clone(0, 1);
	must(guest_access(&guests[0], &guests[0].worker, x.base, MZ_WRITE, &oa));
	expect_ok(guest_change(&guests[0], MZ_CHANGE_INVALIDATE, x.base, span));
	must(guest_access(&guests[1], &guests[1].worker, x.base + span - x.page, MZ_WRITE, &oa));
	must_equal(oa, span - x.page);
	end();
}
END_TEST

static void let_go_and_write(void)
{
	struct mz_worker other;
	uint64_t oa;

	drop(1);
	mz_worker_begin(&other, &guests[0].space);
	must(guest_access(&guests[0], &other, x.base, MZ_WRITE, &oa));
	frames[frame_at(oa)].contents = 7;
	mz_worker_end(&other);
}

/* As a consumer that collects does. */
static void let_go_and_write_and_protect(void)
{
	let_go_and_write();
	expect_ok(mz_table_write_protect(&guests[0].space.table, mz_ia_from(x.base), x.page, NULL));
}

/* The page gets another frame by an access, and then the one that it had, with new contents. */
static void leave_and_come_back(enum mz_perm access)
{
	struct mz_table *table = &guests[0].space.table;
	struct mz_worker other;
	struct mz_gather gather;
	struct mz_item first;
	uint64_t oa;

	must(guest_may(&guests[0], x.base, MZ_READ, &first));
	if (access == MZ_READ)
		expect_ok(guest_change(&guests[0], MZ_CHANGE_INVALIDATE, x.base, x.page));
	mz_worker_begin(&other, &guests[0].space);
	must(guest_access(&guests[0], &other, x.base, access, &oa));
	mz_worker_end(&other);
	expect_ok(mz_table_write_protect(table, mz_ia_from(x.base), x.page, NULL));
	drop(1);
	mz_gather_init(&gather, table);
	expect_ok(mz_table_exchange(table, mz_ia_from(x.base), mz_oa_from(oa), first.oa, &gather));
	mz_gather_finish(&gather);
	frames[frame_at(first.oa.addr)].contents = 7;
}

static void copy_and_come_back(void)
{
	leave_and_come_back(MZ_WRITE);
}

static void take_and_come_back(void)
{
	leave_and_come_back(MZ_READ);
}

static struct mz_dirty consumer;

/* By a cache that has not heard yet that writing is forbidden. */
static void write_late_and_collect(void)
{
	struct mz_item item;

	drop(1);
	must(guest_may(&guests[0], x.base, MZ_READ, &item));
	frames[frame_at(item.oa.addr)].contents = 7;
	expect_ok(mz_dirty_collect(&consumer, mz_ia_from(x.base), x.page));
}

/* While one processor copies a page, another is told that it may have the original. */
START_TEST(a_page_that_is_written_is_not_replaced_by_a_copy)
{
	static void (*const others[])(void) = {let_go_and_write, let_go_and_write_and_protect,
					       copy_and_come_back, take_and_come_back,
					       write_late_and_collect};

	for (unsigned i = 0; i < 5; i++) {
		struct mz_item item;
		uint64_t oa;

		begin(_i);
		write_page(0, 0, 5);
		expect_ok(mz_dirty_start(&consumer, &guests[0].space, 0));
		make_clone(0, 1);
		meanwhile = others[i];
		must(touch(0, 0, MZ_WRITE, &oa));
		must(guest_may(&guests[0], x.base, MZ_READ, &item));
		must_equal(frames[frame_at(item.oa.addr)].contents, 7);
		mz_dirty_stop(&consumer);
		end();
	}
}
END_TEST

/* A frame for each page at a fixed offset, and one for copies. */
#define NATURAL (4 * x.root_span)
#define COPY    (6 * x.root_span)

/* The first copy is the page's own frame from then on. */
static enum mz_error copy_once(void *context, const struct mz_region *region, mz_ia ia,
			       struct mz_item from, mz_oa *to)
{
	void (*others)(void) = meanwhile;

	(void)context, (void)region, (void)ia;
	must(from.oa.addr == NATURAL || from.oa.addr == COPY);
	*to = mz_oa_from(COPY);
	meanwhile = NULL;
	if (others != NULL)
		others();
	return MZ_OK;
}

static void release_nothing(void *context, const struct mz_region *region, mz_oa oa, unsigned level)
{
	(void)context, (void)region, (void)oa, (void)level;
}

static void take_and_touch(void)
{
	struct mz_worker other;
	uint64_t oa;

	expect_ok(guest_change(&guests[0], MZ_CHANGE_INVALIDATE, x.base, x.page));
	mz_worker_begin(&other, &guests[0].space);
	must(guest_access(&guests[0], &other, x.base, MZ_READ, &oa));
	must_equal(oa, NATURAL);
	mz_worker_end(&other);
}

/*
 * While one processor asks whose a page is, others take it and touch it again: what is mapped then
 * is the clone's, too.
 */
START_TEST(what_is_mapped_meanwhile_is_not_let_be_written)
{
	static const struct mz_backing once = {.copy = copy_once, .release = release_nothing};
	struct mz_fault fault;
	struct mz_item item;

	memset(alive, 0, sizeof(alive));
	meanwhile = NULL;
	fixture_prepare(&x, _i);
	x.config.root_fixed = false;
	guest_begin(&guests[0], &x, &once);
	alive[0] = true;
	expect_ok(guest_add(&guests[0], MZ_REGION_RAM, x.base, x.page, NATURAL));
	make_clone(0, 1);
	must(touch(0, 0, MZ_WRITE, &(uint64_t) {0}));
	must(guest_may(&guests[0], x.base, MZ_WRITE, &item));
	must_equal(item.oa.addr, COPY);
	expect_ok(mz_table_write_protect(&guests[0].space.table, mz_ia_from(x.base), x.page, NULL));
	meanwhile = take_and_touch;
	must_equal(guest_fault(&guests[0], x.base, MZ_WRITE, &fault), MZ_RETRY);
	must(guest_may(&guests[0], x.base, MZ_READ, &item));
	must_equal(item.oa.addr, NATURAL);
	must(!guest_may(&guests[0], x.base, MZ_WRITE, &item));
	end();
}
END_TEST

/* Frames that follow from the address. */
static enum mz_error supply_natural(void *context, const struct mz_region *region, mz_ia ia,
				    unsigned *level, mz_oa *oa)
{
	(void)context, (void)region, (void)level;
	*oa = mz_oa_from(ia.addr - x.base);
	return MZ_OK;
}

static enum mz_error keep_page(void *context, const struct mz_region *region, mz_ia ia,
			       struct mz_item from, mz_oa *to)
{
	void (*others)(void) = meanwhile;

	(void)context, (void)region, (void)ia;
	*to = from.oa;
	meanwhile = NULL;
	if (others != NULL)
		others();
	return MZ_OK;
}

static void write_too_and_collapse(void)
{
	struct mz_worker another;
	mz_ia ia = {x.base};
	uint64_t oa;

	mz_worker_begin(&another, &guests[0].space);
	must(guest_access(&guests[0], &another, x.base, MZ_WRITE, &oa));
	guests[0].regions[0].leaf_level_max = 0;
	must_equal(mz_space_collapse(&another, &ia, 1), 1);
	mz_worker_end(&another);
}

/*
 * While one processor asks whose a page is, others make a leaf around it that may be written: where
 * hardware knows what is, room to tell of all of it was not made.
 */
START_TEST(no_more_is_told_of_than_there_is_room_for)
{
	static const struct mz_backing natural = {
		.supply = supply_natural, .copy = keep_page, .release = release_nothing};
	struct mz_region region;
	struct mz_dirty dirty;
	struct mz_item item;
	uint64_t oa, span;

	memset(alive, 0, sizeof(alive));
	meanwhile = NULL;
	fixture_prepare(&x, _i + VARIANT_WITNESSED * CASES);
	x.config.root_fixed = false;
	guest_begin(&guests[0], &x, &natural);
	alive[0] = true;
	if (x.top >= 3 && x.page == 4096) {
		region = guest_region(MZ_REGION_RAM, x.base, fixture_span(&x, 3), 0);
		region.supplied = true;
		region.leaf_level_max = 1;
		expect_ok(mz_space_add(&guests[0].space, &region));
		must(touch(0, 0, MZ_WRITE, &oa));
		make_clone(0, 1);
		drop(1);
		span = fixture_span(&x, 2);
		for (uint64_t i = 1; i < span / x.page; i++)
			must(touch(0, (unsigned)i, MZ_WRITE, &oa));
		guests[0].regions[0].leaf_level_max = 2;
		for (uint64_t i = 1; i < region.bytes / span; i++)
			must(guest_access(&guests[0], &guests[0].worker, x.base + i * span,
					  MZ_WRITE, &oa));
		expect_ok(mz_dirty_start(&dirty, &guests[0].space, 0));
		if (!guest_may(&guests[0], x.base + span, MZ_WRITE, &item)) {
			/* Whoever makes the leaf has let all of it be written, and told. */
			mz_dirty_stop(&dirty);
			end();
			return;
		}
		meanwhile = write_too_and_collapse;
		must(touch(0, 0, MZ_WRITE, &oa));
		must(guest_may(&guests[0], x.base, MZ_WRITE, &item));
		must_equal(item.level, 3);
		mz_dirty_stop(&dirty);
	}
	end();
}
END_TEST

/* ---- Many nodes, given up by two tables at once ---- */

#define GIVEN_UP (MZ_GATHER_PARTED + 4)

static struct mz_table original, duplicate;
static struct mz_gather gathers[2];
static unsigned many;          /* the level of the entries whose nodes are given up */
static struct mz_frame *early; /* of the first node */
static pthread_t other;
static bool begun, finished;

static uint64_t given_up_bytes(void)
{
	return GIVEN_UP * fixture_span(&x, many);
}

/*
 * Two tables with a node of their own, that has more nodes of both below it than a gather holds.
 * False: the format has no such node.
 */
static bool make_tables(int loop)
{
	uint64_t first;
	struct mz_walk walk;

	fixture_prepare(&x, loop);
	x.destroyed = true;
	x.config.root_fixed = false;
	x.config.flush.range = NULL;
	first = x.base;
	many = 2;
	if (x.format->levels < 3 || mz_entry_count(x.format, many) <= GIVEN_UP)
		return false;
	expect_ok(mz_table_init(&original, &x.config));
	for (unsigned i = 0; i <= GIVEN_UP; i++)
		expect_ok(mz_table_map(&original, mz_ia_from(first + i * fixture_span(&x, many)),
				       x.page, mz_oa_from(i * x.page), mz_prop_from(GUEST_RWX)));
	mz_gather_init(&gathers[0], &original);
	expect_ok(mz_table_clone(&duplicate, &original, &x.config.flush, &gathers[0]));
	mz_gather_init(&gathers[1], &duplicate);
	expect_ok(mz_table_own(&original, mz_ia_from(first), given_up_bytes(), false, &gathers[0]));
	expect_ok(
		mz_table_own(&duplicate, mz_ia_from(first), given_up_bytes(), false, &gathers[1]));
	mz_gather_finish(&gathers[0]);
	mz_gather_finish(&gathers[1]);
	expect_ok(mz_table_walk(&original, mz_ia_from(first), &walk));
	early = track_frame(&x.track, walk.steps[walk.step_count - 1].node);
	witness_reclaim(&x.witness);
	witness_reclaim(&x.witness);
	return true;
}

static void drop_tables(void)
{
	witness_reclaim(&x.witness);
	witness_reclaim(&x.witness);
	mz_table_destroy(&original);
	mz_table_destroy(&duplicate);
}

static enum mz_error give_up(struct mz_table *table, struct mz_gather *gather)
{
	return mz_table_unmap(table, mz_ia_from(x.base), given_up_bytes(), gather);
}

/* With and without RCU hooks. */
START_TEST(what_two_give_up_is_freed_once)
{
	for (unsigned first = 0; first < 2; first++) {
		if (make_tables(_i)) {
			uint64_t live = x.track.live_count;

			expect_ok(give_up(&original, &gathers[0]));
			expect_ok(give_up(&duplicate, &gathers[1]));
			mz_gather_finish(&gathers[first]);
			mz_gather_finish(&gathers[!first]);
			witness_reclaim(&x.witness);
			witness_reclaim(&x.witness);
			must_equal(x.track.live_count, live - GIVEN_UP);
			drop_tables();
		}
		fixture_end(&x);
	}
}
END_TEST

static unsigned flushes;

static void count_flush(void *context, mz_ia first, mz_ia last, bool nodes)
{
	(void)context, (void)first, (void)last, (void)nodes;
	flushes++;
}

START_TEST(what_another_gives_up_is_flushed_once_for_as_many_as_fit)
{
	if (make_tables(_i)) {
		flushes = 0;
		expect_ok(give_up(&original, &gathers[0]));
		duplicate.config.flush.range = count_flush;
		expect_ok(give_up(&duplicate, &gathers[1]));
		mz_gather_finish(&gathers[1]);
		must_equal(flushes, 2);
		duplicate.config.flush.range = NULL;
		mz_gather_finish(&gathers[0]);
		drop_tables();
	}
	fixture_end(&x);
}
END_TEST

static void *give_up_too(void *argument)
{
	(void)argument;
	expect_ok(give_up(&duplicate, NULL));
	__atomic_store_n(&finished, true, __ATOMIC_RELEASE);
	return NULL;
}

/* Lets the other processor lock what it can. */
static void let_the_other_begin(void *context, mz_ia first, mz_ia last, bool nodes)
{
	(void)context, (void)first, (void)last, (void)nodes;
	if (begun)
		return;
	begun = true;
	must_equal(pthread_create(&other, NULL, give_up_too, NULL), 0);
	while (!__atomic_load_n(&finished, __ATOMIC_ACQUIRE) &&
	       __atomic_load_n(&early->lock, __ATOMIC_RELAXED) == 0)
		sched_yield();
}

START_TEST(who_gives_up_a_node_waits_for_no_one_with_locks)
{
	if (make_tables(VARIANT_WITNESSED * CASES + _i)) {
		begun = finished = false;
		original.config.flush.range = let_the_other_begin;
		expect_ok(give_up(&original, NULL));
		must_equal(pthread_join(other, NULL), 0);
		original.config.flush.range = NULL;
		drop_tables();
	}
	fixture_end(&x);
}
END_TEST

static bool was_shut;

static void see_gate(void *context, mz_ia first, mz_ia last, bool nodes)
{
	(void)context, (void)first, (void)last, (void)nodes;
	was_shut = guests[0].space.changing != 0;
}

/* What a cache still lets be written must not be copied. */
START_TEST(no_fault_passes_before_writing_has_ceased)
{
	begin(_i);
	write_page(0, 0, 5);
	was_shut = false;
	guests[0].space.table.config.flush.range = see_gate;
	make_clone(0, 1);
	guests[0].space.table.config.flush = x.config.flush;
	must(was_shut);
	end();
}
END_TEST

START_TEST(without_memory_nothing_is_cloned_or_changed)
{
	struct tree before, after;
	struct mz_fault fault;

	begin(_i);
	tree_init(&before);
	tree_init(&after);
	write_page(0, 0, 5);
	tree_read(&before, &guests[0].space.table);
	track_fail(&x.track, 1);
	must_equal(mz_space_clone(&guests[1].space, &guests[0].space, &x.config.flush,
				  guests[1].regions, GUEST_REGIONS),
		   MZ_NO_MEMORY);
	track_fail(&x.track, 0);
	tree_read(&after, &guests[0].space.table);
	must(tree_equal(&before, &after));
	make_clone(0, 1);
	for (unsigned n = 1;; n++) {
		enum mz_answer answer;

		mz_reserve_drain(&guests[1].space.table.config, &guests[1].worker.reserve);
		track_fail(&x.track, n);
		answer = guest_fault(&guests[1], x.base, MZ_WRITE, &fault);
		track_fail(&x.track, 0);
		expect_contents(0);
		expect_contents(1);
		if (answer == MZ_RESOLVED || answer == MZ_RETRY)
			break;
		must_equal(answer, MZ_EXHAUSTED);
	}
	tree_destroy(&before);
	tree_destroy(&after);
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("clone");
	TCase *tcase = tcase_create("clones");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, each_space_has_a_memory_of_its_own, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, a_clone_costs_a_node_and_a_write_one_a_level, 0,
			    EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, what_is_cut_from_one_stays_in_the_other, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, a_page_that_is_written_is_not_replaced_by_a_copy, 0,
			    EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, no_fault_passes_before_writing_has_ceased, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, what_is_mapped_meanwhile_is_not_let_be_written, 0,
			    EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, no_more_is_told_of_than_there_is_room_for, 0, EACH_CASE);
	tcase_add_loop_test(tcase, what_two_give_up_is_freed_once, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, what_another_gives_up_is_flushed_once_for_as_many_as_fit, 0,
			    EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, who_gives_up_a_node_waits_for_no_one_with_locks, 0, EACH_CASE);
	tcase_add_loop_test(tcase, without_memory_nothing_is_cloned_or_changed, 0,
			    EACH_VARIANT_ALL);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
