/* SPDX-License-Identifier: MPL-2.0 */
/* Gathers: nothing that was taken out is given back before its flush, and everything is, once. */
#include <string.h>

#include "tests/fixture.h"
#include "tests/model.h"
#include "tests/op.h"
#include "tests/suite.h"
#include "tests/tlb.h"

#define RW  (MZ_READ | MZ_WRITE)
#define RWX (MZ_READ | MZ_WRITE | MZ_EXEC)

static struct fixture x;

/* All hooks but no shared gather: a test passes what it wants. */
static void begin(int loop)
{
	fixture_begin(&x, loop + VARIANT_WITNESSED * CASES);
	x.shared = NULL;
}

/* The same without rcu hooks: cut nodes are freed at once. */
static void begin_single_threaded(int loop)
{
	fixture_prepare(&x, loop + VARIANT_WITNESSED * CASES);
	x.config.rcu = (struct mz_rcu) {NULL, NULL, NULL, NULL, NULL};
	expect_ok(mz_table_init(&x.table, &x.config));
}

static enum mz_error unmap(uint64_t ia, uint64_t bytes, struct mz_gather *gather)
{
	return mz_table_unmap(&x.table, mz_ia_from(ia), bytes, gather);
}

/* Flushes may be done at once where entries are broken; nothing else may. */
static void expect_not_given_back(void)
{
	size_t flushes = journal_count(&x.journal, EVENT_FLUSH);

	must_equal(x.journal.count, flushes);
	must(flushes == 0 || x.format->break_before_make);
}

static void expect_one_flush(void)
{
	size_t flushes = journal_count(&x.journal, EVENT_FLUSH);

	must(flushes == 1 || (flushes > 1 && x.format->break_before_make));
}

/* Did the last flush name upper entries? */
static bool flushed_nodes(void)
{
	bool nodes = false;

	for (size_t i = 0; i < x.journal.count; i++)
		if (x.journal.events[i].kind == EVENT_FLUSH)
			nodes = x.journal.events[i].nodes;
	return nodes;
}

START_TEST(nothing_is_given_back_before_the_flush)
{
	struct mz_gather gather;
	uint64_t live;

	begin(_i);
	expect_ok(fixture_map(&x, x.base, 2 * x.page, 0, RW));
	expect_ok(fixture_map(&x, x.base + x.root_span, x.page, 2 * x.page, RW));
	live = x.track.live_count;
	journal_clear(&x.journal);
	mz_gather_init(&gather, &x.table);
	expect_ok(unmap(x.base, x.page, &gather));
	expect_ok(unmap(x.base + x.page, x.page, &gather));
	expect_ok(unmap(x.base + x.root_span, x.page, &gather));
	expect_not_given_back();
	must_equal(x.track.live_count, live);
	must_equal(witness_refs(&x.witness, 0), 1);

	mz_gather_finish(&gather);
	expect_one_flush();
	must_equal(journal_find(&x.journal, EVENT_FLUSH, 0), 0);
	must_equal(flushed_nodes(), x.format->levels > 1);
	must(journal_flushed(&x.journal, x.base, x.base + x.page - 1));
	must(journal_flushed(&x.journal, x.base + x.page, x.base + 2 * x.page - 1));
	must(journal_flushed(&x.journal, x.base + x.root_span, x.base + x.root_span + x.page - 1));
	must_equal(journal_count(&x.journal, EVENT_PUT), 3);
	must_equal(journal_count(&x.journal, EVENT_FREE), 0);
	must_equal(journal_count(&x.journal, EVENT_RETIRE), x.format->levels > 1);
	must_equal(x.track.live_count, live);
	/* Only the end of the grace period frees. */
	expect_nodes(&x, 1);
	fixture_end(&x);
}
END_TEST

