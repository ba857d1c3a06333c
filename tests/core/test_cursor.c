/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Cursors: random sessions against the flat model, and what a session leaves locked, reserved and
 * behind.
 */
#include <string.h>

#include "core/cursor.h"
#include "tests/fixture.h"
#include "tests/model.h"
#include "tests/op.h"
#include "tests/suite.h"
#include "tests/tlb.h"
#include "tests/tree.h"

#define RW  (MZ_READ | MZ_WRITE)
#define RX  (MZ_READ | MZ_EXEC)
#define RWX (MZ_READ | MZ_WRITE | MZ_EXEC)

static struct fixture x;
static struct mz_gather gather;
static struct mz_cursor cursor;

static void begin(int loop)
{
	fixture_begin(&x, loop);
	mz_gather_init(&gather, &x.table);
}

static void end(void)
{
	mz_gather_finish(&gather);
	fixture_end(&x);
}

static enum mz_error open_at(uint64_t ia, uint64_t bytes)
{
	return mz_cursor_open(&cursor, &x.table, mz_ia_from(ia), bytes, &gather);
}

START_TEST(bad_ranges_are_refused)
{
	begin(_i);
	must_equal(open_at(x.base + 1, x.page), MZ_MISALIGNED);
	must_equal(open_at(x.base, x.page + 1), MZ_MISALIGNED);
	must_equal(open_at(x.base, 0), MZ_OUT_OF_RANGE);
	must_equal(open_at((uint64_t)1 << 62, x.page), MZ_OUT_OF_RANGE);
	must_equal(open_at(x.base, x.page - x.base), MZ_OUT_OF_RANGE);
	must_equal(x.witness.reader_count, 0);
	expect_sound(&x);
	end();
}
END_TEST

START_TEST(a_cursor_locks_its_range_and_lets_go)
{
	begin(_i);
	expect_ok(fixture_map(&x, x.base, 2 * x.page, 0, RW));
	expect_ok(fixture_map(&x, x.base + fixture_span(&x, 2), x.page, 0, RW));
	expect_ok(open_at(x.base, 2 * fixture_span(&x, 2)));
	must_equal(mz_table_check(&x.table).rule, MZ_RULE_LOCKED);
	if (x.variant == VARIANT_WITNESSED)
		must_equal(x.witness.reader_count, 1);
	/* Queries take no lock. */
	expect_mapped(&x, x.base, 0, RW, 1);
	mz_cursor_close(&cursor);
	must_equal(x.witness.reader_count, 0);
	expect_sound(&x);
	end();
}
END_TEST

START_TEST(a_cursor_never_leaves_its_range)
{
	struct mz_fragment fragment;

	begin(_i);
	expect_ok(fixture_map(&x, x.base, 8 * x.page, 0, RW));
	expect_ok(open_at(x.base + 2 * x.page, 3 * x.page));
	must_equal(mz_cursor_jump(&cursor, mz_ia_from(x.base + x.page)), MZ_OUT_OF_RANGE);
	must_equal(mz_cursor_jump(&cursor, mz_ia_from(x.base + 5 * x.page)), MZ_OUT_OF_RANGE);
	must_equal(mz_cursor_jump(&cursor, mz_ia_from(x.base + 3 * x.page + 1)), MZ_MISALIGNED);
	must_equal(mz_cursor_query(&cursor).ia.addr, x.base + 2 * x.page);
	for (int i = 0; i < 3; i++) {
		expect_ok(mz_cursor_take_next(&cursor, 100 * x.page, &fragment));
		must_equal(fragment.kind, MZ_LEAF);
		must_equal(fragment.ia.addr, x.base + (uint64_t)(2 + i) * x.page);
		must_equal(fragment.bytes, x.page);
		must_equal(fragment.item.oa.addr, (uint64_t)(2 + i) * x.page);
	}
	must_equal(mz_cursor_query(&cursor).kind, MZ_ABSENT);
	must_equal(mz_cursor_query(&cursor).bytes, 0);
	expect_ok(mz_cursor_take_next(&cursor, x.page, &fragment));
	must_equal(fragment.kind, MZ_ABSENT);
	must(!mz_cursor_find_next(&cursor, 100 * x.page));
	/* Back inside. */
	expect_ok(mz_cursor_jump(&cursor, mz_ia_from(x.base + 3 * x.page)));
	expect_ok(mz_cursor_map(&cursor, mz_oa_from(x.page), 1, mz_prop_from(RX)));
	mz_cursor_close(&cursor);
	expect_mapped(&x, x.base + x.page, x.page, RW, 1);
	expect_hole(&x, x.base + 2 * x.page);
	expect_mapped(&x, x.base + 3 * x.page, x.page, RX, 1);
	expect_hole(&x, x.base + 4 * x.page);
	expect_mapped(&x, x.base + 5 * x.page, 5 * x.page, RW, 1);
	end();
}
END_TEST

