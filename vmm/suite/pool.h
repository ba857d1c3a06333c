/* SPDX-License-Identifier: MPL-2.0 */
/* Runs the cases of a suite, some at a time, each in a process of its own. */
#ifndef MZ_VMM_POOL_H
#define MZ_VMM_POOL_H

#include "vmm/suite/result.h"

/* A guest whose time is over, and whose `mezz run` has not ended so much later, is killed. */
#define MZ_POOL_GRACE_NS UINT64_C(10000000000)

struct mz_pool {
	const char *program; /* mezz */
	unsigned jobs;       /* how many run at a time, at least 1 */
	uint64_t grace_ns;
	void *context;
	void (*started)(void *context, const struct mz_case *one);
	void (*finished)(void *context, const struct mz_result *result);
};

/*
 * Fills in a result for each case, in their order; the caller destroys them. Answers 0, or the
 * signal, SIGINT or SIGTERM, that ended the run early: what had not ended is an error then.
 */
int mz_pool_run(const struct mz_pool *pool, const struct mz_suite *suite,
		struct mz_result *results);

#endif
