/* SPDX-License-Identifier: MPL-2.0 */
/* Every allocation of every operation fails once: then nothing has changed, and nothing is lost. */
#include <stdlib.h>

#include "arch/riscv/riscv.h"
#include "tests/fixture.h"
#include "tests/op.h"
#include "tests/suite.h"
#include "tests/tree.h"

#define RW  (MZ_READ | MZ_WRITE)
#define RWX (MZ_READ | MZ_WRITE | MZ_EXEC)

static struct fixture x;
static struct tree before, after;

/* Tries the first allocations one by one, later ones at growing distances. */
static uint64_t next_failure(uint64_t n)
{
	return n < 24 ? n + 1 : n + n / 4;
}

/*
 * Applies `op` with its n-th allocation failing, for growing n, until it asks for fewer. Each
 * failure must leave the table as it was. Answers what the operation says with memory enough.
 */
static enum mz_error apply_with_failures(const struct op *op, unsigned *failures)
{
	uint64_t live = x.track.live_count;
	size_t takes = journal_count(&x.journal, EVENT_TAKE);
	size_t puts = journal_count(&x.journal, EVENT_PUT);
	size_t flushes = journal_count(&x.journal, EVENT_FLUSH);

	tree_read(&before, &x.table);
	for (uint64_t n = 1;; n = next_failure(n)) {
		uint64_t asked = x.track.alloc_count;
		enum mz_error error;

		track_fail(&x.track, n);
		x.track.fail_after = *failures % 2 == 0;
		/* The embedder may have errors of his own to tell. */
		x.track.error = *failures % 3 == 0 ? MZ_BAD_HOOKS : MZ_NO_MEMORY;
		error = op_apply(op, &x.table, x.shared);
		asked = x.track.alloc_count - asked;
		track_fail(&x.track, 0);
		if (asked < n)
			return error;
		must_say(error == x.track.error, "%s: %s after allocation %u failed",
			 x.test_case->name, mz_error_text(error), (unsigned)n);
		(*failures)++;
		tree_read(&after, &x.table);
		must_say(tree_equal(&before, &after), "%s: changed after allocation %u failed",
			 x.test_case->name, (unsigned)n);
		must_equal(x.track.live_count, live);
		must_equal(journal_count(&x.journal, EVENT_TAKE), takes);
		must_equal(journal_count(&x.journal, EVENT_PUT), puts);
		must_equal(journal_count(&x.journal, EVENT_FLUSH), flushes);
		expect_sound(&x);
	}
}

static void begin(int loop)
{
	fixture_begin(&x, loop);
	tree_init(&before);
	tree_init(&after);
}

static void end(void)
{
	tree_destroy(&before);
	tree_destroy(&after);
	fixture_end(&x);
}

static void expect_failures_then_ok(struct op op, unsigned failures_min)
{
	unsigned failures = 0;

	expect_ok(apply_with_failures(&op, &failures));
	must(failures >= failures_min);
}

static struct op map_op(uint64_t ia, uint64_t bytes, uint64_t oa)
{
	return (struct op) {OP_MAP, 0, ia, bytes, oa, mz_prop_from(RWX), 0};
}

START_TEST(mapping_the_first_page_needs_a_node_a_level)
{
	begin(_i);
	expect_failures_then_ok(map_op(x.base, x.page, 0), x.format->levels - 1u);
	expect_mapped(&x, x.base, 0, RWX, 1);
	/* The next page needs none. */
	expect_failures_then_ok(map_op(x.base + x.page, x.page, 0), 0);
	end();
}
END_TEST

START_TEST(mapping_across_nodes_is_all_or_nothing)
{
	uint64_t edge;

	begin(_i);
	/* Pages on both sides of a border between root entries, and of one inside. */
	edge = x.base + x.root_span;
	expect_failures_then_ok(map_op(edge - 3 * x.page, 6 * x.page, x.page),
				2 * (x.format->levels - 1u));
	expect_failures_then_ok(map_op(x.base + fixture_span(&x, 2) - x.page, 2 * x.page, x.page),
				x.format->levels > 1 ? 2 : 0);
	end();
}
END_TEST

START_TEST(splitting_is_all_or_nothing)
{
	begin(_i);
	for (unsigned level = 2; level <= x.format->levels; level++) {
		uint64_t span = fixture_span(&x, level);
		struct op protect = {
			OP_PROTECT, 0, x.base + x.page, x.page, 0, mz_prop_from(MZ_READ), 0};
		struct op unmap = {OP_UNMAP,  0, x.base + span - x.page, 2 * x.page, 0,
				   {0, 0, 0}, 0};

		if (!fixture_leaf_allowed(&x, level))
			continue;
		expect_failures_then_ok(map_op(x.base, 2 * span, x.root_span), 0);
		expect_failures_then_ok(protect, 1);
		/* Two leaves at once: the rest of the first, and the second. */
		expect_failures_then_ok(unmap, 1);
		expect_mapped(&x, x.base, x.root_span, RWX, 1);
		expect_mapped(&x, x.base + x.page, x.root_span + x.page, MZ_READ, 1);
		expect_hole(&x, x.base + span);
		expect_ok(fixture_unmap(&x, x.base, 2 * span));
		fixture_settle(&x);
	}
	end();
}
END_TEST

