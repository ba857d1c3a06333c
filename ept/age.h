/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Which memory is used, and for how long which has not been: for reclaim, tiering, and to know how
 * large a guest's working set is.
 *
 * Time is counted in generations, each as long as its owner wants. To end one collects the accessed
 * flags of a range: of leaves that were used since they were collected last. An MMU that sets flags
 * in links as well lets subtrees that were not used be skipped. One that sets none takes a fault
 * for a leaf without, and mz_space_fault() sets it. Any number may age the same memory, at their
 * own pace: what one collects is told to all.
 *
 * What is unmapped before it was collected takes its flag with it. Nodes that clones share have one
 * flag for all of them.
 */
#ifndef MZ_EPT_AGE_H
#define MZ_EPT_AGE_H

#include "ept/pages.h"
#include "ept/space.h"

#ifdef __cplusplus
extern "C" {
#endif

/* So many generations back is known when memory was used. */
#define MZ_AGE_GENERATIONS 16

/* Who ages a range. One call at a time uses it. */
struct mz_age {
	struct mz_space *space;
	struct mz_age *next;
	mz_ia ia;
	uint64_t bytes;
	uint64_t generation;                          /* how many have ended */
	struct mz_pages used[MZ_AGE_GENERATIONS + 1]; /* by generation: a ring */
};

/*
 * Begins the first generation of [ia, ia + bytes). MZ_BAD_FEATURES: nothing tells of accesses: the
 * MMU neither sets flags nor takes faults for them. MZ_MISALIGNED, MZ_OUT_OF_RANGE, MZ_NO_MEMORY:
 * nothing has begun. Not from inside a reader's section.
 */
MZ_MUST_CHECK enum mz_error mz_age_start(struct mz_age *age, struct mz_space *space, mz_ia ia,
					 uint64_t bytes);

/* Ends it all. Not from inside a reader's section. */
void mz_age_stop(struct mz_age *age);

/*
 * Ends the generation and begins the next. Takes time by what was used. MZ_NO_MEMORY: the
 * generation goes on, and has what was collected so far. Not from inside a reader's section.
 */
MZ_MUST_CHECK enum mz_error mz_age_advance(struct mz_age *age);

/*
 * For how many ended generations in a row the page around ia was not used, up to the last one. At
 * most MZ_AGE_GENERATIONS. A leaf is used as a whole: so are all its pages.
 */
unsigned mz_age_idle(const struct mz_age *age, mz_ia ia);

/* The working set: how many bytes were used in the last `generations` that have ended, or since. */
uint64_t mz_age_used(const struct mz_age *age, unsigned generations);

/*
 * Calls `range` for each part of the range that was used neither in the last `generations` that
 * have ended nor since, in order, mapped or not; false from it ends that. Nothing where so many
 * have not ended. Takes time by what was used. `range` may change the space.
 */
bool mz_age_each(const struct mz_age *age, unsigned generations,
		 bool (*range)(void *context, mz_ia ia, uint64_t bytes), void *context);

#ifdef __cplusplus
}
#endif

#endif