START_TEST(a_reserve_makes_changes_that_cannot_fail)
{
	begin(_i);
	if (fixture_is_flat(&x))
		return;
	expect_ok(open_at(x.base, x.root_span));
	for (unsigned level = 1; level < x.format->levels; level++)
		cursor.reserve.need[level] = 1;
	expect_ok(mz_reserve_fill(&x.table.config, &cursor.reserve));
	track_fail(&x.track, 1);
	x.track.fail_after = true;
	expect_ok(mz_cursor_map(&cursor, mz_oa_from(0), 1, mz_prop_from(RW)));
	/* The reserve is used up now. */
	expect_ok(mz_cursor_jump(&cursor, mz_ia_from(x.base + x.root_span / 2)));
	must_equal(mz_cursor_map(&cursor, mz_oa_from(0), 1, mz_prop_from(RW)), MZ_NO_MEMORY);
	track_fail(&x.track, 0);
	must_equal(mz_cursor_query(&cursor).kind, MZ_ABSENT);
	mz_cursor_close(&cursor);
	expect_mapped(&x, x.base, 0, RW, 1);
	expect_nodes(&x, x.format->levels);
	end();
}
END_TEST

START_TEST(a_reserve_that_could_not_be_filled_asks_for_nothing_more)
{
	begin(_i);
	if (fixture_is_flat(&x))
		return;
	expect_ok(open_at(x.base, x.root_span));
	for (unsigned level = 1; level < x.format->levels; level++)
		cursor.reserve.need[level] = 5;
	track_fail(&x.track, 1);
	must_equal(mz_reserve_fill(&x.table.config, &cursor.reserve), MZ_NO_MEMORY);
	track_fail(&x.track, 0);
	expect_ok(mz_reserve_fill(&x.table.config, &cursor.reserve));
	must_equal(x.track.live_count, 1);
	mz_cursor_close(&cursor);
	end();
}
END_TEST

START_TEST(what_a_reserve_keeps_is_given_back)
{
	begin(_i);
	expect_ok(open_at(x.base, x.root_span));
	for (unsigned level = 1; level < x.format->levels; level++)
		cursor.reserve.need[level] = 3;
	expect_ok(mz_reserve_fill(&x.table.config, &cursor.reserve));
	must_equal(x.track.live_count, 1 + 3 * (x.format->levels - 1u));
	mz_cursor_close(&cursor);
	expect_nodes(&x, 1);
	end();
}
END_TEST

/* Emptied by a cursor, a range is as one that never held anything: any leaf that fits can come. */
START_TEST(a_large_leaf_can_follow_small_ones)
{
	struct mz_fragment fragment;
	uint64_t span;

	begin(_i);
	span = fixture_span(&x, x.top);
	if (x.top > 1) {
		expect_ok(fixture_map(&x, x.base + x.page, x.page, 0, RW));
		expect_ok(open_at(x.base, 2 * span));
		expect_ok(mz_cursor_take_next(&cursor, 2 * span, &fragment));
		must(fragment.kind != MZ_ABSENT);
		expect_ok(mz_cursor_jump(&cursor, mz_ia_from(x.base)));
		expect_ok(mz_cursor_map(&cursor, mz_oa_from(0), x.top, mz_prop_from(RWX)));
		mz_cursor_close(&cursor);
		expect_mapped(&x, x.base, 0, RWX, x.top);
	}
	end();
}
END_TEST

