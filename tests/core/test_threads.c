/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Several processors change one table at once. Grace periods end at barriers, where every thread is
 * outside: whoever still reached a cut node would find it reused.
 */
#include <pthread.h>
#include <sched.h>

#include "tests/fixture.h"
#include "tests/rng.h"
#include "tests/suite.h"

#define RW  (MZ_READ | MZ_WRITE)
#define RX  (MZ_READ | MZ_EXEC)
#define RWX (MZ_READ | MZ_WRITE | MZ_EXEC)

#define THREADS 4
#define ROUNDS  30

static struct fixture x;
static pthread_barrier_t barrier;

struct worker {
	pthread_t thread;
	unsigned number;
	struct rng rng;
};

/* All hooks, flushes by each call; references to items are counted only where `items` is set. */
static void begin(int loop, bool items)
{
	fixture_prepare(&x, loop + VARIANT_WITNESSED * CASES);
	if (!items)
		x.config.items = (struct mz_items) {NULL, NULL, NULL};
	x.config.flush = (struct mz_flush) {NULL, NULL};
	expect_ok(mz_table_init(&x.table, &x.config));
	must_equal(pthread_barrier_init(&barrier, NULL, THREADS), 0);
}

static void end(void)
{
	pthread_barrier_destroy(&barrier);
	fixture_end(&x);
}

/* All threads are outside the table: what was cut can go, and the table must be sound. */
static void rest(const struct worker *worker)
{
	pthread_barrier_wait(&barrier);
	if (worker->number == 0) {
		witness_reclaim(&x.witness);
		expect_sound(&x);
	}
	pthread_barrier_wait(&barrier);
}

