// SPDX-License-Identifier: MPL-2.0
/* Mapping into an empty table. */
#include "bench/mezz-bench.h"

void map_gib(struct bench *bench)
{
	expect_ok(bench,
		  mz_table_map(&bench->table, mz_ia_from(BASE), GIB, mz_oa_from(BASE + SHIFTED),
			       prop_rwx()));
}

static void limit_map_gib(struct bench *bench)
{
	limit_map_range(&bench->limit, BASE, GIB, BASE + SHIFTED, 1, LIMIT_RWX);
}

static void map_large(struct bench *bench)
{
	expect_ok(bench,
		  mz_table_map(&bench->table, mz_ia_from(BASE), 512 * GIB,
			       mz_oa_from(BASE + SHIFTED), prop_rwx()));
}

static void limit_map_large(struct bench *bench)
{
	limit_map_range(&bench->limit, BASE, 512 * GIB, BASE + SHIFTED, 2, LIMIT_RWX | LIMIT_LARGE);
}

static void expect_large(const struct bench *bench, struct tally *tally)
{
	(void)bench;
	tally_add_range(tally, BASE, 512 * GIB, BASE + SHIFTED, 2, LIMIT_RWX | LIMIT_LARGE);
}

static void map_pages(struct bench *bench)
{
	enum mz_error error = MZ_OK;

	for (uint64_t ia = BASE; ia < BASE + GIB; ia += PAGE)
		error |= mz_table_map(&bench->table, mz_ia_from(ia), PAGE, mz_oa_from(ia + SHIFTED),
				      prop_rwx());
	expect_ok(bench, error);
}

static void limit_map_pages(struct bench *bench)
{
	for (uint64_t ia = BASE; ia < BASE + GIB; ia += PAGE)
		limit_map_page(&bench->limit, ia, (ia + SHIFTED) | LIMIT_RWX);
}

static void limit_map_pages_locked(struct bench *bench)
{
	for (uint64_t ia = BASE; ia < BASE + GIB; ia += PAGE)
		limit_map_page_locked(&bench->limit, ia, (ia + SHIFTED) | LIMIT_RWX);
}

static void map_random(struct bench *bench)
{
	enum mz_error error = MZ_OK;

	for (unsigned i = 0; i < SPARSE_PAGES; i++) {
		uint64_t ia = page_address(bench->sparse[i]);

		error |= mz_table_map(&bench->table, mz_ia_from(ia), PAGE, mz_oa_from(ia + SHIFTED),
				      prop_rwx());
	}
	expect_ok(bench, error);
}

static void limit_map_random(struct bench *bench)
{
	for (unsigned i = 0; i < SPARSE_PAGES; i++) {
		uint64_t ia = page_address(bench->sparse[i]);

		limit_map_page(&bench->limit, ia, (ia + SHIFTED) | LIMIT_RWX);
	}
}

static void limit_map_random_locked(struct bench *bench)
{
	for (unsigned i = 0; i < SPARSE_PAGES; i++) {
		uint64_t ia = page_address(bench->sparse[i]);

		limit_map_page_locked(&bench->limit, ia, (ia + SHIFTED) | LIMIT_RWX);
	}
}

static void expect_random(const struct bench *bench, struct tally *tally)
{
	for (unsigned i = 0; i < SPARSE_PAGES; i++) {
		uint64_t ia = page_address(bench->sparse[i]);

		tally_add(tally, ia, (ia + SHIFTED) | LIMIT_RWX);
	}
}

static const struct row rows[] = {
	{.name = "map-range-4k",
	 .reference = "zero each node, one store an entry",
	 .goals = BOTH(1.0),
	 .op_count = PAGES_GIB,
	 .ours = map_gib,
	 .limit = limit_map_gib,
	 .expect = expect_gib},
	{.name = "map-range-2m",
	 .reference = "zero each node, one store an entry",
	 .goals = BOTH(0.7),
	 .op_count = LARGE_LEAVES,
	 .leaf_levels = LEVELS_1_AND_2,
	 .ours = map_large,
	 .limit = limit_map_large,
	 .expect = expect_large},
	{.name = "map-page-4k",
	 .reference = "walk and blind store",
	 .goals = {2.0, 3.6},
	 .op_count = PAGES_GIB,
	 .ours = map_pages,
	 .limit = limit_map_pages,
	 .expect = expect_gib},
	{.name = "map-page-4k:lock",
	 .reference = "the same under the node's lock",
	 .op_count = PAGES_GIB,
	 .ours = map_pages,
	 .limit = limit_map_pages_locked,
	 .expect = expect_gib},
	{.name = "map-random-4k",
	 .reference = "walk and blind store, nodes zeroed",
	 .goals = BOTH(1.9),
	 .op_count = SPARSE_PAGES,
	 .ours = map_random,
	 .limit = limit_map_random,
	 .expect = expect_random},
	{.name = "map-random-4k:lock",
	 .reference = "the same under the node's lock",
	 .op_count = SPARSE_PAGES,
	 .ours = map_random,
	 .limit = limit_map_random_locked,
	 .expect = expect_random},
};

const struct row_set map_rows = ROW_SET(rows);
