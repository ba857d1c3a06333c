// SPDX-License-Identifier: MPL-2.0
/*
 * JUnit's XML as its readers agree on it: what Apache Ant's junitreport writes. Text is what
 * XML 1.0, section 2.2, allows: other characters, and bytes that are no UTF-8, become question
 * marks.
 */
#include <string.h>

#include "vmm/suite/report.h"

/* How many bytes of a character there are that XML does not allow; 0: it does. */
static size_t forbidden(const char *at)
{
	if (strncmp(at, "\xef\xbf\xbe", 3) == 0 || strncmp(at, "\xef\xbf\xbf", 3) == 0)
		return 3;
	return (unsigned char)*at < 0x20 && *at != '\n' && *at != '\t';
}

static char *escaped(const char *text, size_t bytes)
{
	char *valid = g_utf8_make_valid(text, (gssize)bytes), *escaped;

	for (char *at = valid; *at != '\0'; at++)
		memset(at, '?', forbidden(at));
	escaped = g_markup_escape_text(valid, -1);
	g_free(valid);
	return escaped;
}

/* NAME="TEXT", with a blank before it. */
static void write_attribute(const char *name, const char *text, FILE *out)
{
	char *value = escaped(text, strlen(text));

	fprintf(out, " %s=\"%s\"", name, value);
	g_free(value);
}

static void write_element(const char *name, const GString *text, FILE *out)
{
	char *value;

	if (text->len == 0)
		return;
	value = escaped(text->str, text->len);
	fprintf(out, "    <%s>%s</%s>\n", name, value, name);
	g_free(value);
}

static void begin_case(const struct mz_result *result, const char *name, double seconds, FILE *out)
{
	fputs("    <testcase", out);
	write_attribute("classname", result->one->name, out);
	write_attribute("name", name, out);
	fprintf(out, " time=\"%.3f\"", seconds);
}

static void write_check(const struct mz_result *result, const struct mz_check *check, FILE *out)
{
	begin_case(result, check->text, 0, out);
	switch (check->kind) {
	case MZ_CHECK_FAIL:
		fputs("><failure", out);
		write_attribute("message", check->text, out);
		fputs("/></testcase>\n", out);
		break;
	case MZ_CHECK_SKIP:
		fputs("><skipped/></testcase>\n", out);
		break;
	default:
		fputs("/>\n", out);
		break;
	}
}

/* The guest's end, a test case too. Where checks failed, it is they that tell. */
static void write_end(const struct mz_result *result, FILE *out)
{
	static const char *const elements[MZ_VERDICTS] = {
		[MZ_VERDICT_FAIL] = "failure",
		[MZ_VERDICT_SKIP] = "skipped",
		[MZ_VERDICT_ERROR] = "error",
	};
	const char *element = elements[result->verdict];

	begin_case(result, "end", (double)result->ns / 1e9, out);
	if (element == NULL) {
		fputs("/>\n", out);
		return;
	}
	fprintf(out, "><%s", element);
	write_attribute("message", result->why, out);
	fputs("/></testcase>\n", out);
}

static void write_counts(const struct mz_result *result, FILE *out)
{
	const struct mz_lines *lines = &result->lines;
	unsigned failures = result->verdict == MZ_VERDICT_FAIL;
	unsigned skipped = result->verdict == MZ_VERDICT_SKIP;

	for (guint i = 0; i < lines->checks->len; i++) {
		const struct mz_check *check = g_ptr_array_index(lines->checks, i);

		failures += check->kind == MZ_CHECK_FAIL;
		skipped += check->kind == MZ_CHECK_SKIP;
	}
	fprintf(out, " tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\" time=\"%.3f\">\n",
		lines->checks->len + 1, failures, result->verdict == MZ_VERDICT_ERROR, skipped,
		(double)result->ns / 1e9);
}

static void write_result(const struct mz_result *result, FILE *out)
{
	fputs("  <testsuite", out);
	write_attribute("name", result->one->name, out);
	write_counts(result, out);
	for (guint i = 0; i < result->lines.checks->len; i++)
		write_check(result, g_ptr_array_index(result->lines.checks, i), out);
	write_end(result, out);
	write_element("system-out", result->output, out);
	write_element("system-err", result->messages, out);
	fputs("  </testsuite>\n", out);
}

void mz_report_junit(const struct mz_report *report, FILE *out)
{
	fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites time=\"%.3f\">\n",
		(double)report->ns / 1e9);
	for (unsigned i = 0; i < report->count; i++)
		write_result(&report->results[i], out);
	fputs("</testsuites>\n", out);
}
