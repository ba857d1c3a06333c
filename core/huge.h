/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Smaller leaves out of a large one, and a large one out of smaller. What is translated stays the
 * same, and so do accessed and dirty flags, those that an MMU sets meanwhile too. Item hooks are
 * not called: it is the same memory. A gather must be given, and finished by the caller.
 */
#ifndef MZ_CORE_HUGE_H
#define MZ_CORE_HUGE_H

#include "core/gather.h"
#include "core/reserve.h"
#include "core/table.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Splits the leaf around ia until the one that maps ia is of `level`, or smaller as it was before.
 * MZ_OUT_OF_RANGE. MZ_BAD_LEVEL: the table has no leaves of that level. MZ_NOT_MAPPED: no leaf is
 * there. MZ_NO_MEMORY: neither the gather's reserve nor the memory hook has a node.
 */
MZ_MUST_CHECK enum mz_error mz_table_split(struct mz_table *table, mz_ia ia, unsigned level,
					   struct mz_gather *gather);

/*
 * Puts one leaf of `level` where smaller ones map all of its memory in order, with the same
 * properties but for accessed and dirty flags, of which it gets what any had. Below a link that
 * forbids writing, what leaves say of that does not matter, and the new one forbids it. Where an
 * MMU writes flags, or the format breaks before it makes, nothing is mapped for a moment: faults
 * wait for the leaf, queries may miss it. MZ_OUT_OF_RANGE, MZ_BAD_LEVEL. MZ_NOT_MAPPED: no such
 * leaves are there. Never out of memory.
 */
MZ_MUST_CHECK enum mz_error mz_table_collapse(struct mz_table *table, mz_ia ia, unsigned level,
					      struct mz_gather *gather);

#ifdef __cplusplus
}
#endif

#endif
