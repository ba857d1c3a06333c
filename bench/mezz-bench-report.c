// SPDX-License-Identifier: MPL-2.0
/* Medians, and how they are told: a table for people, JSON for programs. */
#include "bench/mezz-bench-report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define A_TENTH_OVER 1.1 /* a goal is missed when it is missed by more */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, unsigned count)
{
	qsort(values, count, sizeof(double), by_value);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static double median_of(const struct figures *figures, enum subject subject, unsigned runs)
{
	static double values[RUNS_MAX];

	for (unsigned i = 0; i < runs; i++)
		values[i] = figures->runs[i][subject];
	return median(values, runs);
}

static double median_ratio(const struct figures *figures, enum subject reference, unsigned runs)
{
	static double ratios[RUNS_MAX];

	for (unsigned i = 0; i < runs; i++)
		ratios[i] = figures->runs[i][OURS] / figures->runs[i][reference];
	return median(ratios, runs);
}

static const char *const build_names[BUILDS] = {"single processor", "locked"};

static const char *verdict(double ratio, double goal)
{
	if (goal == 0)
		return "";
	if (ratio <= goal)
		return "reached";
	return ratio <= goal * A_TENTH_OVER ? "within a tenth" : "MISSED";
}

void print_header(void)
{
	printf("mezz-bench, build: %s; ns an operation\n\n", build_names[BUILD]);
	printf("%-23s %9s %9s %7s %7s  %-15s%9s %8s  %s\n", "name", "ours", "limit", "ratio",
	       "goal", "", "run-time", "ratio", "limit");
}

void print_row(const struct row *row, const struct figures *figures, unsigned runs)
{
	double ours = median_of(figures, OURS, runs);
	double ratio = median_ratio(figures, LIMIT, runs);
	double runtime = median_of(figures, RUNTIME, runs);
	int ratio_digits = row->goals[BUILD] > 0 && row->goals[BUILD] < 0.1 ? 5 : 3;
	int digits = row->unit != NULL ? 0 : ours < 1 ? 4 : 2;

	printf("%-23s %9.*f %9.*f %7.*f ", row->name, digits, ours, digits,
	       median_of(figures, LIMIT, runs), ratio_digits, ratio);
	if (row->goals[BUILD] > 0)
		printf("%7.*f  %-15s", ratio_digits, row->goals[BUILD],
		       verdict(ratio, row->goals[BUILD]));
	else
		printf("%7s  %-15s", "-", "");
	if (isnan(runtime))
		printf("%9s %8s", "-", "-");
	else
		printf("%9.*f %8.3f", digits, runtime, median_ratio(figures, RUNTIME, runs));
	printf("  %s\n", row->reference);
	fflush(stdout);
}

void print_json(const struct row *row, const struct figures *figures, unsigned runs, bool first)
{
	static const char *const kinds[SUBJECTS] = {[LIMIT] = "limit", [RUNTIME] = "run-time"};
	static const char *const suffixes[SUBJECTS] = {[LIMIT] = "", [RUNTIME] = ":run-time"};

	for (enum subject reference = LIMIT; reference <= RUNTIME; reference++) {
		double figure = median_of(figures, reference, runs);

		if (isnan(figure))
			continue;
		printf("%s{\"name\": \"%s%s\", \"ours_ns\": %.6g, \"reference\": \"%s\", "
		       "\"reference_ns\": %.6g, \"ratio\": %.6g, ",
		       first ? "" : ",\n", row->name, suffixes[reference],
		       median_of(figures, OURS, runs), kinds[reference], figure,
		       median_ratio(figures, reference, runs));
		if (reference == LIMIT && row->goals[BUILD] > 0)
			printf("\"goal\": %.6g, ", row->goals[BUILD]);
		else
			printf("\"goal\": null, ");
		printf("\"unit\": \"%s\", \"build\": \"%s\"}", row->unit != NULL ? row->unit : "ns",
		       build_names[BUILD]);
		first = false;
	}
	fflush(stdout);
}
