/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Who wants to know what is written, by faults that are held up and by the MMU's flags: nobody
 * misses a write, whatever the others collect.
 */
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "ept/clone.h"
#include "ept/dirty.h"
#include "tests/guest.h"
#include "tests/rng.h"
#include "tests/suite.h"

#define CONSUMERS 3
#define PAGES     64

static struct fixture x;
static struct guest guest;

/* A consumer, and what a flat model says that it must and may hear of. */
struct listener {
	struct mz_dirty dirty;
	bool started;
	bool owed[PAGES];  /* written since it was collected */
	bool taken[PAGES]; /* collected, not committed */
};

static struct listener listeners[CONSUMERS];

/* Pages that lie apart as far as a leaf of the second level, so that several nodes take part. */
static uint64_t page_at(unsigned p)
{
	uint64_t span = x.format->levels > 1 ? fixture_span(&x, 2) : 16 * x.page;

	return x.base + p / 16 * span + p % 16 * x.page;
}

static uint64_t all_bytes(void)
{
	return page_at(PAGES - 1) + x.page - x.base;
}

/* Does the MMU mark what is written? Some of Arm's set the accessed flag alone. */
static bool by_hardware(void)
{
	return (x.config.features & MZ_HW_ACCESSED_DIRTY) != 0 &&
		(x.format->hw_flags & MZ_DIRTY) != 0;
}

static void begin(int loop)
{
	fixture_prepare(&x, loop);
	memset(listeners, 0, sizeof(listeners));
	guest_begin(&guest, &x, NULL);
	expect_ok(guest_add(&guest, MZ_REGION_RAM, x.base, all_bytes(), 0));
}

static void start(struct listener *listener, unsigned level)
{
	memset(listener, 0, sizeof(*listener));
	expect_ok(mz_dirty_start(&listener->dirty, &guest.space, level));
	listener->started = true;
}

static void stop(struct listener *listener)
{
	mz_dirty_stop(&listener->dirty);
	listener->started = false;
}

static void end(void)
{
	for (unsigned c = 0; c < CONSUMERS; c++)
		if (listeners[c].started)
			stop(&listeners[c]);
	guest_end(&guest, &x);
	fixture_end(&x);
}

static void write_page(unsigned p)
{
	uint64_t oa;

	if (!guest_access(&guest, &guest.worker, page_at(p), MZ_WRITE, &oa))
		return;
	for (unsigned c = 0; c < CONSUMERS; c++)
		listeners[c].owed[p] = true;
}

static bool hear(void *context, mz_ia ia, uint64_t bytes)
{
	bool *heard = context;

	for (unsigned p = 0; p < PAGES; p++)
		heard[p] |= page_at(p) - ia.addr < bytes;
	return true;
}

static bool bit_of(const uint64_t *words, unsigned p)
{
	uint64_t number = (page_at(p) - x.base) / x.page;

	return (words[number / 64] >> number % 64 & 1) != 0;
}

static uint64_t words[1u << 18];

/* Fails the test unless all that was collected of what is owed in [first, last] is told of. */
static void expect_heard(struct listener *listener, unsigned first, unsigned last, bool exact)
{
	bool heard[PAGES] = {false};

	must(mz_dirty_each(&listener->dirty, mz_ia_from(x.base), all_bytes(), hear, heard));
	memset(words, 0, sizeof(words));
	mz_dirty_bitmap(&listener->dirty, mz_ia_from(x.base), all_bytes(), words);
	for (unsigned p = 0; p < PAGES; p++) {
		must_equal(heard[p], bit_of(words, p));
		if (p < first || p > last)
			continue;
		must_say(heard[p] || (!listener->owed[p] && !listener->taken[p]),
			 "%s: a write to page %u was missed", x.test_case->name, p);
		must_say(!exact || !heard[p] || listener->owed[p] || listener->taken[p],
			 "%s: page %u was not written", x.test_case->name, p);
		listener->taken[p] |= listener->owed[p];
		listener->owed[p] = false;
	}
}

static void collect(struct listener *listener, unsigned first, unsigned last, bool exact)
{
	expect_ok(mz_dirty_collect(&listener->dirty, mz_ia_from(page_at(first)),
				   page_at(last) + x.page - page_at(first)));
	expect_heard(listener, first, last, exact);
}

static void commit(struct listener *listener)
{
	mz_dirty_commit(&listener->dirty);
	memset(listener->taken, 0, sizeof(listener->taken));
}

static void put_back(struct listener *listener)
{
	expect_ok(mz_dirty_put_back(&listener->dirty));
	for (unsigned p = 0; p < PAGES; p++) {
		listener->owed[p] |= listener->taken[p];
		listener->taken[p] = false;
	}
}