/*
 * Where leaves skip levels, a split makes nodes that lie outside the range: those are not the
 * cursor's to lock.
 */
START_TEST(a_split_leaves_nothing_locked)
{
	struct mz_fragment fragment;

	begin(_i);
	expect_ok(fixture_map(&x, x.base, fixture_span(&x, x.top), x.root_span, RWX));
	expect_ok(open_at(x.base, 2 * x.page));
	expect_ok(mz_cursor_protect_next(&cursor, x.page, RX, &fragment));
	expect_ok(mz_cursor_take_next(&cursor, x.page, &fragment));
	mz_cursor_close(&cursor);
	expect_mapped(&x, x.base, x.root_span, RX, 1);
	expect_hole(&x, x.base + x.page);
	end();
}
END_TEST

/* The model of a session. */
struct session {
	struct model model, read;
	struct tree tree;
	uint64_t first, last, at;
	bool ended;
};

/* The first address in [from, to] that is mapped. False: there is none. */
static bool first_mapped(const struct model *model, uint64_t from, uint64_t to, uint64_t *found)
{
	for (size_t i = 0; i < model->count; i++) {
		const struct model_range *range = &model->ranges[i];

		if (range->last >= from && range->first <= to) {
			*found = range->first > from ? range->first : from;
			return true;
		}
	}
	return false;
}

/* Is all of [ia, ia + bytes) mapped to oa and on, with these properties? */
static void expect_piece(const struct model *model, uint64_t ia, uint64_t bytes,
			 struct mz_item item)
{
	for (uint64_t at = ia; at - ia < bytes;) {
		const struct model_range *range = model_find(model, at);

		must(range != NULL);
		must_equal(range->oa + (at - range->first), item.oa.addr + (at - ia));
		must_equal(range->prop.perm, item.prop.perm);
		must_equal(range->prop.memory, item.prop.memory);
		if (range->last - ia >= bytes - 1)
			break;
		at = range->last + 1;
	}
}

static void expect_position(const struct session *s)
{
	struct mz_fragment here = mz_cursor_query(&cursor);
	uint64_t found;

	if (s->ended) {
		must_equal(here.kind, MZ_ABSENT);
		must_equal(here.bytes, 0);
		return;
	}
	must(s->at - here.ia.addr < here.bytes);
	if (model_find(&s->model, s->at)) {
		must_equal(here.kind, MZ_LEAF);
		must_equal(here.bytes, fixture_span(&x, here.item.level));
		must_equal(here.ia.addr % here.bytes, 0);
		expect_piece(&s->model, here.ia.addr, here.bytes, here.item);
	} else {
		must_equal(here.kind, MZ_ABSENT);
		must(here.ia.addr >= s->first);
		must(here.ia.addr + (here.bytes - 1) <= s->last);
		must(!first_mapped(&s->model, here.ia.addr, here.ia.addr + (here.bytes - 1),
				   &found));
	}
}

static void move_behind(struct session *s, uint64_t last)
{
	if (last >= s->last)
		s->ended = true;
	else
		s->at = last + 1;
}

/* Bit E for each error E that a map may answer. */
static unsigned map_errors(const struct session *s, uint64_t oa, unsigned level)
{
	uint64_t span, found;
	unsigned errors = 0;

	if (level == 0 || level > x.format->levels || !fixture_leaf_allowed(&x, level))
		return 1u << MZ_BAD_LEVEL;
	span = fixture_span(&x, level);
	if (s->ended || s->last - s->at < span - 1 || (oa + (span - 1)) >> x.format->oa_lg2 != 0)
		errors |= 1u << MZ_OUT_OF_RANGE;
	if (s->at % span != 0 || oa % span != 0)
		errors |= 1u << MZ_MISALIGNED;
	if (!s->ended && first_mapped(&s->model, s->at, s->at + (span - 1), &found))
		errors |= 1u << MZ_OCCUPIED;
	return errors;
}

