// SPDX-License-Identifier: MPL-2.0
/* The rows: what is prepared, what is timed, and what must be in the table afterwards. */
#include "bench/mezz-bench.h"

#include <math.h>

#include "arch/x86/ept.h"

/* ---- Helpers ------------------------------------------------------------------------------- */

static void expect_ok(struct bench *bench, enum mz_error error)
{
	bench->wrong |= error != MZ_OK;
}

/* Ends a work that cut nodes: flushed, a grace period later, freed. */
static void finish(struct mz_gather *gather)
{
	mz_gather_finish(gather);
	rcu_reclaim();
}

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

static void expect_gib(const struct bench *bench, struct tally *tally)
{
	(void)bench;
	tally_add_range(tally, BASE, GIB, BASE + SHIFTED, 1, LIMIT_RWX);
}

static void expect_gib_protected(const struct bench *bench, struct tally *tally)
{
	(void)bench;
	tally_add_range(tally, BASE, GIB, BASE + SHIFTED, 1, LIMIT_RX);
}

/* ---- Mapping ------------------------------------------------------------------------------- */

static void map_gib(struct bench *bench)
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

static void expect_random(const struct bench *bench, struct tally *tally)
{
	for (unsigned i = 0; i < SPARSE_PAGES; i++) {
		uint64_t ia = page_address(bench->sparse[i]);

		tally_add(tally, ia, (ia + SHIFTED) | LIMIT_RWX);
	}
}

/* ---- Queries: each page translates to the address of the next, so that answers can be followed */

/* Maps the pages in an order that has nothing to do with that of the queries. */
static void map_circle(struct bench *bench, const uint32_t *pages, unsigned count)
{
	for (unsigned n = 0; n < count; n++) {
		unsigned i = n * 40503u & (count - 1);

		expect_ok(bench,
			  mz_table_map(&bench->table, mz_ia_from(page_address(pages[i])), PAGE,
				       mz_oa_from(page_address(pages[(i + 1) & (count - 1)])),
				       prop_rwx()));
	}
}

static void expect_circle(const uint32_t *pages, unsigned count, struct tally *tally)
{
	for (unsigned i = 0; i < count; i++)
		tally_add(tally, page_address(pages[i]),
			  page_address(pages[(i + 1) & (count - 1)]) | LIMIT_RWX);
}

static uint64_t address_sum(const uint32_t *pages, unsigned count)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < count; i++)
		sum += page_address(pages[i]);
	return sum;
}

static void query_each(struct bench *bench, const uint32_t *pages, unsigned count, unsigned rounds)
{
	uint64_t sum = 0;

	for (unsigned round = 0; round < rounds; round++)
		for (unsigned i = 0; i < count; i++)
			sum += mz_table_query(&bench->table, mz_ia_from(page_address(pages[i])))
				       .oa.addr;
	bench->wrong |= sum != rounds * address_sum(pages, count);
}

static void limit_query_each(struct bench *bench, const uint32_t *pages, unsigned count,
			     unsigned rounds)
{
	uint64_t sum = 0;

	for (unsigned round = 0; round < rounds; round++)
		for (unsigned i = 0; i < count; i++)
			sum += limit_query(&bench->limit, page_address(pages[i]));
	bench->wrong |= sum != rounds * address_sum(pages, count);
}

static void query_chain(struct bench *bench, const uint32_t *pages, unsigned steps)
{
	uint64_t ia = page_address(pages[0]);

	for (unsigned i = 0; i < steps; i++)
		ia = mz_table_query(&bench->table, mz_ia_from(ia)).oa.addr;
	bench->wrong |= ia != page_address(pages[0]);
}

static void limit_query_chain(struct bench *bench, const uint32_t *pages, unsigned steps)
{
	uint64_t ia = page_address(pages[0]);

	for (unsigned i = 0; i < steps; i++)
		ia = limit_query(&bench->limit, ia);
	bench->wrong |= ia != page_address(pages[0]);
}

#define HOT_ROUNDS 16u

static void map_dense(struct bench *bench)
{
	map_circle(bench, bench->dense, DENSE_PAGES);
}

static void map_sparse(struct bench *bench)
{
	map_circle(bench, bench->sparse, SPARSE_PAGES);
}

static void expect_dense(const struct bench *bench, struct tally *tally)
{
	expect_circle(bench->dense, DENSE_PAGES, tally);
}

static void expect_sparse(const struct bench *bench, struct tally *tally)
{
	expect_circle(bench->sparse, SPARSE_PAGES, tally);
}

static void query_hot(struct bench *bench)
{
	query_each(bench, bench->dense, DENSE_PAGES, HOT_ROUNDS);
}

static void limit_query_hot(struct bench *bench)
{
	limit_query_each(bench, bench->dense, DENSE_PAGES, HOT_ROUNDS);
}

static void query_cold(struct bench *bench)
{
	query_each(bench, bench->sparse, SPARSE_PAGES, 1);
}

static void limit_query_cold(struct bench *bench)
{
	limit_query_each(bench, bench->sparse, SPARSE_PAGES, 1);
}

static void query_hot_latency(struct bench *bench)
{
	query_chain(bench, bench->dense, HOT_ROUNDS * DENSE_PAGES);
}

static void limit_query_hot_latency(struct bench *bench)
{
	limit_query_chain(bench, bench->dense, HOT_ROUNDS * DENSE_PAGES);
}

static void query_cold_latency(struct bench *bench)
{
	query_chain(bench, bench->sparse, SPARSE_PAGES);
}

static void limit_query_cold_latency(struct bench *bench)
{
	limit_query_chain(bench, bench->sparse, SPARSE_PAGES);
}

