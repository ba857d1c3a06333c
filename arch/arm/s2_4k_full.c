// SPDX-License-Identifier: MPL-2.0
/* Stage 2 with 4 KiB, 48 bits, and all of XNX, FWB and DBM. */
#include "arch/arm/arm.h"
#include "arch/arm/entry.h"

#define VARIANT (ARM_4K | ARM_XNX | ARM_FWB | ARM_DBM)

ARM_FUNCTIONS(s2_4k_full, VARIANT)

#define MZ_INSTANCE_FORMAT mz_arm_s2_4k_full
#include "core/instance.h"

static const struct mz_ops s2_4k_full_ops = MZ_INSTANCE_OPS;

const struct mz_format mz_arm_s2_4k_full = {
	ARM_MEMBERS(s2_4k_full, VARIANT),
	.name = "arm_s2_4k_full",
	.levels = 4,
	.ia_lg2 = 48,
	.oa_lg2 = 48,
	.index_lg2 = {0, 9, 9, 9, 9},
	.shift = {0, 12, 21, 30, 39},
	.leaf_levels = 1 << 1 | 1 << 2 | 1 << 3,
	.ops = &s2_4k_full_ops,
};
