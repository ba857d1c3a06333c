/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The MMU's caches under the explorer: what it has met on the way to each page, and keeps until a
 * flush names the page. A walk that a flush overtakes leaves nothing in them, as on hardware, where
 * a flush is not done before the walks that began earlier are.
 *
 * Found: a walk that meets something else than what is still cached, where the format breaks before
 * it makes; and at the end of a run, with all flushes done, whatever is cached and wrong.
 */
#ifndef MZ_TESTS_EXPLORE_CACHES_H
#define MZ_TESTS_EXPLORE_CACHES_H

#include "core/table.h"

/* The flush hook. */
struct mz_flush caches_hooks(void);

/* Nothing is cached. */
void caches_clear(void);

/* The MMU translates an address, and caches what it meets. */
void caches_walk(const struct mz_table *table, uint64_t addr);

/* After a run. May fail(). */
void caches_check(const struct mz_table *table);

#endif
