// SPDX-License-Identifier: MPL-2.0
/*
 * The beginning and the end of a cursor: any range on any table; any cursor.
 * Proof cursor_open_1: -DSHAPE=22 -DCOVER=1 -DHOOKS --function cursor_open --unwind 4
 * Proof cursor_open_2: -DSHAPE=22 -DCOVER=2 -DHOOKS --function cursor_open --unwind 4
 * Long proof cursor_close_1: -DSHAPE=22 -DCOVER=1 -DSPARE=1 -DHOOKS --function cursor_close
 *   --unwind 5 --unwindset estrange.0:1,estrange:1,instance_drop.0:1,mz_node_put.0:2
 *   --unwindset mz_table_reclaim.0:2
 * Proof cursor_close_2: -DSHAPE=22 -DCOVER=2 -DSPARE=1 -DHOOKS --function cursor_close --unwind 5
 */
#include "tests/proof/cursor.h"

void cursor_open(void)
{
	mz_ia ia = mz_ia_from(nondet_u64());
	uint64_t bytes = nondet_u64(), last = ia.addr + (bytes - 1);
	unsigned level;
	enum mz_error error;

	emptied = nondet_unsigned();
	free_table();
	mz_gather_init(&gather, &table);

	error = instance_cursor_open(&cursor, &table, ia, bytes, &gather);

	CLAIM((error == MZ_OK) == (bytes > 0 && range_is_managed(ia.addr, last)),
	      "opens whole pages that the table manages");
	if (error != MZ_OK) {
		CLAIM(error ==
			      (((ia.addr | bytes) & (NODE_BYTES - 1)) != 0 ? MZ_MISALIGNED
									   : MZ_OUT_OF_RANGE),
		      "fails as documented");
		CLAIM(readers == 0, "what is refused is no reader");
		claim_unchanged();
		REACHES(error == MZ_MISALIGNED);
		REACHES(error == MZ_OUT_OF_RANGE && bytes > 0);
		return;
	}
	opened = cursor;
	level = cursor.cover.level;
	CLAIM(cursor.first == ia.addr && cursor.last == last, "has the range");
	CLAIM(cursor.at == ia.addr && !cursor.ended, "stands where that begins");
	CLAIM(cursor.cover.frame == &frames[heap_node(ia.addr, level)] &&
		      may_cover(ia.addr, last, level),
	      "the cover is a node around the range, and not to be cut by it");
	CLAIM(level == 1 || !may_cover(ia.addr, last, level - 1) ||
		      !live[heap_node(ia.addr, level - 1)],
	      "and there is none below that");
	claim_only_looked();
	REACHES(bytes == NODE_BYTES);
#if COVER > 1
	REACHES(bytes == PAGES * NODE_BYTES && left[1].lock && left[2].lock);
#endif
}

void cursor_close(void)
{
	unsigned frame = nondet_unsigned(), slot;
	bool was_empty;

	free_cursor();
	ASSUME(frame < FRAMES && &frames[frame] == cursor.cover.frame);
	was_empty = cursor.cover.frame->child_count == 0;

	instance_cursor_close(&cursor);

	finish(&gather);
	/* What the cursor has emptied is gone; what another has emptied is that one's to cut. */
	if (emptied == frame)
		emptied = FRAMES;
	claim_valid();
	claim_others_unchanged();
	if (!was_empty)
		claim_unchanged();
	CLAIM(same_item(lookup(watched.addr, &slot), watched.was), "maps and unmaps nothing");
	CLAIM(watched.reported == 0, "and reports nothing");
	CLAIM(readers == 0, "the reader has left");
	REACHES(was_empty);
	REACHES(opened.reserve.have[1] == 1);
#if COVER < SHAPE_LEVELS
	REACHES(was_empty && !live[frame]);
#endif
}
