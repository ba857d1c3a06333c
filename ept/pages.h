/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A sparse set of page numbers, such as the pages that a guest has written to.
 *
 * Any number of processors may prepare, add and ask at any time; none of them ever waits. One
 * collector at a time moves, removes, counts and visits, while others add. What is added meanwhile
 * is moved or visited now, or stays for the next time.
 *
 * A range is [first, first + count) in pages; an empty one is allowed, and stands for nothing.
 * Memory follows where pages were added, not how many there could be, and is kept until the set is
 * destroyed.
 */
#ifndef MZ_EPT_PAGES_H
#define MZ_EPT_PAGES_H

#include "core/env.h"
#include "core/frame.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The most pages that a set can be made for. */
#define MZ_PAGES_LG2_MAX 52

struct mz_pages {
	struct mz_memory memory;
	uint64_t page_count;
	uint64_t root; /* a link to the root, or 0 */
	unsigned levels;
	unsigned node_lg2;
};

/*
 * Makes an empty set of pages below `page_count`. Nodes are one page of 2^page_lg2 bytes, and at
 * least 4 KiB, from memory's `alloc`; its frames are not used. Nothing is allocated. MZ_BAD_HOOKS:
 * `alloc` or `free` is missing. MZ_OUT_OF_RANGE: no pages, or more than 2^MZ_PAGES_LG2_MAX.
 */
MZ_MUST_CHECK enum mz_error mz_pages_init(struct mz_pages *pages, const struct mz_memory *memory,
					  unsigned page_lg2, uint64_t page_count);

/* Gives all nodes back. Nobody else uses the set any more. */
void mz_pages_destroy(struct mz_pages *pages);

/*
 * Makes the nodes that the range takes: from now on adding to it cannot fail. MZ_OUT_OF_RANGE: not
 * all of it is below `page_count`. MZ_NO_MEMORY: the nodes made until then stay; the set holds what
 * it held.
 */
MZ_MUST_CHECK enum mz_error mz_pages_prepare(struct mz_pages *pages, uint64_t first,
					     uint64_t count);

/*
 * Adds the range, all of which was prepared; without that, the result is undefined. Pages that are
 * in already are only read. An add that happens before a move (in the sense of C) is moved by it;
 * one that happens after it stays.
 */
void mz_pages_add(struct mz_pages *pages, uint64_t first, uint64_t count);

/* Is the page in the set? */
bool mz_pages_has(const struct mz_pages *pages, uint64_t page);

/* How many pages are in the set. Takes time by what is in it, as a visit of all. */
uint64_t mz_pages_count(const struct mz_pages *pages);

/*
 * Moves what `from` holds of the range into `to`, another set: a page that is added meanwhile is
 * moved or stays. For a moment a page may be seen in neither. MZ_OUT_OF_RANGE: the range is not
 * below the `page_count` of both; nothing was moved. MZ_NO_MEMORY: `to` lacks nodes; each page is
 * in one of both, and what was moved stays moved. Cannot fail where `to` is prepared.
 */
MZ_MUST_CHECK enum mz_error mz_pages_move(struct mz_pages *to, struct mz_pages *from,
					  uint64_t first, uint64_t count);

/* Removes the range. What lies beyond `page_count` is in no set. */
void mz_pages_remove(struct mz_pages *pages, uint64_t first, uint64_t count);

/*
 * Calls `run` for each longest run of pages in the range, in order, until it answers false; answers
 * whether it never did. Takes time by what is in the set. `run` may add, prepare, and remove.
 */
bool mz_pages_each(const struct mz_pages *pages, uint64_t first, uint64_t count,
		   bool (*run)(void *context, uint64_t first, uint64_t count), void *context);

/*
 * Fills a bitmap of `count` bits, rounded up to whole words: bit 0 of the first word stands for
 * page `first`. Bits beyond the range are 0.
 */
void mz_pages_bitmap(const struct mz_pages *pages, uint64_t first, uint64_t count, uint64_t *words);

#ifdef __cplusplus
}
#endif

#endif
