/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What test guests print: a line a check, "PASS: TEXT", "FAIL: TEXT", "SKIP: TEXT" or "XFAIL:
 * TEXT", and at the end "SUMMARY: N tests, N unexpected failures, N skipped". Other lines say
 * nothing here.
 */
#ifndef MZ_VMM_LINES_H
#define MZ_VMM_LINES_H

#include <glib.h>
#include <stddef.h>

enum mz_check_kind {
	MZ_CHECK_PASS,
	MZ_CHECK_FAIL,
	MZ_CHECK_SKIP,
	MZ_CHECK_XFAIL, /* failed, as was expected */
	MZ_CHECK_KINDS,
};

struct mz_check {
	enum mz_check_kind kind;
	char *text;
};

/* Checks beyond these are counted only: a guest may print without end. */
#define MZ_CHECKS_KEPT 10000

struct mz_lines {
	GString *line;     /* what has come of the line that is not complete */
	GPtrArray *checks; /* of struct mz_check */
	unsigned long count[MZ_CHECK_KINDS];
	unsigned long failures; /* the unexpected ones that summaries tell of */
};

void mz_lines_init(struct mz_lines *lines);
void mz_lines_destroy(struct mz_lines *lines);

/* Takes what a guest has printed, in whatever pieces it comes. */
void mz_lines_feed(struct mz_lines *lines, const char *text, size_t bytes);

/* Takes a last line that nothing has ended. */
void mz_lines_finish(struct mz_lines *lines);

const char *mz_check_kind_text(enum mz_check_kind kind);

#endif
