/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The least flush, row by row of the table in docs/second-stage.md: how often each transition
 * flushes, what of, and whether of upper entries too.
 */
#include "core/clone.h"
#include "core/huge.h"
#include "tests/flushes.h"
#include "tests/suite.h"

static void write_protect(uint64_t ia, uint64_t bytes)
{
	expect_ok(mz_table_write_protect(&x.table, mz_ia_from(ia), bytes, &gather));
}

static struct mz_writable write_enable(unsigned level_max)
{
	struct mz_writable writable = {.level_max = level_max, .gather = &gather};

	expect_ok(mz_table_write_enable(&x.table, mz_ia_from(x.base), &writable));
	return writable;
}

/* The level of the smallest large leaf; 1: there is none. */
static unsigned big_level(void)
{
	for (unsigned level = 2; level <= x.top; level++)
		if (fixture_leaf_allowed(&x, level))
			return level;
	return 1;
}

/* False: there are no large leaves, and the test is over. */
static bool begin_big(int loop, bool hardware)
{
	begin(loop, hardware);
	watched_level = big_level();
	if (watched_level == 1) {
		end();
		return false;
	}
	expect_ok(fixture_map(&x, x.base, span(watched_level), x.root_span, RWX));
	expect_none();
	return true;
}

/* ---- Absent to leaf, and more permissions ---- */

START_TEST(what_was_absent_is_not_flushed)
{
	struct mz_fill fill = {.prop = mz_prop_from(RX), .level_max = 1};

	begin(_i, true);
	fill.offset = 0 - x.base;
	expect_ok(fixture_map(&x, x.base + x.page, x.page, x.page, RX));
	expect_ok(mz_table_fill(&x.table, mz_ia_from(x.base), &fill));
	expect_none();
	end();
}
END_TEST

START_TEST(permissions_that_are_gained_are_not_flushed)
{
	begin(_i, true);
	expect_ok(fixture_map(&x, x.base, x.page, 0, RX));
	expect_ok(mz_table_protect(&x.table, mz_ia_from(x.base), x.page, RWX, &gather));
	expect_none();
	end();
}
END_TEST

START_TEST(a_leaf_that_is_let_be_written_is_not_flushed)
{
	begin(_i, true);
	map_two();
	write_protect(x.base, x.page);
	expect_one(x.base, x.page, false);
	/* Links let: it is the leaf alone that forbids. */
	must_equal(write_enable(1).bytes, x.page);
	expect_none();
	end();
}
END_TEST

/* ---- Fewer permissions ---- */

START_TEST(permissions_that_are_lost_are_flushed_where_they_were)
{
	begin(_i, true);
	map_two();
	expect_ok(mz_table_protect(&x.table, mz_ia_from(x.base), x.page, RX, &gather));
	expect_one(x.base, x.page, false);
	expect_ok(mz_table_protect(&x.table, mz_ia_from(x.base), x.page, RX, &gather));
	expect_none();
	end();
}
END_TEST

START_TEST(a_link_that_is_narrowed_is_flushed_once)
{
	unsigned root;

	begin(_i, true);
	root = x.format->levels;
	map_two();
	write_protect(start(root), span(root));
	if (hierarchical())
		expect_one(start(root), span(root), true);
	else
		expect_one(x.base, root > 1 ? 2 * x.page : x.page, false);
	/* Nothing below it can be written: nothing is left to take. */
	for (unsigned level = 1; level <= root; level++)
		write_protect(start(level), span(level));
	expect_none();
	end();
}
END_TEST

/* Where links are cached for themselves, those below each are flushed before it lets. */
START_TEST(a_narrow_link_hands_down_with_the_least_flush)
{
	unsigned n = 0, root;

	begin(_i, true);
	root = x.format->levels;
	map_two();
	write_protect(start(root), span(root));
	flushed();
	forget();
	write_enable(1);
	if (!hierarchical() || !x.format->links_cached_raw) {
		expect_none();
	} else {
		must_equal(flushed(), root - 2);
		for (unsigned level = root; level > 2; level--)
			expect_flush(n++, start(level), span(level), true);
		forget();
	}
	end();
}
END_TEST

/* ---- The MMU's flags ---- */

/* Sets flags on the way to the base, and in its leaf, as a write does. */
static void write_by_hardware(void)
{
	for (unsigned level = x.format->levels; level > 0; level--) {
		uint64_t *slot = tree_slot(&x.table, x.base, level, NULL);

		if (level == 1 || x.format->links_accessed)
			*slot = tree_with_flag(x.format, *slot, level, MZ_ACCESSED);
		if (level == 1)
			*slot = tree_with_flag(x.format, *slot, level, MZ_DIRTY);
	}
}

static enum mz_error hear(void *context, mz_ia ia, struct mz_item item)
{
	(void)item;
	must_equal(ia.addr, x.base);
	++*(unsigned *)context;
	return MZ_OK;
}

START_TEST(flags_that_are_taken_are_flushed)
{
	unsigned heard = 0;
	struct mz_harvest harvest = {
		.flags = MZ_DIRTY, .told = hear, .context = &heard, .gather = &gather};

	begin(_i, true);
	map_two();
	if ((x.format->hw_flags & MZ_DIRTY) != 0) {
		/* Nodes are looked at once after they are made. */
		expect_ok(mz_table_harvest(&x.table, mz_ia_from(x.base), 2 * x.page, &harvest));
		expect_none();
		write_by_hardware();
		expect_ok(mz_table_harvest(&x.table, mz_ia_from(x.base), 2 * x.page, &harvest));
		must_equal(flushed(), 1 + (x.format->links_accessed && x.format->levels > 1));
		if (flushed() == 2)
			expect_flush(0, x.base, 2 * x.page, true);
		expect_flush((unsigned)flushed() - 1, x.base, x.page, false);
		forget();
		expect_ok(mz_table_harvest(&x.table, mz_ia_from(x.base), 2 * x.page, &harvest));
		expect_none();
		must_equal(heard, 1);
	}
	end();
}
END_TEST

