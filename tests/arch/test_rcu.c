// SPDX-License-Identifier: MPL-2.0
/* The rcu hooks on liburcu: alone, and under threads that do everything at once. */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch/linux/rcu.h"
#include "core/clone.h"
#include "core/cursor.h"
#include "core/walk.h"
#include "tests/fixture.h"
#include "tests/suite.h"

#define RW (MZ_READ | MZ_WRITE)

static struct fixture x;
static struct mz_urcu urcu;

/*
 * ThreadSanitizer does not see what a grace period orders: that a reader has left comes before a
 * node is freed. The two tell it.
 */
#ifdef __SANITIZE_THREAD__
static unsigned readers_left;
static void (*track_free)(void *context, mz_oa pa, unsigned size_lg2);

static void leave(void *context)
{
	__atomic_fetch_add(&readers_left, 1, __ATOMIC_RELEASE);
	urcu.hooks.leave(context);
}

static void free_behind_readers(void *context, mz_oa pa, unsigned size_lg2)
{
	(void)__atomic_load_n(&readers_left, __ATOMIC_ACQUIRE);
	track_free(context, pa, size_lg2);
}

static void tell_sanitizer(void)
{
	track_free = x.config.memory.free;
	x.config.memory.free = free_behind_readers;
	x.config.rcu.leave = leave;
}
#else
static void tell_sanitizer(void)
{
}
#endif

/* References to mapped memory, in pages. */
static int64_t taken;

static void count(struct mz_item item, int64_t sign)
{
	int64_t pages = (int64_t)(fixture_span(&x, item.level) / x.page);

	__atomic_fetch_add(&taken, sign * pages, __ATOMIC_RELAXED);
}

static void take(void *context, struct mz_item item)
{
	(void)context;
	count(item, 1);
}

static void put(void *context, struct mz_item item)
{
	(void)context;
	count(item, -1);
}

static void begin(int loop)
{
	fixture_prepare(&x, loop);
	expect_ok(mz_urcu_init(&urcu));
	taken = 0;
	x.config.rcu = urcu.hooks;
	x.config.items = (struct mz_items) {NULL, take, put};
	tell_sanitizer();
	expect_ok(mz_table_init(&x.table, &x.config));
}

static void end(void)
{
	mz_urcu_barrier(&urcu);
	/* The lock tells ThreadSanitizer what the barrier orders. */
	pthread_mutex_lock(&urcu.mutex);
	must_equal(urcu.retired, MZ_FRAME_NONE);
	pthread_mutex_unlock(&urcu.mutex);
	fixture_end(&x);
	mz_urcu_destroy(&urcu);
	must_equal(taken, 0);
}

static uint64_t live_count(void)
{
	uint64_t live;

	pthread_mutex_lock(&x.track.mutex);
	live = x.track.live_count;
	pthread_mutex_unlock(&x.track.mutex);
	return live;
}

START_TEST(nodes_stay_until_readers_have_left)
{
	uint64_t live;

	begin(_i);
	expect_ok(fixture_map(&x, x.base, x.page, 0, RW));
	live = live_count();
	urcu.hooks.enter(urcu.hooks.context);
	expect_ok(fixture_unmap(&x, x.base, x.page));
	usleep(20000);
	must_equal(live_count(), live);
	urcu.hooks.leave(urcu.hooks.context);
	mz_urcu_barrier(&urcu);
	must_equal(live_count(), 1);
	end();
}
END_TEST

START_TEST(nodes_retired_during_a_grace_period_wait_for_the_next)
{
	begin(_i);
	for (unsigned i = 0; i < 2; i++)
		expect_ok(fixture_map(&x, x.base + i * x.root_span, 2 * x.page, 0, RW));
	urcu.hooks.enter(urcu.hooks.context);
	expect_ok(fixture_unmap(&x, x.base, x.root_span));
	usleep(20000);
	expect_ok(fixture_unmap(&x, x.base + x.root_span, x.root_span));
	urcu.hooks.leave(urcu.hooks.context);
	mz_urcu_barrier(&urcu);
	must_equal(live_count(), 1);
	end();
}
END_TEST

