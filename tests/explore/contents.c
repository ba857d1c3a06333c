// SPDX-License-Identifier: MPL-2.0
#include "tests/explore/contents.h"

#include <string.h>

#include "tests/explore/outside.h"
#include "tests/explore/search.h"
#include "tests/explore/world.h"

#define STORES_MAX     32
#define COPIES_OF_EACH 16

struct store {
	unsigned space, page, turn;
};

static struct store stores[STORES_MAX];
static unsigned store_count;
static unsigned clone_begin, clone_end; /* turns */

/* By output page: the number of the store from 1 on, 0: as at first. */
static unsigned contents[MEMORY_CONTENTS];
static unsigned copy_counts[THREADS_MAX];

void contents_clear(void)
{
	memset(contents, 0, sizeof(contents));
	memset(copy_counts, 0, sizeof(copy_counts));
	store_count = 0;
	clone_begin = clone_end = 0;
}

static unsigned output_page(mz_oa oa)
{
	return (unsigned)(oa.addr >> TINY_PAGE_LG2);
}

static unsigned frame_of(mz_oa oa)
{
	return outside_object(OUTSIDE_FRAMES + output_page(oa) % MEMORY_FRAMES);
}

void contents_store(unsigned thread, unsigned page, mz_oa oa)
{
	if ((world.flags & PROGRAM_CLONED) == 0)
		return;
	outside_store(frame_of(oa));
	if (store_count == STORES_MAX)
		fail("a program stores more than %d times", STORES_MAX);
	stores[store_count++] = (struct store) {world.on[thread], page, search_turn()};
	contents[output_page(oa)] = store_count;
}

/* The last store to a page through a space that came before a turn, or 0. */
static unsigned last_store(unsigned space, unsigned page, unsigned turn)
{
	unsigned last = 0;

	for (unsigned i = 0; i < store_count; i++)
		if (stores[i].space == space && stores[i].page == page && stores[i].turn < turn)
			last = i + 1;
	return last;
}

/* May the clone hold this, to which nobody has stored through it? */
static bool was_when_cloned(unsigned page, unsigned value)
{
	const struct store *store = &stores[value - 1];

	if (value == last_store(0, page, clone_begin))
		return true;
	return value != 0 && store->space == 0 && store->page == page &&
		store->turn >= clone_begin && store->turn < clone_end;
}

/* Must a read of the page through the space find this? Answers what it must find if not. */
static bool is_right(unsigned space, unsigned page, unsigned value, unsigned *right)
{
	*right = last_store(space, page, UINT32_MAX);
	return space == 1 && *right == 0 ? was_when_cloned(page, value) : value == *right;
}

void contents_load(unsigned thread, unsigned page, mz_oa oa)
{
	unsigned value, right;

	if ((world.flags & PROGRAM_CLONED) == 0)
		return;
	outside_load(frame_of(oa));
	value = contents[output_page(oa)];
	if (!is_right(world.on[thread], page, value, &right))
		fail("page %u is read: store %u, and not %u", page, value, right);
}

void contents_cloned(unsigned begin)
{
	clone_begin = begin;
	clone_end = search_turn();
}

/* Copies are in output pages below those of the threads. */
static enum mz_error copy(void *context, const struct mz_region *region, mz_ia ia,
			  struct mz_item from, mz_oa *to)
{
	unsigned thread = (unsigned)current;
	unsigned value;

	(void)context, (void)region, (void)ia;
	if (copy_counts[thread] == COPIES_OF_EACH)
		fail("a thread copies more than %d pages", COPIES_OF_EACH);
	*to = mz_oa_from((thread * COPIES_OF_EACH + copy_counts[thread]++) * TINY_PAGE);
	outside_load(frame_of(from.oa));
	value = contents[output_page(from.oa)];
	outside_store(frame_of(*to));
	contents[output_page(*to)] = value;
	return MZ_OK;
}

static void release(void *context, const struct mz_region *region, mz_oa oa, unsigned level)
{
	(void)context, (void)region, (void)oa, (void)level;
}

const struct mz_backing contents_backing = {.copy = copy, .release = release};

/* What a read of the page finds: where nothing is mapped, a fault would map what was there. */
static unsigned held(unsigned space, unsigned page)
{
	mz_ia ia = mz_ia_from(page * TINY_PAGE);
	struct mz_item item = mz_table_query(&world.spaces[space].table, ia);

	if (item.level == 0)
		item.oa = world_oa(THREADS_MAX, ia.addr);
	return contents[output_page(item.oa)];
}

static void check_page(unsigned space, unsigned page)
{
	unsigned value = held(space, page), right;

	if (!is_right(space, page, value, &right))
		fail("page %u of space %u holds store %u, and not %u", page, space, value, right);
}

void contents_check(void)
{
	unsigned pages = 1u << (world.spaces[0].table.config.format->ia_lg2 - TINY_PAGE_LG2);

	if ((world.flags & PROGRAM_CLONED) == 0)
		return;
	for (unsigned page = 0; page < pages; page++)
		for (unsigned space = 0; space <= world.cloned; space++)
			check_page(space, page);
}
