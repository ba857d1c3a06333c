// SPDX-License-Identifier: MPL-2.0
/* Unmapping 1 GiB. */
#include "bench/mezz-bench.h"

/* The sum of the output addresses of 1 GiB. */
static uint64_t oa_sum_gib(void)
{
	return PAGES_GIB * (BASE + SHIFTED) + PAGE * (PAGES_GIB * (PAGES_GIB - 1) / 2);
}

static void expect_nothing(const struct bench *bench, struct tally *tally)
{
	(void)bench;
	(void)tally;
}

static void unmap_gib(struct bench *bench)
{
	struct mz_gather gather;

	mz_gather_init(&gather, &bench->table);
	expect_ok(bench, mz_table_unmap(&bench->table, mz_ia_from(BASE), GIB, &gather));
	finish(&gather);
}

/* `count` leaves that continue one another: adds all their output addresses. */
static void sum_unmapped(void *context, mz_ia ia, struct mz_item item, unsigned count)
{
	uint64_t *sum = context;

	(void)ia;
	*sum += count * item.oa.addr + PAGE * ((uint64_t)count * (count - 1) / 2);
}

static void unmap_gib_reported(struct bench *bench)
{
	struct mz_gather gather;
	uint64_t sum = 0;

	mz_gather_init(&gather, &bench->table);
	gather.unmapped = sum_unmapped;
	gather.context = &sum;
	expect_ok(bench, mz_table_unmap(&bench->table, mz_ia_from(BASE), GIB, &gather));
	finish(&gather);
	bench->wrong |= sum != oa_sum_gib();
}

static void limit_clear_gib(struct bench *bench)
{
	uint64_t sum = limit_clear_range(&bench->limit, BASE, GIB);

	bench->wrong |= sum != oa_sum_gib() + PAGES_GIB * LIMIT_RWX;
}

static void unmap_pages(struct bench *bench)
{
	enum mz_error error = MZ_OK;
	struct mz_gather gather;

	mz_gather_init(&gather, &bench->table);
	for (uint64_t ia = BASE; ia < BASE + GIB; ia += PAGE)
		error |= mz_table_unmap(&bench->table, mz_ia_from(ia), PAGE, &gather);
	finish(&gather);
	expect_ok(bench, error);
	bench->wrong |= pool_live_nodes(&bench->pool) != 1;
}

static void limit_clear_pages(struct bench *bench)
{
	for (uint64_t ia = BASE; ia < BASE + GIB; ia += PAGE)
		limit_store_page(&bench->limit, ia, 0);
}

static void limit_clear_pages_locked(struct bench *bench)
{
	for (uint64_t ia = BASE; ia < BASE + GIB; ia += PAGE)
		limit_clear_page_locked(&bench->limit, ia);
}

static const struct row rows[] = {
	{.name = "unmap-range-4k",
	 .reference = "read and clear every entry, free nodes",
	 .goals = BOTH(0.04),
	 .op_count = PAGES_GIB,
	 .prepare = map_gib,
	 .ours = unmap_gib,
	 .limit = limit_clear_gib,
	 .expect = expect_nothing},
	{.name = "unmap-report-4k",
	 .reference = "read and clear every entry, free nodes",
	 .goals = BOTH(1.5),
	 .op_count = PAGES_GIB,
	 .prepare = map_gib,
	 .ours = unmap_gib_reported,
	 .limit = limit_clear_gib,
	 .expect = expect_nothing},
	{.name = "unmap-page-4k",
	 .reference = "walk and blind store, nodes stay",
	 .goals = {2.0, 3.6},
	 .op_count = PAGES_GIB,
	 .prepare = map_gib,
	 .ours = unmap_pages,
	 .limit = limit_clear_pages,
	 .expect = expect_nothing},
	{.name = "unmap-page-4k:lock",
	 .reference = "the same under the node's lock",
	 .op_count = PAGES_GIB,
	 .prepare = map_gib,
	 .ours = unmap_pages,
	 .limit = limit_clear_pages_locked,
	 .expect = expect_nothing},
};

const struct row_set unmap_rows = ROW_SET(rows);
