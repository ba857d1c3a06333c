// SPDX-License-Identifier: MPL-2.0
/*
 * core/guard.h: any configuration, any tree of the shape, any node, entry and word. A write is
 * plain, so none is tried where the MMU writes leaves too.
 * Proof guard_lock: -DSHAPE=22 -DMZ_DEBUG --function guard_lock --unwind 4
 */
#include "tests/proof/single.h"

#include "core/debug.c"
#include "core/guard.c"

void guard_lock(void)
{
	unsigned frame = nondet_unsigned(), index = nondet_unsigned();
	kept_entry word = free_word();
	struct mz_guard guard, adopted;
	struct mz_node_ref node;
	mz_node owned;

	free_table();
	ASSUME(frame < FRAMES && index < ENTRIES && live[frame]);
	owned.oa = address_of(frame);

	guard = mz_guard_lock(&table, mz_node_ref(&table.config, owned));
	CLAIM(frames[frame].lock == 1 && frames[frame].guarded, "a guard is the lock");
	CLAIM(guard.table == &table && guard.node.frame == &frames[frame], "of its node");
	CLAIM(mz_guard_child_count(&guard) == before.frames[frame].child_count, "counts children");
	CLAIM(mz_guard_is_stray(&guard) == mz_frame_stray(&before.frames[frame]),
	      "tells of strays");
	CLAIM(mz_guard_read(&guard, index) == pool[frame * ENTRIES + index], "reads an entry");

	node = mz_guard_forget(&guard);
	CLAIM(frames[frame].lock == 1 && !frames[frame].guarded && guard.table == NULL,
	      "forgetting keeps the lock");
	CLAIM(node.frame == &frames[frame] && node.level == mz_frame_level(&frames[frame]),
	      "and the node");

	adopted = mz_guard_adopt(&table, node);
	CLAIM(frames[frame].lock == 1 && frames[frame].guarded && adopted.table == &table,
	      "adopting finds the lock");

	if ((table.config.features & MZ_HW_ACCESSED_DIRTY) == 0) {
		mz_guard_write(&adopted, index, word);
		CLAIM(mz_guard_read(&adopted, index) == word, "reads what was written");
		mz_guard_write(&adopted, index, before.pool[frame * ENTRIES + index]);
	}

	mz_guard_unlock(&adopted);
	CLAIM(frames[frame].lock == 0 && !frames[frame].guarded && adopted.table == NULL,
	      "unlocking gives the lock back");
	claim_unchanged();

	guard = mz_guard_lock(&table, node);
	mz_guard_set_stray(&guard);
	mz_guard_unlock(&guard);
	guard = mz_guard_lock(&table, node);
	CLAIM(mz_guard_is_stray(&guard), "what is stray stays stray");
	REACHES(frame == 0);
	REACHES(mz_frame_level(&frames[frame]) == 1);
}