/* ---- Unmapping ----------------------------------------------------------------------------- */

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

/* ---- Protecting ---------------------------------------------------------------------------- */

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
	for (unsigned i = 0; i < SCATTERED; i++) {
		uint64_t ia = page_address(bench->scattered[i]);

		limit_store_page(&bench->limit, ia, (ia + SHIFTED) | LIMIT_RWX);
	}
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

/* ---- Splitting: the first page of each leaf becomes read-only ------------------------------ */

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

/* ---- Memory -------------------------------------------------------------------------------- */

/* 512 nodes of leaves and one of each level above. */
#define NODES_GIB (512u + 3u)

static double measure_bytes(struct bench *bench, enum subject subject)
{
	static const struct row plain = {.name = "table-bytes"};
	uint64_t nodes;

	if (subject == LIMIT)
		return (double)(NODES_GIB * PAGE);
	bench_begin(bench, &plain, subject);
	map_gib(bench);
	nodes = pool_live_nodes(&bench->pool);
	return (double)(nodes * (PAGE + sizeof(struct mz_frame)));
}

/* ---- The table of rows --------------------------------------------------------------------- */

#define BOTH(goal)         \
	{                  \
		goal, goal \
	}

const struct row rows[] = {
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
	{.name = "map-random-4k",
	 .reference = "walk and blind store, nodes zeroed",
	 .goals = BOTH(1.9),
	 .op_count = SPARSE_PAGES,
	 .ours = map_random,
	 .limit = limit_map_random,
	 .expect = expect_random},
	{.name = "query-hot",
	 .reference = "four loads",
	 .goals = BOTH(1.15),
	 .op_count = HOT_ROUNDS * DENSE_PAGES,
	 .keeps = true,
	 .prepare = map_dense,
	 .ours = query_hot,
	 .limit = limit_query_hot,
	 .expect = expect_dense},
	{.name = "query-hot-latency",
	 .reference = "four dependent loads",
	 .goals = BOTH(1.1),
	 .op_count = HOT_ROUNDS * DENSE_PAGES,
	 .keeps = true,
	 .prepare = map_dense,
	 .ours = query_hot_latency,
	 .limit = limit_query_hot_latency,
	 .expect = expect_dense},
	{.name = "query-cold",
	 .reference = "four loads",
	 .goals = BOTH(1.15),
	 .op_count = SPARSE_PAGES,
	 .keeps = true,
	 .prepare = map_sparse,
	 .ours = query_cold,
	 .limit = limit_query_cold,
	 .expect = expect_sparse},
	{.name = "query-cold-latency",
	 .reference = "four dependent loads",
	 .goals = BOTH(1.03),
	 .op_count = SPARSE_PAGES,
	 .keeps = true,
	 .prepare = map_sparse,
	 .ours = query_cold_latency,
	 .limit = limit_query_cold_latency,
	 .expect = expect_sparse},
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
	 .reference = "walk and blind store",
	 .goals = {1.4, 1.7},
	 .op_count = SCATTERED,
	 .prepare = map_gib_protected,
	 .ours = unprotect_pages,
	 .limit = limit_unprotect_pages,
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
	{.name = "table-bytes",
	 .reference = "515 nodes",
	 .goals = BOTH(1.005),
	 .unit = "bytes",
	 .measure = measure_bytes},
	{.name = "scale-2",
	 .reference = "half of what one thread takes",
	 .goals = {0, 1 / 0.92},
	 .measure = measure_scale},
};

const unsigned row_count = sizeof(rows) / sizeof(rows[0]);

/* ---- Setting up ---------------------------------------------------------------------------- */

/* A permutation of the numbers of `lg2` bits. */
static uint32_t scramble(uint32_t number, unsigned lg2)
{
	uint32_t mask = (1u << lg2) - 1;

	for (unsigned i = 0; i < 3; i++) {
		number = (number * 0x2c1b3c6du + 0x3243f6a9u) & mask;
		number ^= number >> (lg2 / 2);
	}
	return number;
}

void bench_init(struct bench *bench)
{
	pool_init(&bench->pool);
	for (uint32_t i = 0; i < DENSE_PAGES; i++)
		bench->dense[i] = scramble(i, 16);
	for (uint32_t i = 0; i < SPARSE_PAGES; i++)
		bench->sparse[i] = scramble(i, 24);
	for (uint32_t i = 0; i < SCATTERED; i++)
		bench->scattered[i] = scramble(i, 18);
}

static void flush_range(void *context, mz_ia first, mz_ia last, bool nodes)
{
	(void)first;
	(void)last;
	(void)nodes;
	((struct bench *)context)->flush_count++;
}

void bench_begin(struct bench *bench, const struct row *row, enum subject subject)
{
	static struct mz_format runtime;

	runtime = mz_ept;
	runtime.ops = NULL;
	pool_reset(&bench->pool);
	bench->config = (struct mz_config) {
		.format = subject == RUNTIME ? &runtime : &mz_ept,
		.leaf_levels = row->leaf_levels != 0 ? row->leaf_levels : LEVEL_1,
		.features = row->features,
		.memory = pool_memory(&bench->pool),
		.flush = {.context = bench, .range = flush_range},
	};
	if (BUILD == LOCKED)
		bench->config.rcu = rcu_hooks();
	expect_ok(bench, mz_table_init(&bench->table, &bench->config));
	bench->limit = (struct limit) {
		.pool = &bench->pool,
		.linear = bench->config.memory.linear,
		.root = bench->table.root_oa.addr,
	};
}
