/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The other hooks: they count references to mapped memory, and write flushes and retirements into
 * the journal.
 */
#ifndef MZ_TESTS_WITNESS_H
#define MZ_TESTS_WITNESS_H

#include "core/config.h"
#include "tests/journal.h"

/* From `addr` on, memory has `delta` more references than before it. */
struct witness_step {
	uint64_t addr;
	int64_t delta;
};

struct witness_retired {
	struct mz_table *table;
	uint32_t nodes;
};

struct witness {
	struct mz_items items;
	struct mz_rcu rcu;
	struct mz_flush flush;
	const struct mz_format *format;
	struct journal *journal;
	struct witness_step *steps; /* sorted by address, no delta is 0 */
	size_t step_count, step_max;
	int64_t reader_count;
	struct witness_retired *retired;
	size_t retired_count, retired_max;
};

void witness_init(struct witness *witness, const struct mz_format *format, struct journal *journal);

/* Fails the test if a reference or a reader is left; retired nodes must have been reclaimed. */
void witness_destroy(struct witness *witness);

/* The references to the memory at `oa`. */
int64_t witness_refs(const struct witness *witness, uint64_t oa);

/* Ends the grace period: reclaims all that was retired. */
void witness_reclaim(struct witness *witness);

#endif
