/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Which parts of RAM hold anything. Those that nobody has written are all zero, and the others of
 * the memory file, and what the machine has written since it is shared copy-on-write, are told
 * apart here: see vmm/memory/frozen.h.
 */
#ifndef MZ_VMM_CONTENTS_H
#define MZ_VMM_CONTENTS_H

#include "vmm/memory/ram.h"

#ifdef __cplusplus
extern "C" {
#endif

/* [offset, offset + bytes) of the windows, whole pages. */
struct mz_extent {
	uint64_t offset, bytes;
};

/*
 * The first part of [from, end), page by page, that holds anything, or one of 0 bytes at `end`.
 * Both are in RAM, whose contents have been brought. 0, or -1 with errno.
 */
int mz_contents_next(const struct mz_ram *ram, uint64_t from, uint64_t end,
		     struct mz_extent *extent);

/* The same for what the memory file does not hold, of a machine that is shared copy-on-write. */
int mz_contents_next_own(const struct mz_ram *ram, uint64_t from, uint64_t end,
			 struct mz_extent *extent);

/* The same for a sparse file. */
int mz_contents_next_of_file(int file, uint64_t from, uint64_t end, struct mz_extent *extent);

#ifdef __cplusplus
}
#endif

#endif
