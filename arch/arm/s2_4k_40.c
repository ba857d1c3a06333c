// SPDX-License-Identifier: MPL-2.0
/* Stage 2 with 4 KiB, 40 bits: from Arm's level 1, two concatenated tables. */
#include "arch/arm/arm.h"
#include "arch/arm/entry.h"

#define VARIANT (ARM_4K)

ARM_FUNCTIONS(s2_4k_40, VARIANT)

#define MZ_INSTANCE_FORMAT mz_arm_s2_4k_40
#include "core/instance.h"

static const struct mz_ops s2_4k_40_ops = MZ_INSTANCE_OPS;

const struct mz_format mz_arm_s2_4k_40 = {
	ARM_MEMBERS(s2_4k_40, VARIANT),
	.name = "arm_s2_4k_40",
	.levels = 3,
	.ia_lg2 = 40,
	.oa_lg2 = 48,
	.index_lg2 = {0, 9, 9, 10},
	.shift = {0, 12, 21, 30},
	.leaf_levels = 1 << 1 | 1 << 2 | 1 << 3,
	.ops = &s2_4k_40_ops,
};
