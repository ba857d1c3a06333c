/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The limits: what the work of each row costs at least. Hand-written for EPT of 4 levels, without
 * checks, locks, counts or errors; every entry is one 8-byte access, as an MMU must see it. They
 * work on tables that the library has made, in the same memory.
 */
#ifndef MZ_BENCH_LIMITS_H
#define MZ_BENCH_LIMITS_H

#include "bench/mezz-bench-memory.h"

/* An entry's bits beside its address. */
#define LIMIT_WRITE 0x2u
#define LIMIT_RX    0x35u /* read, execute; write-back */
#define LIMIT_RWX   0x37u
#define LIMIT_LARGE 0x80u /* a leaf above level 1 */
#define LIMIT_OA    0x000ffffffffff000u

struct limit;

/* What is called once a page is reached through a pointer, as the library's operations are. */
struct limit_ops {
	void (*map_page)(const struct limit *limit, uint64_t ia, uint64_t entry);
	void (*store_page)(const struct limit *limit, uint64_t ia, uint64_t entry);
	void (*unprotect_page)(const struct limit *limit, uint64_t ia);
	uint64_t (*query)(const struct limit *limit, uint64_t ia);
	void (*map_page_locked)(const struct limit *limit, uint64_t ia, uint64_t entry);
	void (*clear_page_locked)(const struct limit *limit, uint64_t ia);
	void (*unprotect_page_locked)(const struct limit *limit, uint64_t ia);
};

extern const struct limit_ops limit_ops;

struct limit {
	const struct limit_ops *ops;
	struct pool *pool;
	uintptr_t linear; /* a node is reached at linear + its address */
	uint64_t root;
	struct mz_frame *frames; /* of the pages from first_frame on */
	uint64_t first_frame;
};

/*
 * Ranges are multiples of what a node of the leaf's level maps. Map: zero each node, then one store
 * an entry. Clear: read and clear every entry, free each node; answers the entries' sum. Protect:
 * read-modify-write in place, or one locked instruction an entry.
 */
void limit_map_range(const struct limit *limit, uint64_t ia, uint64_t bytes, uint64_t oa,
		     unsigned level, unsigned bits);
uint64_t limit_clear_range(const struct limit *limit, uint64_t ia, uint64_t bytes);
void limit_protect_range(const struct limit *limit, uint64_t ia, uint64_t bytes);
void limit_protect_range_locked(const struct limit *limit, uint64_t ia, uint64_t bytes);

/* Reads every entry of level 1; answers the sum of their addresses. */
uint64_t limit_read_range(const struct limit *limit, uint64_t ia, uint64_t bytes);

/* A walk and a blind store; missing nodes are made, empty ones stay. */
static inline void limit_map_page(const struct limit *limit, uint64_t ia, uint64_t entry)
{
	limit->ops->map_page(limit, ia, entry);
}

static inline void limit_store_page(const struct limit *limit, uint64_t ia, uint64_t entry)
{
	limit->ops->store_page(limit, ia, entry);
}

/* A walk and a read-modify-write in place: the address of the leaf stays. */
static inline void limit_unprotect_page(const struct limit *limit, uint64_t ia)
{
	limit->ops->unprotect_page(limit, ia);
}

/*
 * What a page costs at least where others may be at work: the same, with the lock of the node taken
 * by one locked instruction, and with a look at the entry under it.
 */
static inline void limit_map_page_locked(const struct limit *limit, uint64_t ia, uint64_t entry)
{
	limit->ops->map_page_locked(limit, ia, entry);
}

static inline void limit_clear_page_locked(const struct limit *limit, uint64_t ia)
{
	limit->ops->clear_page_locked(limit, ia);
}

static inline void limit_unprotect_page_locked(const struct limit *limit, uint64_t ia)
{
	limit->ops->unprotect_page_locked(limit, ia);
}

/* Four dependent loads: the output address of ia. */
static inline uint64_t limit_query(const struct limit *limit, uint64_t ia)
{
	return limit->ops->query(limit, ia);
}

/* The 2 MiB leaf at ia becomes a full node: zeroed, filled, linked; its first page gets `bits`. */
void limit_split(const struct limit *limit, uint64_t ia, unsigned bits);

#endif