/* Both give up what they shared, and one of them is gone before the other. */
START_TEST(a_table_and_its_clone_have_the_same_hooks)
{
	static struct mz_table clone;
	struct mz_gather gather;

	begin(_i);
	expect_ok(fixture_map(&x, x.base, 4 * x.page, 0, RW));
	mz_gather_init(&gather, &x.table);
	expect_ok(mz_table_clone(&clone, &x.table, &x.config.flush, &gather));
	mz_gather_finish(&gather);
	for (unsigned i = 0; i < 2; i++) {
		struct mz_table *table = i == 0 ? &x.table : &clone;

		mz_gather_init(&gather, table);
		expect_ok(mz_table_own(table, mz_ia_from(x.base), x.page, true, &gather));
		mz_gather_finish(&gather);
	}
	mz_gather_init(&gather, &clone);
	expect_ok(mz_table_unmap(&clone, mz_ia_from(x.base), 2 * x.page, &gather));
	mz_gather_finish(&gather);
	mz_urcu_barrier(&urcu);
	mz_table_destroy(&clone);
	expect_ok(fixture_unmap(&x, x.base, 4 * x.page));
	end();
}
END_TEST

static struct mz_frame *shared; /* of a node that a table has given up */
static bool enough;

/* As clones do that give the node up one after the other, each in the next grace period. */
static void *give_up(void *argument)
{
	(void)argument;
	while (!__atomic_load_n(&enough, __ATOMIC_RELAXED)) {
		mz_lock_acquire(&shared->lock);
		shared->parted = shared->parting;
		mz_lock_release(&shared->lock);
		sched_yield();
	}
	return NULL;
}

START_TEST(a_node_that_clones_give_up_one_after_the_other_needs_no_table)
{
	static struct mz_table clone;
	struct mz_gather gather;
	struct mz_walk walk;
	pthread_t thread;

	begin(_i);
	expect_ok(fixture_map(&x, x.base, 4 * x.page, 0, RW));
	expect_ok(mz_table_walk(&x.table, mz_ia_from(x.base), &walk));
	shared = track_frame(&x.track, walk.steps[walk.step_count - 1].node);
	mz_gather_init(&gather, &x.table);
	expect_ok(mz_table_clone(&clone, &x.table, &x.config.flush, &gather));
	mz_gather_finish(&gather);
	enough = false;
	must_equal(pthread_create(&thread, NULL, give_up, NULL), 0);
	mz_gather_init(&gather, &clone);
	expect_ok(mz_table_own(&clone, mz_ia_from(x.base), x.page, true, &gather));
	mz_gather_finish(&gather);
	mz_urcu_barrier(&urcu);
	mz_table_destroy(&clone);
	memset(&clone, 0xff, sizeof(clone));
	usleep(20000);
	__atomic_store_n(&enough, true, __ATOMIC_RELAXED);
	must_equal(pthread_join(thread, NULL), 0);
	end();
}
END_TEST

START_TEST(a_barrier_without_anything_retired_returns)
{
	begin(_i);
	mz_urcu_barrier(&urcu);
	mz_urcu_barrier(&urcu);
	end();
}
END_TEST

/* ---- Threads -------------------------------------------------------------------------------- */

#define THREADS 4

/* Where `ia` is mapped to, whoever maps it. */
static uint64_t target(uint64_t ia)
{
	return ia - x.base;
}

static void try_query(uint64_t ia)
{
	struct mz_item item = mz_table_query(&x.table, mz_ia_from(ia));

	must_say(item.level == 0 || item.oa.addr == target(ia), "%s: %#llx translates to %#llx",
		 x.test_case->name, (unsigned long long)ia, (unsigned long long)item.oa.addr);
}

