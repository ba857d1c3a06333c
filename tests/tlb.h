/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Caches as processors may have them: translations of pages, and the links that were passed on the
 * way to them, each with what it let. A walk begins at what is cached of links. A flush drops what
 * it names, but what the table still says at that moment may be cached again at once, and stays. So
 * whatever is taken out of the table needs a flush after it was taken out.
 *
 * What is cached of a link is what all links up to it let (Intel's manual, volume 3A, section
 * 4.10.3.1), or where the format has `links_cached_raw`, what it says itself.
 */
#ifndef MZ_TESTS_TLB_H
#define MZ_TESTS_TLB_H

#include "tests/fixture.h"

/* Processors have numbers below this. */
#define TLB_PROCESSORS 3

/*
 * Puts caches under the hooks of a fixture that has no table yet; its own table is the one that
 * tlb_fill() is about. Memory that is put, and nodes that are freed, while something cached leads
 * to them fail the test.
 */
void tlb_watch(struct fixture *fixture);

/* The flush hook of another table, which has the fixture's other hooks. */
struct mz_flush tlb_flush_of(struct mz_table *table);

/* What the table says of an address is cached, if there is room. */
void tlb_fill(uint64_t ia);
size_t tlb_count(void);

/*
 * From now on walks set flags as the MMU does where the configuration lets it, no more than `max`
 * translations and as many links are cached, and newer ones take the place of older.
 */
void tlb_live(size_t max);

/* A walk that nobody has asked for. */
void tlb_speculate(struct mz_table *table, unsigned processor, uint64_t ia);

/*
 * An access by what is cached, or by a walk. True: it was let, and `item` says where it went, as
 * far as the page goes. False: it faults.
 */
bool tlb_access(struct mz_table *table, unsigned processor, uint64_t ia, enum mz_perm access,
		struct mz_item *item);

/* The processor forgets what it has of the way to an address and of its page. */
void tlb_drop(struct mz_table *table, unsigned processor, uint64_t ia);

/* A cached translation of the table in [first, last] that may be written by; of many, any. */
bool tlb_writable(const struct mz_table *table, uint64_t first, uint64_t last, uint64_t salt,
		  uint64_t *ia, struct mz_item *item);

/* Is called before each flush drops anything; NULL: nothing is. */
void tlb_before_flush(void (*hook)(struct mz_table *table, uint64_t first, uint64_t last));

/* Nothing is cached: nothing may use a table any more that is about to be destroyed. */
void tlb_clear(void);

/* Nothing of this table is. */
void tlb_forget(const struct mz_table *table);

/*
 * Where the format breaks before it makes, fails the test if something is cached that contradicts
 * what the table says now, in more than permissions. Each flush does the same before it drops.
 */
void tlb_check_broken(void);

/* With nothing left to flush, fails the test unless whatever is cached is right. */
void tlb_check_right(void);

#endif
