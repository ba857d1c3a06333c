// SPDX-License-Identifier: MPL-2.0
/*
 * Tries all schedules of programs and prints TAP.
 *
 *   explore [NAME...]                       scenarios: all, or these
 *   explore -s FIRST COUNT                  from the FIRST on, from 0, each COUNT-th scenario
 *   explore -r COUNT                        that many random programs, from MZ_SEED
 *   explore -c                              does the reduction lose no run of a scenario?
 *   explore -p FORMAT FLAGS BEGIN THREADS   a program of one's own (see tests/explore/program.h)
 *
 * A failure is told with its schedule, turn by turn; the same program fails in the same way again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/explore/memory.h"
#include "tests/explore/program.h"
#include "tests/explore/random.h"
#include "tests/explore/scenarios.h"
#include "tests/explore/search.h"
#include "tests/explore/tiny.h"
#include "tests/rng.h"

/* A random program that has more schedules than this is left at that. */
#define RANDOM_LIMIT 20000

static unsigned test_count, failure_count;
static uint64_t all_runs, all_turns;
static double all_seconds;

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void print_turn(const char *when, unsigned task, struct op op)
{
	static const char *const words[] = {
		[OP_LOAD] = "loads",
		[OP_STORE] = "stores",
		[OP_UPDATE] = "updates",
		[OP_LOCK] = "locks",
		[OP_UNLOCK] = "unlocks",
		[OP_AWAIT] = "waits for",
		[OP_ENTER] = "begins to be one of the",
		[OP_LEAVE] = "ceases to be one of the",
		[OP_RETIRE] = "retires nodes, until left by the",
		[OP_GRACE] = "has waited for the",
		[OP_WAIT] = "waits for",
	};
	char object[64];

	memory_object_text(op.object, object, sizeof(object));
	if (task < THREADS_MAX)
		printf("#  %6s thread %u: %s %s\n", when, task, words[op.kind], object);
	else
		printf("#  %6s reclaimer %u of thread %u: %s %s\n", when,
		       (task - THREADS_MAX) % RETIRES_MAX, (task - THREADS_MAX) / RETIRES_MAX,
		       words[op.kind], object);
}

static void print_schedule(void)
{
	unsigned task;
	struct op op;

	for (unsigned i = 0; search_step(i, &task, &op); i++) {
		char when[16];

		snprintf(when, sizeof(when), "%u", i);
		print_turn(when, task, op);
	}
	for (unsigned i = 0; i < TASKS_MAX; i++)
		if (tasks[i].live)
			print_turn("next:", i, tasks[i].pending);
}

/* Each page that is mapped, as "ia=oa" and its permissions. */
static void print_pages(const char *title, const struct serial_pages *pages)
{
	printf("#  %s:", title);
	for (unsigned i = 0; i < pages->count; i++)
		if (serial_mapped(pages->pages[i]))
			printf(" %u=%u/%u", i, serial_oa(pages->pages[i]), pages->pages[i] & 7);
	printf("\n");
}

static void print_result(const char *name)
{
	test_count++;
	printf("%s %u - %s\n", failure[0] == '\0' ? "ok" : "not ok", test_count, name);
	if (failure[0] != '\0')
		failure_count++;
}

static struct search search_program(const struct program *program, enum reduction reduction,
				    uint64_t limit)
{
	struct search search = {.reduction = reduction,
				.limit = limit,
				.begin = program_start,
				.finish = program_finish};
	double begun = seconds();

	failure[0] = '\0';
	program_begin(program);
	if (failure[0] == '\0')
		search_run(&search);
	all_runs += search.runs;
	all_turns += search.turns;
	all_seconds += seconds() - begun;
	return search;
}

static void print_failure(void)
{
	printf("#  %s\n", failure);
	print_schedule();
	print_pages("at the beginning", program_pages(false));
	print_pages("at the end", program_pages(true));
}

static void explore(const char *name, const struct program *program)
{
	struct search search = search_program(program, REDUCTION_FULL, 0);

	print_result(name);
	printf("#  %llu schedules of up to %u turns, %llu begun in vain, %u outcomes\n",
	       (unsigned long long)search.runs, search.longest,
	       (unsigned long long)search.redundant, serial_outcomes());
	if (failure[0] != '\0')
		print_failure();
	fflush(stdout);
}

static struct program parse(const struct scenario *scenario)
{
	struct program program;

	if (program_parse(&program, scenario->format, scenario->flags, scenario->beginning,
			  scenario->threads))
		return program;
	printf("Bail out! %s is no program\n", scenario->name);
	exit(1);
}