static void step_map(struct session *s, struct rng *rng, struct mz_prop prop)
{
	unsigned level = (unsigned)rng_below(rng, x.format->levels + 2u);
	uint64_t unit = fixture_span(&x, rng_below(rng, 4) ? x.top : 1);
	uint64_t oa = rng_below(rng, 1000) * unit;
	unsigned errors = map_errors(s, oa, level);
	enum mz_error error = mz_cursor_map(&cursor, mz_oa_from(oa), level, prop);

	if (errors != 0) {
		must_say(errors >> error & 1, "%s: %s", x.test_case->name, mz_error_text(error));
		return;
	}
	must_say(error == MZ_OK, "%s: %s, level %u at %#llx of [%#llx, %#llx], cover %u",
		 x.test_case->name, mz_error_text(error), level, (unsigned long long)s->at,
		 (unsigned long long)s->first, (unsigned long long)s->last, cursor.cover.level);
	expect_ok(model_map(&s->model, s->at, fixture_span(&x, level), oa, prop));
	move_behind(s, s->at + (fixture_span(&x, level) - 1));
}

static uint64_t limit_of(const struct session *s, uint64_t bytes)
{
	return bytes - 1 > s->last - s->at ? s->last : s->at + (bytes - 1);
}

static void step_take(struct session *s, uint64_t bytes)
{
	struct mz_fragment fragment;
	uint64_t limit = limit_of(s, bytes), found;

	expect_ok(mz_cursor_take_next(&cursor, bytes, &fragment));
	if (s->ended || !first_mapped(&s->model, s->at, limit, &found)) {
		must_equal(fragment.kind, MZ_ABSENT);
		if (!s->ended)
			move_behind(s, limit);
		return;
	}
	must(fragment.ia.addr >= s->at);
	must(fragment.ia.addr + (fragment.bytes - 1) <= limit);
	must(found - fragment.ia.addr < fragment.bytes);
	if (fragment.kind == MZ_LEAF) {
		must_equal(fragment.ia.addr, found);
		expect_piece(&s->model, found, fragment.bytes, fragment.item);
	} else {
		must_equal(fragment.kind, MZ_NODE);
	}
	model_unmap(&s->model, fragment.ia.addr, fragment.bytes);
	move_behind(s, fragment.ia.addr + (fragment.bytes - 1));
}

static void step_protect(struct session *s, uint64_t bytes, unsigned perm)
{
	struct mz_fragment fragment;
	uint64_t limit = limit_of(s, bytes), found;

	expect_ok(mz_cursor_protect_next(&cursor, bytes, perm, &fragment));
	if (s->ended || !first_mapped(&s->model, s->at, limit, &found)) {
		must_equal(fragment.kind, MZ_ABSENT);
		if (!s->ended)
			move_behind(s, limit);
		return;
	}
	must_equal(fragment.kind, MZ_LEAF);
	must_equal(fragment.ia.addr, found);
	must(found + (fragment.bytes - 1) <= limit);
	expect_piece(&s->model, found, fragment.bytes, fragment.item);
	model_protect(&s->model, found, fragment.bytes, perm);
	move_behind(s, found + (fragment.bytes - 1));
}

static void step_move(struct session *s, struct rng *rng, uint64_t bytes)
{
	struct mz_fragment here = mz_cursor_query(&cursor);
	uint64_t found;

	switch (rng_below(rng, 3)) {
	case 0:
		mz_cursor_move_on(&cursor);
		if (!s->ended)
			move_behind(s, here.ia.addr + (here.bytes - 1));
		break;
	case 1:
		if (s->ended || !first_mapped(&s->model, s->at, limit_of(s, bytes), &found)) {
			must(!mz_cursor_find_next(&cursor, bytes));
		} else {
			must(mz_cursor_find_next(&cursor, bytes));
			s->at = found;
			must_equal(cursor.at, found);
		}
		break;
	default:
		s->at = s->first + rng_below(rng, (s->last - s->first) / x.page + 1) * x.page;
		s->ended = false;
		expect_ok(mz_cursor_jump(&cursor, mz_ia_from(s->at)));
		break;
	}
}

