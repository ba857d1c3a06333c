// SPDX-License-Identifier: MPL-2.0
#include "bench/limits.h"

#include <string.h>

#define ENTRIES  512u
#define NODE     4096u
#define LINK     0x7u
#define SHIFT(l) (12 + 9 * ((l)-1)) /* log2 of what an entry of this level maps */

static inline uint64_t load(const uint64_t *slot)
{
	return __atomic_load_n(slot, __ATOMIC_RELAXED);
}

static inline void store(uint64_t *slot, uint64_t entry)
{
	__atomic_store_n(slot, entry, __ATOMIC_RELAXED);
}

/*
 * The slot for ia in the node of `level` that `link` points to. The compiler is kept from another
 * order of the sum: this way nothing but the mask stands between the load of a link and the next.
 */
static inline uint64_t *slot_in(const struct limit *limit, uint64_t link, uint64_t ia,
				unsigned level)
{
	uintptr_t place = limit->linear + (ia >> (SHIFT(level) - 3) & (ENTRIES - 1) * 8);

	__asm__("" : "+r"(place));
	return (uint64_t *)(place + (link & LIMIT_OA));
}

/* A zeroed node. */
static uint64_t node_new(const struct limit *limit)
{
	mz_oa pa;

	if (pool_alloc(limit->pool, 12, &pa) != MZ_OK)
		__builtin_trap();
	memset((void *)(limit->linear + pa.addr), 0, NODE);
	return pa.addr;
}

/* What the entry for ia in a node of `level` links to, made where it is missing. */
static inline uint64_t reach_below(const struct limit *limit, uint64_t link, uint64_t ia,
				   unsigned level)
{
	uint64_t *slot = slot_in(limit, link, ia, level);
	uint64_t entry = load(slot);

	if (__builtin_expect(entry == 0, 0)) {
		entry = node_new(limit) | LINK;
		__atomic_store_n(slot, entry, __ATOMIC_RELEASE);
	}
	return entry;
}

/* The node of level 2 for ia, made where it is missing. */
static inline uint64_t reach_level_2(const struct limit *limit, uint64_t ia)
{
	return reach_below(limit, reach_below(limit, limit->root, ia, 4), ia, 3);
}

/* The link to the node of level 2 for ia, which is there. */
static inline uint64_t walk_to_level_2(const struct limit *limit, uint64_t ia)
{
	uint64_t link = load(slot_in(limit, limit->root, ia, 4));

	return load(slot_in(limit, link, ia, 3));
}

static inline uint64_t walk_to_level_1(const struct limit *limit, uint64_t ia)
{
	return load(slot_in(limit, walk_to_level_2(limit, ia), ia, 2));
}

static inline uint64_t *entries_of(const struct limit *limit, uint64_t link)
{
	return (uint64_t *)(limit->linear + (link & LIMIT_OA));
}

static inline void fill(uint64_t *entries, uint64_t entry, uint64_t step)
{
	for (unsigned i = 0; i < ENTRIES; i++, entry += step)
		store(&entries[i], entry);
}

void limit_map_range(const struct limit *limit, uint64_t ia, uint64_t bytes, uint64_t oa,
		     unsigned level, unsigned bits)
{
	uint64_t span = (uint64_t)1 << SHIFT(level);
	uint64_t entry = oa | bits;

	for (uint64_t end = ia + bytes; ia < end; ia += ENTRIES * span) {
		uint64_t node = reach_level_2(limit, ia);

		if (level == 1)
			node = reach_below(limit, node, ia, 2);
		fill(entries_of(limit, node), entry, span);
		entry += ENTRIES * span;
	}
}

uint64_t limit_clear_range(const struct limit *limit, uint64_t ia, uint64_t bytes)
{
	uint64_t sum = 0;

	for (uint64_t end = ia + bytes; ia < end; ia += ENTRIES * NODE) {
		uint64_t *link = slot_in(limit, walk_to_level_2(limit, ia), ia, 2);
		uint64_t *entries = entries_of(limit, load(link));

		for (unsigned i = 0; i < ENTRIES; i++) {
			sum += load(&entries[i]);
			store(&entries[i], 0);
		}
		pool_free(limit->pool, mz_oa_from(load(link) & LIMIT_OA), 12);
		store(link, 0);
	}
	return sum;
}

