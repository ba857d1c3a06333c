/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The environment: what the compiler and the processor give to core/. The one file that a port
 * edits, or replaces by a header of its own named in MZ_ENV_HEADER.
 *
 * Everything that another processor, or the MMU, may touch at the same time is read and written
 * through these functions and never otherwise.
 *
 * With MZ_UNIPROCESSOR nodes are not locked and counts are not atomic: one thread at a time is in
 * the library. What the MMU may write is as atomic as before.
 */
#ifndef MZ_CORE_ENV_H
#define MZ_CORE_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MZ_MUST_CHECK  __attribute__((warn_unused_result))
#define MZ_LIKELY(x)   __builtin_expect(!!(x), 1)
#define MZ_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Algorithm bodies: inlined into the operations, where the format folds. */
#define MZ_INLINE static inline __attribute__((always_inline))

/* Kept out of the way of the short path that calls it. */
#define MZ_NOINLINE static __attribute__((noinline, unused))

/* Unrolls the short loop that follows. clang does so by itself. */
#if defined(__GNUC__) && !defined(__clang__)
#define MZ_UNROLL _Pragma("GCC unroll 8")
#else
#define MZ_UNROLL
#endif

/* A line of memory is going to be written: a hint. */
#define MZ_LINE_BYTES      64
#define MZ_EXPECT(address) __builtin_prefetch(address, 1)

/* A sum that the compiler leaves as it is: `address` is ready before what is added to it. */
#define MZ_SETTLE(address) __asm__("" : "+r"(address))

/*
 * A broken rule of the library's own, or a pointer to something else than it should be (see
 * core/debug.h). What a caller can get wrong with good pointers is an error value instead.
 */
#ifdef MZ_DEBUG
#define MZ_ASSERT(x) ((x) ? (void)0 : __builtin_trap())
#else
#define MZ_ASSERT(x) ((void)0)
#endif

/* May there be only one thread at a time in the library? */
#ifdef MZ_UNIPROCESSOR
#define MZ_ONE_THREAD 1
#else
#define MZ_ONE_THREAD 0
#endif

#ifdef MZ_ENV_HEADER
#include MZ_ENV_HEADER
#else

/* Fills a slot of a node that nobody else can see yet. */
static inline void mz_slot_fill(uint64_t *slot, uint64_t entry)
{
	*slot = entry;
}

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

/* Writes the byte of a frame that says whether its node is stray. */
static inline void mz_mark(uint8_t *mark, uint8_t to)
{
	__atomic_store_n(mark, to, __ATOMIC_RELAXED);
}

/* Reads it, after the node's lock was taken: see mz_fence(). */
static inline uint8_t mz_marked(const uint8_t *mark)
{
	return __atomic_load_n(mark, MZ_ONE_THREAD ? __ATOMIC_RELAXED : __ATOMIC_SEQ_CST);
}

/* Reads it for that part which never changes. */
static inline uint8_t mz_mark_peek(const uint8_t *mark)
{
	return __atomic_load_n(mark, __ATOMIC_RELAXED);
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

#ifdef MZ_UNIPROCESSOR

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

#else

/*
 * Waits until the lock is free and takes it. Whoever gets it sees what the last holder wrote. It is
 * taken before the node's mark is read, for all to see: see mz_fence().
 */
static inline void mz_lock_acquire(uint32_t *lock)
{
	while (MZ_UNLIKELY(__atomic_exchange_n(lock, 1, __ATOMIC_SEQ_CST) != 0))
		while (__atomic_load_n(lock, __ATOMIC_RELAXED) != 0)
			mz_relax();
}

static inline void mz_lock_release(uint32_t *lock)
{
	MZ_ASSERT(__atomic_load_n(lock, __ATOMIC_RELAXED) == 1);
	__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

/*
 * Between marks and mz_lock_await(): who takes a lock and then reads the mark is seen there, or
 * sees the mark. Lock, mark and fence are in the one order of 7.17.3 of C17, paragraphs 6 to 11:
 * acquire and release alone would let a processor read the mark before others see its lock.
 */
static inline void mz_fence(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Waits until nobody holds the lock who took it before the fence, and sees what they wrote. */
static inline void mz_lock_await(const uint32_t *lock)
{
	while (MZ_UNLIKELY(__atomic_load_n(lock, __ATOMIC_ACQUIRE) != 0))
		mz_relax();
}

static inline void mz_refs_take(uint32_t *refs)
{
	__atomic_fetch_add(refs, 1, __ATOMIC_RELAXED);
}

/* Are there other owners? */
static inline bool mz_refs_shared(const uint32_t *refs)
{
	return __atomic_load_n(refs, __ATOMIC_ACQUIRE) > 1;
}

/*
 * True: that was the last reference, and all that its owners did is seen. Only an owner can make
 * another, so the count of a sole owner cannot change.
 */
static inline bool mz_refs_put(uint32_t *refs)
{
	return __atomic_load_n(refs, __ATOMIC_ACQUIRE) == 1 ||
		__atomic_fetch_sub(refs, 1, __ATOMIC_ACQ_REL) == 1;
}

#endif /* MZ_UNIPROCESSOR */
#endif /* MZ_ENV_HEADER */

#endif
