// SPDX-License-Identifier: MPL-2.0
#include "guest/mmu/arm64/own.h"

bool own_make(struct own *own, const struct platform *platform, const struct arm_stage *second,
	      const struct mz_arm_s1 *first)
{
	bool ha = (hardware()->features & MZ_HW_ACCESSED_DIRTY) != 0;
	uint16_t dirty = (first->options & MZ_ARM_DBM) != 0 ? MZ_DIRTY : 0;

	own->platform = *platform;
	own->wanted = *second;
	if (!arm_stage_make(&own->stage, &own->format, &own->wanted) ||
	    !arm_stage1_make(&own->stage1, first))
		return false;
	own->stage.stage1 = &own->stage1.format;
	own->platform.stage1 = &own->stage1.format;
	own->platform.stage1_oa_lg2 = own->stage1.format.oa_lg2;
	own->platform.stage1_flags_set = (uint16_t)(ha ? MZ_ACCESSED | dirty : 0u);
	return true;
}
