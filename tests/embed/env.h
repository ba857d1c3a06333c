/* SPDX-License-Identifier: MPL-2.0 */
/*
 * An environment of an embedder's own, named in MZ_ENV_HEADER: a single processor whose MMU never
 * writes entries, so that each access is a plain load or store, done once and in program order.
 */
#ifndef TESTS_EMBED_ENV_H
#define TESTS_EMBED_ENV_H

#include <stdbool.h>
#include <stdint.h>

static inline void mz_slot_fill(uint64_t *slot, uint64_t entry)
{
	*slot = entry;
}

static inline uint64_t mz_load_relaxed(const uint64_t *slot)
{
	return *(const volatile uint64_t *)slot;
}

static inline uint64_t mz_load_acquire(const uint64_t *slot)
{
	return *(const volatile uint64_t *)slot;
}

static inline void mz_store_relaxed(uint64_t *slot, uint64_t entry)
{
	*(volatile uint64_t *)slot = entry;
}

/* The node behind the link is filled before: the compiler may not move those stores down. */
static inline void mz_store_release(uint64_t *slot, uint64_t entry)
{
	__asm__ volatile("" ::: "memory");
	*(volatile uint64_t *)slot = entry;
}

static inline uint64_t mz_exchange(uint64_t *slot, uint64_t entry)
{
	uint64_t before = mz_load_relaxed(slot);

	mz_store_release(slot, entry);
	return before;
}

static inline bool mz_replace(uint64_t *slot, uint64_t *from, uint64_t to)
{
	uint64_t before = mz_load_relaxed(slot);

	if (before != *from) {
		*from = before;
		return false;
	}
	mz_store_release(slot, to);
	return true;
}

static inline void mz_mark(uint8_t *mark, uint8_t to)
{
	*mark = to;
}

static inline uint8_t mz_marked(const uint8_t *mark)
{
	return *mark;
}

static inline uint8_t mz_mark_peek(const uint8_t *mark)
{
	return *mark;
}

static inline void mz_relax(void)
{
}

static inline void mz_lock_acquire(uint32_t *lock)
{
	(void)lock;
}

static inline void mz_lock_release(uint32_t *lock)
{
	(void)lock;
}

static inline void mz_fence(void)
{
}

static inline void mz_lock_await(const uint32_t *lock)
{
	(void)lock;
}

static inline void mz_refs_take(uint32_t *refs)
{
	++*refs;
}

static inline bool mz_refs_put(uint32_t *refs)
{
	return --*refs == 0;
}

static inline bool mz_refs_shared(const uint32_t *refs)
{
	return *refs > 1;
}

#endif
