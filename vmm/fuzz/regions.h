/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The two regions that a guest which is fuzzed shares with its fuzzer: the input of a case, which
 * it may only read, and the coverage map, which it counts in. Each is AFL++'s own memory where
 * AFL++ offers it, so nothing is copied, and else a memory file. No reset touches them.
 *
 * They lie where guest/fuzz.h looks for them.
 */
#ifndef MZ_VMM_FUZZ_REGIONS_H
#define MZ_VMM_FUZZ_REGIONS_H

#include "vmm/memory/ram.h"

#define MZ_FUZZ_INPUT_MAX (1u << 20)
#define MZ_FUZZ_MAP_BYTES (1u << 16)

enum { MZ_FUZZ_INPUT, MZ_FUZZ_MAP, MZ_FUZZ_REGIONS };

/* The first bytes of the input's region say how long it is. */
struct mz_fuzz_input {
	uint32_t bytes;
	unsigned char data[MZ_FUZZ_INPUT_MAX];
};

struct mz_fuzz_regions {
	struct mz_share_request shares[MZ_FUZZ_REGIONS]; /* the machine's first, in this order */
	char paths[MZ_FUZZ_REGIONS][64];
	int fds[MZ_FUZZ_REGIONS];     /* of memory files; -1: AFL++'s memory */
	struct mz_fuzz_input *filled; /* the input, if it is a memory file */
};

/*
 * `ids` are what AFL++ calls its memory: the number of a System V segment, or a name that begins
 * with '/'; NULL: it offers none. The regions stay where they are until they are dropped.
 */
int mz_fuzz_regions_make(struct mz_fuzz_regions *regions, const char *const ids[MZ_FUZZ_REGIONS],
			 struct mz_failure *failure);
void mz_fuzz_regions_drop(struct mz_fuzz_regions *regions);

/*
 * Reads a file into the input, where it is a memory file; NULL: standard input, from its beginning
 * if it has one. MZ_STATUS_BAD_ARGUMENT: there is no such file, or it is longer than
 * MZ_FUZZ_INPUT_MAX.
 */
int mz_fuzz_regions_fill(struct mz_fuzz_regions *regions, const char *path,
			 struct mz_failure *failure);

#endif
