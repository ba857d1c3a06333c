/* SPDX-License-Identifier: MPL-2.0 */
/* Filling: one leaf where nothing is mapped, as large as it may be. */
#include <pthread.h>

#include "core/reserve.h"
#include "core/walk.h"
#include "tests/fixture.h"
#include "tests/rng.h"
#include "tests/suite.h"
#include "tests/tree.h"

#define RW (MZ_READ | MZ_WRITE)
#define RX (MZ_READ | MZ_EXEC)

static struct fixture x;
static struct tree before, after;

static void begin(int loop)
{
	fixture_begin(&x, loop);
	tree_init(&before);
	tree_init(&after);
}

static void end(void)
{
	tree_destroy(&before);
	tree_destroy(&after);
	fixture_end(&x);
}

/* For memory whose output addresses begin `oa` above those that x.base alone would have. */
static struct mz_fill ask(uint64_t oa, unsigned level_max)
{
	return (struct mz_fill) {
		.offset = oa - x.base, .prop = mz_prop_from(RW), .level_max = level_max};
}

static enum mz_error fill_at(uint64_t ia, struct mz_fill *fill)
{
	return mz_table_fill(&x.table, mz_ia_from(ia), fill);
}

/* The level of the entry that a descent to ia ends at. */
static unsigned landing_level(uint64_t ia)
{
	unsigned level = 1;

	while (!tree_slot(&x.table, ia, level, NULL))
		level++;
	return level;
}

static unsigned expected_level(uint64_t ia, const struct mz_fill *fill)
{
	unsigned best = 1;

	for (unsigned level = 1; level <= landing_level(ia); level++)
		if (level <= fill->level_max && fixture_leaf_allowed(&x, level) &&
		    fill->offset % fixture_span(&x, level) == 0)
			best = level;
	return best;
}

/* Do the links on the way to ia let it be written? */
static bool links_let_write(uint64_t ia)
{
	struct mz_walk walk;
	bool writable = true;

	expect_ok(mz_table_walk(&x.table, mz_ia_from(ia), &walk));
	for (unsigned i = 0; i + 1 < walk.step_count; i++)
		writable &= !x.format->hierarchical || (walk.steps[i].prop.perm & MZ_WRITE) != 0;
	return writable;
}

/* `leaf` is what the table translates ia by. */
static void expect_told(uint64_t ia, const struct mz_fill *fill)
{
	struct mz_item told = mz_leaf_item(&x.table, fill->leaf);
	struct mz_item is = mz_table_query(&x.table, mz_ia_from(ia));

	must_equal(told.level, is.level);
	must_equal(told.oa.addr, is.oa.addr);
	must_equal(told.prop.perm, is.prop.perm);
	must_equal(fill->writable, links_let_write(ia));
}

static unsigned expect_filled(uint64_t ia, struct mz_fill *fill)
{
	unsigned level = expected_level(ia, fill);
	uint64_t base = ia & ~(fixture_span(&x, level) - 1);
	uint64_t last = base + fixture_span(&x, level) - 1;

	expect_ok(fill_at(ia, fill));
	expect_sound(&x);
	expect_told(ia, fill);
	expect_mapped(&x, ia, ia + fill->offset, fill->prop.perm, level);
	expect_mapped(&x, base, base + fill->offset, fill->prop.perm, level);
	expect_mapped(&x, last, last + fill->offset, fill->prop.perm, level);
	return level;
}

static void expect_nothing_changed(void)
{
	tree_read(&after, &x.table);
	must(tree_equal(&before, &after));
	expect_sound(&x);
}

START_TEST(the_largest_leaf_is_by_level_max_and_alignment)
{
	begin(_i);
	for (unsigned max = 1; max <= x.format->levels + 1u; max++)
		for (unsigned aligned = 1; aligned <= x.format->levels; aligned++) {
			uint64_t oa = x.root_span + fixture_span(&x, aligned);
			struct mz_fill fill = ask(oa, max);
			uint64_t span = fixture_span(&x, expect_filled(x.base + 3 * x.page, &fill));

			/* Nothing beside it. */
			must_equal(mz_table_usage(&x.table).mapped_bytes, span);
			expect_ok(fixture_unmap(&x, x.base, x.root_span));
			expect_hole(&x, x.base + 3 * x.page);
		}
	end();
}
END_TEST

