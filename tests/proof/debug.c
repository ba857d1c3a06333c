// SPDX-License-Identifier: MPL-2.0
/*
 * What MZ_DEBUG looks at (core/debug.h): any table, any metadata of a node, anything handed in.
 * Proof debug: -DSHAPE=22 -DCOVER=2 -DMZ_DEBUG --function debug --unwind 4
 * Proof debug_cursor: -DSHAPE=22 -DCOVER=2 -DSPARE=1 -DMZ_DEBUG --function debug_cursor --unwind 5
 */
#include "tests/proof/cursor.h"

#include "core/debug.c"
#include "core/guard.h"

/* Any node, or none, of the table or not. */
static struct mz_node_ref free_ref(void)
{
	unsigned frame = nondet_unsigned();
	struct mz_node_ref node = {
		.frame = &frames[0],
		.slots = (uint64_t *)(uintptr_t)nondet_u64(),
		.level = nondet_unsigned(),
	};

	ASSUME(frame <= FRAMES);
	node.frame += frame;
	return node;
}

void debug(void)
{
	unsigned frame = nondet_unsigned();
	struct mz_table other = {.ops = NULL};
	mz_oa oa = mz_oa_from(nondet_u64());
	bool alive, is;
	struct mz_guard guard;

	free_table();
	ASSUME(frame < FRAMES);
	CLAIM(mz_table_made_(&table) && !mz_table_made_(NULL) && !mz_table_made_(&other),
	      "knows a table that was made");
	table.ops = NULL;
	CLAIM(!mz_table_made_(&table), "and one that was destroyed");
	table.ops = &small_ops;

	mz_gather_init(&gather, &table);
	CLAIM(mz_gather_of_(NULL, &table) && mz_gather_of_(&gather, &table), "a gather of a table");
	CLAIM(!mz_gather_of_(&gather, &other), "and of another");

	frames[frame].refs = nondet_u32();
	frames[frame].level_stray = nondet_u8();
	frames[frame].guarded = nondet_bool();
	alive = is_frame(oa) && frames[frame_of(oa)].refs > 0 &&
		mz_frame_level(&frames[frame_of(oa)]) >= 1 &&
		mz_frame_level(&frames[frame_of(oa)]) <= SHAPE_LEVELS;
	CLAIM(mz_node_alive_(&table.config, oa) == alive, "a node that somebody owns");
	CLAIM(!mz_node_alive_(NULL, oa), "which is a table's");

	guard.table = &table;
	guard.node = free_ref();
	is = guard.node.frame < &frames[FRAMES] && guard.node.frame->refs > 0 &&
		guard.node.level == mz_frame_level(guard.node.frame) && guard.node.level >= 1 &&
		guard.node.level <= SHAPE_LEVELS &&
		guard.node.slots ==
			mz_slots_at(&table.config,
				    address_of((unsigned)(guard.node.frame - frames)));
	CLAIM(mz_node_ref_true_(&table, &guard.node) == is, "what mz_node_ref() answers");
	CLAIM(mz_guard_held_(&guard) == (is && guard.node.frame->guarded && mz_table_made_(&table)),
	      "and a guard that is held");
	REACHES(is && guard.node.level == 1);
	REACHES(alive && oa.addr != address_of(0).addr);
}

void debug_cursor(void)
{
	struct mz_cursor other;

	free_cursor();
	CLAIM(mz_cursor_open_(&cursor) && !mz_cursor_open_(NULL), "knows an open cursor");

	other = cursor;
	other.at = nondet_u64();
	other.cover = free_ref();
	CLAIM(mz_cursor_open_(&other) ==
		      (is_inside(other.at, cursor.first, cursor.last) &&
		       mz_node_ref_true_(&table, &other.cover)),
	      "and where it may stand");
	REACHES(cursor.ended);
}
