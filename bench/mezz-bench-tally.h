/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What a table holds, as a number: its leaves with the rights that their links leave them. The
 * benchmark reads the raw entries, apart from the library and the limits alike, and compares with
 * what the row should have left behind.
 */
#ifndef MZ_BENCH_TALLY_H
#define MZ_BENCH_TALLY_H

#include <stdbool.h>

#include "bench/limits.h"

/* Sums over leaves, so that sets of leaves can be added and subtracted. */
struct tally {
	uint64_t leaf_count, sum;
};

void tally_add(struct tally *tally, uint64_t ia, uint64_t entry);
void tally_subtract(struct tally *tally, uint64_t ia, uint64_t entry);
void tally_add_range(struct tally *tally, uint64_t ia, uint64_t bytes, uint64_t oa, unsigned level,
		     unsigned bits);
struct tally tally_table(const struct limit *table);
bool tally_equal(struct tally a, struct tally b);

#endif
