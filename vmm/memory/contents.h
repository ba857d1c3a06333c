/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Which parts of RAM hold anything: where its memory file has data. That is so of what machines
 * share copy-on-write, too, for the kernel copies a page of the file, and makes one for that where
 * there is none.
 */
#ifndef MZ_VMM_CONTENTS_H
#define MZ_VMM_CONTENTS_H

#include "vmm/memory/ram.h"

#ifdef __cplusplus
extern "C" {
#endif

/* [offset, offset + bytes), whole pages. */
struct mz_extent {
	uint64_t offset, bytes;
};

/*
 * The first part of [from, end) of a memory file that holds anything, or one of 0 bytes at `end`.
 * Contents have been brought. 0, or -1 with errno.
 */
int mz_contents_next(int file, uint64_t from, uint64_t end, struct mz_extent *extent);

/* Notes in `own` of struct mz_ram that there may be such pages in [offset, offset + bytes). */
void mz_contents_note_own(uint64_t *own, uint64_t offset, uint64_t bytes);

/* As mz_contents_next(), for what was written while the machine shares: pages of its own. */
int mz_contents_next_own(const struct mz_ram *ram, uint64_t from, uint64_t end,
			 struct mz_extent *extent);

#ifdef __cplusplus
}
#endif

#endif
