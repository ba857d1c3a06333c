/* SPDX-License-Identifier: MPL-2.0 */
/* The nested guest: its registers, its accesses, and the flush of what is cached of it. */
#ifndef GUEST_MMU_ARM64_GUEST_H
#define GUEST_MMU_ARM64_GUEST_H

#include "guest/mmu/platform.h"

/* As struct platform has them. */
void guest_use(const struct stage *stage, const struct mz_table *stage2,
	       const struct mz_table *stage1, uint64_t code_va, uint64_t user_code_va);
void guest_flush(void *context, mz_ia first, mz_ia last, bool nodes);
void guest_flush_stage1(void);
struct outcome guest_access(const struct access *access);
void guest_write_return(void *at, uint32_t tag);

/* The same by the code page's instruction at `offset`; outcome.value is what it leaves in x0. */
struct outcome guest_execute(unsigned offset, const struct access *access);

/* Of the first stage in use. */
const struct mz_format *guest_stage1_format(void);

/* syndrome.c */
bool syndrome_right(const struct stage *stage, const struct expected *expected,
		    const struct outcome *outcome);

/* deviation.c */
const char *deviation(const struct stage *stage, const char *test, const struct expected *expected,
		      const struct outcome *outcome);

#endif