START_TEST(any_byte_will_do)
{
	struct mz_fill fill;

	begin(_i);
	fill = ask(x.root_span, x.format->levels);
	expect_filled(x.base + x.root_span - 1, &fill);
	fill = ask(x.root_span, 1);
	expect_filled(x.base + x.root_span + x.page + 1, &fill);
	expect_hole(&x, x.base + x.root_span + 2 * x.page);
	expect_hole(&x, x.base + x.root_span + x.page - 1);
	end();
}
END_TEST

START_TEST(a_node_in_the_way_stays)
{
	struct mz_fill fill;

	begin(_i);
	fill = ask(x.root_span, 1);
	expect_filled(x.base, &fill);
	/* The second entry of each node on the way, then that of the root. */
	for (unsigned level = 1; level <= x.format->levels; level++) {
		uint64_t span = level < x.format->levels ? fixture_span(&x, level) : x.root_span;

		fill = ask(x.root_span, x.format->levels);
		if (mz_table_query(&x.table, mz_ia_from(x.base + span)).level == 0)
			must(expect_filled(x.base + span, &fill) <= level);
	}
	expect_mapped(&x, x.base, x.root_span, RW, 1);
	/* What was emptied by and by may be one leaf again only when its node is gone. */
	expect_ok(fixture_unmap(&x, x.base, 2 * x.root_span));
	fill = ask(x.root_span, x.format->levels);
	must_equal(expect_filled(x.base, &fill), x.top);
	end();
}
END_TEST

START_TEST(occupied_tells_the_leaf)
{
	struct mz_fill fill, other;
	unsigned level;

	begin(_i);
	for (unsigned max = 1; max <= x.format->levels; max++) {
		size_t takes;

		fill = ask(x.root_span, max);
		level = expect_filled(x.base, &fill);
		tree_read(&before, &x.table);
		takes = journal_count(&x.journal, EVENT_TAKE);
		for (unsigned protect = 0; protect < 2; protect++) {
			uint64_t ia = x.base + fixture_span(&x, level) - 3;

			other = ask(3 * x.page, x.format->levels);
			other.prop = mz_prop_from(MZ_READ);
			must_equal(fill_at(ia, &other), MZ_OCCUPIED);
			expect_told(ia, &other);
			must_equal(mz_leaf_oa(other.leaf).addr, ia + fill.offset);
			must_equal(mz_leaf_level(other.leaf), level);
			expect_nothing_changed();
			expect_ok(mz_table_write_protect(&x.table, mz_ia_from(x.base), x.root_span,
							 x.shared));
			tree_read(&before, &x.table);
		}
		must_equal(journal_count(&x.journal, EVENT_TAKE), takes);
		expect_ok(fixture_unmap(&x, x.base, x.root_span));
	}
	end();
}
END_TEST

START_TEST(a_fill_below_a_narrow_link_says_so)
{
	struct mz_fill fill;

	begin(_i);
	fill = ask(x.root_span, 1);
	expect_filled(x.base, &fill);
	must(fill.writable);
	expect_ok(mz_table_write_protect(&x.table, mz_ia_from(x.base), x.root_span, x.shared));
	fill = ask(x.root_span, 1);
	expect_filled(x.base + x.page, &fill);
	must_equal(fill.writable, !x.format->hierarchical || x.format->levels == 1);
	must_equal(fill_at(x.base, &fill), MZ_OCCUPIED);
	expect_told(x.base, &fill);
	must_equal(fill.writable, !x.format->hierarchical || x.format->levels == 1);
	end();
}
END_TEST

static void expect_refused(uint64_t ia, struct mz_fill fill, enum mz_error error)
{
	must_equal(fill_at(ia, &fill), error);
	expect_nothing_changed();
}

