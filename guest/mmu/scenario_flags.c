// SPDX-License-Identifier: MPL-2.0
/*
 * Accessed and dirty: a leaf and the links above it begin without flags; after an access, or a walk
 * through a node of the guest's that the leaf maps, they have those that the MMU sets, and no
 * others.
 */
#include "guest/mmu/scenarios.h"

#include "core/geometry.h"
#include "core/walk.h"

struct flags {
	struct world world;
	unsigned level;
	enum manner manner;
	mz_oa oa;
	mz_ia gpa;
};

static const char *flags_differ(const struct flags *s, const struct operation *operation)
{
	const struct stage *stage = s->world.stage;
	unsigned leaf = stage->flags_set &
		(MZ_ACCESSED | (aim_writes(stage, s->manner, operation) ? MZ_DIRTY : 0u));
	unsigned link = stage->links_accessed ? MZ_ACCESSED : 0;
	const char *differs = NULL;
	struct mz_walk walk;

	(void)mz_table_walk(s->world.stage2, s->gpa, &walk);
	for (unsigned i = 0; i < walk.step_count; i++) {
		unsigned flags = walk.steps[i].prop.flags & (MZ_ACCESSED | MZ_DIRTY);

		if (walk.steps[i].kind == MZ_LEAF && flags != leaf)
			differs = "the flags of the leaf are others";
		if (walk.steps[i].kind == MZ_NODE && flags != link)
			differs = "the flags of a link are others";
	}
	return differs;
}

static enum ending wanted(const struct flags *s, const struct operation *operation)
{
	const struct stage *stage = s->world.stage;
	unsigned demanded = stage->flags_demanded;
	bool dirty = aim_writes(stage, s->manner, operation);

	return (demanded & MZ_ACCESSED) != 0 || (dirty && (demanded & MZ_DIRTY) != 0) ? ENDING_FAULT
										      : ENDING_DONE;
}

static void try_operation(struct flags *s, const struct operation *operation)
{
	struct access access = judge_access(world_va(&s->world), operation->kind, operation->user);
	struct verdict verdict = judge(&s->world, &access);

	if (verdict.wrong == NULL && verdict.prediction.ending == ENDING_DONE) {
		verdict.wrong = flags_differ(s, operation);
		judge_ask_deviation(&s->world, &verdict);
	}
	judge_report(&verdict, wanted(s, operation));
}

static void one(struct flags *s, const struct platform *platform, const struct stage *stage,
		const struct operation *operation)
{
	report_test("%s_flags_after_%s_at_level_%u_by_%s", stage->name, operation->name, s->level,
		    manner_names[s->manner]);
	world_begin(&s->world, platform, stage);
	if (world_target(&s->world, s->level, s->level, s->oa, &s->gpa)) {
		world_map_target(&s->world, s->level, s->gpa, s->oa,
				 world_clean_prop(stage, world_all_perm(stage)));
		aim(&s->world, s->manner, s->gpa, s->oa, operation->user);
		world_use(&s->world);
		try_operation(s, operation);
	} else {
		report_skip("the guest's addresses do not reach so far");
	}
	world_end(&s->world);
	memory_frame_fill(s->oa);
}

/* Cleared flags that are flushed come again. */
static void again(struct flags *s, const struct platform *platform, const struct stage *stage)
{
	struct access access;
	struct verdict verdict;
	uint64_t *slot;

	world_begin(&s->world, platform, stage);
	if (!world_target(&s->world, s->level, s->level, s->oa, &s->gpa)) {
		world_end(&s->world);
		return;
	}
	report_test("%s_cleared_flags_come_again_at_level_%u", stage->name, s->level);
	world_map_target(&s->world, s->level, s->gpa, s->oa,
			 world_prop(stage, world_all_perm(stage)));
	world_guest_map(&s->world, world_va(&s->world), s->gpa, MZ_READ | MZ_WRITE, false);
	world_use(&s->world);
	access = judge_access(world_va(&s->world), MZ_WRITE, false);
	verdict = judge(&s->world, &access);
	slot = world_slot(&s->world, s->gpa, s->level);
	*slot = stage->config.format->clean(*slot, s->level, MZ_ACCESSED | MZ_DIRTY);
	platform->flush(NULL, s->gpa, s->gpa, false);
	access.value++;
	if (verdict.wrong == NULL)
		verdict = judge(&s->world, &access);
	if (verdict.wrong == NULL && verdict.prediction.ending == ENDING_DONE &&
	    (stage->config.format->prop(*slot, s->level).flags & stage->flags_set) !=
		    stage->flags_set)
		verdict.wrong = "the flags were not set again";
	judge_report(&verdict, stage->flags_demanded != 0 ? ENDING_FAULT : ENDING_DONE);
	world_end(&s->world);
}

void scenario_flags(const struct platform *platform, const struct stage *stage)
{
	static struct flags s;

	s.oa = mz_oa_from(memory_data().addr + memory_data_bytes() / 2 + 11 * FRAME_BYTES);
	for (s.level = 1; s.level <= stage->config.format->levels; s.level++) {
		if (!stage_leaf_allowed(stage, s.level))
			continue;
		for (s.manner = MANNER_ACCESS; s.manner < manner_count(platform); s.manner++)
			for (unsigned i = 0; i < OPERATIONS; i++)
				one(&s, platform, stage, &operations[i]);
		again(&s, platform, stage);
	}
}
