// SPDX-License-Identifier: MPL-2.0
/* Splitting a leaf for a write while another thread translates through it. */
#include "bench/mezz-bench.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define TRIES 20u
#define SPAN  (GIB / SPLITS)

/* Looks pages of the leaf up that is being split, all the time. */
struct reader {
	const struct mz_table *table;
	uint64_t leaf;       /* where it is; 0: done */
	uint64_t look_count; /* how often it has looked */
	bool wrong;
};

static void *look(void *argument)
{
	struct reader *reader = argument;
	uint64_t leaf, looks = 0;
	bool wrong = !pin(1);

	while ((leaf = __atomic_load_n(&reader->leaf, __ATOMIC_ACQUIRE)) != 0) {
		mz_ia ia = mz_ia_from(leaf + looks * 37 % (SPAN / PAGE) * PAGE);

		mz_reader_enter(reader->table);
		wrong |= mz_leaf_oa(mz_table_find(reader->table, ia)).addr != ia.addr + SHIFTED;
		mz_reader_leave(reader->table);
		__atomic_store_n(&reader->look_count, ++looks, __ATOMIC_RELEASE);
	}
	reader->wrong = wrong;
	return NULL;
}

/* Each leaf's first page gets writable. */
static void split_ours(struct bench *bench, struct reader *reader)
{
	enum mz_error error = MZ_OK;
	struct mz_gather gather;

	mz_gather_init(&gather, &bench->table);
	for (uint64_t ia = BASE; ia < BASE + GIB; ia += SPAN) {
		struct mz_writable writable = {.level_max = 1, .gather = &gather};

		__atomic_store_n(&reader->leaf, ia, __ATOMIC_RELEASE);
		error |= mz_table_write_enable(&bench->table, mz_ia_from(ia), &writable);
	}
	finish(&gather);
	expect_ok(bench, error);
}

static void split_limit(struct bench *bench, struct reader *reader)
{
	for (uint64_t ia = BASE; ia < BASE + GIB; ia += SPAN) {
		__atomic_store_n(&reader->leaf, ia, __ATOMIC_RELEASE);
		limit_split(&bench->limit, ia, LIMIT_RWX);
	}
}

static void check(struct bench *bench, const struct reader *reader)
{
	struct tally expected = {0, 0};

	tally_add_range(&expected, BASE, GIB, BASE + SHIFTED, 1, LIMIT_RX);
	for (uint64_t ia = BASE; ia < BASE + GIB; ia += SPAN) {
		tally_subtract(&expected, ia, (ia + SHIFTED) | LIMIT_RX);
		tally_add(&expected, ia, (ia + SHIFTED) | LIMIT_RWX);
	}
	bench->wrong |= reader->wrong || !tally_equal(expected, tally_table(&bench->limit));
}

/* NAN: the reader was kept from its processor. */
static double time_splits(struct bench *bench, enum subject subject)
{
	static const struct row plain = {.name = "split-live", .leaf_levels = LEVELS_1_AND_2};
	struct reader reader = {.table = &bench->table, .leaf = BASE};
	uint64_t looks;
	pthread_t handle;
	double ns;

	bench_begin(bench, &plain, subject);
	expect_ok(bench,
		  mz_table_map(&bench->table, mz_ia_from(BASE), GIB, mz_oa_from(BASE + SHIFTED),
			       mz_prop_from(MZ_READ | MZ_EXEC)));
	if (pthread_create(&handle, NULL, look, &reader) != 0) {
		perror("mezz-bench: pthread_create");
		exit(1);
	}
	while (__atomic_load_n(&reader.look_count, __ATOMIC_ACQUIRE) == 0)
		mz_relax();
	looks = __atomic_load_n(&reader.look_count, __ATOMIC_RELAXED);
	ns = spent_ns();
	if (subject == LIMIT)
		split_limit(bench, &reader);
	else
		split_ours(bench, &reader);
	ns = spent_ns() - ns;
	looks = __atomic_load_n(&reader.look_count, __ATOMIC_RELAXED) - looks;
	__atomic_store_n(&reader.leaf, 0, __ATOMIC_RELEASE);
	pthread_join(handle, NULL);
	check(bench, &reader);
	return looks >= SPLITS ? ns : NAN;
}

/* The mean: the best would be of the moments at which the reader looked least. */
static double measure(struct bench *bench, enum subject subject)
{
	double sum = 0;
	unsigned count = 0;

	if (BUILD == SINGLE || !pin(1) || !pin(0))
		return NAN;
	for (unsigned i = 0; i < TRIES; i++) {
		double ns = time_splits(bench, subject);

		if (!isnan(ns)) {
			sum += ns;
			count++;
		}
	}
	return count == 0 ? NAN : sum / count / SPLITS;
}

static const struct row rows[] = {
	{.name = "split-live",
	 .reference = "the limit of split-2m, looked at as well",
	 .goals = {0, 1.5},
	 .measure = measure},
};

const struct row_set live_rows = ROW_SET(rows);
