// SPDX-License-Identifier: MPL-2.0
/* The dump as JSON, and what both dumps say of links that forbid writing. */
#include <stdio.h>
#include <string.h>

#include "core/visit.h"
#include "tests/fixture.h"
#include "tests/suite.h"
#include "tests/tree.h"

#define RW  (MZ_READ | MZ_WRITE)
#define RWX (MZ_READ | MZ_WRITE | MZ_EXEC)

static struct fixture x;
static char chars[1 << 20];
static size_t used;

static void add_line(void *context, const char *line)
{
	(void)context;
	must(used + strlen(line) + 2 < sizeof(chars));
	used += (size_t)snprintf(chars + used, sizeof(chars) - used, "%s\n", line);
}

static void dump_json(void)
{
	used = 0;
	mz_table_dump_json(&x.table, add_line, NULL);
}

static unsigned long long node_of(uint64_t ia, unsigned level)
{
	mz_oa node;

	must(tree_slot(&x.table, ia, level, &node) != NULL);
	return node.addr;
}

START_TEST(json_is_what_the_table_has)
{
	struct mz_prop device = {RW, MZ_MEM_UNCACHED, MZ_IGNORE_PAT | MZ_ACCESSED};
	char expected[4096];

	fixture_begin(&x, CASE_EPT);
	expect_ok(
		mz_table_map(&x.table, mz_ia_from(0xfee00000), 0x1000, mz_oa_from(0x5000), device));
	expect_ok(fixture_map(&x, 0x8000000000, 0x40000000, 0x40000000, RWX));
	expect_ok(mz_table_write_protect(&x.table, mz_ia_from(0), 0x8000000000, NULL));
	snprintf(expected, sizeof(expected),
		 "{\"format\":\"ept\",\"levels\":4,\"table\":[\n"
		 "{\"kind\":\"node\",\"level\":4,\"ia\":\"0x0\",\"node\":\"%#llx\",\"present\":2,"
		 "\"entries\":512,\"write\":true}\n"
		 ",{\"kind\":\"node\",\"level\":3,\"ia\":\"0x0\",\"node\":\"%#llx\",\"present\":1,"
		 "\"entries\":512,\"write\":false}\n"
		 ",{\"kind\":\"node\",\"level\":2,\"ia\":\"0xc0000000\",\"node\":\"%#llx\","
		 "\"present\":1,\"entries\":512,\"write\":true}\n"
		 ",{\"kind\":\"node\",\"level\":1,\"ia\":\"0xfee00000\",\"node\":\"%#llx\","
		 "\"present\":1,\"entries\":512,\"write\":true}\n"
		 ",{\"kind\":\"leaf\",\"level\":1,\"ia\":\"0xfee00000\",\"oa\":\"0x5000\","
		 "\"bytes\":\"0x1000\",\"read\":true,\"write\":true,\"exec\":false,"
		 "\"exec_user\":false,\"memory\":\"UC\",\"flags\":[\"ignore-pat\",\"accessed\"]}\n"
		 ",{\"kind\":\"node\",\"level\":3,\"ia\":\"0x8000000000\",\"node\":\"%#llx\","
		 "\"present\":1,\"entries\":512,\"write\":true}\n"
		 ",{\"kind\":\"leaf\",\"level\":3,\"ia\":\"0x8000000000\",\"oa\":\"0x40000000\","
		 "\"bytes\":\"0x40000000\",\"read\":true,\"write\":true,\"exec\":true,"
		 "\"exec_user\":false,\"memory\":\"WB\",\"flags\":[]}\n"
		 "]}\n",
		 node_of(0, 4), node_of(0, 3), node_of(0xfee00000, 2), node_of(0xfee00000, 1),
		 node_of(0x8000000000, 3));
	dump_json();
	ck_assert_str_eq(chars, expected);
	used = 0;
	mz_table_dump(&x.table, add_line, NULL);
	must(strstr(chars, " from 0x0, 1 of 512, not to be written\n") != NULL);
	must(strstr(chars, " from 0x8000000000, 1 of 512\n") != NULL);
	fixture_end(&x);
}
END_TEST

static unsigned count(const char *word)
{
	unsigned found = 0;

	for (const char *at = chars; (at = strstr(at, word)) != NULL; at++)
		found++;
	return found;
}

START_TEST(json_has_every_node_and_every_leaf)
{
	struct mz_usage usage;
	uint64_t nodes = 0, leaves = 0;

	fixture_begin(&x, _i);
	expect_ok(fixture_map(&x, x.base, 5 * x.page, x.page, RWX));
	expect_ok(fixture_map(&x, x.base + x.root_span, fixture_span(&x, x.top), 0, RWX));
	usage = mz_table_usage(&x.table);
	for (unsigned level = 1; level <= x.format->levels; level++) {
		nodes += usage.node_count[level];
		leaves += usage.leaf_count[level];
	}
	dump_json();
	must_equal(count("\"kind\":\"node\""), nodes);
	must_equal(count("\"kind\":\"leaf\""), leaves);
	must_equal(count("\n,{"), nodes + leaves - 1);
	must_equal(count("}\n"), nodes + leaves + 1);
	fixture_end(&x);
}
END_TEST

START_TEST(json_of_an_empty_table_is_its_root)
{
	fixture_begin(&x, CASE_EPT);
	dump_json();
	must_equal(count("\"kind\":"), 1);
	must(strstr(chars, "\"present\":0,") != NULL);
	fixture_end(&x);
}
END_TEST

static struct mz_prop every_flag(uint64_t entry, unsigned level)
{
	struct mz_prop prop = {0, MZ_MEM_WRITE_BACK, UINT16_MAX};

	(void)entry, (void)level;
	return prop;
}

START_TEST(a_line_has_room_for_every_flag)
{
	struct mz_format format;

	fixture_begin(&x, CASE_EPT_RUNTIME);
	expect_ok(fixture_map(&x, x.base, x.page, 0x1000000000, RWX));
	format = *x.format;
	format.prop = every_flag;
	x.table.config.format = &format;
	dump_json();
	x.table.config.format = x.format;
	must(strstr(chars, "\"key-bit-2\",\"key-bit-3\"]}\n") != NULL);
	fixture_end(&x);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dump");
	TCase *tcase = tcase_create("json");

	tcase_add_test(tcase, json_is_what_the_table_has);
	tcase_add_loop_test(tcase, json_has_every_node_and_every_leaf, 0, EACH_VARIANT);
	tcase_add_test(tcase, json_of_an_empty_table_is_its_root);
	tcase_add_test(tcase, a_line_has_room_for_every_flag);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
