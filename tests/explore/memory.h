/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The memory that tables under the explorer are in: nodes, their metadata, and for each word what
 * is known of who touched it last.
 *
 * Found, by vector clocks over what C17 says of acquire and release (5.1.2.4): a plain access and
 * another one, of which one writes, that are not ordered; an access to memory that is not
 * allocated; freeing twice. An address is never used a second time in a run: what was freed stays
 * out of bounds, so an access that comes too late is found however late it comes.
 *
 * Marks are stores that a processor may keep to itself for a while: until a fence, or until it
 * writes something else that others see. As late as that they are seen here. Found is who stores
 * into a stray node that nobody may be in any more.
 */
#ifndef MZ_TESTS_EXPLORE_MEMORY_H
#define MZ_TESTS_EXPLORE_MEMORY_H

#include "core/frame.h"
#include "tests/explore/clock.h"

#define MEMORY_PAGE_LG2    5
#define MEMORY_NODE_SLOTS  4
#define MEMORY_BEGIN_NODES 32 /* for the beginning; the first is never handed out */
#define MEMORY_TASK_NODES  16 /* for each thread */
#define MEMORY_NODES       (MEMORY_BEGIN_NODES + MEMORY_TASK_NODES * THREADS_MAX)

/* Output pages have contents too, for what is told by mapping them. */
#define MEMORY_CONTENTS (64 * (THREADS_MAX + 2))

/* Frames whose contents are told apart; others are taken for one of them. */
#define MEMORY_FRAMES 8

/* Objects that operations are about: slots, then reference counts, locks and marks, the readers,
 * the MMU's caches, and what is in tests/explore/outside.h. */
#define MEMORY_SLOTS    (MEMORY_NODES * MEMORY_NODE_SLOTS)
#define MEMORY_READERS  (MEMORY_SLOTS + 3 * MEMORY_NODES)
#define MEMORY_CACHES   (MEMORY_READERS + 1)
#define MEMORY_OUTSIDE  (MEMORY_CACHES + 1)
#define MEMORY_OUTSIDES (THREADS_MAX + MEMORY_FRAMES + 4)
#define MEMORY_OBJECTS  (MEMORY_OUTSIDE + MEMORY_OUTSIDES)

/* The memory hooks. */
struct mz_memory memory_hooks(void);

/* Everything is free. `mmu_writes`: entries change under a lock's holder. Then a beginning is made;
 * it is kept, and comes back before each run. */
void memory_clear(bool mmu_writes);

/* Words here are not explored: a gate that is never shut, and counters of one thread each. */
void memory_besides(const void *begin, size_t bytes);
void memory_keep(void);
void memory_restore(void);

/* Nodes that are allocated. */
unsigned memory_live_nodes(void);

bool memory_lock_free(unsigned object);

/* "slot 2 of node 33", in a buffer of the caller's. */
void memory_object_text(unsigned object, char *text, unsigned bytes);

/* What tests/explore/env.h makes of its accesses. */
void memory_fill(uint64_t *slot, uint64_t entry);
uint64_t memory_load(const uint64_t *slot, bool acquire);
void memory_store(uint64_t *slot, uint64_t entry, bool release);
uint64_t memory_exchange(uint64_t *slot, uint64_t entry);
bool memory_replace(uint64_t *slot, uint64_t *from, uint64_t to);
void memory_lock(uint32_t *lock);
void memory_unlock(uint32_t *lock);
void memory_await(const uint32_t *lock);
void memory_mark(uint8_t *mark, uint8_t to);
void memory_marks_out(void);
uint8_t memory_marked(const uint8_t *mark);
uint8_t memory_peek(const uint8_t *mark);
void memory_refs_take(uint32_t *refs);
uint32_t memory_refs_load(uint32_t *refs);
uint32_t memory_refs_put(uint32_t *refs);

/* A plain access to whatever is at that place; what is in no node is nobody else's. */
void memory_plain(const void *place, size_t bytes, bool write);

/* The contents of an output page: a plain access to them. */
void memory_content(unsigned page, bool write);

/* A task's turn begins. */
void memory_turn(unsigned task);

/* The running task sees, or is seen by, what a grace period orders. */
void memory_see(const struct clock *other);
void memory_show(struct clock *other);

#endif
