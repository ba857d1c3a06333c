/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The environment of core/ under proof (see MZ_ENV_HEADER in core/env.h): the frames that nodes
 * live in, and every access to them with a claim. One thread; what it stands for:
 *
 * - An entry is read or written only in a frame that is allocated, and at an entry's boundary.
 * - A lock is taken only when it is free, and given back only when it is held.
 * - A reference is given back only where there is one.
 * - Where the table has MZ_HW_ACCESSED_DIRTY, the MMU may set hardware's bits in a leaf just before
 *   the library exchanges or replaces it; once in a proof, so that the loop that tries again ends.
 *   A plain store over such a leaf would lose what the MMU sets: none occurs.
 */
#ifndef MZ_TESTS_PROOF_ENV_H
#define MZ_TESTS_PROOF_ENV_H

#include "tests/proof/geometries.h"
#include "tests/proof/prove.h"

/*
 * The frames. Physical addresses begin at FIRST_FRAME, so that none is 0, and are reached at LINEAR
 * and above, where there is no object: no entry can be accessed but through this file.
 */
#define FIRST_FRAME 16u
#define LINEAR      0x10000u

static kept_entry pool[FRAMES * ENTRIES];
static bool live[FRAMES];

/* The entry that a pointer stands for. */
static inline unsigned slot_number(const uint64_t *slot)
{
	uint64_t offset = (uintptr_t)slot - LINEAR - FIRST_FRAME * NODE_BYTES;
	uint64_t place = offset % NODE_BYTES / sizeof(uint64_t);

	CLAIM(offset % sizeof(uint64_t) == 0 && offset < FRAMES * NODE_BYTES && place < ENTRIES,
	      "an entry is in a frame");
	CLAIM(live[offset / NODE_BYTES], "the frame of an entry is allocated");
	return (unsigned)(offset / NODE_BYTES * ENTRIES + place);
}

static inline void put_slot(unsigned number, uint64_t entry)
{
	CLAIM((kept_entry)entry == entry, "what is kept of an entry is all of it");
	pool[number] = (kept_entry)entry;
}

static inline uint64_t mz_load_relaxed(const uint64_t *slot)
{
	return pool[slot_number(slot)];
}

static inline uint64_t mz_load_acquire(const uint64_t *slot)
{
	return pool[slot_number(slot)];
}

static inline void mz_slot_fill(uint64_t *slot, uint64_t entry)
{
	put_slot(slot_number(slot), entry);
}

/* Is the entry a leaf in which the MMU may set bits at any moment? */
static inline bool mmu_may_write(unsigned number);

/* What the MMU may do to a leaf just before the library exchanges or replaces it. */
static inline void mmu_writes_now(unsigned number);

static inline void mz_store_relaxed(uint64_t *slot, uint64_t entry)
{
	unsigned number = slot_number(slot);

	CLAIM(!mmu_may_write(number), "a leaf that the MMU may write is exchanged or replaced");
	put_slot(number, entry);
}

static inline void mz_store_release(uint64_t *slot, uint64_t entry)
{
	mz_store_relaxed(slot, entry);
}

static inline uint64_t mz_exchange(uint64_t *slot, uint64_t entry)
{
	unsigned number = slot_number(slot);
	uint64_t before;

	mmu_writes_now(number);
	before = pool[number];
	put_slot(number, entry);
	return before;
}

static inline bool mz_replace(uint64_t *slot, uint64_t *from, uint64_t to)
{
	unsigned number = slot_number(slot);

	mmu_writes_now(number);
	if (pool[number] != *from) {
		*from = pool[number];
		return false;
	}
	put_slot(number, to);
	return true;
}

static inline void mz_lock_acquire(uint32_t *lock)
{
	CLAIM(*lock == 0, "a lock is free when it is taken");
	*lock = 1;
}

static inline void mz_lock_release(uint32_t *lock)
{
	CLAIM(*lock == 1, "a lock is held when it is given back");
	*lock = 0;
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

static inline void mz_fence(void)
{
}

static inline void mz_lock_await(const uint32_t *lock)
{
	CLAIM(*lock == 0, "a lock that is waited for is one that others hold");
}

static inline void mz_refs_take(uint32_t *refs)
{
	CLAIM(*refs > 0, "only an owner makes another");
	++*refs;
}

static inline bool mz_refs_put(uint32_t *refs)
{
	CLAIM(*refs > 0, "a reference that is given back exists");
	return --*refs == 0;
}

static inline bool mz_refs_shared(const uint32_t *refs)
{
	return *refs > 1;
}

#endif