/* Changes that make holes and split leaves: what was written there before was written. */
static void change_something(struct rng *rng)
{
	unsigned p = (unsigned)rng_below(rng, PAGES);
	struct mz_request request = guest_request(MZ_CHANGE_INVALIDATE, page_at(p), x.page);
	enum mz_error error;

	if (rng_below(rng, 2) == 0)
		request.change = MZ_CHANGE_PROTECT;
	request.perm = rng_below(rng, 3) == 0 ? GUEST_RX : 0;
	/* A change for which there are no regions left changes nothing. */
	error = mz_space_change(&guest.space, &request, NULL);
	must(error == MZ_OK || error == MZ_FULL);
}

static void step(struct rng *rng, bool exact)
{
	struct listener *listener = &listeners[rng_below(rng, CONSUMERS)];
	unsigned first = (unsigned)rng_below(rng, PAGES);
	unsigned last = first + (unsigned)rng_below(rng, PAGES - first);
	uint64_t oa;

	switch (rng_below(rng, 24)) {
	case 0:
		if (listener->started)
			stop(listener);
		else
			start(listener, exact ? 1 : 0);
		break;
	case 1:
	case 2:
		if (listener->started)
			collect(listener, 0, PAGES - 1, exact);
		break;
	case 3:
	case 4:
		if (listener->started)
			collect(listener, first, last, exact);
		break;
	case 5:
	case 6:
		if (listener->started)
			commit(listener);
		break;
	case 7:
		if (listener->started)
			put_back(listener);
		break;
	case 8:
		change_something(rng);
		break;
	case 9:
		expect_ok(mz_space_written(&guest.space, mz_ia_from(page_at(first)), x.page));
		for (unsigned c = 0; c < CONSUMERS; c++)
			listeners[c].owed[first] = true;
		break;
	case 10:
		guest_access(&guest, &guest.worker, page_at(first), MZ_READ, &oa);
		break;
	default:
		write_page(first);
		break;
	}
}

/* Where all leaves are pages, and faults tell, nobody hears of what was not written. */
START_TEST(no_consumer_misses_a_write)
{
	struct rng rng = {rng_seed() ^ (uint64_t)_i << 32};
	unsigned steps = rng_steps(1000);
	bool exact;

	begin(_i);
	exact = !by_hardware() && x.top == 1;
	for (unsigned i = 0; i < steps; i++)
		step(&rng, exact);
	for (unsigned c = 0; c < CONSUMERS; c++)
		if (listeners[c].started)
			collect(&listeners[c], 0, PAGES - 1, exact);
	end();
}
END_TEST

START_TEST(leaves_are_split_before_they_are_written)
{
	struct mz_space_stats stats;
	bool heard[PAGES] = {false};
	unsigned level;

	begin(_i);
	expect_ok(mz_space_populate(&guest.worker, mz_ia_from(x.base), all_bytes()));
	level = mz_table_query(&guest.space.table, mz_ia_from(x.base)).level;
	must_equal(mz_dirty_start(&listeners[0].dirty, &guest.space, MZ_LEVELS_MAX + 1),
		   MZ_BAD_LEVEL);
	start(&listeners[0], 1);
	write_page(1);
	stats = mz_space_stats(&guest.space);
	if (!by_hardware()) {
		collect(&listeners[0], 0, PAGES - 1, true);
		must(mz_dirty_each(&listeners[0].dirty, mz_ia_from(x.base), all_bytes(), hear,
				   heard));
		for (unsigned p = 0; p < PAGES; p++)
			must_equal(heard[p], p == 1);
		must_equal(stats.written[level], 1);
		must_equal(stats.split[level], level > 1);
	}
	end();
}
END_TEST

/* Where a log knows of writes, faults cost what they cost without consumers, and tell of nothing.
 */
START_TEST(what_a_log_knows_is_told_once_and_protected_never)
{
	struct mz_space_stats before, after;
	uint64_t oa;

	begin(_i);
	mz_space_log_writes(&guest.space);
	start(&listeners[0], 1);
	expect_ok(mz_space_populate(&guest.worker, mz_ia_from(x.base), all_bytes()));
	before = mz_space_stats(&guest.space);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned p = 0; p < PAGES; p++)
			must(guest_access(&guest, &guest.worker, page_at(p), MZ_WRITE, &oa));
		expect_ok(mz_space_written(&guest.space, mz_ia_from(page_at(round)), x.page));
		listeners[0].owed[round] = true;
		collect(&listeners[0], 0, PAGES - 1, true);
		commit(&listeners[0]);
	}
	after = mz_space_stats(&guest.space);
	for (unsigned level = 0; level <= MZ_LEVELS_MAX; level++) {
		must_equal(after.written[level], before.written[level]);
		must_equal(after.split[level], before.split[level]);
	}
	end();
}
END_TEST

