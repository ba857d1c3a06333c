// SPDX-License-Identifier: MPL-2.0
/*
 * mz_cursor_take_next(): any cursor, any number of bytes, memory or none.
 * Long proof cursor_take: -DSHAPE=22 -DCOVER=2 -DSPARE=1 --function cursor_take --unwind 5
 *   --unwindset next_mapped.1:7,maps_anything:1,maps_anything.0:1,split_count.0:1
 *   --unwindset split_count_whole.0:1,split_fill:1,split_fill.0:3,split_fill_run:1
 *   --unwindset split_fill_run.0:1,entries_fill.0:1,entries_fill.2:3,lock_below.0:1
 *   --unwindset unlock_below.0:1,split_leaf.0:3,split_undo:1,split_undo.0:1,split_count:1
 *   --unwindset estrange:1,estrange.0:1,mz_node_put.0:2,instance_drop.0:1,mz_table_reclaim.0:2
 * Long proof cursor_take_24: -DSHAPE=24 -DCOVER=1 -DSPARE=1 --function cursor_take --unwind 7
 *   --unwindset next_mapped.1:7,maps_anything:1,maps_anything.0:1,split_count.0:1
 *   --unwindset split_count_whole.0:1,split_fill:1,split_fill.0:3,split_fill_run:1
 *   --unwindset split_fill_run.0:1,entries_fill.0:1,entries_fill.2:3,lock_below.0:1
 *   --unwindset unlock_below.0:1,split_leaf.0:3,split_undo:1,split_undo.0:1,split_count:1
 *   --unwindset estrange:1,estrange.0:1,mz_node_put.0:2,instance_drop.0:1,mz_table_reclaim.0:2
 */
#include "tests/proof/fragment.h"

static void claim_taken(const struct mz_fragment *is, struct mz_item now)
{
	bool was = watched.was.level != 0;

	if (is_inside(watched.addr, is->ia.addr, is->ia.addr + (is->bytes - 1))) {
		CLAIM(now.level == 0, "takes out what it says");
		CLAIM(!was || watched.flushed, "flushes what was mapped");
		CLAIM(watched.reported == (HOOKS && was), "reports each leaf once");
		return;
	}
	CLAIM((now.level != 0) == was, "takes out nothing else");
	CLAIM(!was ||
		      (now.oa.addr == watched.was.oa.addr &&
		       same_prop(now.prop, watched.was.prop) && now.level <= watched.was.level),
	      "the rest is as before, and split at most");
	CLAIM(watched.reported == 0, "reports nothing else");
}

void cursor_take(void)
{
	uint64_t bytes = nondet_u64();
	struct mz_fragment is;
	enum mz_error error;
	unsigned slot;

	free_cursor();

	error = instance_cursor_take_next(&cursor, bytes, &is);

	CLAIM((error == MZ_MISALIGNED) == ((bytes & (NODE_BYTES - 1)) != 0),
	      "misaligned where it is");
	CLAIM(error == MZ_OK || error == MZ_MISALIGNED || (error == MZ_NO_MEMORY && memory_refused),
	      "fails as documented");
	if (error != MZ_OK || is.kind == MZ_ABSENT) {
		claim_nothing_found(error, &is, bytes);
		REACHES(error == MZ_OK && !cursor.ended && bytes > 0);
#if COVER > 1
		REACHES(error == MZ_NO_MEMORY);
#endif
		return;
	}
	claim_found(&is, bytes);
	claim_changed();
	claim_taken(&is, lookup(watched.addr, &slot));
	REACHES(mmu_has_written && is_inside(watched.addr, is.ia.addr, cursor.last));
#if COVER > 1
	REACHES(is.kind == MZ_NODE);
	REACHES(is.kind == MZ_LEAF && is.bytes < span_of(is.item.level));
	REACHES(is.kind == MZ_LEAF && is.item.level == 2 && is.bytes == span_of(2));
#endif
}
