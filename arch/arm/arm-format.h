/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A compiled format, once for all: a source defines ARM_FORMAT (its symbol), ARM_NAME, ARM_VARIANT
 * (of enum arm_variant) and ARM_IA_LG2, then includes this file. The shape is the one that
 * mz_arm_s2_format() and mz_arm_s1_format() make: the fewest levels. Addresses have 48 bits.
 */
#include "arch/arm/arm.h"
#include "arch/arm/entry.h"

ARM_FUNCTIONS(variant, ARM_VARIANT)

#define MZ_INSTANCE_FORMAT ARM_FORMAT
#include "core/instance.h"

static const struct mz_ops variant_ops = MZ_INSTANCE_OPS;

#define PAGE_LG2  (12 + 2 * ((ARM_VARIANT)&ARM_GRANULE))
#define INDEX_LG2 (PAGE_LG2 - 3)

/* A root of stage 2 is up to 16 concatenated tables, but has no more than 15 bits. */
#define EXTRA_LG2 ((ARM_VARIANT)&ARM_STAGE1 ? 0 : INDEX_LG2 < 11 ? 4 : 15 - INDEX_LG2)

#define REACH(levels) (PAGE_LG2 + (levels)*INDEX_LG2 + EXTRA_LG2)
#define LEVELS        (ARM_IA_LG2 <= REACH(2) ? 2 : ARM_IA_LG2 <= REACH(3) ? 3 : 4)

/* By level; 0 where there is no such level. */
#define SHIFT(level) ((level) <= LEVELS ? PAGE_LG2 + ((level)-1) * INDEX_LG2 : 0)
#define INDEX(level) \
	((level) < LEVELS ? INDEX_LG2 : (level) == LEVELS ? ARM_IA_LG2 - SHIFT(level) : 0)

_Static_assert(ARM_IA_LG2 > SHIFT(LEVELS) && ARM_IA_LG2 <= REACH(LEVELS) && INDEX(LEVELS) <= 15,
	       "the root has entries, and not too many");
_Static_assert(((ARM_VARIANT)&ARM_WIDE) == 0, "addresses have 48 bits");

const struct mz_format ARM_FORMAT = {
	ARM_MEMBERS(variant, ARM_VARIANT),
	.name = ARM_NAME,
	.levels = LEVELS,
	.ia_lg2 = ARM_IA_LG2,
	.oa_lg2 = 48,
	.index_lg2 = {0, INDEX(1), INDEX(2), INDEX(3), INDEX(4)},
	.shift = {0, SHIFT(1), SHIFT(2), SHIFT(3), SHIFT(4)},
	.leaf_levels = 1 << 1 | 1 << 2 |
		(ARM_LEAF_LAST(ARM_VARIANT) > 2 && LEVELS > 2 ? 1 << 3 : 0),
	.ops = &variant_ops,
};
