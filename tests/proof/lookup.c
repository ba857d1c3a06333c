// SPDX-License-Identifier: MPL-2.0
/*
 * What only looks: find and walk, on any table of the shape; and a walk of one that is foreign.
 * Proof query: -DSHAPE=22 -DHOOKS --function query --unwind 4
 * Long proof query@FORMATS: -DSHAPE=22 -DHOOKS --function query --unwind 4
 * Proof walk: -DSHAPE=22 -DHOOKS --function walk --unwind 4
 * Proof walk@FORMATS: -DSHAPE=22 -DHOOKS --function walk --unwind 4
 * Proof walk_root: -DSHAPE=22 --function walk_root --unwind 4
 * Long proof walk_root@FORMATS: -DSHAPE=22 --function walk_root --unwind 4
 */
#include "tests/proof/single.h"

#include "core/walk.c"

void query(void)
{
	struct mz_item item;

	free_table();

	item = mz_leaf_item(&table, instance_find(&table, mz_ia_from(watched.addr)));

	CLAIM(same_item(item, watched.was), "answers what the address is mapped to");
	claim_unchanged();
	REACHES(item.level == 1 && item.oa.addr >> (OA_LG2 - 1) != 0);
	REACHES(item.level == SHAPE_LEVELS);
	REACHES(item.level == 0 && watched.addr >> IA_LG2 == 0);
}

void walk(void)
{
	enum mz_error error;
	struct mz_walk walk;
	unsigned i = nondet_unsigned();

	free_table();

	error = mz_table_walk(&table, mz_ia_from(watched.addr), &walk);

	CLAIM(readers == 0, "every reader has left");
	claim_unchanged();
	CLAIM(walk.step_count <= SHAPE_LEVELS, "a walk is as long as the table is deep");
	CLAIM((error == MZ_OK) == (watched.was.level != 0), "finds what is mapped");
	if (error == MZ_OK) {
		CLAIM(same_item(walk.item, watched.was), "answers what the address is mapped to");
		CLAIM(walk.step_count == SHAPE_LEVELS + 1 - watched.was.level,
		      "one step a level, down to the leaf");
	} else {
		CLAIM(error == MZ_NOT_MAPPED || error == MZ_OUT_OF_RANGE, "fails as documented");
		CLAIM(walk.item.level == 0, "and answers no item");
		REACHES(error == MZ_OUT_OF_RANGE);
		REACHES(error == MZ_NOT_MAPPED && walk.step_count == SHAPE_LEVELS);
	}
	if (i < walk.step_count) {
		struct mz_walk_step step = walk.steps[i];
		unsigned frame = frame_of(step.node);

		CLAIM(is_frame(step.node) && live[frame] &&
			      mz_frame_level(&frames[frame]) == step.level &&
			      step.level == SHAPE_LEVELS - i,
		      "each step is in a node of its level");
		CLAIM(step.index < ENTRIES && step.entry == pool[frame * ENTRIES + step.index] &&
			      step.kind == small_kind(step.entry, step.level),
		      "and tells the entry there");
	}
	REACHES(error == MZ_OK && walk.step_count == SHAPE_LEVELS);
}

/* Where nodes of a foreign table are, if anywhere: any frame, whatever the entry has said. */
static const uint64_t *foreign_node_at(void *context, mz_oa node, size_t bytes)
{
	unsigned frame = nondet_unsigned();

	(void)node;
	CLAIM(context == &before && bytes == ENTRIES * sizeof(uint64_t), "asks for a node");
	if (nondet_bool())
		return NULL;
	ASSUME(frame < FRAMES);
	return (const uint64_t *)(LINEAR + (uintptr_t)address_of(frame).addr);
}

/* Nothing of a foreign table is valid but the memory that its nodes are in. */
void walk_root(void)
{
	mz_oa root = mz_oa_from(nondet_u64());
	uint64_t addr = nondet_u64();
	unsigned i = nondet_unsigned();
	enum mz_error error;
	struct mz_walk walk;

	for (unsigned f = 0; f < FRAMES; f++) {
		live[f] = true;
		for (unsigned k = 0; k < ENTRIES; k++)
			pool[f * ENTRIES + k] = (kept_entry)nondet_u64();
	}
	take_snapshot();

	error = mz_walk_root(&small, root, foreign_node_at, &before, mz_ia_from(addr), &walk);

	claim_unchanged();
	CLAIM((error == MZ_OUT_OF_RANGE) == !is_input(addr),
	      "out of range where the format does not reach");
	CLAIM(error == MZ_OK || error == MZ_OUT_OF_RANGE || error == MZ_NOT_MAPPED,
	      "fails as documented");
	CLAIM(walk.step_count <= SHAPE_LEVELS, "a walk is as long as the format is deep");
	CLAIM((error == MZ_OK) == (walk.item.level != 0), "an item is the answer, or none");
	if (i < walk.step_count) {
		struct mz_walk_step step = walk.steps[i];
		mz_oa from = i == 0 ? root : small_oa(walk.steps[i - 1].entry, SHAPE_LEVELS);

		CLAIM(step.level == SHAPE_LEVELS - i && step.node.addr == from.addr,
		      "each step is where the entry above leads to");
		CLAIM(step.kind == small_kind(step.entry, step.level) && step.index < ENTRIES,
		      "and tells the entry there");
		CLAIM(error != MZ_OK || FLAT || (walk.item.prop.perm & ~step.prop.perm) == 0,
		      "and narrows what is allowed");
		CLAIM(error != MZ_OK || i + 1 < walk.step_count || step.kind == MZ_LEAF,
		      "and the last is a leaf");
	}
	REACHES(error == MZ_OK && walk.step_count == SHAPE_LEVELS);
	REACHES(error == MZ_NOT_MAPPED && walk.step_count == 0);
}
