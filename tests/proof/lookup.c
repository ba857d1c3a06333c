// SPDX-License-Identifier: MPL-2.0
/*
 * What only looks: find and walk, on any table of the shape.
 * Proof query: -DSHAPE=22 -DHOOKS --function query --unwind 4
 * Proof walk: -DSHAPE=22 -DHOOKS --function walk --unwind 4
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
	REACHES(item.level == 1);
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

		CLAIM(is_frame(step.node) && live[frame] && frames[frame].level == step.level &&
			      step.level == SHAPE_LEVELS - i,
		      "each step is in a node of its level");
		CLAIM(step.index < ENTRIES && step.entry == pool[frame * ENTRIES + step.index] &&
			      step.kind == small_kind(step.entry, step.level),
		      "and tells the entry there");
	}
	REACHES(error == MZ_OK && walk.step_count == SHAPE_LEVELS);
}
