/* SPDX-License-Identifier: MPL-2.0 */
/* The nodes of a set of pages, and the arithmetic of their slots; see ept/pages.c. */
#ifndef MZ_EPT_PAGES_NODE_H
#define MZ_EPT_PAGES_NODE_H

#include "ept/pages.h"

#define SLOT_LG2      8
#define SLOTS         (1u << SLOT_LG2)
#define WORD_LG2      6
#define WORD_BITS     (1u << WORD_LG2)
#define SUMMARY_WORDS (SLOTS / WORD_BITS)
#define LEVELS_MAX    6

_Static_assert(WORD_LG2 + LEVELS_MAX * SLOT_LG2 >= MZ_PAGES_LG2_MAX, "levels for all pages");

struct node {
	uint64_t slots[SLOTS];
	uint64_t summary[SUMMARY_WORDS];
};

#define NODE_LG2_MIN 12

_Static_assert(sizeof(struct node) <= (size_t)1 << NODE_LG2_MIN, "a node fits its memory");

/* In a link beside the address, which may be 0. */
#define LINKED ((uint64_t)1)

/* Bits [low, last] of a word. */
static inline uint64_t mask_of(unsigned low, unsigned last)
{
	return ~(uint64_t)0 << low & ~(uint64_t)0 >> (WORD_BITS - 1 - last);
}

/* The bits of [first, last] that are in the word with this number; the two meet. */
static inline uint64_t mask_in(uint64_t word, uint64_t first, uint64_t last)
{
	return mask_of(first >> WORD_LG2 == word ? first % WORD_BITS : 0,
		       last >> WORD_LG2 == word ? last % WORD_BITS : WORD_BITS - 1);
}

/* The lowest bit that is set; there is one. The compiler's own may be a call of a library. */
static inline unsigned lowest(uint64_t bits)
{
	unsigned bit = 0;

	for (unsigned half = WORD_BITS / 2; half > 0; half /= 2) {
		if ((bits & (((uint64_t)1 << half) - 1)) == 0) {
			bits >>= half;
			bit += half;
		}
	}
	return bit;
}

/* How many pages a slot of this level stands for, as a log2. */
static inline unsigned slot_lg2(unsigned level)
{
	return WORD_LG2 + (level - 1) * SLOT_LG2;
}

static inline unsigned slot_of(uint64_t page, unsigned level)
{
	return (unsigned)(page >> slot_lg2(level)) % SLOTS;
}

/* The last page of the slot, or of the node, that `page` is in. */
static inline uint64_t slot_last(uint64_t page, unsigned level)
{
	return page | (((uint64_t)1 << slot_lg2(level)) - 1);
}

static inline uint64_t node_last(uint64_t page, unsigned level)
{
	return page | (((uint64_t)1 << (slot_lg2(level) + SLOT_LG2)) - 1);
}

static inline uint64_t lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline struct node *node_at(const struct mz_pages *pages, uint64_t link)
{
	return (struct node *)(pages->memory.linear + (uintptr_t)(link & ~LINKED));
}

/* The node behind a link, or NULL. */
static inline struct node *follow(const struct mz_pages *pages, const uint64_t *link)
{
	uint64_t seen = mz_load_acquire(link);

	return seen == 0 ? NULL : node_at(pages, seen);
}

/* The part of a range that lies in the set: its end, or `first` if there is none. */
static inline uint64_t end_within(const struct mz_pages *pages, uint64_t first, uint64_t count)
{
	return first >= pages->page_count ? first
					  : first + lesser(count, pages->page_count - first);
}

#endif
