// SPDX-License-Identifier: MPL-2.0
/*
 * Raw bits, written past the library: each way that the platform knows to spoil a leaf or a link of
 * every level, met by an access and by the guest's page walk.
 */
#include "guest/mmu/scenarios.h"

#include "core/geometry.h"

struct bits {
	struct world world;
	unsigned leaf_level; /* of the leaf that maps the target */
	unsigned level;      /* of the entry that is spoilt */
	enum manner manner;
	mz_oa oa;
	mz_ia gpa;
};

/* The n-th way to spoil the entry; false: there are no more. */
static bool one(struct bits *b, const struct operation *operation, unsigned n)
{
	const struct stage *stage = b->world.stage;
	enum mz_kind kind = b->level == b->leaf_level ? MZ_LEAF : MZ_NODE;
	uint64_t *slot = world_slot(&b->world, b->gpa, b->level);
	struct access access = judge_access(world_va(&b->world), operation->kind, false);
	struct spoilt spoilt = {"", -1, 0, 0};
	unsigned patches = b->world.patch_count;

	if (!stage->spoil(stage, *slot, kind, b->level, n, &spoilt))
		return false;
	report_test("%s_%s_%u_in_%s_at_level_%u_on_%s_by_%s", stage->name, spoilt.what,
		    (unsigned)(spoilt.bit < 0 ? (int)n : spoilt.bit),
		    kind == MZ_LEAF ? "a_leaf" : "a_link", b->level, operation->name,
		    manner_names[b->manner]);
	world_patch(&b->world, slot, spoilt.entry, spoilt.cause);
	world_use(&b->world);
	judge_test(&b->world, &access,
		   spoilt.cause == MZ_FAULT_UNKNOWN ? ENDING_DONE : ENDING_FAULT);
	world_unpatch_to(&b->world, patches);
	return true;
}

static void over_spoilt(struct bits *b, const struct platform *platform, const struct stage *stage,
			const struct operation *operation)
{
	world_begin(&b->world, platform, stage);
	if (world_target(&b->world, b->leaf_level, b->level, b->oa, &b->gpa)) {
		world_map_target(&b->world, b->leaf_level, b->gpa, b->oa,
				 world_prop(stage, world_all_perm(stage)));
		aim(&b->world, b->manner, b->gpa, b->oa, false);
		for (unsigned n = 0; one(b, operation, n); n++)
			;
	}
	world_end(&b->world);
	memory_frame_fill(b->oa);
}

/* Leaves of every level; links above the smallest. */
static void over_levels(struct bits *b, const struct platform *platform, const struct stage *stage,
			const struct operation *operation)
{
	const struct mz_format *f = stage->config.format;

	for (b->level = 1; b->level <= f->levels; b->level++) {
		b->leaf_level = b->level;
		if (stage_leaf_allowed(stage, b->level))
			over_spoilt(b, platform, stage, operation);
		b->leaf_level = 1;
		if (b->level > 1)
			over_spoilt(b, platform, stage, operation);
	}
}

void scenario_bits(const struct platform *platform, const struct stage *stage)
{
	static struct bits b;

	if (stage->spoil == NULL)
		return;
	b.oa = mz_oa_from(memory_data().addr + memory_data_bytes() / 2 + 9 * FRAME_BYTES);
	b.manner = MANNER_ACCESS;
	for (unsigned i = 0; i < 3; i++)
		over_levels(&b, platform, stage, &operations[i]);
	b.manner = MANNER_WALK;
	if (platform->stage1 != NULL)
		over_levels(&b, platform, stage, &operations[0]);
}
