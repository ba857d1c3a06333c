/* SPDX-License-Identifier: MPL-2.0 */
/* Visitors and the dump, against a reading of the nodes themselves. */
#include <stdio.h>
#include <string.h>

#include "arch/x86/ept.h"
#include "core/visit.h"
#include "tests/fixture.h"
#include "tests/op.h"
#include "tests/rng.h"
#include "tests/suite.h"
#include "tests/tree.h"

#define RW  (MZ_READ | MZ_WRITE)
#define RX  (MZ_READ | MZ_EXEC)
#define RWX (MZ_READ | MZ_WRITE | MZ_EXEC)

static struct fixture x;

/* A visitor that holds what it is told against the expected rows. */
struct reader {
	struct tree expected;
	size_t at;
	unsigned calls, calls_max;
	unsigned open[MZ_LEVELS_MAX + 1]; /* nodes entered and not left, by level */
};

static bool answer(struct reader *reader)
{
	return ++reader->calls < reader->calls_max;
}

static const struct tree_row *next_row(struct reader *reader)
{
	must(reader->at < reader->expected.count);
	return &reader->expected.rows[reader->at++];
}

static bool visit_node(void *context, mz_oa node, unsigned level, mz_ia ia, unsigned child_count)
{
	struct reader *reader = context;
	const struct tree_row *row = next_row(reader);

	must_equal(row->index, TREE_NODE);
	must_equal(row->node.addr, node.addr);
	must_equal(row->level, level);
	if (level < x.format->levels)
		must_equal(row->ia, ia.addr);
	must_equal(row->entry, child_count);
	reader->open[level]++;
	return answer(reader);
}

static bool visit_entry(void *context, mz_oa node, unsigned level, unsigned index, mz_ia ia,
			uint64_t entry)
{
	struct reader *reader = context;
	const struct tree_row *row = next_row(reader);

	must_equal(row->node.addr, node.addr);
	must_equal(row->level, level);
	must_equal(row->index, index);
	must_equal(row->ia, ia.addr);
	must_equal(row->entry, entry);
	must_equal(reader->open[level], 1);
	return answer(reader);
}

static bool visit_leave(void *context, mz_oa node, unsigned level)
{
	struct reader *reader = context;

	(void)node;
	must_equal(reader->open[level], 1);
	for (unsigned below = 1; below < level; below++)
		must_equal(reader->open[below], 0);
	reader->open[level]--;
	return answer(reader);
}

static const struct mz_visitor visitor = {NULL, visit_node, visit_entry, visit_leave};

static void reader_begin(struct reader *reader)
{
	memset(reader, 0, sizeof(*reader));
	tree_init(&reader->expected);
	tree_read(&reader->expected, &x.table);
	reader->calls_max = UINT32_MAX;
}

static void reader_rewind(struct reader *reader, unsigned calls_max)
{
	reader->at = 0;
	reader->calls = 0;
	reader->calls_max = calls_max;
	memset(reader->open, 0, sizeof(reader->open));
}

/* Some pages, large leaves and holes in two root entries. */
static void furnish(void)
{
	uint64_t big = fixture_span(&x, x.top);

	expect_ok(fixture_map(&x, x.base, x.page, 0, RW));
	expect_ok(fixture_map(&x, x.base + 7 * x.page, 3 * x.page, 9 * x.page, RX));
	expect_ok(fixture_map(&x, x.base + x.root_span, big, x.root_span, RWX));
	expect_ok(fixture_unmap(&x, x.base + x.root_span + x.page * (x.top > 1), x.page));
	expect_ok(fixture_map(&x, x.base + 3 * x.root_span - x.page, x.page, 0, RW));
}

