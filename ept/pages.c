// SPDX-License-Identifier: MPL-2.0
/*
 * A radix tree whose nodes all look alike: 256 slots, and a summary with a bit for each slot. At
 * level 1 a slot is a word of 64 pages, above it a link to a node of the level below; links are
 * made once and stay. A clear summary bit says that nothing is below the slot, a set one that
 * something may be.
 *
 * No page is lost behind a clear summary. Call a page's bit, and each summary bit on its path, a
 * flag; the flag above it is the next one towards the root.
 *
 * - An adder sets flags from below: each with a replace of its word, or by finding it set with an
 *   acquiring load.
 * - The collector clears from above: it clears a flag with a replace or exchange of its word, and
 *   only then swaps the words that hold the flags below, all of them, even where nothing is to be
 *   cleared. Where such a word had flags that stay, it sets the flag above again, as an adder
 * would.
 *
 * Take an adder that has set a flag and goes on to the one above it, and the collector's swap of
 * the word with the lower one. Was the flag set before that swap, then the collector sees it: it
 * clears it and goes below, or sets the flag above again. Otherwise the adder read what the swap
 * left, or what came after it: all writes to these words are release and acquire, each on top of
 * the one before, so the clearing of the flag above happened before, and the adder does not miss
 * it: it finds the flag clear, or set since, and leaves it set. This holds for each pair on the
 * path, and so from the page up to the root, which is always looked at.
 *
 * A flag that is set above nothing is harmless: whoever goes below finds nothing.
 */
#include "ept/pages_node.h"

/* Sets flags; writes only if one is clear. */
static void set_flags(uint64_t *word, uint64_t flags)
{
	uint64_t seen = mz_load_acquire(word);

	while ((seen & flags) != flags)
		if (mz_replace(word, &seen, seen | flags))
			return;
}

/* Clears flags, and writes even if there are none. Answers what the word was. */
static uint64_t swap_flags(uint64_t *word, uint64_t flags)
{
	uint64_t seen;

	if (flags == ~(uint64_t)0)
		return mz_exchange(word, 0);
	seen = mz_load_relaxed(word);
	while (!mz_replace(word, &seen, seen & ~flags))
		;
	return seen;
}

/* The node behind a link; makes the node if there is none. NULL: there is no memory. */
static struct node *follow_or_make(struct mz_pages *pages, uint64_t *link)
{
	const struct mz_memory *memory = &pages->memory;
	uint64_t seen = mz_load_acquire(link);
	struct node *node;
	mz_oa pa;

	if (seen != 0)
		return node_at(pages, seen);
	if (memory->alloc(memory->context, pages->node_lg2, &pa) != MZ_OK)
		return NULL;
	node = node_at(pages, pa.addr);
	for (unsigned i = 0; i < SLOTS; i++)
		mz_slot_fill(&node->slots[i], 0);
	for (unsigned i = 0; i < SUMMARY_WORDS; i++)
		mz_slot_fill(&node->summary[i], 0);
	if (mz_replace(link, &seen, pa.addr | LINKED))
		return node;
	memory->free(memory->context, pa, pages->node_lg2);
	return node_at(pages, seen);
}

enum mz_error mz_pages_init(struct mz_pages *pages, const struct mz_memory *memory,
			    unsigned page_lg2, uint64_t page_count)
{
	if (memory->alloc == NULL || memory->free == NULL)
		return MZ_BAD_HOOKS;
	if (page_count == 0 || page_count > (uint64_t)1 << MZ_PAGES_LG2_MAX)
		return MZ_OUT_OF_RANGE;
	pages->memory = *memory;
	pages->page_count = page_count;
	pages->root = 0;
	pages->node_lg2 = page_lg2 < NODE_LG2_MIN ? NODE_LG2_MIN : page_lg2;
	pages->levels = 1;
	while (node_last(0, pages->levels) < page_count - 1)
		pages->levels++;
	return MZ_OK;
}

static void free_node(struct mz_pages *pages, uint64_t link, unsigned level)
{
	const struct mz_memory *memory = &pages->memory;

	if (link == 0)
		return;
	for (unsigned i = 0; level > 1 && i < SLOTS; i++)
		free_node(pages, mz_load_acquire(&node_at(pages, link)->slots[i]), level - 1);
	memory->free(memory->context, mz_oa_from(link & ~LINKED), pages->node_lg2);
}

void mz_pages_destroy(struct mz_pages *pages)
{
	free_node(pages, mz_load_acquire(&pages->root), pages->levels);
	pages->root = 0;
}

static bool within(const struct mz_pages *pages, uint64_t first, uint64_t count)
{
	return count <= pages->page_count && first <= pages->page_count - count;
}

/* Makes the nodes on the path to a page. */
static enum mz_error make_path(struct mz_pages *pages, uint64_t page)
{
	uint64_t *link = &pages->root;

	for (unsigned level = pages->levels; level >= 1; level--) {
		struct node *node = follow_or_make(pages, link);

		if (node == NULL)
			return MZ_NO_MEMORY;
		link = &node->slots[slot_of(page, level)];
	}
	return MZ_OK;
}

enum mz_error mz_pages_prepare(struct mz_pages *pages, uint64_t first, uint64_t count)
{
	uint64_t end = first + count;
	enum mz_error error = MZ_OK;

	if (!within(pages, first, count))
		return MZ_OUT_OF_RANGE;
	for (; first < end && error == MZ_OK; first = node_last(first, 1) + 1)
		error = make_path(pages, first);
	return error;
}