START_TEST(bad_arguments_are_refused)
{
	static const struct mz_prop bad[] = {
		{0, 0, 0}, {16, 0, 0}, {MZ_READ | 16, 0, 0}, {RW, 255, 0}};
	struct mz_fill fill;
	uint64_t space;

	begin(_i);
	fill = ask(x.root_span, x.format->levels);
	space = (uint64_t)1 << x.format->oa_lg2;
	tree_read(&before, &x.table);
	for (uint64_t off = 1; off < x.page; off <<= 1)
		expect_refused(x.base, ask(x.root_span + off, 1), MZ_MISALIGNED);
	expect_refused(x.base, ask(x.root_span, 0), MZ_BAD_LEVEL);
	expect_refused((uint64_t)1 << 62, fill, MZ_OUT_OF_RANGE);
	if (x.config.root_first != 0)
		expect_refused(0, fill, MZ_OUT_OF_RANGE);
	for (unsigned max = 1; max <= x.format->levels; max++) {
		expect_refused(x.base, ask(space, max), MZ_OUT_OF_RANGE);
		expect_refused(x.base, ask(-x.page, max), MZ_OUT_OF_RANGE);
		/* The first page is there, this one is not. */
		expect_refused(x.base + x.page, ask(space - x.page, max), MZ_OUT_OF_RANGE);
		/* The first page is not there, this one is. */
		fill = ask(-x.page, max);
		must_equal(expect_filled(x.base + x.page, &fill), 1);
		expect_ok(fixture_unmap(&x, x.base, x.root_span));
		fixture_settle(&x);
		tree_read(&before, &x.table);
	}
	fill = ask(x.root_span, x.format->levels);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fill.prop = bad[i];
		expect_refused(x.base, fill, MZ_NOT_ENCODABLE);
	}
	end();
}
END_TEST

START_TEST(the_last_page_of_output_can_be_filled)
{
	uint64_t space;

	begin(_i);
	space = (uint64_t)1 << x.format->oa_lg2;
	for (unsigned max = 1; max <= x.format->levels; max++) {
		struct mz_fill fill = ask(space - x.root_span, max);

		expect_filled(x.base + x.root_span - 1, &fill);
		expect_ok(fixture_unmap(&x, x.base, x.root_span));
	}
	end();
}
END_TEST

START_TEST(without_memory_nothing_changes)
{
	unsigned nodes;

	begin(_i);
	nodes = x.format->levels - 1u;
	tree_read(&before, &x.table);
	for (unsigned n = 1; n <= nodes; n++)
		for (int later = 0; later < 2; later++) {
			track_fail(&x.track, n);
			x.track.fail_after = later;
			expect_refused(x.base, ask(x.root_span, 1), MZ_NO_MEMORY);
			must_equal(x.track.live_count, 1);
			must_equal(journal_count(&x.journal, EVENT_TAKE), 0);
		}
	track_fail(&x.track, nodes + 1);
	must_equal(fill_at(x.base,
			   &(struct mz_fill) {.offset = x.root_span - x.base,
					      .prop = mz_prop_from(RW),
					      .level_max = 1}),
		   MZ_OK);
	track_fail(&x.track, 0);
	expect_nodes(&x, x.format->levels);
	end();
}
END_TEST

/* One node of each of the levels below `end_level`. */
static void set_aside(struct mz_reserve *reserve, unsigned end_level)
{
	mz_reserve_init(reserve);
	for (unsigned level = 1; level < end_level; level++)
		reserve->need[level] = 1;
	expect_ok(mz_reserve_fill(&x.table.config, reserve));
}

START_TEST(the_reserve_comes_before_memory)
{
	struct mz_reserve reserve;
	struct mz_fill fill;
	uint64_t asked;

	begin(_i);
	set_aside(&reserve, x.format->levels);
	asked = x.track.alloc_count;
	track_fail(&x.track, 1);
	x.track.fail_after = true;
	fill = ask(x.root_span, 1);
	fill.reserve = &reserve;
	expect_filled(x.base, &fill);
	for (unsigned level = 1; level <= x.format->levels; level++)
		must_equal(reserve.have[level], 0);
	/* The nodes are there, so none is needed. */
	expect_filled(x.base + x.page, &fill);
	/* What has no way to it needs both. */
	if (x.format->levels > 1)
		must_equal(fill_at(x.base + x.root_span, &fill), MZ_NO_MEMORY);
	must_equal(x.track.alloc_count, asked + (x.format->levels > 1));
	track_fail(&x.track, 0);
	must_equal(x.track.live_count, x.format->levels);
	mz_reserve_drain(&x.table.config, &reserve);
	expect_nodes(&x, x.format->levels);
	end();
}
END_TEST

START_TEST(a_reserve_that_is_not_needed_stays)
{
	struct mz_reserve reserve;
	struct mz_fill fill;
	unsigned level;

	begin(_i);
	set_aside(&reserve, x.format->levels);
	fill = ask(x.root_span, x.format->levels);
	fill.reserve = &reserve;
	level = expect_filled(x.base, &fill);
	for (unsigned below = 1; below < x.format->levels; below++)
		must_equal(reserve.have[below], below < level);
	must_equal(fill_at(x.base, &fill), MZ_OCCUPIED);
	for (unsigned below = 1; below < x.format->levels; below++)
		must_equal(reserve.have[below], below < level);
	mz_reserve_drain(&x.table.config, &reserve);
	end();
}
END_TEST

