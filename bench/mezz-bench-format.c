// SPDX-License-Identifier: MPL-2.0
/* What the choice of a compiled format costs: the slowest of them against the fastest. */
#include <math.h>

#include "arch/x86/ept.h"
#include "arch/x86/ia32e.h"
#include "arch/x86/npt.h"
#include "bench/mezz-bench.h"

#define REPEATS 3
#define ROUNDS  8u

/* The same geometry: 4 levels of 512 entries. */
static const struct mz_format *const formats[] = {&mz_ept, &mz_npt, &mz_ia32e};

#define FORMATS (sizeof(formats) / sizeof(formats[0]))

static void begin(struct bench *bench, const struct mz_format *format)
{
	static const struct row plain = {.name = NULL};

	bench_begin(bench, &plain, OURS);
	pool_reset(&bench->pool);
	bench->config.format = format;
	expect_ok(bench, mz_table_init(&bench->table, &bench->config));
}

static double time_map(struct bench *bench)
{
	enum mz_error error = MZ_OK;
	double start = spent_ns();

	for (uint64_t ia = BASE; ia < BASE + GIB; ia += PAGE)
		error |= mz_table_map(&bench->table, mz_ia_from(ia), PAGE, mz_oa_from(ia + SHIFTED),
				      prop_rwx());
	expect_ok(bench, error);
	return (spent_ns() - start) / PAGES_GIB;
}

static double time_query(struct bench *bench)
{
	uint64_t sum = 0;
	double start;

	map_gib(bench);
	start = spent_ns();
	for (unsigned n = 0; n < ROUNDS * DENSE_PAGES; n++) {
		uint64_t ia = page_address(bench->dense[n % DENSE_PAGES]);

		sum += mz_leaf_oa(mz_table_find(&bench->table, mz_ia_from(ia))).addr - SHIFTED - ia;
	}
	bench->wrong |= sum != 0;
	return (spent_ns() - start) / (ROUNDS * DENSE_PAGES);
}

/* Of each format the best run, and of these the worst, or for the limit the best. */
static double compare(struct bench *bench, enum subject subject, double (*time)(struct bench *))
{
	double best[FORMATS], answer;

	if (subject == RUNTIME)
		return NAN;
	for (unsigned i = 0; i < FORMATS; i++)
		best[i] = INFINITY;
	for (unsigned n = 0; n < REPEATS * FORMATS; n++) {
		begin(bench, formats[n % FORMATS]);
		best[n % FORMATS] = fmin(best[n % FORMATS], time(bench));
	}
	answer = best[0];
	for (unsigned i = 1; i < FORMATS; i++)
		answer = subject == LIMIT ? fmin(answer, best[i]) : fmax(answer, best[i]);
	return answer;
}

static double measure_map(struct bench *bench, enum subject subject)
{
	return compare(bench, subject, time_map);
}

static double measure_query(struct bench *bench, enum subject subject)
{
	return compare(bench, subject, time_query);
}

static const struct row rows[] = {
	{.name = "format-map-page",
	 .reference = "the fastest format",
	 .goals = BOTH(1.15),
	 .measure = measure_map},
	{.name = "format-query",
	 .reference = "the fastest format",
	 .goals = BOTH(1.15),
	 .measure = measure_query},
};

const struct row_set format_rows = ROW_SET(rows);
