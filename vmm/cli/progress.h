/* SPDX-License-Identifier: MPL-2.0 */
/* A line on standard error that says how far a suite is, where that is a terminal. */
#ifndef MZ_VMM_PROGRESS_H
#define MZ_VMM_PROGRESS_H

#include "vmm/suite/pool.h"

struct mz_progress {
	unsigned total;
	unsigned done, failed;
	bool shown;     /* standard error is a terminal */
	GPtrArray *now; /* the names of those that run */
};

void mz_progress_begin(struct mz_progress *progress);
void mz_progress_end(struct mz_progress *progress);

/* For the pool; the context is the progress. */
void mz_progress_started(void *context, const struct mz_case *one);
void mz_progress_finished(void *context, const struct mz_result *result);

#endif