START_TEST(a_visit_tells_everything_in_order)
{
	struct op_source source;
	struct reader reader;
	struct mz_visitor watching = visitor;

	fixture_begin(&x, _i);
	op_source_init(&source, &x, 5 + (uint64_t)_i, 1);
	watching.context = &reader;
	for (int i = 0; i < 60; i++) {
		struct op op = op_next(&source);

		if (op_argument_errors(&op, &x) == 0)
			(void)!op_apply(&op, &x.table, x.shared);
		if (i % 10 != 0)
			continue;
		reader_begin(&reader);
		must(mz_table_visit(&x.table, &watching));
		must_equal(reader.at, reader.expected.count);
		must_equal(reader.open[x.format->levels], 0);
		tree_destroy(&reader.expected);
	}
	fixture_end(&x);
}
END_TEST

#define SEEN_MAX 65536

/* The entries that a visit has told, in its order. */
struct seen {
	size_t count;
	struct {
		uint64_t ia, entry;
		unsigned level;
	} rows[SEEN_MAX];
};

static bool see(void *context, mz_oa node, unsigned level, unsigned index, mz_ia ia, uint64_t entry)
{
	struct seen *seen = context;

	(void)node, (void)index;
	must(seen->count < SEEN_MAX);
	seen->rows[seen->count].ia = ia.addr;
	seen->rows[seen->count].entry = entry;
	seen->rows[seen->count++].level = level;
	return true;
}

START_TEST(a_visit_of_a_range_tells_what_meets_it)
{
	static struct seen all, some;
	struct mz_visitor whole = {.context = &all, .entry = see};
	struct mz_visitor part = {.context = &some, .entry = see};
	struct rng rng = {rng_seed() + (uint64_t)_i};
	uint64_t pages;

	fixture_begin(&x, _i);
	furnish();
	pages = 4 * x.root_span / x.page;
	all.count = 0;
	must(mz_table_visit(&x.table, &whole));
	must(all.count > 0);
	for (int round = 0; round < 200; round++) {
		uint64_t from = rng_below(&rng, pages), count = 1 + rng_below(&rng, pages - from);
		uint64_t first = x.base + from * x.page, last = first + (count * x.page - 1);
		size_t at = 0;

		some.count = 0;
		expect_ok(mz_table_visit_range(&x.table, mz_ia_from(first), count * x.page, &part));
		for (size_t i = 0; i < all.count; i++) {
			uint64_t ia = all.rows[i].ia;

			if (ia > last || ia + (fixture_span(&x, all.rows[i].level) - 1) < first)
				continue;
			must(at < some.count);
			must_equal(some.rows[at].ia, ia);
			must_equal(some.rows[at].level, all.rows[i].level);
			must_equal(some.rows[at++].entry, all.rows[i].entry);
		}
		must_equal(at, some.count);
	}
	some.count = 0;
	must_equal(mz_table_visit_range(&x.table, mz_ia_from(x.base + 1), x.page, &part),
		   MZ_MISALIGNED);
	must_equal(mz_table_visit_range(&x.table, mz_ia_from(x.base), 0, &part), MZ_OUT_OF_RANGE);
	must_equal(some.count, 0);
	fixture_end(&x);
}
END_TEST

START_TEST(a_visitor_can_end_a_visit_at_any_point)
{
	struct reader reader;
	struct mz_visitor watching = visitor;
	unsigned total;

	fixture_begin(&x, _i);
	furnish();
	reader_begin(&reader);
	watching.context = &reader;
	must(mz_table_visit(&x.table, &watching));
	total = reader.calls;
	for (unsigned max = 1; max <= total; max += max < 200 ? 1 : total / 50 + 1) {
		reader_rewind(&reader, max);
		must(!mz_table_visit(&x.table, &watching));
		must_equal(reader.calls, max);
	}
	tree_destroy(&reader.expected);
	fixture_end(&x);
}
END_TEST

static bool count_call(void *context, mz_oa node, unsigned level)
{
	(void)node;
	((unsigned *)context)[level]++;
	return true;
}

