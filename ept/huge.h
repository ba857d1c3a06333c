/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Larger and smaller leaves, on demand. Faults choose the largest that fits; writes that are
 * tracked split what they must; and what has become whole again is put together from here.
 */
#ifndef MZ_EPT_HUGE_H
#define MZ_EPT_HUGE_H

#include "ept/space.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Splits what is mapped in [ia, ia + bytes) into leaves of `level` at most. MZ_MISALIGNED,
 * MZ_OUT_OF_RANGE, MZ_BAD_LEVEL. MZ_NO_MEMORY: up to some address it was done.
 */
MZ_MUST_CHECK enum mz_error mz_space_split(struct mz_worker *worker, mz_ia ia, uint64_t bytes,
					   unsigned level);

/*
 * Puts leaves together where they map what one could: the same memory in order, in one region that
 * allows leaves so large, with the same permissions. For a background pass: begins at `*ia`, begins
 * nothing new once it has looked at `budget` entries of nodes, and leaves in `*ia` where to go on;
 * behind the last region that is 0. Answers how many leaves it has made. Nodes that clones share
 * are left alone.
 */
uint64_t mz_space_collapse(struct mz_worker *worker, mz_ia *ia, uint64_t budget);

#ifdef __cplusplus
}
#endif

#endif