START_TEST(without_readers_nodes_are_freed_after_the_flush)
{
	struct mz_gather gather;

	begin_single_threaded(_i);
	expect_ok(fixture_map(&x, x.base, x.page, 0, RW));
	journal_clear(&x.journal);
	mz_gather_init(&gather, &x.table);
	expect_ok(unmap(x.base, x.page, &gather));
	expect_not_given_back();
	mz_gather_finish(&gather);
	must_equal(x.journal.events[0].kind, EVENT_FLUSH);
	must_equal(journal_count(&x.journal, EVENT_FREE), x.format->levels - 1u);
	must_equal(x.track.live_count, 1);
	fixture_end(&x);
}
END_TEST

START_TEST(a_call_without_a_gather_flushes_itself)
{
	begin(_i);
	expect_ok(fixture_map(&x, x.base, 2 * x.page, 0, RW));
	must_equal(journal_count(&x.journal, EVENT_FLUSH), 0);
	journal_clear(&x.journal);
	expect_ok(mz_table_protect(&x.table, mz_ia_from(x.base), x.page, MZ_READ, NULL));
	must_equal(x.journal.count, 1);
	must(journal_flushed(&x.journal, x.base, x.base + x.page - 1));
	must(!x.journal.events[0].nodes);
	journal_clear(&x.journal);
	expect_ok(unmap(x.base, 2 * x.page, NULL));
	expect_one_flush();
	must_equal(x.journal.events[0].kind, EVENT_FLUSH);
	must(journal_flushed(&x.journal, x.base, x.base + 2 * x.page - 1));
	must_equal(journal_count(&x.journal, EVENT_PUT), 2);
	fixture_end(&x);
}
END_TEST

START_TEST(what_changes_nothing_flushes_nothing)
{
	struct mz_gather gather;

	begin(_i);
	expect_ok(fixture_map(&x, x.base, x.page, 0, RW));
	journal_clear(&x.journal);
	mz_gather_init(&gather, &x.table);
	mz_gather_finish(&gather);
	expect_ok(unmap(x.base + x.page, x.root_span - x.page, &gather));
	expect_ok(mz_table_protect(&x.table, mz_ia_from(x.base), x.page, RW, &gather));
	expect_ok(mz_table_protect(&x.table, mz_ia_from(x.base + x.page), x.page, RW, &gather));
	mz_gather_finish(&gather);
	must_equal(x.journal.count, 0);
	/* A gather is as new after it is finished. */
	expect_ok(unmap(x.base, x.page, &gather));
	mz_gather_finish(&gather);
	mz_gather_finish(&gather);
	expect_one_flush();
	must_equal(journal_count(&x.journal, EVENT_PUT), 1);
	fixture_end(&x);
}
END_TEST

START_TEST(a_failed_change_flushes_nothing)
{
	begin(_i);
	if (x.top > 1) {
		expect_ok(fixture_map(&x, x.base, fixture_span(&x, x.top), x.root_span, RW));
		journal_clear(&x.journal);
		track_fail(&x.track, 1);
		x.track.fail_after = true;
		must_equal(unmap(x.base, x.page, NULL), MZ_NO_MEMORY);
		must_equal(mz_table_protect(&x.table, mz_ia_from(x.base), x.page, MZ_READ, NULL),
			   MZ_NO_MEMORY);
		track_fail(&x.track, 0);
		must_equal(journal_count(&x.journal, EVENT_FLUSH), 0);
		must_equal(journal_count(&x.journal, EVENT_PUT), 0);
	}
	fixture_end(&x);
}
END_TEST

