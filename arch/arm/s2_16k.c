// SPDX-License-Identifier: MPL-2.0
/* Stage 2 with 16 KiB, 48 bits: from Arm's level 1, two concatenated tables. */
#include "arch/arm/arm.h"
#include "arch/arm/entry.h"

#define VARIANT (ARM_16K)

ARM_FUNCTIONS(s2_16k, VARIANT)

#define MZ_INSTANCE_FORMAT mz_arm_s2_16k
#include "core/instance.h"

static const struct mz_ops s2_16k_ops = MZ_INSTANCE_OPS;

const struct mz_format mz_arm_s2_16k = {
	ARM_MEMBERS(s2_16k, VARIANT),
	.name = "arm_s2_16k",
	.levels = 3,
	.ia_lg2 = 48,
	.oa_lg2 = 48,
	.index_lg2 = {0, 11, 11, 12},
	.shift = {0, 14, 25, 36},
	.leaf_levels = 1 << 1 | 1 << 2,
	.ops = &s2_16k_ops,
};
