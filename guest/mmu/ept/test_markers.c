// SPDX-License-Identifier: MPL-2.0
/* MMIO markers, as arch/x86/ept.h makes them: they exit by a reason of their own, at every level.
 */
#include "arch/x86/ept.h"
#include "guest/mmu/ept/ept.h"
#include "guest/mmu/scenarios.h"

static void one(const struct stage *stage, unsigned level, enum manner manner,
		const struct operation *operation)
{
	static struct world world;
	mz_oa oa = mz_oa_from(memory_data().addr + 5 * FRAME_BYTES);
	struct access access;
	mz_ia gpa;

	report_test("%s_%s_of_an_mmio_marker_at_level_%u_by_%s", stage->name, operation->name,
		    level, manner_names[manner]);
	world_begin(&world, ept_platform(), stage);
	access = judge_access(world_va(&world), operation->kind, operation->user);
	if (world_target(&world, level, level, oa, &gpa)) {
		world_map_target(&world, level, gpa, oa, mz_ept_mmio_marker());
		aim(&world, manner, gpa, oa, operation->user);
		world_use(&world);
		judge_test(&world, &access, ENDING_FAULT);
	} else {
		report_skip("the guest's addresses do not reach so far");
	}
	world_end(&world);
	memory_frame_fill(oa);
}

void ept_test_markers(const struct stage *stage)
{
	for (unsigned level = 1; level <= stage->config.format->levels; level++) {
		if (!stage_leaf_allowed(stage, level))
			continue;
		for (unsigned i = 0; i < OPERATIONS; i++) {
			one(stage, level, MANNER_ACCESS, &operations[i]);
			one(stage, level, MANNER_WALK, &operations[i]);
		}
	}
}
