/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Memory for nodes that watches what is done to it. Fresh nodes and their metadata hold garbage,
 * freed ones a pattern that must still be there when they are looked at again; a node that is freed
 * twice, or that never was one, fails the test. Physical addresses are high up, so that one cut to
 * 32 bits or taken for a pointer is noticed.
 */
#ifndef MZ_TESTS_TRACK_H
#define MZ_TESTS_TRACK_H

#include <pthread.h>

#include "core/frame.h"
#include "tests/journal.h"
#include "tests/rng.h"

#define TRACK_PAGES 8192

struct track {
	struct mz_memory memory; /* the hooks */
	struct journal *journal; /* hears of freed nodes */
	pthread_mutex_t mutex;
	unsigned page_lg2;
	unsigned char *base;
	uint8_t *sizes; /* by page: log2 of the live node that begins here, or one of track.c's
			   marks */
	size_t cursor;  /* where the search for free pages goes on */
	size_t limit;   /* and where it begins anew */
	struct rng rng; /* of garbage */
	uint64_t live_count;
	uint64_t alloc_count; /* allocations asked for, failed ones too */
	uint64_t fail_at;     /* fail the allocation with this number; 0: none */
	bool fail_after;      /* and all that come after it */
	enum mz_error error;  /* by this error; 0: MZ_NO_MEMORY */
};

void track_init(struct track *track, unsigned page_lg2, struct journal *journal);

/* Fails the test if a node is alive or a freed one was written to. */
void track_destroy(struct track *track);

/* The n-th allocation from now on fails; 0: none does. */
void track_fail(struct track *track, uint64_t n);

/* Fails the test if a freed page was written to. */
void track_check(const struct track *track);

uint64_t *track_node(const struct track *track, mz_oa node);
struct mz_frame *track_frame(const struct track *track, mz_oa node);

#endif
