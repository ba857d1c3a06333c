/* SPDX-License-Identifier: MPL-2.0 */
/* Tracking memory. */
#include "tests/track.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/must.h"

/* Marks in `sizes` beside the size of a live node. */
#define FRESH 0    /* never handed out */
#define FREED 0xfe /* full of the pattern */
#define TAIL  0xff /* inside a live node */

#define PATTERN 0xd1

/*
 * The last page number that a list of frames can hold, and with it the highest page that a node can
 * have.
 */
#define FIRST_PAGE ((uint64_t)MZ_FRAME_NONE - TRACK_PAGES)

static size_t page_of(const struct track *track, mz_oa pa)
{
	uint64_t page = pa.addr >> track->page_lg2;

	if (page < FIRST_PAGE || page >= FIRST_PAGE + TRACK_PAGES)
		ck_abort_msg("%#llx is no node's address", (unsigned long long)pa.addr);
	return (size_t)(page - FIRST_PAGE);
}

static unsigned char *page_at(const struct track *track, size_t page)
{
	return track->base + (page << track->page_lg2);
}

static bool patterned(const void *start, size_t bytes)
{
	const unsigned char *at = start;

	for (size_t i = 0; i < bytes; i++)
		if (at[i] != PATTERN)
			return false;
	return true;
}

static void check_freed(const struct track *track, size_t page)
{
	if (!patterned(page_at(track, page), (size_t)1 << track->page_lg2))
		ck_abort_msg("node in page %zu was written to after it was freed", page);
	if (!patterned(&track->memory.frames[page], sizeof(struct mz_frame)))
		ck_abort_msg("metadata of page %zu was written to after it was freed", page);
}

static bool all_free(const struct track *track, size_t page, size_t count)
{
	for (size_t i = page; i < page + count; i++)
		if (track->sizes[i] != FRESH && track->sizes[i] != FREED)
			return false;
	return true;
}

/*
 * Goes round, so that a freed page rests as long as possible, in a part that grows when it is full.
 */
static size_t find_pages(struct track *track, size_t count)
{
	/* A node is aligned to its size by its page number; FIRST_PAGE is a multiple of none. */
	size_t skew = (size_t)(-FIRST_PAGE & (count - 1));

	for (; track->limit <= TRACK_PAGES; track->limit *= 2) {
		for (size_t tries = 0; tries < track->limit / count; tries++) {
			size_t page = (track->cursor + count - 1 - skew) / count * count + skew;

			if (page + count > track->limit)
				page = skew;
			track->cursor = page + count;
			if (all_free(track, page, count))
				return page;
		}
	}
	ck_abort_msg("the test needs more than %d pages of nodes", TRACK_PAGES);
	return 0;
}

static void fill_with_garbage(struct track *track, void *start, size_t bytes)
{
	unsigned char *at = start;

	for (size_t i = 0; i < bytes; i++)
		at[i] = (unsigned char)rng_next(&track->rng);
}

static enum mz_error track_alloc(void *context, unsigned size_lg2, mz_oa *pa)
{
	struct track *track = context;
	size_t count = (size_t)1 << (size_lg2 - track->page_lg2);
	size_t page;

	must(size_lg2 >= track->page_lg2);
	pthread_mutex_lock(&track->mutex);
	track->alloc_count++;
	if (track->fail_at != 0 &&
	    (track->fail_after ? track->alloc_count >= track->fail_at
			       : track->alloc_count == track->fail_at)) {
		pthread_mutex_unlock(&track->mutex);
		return track->error != MZ_OK ? track->error : MZ_NO_MEMORY;
	}
	page = find_pages(track, count);
	for (size_t i = page; i < page + count; i++) {
		if (track->sizes[i] == FREED)
			check_freed(track, i);
		track->sizes[i] = TAIL;
	}
	track->sizes[page] = (uint8_t)size_lg2;
	fill_with_garbage(track, page_at(track, page), (size_t)1 << size_lg2);
	fill_with_garbage(track, &track->memory.frames[page], count * sizeof(struct mz_frame));
	track->live_count++;
	*pa = mz_oa_from((FIRST_PAGE + page) << track->page_lg2);
	pthread_mutex_unlock(&track->mutex);
	return MZ_OK;
}

static void track_free(void *context, mz_oa pa, unsigned size_lg2)
{
	struct track *track = context;
	size_t page = page_of(track, pa);
	size_t count = (size_t)1 << (size_lg2 - track->page_lg2);

	pthread_mutex_lock(&track->mutex);
	if (track->sizes[page] != size_lg2)
		ck_abort_msg("page %zu freed as a node of 2^%u bytes: its mark is %u", page,
			     size_lg2, track->sizes[page]);
	for (size_t i = page; i < page + count; i++)
		track->sizes[i] = FREED;
	memset(page_at(track, page), PATTERN, (size_t)1 << size_lg2);
	memset(&track->memory.frames[page], PATTERN, count * sizeof(struct mz_frame));
	track->live_count--;
	pthread_mutex_unlock(&track->mutex);
	journal_add(track->journal,
		    (struct event) {.kind = EVENT_FREE,
				    .first = pa.addr,
				    .last = pa.addr + ((uint64_t)1 << size_lg2) - 1});
}

void track_init(struct track *track, unsigned page_lg2, struct journal *journal)
{
	memset(track, 0, sizeof(*track));
	pthread_mutex_init(&track->mutex, NULL);
	track->journal = journal;
	track->page_lg2 = page_lg2;
	track->rng.state = 1;
	track->limit = TRACK_PAGES / 32;
	track->base = mmap(NULL, (size_t)TRACK_PAGES << page_lg2, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(track->base != MAP_FAILED);
	track->sizes = calloc(TRACK_PAGES, 1);
	track->memory.context = track;
	track->memory.alloc = track_alloc;
	track->memory.free = track_free;
	track->memory.linear = (uintptr_t)track->base - (uintptr_t)(FIRST_PAGE << page_lg2);
	track->memory.frames = calloc(TRACK_PAGES, sizeof(struct mz_frame));
	track->memory.first_frame = FIRST_PAGE;
	track->memory.frame_count = TRACK_PAGES;
	must(track->sizes != NULL);
	must(track->memory.frames != NULL);
}

void track_check(const struct track *track)
{
	for (size_t i = 0; i < TRACK_PAGES; i++)
		if (track->sizes[i] == FREED)
			check_freed(track, i);
}

void track_destroy(struct track *track)
{
	track_check(track);
	must_say(track->live_count == 0, "%llu nodes leaked",
		 (unsigned long long)track->live_count);
	munmap(track->base, (size_t)TRACK_PAGES << track->page_lg2);
	free(track->sizes);
	free(track->memory.frames);
	pthread_mutex_destroy(&track->mutex);
}

void track_fail(struct track *track, uint64_t n)
{
	track->fail_at = n ? track->alloc_count + n : 0;
}

uint64_t *track_node(const struct track *track, mz_oa node)
{
	return (uint64_t *)(void *)page_at(track, page_of(track, node));
}

struct mz_frame *track_frame(const struct track *track, mz_oa node)
{
	return &track->memory.frames[page_of(track, node)];
}