static void expect_model(struct session *s)
{
	tree_read(&s->tree, &x.table);
	tree_model(&s->tree, x.format, &s->read);
	model_join(&s->model);
	must(model_equal(&s->model, &s->read));
	expect_sound(&x);
}

/* With caches under the hooks where entries are broken. */
static void begin_session(int loop)
{
	fixture_prepare(&x, loop);
	if (x.variant == VARIANT_BREAKING)
		tlb_watch(&x);
	expect_ok(mz_table_init(&x.table, &x.config));
	mz_gather_init(&gather, &x.table);
}

static void end_session(void)
{
	mz_gather_finish(&gather);
	if (x.variant == VARIANT_BREAKING) {
		tlb_check_right();
		tlb_clear();
	}
	fixture_end(&x);
}

static void cache_some(struct op_source *source)
{
	const struct op_window *window =
		&source->windows[rng_below(&source->rng, source->window_count)];

	if (x.variant != VARIANT_BREAKING)
		return;
	tlb_check_broken();
	tlb_fill(cursor.at);
	tlb_fill(window->first + rng_below(&source->rng, window->bytes));
}

START_TEST(random_sessions_agree_with_the_model)
{
	struct op_source source;
	struct session s;
	unsigned steps = rng_steps(150), levels;

	begin_session(_i);
	levels = x.format->levels > 1 ? x.format->levels - 1u : 1;
	memset(&s, 0, sizeof(s));
	op_source_init(&source, &x, rng_seed() ^ (uint64_t)_i << 32, 1);
	for (unsigned i = 0; i < steps; i++) {
		struct op op = op_next(&source);

		if (op.kind > OP_PROTECT || op_argument_errors(&op, &x) != 0)
			continue;
		if (op.kind == OP_MAP) {
			/* Something to work on. */
			must_equal(op_apply(&op, &x.table, &gather),
				   op_model(&op, &s.model, &x.table));
			continue;
		}
		s.first = s.at = op.ia;
		s.last = op.ia + (op.bytes - 1);
		s.ended = false;
		expect_ok(open_at(op.ia, op.bytes));
		for (int n = 0; n < 12; n++) {
			unsigned level = 1 + (unsigned)rng_below(&source.rng, levels);
			uint64_t bytes = fixture_span(&x, level) * (1 + rng_below(&source.rng, 3));

			expect_position(&s);
			cache_some(&source);
			switch (rng_below(&source.rng, 5)) {
			case 0:
			case 1:
				step_map(&s, &source.rng, mz_prop_from(RWX));
				break;
			case 2:
				step_take(&s, bytes);
				break;
			case 3:
				step_protect(&s, bytes, rng_below(&source.rng, 2) ? RX : RW);
				break;
			default:
				step_move(&s, &source.rng, bytes);
				break;
			}
		}
		expect_position(&s);
		mz_cursor_close(&cursor);
		if (i % 4 == 0)
			mz_gather_finish(&gather);
		expect_model(&s);
	}
	model_destroy(&s.model);
	model_destroy(&s.read);
	tree_destroy(&s.tree);
	end_session();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cursor");
	TCase *tcase = tcase_create("cursor");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, bad_ranges_are_refused, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, a_cursor_locks_its_range_and_lets_go, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, a_cursor_never_leaves_its_range, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, a_reserve_makes_changes_that_cannot_fail, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_reserve_that_could_not_be_filled_asks_for_nothing_more, 0,
			    EACH_CASE);
	tcase_add_loop_test(tcase, what_a_reserve_keeps_is_given_back, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_large_leaf_can_follow_small_ones, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_split_leaves_nothing_locked, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, random_sessions_agree_with_the_model, 0, EACH_VARIANT_ALL);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
