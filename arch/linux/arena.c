// SPDX-License-Identifier: MPL-2.0
#include "arch/linux/arena.h"

#include <sys/mman.h>

#define NONE 0

static unsigned order_of(const struct mz_arena *arena, unsigned size_lg2)
{
	return size_lg2 - arena->page_lg2;
}

/* Free blocks are linked through their first word; nobody looks at a free block. */
static uint64_t *link_in(struct mz_arena *arena, uint64_t offset)
{
	return (uint64_t *)(void *)(arena->base + offset);
}

/* The next fresh offset that is aligned for a block of this size. */
static uint64_t take_fresh(struct mz_arena *arena, uint64_t size)
{
	uint64_t offset = (arena->used_bytes + size - 1) & ~(size - 1);

	if (size > arena->bytes || offset > arena->bytes - size)
		return NONE;
	arena->used_bytes = offset + size;
	return offset;
}

static enum mz_error arena_alloc(void *context, unsigned size_lg2, mz_oa *pa)
{
	struct mz_arena *arena = context;
	uint64_t size = (uint64_t)1 << size_lg2;
	unsigned order = order_of(arena, size_lg2);
	uint64_t offset;

	if (order >= MZ_ARENA_ORDERS)
		return MZ_NO_MEMORY;
	pthread_mutex_lock(&arena->mutex);
	offset = arena->free_lists[order];
	if (offset != NONE)
		arena->free_lists[order] = *link_in(arena, offset);
	else
		offset = take_fresh(arena, size);
	if (offset != NONE)
		arena->live_bytes += size;
	pthread_mutex_unlock(&arena->mutex);
	*pa = mz_oa_from(offset);
	return offset != NONE ? MZ_OK : MZ_NO_MEMORY;
}

static void arena_free(void *context, mz_oa pa, unsigned size_lg2)
{
	struct mz_arena *arena = context;
	unsigned order = order_of(arena, size_lg2);

	pthread_mutex_lock(&arena->mutex);
	*link_in(arena, pa.addr) = arena->free_lists[order];
	arena->free_lists[order] = pa.addr;
	arena->live_bytes -= (uint64_t)1 << size_lg2;
	pthread_mutex_unlock(&arena->mutex);
}

static void *reserve(uint64_t bytes)
{
	void *place = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return place != MAP_FAILED ? place : NULL;
}

enum mz_error mz_arena_init(struct mz_arena *arena, uint64_t bytes, unsigned page_lg2)
{
	uint64_t page = (uint64_t)1 << page_lg2;
	uint64_t frame_count = bytes >> page_lg2;
	struct mz_frame *frames;

	if (bytes == 0 || bytes % (page << (MZ_ARENA_ORDERS - 1)) != 0 || frame_count > UINT32_MAX)
		return MZ_BAD_CONFIG;
	*arena = (struct mz_arena) {.page_lg2 = page_lg2, .bytes = bytes, .used_bytes = page};
	arena->base = reserve(bytes);
	frames = reserve(frame_count * sizeof(*frames));
	if (arena->base == NULL || frames == NULL) {
		if (arena->base != NULL)
			munmap(arena->base, bytes);
		if (frames != NULL)
			munmap(frames, frame_count * sizeof(*frames));
		arena->base = NULL;
		return MZ_NO_MEMORY;
	}
	arena->memory = (struct mz_memory) {
		.context = arena,
		.alloc = arena_alloc,
		.free = arena_free,
		.linear = (uintptr_t)arena->base,
		.frames = frames,
		.frame_count = frame_count,
	};
	pthread_mutex_init(&arena->mutex, NULL);
	return MZ_OK;
}

void mz_arena_destroy(struct mz_arena *arena)
{
	pthread_mutex_destroy(&arena->mutex);
	munmap(arena->memory.frames, arena->memory.frame_count * sizeof(struct mz_frame));
	munmap(arena->base, arena->bytes);
}