static void explore_scenario(const struct scenario *scenario)
{
	struct program program = parse(scenario);
	char name[128];

	snprintf(name, sizeof(name), "%s_in_%s", scenario->name, program.format->name);
	explore(name, &program);
	if (program.format != &tiny_2x4)
		return;
	/* The same by the run-time instance. */
	program.format = &tiny_2x4_runtime;
	snprintf(name, sizeof(name), "%s_in_%s", scenario->name, program.format->name);
	explore(name, &program);
}

static void explore_scenarios(char **names)
{
	for (size_t i = 0; i < scenario_count; i++) {
		bool wanted = names[0] == NULL;

		for (char **name = names; *name != NULL; name++)
			wanted |= strcmp(*name, scenarios[i].name) == 0;
		if (wanted)
			explore_scenario(&scenarios[i]);
	}
}

static void explore_each(size_t first, size_t count)
{
	for (size_t i = first; i < scenario_count; i += count)
		explore_scenario(&scenarios[i]);
}

static void explore_random(unsigned count)
{
	uint64_t seed = rng_seed();
	unsigned cut = 0;

	printf("# MZ_SEED=%llu\n", (unsigned long long)seed);
	for (unsigned i = 0; i < count; i++) {
		struct rng rng = {seed + i};
		struct random_program random;
		struct program program;
		struct search search;

		random_program(&random, &rng);
		program = parse(&random.scenario);
		search = search_program(&program, REDUCTION_FULL, RANDOM_LIMIT);
		cut += !search.exhausted;
		if (failure[0] == '\0')
			continue;
		printf("#  failed: explore -p %s %u '%s' '%s'\n", program.format->name,
		       program.flags, random.beginning, random.threads);
		print_failure();
		break;
	}
	print_result("random_programs");
	printf("#  of %u programs, %u have more than %d schedules\n", count, cut, RANDOM_LIMIT);
}

/* The simple search has to come to the same runs as the one that leaves out more. */
static void compare(void)
{
	for (size_t i = 0; i < scenario_count; i++) {
		struct program program = parse(&scenarios[i]);
		struct search full, simple;

		if (scenarios[i].flags & PROGRAM_LONG)
			continue;
		full = search_program(&program, REDUCTION_FULL, 0);
		if (failure[0] == '\0')
			simple = search_program(&program, REDUCTION_SLEEP, 0);
		if (failure[0] == '\0' &&
		    (full.runs != simple.runs || full.fingerprint != simple.fingerprint))
			snprintf(failure, sizeof(failure), "%s: %llu schedules and not %llu",
				 scenarios[i].name, (unsigned long long)full.runs,
				 (unsigned long long)simple.runs);
		if (failure[0] != '\0')
			break;
	}
	print_result("the_reduction_loses_no_schedule");
	if (failure[0] != '\0')
		printf("#  %s\n", failure);
}

static const struct mz_format *format_named(const char *name)
{
	static const struct mz_format *const formats[] = {
		&tiny_2x4,          &tiny_2x4_runtime,  &tiny_3x2,        &tiny_3x4,
		&tiny_2x4_breaking, &tiny_3x2_breaking, &tiny_2x4_narrow, &tiny_3x2_narrow,
		&tiny_2x4_marking,  &tiny_3x2_marking,
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(name, formats[i]->name) == 0)
			return formats[i];
	return &tiny_2x4;
}

int main(int argc, char **argv)
{
	tasks_make();
	if (argc == 3 && strcmp(argv[1], "-r") == 0) {
		explore_random((unsigned)strtoul(argv[2], NULL, 10));
	} else if (argc == 4 && strcmp(argv[1], "-s") == 0 && atoi(argv[3]) > 0) {
		explore_each(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
	} else if (argc == 2 && strcmp(argv[1], "-c") == 0) {
		compare();
	} else if (argc == 6 && strcmp(argv[1], "-p") == 0) {
		struct scenario own = {"own", format_named(argv[2]),
				       (unsigned)strtoul(argv[3], NULL, 10), argv[4], argv[5]};
		struct program program = parse(&own);

		explore("own", &program);
	} else {
		explore_scenarios(argv + 1);
	}
	printf("# in all %llu schedules, %llu turns; in a second %.0f schedules, %.0f turns\n",
	       (unsigned long long)all_runs, (unsigned long long)all_turns,
	       (double)all_runs / all_seconds, (double)all_turns / all_seconds);
	printf("1..%u\n", test_count);
	return failure_count > 0;
}