/* The nodes from the root, path[levels], to the one at level 1 that holds the page's word. */
static void find_path(const struct mz_pages *pages, uint64_t page, struct node **path)
{
	const uint64_t *link = &pages->root;

	for (unsigned level = pages->levels; level >= 1; level--) {
		path[level] = follow(pages, link);
		MZ_ASSERT(path[level] != NULL);
		link = &path[level]->slots[slot_of(page, level)];
	}
}

/* Sets summary bits for the slots [first, last] of a node. */
static void set_summary(struct node *node, unsigned first, unsigned last)
{
	for (unsigned word = first / WORD_BITS; word <= last / WORD_BITS; word++)
		set_flags(&node->summary[word], mask_in(word, first, last));
}

/* Sets the summary bits above the words of [first, last], which are in one node of level 1. */
static void set_summaries(struct node **path, unsigned levels, uint64_t first, uint64_t last)
{
	for (unsigned level = 1; level <= levels; level++)
		set_summary(path[level], slot_of(first, level), slot_of(last, level));
}

/* Adds pages [first, last] of one node of level 1. */
static void add_within(struct mz_pages *pages, uint64_t first, uint64_t last)
{
	struct node *path[LEVELS_MAX + 1];

	find_path(pages, first, path);
	for (uint64_t word = first >> WORD_LG2; word <= last >> WORD_LG2; word++)
		set_flags(&path[1]->slots[word % SLOTS], mask_in(word, first, last));
	set_summaries(path, pages->levels, first, last);
}

void mz_pages_add(struct mz_pages *pages, uint64_t first, uint64_t count)
{
	uint64_t end = first + count;

	MZ_ASSERT(within(pages, first, count));
	for (; first < end; first = node_last(first, 1) + 1)
		add_within(pages, first, lesser(end - 1, node_last(first, 1)));
}

struct taking {
	struct mz_pages *from, *to; /* `to` is NULL where pages go nowhere */
	enum mz_error error;
};

/* Puts the pages of a word that starts at `page` into a set that is prepared for them. */
static void put_word(struct mz_pages *pages, uint64_t page, uint64_t bits)
{
	struct node *path[LEVELS_MAX + 1];

	find_path(pages, page, path);
	set_flags(&path[1]->slots[slot_of(page, 1)], bits);
	set_summaries(path, pages->levels, page, page);
}

/* Takes [first, last] out of its word. True: pages are left in it. */
static bool take_word(struct taking *taking, uint64_t *word, uint64_t first, uint64_t last)
{
	uint64_t mask = mask_in(first >> WORD_LG2, first, last), found;

	if (taking->to != NULL)
		taking->error = make_path(taking->to, first);
	if (taking->error != MZ_OK)
		return true;
	found = swap_flags(word, mask);
	if (taking->to != NULL && (found & mask) != 0)
		put_word(taking->to, first, found & mask);
	return (found & ~mask) != 0;
}

/*
 * Takes [first, last] out of a node of this level, which it lies in. True: pages may be left below
 * the node, and the flag above it has to be set again. After an error nothing more is taken.
 */
static bool take_node(struct taking *taking, struct node *node, unsigned level, uint64_t first,
		      uint64_t last);

static bool take_slot(struct taking *taking, uint64_t *slot, unsigned level, uint64_t first,
		      uint64_t last)
{
	if (taking->error != MZ_OK)
		return true;
	return level == 1 ? take_word(taking, slot, first, last)
			  : take_node(taking, follow(taking->from, slot), level - 1, first, last);
}

static bool take_node(struct taking *taking, struct node *node, unsigned level, uint64_t first,
		      uint64_t last)
{
	unsigned low = slot_of(first, level), high = slot_of(last, level);
	uint64_t start = (first >> slot_lg2(level)) -
		low; /* the node's first slot, counted in all */
	bool left = false;

	for (unsigned word = 0; word < SUMMARY_WORDS; word++) {
		bool meets = word >= low / WORD_BITS && word <= high / WORD_BITS;
		uint64_t mask = meets ? mask_in(word, low, high) : 0, kept = 0;
		uint64_t found = swap_flags(&node->summary[word], mask);

		left |= (found & ~mask) != 0;
		for (uint64_t bits = found & mask; bits != 0; bits &= bits - 1) {
			unsigned slot = word * WORD_BITS + lowest(bits);
			uint64_t page = (start + slot) << slot_lg2(level);

			if (take_slot(taking, &node->slots[slot], level, slot == low ? first : page,
				      lesser(last, slot_last(page, level))))
				kept |= bits & -bits;
		}
		set_flags(&node->summary[word], kept);
		left |= kept != 0;
	}
	return left;
}

/* Takes a range out that is not empty. */
static enum mz_error take(struct mz_pages *to, struct mz_pages *from, uint64_t first, uint64_t last)
{
	struct taking taking = {from, to, MZ_OK};
	struct node *root = follow(from, &from->root);

	if (root != NULL)
		take_node(&taking, root, from->levels, first, last);
	return taking.error;
}

enum mz_error mz_pages_move(struct mz_pages *to, struct mz_pages *from, uint64_t first,
			    uint64_t count)
{
	if (!within(to, first, count) || !within(from, first, count))
		return MZ_OUT_OF_RANGE;
	return count == 0 ? MZ_OK : take(to, from, first, first + count - 1);
}

void mz_pages_remove(struct mz_pages *pages, uint64_t first, uint64_t count)
{
	uint64_t end = end_within(pages, first, count);

	if (first < end)
		(void)take(NULL, pages, first, end - 1);
}
