/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Break-before-make: what has been present is absent and flushed before it is something else, in
 * every operation, over every format with the rule switched on.
 */
#include <string.h>

#include "core/cursor.h"
#include "core/entry.h"
#include "tests/fixture.h"
#include "tests/suite.h"
#include "tests/tree.h"

#define RW  (MZ_READ | MZ_WRITE)
#define RWX (MZ_READ | MZ_WRITE | MZ_EXEC)

static struct fixture x;
static struct mz_gather gather;

/* What was seen when flush was called last. */
static struct {
	unsigned calls;
	uint64_t first, last;
	bool nodes;
	bool absent; /* the entry that is looked at */
	bool locked; /* its node */
} seen;

/* The entry to look at: that of `level` around `ia`. */
static uint64_t watched_ia;
static unsigned watched_level;

static void flush(void *context, mz_ia first, mz_ia last, bool nodes)
{
	mz_oa node;
	const uint64_t *slot = tree_slot(&x.table, watched_ia, watched_level, &node);

	(void)context;
	seen.calls++;
	seen.first = first.addr;
	seen.last = last.addr;
	seen.nodes = nodes;
	seen.absent = slot && x.format->kind(*slot, watched_level) == MZ_ABSENT;
	seen.locked = slot && tree_frame(&x.table, node)->lock != 0;
}

static void watch(uint64_t ia, unsigned level)
{
	memset(&seen, 0, sizeof(seen));
	watched_ia = ia;
	watched_level = level;
}

static void begin_with(int loop, bool hook, bool live)
{
	fixture_prepare(&x, loop + VARIANT_BREAKING * CASES);
	x.config.flush.range = hook ? flush : NULL;
	if (live) {
		x.breaking = *x.format;
		x.breaking.features |= MZ_LIVE_SPLITS;
		x.config.format = x.format = &x.breaking;
		x.config.features |= MZ_LIVE_SPLITS;
	}
	expect_ok(mz_table_init(&x.table, &x.config));
	mz_gather_init(&gather, &x.table);
}

static void begin(int loop)
{
	begin_with(loop, true, false);
}

static void end(void)
{
	mz_gather_finish(&gather);
	fixture_end(&x);
}

static bool owes_flush(void)
{
	return gather.first <= gather.last;
}

/* ---- Splits ---- */

static struct mz_cursor open_all(void)
{
	struct mz_cursor cursor;

	expect_ok(mz_cursor_open(&cursor, &x.table, mz_ia_from(x.base), fixture_span(&x, x.top),
				 &gather));
	return cursor;
}

static void split_by_unmap(void)
{
	expect_ok(mz_table_unmap(&x.table, mz_ia_from(x.base), x.page, &gather));
}

static void split_by_protect(void)
{
	expect_ok(mz_table_protect(&x.table, mz_ia_from(x.base), x.page, MZ_READ, &gather));
}

/* Is a leaf broken, and flushed, where it is split? */
static bool breaks(void)
{
	return x.config.flush.range != NULL && (x.config.features & MZ_LIVE_SPLITS) == 0;
}

static void split_by_take(void)
{
	struct mz_cursor cursor = open_all();
	struct mz_fragment fragment;

	expect_ok(mz_cursor_take_next(&cursor, x.page, &fragment));
	must_equal(seen.calls, breaks() ? 1 : 0);
	mz_cursor_close(&cursor);
}

static void split_by_cursor_protect(void)
{
	struct mz_cursor cursor = open_all();
	struct mz_fragment fragment;

	expect_ok(mz_cursor_protect_next(&cursor, x.page, MZ_READ, &fragment));
	must_equal(seen.calls, breaks() ? 1 : 0);
	mz_cursor_close(&cursor);
}

/* Locks the node that has the entry of `level` at the base. */
static struct mz_guard lock_node(unsigned level)
{
	mz_oa oa;

	must(tree_slot(&x.table, x.base, level, &oa) != NULL);
	return mz_guard_lock(&x.table, mz_node_ref(&x.table.config, (mz_node) {oa}));
}

static void entry_of(struct mz_guard *guard, struct mz_entry *entry)
{
	expect_ok(mz_entry_at(guard, mz_index(x.format, x.base, guard->node.level), entry));
}

static void split_by_entry(void)
{
	struct mz_guard guard = lock_node(x.top), child;
	struct mz_entry entry;

	entry_of(&guard, &entry);
	expect_ok(mz_entry_split(&entry, &child));
	must_equal(mz_entry_kind(&entry), MZ_NODE);
	mz_guard_unlock(&child);
	mz_guard_unlock(&guard);
}

static void (*const splits[])(void) = {split_by_unmap, split_by_protect, split_by_take,
				       split_by_cursor_protect, split_by_entry};

#define SPLITS (sizeof(splits) / sizeof(splits[0]))

/* By single entries, a leaf becomes a node of leaves of the level below. */
static bool can_split(void (*by)(void))
{
	return x.top > 1 && (by != split_by_entry || fixture_leaf_allowed(&x, x.top - 1));
}

