/* SPDX-License-Identifier: MPL-2.0 */
/* Reports of a suite's results. */
#ifndef MZ_VMM_SUITE_REPORT_H
#define MZ_VMM_SUITE_REPORT_H

#include <stdio.h>

#include "vmm/suite/result.h"

struct mz_report {
	const struct mz_result *results;
	unsigned count;
	uint64_t ns; /* what the whole run took */
};

struct mz_tally mz_report_tally(const struct mz_report *report);

/* For people: a line a guest, what failed below it, and the sums. */
void mz_report_text(const struct mz_report *report, FILE *out);

/* Test Anything Protocol, version 14: a test a guest, a subtest a check. */
void mz_report_tap(const struct mz_report *report, FILE *out);

/* The XML that JUnit's readers know: a test suite a guest, a test case a check. */
void mz_report_junit(const struct mz_report *report, FILE *out);

#endif
