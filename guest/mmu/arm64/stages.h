/* SPDX-License-Identifier: MPL-2.0 */
/* The second stages that this processor has, and the first stage of its guests. */
#ifndef GUEST_MMU_ARM64_STAGES_H
#define GUEST_MMU_ARM64_STAGES_H

#include "arch/arm/arm.h"
#include "guest/mmu/platform.h"

/* What the processor says of itself. */
const struct mz_arm_hardware *hardware(void);

/* `stage.own` */
struct arm_stage {
	const char *name;
	struct mz_arm_s2 wanted;
	uint32_t features;
};

/* Those of the list that the processor has. */
const struct stage *stages(unsigned *count);

/* The first stage of the guests. */
const struct mz_arm_s1 *guest_stage1(void);

/* How raw bits spoil entries: spoil.c. */
bool spoil(const struct stage *stage, uint64_t entry, enum mz_kind kind, unsigned level, unsigned n,
	   struct spoilt *out);

#endif
