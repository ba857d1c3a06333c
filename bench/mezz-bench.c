// SPDX-License-Identifier: MPL-2.0
/*
 * mezz-bench: how close the library comes to what its work costs at least.
 *
 * The library, the limit and the run-time instance take turns on the same memory in one process, on
 * one processor. In a run they alternate a few times, and the best of each counts; a figure is the
 * median over the runs, a ratio the median of the runs' ratios.
 */
#include "bench/mezz-bench-report.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REPEATS_MIN 3u
#define REPEATS_MAX 40u
#define ENOUGH_NS   1e7 /* of timed work in a run */
#define ROWS_MAX    48u

static struct bench bench;

/* The processors that the process was started on; the last is the least busy on most systems. */
static cpu_set_t allowed;

bool pin(unsigned n)
{
	for (size_t cpu = CPU_SETSIZE; cpu-- > 0;) {
		cpu_set_t one;

		if (!CPU_ISSET(cpu, &allowed) || n-- > 0)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		return sched_setaffinity(0, sizeof(one), &one) == 0;
	}
	return false;
}

/* What the row left in the table, against what it should have. */
static void verify(const struct row *row)
{
	struct tally expected = {0, 0};

	row->expect(&bench, &expected);
	bench.wrong |= !tally_equal(expected, tally_table(&bench.limit));
}

static void begin(const struct row *row, enum subject subject)
{
	bench_begin(&bench, row, subject);
	if (row->prepare != NULL)
		row->prepare(&bench);
}

static double clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

double now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

double spent_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* What the work takes on this processor: not what others get in between. */
static double time_work(const struct row *row, enum subject subject)
{
	void (*work)(struct bench *) = subject == LIMIT ? row->limit : row->ours;
	double cpu_ns = spent_ns(), wall_ns = now_ns();

	work(&bench);
	wall_ns = now_ns() - wall_ns;
	cpu_ns = spent_ns() - cpu_ns;
	return fmin(wall_ns, cpu_ns);
}

/*
 * One run: the subjects [first, last] take turns, and each one's best counts. What they leave
 * behind is checked after the first turn.
 */
static void take_turns(const struct row *row, enum subject first, enum subject last, double *best)
{
	double spent = 0;

	for (enum subject s = first; s <= last; s++)
		best[s] = INFINITY;
	for (unsigned i = 0; i < REPEATS_MAX && (i < REPEATS_MIN || spent < ENOUGH_NS); i++) {
		for (enum subject s = first; s <= last; s++) {
			double ns;

			if (!row->keeps || (i == 0 && s == first))
				begin(row, s);
			ns = time_work(row, s);
			if (i == 0)
				verify(row);
			best[s] = fmin(best[s], ns);
			spent += ns;
		}
	}
	for (enum subject s = first; s <= last; s++)
		best[s] /= (double)row->op_count;
}

static void measure(const struct row *row, double *best)
{
	if (row->measure != NULL) {
		for (enum subject s = 0; s < SUBJECTS; s++)
			best[s] = row->measure(&bench, s);
	} else if (row->keeps) {
		/* The limit works on our table, the run-time instance has its own. */
		take_turns(row, OURS, LIMIT, best);
		take_turns(row, RUNTIME, RUNTIME, best);
	} else {
		take_turns(row, OURS, RUNTIME, best);
	}
}

/* The i-th of all rows, in the order of the table; NULL after the last. */
static const struct row *row_at(unsigned i)
{
	static const struct row_set *const sets[] = {
		&map_rows,   &query_rows,  &unmap_rows, &protect_rows, &bytes_rows,
		&scale_rows, &format_rows, &space_rows, &large_rows,   &live_rows};

	for (size_t s = 0; s < sizeof(sets) / sizeof(sets[0]); i -= sets[s++]->count)
		if (i < sets[s]->count)
			return &sets[s]->rows[i];
	return NULL;
}

struct options {
	unsigned runs;
	bool json;
	const struct row *picked[ROWS_MAX];
	unsigned picked_count;
};

static void usage(FILE *to)
{
	fputs("usage: mezz-bench [--rows NAME,...] [--runs N] [--json]\n"
	      "  --rows NAME,...  only these rows\n"
	      "  --runs N         alternating runs of each row (default 7)\n"
	      "  --json           an array of objects: NAME, against the limit, and "
	      "NAME:run-time,\n"
	      "                   against the run-time instance. The _ns members of a row whose\n"
	      "                   `unit` is another are of that unit\n"
	      "A ratio is ours by the reference's; a goal is the greatest that would please.\n",
	      to);
	fputs("The rows:", to);
	for (unsigned i = 0; row_at(i) != NULL; i++)
		fprintf(to, "%s%s", i % 4 == 0 ? "\n  " : " ", row_at(i)->name);
	fputc('\n', to);
}

static const struct row *find_row(const char *name)
{
	for (unsigned i = 0; row_at(i) != NULL; i++)
		if (strcmp(row_at(i)->name, name) == 0)
			return row_at(i);
	fprintf(stderr, "mezz-bench: there is no row %s\n", name);
	exit(2);
}

static void pick(struct options *options, const struct row *row)
{
	if (options->picked_count == ROWS_MAX) {
		fputs("mezz-bench: too many rows\n", stderr);
		exit(2);
	}
	options->picked[options->picked_count++] = row;
}

static struct options parse(int argc, char **argv)
{
	static const struct option known[] = {
		{"rows", required_argument, NULL, 'r'},
		{"runs", required_argument, NULL, 'n'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct options options = {.runs = 7};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'r') {
			for (char *name = strtok(optarg, ","); name != NULL;
			     name = strtok(NULL, ","))
				pick(&options, find_row(name));
		} else if (option == 'n') {
			options.runs = (unsigned)strtoul(optarg, NULL, 10);
		} else if (option == 'j') {
			options.json = true;
		} else {
			usage(option == 'h' ? stdout : stderr);
			exit(option == 'h' ? 0 : 2);
		}
	}
	if (optind != argc || options.runs < 1 || options.runs > RUNS_MAX) {
		usage(stderr);
		exit(2);
	}
	if (options.picked_count == 0)
		for (unsigned i = 0; row_at(i) != NULL; i++)
			pick(&options, row_at(i));
	return options;
}

/* False: the row can't be measured here. */
static bool run_row(const struct row *row, unsigned runs, struct figures *figures)
{
	for (unsigned i = 0; i < runs; i++)
		measure(row, figures->runs[i]);
	if (bench.wrong) {
		fprintf(stderr, "mezz-bench: %s: a result is wrong\n", row->name);
		exit(1);
	}
	return !isnan(figures->runs[0][OURS]) && !isnan(figures->runs[0][LIMIT]);
}

int main(int argc, char **argv)
{
	static struct figures figures;
	struct options options = parse(argc, argv);
	bool first = true;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0 || !pin(0)) {
		fprintf(stderr, "mezz-bench: can't stay on one processor: %s\n", strerror(errno));
		return 1;
	}
	bench_init(&bench);
	if (options.json)
		printf("[");
	else
		print_header();
	for (unsigned i = 0; i < options.picked_count; i++) {
		const struct row *row = options.picked[i];

		if (!run_row(row, options.runs, &figures)) {
			if (!options.json)
				printf("%-23s can not be measured by this build on this host\n",
				       row->name);
			continue;
		}
		if (options.json)
			print_json(row, &figures, options.runs, first);
		else
			print_row(row, &figures, options.runs);
		first = false;
	}
	if (options.json)
		printf("]\n");
	return 0;
}
