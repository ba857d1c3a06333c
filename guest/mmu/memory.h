/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The platform's RAM, shared out: nodes of the second stage, then the guest's own memory (its code
 * page and the nodes of its stage 1), then data frames.
 */
#ifndef GUEST_MMU_MEMORY_H
#define GUEST_MMU_MEMORY_H

#include "guest/mmu/platform.h"

/* A data frame of 4 KiB: each word holds its own address, but for what a fetch executes. */
#define FRAME_BYTES 4096u
#define FRAME_CODE  64u  /* what write_return() wrote begins here */
#define FRAME_WRITE 128u /* from here on, words that a test may write to */

enum memory_pool { POOL_STAGE2, POOL_GUEST };

/* Shares out the RAM of the platform and fills the data frames. */
void memory_init(const struct platform *platform);

/* Begins a pool anew; true if every node had been given back. */
bool memory_pool_reset(enum memory_pool pool);

/* The hooks of a table whose nodes come from a pool. A page is 2^page_lg2. */
struct mz_memory memory_hooks(enum memory_pool pool, unsigned page_lg2);

/* The guest's memory, which the second stage maps one to one. */
mz_oa memory_guest(void);
uint64_t memory_guest_bytes(void);

/* Its first page. */
mz_oa memory_code_page(void);

/* The data frames: contiguous and aligned to 2 MiB. */
mz_oa memory_data(void);
uint64_t memory_data_bytes(void);

/* Fills a data frame anew. */
void memory_frame_fill(mz_oa frame);

/* The tag that a fetch from a data frame comes back with. */
uint32_t memory_frame_tag(mz_oa frame);

/* The word at a host-physical address. */
static inline uint64_t *memory_word(mz_oa at)
{
	return (uint64_t *)(uintptr_t)at.addr;
}

#endif
