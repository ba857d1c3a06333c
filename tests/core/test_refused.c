/* SPDX-License-Identifier: MPL-2.0 */
/* What callers get wrong with a range or a leaf, in every operation that takes one. */
#include "core/cursor.h"
#include "core/visit.h"
#include "tests/fixture.h"
#include "tests/suite.h"
#include "tests/tree.h"

#define RW (MZ_READ | MZ_WRITE)

static struct fixture x;
static struct mz_gather gather;
static struct mz_cursor cursor;
static struct tree before, after;

static void begin(int loop)
{
	fixture_begin(&x, loop);
	tree_init(&before);
	tree_init(&after);
	mz_gather_init(&gather, &x.table);
	expect_ok(fixture_map(&x, x.base, 2 * x.page, 0, RW));
	tree_read(&before, &x.table);
}

/* Nothing has changed, and nothing was asked of the hooks. */
static void expect_unchanged(void)
{
	tree_read(&after, &x.table);
	must(tree_equal(&before, &after));
	must_equal(journal_count(&x.journal, EVENT_FLUSH), 0);
	must_equal(journal_count(&x.journal, EVENT_PUT), 0);
	must_equal(gather.item_count, 0);
	must(gather.first > gather.last);
	expect_sound(&x);
}

static void end(void)
{
	expect_unchanged();
	tree_destroy(&before);
	tree_destroy(&after);
	fixture_end(&x);
}

static bool told(void *context, mz_oa at, unsigned level, mz_ia ia, unsigned child_count)
{
	(void)at, (void)level, (void)ia, (void)child_count;
	*(bool *)context = true;
	return true;
}

/* Each operation on a range refuses this one. */
static void expect_range_refused(uint64_t first, uint64_t bytes, enum mz_error expected)
{
	uint64_t asked = x.track.alloc_count;
	mz_ia ia = mz_ia_from(first);
	bool visited = false;
	struct mz_visitor visitor = {.context = &visited, .node = told};

	must_equal(fixture_map(&x, first, bytes, 0, RW), expected);
	must_equal(mz_table_unmap(&x.table, ia, bytes, &gather), expected);
	must_equal(mz_table_unmap(&x.table, ia, bytes, NULL), expected);
	must_equal(mz_table_protect(&x.table, ia, bytes, MZ_READ, &gather), expected);
	must_equal(mz_table_protect(&x.table, ia, bytes, MZ_READ, NULL), expected);
	must_equal(mz_cursor_open(&cursor, &x.table, ia, bytes, &gather), expected);
	must_equal(mz_table_visit_range(&x.table, ia, bytes, &visitor), expected);
	must(!visited);
	must_equal(x.track.alloc_count, asked);
	expect_unchanged();
}

START_TEST(ranges_that_are_none_are_refused_everywhere)
{
	uint64_t beyond;

	begin(_i);
	beyond = (uint64_t)1 << 62;
	for (uint64_t off = 1; off < x.page; off <<= 1) {
		expect_range_refused(x.base + off, x.page, MZ_MISALIGNED);
		expect_range_refused(x.base, x.page + off, MZ_MISALIGNED);
		expect_range_refused(x.base, off, MZ_MISALIGNED);
	}
	expect_range_refused(x.base, 0, MZ_OUT_OF_RANGE);
	expect_range_refused(x.base, x.page - x.base, MZ_OUT_OF_RANGE);
	expect_range_refused(x.base, -x.page, MZ_OUT_OF_RANGE);
	expect_range_refused(x.base, beyond, MZ_OUT_OF_RANGE);
	expect_range_refused(beyond, x.page, MZ_OUT_OF_RANGE);
	expect_range_refused(-x.page, 2 * x.page, MZ_OUT_OF_RANGE);
	expect_range_refused(-x.page, -x.page, MZ_OUT_OF_RANGE);
	end();
}
END_TEST

START_TEST(ranges_beyond_the_managed_part_are_refused_everywhere)
{
	uint64_t span, count, first, last;

	begin(_i);
	span = fixture_span(&x, x.format->levels);
	count = mz_entry_count(x.format, x.format->levels);
	if (x.variant == VARIANT_ROOT_RANGE) {
		first = tree_canonical(x.format, x.config.root_first * span);
		last = tree_canonical(x.format, x.config.root_end * span - x.page);
		expect_range_refused(first - x.page, x.page, MZ_OUT_OF_RANGE);
		expect_range_refused(first - x.page, 2 * x.page, MZ_OUT_OF_RANGE);
	} else {
		last = (x.format->ia_signed ? count / 2 : count) * span - x.page;
	}
	expect_range_refused(last, 2 * x.page, MZ_OUT_OF_RANGE);
	expect_range_refused(last + x.page, x.page, MZ_OUT_OF_RANGE);
	end();
}
END_TEST

