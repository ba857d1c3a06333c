// SPDX-License-Identifier: MPL-2.0
/*
 * mz_cursor_map(): any cursor, any arguments, memory or none.
 * Long proof cursor_map: -DSHAPE=22 -DCOVER=2 -DSPARE=1 --function cursor_map --unwind 5
 *   --unwindset maps_anything.0:1,estrange.0:1,mz_node_put.0:2,instance_drop.0:1
 *   --unwindset mz_table_reclaim.0:2
 * Long proof cursor_map_24: -DSHAPE=24 -DCOVER=1 -DSPARE=1 --function cursor_map --unwind 7
 *   --unwindset maps_anything.0:1,estrange.0:1,mz_node_put.0:2,instance_drop.0:1
 *   --unwindset mz_table_reclaim.0:2
 */
#include "tests/proof/cursor.h"

/* Claims that `error` is one that core/cursor.h has for a leaf of `level` here. */
static void claim_error(enum mz_error error, mz_oa oa, unsigned level, struct mz_prop prop)
{
	bool leaves = level >= 1 && level <= SHAPE_LEVELS &&
		(table.config.leaf_levels >> level & 1) != 0;
	uint64_t offset = leaves ? span_of(level) - 1 : 0, last = opened.at + offset;
	bool aligned = ((opened.at | oa.addr) & offset) == 0;
	bool fits = !opened.ended && last <= opened.last && oa.addr >> OA_LG2 == 0 &&
		(oa.addr + offset) >> OA_LG2 == 0;
	bool encodable = leaves && small_encodable(prop, level, table.config.features);

	CLAIM((error == MZ_BAD_LEVEL) == !leaves, "a level that has no leaves is refused");
	CLAIM(error != MZ_MISALIGNED || !aligned, "misaligned where something is");
	CLAIM(error != MZ_OUT_OF_RANGE || !fits, "out of range where something is");
	CLAIM(error != MZ_NOT_ENCODABLE || !encodable, "not encodable where it is not");
	CLAIM(error != MZ_OK || (aligned && fits && encodable), "what is accepted can be mapped");
	CLAIM(error != MZ_NO_MEMORY || memory_refused, "out of memory where it was refused");
	CLAIM(error == MZ_OK || error == MZ_BAD_LEVEL || error == MZ_MISALIGNED ||
		      error == MZ_OUT_OF_RANGE || error == MZ_NOT_ENCODABLE ||
		      error == MZ_OCCUPIED || error == MZ_NO_MEMORY,
	      "fails as documented");
}

/* A node that maps nothing is no obstacle, but for one that has to stay. */
static bool is_occupied(unsigned level)
{
	unsigned slot;

	if (level < 1 || level > SHAPE_LEVELS)
		return false;
	lookup(opened.at, &slot);
	return anything_mapped(opened.at, opened.at + (span_of(level) - 1)) ||
		(table.config.root_fixed && level == SHAPE_LEVELS &&
		 mz_frame_level(&frames[slot / ENTRIES]) < level);
}

static void claim_mapped(uint64_t last, mz_oa oa, unsigned level, struct mz_prop prop)
{
	unsigned slot;
	struct mz_item is = lookup(watched.addr, &slot);

	if (!is_inside(watched.addr, opened.at, last)) {
		CLAIM(same_item(is, watched.was), "maps nothing else");
		return;
	}
	CLAIM(is.oa.addr == oa.addr + (watched.addr - opened.at), "maps to the output address");
	CLAIM(same_prop(is.prop, prop) && is.level == level, "as one leaf with the properties");
}

void cursor_map(void)
{
	mz_oa oa = mz_oa_from(nondet_u64());
	unsigned level = nondet_unsigned();
	struct mz_prop prop = {nondet_u8(), nondet_u8(), nondet_u16()};
	enum mz_error error;
	bool occupied;
	uint64_t last;

	free_cursor();
	occupied = is_occupied(level);

	error = instance_cursor_map(&cursor, oa, level, prop);

	claim_error(error, oa, level, prop);
	CLAIM(error != MZ_OCCUPIED || occupied, "occupied where something is");
	CLAIM(watched.reported == 0, "reports nothing as unmapped");
	if (error != MZ_OK) {
		claim_not_moved();
		claim_only_looked();
		REACHES(error == MZ_OCCUPIED);
#if COVER > 1
		REACHES(error == MZ_NO_MEMORY);
#endif
		return;
	}
	CLAIM(!occupied, "maps nothing twice");
	last = opened.at + (span_of(level) - 1);
	claim_behind(last);
	claim_changed();
	claim_mapped(last, oa, level, prop);
	REACHES(level == COVER && !cursor.ended);
#if COVER > 1
	REACHES(opened.reserve.have[1] == 1 && cursor.reserve.have[1] == 0);
	REACHES(flushed_nodes);
#endif
}