/* ---- What goes ---- */

START_TEST(a_leaf_that_goes_is_flushed)
{
	begin(_i, true);
	map_two();
	expect_ok(mz_table_unmap(&x.table, mz_ia_from(x.base), x.page, &gather));
	expect_one(x.base, x.page, false);
	expect_ok(mz_table_unmap(&x.table, mz_ia_from(x.base), x.page, &gather));
	expect_none();
	end();
}
END_TEST

START_TEST(a_node_that_is_cut_is_flushed_with_upper_entries)
{
	unsigned root;

	begin(_i, true);
	root = x.format->levels;
	if (root > 1) {
		map_two();
		expect_ok(mz_table_unmap(&x.table, mz_ia_from(start(root)), span(root), &gather));
		expect_one(start(root), span(root), true);
	}
	end();
}
END_TEST

START_TEST(nodes_that_become_empty_are_flushed)
{
	unsigned root, n = 0;

	begin(_i, true);
	root = x.format->levels;
	if (root > 1) {
		expect_ok(fixture_map(&x, x.base, x.page, 0, RWX));
		expect_ok(mz_table_unmap(&x.table, mz_ia_from(x.base), x.page, &gather));
		if (!x.format->break_before_make) {
			expect_one(start(root), span(root), true);
		} else {
			must_equal(flushed(), root);
			expect_flush(n++, x.base, x.page, false);
			for (unsigned level = 2; level <= root; level++)
				expect_flush(n++, start(level), span(level), true);
			forget();
		}
	}
	end();
}
END_TEST

/* ---- Larger and smaller leaves: in each mode, what is there while it is flushed ---- */

START_TEST(a_split_is_flushed_once)
{
	for (unsigned how = 0; how < 3; how++) {
		if (!begin_big(_i, false))
			return;
		if (how == 0) {
			expect_ok(mz_table_split(&x.table, mz_ia_from(x.base), 1, &gather));
		} else if (how == 1) {
			expect_ok(mz_table_protect(&x.table, mz_ia_from(x.base), x.page, RX,
						   &gather));
		} else {
			expect_ok(mz_table_protect(&x.table, mz_ia_from(x.base),
						   span(watched_level), RX, &gather));
			expect_one(x.base, span(watched_level), false);
			write_enable(1);
		}
		expect_one(x.base, span(watched_level), false);
		must_equal(kind_at_flush, while_broken(MZ_NODE));
		end();
	}
}
END_TEST

START_TEST(a_collapse_is_flushed_with_upper_entries)
{
	for (unsigned hardware = 0; hardware < 2; hardware++) {
		if (!begin_big(_i, hardware != 0))
			return;
		expect_ok(mz_table_split(&x.table, mz_ia_from(x.base), 1, &gather));
		flushed();
		forget();
		expect_ok(mz_table_collapse(&x.table, mz_ia_from(x.base), watched_level, &gather));
		expect_one(x.base, span(watched_level), true);
		/* The MMU's flags are complete when nothing is cached any more. */
		must_equal(kind_at_flush,
			   while_broken((x.config.features & MZ_HW_ACCESSED_DIRTY) != 0 ? MZ_ABSENT
											: MZ_LEAF));
		must_equal(mz_table_collapse(&x.table, mz_ia_from(x.base), watched_level, &gather),
			   MZ_NOT_MAPPED);
		expect_none();
		end();
	}
}
END_TEST

START_TEST(a_page_that_is_exchanged_is_flushed)
{
	begin(_i, true);
	expect_ok(fixture_map(&x, x.base, 2 * x.page, 0, RX));
	expect_ok(mz_table_exchange(&x.table, mz_ia_from(x.base), mz_oa_from(0),
				    mz_oa_from(8 * x.page), &gather));
	expect_one(x.base, x.page, false);
	must_equal(kind_at_flush, while_broken(MZ_LEAF));
	end();
}
END_TEST

START_TEST(another_root_is_not_flushed_for)
{
	struct mz_processor processor = {NULL};

	begin(_i, true);
	map_two();
	mz_processor_activate(&processor, &x.table);
	mz_processor_deactivate(&processor);
	expect_none();
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flush");
	TCase *tcase = tcase_create("the least flush");

	tcase_add_loop_test(tcase, what_was_absent_is_not_flushed, 0, EACH_CASE);
	tcase_add_loop_test(tcase, permissions_that_are_gained_are_not_flushed, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_leaf_that_is_let_be_written_is_not_flushed, 0, EACH_CASE);
	tcase_add_loop_test(tcase, permissions_that_are_lost_are_flushed_where_they_were, 0,
			    EACH_CASE);
	tcase_add_loop_test(tcase, a_link_that_is_narrowed_is_flushed_once, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_narrow_link_hands_down_with_the_least_flush, 0, EACH_CASE);
	tcase_add_loop_test(tcase, flags_that_are_taken_are_flushed, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_leaf_that_goes_is_flushed, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_node_that_is_cut_is_flushed_with_upper_entries, 0, EACH_CASE);
	tcase_add_loop_test(tcase, nodes_that_become_empty_are_flushed, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_split_is_flushed_once, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_collapse_is_flushed_with_upper_entries, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_page_that_is_exchanged_is_flushed, 0, EACH_CASE);
	tcase_add_loop_test(tcase, another_root_is_not_flushed_for, 0, EACH_CASE);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
