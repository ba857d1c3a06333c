/* SPDX-License-Identifier: MPL-2.0 */
/* An arena of node frames in a process: the memory hooks for a table that no MMU walks. */
#ifndef MZ_ARCH_LINUX_ARENA_H
#define MZ_ARCH_LINUX_ARENA_H

#include <pthread.h>

#include "core/env.h"
#include "core/frame.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Nodes of up to 2^4 pages: the widest root of any format. */
#define MZ_ARENA_ORDERS 5

struct mz_arena {
	struct mz_memory memory; /* the hooks, ready for a mz_config */
	pthread_mutex_t mutex;
	unsigned page_lg2;
	uint64_t bytes;      /* reserved address space; memory follows use */
	uint64_t used_bytes; /* the part that was ever handed out */
	uint64_t live_bytes; /* handed out and not taken back */
	unsigned char *base;
	uint64_t free_lists[MZ_ARENA_ORDERS]; /* offset of the first free block by order; 0: none */
};

/*
 * Reserves `bytes` of address space for nodes in pages of 2^page_lg2. Physical addresses are
 * offsets in the arena, the first page is never handed out. MZ_NO_MEMORY: no address space.
 * MZ_BAD_CONFIG: bytes is not a multiple of 16 pages.
 */
MZ_MUST_CHECK enum mz_error mz_arena_init(struct mz_arena *arena, uint64_t bytes,
					  unsigned page_lg2);
void mz_arena_destroy(struct mz_arena *arena);

#ifdef __cplusplus
}
#endif

#endif