uint64_t limit_read_range(const struct limit *limit, uint64_t ia, uint64_t bytes)
{
	uint64_t sum = 0;

	for (uint64_t end = ia + bytes; ia < end; ia += ENTRIES * NODE) {
		const uint64_t *entries = entries_of(limit, walk_to_level_1(limit, ia));

		for (unsigned i = 0; i < ENTRIES; i++)
			sum += load(&entries[i]) & LIMIT_OA;
	}
	return sum;
}

void limit_protect_range(const struct limit *limit, uint64_t ia, uint64_t bytes)
{
	for (uint64_t end = ia + bytes; ia < end; ia += ENTRIES * NODE) {
		uint64_t *entries = entries_of(limit, walk_to_level_1(limit, ia));

		for (unsigned i = 0; i < ENTRIES; i++)
			store(&entries[i], load(&entries[i]) & ~(uint64_t)LIMIT_WRITE);
	}
}

void limit_protect_range_locked(const struct limit *limit, uint64_t ia, uint64_t bytes)
{
	for (uint64_t end = ia + bytes; ia < end; ia += ENTRIES * NODE) {
		uint64_t *entries = entries_of(limit, walk_to_level_1(limit, ia));

		for (unsigned i = 0; i < ENTRIES; i++)
			__atomic_fetch_and(&entries[i], ~(uint64_t)LIMIT_WRITE, __ATOMIC_ACQ_REL);
	}
}

static void map_page(const struct limit *limit, uint64_t ia, uint64_t entry)
{
	uint64_t node = reach_below(limit, reach_level_2(limit, ia), ia, 2);

	store(slot_in(limit, node, ia, 1), entry);
}

static void store_page(const struct limit *limit, uint64_t ia, uint64_t entry)
{
	store(slot_in(limit, walk_to_level_1(limit, ia), ia, 1), entry);
}

static void unprotect_page(const struct limit *limit, uint64_t ia)
{
	uint64_t *slot = slot_in(limit, walk_to_level_1(limit, ia), ia, 1);

	store(slot, load(slot) | LIMIT_WRITE);
}

static uint64_t query(const struct limit *limit, uint64_t ia)
{
	uint64_t entry = load(slot_in(limit, walk_to_level_1(limit, ia), ia, 1));

	return (entry & LIMIT_OA) | (ia & (NODE - 1));
}

static inline uint32_t *lock_node(const struct limit *limit, uint64_t link)
{
	uint32_t *lock = &limit->frames[(link & LIMIT_OA) / NODE - limit->first_frame].lock;

	while (__builtin_expect(__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) != 0, 0))
		;
	return lock;
}

static inline void unlock_node(uint32_t *lock)
{
	__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

static void map_page_locked(const struct limit *limit, uint64_t ia, uint64_t entry)
{
	uint64_t node = reach_below(limit, reach_level_2(limit, ia), ia, 2);
	uint64_t *slot = slot_in(limit, node, ia, 1);
	uint32_t *lock = lock_node(limit, node);

	if (load(slot) == 0)
		store(slot, entry);
	unlock_node(lock);
}

static void clear_page_locked(const struct limit *limit, uint64_t ia)
{
	uint64_t node = walk_to_level_1(limit, ia);
	uint64_t *slot = slot_in(limit, node, ia, 1);
	uint32_t *lock = lock_node(limit, node);

	if (load(slot) != 0)
		store(slot, 0);
	unlock_node(lock);
}

static void unprotect_page_locked(const struct limit *limit, uint64_t ia)
{
	uint64_t node = walk_to_level_1(limit, ia);
	uint64_t *slot = slot_in(limit, node, ia, 1);
	uint32_t *lock = lock_node(limit, node);

	store(slot, load(slot) | LIMIT_WRITE);
	unlock_node(lock);
}

const struct limit_ops limit_ops = {
	.map_page = map_page,
	.store_page = store_page,
	.unprotect_page = unprotect_page,
	.query = query,
	.map_page_locked = map_page_locked,
	.clear_page_locked = clear_page_locked,
	.unprotect_page_locked = unprotect_page_locked,
};

void limit_split(const struct limit *limit, uint64_t ia, unsigned bits)
{
	uint64_t *link = slot_in(limit, walk_to_level_2(limit, ia), ia, 2);
	uint64_t leaf = load(link) & ~(uint64_t)LIMIT_LARGE;
	uint64_t node = node_new(limit);
	uint64_t *entries = entries_of(limit, node);

	fill(entries, leaf, NODE);
	store(&entries[0], (leaf & LIMIT_OA) | bits);
	__atomic_store_n(link, node | LINK, __ATOMIC_RELEASE);
}