START_TEST(items_are_put_once_however_many_there_are)
{
	const unsigned counts[] = {1,
				   MZ_GATHER_ITEMS - 1,
				   MZ_GATHER_ITEMS,
				   MZ_GATHER_ITEMS + 1,
				   2 * MZ_GATHER_ITEMS,
				   3 * MZ_GATHER_ITEMS + 5};

	begin(_i);
	for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		uint64_t bytes = counts[c] * x.page, ia = x.base + x.page, oa = x.root_span;
		struct mz_gather gather;

		for (int by_page = 0; by_page < 2; by_page++) {
			/* Not aligned in common, so that there are only pages. */
			expect_ok(fixture_map(&x, ia, bytes, oa, RW));
			/* A neighbour keeps the node. */
			expect_ok(fixture_map(&x, x.base, x.page, 0, RW));
			journal_clear(&x.journal);
			mz_gather_init(&gather, &x.table);
			if (by_page)
				for (uint64_t at = 0; at < bytes; at += x.page)
					expect_ok(unmap(ia + at, x.page, &gather));
			else
				expect_ok(unmap(ia, bytes, &gather));
			must(journal_count(&x.journal, EVENT_PUT) < counts[c]);
			mz_gather_finish(&gather);
			must_equal(journal_count(&x.journal, EVENT_PUT), counts[c]);
			must_equal(journal_count(&x.journal, EVENT_TAKE), 0);
			for (size_t e = 0; e < x.journal.count; e++) {
				const struct event *event = &x.journal.events[e];
				struct journal past = x.journal;
				uint64_t page = ia + event->item.oa.addr - oa;

				past.count = e;
				if (event->kind == EVENT_PUT)
					must(journal_flushed(&past, page, page + x.page - 1));
			}
			expect_ok(unmap(x.base, x.page, NULL));
			witness_reclaim(&x.witness);
			must_equal(x.witness.step_count, 0);
		}
	}
	fixture_end(&x);
}
END_TEST

START_TEST(splits_and_permissions_take_and_put_nothing)
{
	uint64_t big;

	begin(_i);
	big = fixture_span(&x, x.top);
	expect_ok(fixture_map(&x, x.base, big, x.root_span, RWX));
	must_equal(journal_count(&x.journal, EVENT_TAKE), 1);
	must_equal(x.journal.events[0].item.level, x.top);
	must_equal(x.journal.events[0].item.oa.addr, x.root_span);
	journal_clear(&x.journal);
	expect_ok(mz_table_protect(&x.table, mz_ia_from(x.base), x.page, MZ_READ, NULL));
	expect_ok(mz_table_protect(&x.table, mz_ia_from(x.base), big, RW, NULL));
	must_equal(journal_count(&x.journal, EVENT_TAKE), 0);
	must_equal(journal_count(&x.journal, EVENT_PUT), 0);
	if (x.top > 1) {
		/* What was taken as one is put in pieces. */
		expect_ok(unmap(x.base + 3 * x.page, x.page, NULL));
		must_equal(journal_count(&x.journal, EVENT_PUT), 1);
		must_equal(journal_count(&x.journal, EVENT_TAKE), 0);
		must_equal(witness_refs(&x.witness, x.root_span + 3 * x.page), 0);
		must_equal(witness_refs(&x.witness, x.root_span + 2 * x.page), 1);
		must_equal(witness_refs(&x.witness, x.root_span + 4 * x.page), 1);
		must_equal(witness_refs(&x.witness, x.root_span + big - 1), 1);
	}
	fixture_end(&x);
}
END_TEST

START_TEST(a_part_of_a_large_leaf_is_put_whole)
{
	begin(_i);
	for (unsigned level = 2; level <= x.format->levels; level++) {
		uint64_t span = fixture_span(&x, level), oa = x.root_span;

		if (!fixture_leaf_allowed(&x, level))
			continue;
		for (int i = 0; i < 3; i++) {
			uint64_t off = i == 1 ? 0 : x.page;
			uint64_t bytes = i == 0 ? span - 2 * x.page : span - x.page;

			expect_ok(fixture_map(&x, x.base, span, oa, RW));
			expect_ok(unmap(x.base + off, bytes, NULL));
			must_equal(witness_refs(&x.witness, oa), off != 0);
			must_equal(witness_refs(&x.witness, oa + off), 0);
			must_equal(witness_refs(&x.witness, oa + off + bytes - 1), 0);
			must_equal(witness_refs(&x.witness, oa + span - 1), off + bytes != span);
			expect_ok(unmap(x.base, span, NULL));
			must_equal(journal_count(&x.journal, EVENT_RETIRE),
				   x.witness.retired_count);
			witness_reclaim(&x.witness);
			must_equal(x.witness.step_count, 0);
			journal_clear(&x.journal);
		}
	}
	fixture_end(&x);
}
END_TEST

