/* SPDX-License-Identifier: MPL-2.0 */
/* The least flush of clones and of spaces, as docs/second-stage.md has it. */
#include "core/clone.h"
#include "ept/dirty.h"
#include "tests/flushes.h"
#include "tests/guest.h"
#include "tests/suite.h"

/* ---- Clones ---- */

static struct mz_table copy;

static void begin_clone(int loop)
{
	begin(loop, false);
	map_two();
	expect_ok(mz_table_clone(&copy, &x.table, &x.config.flush, &gather));
}

static void drop_clone(void)
{
	witness_reclaim(&x.witness);
	mz_table_destroy(&copy);
}

START_TEST(a_clone_is_flushed_from_above)
{
	unsigned root;

	begin_clone(_i);
	root = x.format->levels;
	if (hierarchical())
		expect_one(start(root), span(root), true);
	else
		expect_one(x.base, 2 * x.page, false);
	drop_clone();
	/* It can't be written since: another clone has nothing to take. */
	expect_ok(mz_table_clone(&copy, &x.table, &x.config.flush, &gather));
	expect_none();
	drop_clone();
	end();
}
END_TEST

static bool locked_at_flush;

static void see_root(void *context, mz_ia first, mz_ia last, bool nodes)
{
	mz_oa root = {x.table.root_oa.addr};

	locked_at_flush = track_frame(&x.track, root)->lock != 0;
	x.witness.flush.range(context, first, last, nodes);
}

/* Before others are let in, who need not flush it once more. */
START_TEST(a_way_that_is_made_own_is_flushed_with_upper_entries)
{
	unsigned root, n = 0;

	begin_clone(_i);
	root = x.format->levels;
	flushed();
	forget();
	x.table.config.flush.range = see_root;
	expect_ok(mz_table_own(&x.table, mz_ia_from(x.base), x.page, true, &gather));
	must(root == 1 || MZ_ONE_THREAD || locked_at_flush);
	must(root == 1 || journal_count(&x.journal, EVENT_FLUSH) > 0);
	if (root == 1) {
		expect_none();
	} else if (!x.format->break_before_make) {
		expect_one(start(root), span(root), true);
	} else {
		must_equal(flushed(), root - 1);
		for (unsigned level = root; level > 1; level--)
			expect_flush(n++, start(level), span(level), true);
		forget();
	}
	expect_ok(mz_table_own(&x.table, mz_ia_from(x.base), x.page, true, &gather));
	expect_none();
	drop_clone();
	end();
}
END_TEST

START_TEST(what_is_the_last_owners_needs_no_flush)
{
	begin_clone(_i);
	drop_clone();
	flushed();
	forget();
	expect_ok(mz_table_own(&x.table, mz_ia_from(x.base), x.page, true, &gather));
	expect_none();
	end();
}
END_TEST

/* ---- Spaces ---- */

static struct guest guest;

static void begin_space(int loop, bool hardware)
{
	prepare(loop, hardware);
	x.config.flush = x.witness.flush;
	guest_begin(&guest, &x, NULL);
	expect_ok(guest_add(&guest, MZ_REGION_RAM, x.base, 4 * x.page, 0));
}

static void end_space(void)
{
	guest_end(&guest, &x);
	fixture_end(&x);
}

static void expect_flushes(size_t count)
{
	must_equal(journal_count(&x.journal, EVENT_FLUSH), count);
	forget();
}

START_TEST(faults_are_not_flushed_for)
{
	struct mz_fault fault;

	begin_space(_i, _i % 2 == 0);
	must_equal(guest_fault(&guest, x.base, MZ_READ, &fault), MZ_RESOLVED);
	must_equal(guest_fault(&guest, x.base, MZ_READ, &fault), MZ_RETRY);
	must_equal(guest_fault(&guest, x.base + x.page, MZ_WRITE, &fault), MZ_RESOLVED);
	must_equal(guest_fault(&guest, x.base + 4 * x.page, MZ_WRITE, &fault), MZ_DENIED);
	expect_ok(mz_space_populate(&guest.worker, mz_ia_from(x.base), 4 * x.page));
	expect_flushes(0);
	end_space();
}
END_TEST

START_TEST(a_collection_that_takes_nothing_is_not_flushed)
{
	struct mz_dirty dirty;
	struct mz_fault fault;

	begin_space(_i, false);
	expect_ok(mz_dirty_start(&dirty, &guest.space, 1));
	must_equal(guest_fault(&guest, x.base, MZ_WRITE, &fault), MZ_RESOLVED);
	expect_flushes(0);
	for (unsigned i = 0; i < 3; i++) {
		expect_ok(mz_dirty_collect(&dirty, mz_ia_from(x.base), 4 * x.page));
		expect_flushes(i == 0);
	}
	mz_dirty_stop(&dirty);
	expect_flushes(0);
	end_space();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flush_space");
	TCase *tcase = tcase_create("the least flush");

	tcase_add_loop_test(tcase, a_clone_is_flushed_from_above, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_way_that_is_made_own_is_flushed_with_upper_entries, 0,
			    EACH_CASE);
	tcase_add_loop_test(tcase, what_is_the_last_owners_needs_no_flush, 0, EACH_CASE);
	tcase_add_loop_test(tcase, faults_are_not_flushed_for, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_collection_that_takes_nothing_is_not_flushed, 0, EACH_CASE);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
