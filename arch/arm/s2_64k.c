// SPDX-License-Identifier: MPL-2.0
/* Stage 2 with 64 KiB, 48 bits: from Arm's level 1. */
#include "arch/arm/arm.h"
#include "arch/arm/entry.h"

#define VARIANT (ARM_64K)

ARM_FUNCTIONS(s2_64k, VARIANT)

#define MZ_INSTANCE_FORMAT mz_arm_s2_64k
#include "core/instance.h"

static const struct mz_ops s2_64k_ops = MZ_INSTANCE_OPS;

const struct mz_format mz_arm_s2_64k = {
	ARM_MEMBERS(s2_64k, VARIANT),
	.name = "arm_s2_64k",
	.levels = 3,
	.ia_lg2 = 48,
	.oa_lg2 = 48,
	.index_lg2 = {0, 13, 13, 6},
	.shift = {0, 16, 29, 42},
	.leaf_levels = 1 << 1 | 1 << 2,
	.ops = &s2_64k_ops,
};
