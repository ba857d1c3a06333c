// SPDX-License-Identifier: MPL-2.0
/* Spaces: what the first touch of a page costs, and taking the permission to write from a guest. */
#include "bench/mezz-bench.h"

#define TIB        ((uint64_t)1 << 40)
#define LARGE_LEAF ((uint64_t)1 << 21)
#define LARGE_RX   (LIMIT_RX | LIMIT_LARGE)
#define LARGE_RWX  (LIMIT_RWX | LIMIT_LARGE)

static struct mz_space space;
static struct mz_worker worker;
static struct mz_region room[1];

static void map_tib_in(struct bench *bench, struct mz_table *table)
{
	expect_ok(
		bench,
		mz_table_map(table, mz_ia_from(BASE), TIB, mz_oa_from(BASE + SHIFTED), prop_rwx()));
}

static void protect_from_above(struct bench *bench, struct mz_table *table)
{
	struct mz_gather gather;

	mz_gather_init(&gather, table);
	expect_ok(bench, mz_table_write_protect(table, mz_ia_from(BASE), TIB, &gather));
	finish(&gather);
}

static void protect_each(struct bench *bench, struct mz_table *table)
{
	struct mz_gather gather;

	mz_gather_init(&gather, table);
	expect_ok(bench,
		  mz_table_protect(table, mz_ia_from(BASE), TIB, MZ_READ | MZ_EXEC, &gather));
	finish(&gather);
}

static void map_tib(struct bench *bench)
{
	map_tib_in(bench, &bench->table);
}

static void protect_tib(struct bench *bench)
{
	protect_from_above(bench, &bench->table);
}

static void limit_protect_tib(struct bench *bench)
{
	protect_each(bench, &bench->table);
}

static void expect_tib_protected(const struct bench *bench, struct tally *tally)
{
	(void)bench;
	tally_add_range(tally, BASE, TIB, BASE + SHIFTED, 2, LARGE_RX);
}

/* The limit's guest is protected leaf by leaf; faults are the same in both. */
static void begin_protected_tib(struct bench *bench)
{
	begin_space(bench, &space, NULL, room, TIB);
	map_tib_in(bench, &space.table);
	if (bench->subject == LIMIT)
		protect_each(bench, &space.table);
	else
		protect_from_above(bench, &space.table);
	mz_worker_begin(&worker, &space);
}

static void write_first(struct bench *bench)
{
	bool wrong = false;

	for (unsigned i = 0; i < WRITTEN; i++)
		wrong |= !resolves(&worker, page_address(bench->written_tib[i]), MZ_WRITE);
	bench->wrong |= wrong;
}

static void expect_written(const struct bench *bench, struct tally *tally)
{
	expect_tib_protected(bench, tally);
	for (unsigned i = 0; i < WRITTEN; i++) {
		uint64_t ia = page_address(bench->written_tib[i]) & ~(LARGE_LEAF - 1);

		tally_subtract(tally, ia, (ia + SHIFTED) | LARGE_RX);
		tally_add(tally, ia, (ia + SHIFTED) | LARGE_RWX);
	}
}

static void begin_fresh_gib(struct bench *bench)
{
	begin_space(bench, &space, NULL, room, GIB);
	mz_worker_begin(&worker, &space);
}

static void fault_pages(struct bench *bench)
{
	bool wrong = false;

	for (uint64_t ia = BASE; ia < BASE + GIB; ia += PAGE)
		wrong |= !resolves(&worker, ia, MZ_WRITE);
	bench->wrong |= wrong;
}

static void limit_map_each(struct bench *bench)
{
	enum mz_error error = MZ_OK;

	for (uint64_t ia = BASE; ia < BASE + GIB; ia += PAGE)
		error |= mz_table_map(&space.table, mz_ia_from(ia), PAGE, mz_oa_from(ia + SHIFTED),
				      prop_rwx());
	expect_ok(bench, error);
}

static const struct row rows[] = {
	{.name = "wp-1t",
	 .reference = "leaf by leaf, by the library",
	 .goals = BOTH(1e-3),
	 .op_count = 1,
	 .leaf_levels = LEVELS_1_AND_2,
	 .prepare = map_tib,
	 .ours = protect_tib,
	 .limit = limit_protect_tib,
	 .expect = expect_tib_protected},
	{.name = "wp-first-write",
	 .reference = "the same faults, each leaf protected",
	 .goals = BOTH(3.0),
	 .op_count = WRITTEN,
	 .leaf_levels = LEVELS_1_AND_2,
	 .prepare = begin_protected_tib,
	 .ours = write_first,
	 .limit = write_first,
	 .expect = expect_written},
	{.name = "fault-fresh",
	 .reference = "the library maps the same pages",
	 .goals = BOTH(2.0),
	 .op_count = PAGES_GIB,
	 .prepare = begin_fresh_gib,
	 .ours = fault_pages,
	 .limit = limit_map_each,
	 .expect = expect_gib},
};

const struct row_set space_rows = ROW_SET(rows);
