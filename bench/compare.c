// SPDX-License-Identifier: MPL-2.0
/*
 * Runs two commands in turn, A B A B ..., and prints the medians of their wall times and peak
 * memory with the ratios of the pairs.
 *
 *   compare [OPTION...] NAME RUNS TIME-GOAL MEMORY-GOAL A... --vs B...
 *   compare [OPTION...] NAME RUNS beyond:MIB MEMORY-GOAL A... --vs B...
 *
 * Options, in this order:
 *   --before COMMAND  the shell runs it before each run, and its time does not count
 *   --first           A's time ends with the first byte that it writes; not with `beyond`
 *
 * With `beyond`, the memory is what a VMM needs for itself: mappings of MIB or more, which hold the
 * guest's memory, don't count. It is looked at every few milliseconds, which costs time, so times
 * are not printed then.
 *
 * With --vs-any-end in the place of --vs, B may die by a signal, as programs do that crash while
 * they end: the caller has seen that B works.
 *
 * A goal is the greatest ratio A/B that would please; 0: none. The exit status is 0 once all runs
 * are done, whatever the ratios: a figure is not a test. Both commands' output is thrown away.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RUNS_MAX 101

#define LOOK_MS 20

struct figures {
	double ms[RUNS_MAX], mib[RUNS_MAX];
};

/* How a command is run. */
struct manner {
	const char *before;      /* NULL: nothing */
	unsigned long guest_mib; /* for `beyond`; 0: all memory counts */
	bool first;              /* time ends with the first output */
	bool any_end;            /* a signal is as good as an exit */
};

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* What a process has in memory now, without its mappings of `guest_mib` or more. proc(5): smaps. */
static double beyond_now(pid_t process, unsigned long guest_mib)
{
	unsigned long size = 0, kib, sum = 0;
	char line[512];
	FILE *smaps;

	snprintf(line, sizeof(line), "/proc/%d/smaps", (int)process);
	smaps = fopen(line, "r");
	if (!smaps)
		return 0;
	while (fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "Size: %lu", &kib) == 1)
			size = kib;
		else if (sscanf(line, "Rss: %lu", &kib) == 1 && size < guest_mib * 1024)
			sum += kib;
	}
	fclose(smaps);
	return (double)sum / 1024;
}

/* Waits for the child, and answers its peak memory in MiB; below 0: it can't be waited for. */
static double await(pid_t child, int *status, unsigned long guest_mib)
{
	const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000};
	struct rusage usage;
	double peak = 0;
	pid_t ended;

	while ((ended = wait4(child, status, guest_mib ? WNOHANG : 0, &usage)) == 0) {
		double now = beyond_now(child, guest_mib);

		if (now > peak)
			peak = now;
		nanosleep(&pause, NULL);
	}
	if (ended != child)
		return -1;
	return guest_mib ? peak : (double)usage.ru_maxrss / 1024;
}

static void become(char **command, int output)
{
	int null = open("/dev/null", O_RDWR);

	dup2(null, 0);
	dup2(output < 0 ? null : output, 1);
	dup2(output < 0 ? null : output, 2);
	execvp(command[0], command);
	_exit(127);
}

/* Reads all of it, and answers when the first byte came; 0: never. */
static double drain(int output)
{
	char bytes[4096];
	double first = 0;

	while (read(output, bytes, sizeof(bytes)) > 0)
		if (first == 0)
			first = now_ms();
	close(output);
	return first;
}

static void give_up(const char *what, const char *why)
{
	fprintf(stderr, "compare: %s: %s\n", what, why);
	exit(1);
}

static void run_once(char **command, const struct manner *manner, double *ms, double *mib)
{
	int output[2] = {-1, -1}, status;
	double start, end = 0;
	pid_t child;

	if (manner->before && system(manner->before) != 0)
		give_up(manner->before, "does not end well");
	if (manner->first && pipe2(output, O_CLOEXEC))
		give_up("no pipe", strerror(errno));
	start = now_ms();
	child = fork();
	if (child == 0)
		become(command, output[1]);
	if (manner->first) {
		close(output[1]);
		end = drain(output[0]);
	}
	*mib = child < 0 ? -1 : await(child, &status, manner->guest_mib);
	if (*mib < 0)
		give_up(command[0], strerror(errno));
	if (WIFEXITED(status) ? WEXITSTATUS(status) == 127 : !manner->any_end)
		give_up(command[0], "did not run to its end");
	if (!manner->first)
		end = now_ms();
	else if (end == 0)
		give_up(command[0], "wrote nothing");
	*ms = end - start;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const double *values, int count)
{
	double sorted[RUNS_MAX];

	memcpy(sorted, values, (size_t)count * sizeof(double));
	qsort(sorted, (size_t)count, sizeof(double), by_value);
	return count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

static void report(const char *name, const char *unit, const double *a, const double *b, int runs,
		   double goal)
{
	double ratios[RUNS_MAX];

	for (int i = 0; i < runs; i++)
		ratios[i] = a[i] / b[i];
	printf("%-16s %-4s %10.2f %10.2f %8.3f", name, unit, median(a, runs), median(b, runs),
	       median(ratios, runs));
	if (goal > 0)
		printf(" %8.3f %s", goal, median(ratios, runs) <= goal ? "reached" : "MISSED");
	putchar('\n');
}

/* The options' count of arguments. */
static int take_options(int argc, char **argv, struct manner *manner)
{
	int i = 1;

	if (i + 1 < argc && strcmp(argv[i], "--before") == 0) {
		manner->before = argv[i + 1];
		i += 2;
	}
	if (i < argc && strcmp(argv[i], "--first") == 0) {
		manner->first = true;
		i++;
	}
	return i - 1;
}

/* B's command, cut from A's. */
static char **cut_other(int argc, char **argv, bool *any_end)
{
	for (int i = 5; i < argc - 1; i++) {
		*any_end = strcmp(argv[i], "--vs-any-end") == 0;
		if (*any_end || strcmp(argv[i], "--vs") == 0) {
			argv[i] = NULL;
			return argv + i + 1;
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static struct figures a, b;
	struct manner ours = {.before = NULL}, other;
	int options = take_options(argc, argv, &ours);
	char **command;
	double ignored;
	int runs;

	argc -= options;
	argv += options;
	other = ours;
	other.first = false;
	command = cut_other(argc, argv, &other.any_end);
	runs = argc > 2 ? atoi(argv[2]) : 0;
	if (command == NULL || argv[5] == NULL || runs < 1 || runs > RUNS_MAX) {
		fprintf(stderr,
			"usage: compare [--before COMMAND] [--first] NAME RUNS "
			"TIME-GOAL|beyond:MIB MEMORY-GOAL A... --vs B...\n");
		return 2;
	}
	sscanf(argv[3], "beyond:%lu", &ours.guest_mib);
	other.guest_mib = ours.guest_mib;
	run_once(argv + 5, &ours, &ignored, &ignored);
	run_once(command, &other, &ignored, &ignored);
	for (int i = 0; i < runs; i++) {
		run_once(argv + 5, &ours, &a.ms[i], &a.mib[i]);
		run_once(command, &other, &b.ms[i], &b.mib[i]);
	}
	if (ours.guest_mib == 0)
		report(argv[1], "ms", a.ms, b.ms, runs, atof(argv[3]));
	report(argv[1], "MiB", a.mib, b.mib, runs, atof(argv[4]));
	return 0;
}
