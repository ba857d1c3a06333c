// SPDX-License-Identifier: MPL-2.0
#include "bench/mezz-bench-memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/table.h"

#define PAGE_LG2   12u
#define LARGE      ((uint64_t)2 << 20)
#define FIRST_PAGE 512u /* physical address 0 is nobody's node */

static _Thread_local unsigned lane_in_use;

/* The share of each lane: the random rows use the first, two threads use both. */
static uint64_t lane_end(const struct pool *pool, unsigned lane)
{
	return lane == 0 ? pool->page_count / 6 * 5 : pool->page_count;
}

/* Zeroed, in large pages where the system has them. */
static void *reserve(uint64_t bytes)
{
	char *place = mmap(NULL, bytes + LARGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (place == MAP_FAILED) {
		perror("mezz-bench: mmap");
		exit(1);
	}
	place += -(uintptr_t)place & (LARGE - 1);
	madvise(place, bytes, MADV_HUGEPAGE);
	return place;
}

void pool_init(struct pool *pool, uint64_t bytes)
{
	uint32_t *stacks;

	pool->page_count = bytes >> PAGE_LG2;
	stacks = reserve(pool->page_count * sizeof(*stacks));
	pool->base = reserve(bytes);
	pool->frames = reserve(pool->page_count * sizeof(*pool->frames));
	for (unsigned i = 0; i < POOL_LANES; i++)
		pool->lanes[i].stack = stacks + (i > 0 ? lane_end(pool, i - 1) : 0);
	pool_reset(pool);
}

void pool_touch(struct pool *pool)
{
	memset(pool->base, 0, pool->page_count << PAGE_LG2);
	memset(pool->frames, 0, pool->page_count * sizeof(*pool->frames));
}

void pool_reset(struct pool *pool)
{
	uint64_t begin = 0;

	for (unsigned i = 0; i < POOL_LANES; begin = lane_end(pool, i++)) {
		struct pool_lane *lane = &pool->lanes[i];

		lane->top = 0;
		for (uint64_t page = lane_end(pool, i); page > begin; page--)
			lane->stack[lane->top++] = (uint32_t)(page - 1 + FIRST_PAGE);
	}
}

uint64_t pool_live_nodes(const struct pool *pool)
{
	uint64_t live = pool->page_count;

	for (unsigned i = 0; i < POOL_LANES; i++)
		live -= pool->lanes[i].top;
	return live;
}

void pool_use_lane(unsigned lane)
{
	lane_in_use = lane;
}

enum mz_error pool_alloc(void *context, unsigned size_lg2, mz_oa *pa)
{
	struct pool_lane *lane = &((struct pool *)context)->lanes[lane_in_use];

	if (lane->top == 0 || size_lg2 != PAGE_LG2)
		return MZ_NO_MEMORY;
	*pa = mz_oa_from((uint64_t)lane->stack[--lane->top] << PAGE_LG2);
	return MZ_OK;
}

void pool_free(void *context, mz_oa pa, unsigned size_lg2)
{
	struct pool_lane *lane = &((struct pool *)context)->lanes[lane_in_use];

	(void)size_lg2;
	lane->stack[lane->top++] = (uint32_t)(pa.addr >> PAGE_LG2);
}

struct mz_memory pool_memory(struct pool *pool)
{
	return (struct mz_memory) {
		.context = pool,
		.alloc = pool_alloc,
		.free = pool_free,
		.linear = (uintptr_t)pool->base - (FIRST_PAGE << PAGE_LG2),
		.frames = pool->frames,
		.first_frame = FIRST_PAGE,
		.frame_count = pool->page_count,
	};
}

#define RETIRED_MAX 4096

_Thread_local uint64_t rcu_reader;
uint64_t rcu_period = 1;

static struct {
	struct mz_table *table;
	uint32_t nodes;
} retired[RETIRED_MAX];
static unsigned retired_count;

static void enter(void *context)
{
	(void)context;
	rcu_enter();
}

static void leave(void *context)
{
	(void)context;
	rcu_leave();
}

static void retire(void *context, struct mz_table *table, uint32_t nodes)
{
	(void)context;
	if (retired_count == RETIRED_MAX) {
		fputs("mezz-bench: too many retired nodes\n", stderr);
		exit(1);
	}
	retired[retired_count].table = table;
	retired[retired_count++].nodes = nodes;
}

static void wait(void *context)
{
	(void)context; /* who changes a space here is alone */
}

struct mz_rcu rcu_hooks(void)
{
	return (struct mz_rcu) {.enter = enter, .leave = leave, .retire = retire, .wait = wait};
}

void rcu_reclaim(void)
{
	for (unsigned i = 0; i < retired_count; i++)
		mz_table_reclaim(retired[i].table, retired[i].nodes);
	retired_count = 0;
}
