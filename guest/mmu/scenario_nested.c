// SPDX-License-Identifier: MPL-2.0
/*
 * Two stages at once. The canonical faults: the page that is accessed, or a page of the guest's
 * tables of any level, is unmapped or read-only; under small and large leaves of either stage. And
 * the order of the two: what the guest's own tables forbid is the guest's fault, whatever the
 * second stage says.
 */
#include "guest/mmu/scenarios.h"

#include "core/geometry.h"

enum state { STATE_WRITABLE, STATE_READ_ONLY, STATE_UNMAPPED, STATES };

static const char *const state_names[STATES] = {"writable", "read_only", "unmapped"};

struct nested {
	struct world world;
	unsigned guest_level;  /* of the guest's leaf */
	unsigned second_level; /* of the leaf of the second stage under test */
	enum state state;      /* of that leaf */
	mz_oa oa;
	mz_ia gpa;
};

static void map_state(struct nested *n)
{
	const struct stage *stage = n->world.stage;
	unsigned perm = world_all_perm(stage) & ~(n->state == STATE_READ_ONLY ? MZ_WRITE : 0u);

	if (n->state != STATE_UNMAPPED)
		world_map_target(&n->world, n->second_level, n->gpa, n->oa,
				 world_prop(stage, perm));
}

/* A leaf of the guest's of this level, around the page at gpa. */
static uint64_t guest_map_around(struct world *world, unsigned level, mz_ia gpa, bool user)
{
	struct mz_prop prop = world->platform->stage1_prop(MZ_READ | MZ_WRITE | MZ_EXEC, user);
	uint64_t span = mz_span(world->stage1_format, level);

	must(mz_table_map(&world->stage1, mz_ia_from(world_va(world)), span,
			  mz_oa_from(gpa.addr & ~(span - 1)), prop),
	     "mz_table_map of stage 1");
	return world_va(world) + (gpa.addr & (span - 1));
}

static enum ending wanted(enum state state, bool written)
{
	return state == STATE_UNMAPPED || (state == STATE_READ_ONLY && written) ? ENDING_FAULT
										: ENDING_DONE;
}

static void try_final(struct nested *n, const struct operation *operation)
{
	struct access access;
	uint64_t va;

	map_state(n);
	va = guest_map_around(&n->world, n->guest_level, n->gpa, operation->user);
	world_use(&n->world);
	access = judge_access(va, operation->kind, operation->user);
	judge_test(&n->world, &access, wanted(n->state, operation->kind == MZ_WRITE));
}

/* The page of the guest's tables is the node of this level on the way to a scratch page. */
static void try_table(struct nested *n, unsigned node_level, const struct operation *operation)
{
	/* The guest's links begin without flags, its leaves with them. */
	bool sets_flag = n->world.platform->stage1_links_accessed && node_level > n->guest_level;
	struct access access;
	uint64_t va;

	map_state(n);
	va = guest_map_around(&n->world, n->guest_level, world_map_scratch(&n->world),
			      operation->user);
	world_guest_move(&n->world, va, node_level, n->oa, n->gpa);
	world_use(&n->world);
	access = judge_access(va, operation->kind, operation->user);
	judge_test(&n->world, &access, wanted(n->state, n->world.stage->walk_writes || sets_flag));
}

/* node_level 0: the page itself that is accessed. */
static void one(struct nested *n, const struct platform *platform, const struct stage *stage,
		unsigned node_level, const struct operation *operation)
{
	report_test("%s_%s_%s_at_second_level_%u_guest_leaf_%u_%s_%u", stage->name, operation->name,
		    state_names[n->state], n->second_level, n->guest_level,
		    node_level == 0 ? "final_page" : "page_table_page", node_level);
	world_begin(&n->world, platform, stage);
	if (!world_target(&n->world, n->second_level, n->second_level, n->oa, &n->gpa))
		report_skip("the guest's addresses do not reach so far");
	else if (node_level == 0)
		try_final(n, operation);
	else
		try_table(n, node_level, operation);
	world_end(&n->world);
	memory_frame_fill(n->oa);
}

static void over_states(struct nested *n, const struct platform *platform,
			const struct stage *stage, unsigned node_level)
{
	for (n->state = STATE_WRITABLE; n->state < STATES; n->state++)
		for (unsigned i = 0; i < OPERATIONS; i++)
			one(n, platform, stage, node_level, &operations[i]);
}

/* Small and large leaves of the guest; nodes down to them, but for the root. */
static void over_guest(struct nested *n, const struct platform *platform, const struct stage *stage)
{
	const struct mz_format *f = stage->stage1 != NULL ? stage->stage1 : platform->stage1;
	uint32_t leaf_levels = platform->stage1_leaf_levels != 0 ? platform->stage1_leaf_levels
								 : f->leaf_levels;

	for (n->guest_level = 1; n->guest_level <= 2; n->guest_level++) {
		if (!mz_leaf_allowed(leaf_levels, n->guest_level))
			continue;
		over_states(n, platform, stage, 0);
		if (n->second_level > 1)
			continue;
		for (unsigned level = n->guest_level; level < f->levels; level++)
			over_states(n, platform, stage, level);
	}
}

void scenario_nested(const struct platform *platform, const struct stage *stage)
{
	static struct nested n;

	n.oa = mz_oa_from(memory_data().addr + memory_data_bytes() / 2 + 13 * FRAME_BYTES);
	for (n.second_level = 1; n.second_level <= 2; n.second_level++)
		if (stage_leaf_allowed(stage, n.second_level))
			over_guest(&n, platform, stage);
}
