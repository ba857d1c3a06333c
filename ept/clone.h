/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Clones: a second space with the regions and the memory of a first, made in time that depends on
 * neither. Both share their nodes and their pages until one of them writes: then it copies the
 * nodes on the way, one a level, and through the backing's hook the page. Clones of clones are
 * clones; each may be destroyed before or after the others.
 */
#ifndef MZ_EPT_CLONE_H
#define MZ_EPT_CLONE_H

#include "ept/space.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Makes `clone` what `space` is at this moment: faults wait meanwhile. It has no workers and no
 * consumers; `flush` names the caches of its own users. `regions` is room for `region_max` of them,
 * as for mz_space_init(). Memory of shared regions is shared for writing, too. When this returns,
 * neither space can write to what both have, if the gathers of changes before it are finished. Not
 * from inside a reader's section.
 *
 * MZ_FULL: not all regions have room. MZ_BAD_HOOKS: there is RAM, and the backing has no `copy`.
 * MZ_BAD_ROOT: the table's root has fixed nodes. MZ_NO_MEMORY.
 */
MZ_MUST_CHECK enum mz_error mz_space_clone(struct mz_space *clone, struct mz_space *space,
					   const struct mz_flush *flush, struct mz_region *regions,
					   size_t region_max);

#ifdef __cplusplus
}
#endif

#endif