/* Nodes that a clone has too keep flags that only one of the two may take. */
START_TEST(a_clone_takes_no_flag_from_the_others)
{
	static struct mz_region room[GUEST_REGIONS];
	static struct mz_space clone;
	struct mz_dirty other;

	begin(_i);
	/* With no RAM, which a backing would have to copy. */
	expect_ok(guest_change(&guest, MZ_CHANGE_REMOVE, x.base, all_bytes()));
	expect_ok(guest_add(&guest, MZ_REGION_SHARED, x.base, all_bytes(), 0));
	if (!x.config.root_fixed) {
		start(&listeners[0], 1);
		write_page(3);
		collect(&listeners[0], 0, PAGES - 1, false);
		commit(&listeners[0]);
		write_page(5);
		expect_ok(
			mz_space_clone(&clone, &guest.space, &x.config.flush, room, GUEST_REGIONS));
		expect_ok(mz_dirty_start(&other, &clone, 1));
		collect(&listeners[0], 0, PAGES - 1, false);
		mz_dirty_stop(&other);
		witness_reclaim(&x.witness);
		mz_space_destroy(&clone);
	}
	end();
}
END_TEST

/* A device writes where it likes: it need not know of pages. */
START_TEST(a_part_of_a_page_is_a_page_that_is_written)
{
	begin(_i);
	start(&listeners[0], 0);
	expect_ok(mz_space_written(&guest.space, mz_ia_from(page_at(1) + 5), 3));
	expect_ok(mz_space_written(&guest.space, mz_ia_from(page_at(4) - 1), 2));
	expect_ok(mz_space_written(&guest.space, mz_ia_from(page_at(6)), x.page + 1));
	listeners[0].owed[1] = listeners[0].owed[3] = listeners[0].owed[4] = true;
	listeners[0].owed[6] = listeners[0].owed[7] = true;
	collect(&listeners[0], 0, PAGES - 1, true);
	must_equal(mz_space_written(&guest.space, mz_ia_from(x.base), 0), MZ_OUT_OF_RANGE);
	must_equal(mz_space_written(&guest.space, mz_ia_from(-x.page), 2 * x.page),
		   MZ_OUT_OF_RANGE);
	must_equal(mz_space_written(&guest.space, mz_ia_from((uint64_t)1 << 62), 1),
		   MZ_OUT_OF_RANGE);
	end();
}
END_TEST

static void unmap_at_once(void *context, mz_ia first, mz_ia last, bool nodes)
{
	(void)context, (void)first, (void)last, (void)nodes;
	guest.space.table.config.flush.range = NULL;
	expect_ok(mz_table_unmap(&guest.space.table, mz_ia_from(x.base), x.page, NULL));
}

/* While the flush of a split is under way, another processor takes the page. */
START_TEST(what_is_let_be_written_may_be_gone_at_once)
{
	struct mz_fault fault;

	begin(_i);
	start(&listeners[0], 1);
	must_equal(guest_fault(&guest, x.base, MZ_READ, &fault), MZ_RESOLVED);
	if (fault.item.level > 1 && !by_hardware() && !x.format->break_before_make) {
		guest.space.table.config.flush.range = unmap_at_once;
		must_equal(guest_fault(&guest, x.base, MZ_WRITE, &fault), MZ_RETRY);
		must_equal(fault.bytes, 0);
		guest.space.table.config.flush = x.config.flush;
	}
	end();
}
END_TEST

static bool write_in_flush;

static void write_meanwhile(void *context, mz_ia first, mz_ia last, bool nodes)
{
	(void)context, (void)first, (void)last, (void)nodes;
	if (write_in_flush) {
		write_in_flush = false;
		write_page(7);
	}
}

/* What is let be written again while it is collected may be written after that without a fault. */
START_TEST(a_write_after_one_during_a_collection_is_not_missed)
{
	begin(_i);
	start(&listeners[0], 1);
	write_page(7);
	guest.space.table.config.flush.range = write_meanwhile;
	write_in_flush = true;
	collect(&listeners[0], 0, PAGES - 1, false);
	must(!write_in_flush);
	guest.space.table.config.flush = x.config.flush;
	commit(&listeners[0]);
	write_page(7);
	collect(&listeners[0], 0, PAGES - 1, false);
	end();
}
END_TEST

#define WRITERS 2

static bool written[WRITERS][PAGES];