static void expect_split(void)
{
	uint64_t off = fixture_span(&x, x.top) - x.page;
	struct mz_item item = mz_table_query(&x.table, mz_ia_from(x.base + off));

	must(item.level > 0 && item.level < x.top);
	must_equal(item.oa.addr, x.root_span + off);
	must_equal(item.prop.perm, RWX);
	expect_sound(&x);
}

START_TEST(a_leaf_is_absent_and_locked_while_it_is_flushed_for_a_split)
{
	for (size_t i = 0; i < SPLITS; i++) {
		begin(_i);
		if (can_split(splits[i])) {
			expect_ok(
				fixture_map(&x, x.base, fixture_span(&x, x.top), x.root_span, RWX));
			watch(x.base, x.top);
			splits[i]();
			must_equal(seen.calls, 1);
			must(seen.absent && seen.locked && !seen.nodes);
			must(seen.first <= x.base);
			must(seen.last >= x.base + (fixture_span(&x, x.top) - 1));
			if (splits[i] != split_by_entry) {
				must_equal(seen.first, x.base);
				must_equal(seen.last, x.base + (fixture_span(&x, x.top) - 1));
			}
			must(!owes_flush());
			expect_split();
		}
		end();
	}
}
END_TEST

START_TEST(live_splits_are_flushed_later)
{
	for (size_t i = 0; i < SPLITS; i++) {
		begin_with(_i, true, true);
		if (can_split(splits[i])) {
			expect_ok(
				fixture_map(&x, x.base, fixture_span(&x, x.top), x.root_span, RWX));
			watch(x.base, x.top);
			splits[i]();
			must(!seen.absent);
			/* What was unmapped is flushed before it is unlocked, whatever it was in.
			 */
			must(owes_flush() || seen.calls == 1 || splits[i] == split_by_entry);
			mz_gather_finish(&gather);
			must_equal(seen.calls, splits[i] != split_by_entry);
			expect_split();
		}
		end();
	}
}
END_TEST

START_TEST(without_a_flush_hook_nothing_is_broken)
{
	for (size_t i = 0; i < SPLITS; i++) {
		begin_with(_i, false, false);
		if (can_split(splits[i])) {
			expect_ok(
				fixture_map(&x, x.base, fixture_span(&x, x.top), x.root_span, RWX));
			watch(x.base, x.top);
			splits[i]();
			must_equal(seen.calls, 0);
			expect_split();
		}
		end();
	}
}
END_TEST

/* ---- What is taken out ---- */

static void expect_flushed(uint64_t ia)
{
	must(seen.calls == 1 && seen.locked && seen.absent);
	must(seen.first <= ia && seen.last >= ia + (x.page - 1));
	must(!owes_flush());
}

START_TEST(what_is_unmapped_is_flushed_before_it_is_unlocked)
{
	for (unsigned features = 0; features <= MZ_HW_ACCESSED_DIRTY; features++) {
		fixture_prepare(&x, _i + VARIANT_BREAKING * CASES);
		x.config.flush.range = flush;
		/* Without the bits, pages are unmapped in short. */
		x.config.features = features & x.format->features;
		x.config.items = (struct mz_items) {NULL, NULL, NULL};
		expect_ok(mz_table_init(&x.table, &x.config));
		mz_gather_init(&gather, &x.table);
		expect_ok(fixture_map(&x, x.base, 4 * x.page, x.page, RW));
		watch(x.base + x.page, 1);
		expect_ok(mz_table_unmap(&x.table, mz_ia_from(x.base + x.page), x.page, &gather));
		expect_flushed(x.base + x.page);
		watch(x.base, 1);
		expect_ok(mz_table_unmap(&x.table, mz_ia_from(x.base), 2 * x.page, &gather));
		expect_flushed(x.base);
		/* The nodes go too: the root's entry is absent when that is flushed. */
		watch(x.base, x.format->levels);
		expect_ok(mz_table_unmap(&x.table, mz_ia_from(x.base), x.root_span, &gather));
		must(seen.calls >= 1 && seen.locked && seen.absent);
		must_equal(seen.nodes, x.format->levels > 1);
		must(!owes_flush());
		end();
	}
}
END_TEST

START_TEST(what_loses_permissions_is_flushed_later)
{
	begin(_i);
	expect_ok(fixture_map(&x, x.base, 4 * x.page, x.page, RW));
	watch(x.base, 1);
	expect_ok(mz_table_protect(&x.table, mz_ia_from(x.base), 2 * x.page, MZ_READ, &gather));
	must(owes_flush());
	must_equal(seen.calls, 0);
	end();
}
END_TEST

