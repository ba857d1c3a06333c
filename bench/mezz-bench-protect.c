// SPDX-License-Identifier: MPL-2.0
/* Changing permissions; for a part of a leaf, that splits it. */
#include "bench/mezz-bench.h"

static void expect_gib_protected(const struct bench *bench, struct tally *tally)
{
	(void)bench;
	tally_add_range(tally, BASE, GIB, BASE + SHIFTED, 1, LIMIT_RX);
}

static void protect_gib(struct bench *bench)
{
	struct mz_gather gather;

	mz_gather_init(&gather, &bench->table);
	expect_ok(
		bench,
		mz_table_protect(&bench->table, mz_ia_from(BASE), GIB, MZ_READ | MZ_EXEC, &gather));
	finish(&gather);
}

static void limit_protect_gib(struct bench *bench)
{
	limit_protect_range(&bench->limit, BASE, GIB);
}

static void limit_protect_gib_locked(struct bench *bench)
{
	limit_protect_range_locked(&bench->limit, BASE, GIB);
}

static void map_gib_protected(struct bench *bench)
{
	expect_ok(bench,
		  mz_table_map(&bench->table, mz_ia_from(BASE), GIB, mz_oa_from(BASE + SHIFTED),
			       mz_prop_from(MZ_READ | MZ_EXEC)));
}

static void unprotect_pages(struct bench *bench)
{
	enum mz_error error = MZ_OK;
	struct mz_gather gather;

	mz_gather_init(&gather, &bench->table);
	for (unsigned i = 0; i < SCATTERED; i++)
		error |= mz_table_protect(&bench->table,
					  mz_ia_from(page_address(bench->scattered[i])), PAGE,
					  MZ_READ | MZ_WRITE | MZ_EXEC, &gather);
	finish(&gather);
	expect_ok(bench, error);
}

static void limit_unprotect_pages(struct bench *bench)
{
	for (unsigned i = 0; i < SCATTERED; i++)
		limit_unprotect_page(&bench->limit, page_address(bench->scattered[i]));
}

static void limit_unprotect_pages_locked(struct bench *bench)
{
	for (unsigned i = 0; i < SCATTERED; i++)
		limit_unprotect_page_locked(&bench->limit, page_address(bench->scattered[i]));
}

static void expect_unprotected(const struct bench *bench, struct tally *tally)
{
	expect_gib_protected(bench, tally);
	for (unsigned i = 0; i < SCATTERED; i++) {
		uint64_t ia = page_address(bench->scattered[i]);

		tally_subtract(tally, ia, (ia + SHIFTED) | LIMIT_RX);
		tally_add(tally, ia, (ia + SHIFTED) | LIMIT_RWX);
	}
}

/* Two levels of leaves are allowed: 1 GiB takes three nodes. */
static void map_splittable(struct bench *bench)
{
	map_gib(bench);
	bench->wrong |= pool_live_nodes(&bench->pool) != 3;
}

static void split_leaves(struct bench *bench)
{
	enum mz_error error = MZ_OK;
	struct mz_gather gather;

	mz_gather_init(&gather, &bench->table);
	for (uint64_t ia = BASE; ia < BASE + GIB; ia += GIB / SPLITS)
		error |= mz_table_protect(&bench->table, mz_ia_from(ia), PAGE, MZ_READ | MZ_EXEC,
					  &gather);
	finish(&gather);
	expect_ok(bench, error);
}

static void limit_split_leaves(struct bench *bench)
{
	for (uint64_t ia = BASE; ia < BASE + GIB; ia += GIB / SPLITS)
		limit_split(&bench->limit, ia, LIMIT_RX);
}

static void expect_split(const struct bench *bench, struct tally *tally)
{
	expect_gib(bench, tally);
	for (uint64_t ia = BASE; ia < BASE + GIB; ia += GIB / SPLITS) {
		tally_subtract(tally, ia, (ia + SHIFTED) | LIMIT_RWX);
		tally_add(tally, ia, (ia + SHIFTED) | LIMIT_RX);
	}
}

static const struct row rows[] = {
	{.name = "protect-range-4k",
	 .reference = "read-modify-write in place",
	 .goals = BOTH(1.5),
	 .op_count = PAGES_GIB,
	 .prepare = map_gib,
	 .ours = protect_gib,
	 .limit = limit_protect_gib,
	 .expect = expect_gib_protected},
	{.name = "protect-range-4k-dirty",
	 .reference = "one locked instruction an entry",
	 .goals = BOTH(1.1),
	 .op_count = PAGES_GIB,
	 .features = MZ_HW_ACCESSED_DIRTY,
	 .prepare = map_gib,
	 .ours = protect_gib,
	 .limit = limit_protect_gib_locked,
	 .expect = expect_gib_protected},
	{.name = "protect-page-4k",
	 .reference = "walk and read-modify-write",
	 .goals = {1.4, 1.7},
	 .op_count = SCATTERED,
	 .prepare = map_gib_protected,
	 .ours = unprotect_pages,
	 .limit = limit_unprotect_pages,
	 .expect = expect_unprotected},
	{.name = "protect-page-4k:lock",
	 .reference = "the same under the node's lock",
	 .op_count = SCATTERED,
	 .prepare = map_gib_protected,
	 .ours = unprotect_pages,
	 .limit = limit_unprotect_pages_locked,
	 .expect = expect_unprotected},
	{.name = "split-2m",
	 .reference = "walk, zero and fill a node, link it",
	 .goals = BOTH(1.0),
	 .op_count = SPLITS,
	 .leaf_levels = LEVELS_1_AND_2,
	 .prepare = map_splittable,
	 .ours = split_leaves,
	 .limit = limit_split_leaves,
	 .expect = expect_split},
};

const struct row_set protect_rows = ROW_SET(rows);
