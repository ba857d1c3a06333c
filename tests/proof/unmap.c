// SPDX-License-Identifier: MPL-2.0
/*
 * mz_table_unmap() on any table of the shape, with any arguments, with a gather of the caller's or
 * none, memory or none at each allocation, and any address looked at before and after. Where the
 * MMU may write, it does so once, at any moment before an entry is replaced.
 * Long proof unmap_22_1: -DSHAPE=22 -DCOVER=1 --unwind 4
 *   --unwindset lock_cover.0:2,lock_cover.1:1,lock_node.0:2,lock_node.1:1,mz_reserve_fill.0:2
 *   --unwindset mz_reserve_fill.1:3,mz_reserve_drain.0:2,mz_gather_finish.0:1,mz_gather_finish.1:1
 *   --unwindset prune.0:2,entries_clear.0:3,estrange:1,estrange.0:1,report_unmapped.0:1
 *   --unwindset run_length.0:1,mz_node_put.0:2,instance_drop.0:1,mz_table_reclaim:1
 *   --unwindset mz_table_reclaim.0:2
 * Long proof unmap_22_1@FORMATS: -DSHAPE=22 -DCOVER=1 --unwind 4
 *   --unwindset lock_cover.0:2,lock_cover.1:1,lock_node.0:2,lock_node.1:1,mz_reserve_fill.0:2
 *   --unwindset mz_reserve_fill.1:3,mz_reserve_drain.0:2,mz_gather_finish.0:1,mz_gather_finish.1:1
 *   --unwindset prune.0:2,entries_clear.0:3,estrange:1,estrange.0:1,report_unmapped.0:1
 *   --unwindset run_length.0:1,mz_node_put.0:2,instance_drop.0:1,mz_table_reclaim:1
 *   --unwindset mz_table_reclaim.0:2
 * Proof unmap_leaf_nodes: -DSHAPE=22 -DCOVER=1 --function leaf_nodes --unwind 4
 */
#include "tests/proof/table.h"

static void claim_unmapped(uint64_t first, uint64_t last, bool reports, struct mz_item is)
{
	bool inside = is_inside(watched.addr, first, last);
	bool was = watched.was.level != 0;

	(void)reports;
	if (inside) {
		CLAIM(is.level == 0, "unmaps what is in the range");
		CLAIM(!was || watched.flushed, "flushes what was mapped");
	} else {
		CLAIM((is.level != 0) == was, "unmaps nothing else");
		CLAIM(!was || is.oa.addr == watched.was.oa.addr,
		      "the rest keeps its output address");
		CLAIM(!was || same_prop(is.prop, watched.was.prop), "and its properties");
		CLAIM(is.level <= watched.was.level, "and is split at most");
	}
	CLAIM(watched.reported == (reports && inside && was), "reports each leaf once");
}

/* What is dropped without locks, of a tree all of which is there to go. */
void leaf_nodes(void)
{
	unsigned frame = nondet_unsigned();
	struct mz_frame was;
	bool stray;

	free_table();
	ASSUME(table.config.root_first == 0 && table.config.root_end == ENTRIES);
	ASSUME(frame < FRAMES && live[frame]);
	was = frames[frame];

	estrange_leaf_nodes(&table, node_at(&table, table.root_oa, 2));

	stray = mz_frame_stray(&frames[frame]);
	CLAIM(stray == (mz_frame_level(&frames[frame]) == 1), "every leaf node is stray");
	was.level_stray = frames[frame].level_stray;
	CLAIM(mz_frame_level(&was) == (frame == 0 ? 2 : 1), "no level changes");
	CLAIM(same_frame(was, frames[frame]), "nor does anything else");
	REACHES(stray);
	REACHES(!stray);
}

int main(void)
{
	mz_ia ia = mz_ia_from(nondet_u64());
	uint64_t bytes = nondet_u64(), last = ia.addr + (bytes - 1);
	struct mz_gather *given;
	enum mz_error error;
	bool reports;
	unsigned slot;

	free_table();
	given = free_gather();
	reports = given != NULL && given->unmapped != NULL;

	/* To CBMC, which of the two it is stays a constant. */
	error = given != NULL ? instance_unmap(&table, ia, bytes, &gather)
			      : instance_unmap(&table, ia, bytes, NULL);

	finish(given);
	claim_valid();
	claim_others_unchanged();
	if (error == MZ_OK) {
		CLAIM(bytes > 0 && range_is_managed(ia.addr, last),
		      "unmaps whole pages that the table manages");
		claim_unmapped(ia.addr, last, reports, lookup(watched.addr, &slot));
		REACHES(watched.was.level == COVER && is_inside(watched.addr, ia.addr, last));
		REACHES(watched.was.level != 0 && !is_inside(watched.addr, ia.addr, last));
		return 0;
	}
	claim_unchanged();
	CLAIM(error == MZ_MISALIGNED || error == MZ_OUT_OF_RANGE || error == MZ_NO_MEMORY,
	      "fails as documented");
	CLAIM(error == MZ_NO_MEMORY || bytes == 0 || !range_is_managed(ia.addr, last),
	      "refuses only what is not the table's");
	CLAIM(error != MZ_NO_MEMORY || memory_refused, "out of memory where it was refused");
	return 0;
}
