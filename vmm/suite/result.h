/* SPDX-License-Identifier: MPL-2.0 */
/* How a case ended, and what that says. */
#ifndef MZ_VMM_RESULT_H
#define MZ_VMM_RESULT_H

#include <stdbool.h>

#include "vmm/suite/lines.h"
#include "vmm/suite/suite.h"

enum mz_verdict {
	MZ_VERDICT_PASS,
	MZ_VERDICT_FAIL,
	MZ_VERDICT_SKIP,
	MZ_VERDICT_ERROR, /* the guest was not judged: it could not be run */
	MZ_VERDICTS,
};

/* Of what a guest prints, and of what is said about it, the last so many bytes are kept. */
#define MZ_OUTPUT_KEPT ((size_t)1 << 20)

struct mz_result {
	const struct mz_case *one;
	enum mz_verdict verdict;
	char *why; /* in words; "" for what has passed */
	uint64_t ns;
	int status; /* of `mezz run`; negative: the signal that killed it */
	struct mz_lines lines;
	GString *output;   /* the guest's */
	GString *messages; /* of `mezz run` */
};

void mz_result_init(struct mz_result *result, const struct mz_case *one);
void mz_result_destroy(struct mz_result *result);

/* Keeps the end of what comes. */
void mz_result_keep(GString *kept, const char *text, size_t bytes);

/* Judges a case that has ended. `killed`: it did not end in its time, nor after it. */
void mz_result_judge(struct mz_result *result, bool killed);

/* A case that was not run: skipped, or, with `why`, an error. */
void mz_result_not_run(struct mz_result *result, const char *why);

const char *mz_verdict_text(enum mz_verdict verdict);

/* What the results of a suite come to. */
struct mz_tally {
	unsigned by[MZ_VERDICTS];
};

#endif