START_TEST(absent_visitors_are_not_called)
{
	struct mz_visitor empty = {NULL, NULL, NULL, NULL};
	unsigned left[MZ_LEVELS_MAX + 1] = {0};
	struct mz_visitor leaver = {left, NULL, NULL, count_call};
	struct mz_usage usage;

	fixture_begin(&x, _i);
	furnish();
	must(mz_table_visit(&x.table, &empty));
	must(mz_table_visit(&x.table, &leaver));
	usage = mz_table_usage(&x.table);
	for (unsigned level = 0; level <= MZ_LEVELS_MAX; level++)
		must_equal(left[level], usage.node_count[level]);
	fixture_end(&x);
}
END_TEST

START_TEST(usage_agrees_with_the_nodes)
{
	struct op_source source;
	struct tree tree;

	fixture_begin(&x, _i);
	tree_init(&tree);
	op_source_init(&source, &x, 6 + (uint64_t)_i, 1);
	for (int i = 0; i < 60; i++) {
		struct op op = op_next(&source);
		struct mz_usage usage, counted;

		if (op_argument_errors(&op, &x) == 0)
			(void)!op_apply(&op, &x.table, x.shared);
		usage = mz_table_usage(&x.table);
		memset(&counted, 0, sizeof(counted));
		tree_read(&tree, &x.table);
		for (size_t r = 0; r < tree.count; r++) {
			const struct tree_row *row = &tree.rows[r];

			if (row->index == TREE_NODE) {
				counted.node_count[row->level]++;
				counted.node_bytes += (uint64_t)1
					<< mz_node_lg2(x.format, row->level);
			} else if (x.format->kind(row->entry, row->level) == MZ_LEAF) {
				counted.leaf_count[row->level]++;
				counted.mapped_bytes += mz_span(x.format, row->level);
			}
		}
		ck_assert_mem_eq(&usage, &counted, sizeof(usage));
	}
	tree_destroy(&tree);
	fixture_end(&x);
}
END_TEST

/* The lines of a dump, each with a newline. */
struct text {
	char chars[1 << 20];
	size_t used;
};

static void add_line(void *context, const char *line)
{
	struct text *text = context;
	size_t bytes = strlen(line);

	must(strchr(line, '\n') == NULL);
	must(text->used + bytes + 2 < sizeof(text->chars));
	memcpy(text->chars + text->used, line, bytes);
	text->used += bytes;
	text->chars[text->used++] = '\n';
	text->chars[text->used] = '\0';
}

/* Where the node of this level on the way to ia lies. */
static unsigned long long node_of(uint64_t ia, unsigned level)
{
	mz_oa node;

	must(tree_slot(&x.table, ia, level, &node) != NULL);
	return node.addr;
}

START_TEST(a_dump_is_read_at_a_glance)
{
	static struct text text;
	char expected[1024];
	struct mz_prop device = {RW, MZ_MEM_UNCACHED, MZ_IGNORE_PAT | MZ_ACCESSED};

	fixture_begin(&x, CASE_EPT);
	/* Two pages in a run, one that does not continue it, a hole, large leaves, a device. */
	expect_ok(fixture_map(&x, 0x1000, 0x2000, 0x5000, RWX));
	expect_ok(fixture_map(&x, 0x3000, 0x1000, 0x9000, RWX));
	expect_ok(fixture_map(&x, 0x5000, 0x1000, 0xb000, RX));
	expect_ok(fixture_map(&x, 0x200000, 0x600000, 0x40000000, RW));
	expect_ok(fixture_map(&x, 0x40000000, 0x40000000, 0x80000000, MZ_READ));
	expect_ok(mz_table_map(&x.table, mz_ia_from(0xfee00000), 0x1000, mz_oa_from(0xfee00000),
			       device));
	snprintf(expected, sizeof(expected),
		 "level 4 node %#llx from 0x0, 1 of 512\n"
		 "  level 3 node %#llx from 0x0, 3 of 512\n"
		 "    level 2 node %#llx from 0x0, 4 of 512\n"
		 "      level 1 node %#llx from 0x0, 4 of 512\n"
		 "        [1..2] 0x1000 -> 0x5000 2 x 4K rwx WB\n"
		 "        [3] 0x3000 -> 0x9000 1 x 4K rwx WB\n"
		 "        [5] 0x5000 -> 0xb000 1 x 4K r-x WB\n"
		 "      [1..3] 0x200000 -> 0x40000000 3 x 2M rw- WB\n"
		 "    [1] 0x40000000 -> 0x80000000 1 x 1G r-- WB\n"
		 "    level 2 node %#llx from 0xc0000000, 1 of 512\n"
		 "      level 1 node %#llx from 0xfee00000, 1 of 512\n"
		 "        [0] 0xfee00000 -> 0xfee00000 1 x 4K rw- UC ignore-pat accessed\n",
		 node_of(0, 4), node_of(0, 3), node_of(0, 2), node_of(0, 1), node_of(0xfee00000, 2),
		 node_of(0xfee00000, 1));
	mz_table_dump(&x.table, add_line, &text);
	ck_assert_str_eq(text.chars, expected);
	fixture_end(&x);
}
END_TEST

