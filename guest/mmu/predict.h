/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What must come of an access: the software walker goes through both stages, each of the guest's
 * entries being itself translated by the second stage.
 */
#ifndef GUEST_MMU_PREDICT_H
#define GUEST_MMU_PREDICT_H

#include "guest/mmu/world.h"

struct prediction {
	enum ending ending; /* never ENDING_UNEXPECTED */
	struct expected expected;
	mz_ia gpa;            /* what the guest's stage 1 makes of the address */
	mz_oa oa;             /* where the access ends, if it is done */
	uint64_t *guest_leaf; /* the leaf entry of stage 1, where the walk gets to it */
};

struct prediction predict(const struct world *world, const struct access *access);

#endif
