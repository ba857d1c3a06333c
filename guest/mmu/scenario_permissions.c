// SPDX-License-Identifier: MPL-2.0
/*
 * {read, write, execute, execute from user mode} x {every permission set, those too that the
 * architecture forbids} x {every leaf level} x {the access itself, a read by the guest's page walk,
 * a flag set by that walk}.
 */
#include "guest/mmu/scenarios.h"

#include "core/geometry.h"

/* Who comes upon the leaf under test. */
enum manner { MANNER_ACCESS, MANNER_WALK, MANNER_WALK_FLAGS };

static const char *const manner_names[] = {"access", "walk", "walk_setting_flags"};

static const struct operation {
	const char *name;
	uint8_t kind;
	bool user;
} operations[] = {
	{"read", MZ_READ, false},
	{"write", MZ_WRITE, false},
	{"execute", MZ_EXEC, false},
	{"execute_as_user", MZ_EXEC, true},
};

#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

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

/* A data frame of its own for the guest to access, while its tables are what is tested. */
static mz_ia map_scratch(struct world *world)
{
	uint64_t page = mz_span(world->stage->config.format, 1);
	mz_oa oa = mz_oa_from(memory_data().addr & ~(page - 1));

	world_map(world, mz_ia_from(oa.addr), page, oa,
		  world_prop(world->stage, world_all_perm(world->stage)));
	return mz_ia_from(memory_data().addr);
}

static void begin(struct matrix *m, bool user)
{
	mz_ia data = m->gpa;
	uint64_t va;

	va = world_va(&m->world);
	map_target(m);
	if (m->manner != MANNER_ACCESS)
		data = map_scratch(&m->world);
	world_guest_map(&m->world, va, data, MZ_READ | MZ_WRITE | MZ_EXEC, user);
	if (m->manner == MANNER_WALK_FLAGS) {
		const struct mz_format *f = m->world.stage1_format;
		uint64_t *leaf = world_guest_slot(&m->world, va, 1);

		world_patch(&m->world, leaf, f->clean(*leaf, 1, MZ_ACCESSED | MZ_DIRTY),
			    MZ_FAULT_UNKNOWN);
	}
	if (m->manner != MANNER_ACCESS)
		world_guest_move(&m->world, va, 1, m->oa, m->gpa);
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
	    verdict.prediction.ending == ENDING_DONE && !guest_flag_is_set(m))
		verdict.wrong = "the guest's accessed flag was not set";
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
	if (world_target(&m->world, m->level, m->oa, &m->gpa)) {
		begin(m, operation->user);
		world_use(&m->world);
		try_operation(m, operation);
	} else {
		report_skip("the guest's addresses do not reach so far");
	}
	world_end(&m->world);
	memory_frame_fill(m->oa);
}

static void over_operations(struct matrix *m, const struct platform *platform,
			    const struct stage *stage)
{
	for (unsigned i = 0; i < OPERATIONS; i++)
		one(m, platform, stage, &operations[i]);
}

static void over_manners(struct matrix *m, const struct platform *platform,
			 const struct stage *stage)
{
	for (m->manner = MANNER_ACCESS; m->manner <= MANNER_WALK; m->manner++)
		over_operations(m, platform, stage);
	if ((platform->stage1_flags_set & MZ_ACCESSED) != 0)
		over_operations(m, platform, stage);
}

void scenario_permissions(const struct platform *platform, const struct stage *stage)
{
	static struct matrix m;
	const struct mz_format *f = stage->config.format;
	uint32_t leaf_levels = stage->config.leaf_levels != 0 ? stage->config.leaf_levels
							      : f->leaf_levels;

	/* Not the first frame: that is the scratch one. */
	m.oa = mz_oa_from(memory_data().addr + memory_data_bytes() / 2 + 5 * FRAME_BYTES);
	for (m.level = 1; m.level <= f->levels; m.level++) {
		if (!mz_leaf_allowed(leaf_levels, m.level))
			continue;
		for (m.perm = 1; m.perm <= world_all_perm(stage); m.perm++) {
			struct mz_prop prop = world_prop(stage, m.perm);

			m.bad = (stage->bad_perms >> m.perm & 1) != 0;
			if (m.bad || f->encodable(prop, m.level, stage->config.features))
				over_manners(&m, platform, stage);
		}
	}
}
