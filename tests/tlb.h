/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Caches as a processor may have them: translations, and the links that were passed on the way to
 * them, with what both let. A flush drops what it names, but what the table still says at that
 * moment may be cached again at once, and stays. So whatever is taken out of the table needs a
 * flush after it was taken out. There are the caches of one table at a time.
 */
#ifndef MZ_TESTS_TLB_H
#define MZ_TESTS_TLB_H

#include "tests/fixture.h"

/*
 * Puts caches under the hooks of a fixture that has no table yet. Memory that is put, and nodes
 * that are freed, while something cached leads to them fail the test.
 */
void tlb_watch(struct fixture *fixture);

/* What the table says of an address is cached, if there is room. */
void tlb_fill(uint64_t ia);
size_t tlb_count(void);

/* Nothing is cached: nothing may use a table any more that is about to be destroyed. */
void tlb_clear(void);

/*
 * Where the format breaks before it makes, fails the test if something is cached that contradicts
 * what the table says now, in more than permissions. Each flush does the same before it drops.
 */
void tlb_check_broken(void);

/* With nothing left to flush, fails the test unless whatever is cached is right. */
void tlb_check_right(void);

#endif
