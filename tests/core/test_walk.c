/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The software walker against query, against the nodes themselves, and on trees that are not the
 * library's.
 */
#include "core/walk.h"
#include "tests/fixture.h"
#include "tests/op.h"
#include "tests/suite.h"
#include "tests/tree.h"

#define RW  (MZ_READ | MZ_WRITE)
#define RX  (MZ_READ | MZ_EXEC)
#define RWX (MZ_READ | MZ_WRITE | MZ_EXEC)

static struct fixture x;

/* Each step must be the entry that lies on the way to ia. */
static void check_steps(const struct mz_walk *walk, uint64_t ia)
{
	for (unsigned i = 0; i < walk->step_count; i++) {
		const struct mz_walk_step *step = &walk->steps[i];
		unsigned level = x.format->levels - i;
		mz_oa node;
		const uint64_t *slot = tree_slot(&x.table, ia, level, &node);

		must(slot != NULL);
		must_equal(step->level, level);
		must_equal(step->node.addr, node.addr);
		must_equal(step->index, mz_index(x.format, ia, level));
		must_equal(step->entry, *slot);
		must_equal(step->kind, x.format->kind(*slot, level));
		if (step->kind == MZ_ABSENT) {
			must_equal(step->prop.perm, 0);
			must_equal(step->prop.memory, 0);
			must_equal(step->prop.flags, 0);
		} else {
			must_equal(step->prop.perm, x.format->prop(*slot, level).perm);
			must_equal(step->prop.flags, x.format->prop(*slot, level).flags);
		}
		if (i + 1 < walk->step_count)
			must_equal(step->kind, MZ_NODE);
	}
}

static void check_walk(uint64_t ia)
{
	struct mz_item item = mz_table_query(&x.table, mz_ia_from(ia));
	struct mz_walk walk;
	enum mz_error error = mz_table_walk(&x.table, mz_ia_from(ia), &walk);

	must_equal(walk.item.level, item.level);
	must(walk.step_count >= 1);
	check_steps(&walk, ia);
	if (item.level == 0) {
		must_equal(error, MZ_NOT_MAPPED);
		must_equal(walk.steps[walk.step_count - 1].kind, MZ_ABSENT);
		return;
	}
	expect_ok(error);
	must_equal(walk.step_count, x.format->levels - item.level + 1u);
	must_equal(walk.steps[walk.step_count - 1].kind, MZ_LEAF);
	must_equal(walk.item.oa.addr, item.oa.addr);
	must_equal(walk.item.prop.perm, item.prop.perm);
	must_equal(walk.item.prop.memory, item.prop.memory);
	must_equal(walk.item.prop.flags, item.prop.flags);
}

START_TEST(a_walk_of_an_empty_table_ends_at_the_root)
{
	struct mz_walk walk;

	fixture_begin(&x, _i);
	must_equal(mz_table_walk(&x.table, mz_ia_from(x.base), &walk), MZ_NOT_MAPPED);
	must_equal(walk.step_count, 1);
	must_equal(walk.steps[0].node.addr, x.table.root_oa.addr);
	must_equal(walk.steps[0].level, x.format->levels);
	must_equal(walk.steps[0].entry, x.format->absent);
	check_walk(x.base);
	fixture_end(&x);
}
END_TEST

START_TEST(a_walk_ends_at_a_leaf_of_every_level)
{
	fixture_begin(&x, _i);
	for (unsigned level = 1; level <= x.format->levels; level++) {
		uint64_t span = fixture_span(&x, level);

		if (!fixture_leaf_allowed(&x, level))
			continue;
		expect_ok(fixture_map(&x, x.base, span, x.root_span, RX));
		check_walk(x.base);
		check_walk(x.base + 1);
		check_walk(x.base + span - 1);
		check_walk(x.base + span);
		check_walk(x.base - 1);
		expect_ok(fixture_unmap(&x, x.base, span));
	}
	fixture_end(&x);
}
END_TEST

START_TEST(walk_and_query_agree_everywhere)
{
	struct op_source source;

	fixture_begin(&x, _i);
	op_source_init(&source, &x, 77 + (uint64_t)_i, 1);
	for (int i = 0; i < 120; i++) {
		struct op op = op_next(&source);

		if (op_argument_errors(&op, &x) == 0)
			(void)!op_apply(&op, &x.table, x.shared);
		if (i % 20 != 19)
			continue;
		for (unsigned w = 0; w < source.window_count; w++) {
			const struct op_window *window = &source.windows[w];
			uint64_t stride = window->bytes / 64;

			for (uint64_t at = 0; at < window->bytes; at += stride) {
				check_walk(window->first + at);
				check_walk(window->first + at + rng_below(&source.rng, stride));
			}
		}
	}
	fixture_end(&x);
}
END_TEST

static void expect_out_of_range(uint64_t ia)
{
	struct mz_walk walk;

	must_equal(mz_table_walk(&x.table, mz_ia_from(ia), &walk), MZ_OUT_OF_RANGE);
	must_equal(walk.step_count, 0);
	must_equal(walk.item.level, 0);
}