START_TEST(what_a_reserve_lacks_comes_from_memory)
{
	struct mz_reserve reserve;
	struct mz_fill fill;

	begin(_i);
	if (x.format->levels < 3) {
		end();
		return;
	}
	set_aside(&reserve, 2);
	fill = ask(x.root_span, 1);
	fill.reserve = &reserve;
	tree_read(&before, &x.table);
	track_fail(&x.track, 1);
	must_equal(fill_at(x.base, &fill), MZ_NO_MEMORY);
	expect_nothing_changed();
	must_equal(reserve.have[1], 1);
	track_fail(&x.track, 0);
	expect_filled(x.base, &fill);
	mz_reserve_drain(&x.table.config, &reserve);
	expect_nodes(&x, x.format->levels);
	end();
}
END_TEST

START_TEST(an_item_is_taken_once)
{
	struct mz_fill fill;
	size_t at;

	begin(_i);
	for (unsigned max = 1; max <= x.format->levels && x.config.items.take; max++) {
		unsigned level;

		journal_clear(&x.journal);
		fill = ask(x.root_span, max);
		level = expect_filled(x.base + 2 * x.page, &fill);
		must_equal(journal_count(&x.journal, EVENT_TAKE), 1);
		at = journal_find(&x.journal, EVENT_TAKE, 0);
		must_equal(x.journal.events[at].item.level, level);
		must_equal(x.journal.events[at].item.oa.addr,
			   level == 1 ? x.root_span + 2 * x.page : x.root_span);
		must_equal(x.journal.events[at].item.prop.perm, RW);
		must_equal(witness_refs(&x.witness, x.root_span + 2 * x.page), 1);
		must_equal(fill_at(x.base + 2 * x.page, &fill), MZ_OCCUPIED);
		must_equal(journal_count(&x.journal, EVENT_TAKE), 1);
		expect_ok(fixture_unmap(&x, x.base, x.root_span));
		fixture_settle(&x);
		must_equal(witness_refs(&x.witness, x.root_span + 2 * x.page), 0);
	}
	end();
}
END_TEST

#define THREADS 3
#define PAGES   48

static pthread_barrier_t barrier;
static unsigned wins[THREADS];

/* Few pages in each node, so that a fill needs nodes as often as not. */
static uint64_t shared_page(unsigned i)
{
	return x.base + i / 3 * fixture_span(&x, 2) + i % 3 * x.page;
}

static struct mz_fill ask_of(unsigned thread, struct mz_reserve *reserve)
{
	struct mz_fill fill = ask((thread + 1) * x.root_span, 1);

	fill.reserve = reserve;
	return fill;
}

/* All go through the same pages at once: each page is won by one. */
static void *fill_the_same_pages(void *argument)
{
	unsigned number = *(unsigned *)argument;
	struct mz_reserve reserve;

	mz_reserve_init(&reserve);
	pthread_barrier_wait(&barrier);
	for (unsigned i = 0; i < PAGES; i++) {
		struct mz_fill fill = ask_of(number, number == 0 ? &reserve : NULL);
		uint64_t ia = shared_page(i);
		enum mz_error error = fill_at(ia, &fill);

		must(error == MZ_OK || error == MZ_OCCUPIED);
		wins[number] += error == MZ_OK;
		if (error == MZ_OK)
			must_equal(mz_leaf_oa(fill.leaf).addr, ia + fill.offset);
		must_equal(mz_table_query(&x.table, mz_ia_from(ia)).oa.addr,
			   mz_leaf_oa(fill.leaf).addr);
	}
	mz_reserve_drain(&x.table.config, &reserve);
	return NULL;
}

/* One page each in a node that is empty most of the time: it is cut while others fill. */
static void *fill_and_unmap_own_pages(void *argument)
{
	unsigned number = *(unsigned *)argument;
	uint64_t ia = x.base + number * x.page;

	for (unsigned round = 0; round < 20; round++) {
		pthread_barrier_wait(&barrier);
		for (unsigned step = 0; step < 150; step++) {
			struct mz_fill fill = ask_of(number, NULL);

			expect_ok(fill_at(ia, &fill));
			must_equal(mz_table_query(&x.table, mz_ia_from(ia)).oa.addr,
				   ia + fill.offset);
			expect_ok(mz_table_unmap(&x.table, mz_ia_from(ia), x.page, NULL));
			must_equal(mz_table_query(&x.table, mz_ia_from(ia)).level, 0);
		}
		/* All are outside: what was cut can go. */
		pthread_barrier_wait(&barrier);
		if (number == 0)
			witness_reclaim(&x.witness);
	}
	return NULL;
}

