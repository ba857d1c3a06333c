// SPDX-License-Identifier: MPL-2.0
/* Looking into a set of pages, while others add. */
#include "ept/pages_node.h"

bool mz_pages_has(const struct mz_pages *pages, uint64_t page)
{
	const uint64_t *link = &pages->root;

	if (page >= pages->page_count)
		return false;
	for (unsigned level = pages->levels; level >= 1; level--) {
		const struct node *node = follow(pages, link);

		if (node == NULL)
			return false;
		link = &node->slots[slot_of(page, level)];
	}
	return (mz_load_acquire(link) >> page % WORD_BITS & 1) != 0;
}

/* The first slot from `slot` on that is not empty by the summary, or SLOTS. */
static unsigned next_slot(const struct node *node, unsigned slot)
{
	for (; slot < SLOTS; slot = (slot | (WORD_BITS - 1)) + 1) {
		uint64_t bits = mz_load_acquire(&node->summary[slot / WORD_BITS]) &
			mask_of(slot % WORD_BITS, WORD_BITS - 1);

		if (bits != 0)
			return (slot & ~(WORD_BITS - 1)) + lowest(bits);
	}
	return SLOTS;
}

/*
 * Goes on from *page to the next node of level 1 that has a summary bit for it or for what comes
 * after it, and moves *page there. NULL: there is none; or none yet, and *page has moved on.
 */
static const struct node *next_node(const struct mz_pages *pages, uint64_t *page)
{
	const struct node *node = follow(pages, &pages->root);

	for (unsigned level = pages->levels; node != NULL; level--) {
		unsigned slot = slot_of(*page, level), next = next_slot(node, slot);

		if (next == SLOTS) {
			*page = node_last(*page, level) + 1;
			return NULL;
		}
		if (next != slot)
			*page = ((*page >> slot_lg2(level)) + (next - slot)) << slot_lg2(level);
		if (level == 1)
			return node;
		node = follow(pages, &node->slots[next]);
	}
	*page = pages->page_count;
	return NULL;
}

struct visit {
	bool (*run)(void *context, uint64_t first, uint64_t count);
	void *context;
	uint64_t first, count; /* the run so far, which may go on */
};

static bool end_run(struct visit *visit)
{
	return visit->count == 0 || visit->run(visit->context, visit->first, visit->count);
}

/* Visits the pages of a word that starts at `page`. */
static bool visit_word(struct visit *visit, uint64_t page, uint64_t bits)
{
	while (bits != 0) {
		unsigned low = lowest(bits);
		uint64_t rest = ~(bits >> low);
		unsigned count = rest == 0 ? WORD_BITS : lowest(rest);

		if (visit->count == 0 || visit->first + visit->count != page + low) {
			if (!end_run(visit))
				return false;
			visit->first = page + low;
			visit->count = 0;
		}
		visit->count += count;
		bits &= ~mask_of(low, low + count - 1);
	}
	return true;
}

/* Visits what a node of level 1 has from *page on, and moves *page behind it or to `end`. */
static bool visit_node(struct visit *visit, const struct node *node, uint64_t *page, uint64_t end)
{
	uint64_t last = lesser(end - 1, node_last(*page, 1));
	uint64_t start = (*page >> WORD_LG2) - slot_of(*page, 1), first = *page;

	*page = last + 1;
	for (unsigned slot = next_slot(node, slot_of(first, 1)); slot <= slot_of(last, 1);
	     slot = next_slot(node, slot + 1)) {
		uint64_t word = start + slot;
		uint64_t bits = mz_load_acquire(&node->slots[slot]) & mask_in(word, first, last);

		if (!visit_word(visit, word << WORD_LG2, bits))
			return false;
	}
	return true;
}

bool mz_pages_each(const struct mz_pages *pages, uint64_t first, uint64_t count,
		   bool (*run)(void *context, uint64_t first, uint64_t count), void *context)
{
	uint64_t end = end_within(pages, first, count);
	struct visit visit = {run, context, 0, 0};

	while (first < end) {
		const struct node *node = next_node(pages, &first);

		if (node != NULL && first < end && !visit_node(&visit, node, &first, end))
			return false;
	}
	return end_run(&visit);
}

static bool count_run(void *context, uint64_t first, uint64_t count)
{
	(void)first;
	*(uint64_t *)context += count;
	return true;
}

uint64_t mz_pages_count(const struct mz_pages *pages)
{
	uint64_t sum = 0;

	mz_pages_each(pages, 0, pages->page_count, count_run, &sum);
	return sum;
}

struct bitmap {
	uint64_t *words;
	uint64_t first; /* the page of bit 0 */
};

static bool fill_run(void *context, uint64_t first, uint64_t count)
{
	const struct bitmap *bitmap = context;
	uint64_t low = first - bitmap->first, last = low + count - 1;

	for (uint64_t word = low >> WORD_LG2; word <= last >> WORD_LG2; word++)
		bitmap->words[word] |= mask_in(word, low, last);
	return true;
}

void mz_pages_bitmap(const struct mz_pages *pages, uint64_t first, uint64_t count, uint64_t *words)
{
	struct bitmap bitmap = {words, first};

	for (uint64_t word = 0; word < (count >> WORD_LG2) + (count % WORD_BITS != 0); word++)
		words[word] = 0;
	mz_pages_each(pages, first, count, fill_run, &bitmap);
}
