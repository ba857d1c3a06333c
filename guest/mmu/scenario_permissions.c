// SPDX-License-Identifier: MPL-2.0
/*
 * {read, write, execute, execute from user mode} x {every permission set, those too that the
 * architecture forbids} x {every leaf level} x {the access itself, a read by the guest's page walk,
 * a flag set by that walk}.
 */
#include "guest/mmu/scenarios.h"

#include "core/geometry.h"

struct matrix {
	struct world world;
	unsigned level, perm;
	enum manner manner;
	mz_oa oa;  /* a data frame that the leaf under test maps */
	mz_ia gpa; /* where it does */
	bool bad;  /* the architecture forbids these permissions */
};

/* The target: a leaf with the permissions under test. */
static void map_target(struct matrix *m)
{
	const struct stage *stage = m->world.stage;
	const struct mz_format *f = stage->config.format;
	unsigned perm = m->bad ? world_all_perm(stage) : m->perm;
	uint64_t *slot;

	world_map_target(&m->world, m->level, m->gpa, m->oa, world_prop(stage, perm));
	if (!m->bad)
		return;
	slot = world_slot(&m->world, m->gpa, m->level);
	world_patch(&m->world, slot, f->with_perm(*slot, m->level, m->perm),
		    MZ_FAULT_MISCONFIGURED);
}

/* Said without the walker: may this operation do what it needs of the leaf under test? */
static enum ending wanted(const struct matrix *m, const struct operation *operation)
{
	const struct stage *stage = m->world.stage;
	unsigned needed = operation->kind;

	if (needed == MZ_EXEC && operation->user && (world_all_perm(stage) & MZ_EXEC_USER) != 0)
		needed = MZ_EXEC_USER;
	if (m->manner == MANNER_WALK)
		needed = stage->walk_writes ? MZ_WRITE : MZ_READ;
	if (m->manner == MANNER_WALK_FLAGS)
		needed = stage->walk_writes ? MZ_WRITE : MZ_READ | MZ_WRITE;
	return !m->bad && (m->perm & needed) == needed ? ENDING_DONE : ENDING_FAULT;
}

static bool guest_flag_is_set(const struct matrix *m)
{
	const uint64_t *leaf = memory_word(m->oa);
	const struct mz_format *f = m->world.stage1_format;

	leaf += mz_index(f, world_va(&m->world), 1);
	return (f->prop(*leaf, 1).flags & MZ_ACCESSED) != 0;
}

static void try_operation(struct matrix *m, const struct operation *operation)
{
	struct access access = judge_access(world_va(&m->world), operation->kind, operation->user);
	struct verdict verdict = judge(&m->world, &access);

	if (verdict.wrong == NULL && m->manner == MANNER_WALK_FLAGS &&
	    verdict.prediction.ending == ENDING_DONE && !guest_flag_is_set(m)) {
		verdict.wrong = "the guest's accessed flag was not set";
		judge_ask_deviation(&m->world, &verdict);
	}
	judge_report(&verdict, wanted(m, operation));
}

static void one(struct matrix *m, const struct platform *platform, const struct stage *stage,
		const struct operation *operation)
{
	char perm[5] = "----";

	for (unsigned i = 0; i < 4; i++)
		if ((m->perm >> i & 1) != 0)
			perm[i] = "rwxu"[i];
	report_test("%s_%s_of_%s_at_level_%u_by_%s", stage->name, operation->name, perm, m->level,
		    manner_names[m->manner]);
	world_begin(&m->world, platform, stage);
	if (world_target(&m->world, m->level, m->level, m->oa, &m->gpa)) {
		map_target(m);
		aim(&m->world, m->manner, m->gpa, m->oa, operation->user);
		world_use(&m->world);
		try_operation(m, operation);
	} else {
		report_skip("the guest's addresses do not reach so far");
	}
	world_end(&m->world);
	memory_frame_fill(m->oa);
}

static void over_manners(struct matrix *m, const struct platform *platform,
			 const struct stage *stage)
{
	for (m->manner = MANNER_ACCESS; m->manner < manner_count(platform); m->manner++)
		for (unsigned i = 0; i < OPERATIONS; i++)
			one(m, platform, stage, &operations[i]);
}

void scenario_permissions(const struct platform *platform, const struct stage *stage)
{
	static struct matrix m;
	const struct mz_format *f = stage->config.format;

	/* Not the first frame: that is the scratch one. */
	m.oa = mz_oa_from(memory_data().addr + memory_data_bytes() / 2 + 5 * FRAME_BYTES);
	for (m.level = 1; m.level <= f->levels; m.level++) {
		if (!stage_leaf_allowed(stage, m.level))
			continue;
		for (m.perm = 1; m.perm <= world_all_perm(stage); m.perm++) {
			struct mz_prop prop = world_prop(stage, m.perm);

			m.bad = (stage->bad_perms >> m.perm & 1) != 0;
			if (m.bad || f->encodable(prop, m.level, stage->config.features))
				over_manners(&m, platform, stage);
		}
	}
}
