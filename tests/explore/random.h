/* SPDX-License-Identifier: MPL-2.0 */
/* Small random programs for the explorer. */
#ifndef MZ_TESTS_EXPLORE_RANDOM_H
#define MZ_TESTS_EXPLORE_RANDOM_H

#include "tests/explore/scenarios.h"
#include "tests/rng.h"

struct random_program {
	struct scenario scenario; /* its texts are those below */
	char beginning[256], threads[512];
};

/* Fills in `random`: two threads of up to three actions, or three of one or two. */
void random_program(struct random_program *random, struct rng *rng);

#endif
