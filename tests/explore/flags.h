/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Flags that processors set, and harvests: what a processor has accessed is told of by a harvest
 * that ends later, or by one after the run. A harvest that could not tell tells nothing.
 */
#ifndef MZ_TESTS_EXPLORE_FLAGS_H
#define MZ_TESTS_EXPLORE_FLAGS_H

#include "tests/explore/program.h"

/* Before a run: no harvest yet. */
void flags_clear(void);

/* The word; with `x` its first telling fails. */
void flags_harvest(const struct action *action, unsigned thread);

/* After a run: harvests all. May fail(). */
void flags_check(void);

#endif
