/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The environment of core/ under the explorer (see MZ_ENV_HEADER in core/env.h): each access that
 * another processor may see is a scheduling point. Plain accesses are seen too, through the calls
 * that -fsanitize=thread puts in.
 */
#ifndef MZ_TESTS_EXPLORE_ENV_H
#define MZ_TESTS_EXPLORE_ENV_H

#include "tests/explore/memory.h"
#include "tests/explore/outside.h"

static inline void mz_slot_fill(uint64_t *slot, uint64_t entry)
{
	memory_fill(slot, entry);
}

static inline uint64_t mz_load_relaxed(const uint64_t *slot)
{
	return memory_load(slot, false);
}

static inline uint64_t mz_load_acquire(const uint64_t *slot)
{
	return memory_load(slot, true);
}

static inline void mz_store_relaxed(uint64_t *slot, uint64_t entry)
{
	memory_store(slot, entry, false);
}

static inline void mz_store_release(uint64_t *slot, uint64_t entry)
{
	memory_store(slot, entry, true);
}

static inline uint64_t mz_exchange(uint64_t *slot, uint64_t entry)
{
	return memory_exchange(slot, entry);
}

static inline bool mz_replace(uint64_t *slot, uint64_t *from, uint64_t to)
{
	return memory_replace(slot, from, to);
}

static inline void mz_lock_acquire(uint32_t *lock)
{
	memory_lock(lock);
}

/* All that anybody spins on is the gate of a space. */
static inline void mz_relax(void)
{
	outside_wait();
}

static inline void mz_lock_release(uint32_t *lock)
{
	memory_unlock(lock);
}

static inline void mz_mark(uint8_t *mark, uint8_t to)
{
	memory_mark(mark, to);
}

static inline uint8_t mz_marked(const uint8_t *mark)
{
	return memory_marked(mark);
}

/* The level never changes. */
static inline uint8_t mz_mark_peek(const uint8_t *mark)
{
	return memory_peek(mark);
}

static inline void mz_fence(void)
{
	memory_marks_out();
}

static inline void mz_lock_await(const uint32_t *lock)
{
	memory_await(lock);
}

static inline void mz_refs_take(uint32_t *refs)
{
	memory_refs_take(refs);
}

static inline bool mz_refs_put(uint32_t *refs)
{
	return memory_refs_load(refs) == 1 || memory_refs_put(refs) == 1;
}

static inline bool mz_refs_shared(const uint32_t *refs)
{
	return memory_refs_load((uint32_t *)(uintptr_t)refs) > 1;
}

#endif
