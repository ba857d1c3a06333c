// SPDX-License-Identifier: MPL-2.0
/* Queries. Each page translates to the address of another, so that answers can be followed. */
#include "bench/mezz-bench.h"

/* A query with a reader's section of its own, as one who uses the answer has. */
MZ_INLINE uint64_t query(const struct bench *bench, uint64_t ia)
{
	struct mz_leaf leaf;

	if (BUILD == LOCKED)
		rcu_enter();
	leaf = mz_table_find(&bench->table, mz_ia_from(ia));
	if (BUILD == LOCKED)
		rcu_leave();
	return mz_leaf_oa(leaf).addr;
}

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
			sum += query(bench, page_address(pages[i]));
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
		ia = query(bench, ia);
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

static void query_decoded(struct bench *bench)
{
	uint64_t sum = 0;

	for (unsigned round = 0; round < HOT_ROUNDS; round++)
		for (unsigned i = 0; i < DENSE_PAGES; i++)
			sum += mz_table_query(&bench->table,
					      mz_ia_from(page_address(bench->dense[i])))
				       .oa.addr;
	bench->wrong |= sum != HOT_ROUNDS * address_sum(bench->dense, DENSE_PAGES);
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

static const struct row rows[] = {
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
	{.name = "query-decoded",
	 .reference = "four loads",
	 .op_count = HOT_ROUNDS * DENSE_PAGES,
	 .keeps = true,
	 .prepare = map_dense,
	 .ours = query_decoded,
	 .limit = limit_query_hot,
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
};

const struct row_set query_rows = ROW_SET(rows);