START_TEST(a_dump_of_an_empty_table_is_its_root)
{
	static struct text text;
	char expected[1024];

	fixture_begin(&x, CASE_EPT);
	snprintf(expected, sizeof(expected), "level 4 node %#llx from 0x0, 0 of 512\n",
		 node_of(0, 4));
	mz_table_dump(&x.table, add_line, &text);
	ck_assert_str_eq(text.chars, expected);
	fixture_end(&x);
}
END_TEST

START_TEST(a_dump_shows_canonical_addresses)
{
	static struct text text;

	fixture_begin(&x, CASE_IA32E);
	expect_ok(fixture_map(&x, 0xffffffff80000000, 0x40000000, 0, RWX));
	expect_ok(fixture_map(&x, 0xfffffffffffff000, 0x1000, 0x7000, RX));
	mz_table_dump(&x.table, add_line, &text);
	must(strstr(text.chars, " from 0xffffff8000000000, 2 of 512\n") != NULL);
	must(strstr(text.chars, "    [510] 0xffffffff80000000 -> 0x0 1 x 1G rwx WB\n") != NULL);
	must(strstr(text.chars, "        [511] 0xfffffffffffff000 -> 0x7000 1 x 4K r-x WB\n") !=
	     NULL);
	fixture_end(&x);
}
END_TEST

START_TEST(a_dump_covers_whatever_is_mapped)
{
	static struct text text;

	fixture_begin(&x, _i);
	furnish();
	mz_table_dump(&x.table, add_line, &text);
	must(text.used > 0);
	fixture_end(&x);
}
END_TEST

START_TEST(words_of_the_dump_differ)
{
	for (int i = 0; i < MZ_MEM_TYPES; i++)
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(mz_memory_type_text((enum mz_memory_type)i),
					 mz_memory_type_text((enum mz_memory_type)j));
	for (int i = 0; i < 16; i++)
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(mz_prop_flag_text((enum mz_prop_flag)(1 << i)),
					 mz_prop_flag_text((enum mz_prop_flag)(1 << j)));
	must(mz_memory_type_text(MZ_MEM_TYPES) != NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("visit");
	TCase *tcase = tcase_create("visitors");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, a_visit_tells_everything_in_order, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, a_visit_of_a_range_tells_what_meets_it, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_visitor_can_end_a_visit_at_any_point, 0, EACH_CASE);
	tcase_add_loop_test(tcase, absent_visitors_are_not_called, 0, EACH_CASE);
	tcase_add_loop_test(tcase, usage_agrees_with_the_nodes, 0, EACH_VARIANT);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("dump");
	tcase_add_test(tcase, a_dump_is_read_at_a_glance);
	tcase_add_test(tcase, a_dump_of_an_empty_table_is_its_root);
	tcase_add_test(tcase, a_dump_shows_canonical_addresses);
	tcase_add_loop_test(tcase, a_dump_covers_whatever_is_mapped, 0, EACH_VARIANT);
	tcase_add_test(tcase, words_of_the_dump_differ);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
