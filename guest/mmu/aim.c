// SPDX-License-Identifier: MPL-2.0
#include "guest/mmu/scenarios.h"

const struct operation operations[OPERATIONS] = {
	{"read", MZ_READ, false},
	{"write", MZ_WRITE, false},
	{"execute", MZ_EXEC, false},
	{"execute_as_user", MZ_EXEC, true},
};

const char *const manner_names[MANNERS] = {"access", "walk", "walk_setting_flags"};

unsigned manner_count(const struct platform *platform)
{
	if (platform->stage1 == NULL)
		return MANNER_WALK;
	return (platform->stage1_flags_set & MZ_ACCESSED) != 0 ? MANNERS : MANNER_WALK_FLAGS;
}

void aim(struct world *world, enum manner manner, mz_ia gpa, mz_oa oa, bool user)
{
	const struct mz_format *f = world->stage1_format;
	uint64_t va = world_va(world), *leaf;
	mz_ia data = manner == MANNER_ACCESS ? gpa : world_map_scratch(world);

	world_guest_map(world, va, data, MZ_READ | MZ_WRITE | MZ_EXEC, user);
	if (manner == MANNER_WALK_FLAGS) {
		leaf = world_guest_slot(world, va, 1);
		world_patch(world, leaf, f->clean(*leaf, 1, MZ_ACCESSED | MZ_DIRTY),
			    MZ_FAULT_UNKNOWN);
	}
	if (manner != MANNER_ACCESS)
		world_guest_move(world, va, 1, oa, gpa);
}

bool aim_writes(const struct stage *stage, enum manner manner, const struct operation *operation)
{
	if (manner == MANNER_ACCESS)
		return operation->kind == MZ_WRITE;
	return stage->walk_writes || manner == MANNER_WALK_FLAGS;
}