/* A subtree that goes as a whole, and beside it a leaf of which a part stays. */
START_TEST(a_drop_is_all_or_nothing)
{
	uint64_t node, leaf;

	begin(_i);
	if (x.format->levels >= 3 && fixture_leaf_allowed(&x, 2)) {
		struct op unmap = {OP_UNMAP, 0, x.base, 0, 0, {0, 0, 0}, 0};

		node = fixture_span(&x, 3);
		leaf = fixture_span(&x, 2);
		unmap.bytes = node + x.page;
		expect_ok(fixture_map(&x, x.base, x.page, 0, RW));
		expect_ok(fixture_map(&x, x.base + node - x.page, x.page, 0, RW));
		expect_ok(fixture_map(&x, x.base + node, leaf, 0, RW));
		expect_failures_then_ok(unmap, 1);
		expect_hole(&x, x.base);
		expect_hole(&x, x.base + node - x.page);
		expect_hole(&x, x.base + node);
		expect_mapped(&x, x.base + node + x.page, x.page, RW, 1);
	}
	end();
}
END_TEST

START_TEST(refused_operations_allocate_nothing)
{
	uint64_t asked;

	begin(_i);
	expect_ok(fixture_map(&x, x.base, x.page, 0, RW));
	fixture_settle(&x);
	asked = x.track.live_count;
	must_equal(fixture_map(&x, x.base, 4 * fixture_span(&x, 2), 0, RW), MZ_OCCUPIED);
	must_equal(fixture_map(&x, x.base + 1, x.page, 0, RW), MZ_MISALIGNED);
	must_equal(x.track.live_count, asked);
	track_fail(&x.track, 1);
	/* Neither needs memory: not a whole-leaf change, nor taking pages away. */
	expect_ok(fixture_protect(&x, x.base, x.root_span, MZ_READ));
	expect_ok(fixture_unmap(&x, x.base, x.root_span));
	must_equal(x.track.fail_at, x.track.alloc_count + 1);
	track_fail(&x.track, 0);
	end();
}
END_TEST

START_TEST(random_operations_are_all_or_nothing)
{
	struct op_source source;
	struct model model, read;
	uint64_t seed = rng_seed();
	unsigned steps = rng_steps(200);
	unsigned failures = 0;

	begin(_i);
	model_init(&model);
	model_init(&read);
	op_source_init(&source, &x, seed ^ (uint64_t)_i << 32, 1);
	for (unsigned i = 0; i < steps; i++) {
		struct op op = op_next(&source);
		enum mz_error expected, error;

		if (op_argument_errors(&op, &x) != 0)
			continue;
		expected = op_model(&op, &model, &x.table);
		error = apply_with_failures(&op, &failures);
		must_equal(error, expected);
		if (op.kind == OP_SETTLE)
			fixture_settle(&x);
	}
	must(failures > 0 || x.format->levels == 1);
	tree_read(&after, &x.table);
	tree_model(&after, x.format, &read);
	model_join(&model);
	must(model_equal(&model, &read));
	model_destroy(&model);
	model_destroy(&read);
	end();
}
END_TEST

/* Nodes that nothing is written to but their metadata; the first is a root, and real. */
#define VAST_PAGE_LG2 18
#define VAST_PAGES    ((1u << 17) + 16)

static unsigned vast_count;

static enum mz_error vast_alloc(void *context, unsigned size_lg2, mz_oa *pa)
{
	(void)context;
	must_equal(size_lg2, VAST_PAGE_LG2);
	if (vast_count == VAST_PAGES)
		return MZ_NO_MEMORY;
	*pa = mz_oa_from((uint64_t)++vast_count << VAST_PAGE_LG2);
	return MZ_OK;
}

static void vast_free(void *context, mz_oa pa, unsigned size_lg2)
{
	(void)context, (void)pa, (void)size_lg2;
	vast_count--;
}

/* 2^32 nodes of level 1 below as many of level 2 as there are. */
START_TEST(more_nodes_than_32_bits_can_count_are_not_there)
{
	struct mz_format vast = mz_riscv_sv57x4;
	struct mz_config config = {
		.format = &vast,
		.leaf_levels = 1 << 1,
		.memory = {.alloc = vast_alloc, .free = vast_free, .first_frame = 1},
	};
	static const uint8_t index_lg2[] = {0, 1, 15, 15, 7};
	struct mz_table table;
	void *root = malloc((size_t)1 << VAST_PAGE_LG2);

	vast_count = 0;
	vast.ops = NULL;
	vast.page_lg2 = VAST_PAGE_LG2;
	vast.ia_lg2 = VAST_PAGE_LG2;
	vast.levels = 4;
	for (unsigned level = 1; level <= vast.levels; level++) {
		vast.shift[level] = vast.ia_lg2;
		vast.index_lg2[level] = index_lg2[level];
		vast.ia_lg2 = (uint8_t)(vast.ia_lg2 + index_lg2[level]);
	}
	vast.leaf_levels = 1 << 1;
	config.memory.frames = calloc(VAST_PAGES, sizeof(struct mz_frame));
	config.memory.frame_count = VAST_PAGES;
	config.memory.linear = (uintptr_t)root - ((uintptr_t)1 << VAST_PAGE_LG2);
	must(root != NULL && config.memory.frames != NULL);
	expect_ok(mz_table_init(&table, &config));
	must_equal(mz_table_map(&table, mz_ia_from(0), (uint64_t)1 << 51, mz_oa_from(0),
				mz_prop_from(RW)),
		   MZ_NO_MEMORY);
	must_equal(vast_count, 1);
	mz_table_destroy(&table);
	free(config.memory.frames);
	free(root);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("oom");
	TCase *tcase = tcase_create("the n-th allocation fails");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, mapping_the_first_page_needs_a_node_a_level, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, mapping_across_nodes_is_all_or_nothing, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, splitting_is_all_or_nothing, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, a_drop_is_all_or_nothing, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, refused_operations_allocate_nothing, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, random_operations_are_all_or_nothing, 0, EACH_VARIANT);
	tcase_add_test(tcase, more_nodes_than_32_bits_can_count_are_not_there);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