static void *write_at_random(void *argument)
{
	bool *mine = argument;
	struct rng rng = {rng_seed() + (uint64_t)(mine - written[0])};
	struct mz_worker worker;

	mz_worker_begin(&worker, &guest.space);
	for (unsigned i = 0; i < 2000; i++) {
		unsigned p = (unsigned)rng_below(&rng, PAGES);
		uint64_t oa;

		must(guest_access(&guest, &worker, page_at(p), MZ_WRITE, &oa));
		mine[p] = true;
	}
	mz_worker_end(&worker);
	return NULL;
}

START_TEST(a_collector_beside_writers_hears_of_all)
{
	struct listener *listener = &listeners[0];
	pthread_t threads[WRITERS];
	struct mz_item item;

	begin(_i + VARIANT_WITNESSED * CASES);
	memset(written, 0, sizeof(written));
	start(listener, 1);
	for (unsigned t = 0; t < WRITERS; t++)
		must_equal(pthread_create(&threads[t], NULL, write_at_random, written[t]), 0);
	/* Nothing is committed: what is collected adds up. */
	for (unsigned i = 0; i < 20; i++)
		expect_ok(mz_dirty_collect(&listener->dirty, mz_ia_from(x.base), all_bytes()));
	for (unsigned t = 0; t < WRITERS; t++)
		must_equal(pthread_join(threads[t], NULL), 0);
	for (unsigned p = 0; p < PAGES; p++)
		listener->owed[p] = written[0][p] || written[1][p];
	collect(listener, 0, PAGES - 1, false);
	for (unsigned p = 0; p < PAGES; p++)
		must(by_hardware() || !guest_may(&guest, page_at(p), MZ_WRITE, &item));
	end();
}
END_TEST

/* ---- Two at a time ---- */

static pthread_t beside;
static bool began, collected, flushed_beside, too_early;

static void *collect_beside(void *argument)
{
	(void)argument;
	expect_ok(mz_dirty_collect(&listeners[1].dirty, mz_ia_from(x.base), all_bytes()));
	__atomic_store_n(&collected, true, __ATOMIC_RELEASE);
	return NULL;
}

/* While the first flushes, caches let write still: does a second one wait, or flush by itself? */
static void collect_during_flush(void *context, mz_ia first, mz_ia last, bool nodes)
{
	const struct timespec moment = {.tv_nsec = 100000};

	(void)context, (void)first, (void)last, (void)nodes;
	flushed_beside |= began;
	if (began)
		return;
	began = true;
	must_equal(pthread_create(&beside, NULL, collect_beside, NULL), 0);
	for (unsigned i = 0; i < 20 && !__atomic_load_n(&collected, __ATOMIC_ACQUIRE); i++)
		nanosleep(&moment, NULL);
	too_early = __atomic_load_n(&collected, __ATOMIC_ACQUIRE) && !flushed_beside;
}

/* By a collection, or a change: another finds nothing that it would have to flush. */
START_TEST(who_finds_writing_forbidden_knows_that_it_has_ceased)
{
	for (unsigned by_change = 0; by_change < 2; by_change++) {
		struct mz_request request;

		fixture_prepare(&x, _i + VARIANT_WITNESSED * CASES);
		x.config.features &= ~(uint32_t)MZ_HW_ACCESSED_DIRTY;
		memset(listeners, 0, sizeof(listeners));
		guest_begin(&guest, &x, NULL);
		expect_ok(guest_add(&guest, MZ_REGION_RAM, x.base, all_bytes(), 0));
		start(&listeners[0], 1);
		start(&listeners[1], 1);
		write_page(3);
		began = collected = flushed_beside = too_early = false;
		guest.space.table.config.flush.range = collect_during_flush;
		request = guest_request(MZ_CHANGE_PROTECT, page_at(3), x.page);
		request.perm = GUEST_RX;
		if (by_change)
			expect_ok(mz_space_change(&guest.space, &request, NULL));
		else
			collect(&listeners[0], 0, PAGES - 1, false);
		must(began);
		must_equal(pthread_join(beside, NULL), 0);
		must(!too_early);
		guest.space.table.config.flush = x.config.flush;
		end();
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dirty");
	TCase *tcase = tcase_create("dirty");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, no_consumer_misses_a_write, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, leaves_are_split_before_they_are_written, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, what_a_log_knows_is_told_once_and_protected_never, 0,
			    EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, a_clone_takes_no_flag_from_the_others, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, a_part_of_a_page_is_a_page_that_is_written, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, what_is_let_be_written_may_be_gone_at_once, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, a_write_after_one_during_a_collection_is_not_missed, 0,
			    EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, a_collector_beside_writers_hears_of_all, 0, EACH_CASE);
	tcase_add_loop_test(tcase, who_finds_writing_forbidden_knows_that_it_has_ceased, 0,
			    EACH_CASE);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