START_TEST(a_subtree_puts_its_items_after_the_flush)
{
	uint64_t bytes;

	begin_single_threaded(_i);
	if (fixture_is_flat(&x))
		return;
	bytes = 3 * fixture_span(&x, 2);
	expect_ok(fixture_map(&x, x.base, bytes, x.root_span + x.page, RW));
	journal_clear(&x.journal);
	expect_ok(unmap(x.base - x.page, bytes + 2 * x.page, NULL));
	must_equal(x.journal.events[0].kind, EVENT_FLUSH);
	must(x.journal.events[0].nodes);
	must(journal_flushed(&x.journal, x.base, x.base + bytes - 1));
	must_equal(x.witness.step_count, 0);
	must_equal(x.track.live_count, 1);
	fixture_end(&x);
}
END_TEST

static void begin_cached(int loop, enum variant variant, bool readers, bool items)
{
	fixture_prepare(&x, loop % CASES + (int)variant * CASES);
	if (!readers)
		x.config.rcu = (struct mz_rcu) {NULL, NULL, NULL, NULL, NULL};
	if (!items) {
		/* Nobody is told what a page was: pages are unmapped in short. */
		x.config.items = (struct mz_items) {NULL, NULL, NULL};
		x.config.features &= ~(uint32_t)MZ_HW_ACCESSED_DIRTY;
	}
	tlb_watch(&x);
	expect_ok(mz_table_init(&x.table, &x.config));
}

static void end_cached(void)
{
	tlb_clear();
	fixture_end(&x);
}

/* With and without readers, items, and breaks. */
START_TEST(no_cache_outlives_what_it_refers_to)
{
	unsigned kind = (unsigned)_i / CASES;
	struct op_source source;
	struct mz_gather gather;
	unsigned steps = rng_steps(500);

	begin_cached(_i, kind & 4 ? VARIANT_BREAKING : VARIANT_WITNESSED, (kind & 1) == 0,
		     (kind & 2) == 0);
	mz_gather_init(&gather, &x.table);
	op_source_init(&source, &x, rng_seed() ^ (uint64_t)_i << 32, 1);
	for (unsigned i = 0; i < steps; i++) {
		struct op op = op_next(&source);
		const struct op_window *window =
			&source.windows[rng_below(&source.rng, source.window_count)];

		if (op_argument_errors(&op, &x) != 0)
			continue;
		tlb_fill(op.ia);
		tlb_fill(op.ia + op.bytes - 1);
		for (int n = 0; n < 4; n++)
			tlb_fill(window->first + rng_below(&source.rng, window->bytes));
		(void)!op_apply(&op, &x.table, i % 3 == 0 ? NULL : &gather);
		must_equal(x.witness.reader_count, 0);
		tlb_check_broken();
		if (op.kind != OP_SETTLE)
			continue;
		mz_gather_finish(&gather);
		tlb_check_right();
		witness_reclaim(&x.witness);
	}
	mz_gather_finish(&gather);
	tlb_check_right();
	end_cached();
}
END_TEST

/*
 * A gather that is full flushes in the middle of a change: what goes after that needs another
 * flush.
 */
START_TEST(an_early_flush_does_not_count_for_what_goes_later)
{
	uint64_t bytes;

	begin_cached(_i, VARIANT_WITNESSED, true, true);
	bytes = 60 * x.page;
	expect_ok(fixture_map(&x, x.base, bytes, x.root_span + x.page, RW));
	for (uint64_t at = 0; at < bytes; at += x.page)
		tlb_fill(x.base + at);
	must_equal(tlb_count(), 60);
	/* The last page stays, and the node with it. */
	expect_ok(unmap(x.base, bytes - x.page, NULL));
	tlb_check_right();
	must_equal(x.witness.step_count, 2);
	end_cached();
}
END_TEST

/* Whoever asks hears of each leaf that goes, or of the part of it that does, once. */
struct told {
	struct model model;
	unsigned calls;
};

static void hear_of_unmapped(void *context, mz_ia ia, struct mz_item item, unsigned count)
{
	struct told *told = context;

	must(count >= 1);
	told->calls++;
	expect_ok(model_map(&told->model, ia.addr, count * fixture_span(&x, item.level),
			    item.oa.addr, item.prop));
}

