// SPDX-License-Identifier: MPL-2.0
#include "vmm/suite/lines.h"

#include <stdlib.h>
#include <string.h>

/* Longer lines are cut. */
#define LINE_BYTES 4096

static const char *const kinds[MZ_CHECK_KINDS] = {
	[MZ_CHECK_PASS] = "PASS",
	[MZ_CHECK_FAIL] = "FAIL",
	[MZ_CHECK_SKIP] = "SKIP",
	[MZ_CHECK_XFAIL] = "XFAIL",
};

const char *mz_check_kind_text(enum mz_check_kind kind)
{
	return kinds[kind];
}

static void free_check(void *check)
{
	g_free(((struct mz_check *)check)->text);
	g_free(check);
}

void mz_lines_init(struct mz_lines *lines)
{
	memset(lines, 0, sizeof(*lines));
	lines->line = g_string_new(NULL);
	lines->checks = g_ptr_array_new_with_free_func(free_check);
}

void mz_lines_destroy(struct mz_lines *lines)
{
	g_string_free(lines->line, TRUE);
	g_ptr_array_free(lines->checks, TRUE);
}

static void add_check(struct mz_lines *lines, enum mz_check_kind kind, const char *text)
{
	struct mz_check *check;

	lines->count[kind]++;
	if (lines->checks->len == MZ_CHECKS_KEPT)
		return;
	check = g_new(struct mz_check, 1);
	check->kind = kind;
	check->text = g_strdup(text);
	g_ptr_array_add(lines->checks, check);
}

/* "SUMMARY: 12 tests, 1 unexpected failures, 2 skipped": what is none is not named. */
static void read_summary(struct mz_lines *lines, const char *text)
{
	const char *failures = strstr(text, " unexpected failure");

	if (failures == NULL)
		return;
	while (failures > text && g_ascii_isdigit(failures[-1]))
		failures--;
	lines->failures += strtoul(failures, NULL, 10);
}

static void read_line(struct mz_lines *lines, const char *line)
{
	const char *colon = strstr(line, ": ");

	if (colon == NULL)
		return;
	for (unsigned kind = 0; kind < MZ_CHECK_KINDS; kind++)
		if (strlen(kinds[kind]) == (size_t)(colon - line) &&
		    strncmp(line, kinds[kind], (size_t)(colon - line)) == 0)
			add_check(lines, (enum mz_check_kind)kind, colon + 2);
	if (g_str_has_prefix(line, "SUMMARY: "))
		read_summary(lines, colon + 2);
}

static void end_line(struct mz_lines *lines)
{
	GString *line = lines->line;

	while (line->len > 0 && line->str[line->len - 1] == '\r')
		g_string_truncate(line, line->len - 1);
	read_line(lines, line->str);
	g_string_truncate(line, 0);
}

void mz_lines_feed(struct mz_lines *lines, const char *text, size_t bytes)
{
	while (bytes > 0) {
		const char *newline = memchr(text, '\n', bytes);
		size_t part = newline != NULL ? (size_t)(newline - text) : bytes;
		size_t room = LINE_BYTES - lines->line->len;

		g_string_append_len(lines->line, text, (gssize)(part < room ? part : room));
		if (newline == NULL)
			return;
		end_line(lines);
		text += part + 1;
		bytes -= part + 1;
	}
}

void mz_lines_finish(struct mz_lines *lines)
{
	if (lines->line->len > 0)
		end_line(lines);
}
