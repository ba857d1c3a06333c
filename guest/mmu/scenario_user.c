// SPDX-License-Identifier: MPL-2.0
/* Where leaves say whose they are: the user is kept from the kernel's, at every level. */
#include "guest/mmu/scenarios.h"

static const struct operation all[] = {
	{"read", MZ_READ, false},          {"write", MZ_WRITE, false},
	{"execute", MZ_EXEC, false},       {"read_as_user", MZ_READ, true},
	{"write_as_user", MZ_WRITE, true}, {"execute_as_user", MZ_EXEC, true},
};

struct whose {
	struct world world;
	unsigned level;
	bool users;
	mz_oa oa;
	mz_ia gpa;
};

static void one(struct whose *w, const struct platform *platform, const struct stage *stage,
		const struct operation *operation)
{
	struct mz_prop prop = world_prop(stage, world_all_perm(stage));
	struct access access;

	if (!w->users)
		prop.flags &= (uint16_t)~MZ_USER;
	report_test("%s_%s_of_the_%s_page_at_level_%u", stage->name, operation->name,
		    w->users ? "user's" : "kernel's", w->level);
	world_begin(&w->world, platform, stage);
	if (world_target(&w->world, w->level, w->level, w->oa, &w->gpa)) {
		world_map_target(&w->world, w->level, w->gpa, w->oa, prop);
		aim(&w->world, MANNER_ACCESS, w->gpa, w->oa, operation->user);
		world_use(&w->world);
		access = judge_access(world_va(&w->world), operation->kind, operation->user);
		judge_test(&w->world, &access,
			   operation->user && !w->users ? ENDING_FAULT : ENDING_DONE);
	} else {
		report_skip("the addresses do not reach so far");
	}
	world_end(&w->world);
	memory_frame_fill(w->oa);
}

void scenario_user(const struct platform *platform, const struct stage *stage)
{
	static struct whose w;

	w.oa = mz_oa_from(memory_data().addr + memory_data_bytes() / 2 + 29 * FRAME_BYTES);
	for (w.level = 1; w.level <= stage->config.format->levels; w.level++)
		for (unsigned i = 0; stage_leaf_allowed(stage, w.level) && i < 2; i++) {
			w.users = i != 0;
			for (unsigned j = 0; j < sizeof(all) / sizeof(all[0]); j++)
				one(&w, platform, stage, &all[j]);
		}
}