static void run_threads(void *(*body)(void *))
{
	struct worker workers[THREADS];

	for (unsigned i = 0; i < THREADS; i++) {
		workers[i].number = i;
		workers[i].rng.state = rng_seed() + i;
		must_equal(pthread_create(&workers[i].thread, NULL, body, &workers[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		must_equal(pthread_join(workers[i].thread, NULL), 0);
}

static struct mz_item query(uint64_t ia)
{
	return mz_table_query(&x.table, mz_ia_from(ia));
}

static enum mz_error unmap(uint64_t ia, uint64_t bytes)
{
	return mz_table_unmap(&x.table, mz_ia_from(ia), bytes, NULL);
}

#define OWN_PAGES 24

/*
 * The pages of all threads lie side by side, few in each node, so that nodes come and go all the
 * time.
 */
static uint64_t own_page(const struct worker *worker, unsigned i)
{
	return x.base + i / 3 * fixture_span(&x, 2) + (i % 3 * THREADS + worker->number) * x.page;
}

static void *change_own_pages(void *argument)
{
	struct worker *worker = argument;
	unsigned perms[OWN_PAGES] = {0}; /* 0: not mapped */

	for (int round = 0; round < ROUNDS; round++) {
		for (int step = 0; step < 60; step++) {
			unsigned i = (unsigned)rng_below(&worker->rng, OWN_PAGES);
			uint64_t ia = own_page(worker, i), oa = (i + 100) * x.page;
			struct mz_item item = query(ia);

			must_equal(item.level, perms[i] ? 1 : 0);
			must_equal(item.prop.perm, perms[i]);
			must_equal(item.oa.addr, perms[i] ? oa : 0);
			switch (rng_below(&worker->rng, 4)) {
			case 0:
				must_equal(fixture_map(&x, ia, x.page, oa, RW),
					   perms[i] ? MZ_OCCUPIED : MZ_OK);
				perms[i] = perms[i] ? perms[i] : RW;
				break;
			case 1:
				expect_ok(mz_table_protect(&x.table, mz_ia_from(ia), x.page, RX,
							   NULL));
				perms[i] = perms[i] ? RX : 0;
				break;
			default:
				expect_ok(unmap(ia, x.page));
				perms[i] = 0;
				break;
			}
		}
		rest(worker);
	}
	return NULL;
}

START_TEST(pages_of_one_node_belong_to_many)
{
	begin(_i % CASES, _i / CASES == 1);
	run_threads(change_own_pages);
	end();
}
END_TEST

/* One page a thread, all in one node, which is empty most of the time: who cuts it must look again.
 */
static void *fill_and_empty(void *argument)
{
	struct worker *worker = argument;
	uint64_t ia = x.base + worker->number * x.page, oa = (worker->number + 1) * x.page;

	for (int round = 0; round < ROUNDS; round++) {
		for (int step = 0; step < 200; step++) {
			expect_ok(fixture_map(&x, ia, x.page, oa, RW));
			must_equal(query(ia).oa.addr, oa);
			if (rng_below(&worker->rng, 8) == 0)
				sched_yield();
			must_equal(query(ia).level, 1);
			expect_ok(unmap(ia, x.page));
			must_equal(query(ia).level, 0);
		}
		rest(worker);
	}
	return NULL;
}

START_TEST(a_node_that_fills_again_is_not_cut)
{
	begin(_i, false);
	run_threads(fill_and_empty);
	must_equal(x.track.live_count, 1);
	end();
}
END_TEST

/*
 * Whoever maps a range owns it, since no one unmaps what is not its own: a map is a lock on every
 * page of the range, or on none.
 */
static void *contend_for_ranges(void *argument)
{
	struct worker *worker = argument;
	uint64_t oa = (worker->number + 1) * x.root_span, window = 3 * fixture_span(&x, 2);

	for (int round = 0; round < ROUNDS; round++) {
		for (int step = 0; step < 30; step++) {
			uint64_t unit = rng_below(&worker->rng, 3) ? x.page : fixture_span(&x, 2);
			uint64_t off = rng_below(&worker->rng, window / unit) * unit;
			uint64_t bytes = (1 + rng_below(&worker->rng, 12)) * unit;
			uint64_t ia = x.base + off;
			enum mz_error error;

			if (bytes > window - off)
				bytes = window - off;
			error = fixture_map(&x, ia, bytes, oa + off, RWX);
			if (error != MZ_OK) {
				must_equal(error, MZ_OCCUPIED);
				continue;
			}
			for (uint64_t at = 0; at < bytes; at += x.page)
				must_equal(query(ia + at).oa.addr, oa + off + at);
			/* In pieces: the first half loses its write permission, then all goes. */
			if (bytes > x.page) {
				uint64_t half = bytes / x.page / 2 * x.page;

				expect_ok(
					mz_table_protect(&x.table, mz_ia_from(ia), half, RX, NULL));
				must_equal(query(ia).prop.perm, RX);
				must_equal(query(ia + half - 1).prop.perm, RX);
				must_equal(query(ia + half).prop.perm, RWX);
				must_equal(query(ia + half).oa.addr, oa + off + half);
				expect_ok(unmap(ia + half, bytes - half));
				bytes = half;
			}
			for (uint64_t at = 0; at < bytes; at += x.page)
				must_equal(query(ia + at).oa.addr, oa + off + at);
			expect_ok(unmap(ia, bytes));
		}
		rest(worker);
	}
	return NULL;
}

START_TEST(a_mapped_range_has_one_owner)
{
	begin(_i % CASES, _i / CASES == 1);
	run_threads(contend_for_ranges);
	must_equal(mz_table_usage(&x.table).mapped_bytes, 0);
	must_equal(x.track.live_count, 1);
	end();
}
END_TEST

/*
 * One mapping comes, is split by permissions, and goes; readers see it or a hole, never anything
 * else.
 */
static void *split_or_look(void *argument)
{
	struct worker *worker = argument;
	uint64_t bytes = fixture_span(&x, x.top > 2 ? x.second : x.top) * 2;
	unsigned seen = 0;

	if (bytes < 8 * x.page)
		bytes = 8 * x.page;
	for (int round = 0; round < ROUNDS; round++) {
		for (int step = 0; step < (worker->number == 0 ? 8 : 400); step++) {
			uint64_t off = rng_below(&worker->rng, bytes / x.page) * x.page;
			struct mz_item item;

			if (worker->number == 0) {
				expect_ok(fixture_map(&x, x.base, bytes, x.root_span, RWX));
				expect_ok(mz_table_protect(&x.table, mz_ia_from(x.base + off),
							   x.page, RX, NULL));
				expect_ok(unmap(x.base + bytes - x.page, x.page));
				expect_ok(unmap(x.base, bytes));
				continue;
			}
			item = query(x.base + off);
			if (item.level == 0)
				continue;
			seen++;
			must_equal(item.oa.addr, x.root_span + off);
			must(item.prop.perm == RWX || item.prop.perm == RX);
		}
		rest(worker);
	}
	return NULL;
}

START_TEST(a_reader_sees_a_mapping_or_a_hole)
{
	begin(_i, false);
	run_threads(split_or_look);
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("threads");
	TCase *tcase = tcase_create("threads");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, pages_of_one_node_belong_to_many, 0, 2 * EACH_CASE);
	tcase_add_loop_test(tcase, a_node_that_fills_again_is_not_cut, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_mapped_range_has_one_owner, 0, 2 * EACH_CASE);
	tcase_add_loop_test(tcase, a_reader_sees_a_mapping_or_a_hole, 0, EACH_CASE);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
