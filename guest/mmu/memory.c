// SPDX-License-Identifier: MPL-2.0
#include "guest/mmu/memory.h"

#define MIB          ((uint64_t)1 << 20)
#define POOL_BYTES   (12 * MIB)
#define GUEST_BYTES  (4 * MIB)
#define CODE_BYTES   ((uint64_t)64 << 10) /* the largest page that a second stage may have */
#define PAGE_LG2_MIN 12u
#define SIZES        24 /* log2 of what is allocated is below */

struct pool {
	uint64_t first, end;
	uint64_t next;        /* never handed out from here on */
	uint64_t free[SIZES]; /* by log2 of the size: the first of a list through the first words */
	unsigned used;        /* nodes that are out */
	struct mz_frame frames[POOL_BYTES >> PAGE_LG2_MIN];
};

static struct pool pools[2];
static uint64_t data_first, data_end;
static const struct platform *owner;

static uint64_t up(uint64_t value, uint64_t alignment)
{
	return (value + alignment - 1) & ~(alignment - 1);
}

static void pool_begin(struct pool *pool, uint64_t first, uint64_t bytes)
{
	pool->first = first;
	pool->next = first;
	pool->end = first + bytes;
	pool->used = 0;
	for (unsigned i = 0; i < SIZES; i++)
		pool->free[i] = 0;
}

void memory_init(const struct platform *platform)
{
	uint64_t first = up(platform->ram_first.addr, GUEST_BYTES);

	owner = platform;
	pool_begin(&pools[POOL_STAGE2], first, POOL_BYTES);
	first += POOL_BYTES;
	pool_begin(&pools[POOL_GUEST], first + CODE_BYTES, GUEST_BYTES - CODE_BYTES);
	data_first = first + GUEST_BYTES;
	data_end = (platform->ram_first.addr + platform->ram_bytes) & ~(2 * MIB - 1);
	for (uint64_t frame = data_first; frame < data_end; frame += FRAME_BYTES)
		memory_frame_fill(mz_oa_from(frame));
}

bool memory_pool_reset(enum memory_pool which)
{
	struct pool *pool = &pools[which];
	bool whole = pool->used == 0;

	pool_begin(pool, pool->first, pool->end - pool->first);
	return whole;
}

static enum mz_error pool_alloc(void *context, unsigned size_lg2, mz_oa *pa)
{
	struct pool *pool = context;
	uint64_t bytes = (uint64_t)1 << size_lg2;

	if (pool->free[size_lg2] != 0) {
		pa->addr = pool->free[size_lg2];
		pool->free[size_lg2] = *memory_word(*pa);
	} else {
		pa->addr = up(pool->next, bytes);
		if (pa->addr + bytes > pool->end)
			return MZ_NO_MEMORY;
		pool->next = pa->addr + bytes;
	}
	pool->used++;
	return MZ_OK;
}

static void pool_free(void *context, mz_oa pa, unsigned size_lg2)
{
	struct pool *pool = context;

	*memory_word(pa) = pool->free[size_lg2];
	pool->free[size_lg2] = pa.addr;
	pool->used--;
}

struct mz_memory memory_hooks(enum memory_pool which, unsigned page_lg2)
{
	struct pool *pool = &pools[which];
	struct mz_memory hooks = {
		.context = pool,
		.alloc = pool_alloc,
		.free = pool_free,
		.frames = pool->frames,
		.first_frame = pool->first >> page_lg2,
		.frame_count = (pool->end - pool->first) >> page_lg2,
	};

	return hooks;
}

mz_oa memory_guest(void)
{
	return mz_oa_from(pools[POOL_GUEST].end - GUEST_BYTES);
}

uint64_t memory_guest_bytes(void)
{
	return GUEST_BYTES;
}

mz_oa memory_code_page(void)
{
	return memory_guest();
}

mz_oa memory_data(void)
{
	return mz_oa_from(data_first);
}

uint64_t memory_data_bytes(void)
{
	return data_end - data_first;
}

void memory_frame_fill(mz_oa frame)
{
	for (uint64_t at = frame.addr; at < frame.addr + FRAME_BYTES; at += sizeof(uint64_t))
		*memory_word(mz_oa_from(at)) = at;
	owner->write_return((void *)(uintptr_t)(frame.addr + FRAME_CODE), memory_frame_tag(frame));
}

uint32_t memory_frame_tag(mz_oa frame)
{
	return (uint32_t)(frame.addr / FRAME_BYTES);
}