START_TEST(a_cursor_flushes_before_it_maps_anew)
{
	struct mz_fragment fragment;
	struct mz_cursor cursor;

	begin(_i);
	expect_ok(fixture_map(&x, x.base, 4 * x.page, x.page, RW));
	expect_ok(mz_cursor_open(&cursor, &x.table, mz_ia_from(x.base), 2 * x.page, &gather));
	watch(x.base, 1);
	expect_ok(mz_cursor_take_next(&cursor, x.page, &fragment));
	expect_ok(mz_cursor_take_next(&cursor, x.page, &fragment));
	/* What is locked can wait. */
	must_equal(seen.calls, 0);
	must(owes_flush());
	expect_ok(mz_cursor_jump(&cursor, mz_ia_from(x.base)));
	expect_ok(mz_cursor_map(&cursor, mz_oa_from(8 * x.page), 1, mz_prop_from(RW)));
	expect_flushed(x.base);
	expect_ok(mz_cursor_jump(&cursor, mz_ia_from(x.base)));
	expect_ok(mz_cursor_take_next(&cursor, x.page, &fragment));
	watch(x.base, 1);
	mz_cursor_close(&cursor);
	expect_flushed(x.base);
	end();
}
END_TEST

/* ---- Single entries ---- */

/* Replaces the entry of a level-1 node at the base, or with `kind` absent takes it out. */
static struct mz_child replace(enum mz_kind kind, uint64_t oa, unsigned perm)
{
	struct mz_item item = {mz_oa_from(oa), mz_prop_from(perm), 1};
	struct mz_child with = kind == MZ_LEAF ? mz_child_from_item(item) : mz_child_absent(), old;
	struct mz_guard guard = lock_node(1);
	struct mz_entry entry;
	unsigned count = mz_guard_child_count(&guard);

	entry_of(&guard, &entry);
	watch(x.base, 1);
	expect_ok(mz_entry_replace(&entry, with, &old));
	must_equal(mz_entry_kind(&entry), kind);
	must_equal(mz_guard_child_count(&guard), count + (kind == MZ_LEAF) - (old.kind == MZ_LEAF));
	mz_guard_unlock(&guard);
	return old;
}

START_TEST(an_entry_is_broken_before_it_is_another)
{
	begin(_i);
	x.table.config.items = (struct mz_items) {NULL, NULL, NULL};
	expect_ok(fixture_map(&x, x.base, 2 * x.page, x.page, RW));
	must_equal(replace(MZ_LEAF, 8 * x.page, RW).item.oa.addr, x.page);
	must(seen.calls == 1 && seen.absent && seen.locked && !seen.nodes);
	must(seen.first <= x.base && seen.last >= x.base + (x.page - 1));
	expect_mapped(&x, x.base, 8 * x.page, RW, 1);
	/* Permissions change in place; so does nothing at all. */
	must_equal(replace(MZ_LEAF, 8 * x.page, MZ_READ).item.prop.perm, RW);
	must_equal(replace(MZ_LEAF, 8 * x.page, MZ_READ).item.prop.perm, MZ_READ);
	must_equal(seen.calls, 0);
	/* What goes, or comes where nothing was, is the caller's to flush. */
	must_equal(replace(MZ_ABSENT, 0, 0).kind, MZ_LEAF);
	must_equal(seen.calls, 0);
	must_equal(replace(MZ_LEAF, x.page, RW).kind, MZ_ABSENT);
	must_equal(seen.calls, 0);
	expect_mapped(&x, x.base, x.page, RW, 1);
	end();
}
END_TEST

START_TEST(a_node_is_broken_before_it_is_a_leaf)
{
	struct mz_item item;
	struct mz_guard guard;
	struct mz_entry entry;
	struct mz_child old;

	begin(_i);
	if (x.top > 1) {
		x.table.config.items = (struct mz_items) {NULL, NULL, NULL};
		item = (struct mz_item) {mz_oa_from(x.root_span), mz_prop_from(RW), (uint8_t)x.top};
		expect_ok(fixture_map(&x, x.base, x.page, x.page, RW));
		guard = lock_node(x.top);
		entry_of(&guard, &entry);
		watch(x.base, x.top);
		expect_ok(mz_entry_replace(&entry, mz_child_from_item(item), &old));
		must(seen.calls == 1 && seen.absent && seen.locked && seen.nodes);
		must_equal(old.kind, MZ_NODE);
		mz_guard_unlock(&guard);
		mz_child_put(&x.table.config, old);
		expect_mapped(&x, x.base, x.root_span, RW, x.top);
	}
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("break");
	TCase *tcase = tcase_create("break");

	tcase_add_loop_test(tcase, a_leaf_is_absent_and_locked_while_it_is_flushed_for_a_split, 0,
			    EACH_CASE);
	tcase_add_loop_test(tcase, live_splits_are_flushed_later, 0, EACH_CASE);
	tcase_add_loop_test(tcase, without_a_flush_hook_nothing_is_broken, 0, EACH_CASE);
	tcase_add_loop_test(tcase, what_is_unmapped_is_flushed_before_it_is_unlocked, 0, EACH_CASE);
	tcase_add_loop_test(tcase, what_loses_permissions_is_flushed_later, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_cursor_flushes_before_it_maps_anew, 0, EACH_CASE);
	tcase_add_loop_test(tcase, an_entry_is_broken_before_it_is_another, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_node_is_broken_before_it_is_a_leaf, 0, EACH_CASE);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