/* In one transaction: what is there goes, and one page comes; nobody else can come between. */
static void try_cursor(uint64_t ia, uint64_t bytes)
{
	struct mz_fragment fragment;
	struct mz_cursor cursor;
	struct mz_gather gather;

	mz_gather_init(&gather, &x.table);
	expect_ok(mz_cursor_open(&cursor, &x.table, mz_ia_from(ia), bytes, &gather));
	do
		expect_ok(mz_cursor_take_next(&cursor, bytes, &fragment));
	while (fragment.kind != MZ_ABSENT);
	expect_ok(mz_cursor_jump(&cursor, mz_ia_from(ia)));
	expect_ok(mz_cursor_map(&cursor, mz_oa_from(target(ia)), 1, mz_prop_from(RW)));
	mz_cursor_close(&cursor);
	mz_gather_finish(&gather);
}

static void step(struct rng *rng)
{
	static const unsigned perms[] = {MZ_READ, RW, MZ_READ | MZ_EXEC};
	unsigned perm = perms[rng_below(rng, 3)];
	unsigned level = 1 + (unsigned)rng_below(rng, x.top);
	uint64_t unit = fixture_span(&x, level);
	uint64_t window = fixture_span(&x, x.top > 2 ? x.top : 2) * 2;
	uint64_t ia = x.base + rng_below(rng, window / unit) * unit;
	uint64_t bytes = (1 + rng_below(rng, 3)) * unit;
	enum mz_error error;

	if (bytes > x.base + window - ia)
		bytes = x.base + window - ia;
	switch (rng_below(rng, 8)) {
	case 0:
	case 1:
		error = fixture_map(&x, ia, bytes, target(ia), perm);
		must(error == MZ_OK || error == MZ_OCCUPIED);
		break;
	case 2:
	case 3:
		expect_ok(fixture_unmap(&x, ia, bytes));
		break;
	case 4:
		expect_ok(fixture_protect(&x, ia, bytes, perm));
		break;
	case 5:
		try_cursor(ia, bytes);
		break;
	default:
		try_query(ia + rng_below(rng, bytes / x.page) * x.page);
		break;
	}
}

static void *run(void *argument)
{
	struct rng rng = {*(uint64_t *)argument};

	for (unsigned steps = rng_steps(1500); steps > 0; steps--) {
		step(&rng);
		/* Nodes are cut faster than grace periods end. */
		if (live_count() > TRACK_PAGES / 2)
			mz_urcu_barrier(&urcu);
	}
	return NULL;
}

START_TEST(threads_may_do_everything_at_once)
{
	uint64_t seeds[THREADS];
	pthread_t threads[THREADS];

	begin(_i);
	for (unsigned i = 0; i < THREADS; i++) {
		seeds[i] = rng_seed() ^ (uint64_t)(_i * THREADS + (int)i) << 32;
		must_equal(pthread_create(&threads[i], NULL, run, &seeds[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		must_equal(pthread_join(threads[i], NULL), 0);
	expect_sound(&x);
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rcu");
	TCase *tcase = tcase_create("hooks");
	TCase *threads = tcase_create("threads");

	/* A failure in a thread must end its process. */
	setenv("CK_FORK", "yes", 1);
	tcase_add_loop_test(tcase, nodes_stay_until_readers_have_left, 0, EACH_CASE);
	tcase_add_loop_test(tcase, nodes_retired_during_a_grace_period_wait_for_the_next, 0,
			    EACH_CASE);
	tcase_add_loop_test(tcase, a_table_and_its_clone_have_the_same_hooks, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_node_that_clones_give_up_one_after_the_other_needs_no_table, 0,
			    EACH_CASE);
	tcase_add_test(tcase, a_barrier_without_anything_retired_returns);
	tcase_set_timeout(threads, 250);
	tcase_add_loop_test(threads, threads_may_do_everything_at_once, 0, EACH_CASE);
	suite_add_tcase(suite, tcase);
	suite_add_tcase(suite, threads);
	return suite_run(suite);
}