/* What the model has in [first, last]. */
static void cut_out(const struct model *from, uint64_t first, uint64_t last, struct model *part)
{
	model_clear(part);
	for (size_t i = 0; i < from->count; i++) {
		struct model_range range = from->ranges[i];

		if (range.last < first || range.first > last)
			continue;
		if (range.first < first) {
			range.oa += first - range.first;
			range.first = first;
		}
		range.last = range.last < last ? range.last : last;
		model_append(part, range);
	}
}

START_TEST(who_asks_hears_of_each_unmapped_leaf)
{
	struct op_source source;
	struct mz_gather gather;
	struct model model, expected;
	struct told told;
	unsigned steps = rng_steps(300);

	/* With and without item hooks. */
	fixture_begin(&x, _i);
	model_init(&model);
	model_init(&expected);
	model_init(&told.model);
	mz_gather_init(&gather, &x.table);
	gather.unmapped = hear_of_unmapped;
	gather.context = &told;
	op_source_init(&source, &x, rng_seed() ^ (uint64_t)_i << 32, 1);
	for (unsigned i = 0; i < steps; i++) {
		struct op op = op_next(&source);

		if (op_argument_errors(&op, &x) != 0)
			continue;
		model_clear(&told.model);
		told.calls = 0;
		model_clear(&expected);
		if (op.kind == OP_UNMAP)
			cut_out(&model, op.ia, op.ia + (op.bytes - 1), &expected);
		must_equal(op_model(&op, &model, &x.table), op_apply(&op, &x.table, &gather));
		model_join(&told.model);
		must(model_equal(&told.model, &expected));
		if (op.kind == OP_SETTLE)
			mz_gather_finish(&gather);
	}
	/* A gather that is finished goes on telling. */
	must(gather.unmapped == hear_of_unmapped);
	mz_gather_finish(&gather);
	model_destroy(&model);
	model_destroy(&expected);
	model_destroy(&told.model);
	fixture_end(&x);
}
END_TEST

START_TEST(a_run_of_leaves_is_told_at_once)
{
	struct mz_gather gather;
	struct told told = {.calls = 0};

	fixture_begin(&x, _i);
	model_init(&told.model);
	mz_gather_init(&gather, &x.table);
	gather.unmapped = hear_of_unmapped;
	gather.context = &told;
	expect_ok(fixture_map(&x, x.base, 8 * x.page, x.page, RW));
	expect_ok(unmap(x.base, 4 * x.page, &gather));
	must_equal(told.calls, 1);
	expect_ok(unmap(x.base + 6 * x.page, x.page, &gather));
	must_equal(told.calls, 2);
	/* A hole between two. */
	expect_ok(unmap(x.base, 8 * x.page, &gather));
	must_equal(told.calls, 4);
	mz_gather_finish(&gather);
	model_destroy(&told.model);
	fixture_end(&x);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gather");
	TCase *tcase = tcase_create("gather");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, nothing_is_given_back_before_the_flush, 0, EACH_CASE);
	tcase_add_loop_test(tcase, without_readers_nodes_are_freed_after_the_flush, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_call_without_a_gather_flushes_itself, 0, EACH_CASE);
	tcase_add_loop_test(tcase, what_changes_nothing_flushes_nothing, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_failed_change_flushes_nothing, 0, EACH_CASE);
	tcase_add_loop_test(tcase, items_are_put_once_however_many_there_are, 0, EACH_CASE);
	tcase_add_loop_test(tcase, splits_and_permissions_take_and_put_nothing, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_part_of_a_large_leaf_is_put_whole, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_subtree_puts_its_items_after_the_flush, 0, EACH_CASE);
	tcase_add_loop_test(tcase, an_early_flush_does_not_count_for_what_goes_later, 0, EACH_CASE);
	tcase_add_loop_test(tcase, no_cache_outlives_what_it_refers_to, 0, 8 * EACH_CASE);
	tcase_add_loop_test(tcase, who_asks_hears_of_each_unmapped_leaf, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, a_run_of_leaves_is_told_at_once, 0, EACH_CASE);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
