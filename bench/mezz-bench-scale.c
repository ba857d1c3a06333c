// SPDX-License-Identifier: MPL-2.0
/*
 * Two threads on one space, each in a GiB of its own: every page faults in, or every other, and the
 * one before it is mapped. The reference is half of the time that one thread takes for its GiB
 * alone: what two would take if neither felt the other.
 */
#include "bench/mezz-bench.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define THREADS 2u
#define REPEATS 3u
#define SLICES  16u
#define SLICE   (GIB / SLICES)

struct worker {
	struct mz_space *space;
	unsigned number, of;
	bool maps; /* every other page */
	unsigned *arrived;
	double begin_ns[SLICES], end_ns[SLICES];
	bool wrong;
};

/* Nobody begins a slice before all are there. */
static void meet(struct worker *worker, unsigned slice)
{
	__atomic_fetch_add(worker->arrived, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(worker->arrived, __ATOMIC_ACQUIRE) < (slice + 1) * worker->of)
		mz_relax();
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	uint64_t ia = BASE + worker->number * GIB;
	bool wrong = !pin(worker->number);
	struct mz_worker at_work;

	pool_use_lane(worker->number);
	mz_worker_begin(&at_work, worker->space);
	for (unsigned slice = 0; slice < SLICES; slice++) {
		meet(worker, slice);
		worker->begin_ns[slice] = now_ns();
		for (uint64_t end = ia + SLICE; ia < end; ia += 2 * PAGE) {
			if (worker->maps)
				wrong |= mz_table_map(&worker->space->table, mz_ia_from(ia), PAGE,
						      mz_oa_from(ia + SHIFTED),
						      prop_rwx()) != MZ_OK;
			else
				wrong |= !resolves(&at_work, ia, MZ_WRITE);
			wrong |= !resolves(&at_work, ia + PAGE, MZ_WRITE);
		}
		worker->end_ns[slice] = now_ns();
	}
	mz_worker_end(&at_work);
	worker->wrong = wrong;
	return NULL;
}

/* The best slice, from its first beginning to its last end: nobody else had a processor then. */
static double run(struct bench *bench, struct mz_space *space, unsigned threads, bool maps)
{
	static struct worker workers[THREADS];
	pthread_t handles[THREADS];
	unsigned arrived = 0;
	double best = INFINITY;

	for (unsigned i = 0; i < threads; i++) {
		workers[i] = (struct worker) {.space = space,
					      .number = i,
					      .of = threads,
					      .maps = maps,
					      .arrived = &arrived};
		if (pthread_create(&handles[i], NULL, work, &workers[i]) != 0) {
			perror("mezz-bench: pthread_create");
			exit(1);
		}
	}
	for (unsigned i = 0; i < threads; i++) {
		pthread_join(handles[i], NULL);
		bench->wrong |= workers[i].wrong;
	}
	for (unsigned slice = 0; slice < SLICES; slice++) {
		double begin_ns = INFINITY, end_ns = 0;

		for (unsigned i = 0; i < threads; i++) {
			begin_ns = fmin(begin_ns, workers[i].begin_ns[slice]);
			end_ns = fmax(end_ns, workers[i].end_ns[slice]);
		}
		best = fmin(best, end_ns - begin_ns);
	}
	return best;
}

static double run_fresh(struct bench *bench, enum subject subject, unsigned threads, bool maps)
{
	static const struct row plain = {.name = "scale-2"};
	struct mz_region regions[1];
	struct mz_space space;
	struct tally expected = {0, 0};
	double ns;

	bench_begin(bench, &plain, subject);
	begin_space(bench, &space, NULL, regions, THREADS * GIB);
	ns = run(bench, &space, threads, maps);
	tally_add_range(&expected, BASE, threads * GIB, BASE + SHIFTED, 1, LIMIT_RWX);
	bench->wrong |= !tally_equal(expected, tally_table(&bench->limit));
	return ns;
}

static double measure(struct bench *bench, enum subject subject, bool maps)
{
	unsigned threads = subject == LIMIT ? 1 : THREADS;
	double best = INFINITY;

	if (BUILD == SINGLE || subject == RUNTIME)
		return NAN;
	if (!pin(THREADS - 1))
		return NAN;
	for (unsigned i = 0; i < REPEATS; i++)
		best = fmin(best, run_fresh(bench, subject, threads, maps));
	pin(0);
	return best / THREADS / (double)(SLICE / PAGE);
}

static double measure_both(struct bench *bench, enum subject subject)
{
	return measure(bench, subject, true);
}

static double measure_faults(struct bench *bench, enum subject subject)
{
	return measure(bench, subject, false);
}

static const struct row rows[] = {
	{.name = "scale-2",
	 .reference = "half of what one thread takes",
	 .goals = {0, 1 / 0.92},
	 .measure = measure_both},
	{.name = "fault-scale-2",
	 .reference = "half of what one thread takes",
	 .goals = {0, 1 / 0.9},
	 .measure = measure_faults},
};

const struct row_set scale_rows = ROW_SET(rows);
