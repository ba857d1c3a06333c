// SPDX-License-Identifier: MPL-2.0
#include "vmm/suite/report.h"

struct mz_tally mz_report_tally(const struct mz_report *report)
{
	struct mz_tally tally = {{0}};

	for (unsigned i = 0; i < report->count; i++)
		tally.by[report->results[i].verdict]++;
	return tally;
}

static unsigned long checks_of(const struct mz_lines *lines)
{
	unsigned long sum = 0;

	for (unsigned kind = 0; kind < MZ_CHECK_KINDS; kind++)
		sum += lines->count[kind];
	return sum;
}

static void write_failed_checks(const struct mz_lines *lines, FILE *out)
{
	for (guint i = 0; i < lines->checks->len; i++) {
		const struct mz_check *check = g_ptr_array_index(lines->checks, i);

		if (check->kind == MZ_CHECK_FAIL)
			fprintf(out, "       FAIL: %s\n", check->text);
	}
}

static void write_result(const struct mz_result *result, FILE *out)
{
	unsigned long checks = checks_of(&result->lines);

	fprintf(out, "%-5s  %s", mz_verdict_text(result->verdict), result->one->name);
	if (result->ns != 0)
		fprintf(out, "  %.2f s", (double)result->ns / 1e9);
	if (checks > 0)
		fprintf(out, "  %lu check%s", checks, checks == 1 ? "" : "s");
	if (result->why[0] != '\0')
		fprintf(out, "  (%s)", result->why);
	fputc('\n', out);
	write_failed_checks(&result->lines, out);
}

void mz_report_text(const struct mz_report *report, FILE *out)
{
	struct mz_tally tally = mz_report_tally(report);

	for (unsigned i = 0; i < report->count; i++)
		write_result(&report->results[i], out);
	fprintf(out, "%u passed, %u failed, %u skipped, %u could not be run; %.2f s\n",
		tally.by[MZ_VERDICT_PASS], tally.by[MZ_VERDICT_FAIL], tally.by[MZ_VERDICT_SKIP],
		tally.by[MZ_VERDICT_ERROR], (double)report->ns / 1e9);
}