static void run_threads(int loop, void *(*body)(void *))
{
	pthread_t threads[THREADS];
	unsigned numbers[THREADS];

	fixture_prepare(&x, loop + VARIANT_WITNESSED * CASES);
	x.config.flush = (struct mz_flush) {NULL, NULL};
	expect_ok(mz_table_init(&x.table, &x.config));
	must_equal(pthread_barrier_init(&barrier, NULL, THREADS), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		numbers[i] = i;
		wins[i] = 0;
		must_equal(pthread_create(&threads[i], NULL, body, &numbers[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		must_equal(pthread_join(threads[i], NULL), 0);
	pthread_barrier_destroy(&barrier);
	expect_sound(&x);
}

START_TEST(a_page_is_filled_by_one)
{
	unsigned sum = 0;

	run_threads(_i, fill_the_same_pages);
	for (unsigned i = 0; i < THREADS; i++)
		sum += wins[i];
	must_equal(sum, PAGES);
	must_equal(mz_table_usage(&x.table).mapped_bytes, PAGES * x.page);
	must_equal(journal_count(&x.journal, EVENT_TAKE), PAGES);
	expect_nodes(&x, x.track.live_count);
	fixture_end(&x);
}
END_TEST

START_TEST(no_fill_is_lost_in_a_node_that_is_cut)
{
	run_threads(_i, fill_and_unmap_own_pages);
	expect_nodes(&x, 1);
	fixture_end(&x);
}
END_TEST

/* The same memory for nodes at low addresses, aligned as it was: so many pages lower. */
static uint64_t low_first(void)
{
	return x.track.memory.first_frame & ~(uint64_t)15;
}

static enum mz_error alloc_low(void *context, unsigned size_lg2, mz_oa *pa)
{
	enum mz_error error = x.track.memory.alloc(context, size_lg2, pa);

	pa->addr -= low_first() << x.format->page_lg2;
	return error;
}

static void free_low(void *context, mz_oa pa, unsigned size_lg2)
{
	pa.addr += low_first() << x.format->page_lg2;
	x.track.memory.free(context, pa, size_lg2);
}

/* Output addresses may have fewer bits than the largest leaves map. */
START_TEST(no_leaf_is_larger_than_the_output_addresses)
{
	struct mz_fill fill;

	fixture_prepare(&x, _i);
	x.destroyed = x.top == 1;
	if (x.top > 1) {
		uint64_t lower = low_first() << x.format->page_lg2;

		x.config.memory.alloc = alloc_low;
		x.config.memory.free = free_low;
		x.config.memory.first_frame -= low_first();
		x.config.memory.linear += (uintptr_t)lower;
		x.config.oa_lg2 = (uint8_t)(x.format->shift[x.top] - 1);
		fixture_make(&x);
		fill = ask(0, x.format->levels);
		expect_ok(fill_at(x.base, &fill));
		must_equal(mz_leaf_level(fill.leaf), x.second);
	}
	fixture_end(&x);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fill");
	TCase *tcase = tcase_create("fill");
	TCase *threads = tcase_create("threads");

	tcase_add_loop_test(tcase, the_largest_leaf_is_by_level_max_and_alignment, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, any_byte_will_do, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, a_node_in_the_way_stays, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, occupied_tells_the_leaf, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, a_fill_below_a_narrow_link_says_so, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, bad_arguments_are_refused, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, the_last_page_of_output_can_be_filled, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, without_memory_nothing_changes, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, the_reserve_comes_before_memory, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, a_reserve_that_is_not_needed_stays, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, what_a_reserve_lacks_comes_from_memory, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, an_item_is_taken_once, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, no_leaf_is_larger_than_the_output_addresses, 0, EACH_VARIANT);
	suite_add_tcase(suite, tcase);
	tcase_set_timeout(threads, 120);
	tcase_add_loop_test(threads, a_page_is_filled_by_one, 0, EACH_CASE);
	tcase_add_loop_test(threads, no_fill_is_lost_in_a_node_that_is_cut, 0, EACH_CASE);
	suite_add_tcase(suite, threads);
	return suite_run(suite);
}
