/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Reads that are under way, and a thread that tells of one that does not come to its end: a disk or
 * a network behind the file may not answer for ever, and nothing interrupts who waits for it.
 */
#ifndef MZ_VMM_READS_H
#define MZ_VMM_READS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmm/base/failure.h"

/* One of them, on the stack of who reads. */
struct mz_read {
	struct mz_read *next;
	uint64_t first, count; /* pages */
	uint64_t since_ns;
};

struct mz_reads {
	uint64_t patience_ns;
	void *context;
	/* May be NULL. A read has taken longer than that; called once, on a thread of its own. */
	void (*stuck)(void *context, const struct mz_failure *failure);
	struct mz_read *under_way;
	pthread_mutex_t mutex; /* of under_way */
	pthread_t thread;
	int quit; /* readable: the thread is to end */
	bool watched;
};

/* `patience_ns`, `context` and `stuck` are set, the rest is zero. */
int mz_reads_begin(struct mz_reads *reads, struct mz_failure *failure);

/* No read is under way. */
void mz_reads_end(struct mz_reads *reads);

void mz_read_begin(struct mz_reads *reads, struct mz_read *read, uint64_t first, uint64_t count);
void mz_read_done(struct mz_reads *reads, struct mz_read *read);

#endif
