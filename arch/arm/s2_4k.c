// SPDX-License-Identifier: MPL-2.0
/* Stage 2 with 4 KiB, 48 bits: Arm's levels 0 to 3. */
#include "arch/arm/arm.h"
#include "arch/arm/entry.h"

#define VARIANT (ARM_4K)

ARM_FUNCTIONS(s2_4k, VARIANT)

#define MZ_INSTANCE_FORMAT mz_arm_s2_4k
#include "core/instance.h"

static const struct mz_ops s2_4k_ops = MZ_INSTANCE_OPS;

const struct mz_format mz_arm_s2_4k = {
	ARM_MEMBERS(s2_4k, VARIANT),
	.name = "arm_s2_4k",
	.levels = 4,
	.ia_lg2 = 48,
	.oa_lg2 = 48,
	.index_lg2 = {0, 9, 9, 9, 9},
	.shift = {0, 12, 21, 30, 39},
	.leaf_levels = 1 << 1 | 1 << 2 | 1 << 3,
	.ops = &s2_4k_ops,
};
