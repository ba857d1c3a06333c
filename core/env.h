/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The environment: what the compiler and the processor give to core/. The one file that a port
 * edits.
 *
 * Everything that another processor, or the MMU, may touch at the same time is read and written
 * through these functions and never otherwise.
 */
#ifndef MZ_CORE_ENV_H
#define MZ_CORE_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MZ_MUST_CHECK  __attribute__((warn_unused_result))
#define MZ_LIKELY(x)   __builtin_expect(!!(x), 1)
#define MZ_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* A broken rule of the library's own, never a caller's mistake. */
#ifdef MZ_DEBUG
#define MZ_ASSERT(x) ((x) ? (void)0 : __builtin_trap())
#else
#define MZ_ASSERT(x) ((void)0)
#endif

static inline uint64_t mz_load_relaxed(const uint64_t *slot)
{
	return __atomic_load_n(slot, __ATOMIC_RELAXED);
}

static inline uint64_t mz_load_acquire(const uint64_t *slot)
{
	return __atomic_load_n(slot, __ATOMIC_ACQUIRE);
}

static inline void mz_store_relaxed(uint64_t *slot, uint64_t entry)
{
	__atomic_store_n(slot, entry, __ATOMIC_RELAXED);
}

static inline void mz_store_release(uint64_t *slot, uint64_t entry)
{
	__atomic_store_n(slot, entry, __ATOMIC_RELEASE);
}

static inline uint64_t mz_exchange(uint64_t *slot, uint64_t entry)
{
	return __atomic_exchange_n(slot, entry, __ATOMIC_ACQ_REL);
}

/* Stores `to` if the slot holds `*from`; otherwise puts what it holds into `*from`. */
static inline bool mz_replace(uint64_t *slot, uint64_t *from, uint64_t to)
{
	return __atomic_compare_exchange_n(slot, from, to, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

static inline void mz_count_up(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

/* Tells the processor that this is a spin loop. */
static inline void mz_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
	__asm__ volatile("yield" ::: "memory");
#else
	__asm__ volatile("" ::: "memory");
#endif
}

#endif
