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

/* As far as the processor's addresses reach. False: it lacks something else. */
bool arm_stage_make(struct stage *out, struct mz_format *format, struct arm_stage *wish);

/* Those of the list that the processor has. */
const struct stage *stages(unsigned *count);

/* A first stage of guests, found by its format, with which it begins. */
struct arm_stage1 {
	struct mz_format format;
	struct mz_arm_s1 wanted;
};

static inline const struct arm_stage1 *arm_stage1_of(const struct mz_format *format)
{
	return (const struct arm_stage1 *)(const void *)format;
}

/* False: the processor has none. */
bool arm_stage1_make(struct arm_stage1 *out, const struct mz_arm_s1 *wanted);

/* The first stage of the scenarios' guests. */
const struct arm_stage1 *guest_stage1(void);

/* How raw bits spoil entries: spoil.c. */
bool spoil(const struct stage *stage, uint64_t entry, enum mz_kind kind, unsigned level, unsigned n,
	   struct spoilt *out);

#endif
