// SPDX-License-Identifier: MPL-2.0
/* Source: the specification of TAP 14, testanything.org. */
#include <string.h>

#include "vmm/suite/report.h"

/* A description: '#' and '\' would be read as more than text. */
static void write_description(const char *text, FILE *out)
{
	for (; *text != '\0'; text++) {
		if (strchr("#\\", *text) != NULL)
			fputc('\\', out);
		fputc(*text, out);
	}
}

static void write_check(const struct mz_check *check, unsigned number, FILE *out)
{
	fprintf(out, "    %sok %u - ", check->kind == MZ_CHECK_FAIL ? "not " : "", number);
	write_description(check->text, out);
	if (check->kind == MZ_CHECK_SKIP)
		fputs(" # SKIP", out);
	fputc('\n', out);
}

static void write_checks(const struct mz_result *result, FILE *out)
{
	const GPtrArray *checks = result->lines.checks;

	if (checks->len == 0)
		return;
	fputs("# Subtest: ", out);
	write_description(result->one->name, out);
	fprintf(out, "\n    1..%u\n", checks->len);
	for (guint i = 0; i < checks->len; i++)
		write_check(g_ptr_array_index(checks, i), i + 1, out);
}

static void write_result(const struct mz_result *result, unsigned number, FILE *out)
{
	bool ok = result->verdict == MZ_VERDICT_PASS || result->verdict == MZ_VERDICT_SKIP;

	write_checks(result, out);
	fprintf(out, "%sok %u - ", ok ? "" : "not ", number);
	write_description(result->one->name, out);
	if (result->verdict == MZ_VERDICT_SKIP) {
		fputs(" # SKIP ", out);
		write_description(result->why, out);
	}
	fputc('\n', out);
	if (!ok) {
		fputs("  ---\n  message: '", out);
		/* In YAML's single quotes, a quote is written twice. */
		for (const char *at = result->why; *at != '\0'; at++)
			fputs(*at == '\'' ? "''" : (char[]) {*at, '\0'}, out);
		fprintf(out, "'\n  status: %d\n  ...\n", result->status);
	}
}

void mz_report_tap(const struct mz_report *report, FILE *out)
{
	fprintf(out, "TAP version 14\n1..%u\n", report->count);
	for (unsigned i = 0; i < report->count; i++)
		write_result(&report->results[i], i + 1, out);
}
