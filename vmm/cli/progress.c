// SPDX-License-Identifier: MPL-2.0
#include "vmm/cli/progress.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Control sequence of ECMA-48, 8.3.41: erases the line from the cursor on. */
#define ERASE_REST "\x1b[K"

static unsigned columns(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static void show(const struct mz_progress *progress)
{
	GString *line;

	if (!progress->shown)
		return;
	line = g_string_new(NULL);
	g_string_printf(line, "[%u/%u]", progress->done, progress->total);
	if (progress->failed > 0)
		g_string_append_printf(line, " %u failed", progress->failed);
	for (guint i = 0; i < progress->now->len; i++)
		g_string_append_printf(line, "%s %s", i > 0 ? "," : "",
				       (const char *)g_ptr_array_index(progress->now, i));
	if (line->len >= columns())
		g_string_truncate(line, columns() - 1);
	fprintf(stderr, "\r%s" ERASE_REST, line->str);
	g_string_free(line, TRUE);
}

void mz_progress_begin(struct mz_progress *progress)
{
	progress->shown = isatty(STDERR_FILENO);
	progress->now = g_ptr_array_new();
}

void mz_progress_end(struct mz_progress *progress)
{
	if (progress->shown)
		fputs("\r" ERASE_REST, stderr);
	g_ptr_array_free(progress->now, TRUE);
}

void mz_progress_started(void *context, const struct mz_case *one)
{
	struct mz_progress *progress = context;

	g_ptr_array_add(progress->now, one->name);
	show(progress);
}

void mz_progress_finished(void *context, const struct mz_result *result)
{
	struct mz_progress *progress = context;

	progress->done++;
	progress->failed += result->verdict == MZ_VERDICT_FAIL ||
		result->verdict == MZ_VERDICT_ERROR;
	g_ptr_array_remove(progress->now, result->one->name);
	show(progress);
}