START_TEST(bad_properties_and_outputs_are_refused)
{
	uint64_t ia, oa_end;

	begin(_i);
	ia = x.base + 8 * x.page;
	oa_end = (uint64_t)1 << x.format->oa_lg2;
	must_equal(fixture_map(&x, ia, x.page, 1, RW), MZ_MISALIGNED);
	must_equal(fixture_map(&x, ia, x.page, oa_end, RW), MZ_OUT_OF_RANGE);
	must_equal(fixture_map(&x, ia, 2 * x.page, oa_end - x.page, RW), MZ_OUT_OF_RANGE);
	must_equal(fixture_map(&x, ia, 2 * x.page, -x.page, RW), MZ_OUT_OF_RANGE);
	must_equal(fixture_map(&x, ia, x.page, 0, 0), MZ_NOT_ENCODABLE);
	must_equal(fixture_map(&x, ia, x.page, 0, 0x40), MZ_NOT_ENCODABLE);
	must_equal(fixture_protect(&x, x.base, x.page, 0), MZ_NOT_ENCODABLE);
	must_equal(fixture_protect(&x, x.base, x.page, 0x100 | RW), MZ_NOT_ENCODABLE);
	/* Occupied in whole, in part, at the end of a wide range. */
	must_equal(fixture_map(&x, x.base, x.page, 0, RW), MZ_OCCUPIED);
	must_equal(fixture_map(&x, x.base + x.page, 2 * x.page, 0, RW), MZ_OCCUPIED);
	must_equal(fixture_map(&x, x.base - 2 * x.page, 3 * x.page, 0, RW), MZ_OCCUPIED);
	must_equal(fixture_map(&x, x.base, x.root_span, 0, RW), MZ_OCCUPIED);
	end();
}
END_TEST

static void expect_map_refused(uint64_t oa, unsigned level, unsigned perm, enum mz_error expected)
{
	must_equal(mz_cursor_map(&cursor, mz_oa_from(oa), level, mz_prop_from(perm)), expected);
	must_equal(cursor.at, x.base);
	must(!cursor.ended);
}

START_TEST(bad_steps_of_a_cursor_are_refused)
{
	struct mz_fragment fragment;
	uint64_t oa_end, bytes;

	begin(_i);
	oa_end = (uint64_t)1 << x.format->oa_lg2;
	bytes = 4 * x.page;
	expect_ok(mz_cursor_open(&cursor, &x.table, mz_ia_from(x.base), bytes, &gather));
	must_equal(mz_cursor_jump(&cursor, mz_ia_from(x.base + 1)), MZ_MISALIGNED);
	must_equal(mz_cursor_jump(&cursor, mz_ia_from(x.base - x.page)), MZ_OUT_OF_RANGE);
	must_equal(mz_cursor_jump(&cursor, mz_ia_from(x.base + bytes)), MZ_OUT_OF_RANGE);
	must_equal(mz_cursor_jump(&cursor, mz_ia_from(-x.page)), MZ_OUT_OF_RANGE);
	expect_map_refused(0, 0, RW, MZ_BAD_LEVEL);
	expect_map_refused(0, x.format->levels + 1u, RW, MZ_BAD_LEVEL);
	expect_map_refused(0, 32, RW, MZ_BAD_LEVEL);
	expect_map_refused(0, UINT32_MAX, RW, MZ_BAD_LEVEL);
	for (unsigned level = 2; level <= x.format->levels; level++)
		expect_map_refused(0, level, RW,
				   fixture_leaf_allowed(&x, level) ? MZ_OUT_OF_RANGE
								   : MZ_BAD_LEVEL);
	expect_map_refused(1, 1, RW, MZ_MISALIGNED);
	expect_map_refused(oa_end, 1, RW, MZ_OUT_OF_RANGE);
	expect_map_refused(0, 1, 0, MZ_NOT_ENCODABLE);
	expect_map_refused(0, 1, RW, MZ_OCCUPIED);
	must_equal(mz_cursor_take_next(&cursor, 1, &fragment), MZ_MISALIGNED);
	must_equal(mz_cursor_protect_next(&cursor, 1, MZ_READ, &fragment), MZ_MISALIGNED);
	must_equal(mz_cursor_protect_next(&cursor, x.page, 0, &fragment), MZ_NOT_ENCODABLE);
	/* Nothing is in no bytes. */
	expect_ok(mz_cursor_take_next(&cursor, 0, &fragment));
	must_equal(fragment.kind, MZ_ABSENT);
	expect_ok(mz_cursor_protect_next(&cursor, 0, MZ_READ, &fragment));
	must_equal(fragment.kind, MZ_ABSENT);
	must(!mz_cursor_find_next(&cursor, 0));
	must_equal(cursor.at, x.base);
	mz_cursor_close(&cursor);
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("refused");
	TCase *tcase = tcase_create("refused");

	tcase_add_loop_test(tcase, ranges_that_are_none_are_refused_everywhere, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, ranges_beyond_the_managed_part_are_refused_everywhere, 0,
			    EACH_VARIANT);
	tcase_add_loop_test(tcase, bad_properties_and_outputs_are_refused, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, bad_steps_of_a_cursor_are_refused, 0, EACH_VARIANT);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
