/* SPDX-License-Identifier: MPL-2.0 */
/*
 * RAM as it was at a moment, which any number of machines share copy-on-write: the one that it was
 * taken of, and those that are made from it. Nobody writes to its files any more, which are sealed:
 * what a machine writes goes to pages of its own. Sources: fcntl(2), "File Sealing";
 * memfd_create(2).
 *
 * A machine that shares has one window instead of two, since two mappings would copy for
 * themselves: what the VMM touches there comes in as what the guest touches does.
 */
#ifndef MZ_VMM_FROZEN_H
#define MZ_VMM_FROZEN_H

#include <stdint.h>

#include "vmm/base/failure.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mz_ram;

/* Both are memory files of equal length. */
struct mz_frozen {
	int file;
	int over; /* what stands in place of it where there is data; -1: nothing */
};

/* MZ_STATUS_BAD_ARGUMENT: on huge pages, or with shares, memory can't be shared so. */
int mz_ram_check_share(const struct mz_ram *ram, struct mz_failure *failure);

/*
 * From now on the machine writes to pages of its own, and has one window. Nobody touches its memory
 * meanwhile, no pager serves it, and pointers into the other window are void. A failure leaves all
 * as it was, unless the kernel lacks memory for the mapping itself.
 */
int mz_ram_share(struct mz_ram *ram, struct mz_failure *failure);

/*
 * Unmaps what a machine had mapped before it shared, which takes as long as there is of it. May be
 * done while the machine runs; what is left is done with its end.
 */
void mz_ram_shed(struct mz_ram *ram);

/*
 * Takes what RAM holds now, of a machine that shares; nobody writes to it meanwhile. Costs what was
 * touched since the machine began to share, or a look at all of it where no pager serves it.
 */
int mz_frozen_take(struct mz_frozen *frozen, const struct mz_ram *ram, struct mz_failure *failure);
void mz_frozen_close(struct mz_frozen *frozen);

/*
 * Are these files of so many bytes that nobody can write to, or shorten?
 * MZ_STATUS_BAD_IMAGE: no.
 */
int mz_frozen_check(const struct mz_frozen *frozen, uint64_t bytes, struct mz_failure *failure);

/*
 * All of it, to be looked at: a mapping that the caller unmaps. Which parts hold anything, the file
 * tells. NULL: errno says why.
 */
unsigned char *mz_frozen_view(const struct mz_frozen *frozen, uint64_t bytes);

/* Maps it into the reserved window of a machine that is made. 0, or -1 with errno. */
int mz_frozen_map_(struct mz_ram *ram, const struct mz_frozen *frozen);

#ifdef __cplusplus
}
#endif

#endif