START_TEST(a_walk_outside_the_table_is_refused)
{
	uint64_t half;

	fixture_begin(&x, _i);
	half = (uint64_t)1 << (x.format->ia_lg2 - 1);
	expect_ok(fixture_map(&x, x.base, x.page, 0, RW));
	expect_out_of_range((uint64_t)1 << 62);
	expect_out_of_range(2 * half);
	/* An address whose low bits are those of a mapped one. */
	expect_out_of_range(x.base ^ (uint64_t)1 << 62);
	if (x.format->ia_signed) {
		expect_out_of_range(half);
		expect_out_of_range(-half - 1);
	} else {
		expect_out_of_range(UINT64_MAX);
	}
	if (x.variant == VARIANT_ROOT_RANGE) {
		expect_out_of_range(0);
		expect_out_of_range(x.base - x.root_span - 1);
	}
	fixture_end(&x);
}
END_TEST

/*
 * The link of `level` on the way to ia gets these permissions, written over the entry as another
 * owner might.
 */
static void narrow_link(uint64_t ia, unsigned level, unsigned perm)
{
	uint64_t *slot = tree_slot(&x.table, ia, level, NULL);

	must(slot != NULL);
	must_equal(x.format->kind(*slot, level), MZ_NODE);
	/* In all formats here, leaves and links keep permissions in the same bits. */
	*slot = x.format->with_perm(*slot, level, perm);
	must_equal(x.format->kind(*slot, level), MZ_NODE);
	must_equal(x.format->prop(*slot, level).perm, perm);
}

START_TEST(links_narrow_permissions_where_the_format_says_so)
{
	struct mz_walk walk;
	unsigned root, all;

	fixture_begin(&x, _i);
	root = x.format->levels;
	expect_ok(fixture_map(&x, x.base, x.page, 0, RWX));
	if (x.format->hierarchical) {
		all = x.format->prop(*tree_slot(&x.table, x.base, root, NULL), root).perm;
		narrow_link(x.base, 2, RX);
		expect_ok(mz_table_walk(&x.table, mz_ia_from(x.base), &walk));
		must_equal(walk.item.prop.perm, RX);
		must_equal(walk.steps[walk.step_count - 1].prop.perm, RWX);
		must_equal(walk.steps[walk.step_count - 2].prop.perm, RX);
		narrow_link(x.base, root, RW);
		expect_ok(mz_table_walk(&x.table, mz_ia_from(x.base), &walk));
		must_equal(walk.item.prop.perm, MZ_READ);
		narrow_link(x.base, 2, all);
		expect_ok(mz_table_walk(&x.table, mz_ia_from(x.base), &walk));
		must_equal(walk.item.prop.perm, RW);
		narrow_link(x.base, root, all);
	}
	expect_ok(mz_table_walk(&x.table, mz_ia_from(x.base), &walk));
	must_equal(walk.item.prop.perm, RWX);
	/* A query tells what the leaf says. */
	expect_mapped(&x, x.base, 0, RWX, 1);
	fixture_end(&x);
}
END_TEST

/* A tree in which some nodes can't be found. */
struct foreign {
	unsigned calls, calls_max;
};

static const uint64_t *foreign_node(void *context, mz_oa node, size_t bytes)
{
	struct foreign *foreign = context;
	unsigned level = x.format->levels - foreign->calls;

	must(bytes >= mz_entry_count(x.format, level) * sizeof(uint64_t));
	must(bytes <= ((size_t)1 << mz_node_lg2(x.format, level)));
	if (foreign->calls == foreign->calls_max)
		return NULL;
	foreign->calls++;
	return track_node(&x.track, node);
}

START_TEST(a_foreign_tree_is_walked_as_far_as_its_nodes_are_found)
{
	struct foreign foreign;
	struct mz_walk walk, whole;
	uint64_t ia;

	fixture_begin(&x, _i);
	ia = x.base + 3 * x.page + 5;
	expect_ok(fixture_map(&x, x.base, 4 * x.page, x.page, RX));
	expect_ok(mz_table_walk(&x.table, mz_ia_from(ia), &whole));
	for (unsigned max = 0; max <= x.format->levels; max++) {
		enum mz_error error;

		foreign = (struct foreign) {0, max};
		error = mz_walk_root(x.format, x.table.root_oa, foreign_node, &foreign,
				     mz_ia_from(ia), &walk);
		must_equal(walk.step_count, max);
		check_steps(&walk, ia);
		if (max < x.format->levels) {
			must_equal(error, MZ_NOT_MAPPED);
			must_equal(walk.item.level, 0);
		} else {
			expect_ok(error);
			must_equal(walk.item.oa.addr, whole.item.oa.addr);
			must_equal(walk.item.level, 1);
			must_equal(walk.item.prop.perm, RX);
		}
	}
	foreign = (struct foreign) {0, x.format->levels};
	must_equal(mz_walk_root(x.format, x.table.root_oa, foreign_node, &foreign,
				mz_ia_from((uint64_t)1 << 62), &walk),
		   MZ_OUT_OF_RANGE);
	must_equal(foreign.calls, 0);
	fixture_end(&x);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("walk");
	TCase *tcase = tcase_create("walk");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, a_walk_of_an_empty_table_ends_at_the_root, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, a_walk_ends_at_a_leaf_of_every_level, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, walk_and_query_agree_everywhere, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, a_walk_outside_the_table_is_refused, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, links_narrow_permissions_where_the_format_says_so, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_foreign_tree_is_walked_as_far_as_its_nodes_are_found, 0,
			    EACH_CASE);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
