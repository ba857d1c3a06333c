/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The benchmark's node memory: pools in large pages, handed out last in, first out, with the
 * frames' metadata beside them; and the simplest RCU that a reader on a processor of its own needs.
 */
#ifndef MZ_BENCH_MEMORY_H
#define MZ_BENCH_MEMORY_H

#include "core/config.h"

/* Each thread allocates from a lane of its own, so that the pool is no part of what is measured. */
#define POOL_LANES 2

struct pool_lane {
	uint32_t *stack; /* free pages by number; the last is handed out next */
	uint64_t top;
	char pad[112]; /* a pair of cache lines for each */
};

struct pool {
	struct pool_lane lanes[POOL_LANES];
	uint64_t page_count;
	char *base;
	struct mz_frame *frames;
};

/* Takes addresses, and memory as it is used. Exits where there are none. */
void pool_init(struct pool *pool, uint64_t bytes);

/* All of it has been touched then: what is measured waits for no page. */
void pool_touch(struct pool *pool);

/* All pages are free again, and will be handed out in the order of their addresses. */
void pool_reset(struct pool *pool);

uint64_t pool_live_nodes(const struct pool *pool);

/* The lane that this thread uses; 0 unless it says so. */
void pool_use_lane(unsigned lane);

/* The hooks, which the limits call too. */
enum mz_error pool_alloc(void *context, unsigned size_lg2, mz_oa *pa);
void pool_free(void *context, mz_oa pa, unsigned size_lg2);
struct mz_memory pool_memory(struct pool *pool);

/*
 * Readers announce themselves in a word of their own, without a fence: a writer would pay for that.
 * Retired nodes wait for rcu_reclaim(), which the only thread calls outside any reader. Nobody else
 * may be at work either when a space is changed, for `wait` does not.
 */
extern _Thread_local uint64_t rcu_reader __attribute__((tls_model("local-exec")));
extern uint64_t rcu_period;

static inline void rcu_enter(void)
{
	__atomic_store_n(&rcu_reader, __atomic_load_n(&rcu_period, __ATOMIC_RELAXED),
			 __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static inline void rcu_leave(void)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	__atomic_store_n(&rcu_reader, 0, __ATOMIC_RELEASE);
}

struct mz_rcu rcu_hooks(void);
void rcu_reclaim(void);

#endif
