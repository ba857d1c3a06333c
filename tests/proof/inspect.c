// SPDX-License-Identifier: MPL-2.0
/*
 * What looks at whole tables: check and usage, on any table of the shape. For check, any entry of
 * it is overwritten with any word, or the metadata of any node with any other.
 * Long proof check_entry: -DSHAPE=22 --function check_entry --unwind 4
 *   --unwindset visit.0:10
 * Long proof check_metadata: -DSHAPE=22 --function check_metadata --unwind 4
 *   --unwindset visit.0:10
 * Proof usage: -DSHAPE=22 --function usage --unwind 4
 *   --unwindset visit.0:10
 */
#include "tests/proof/table.h"

#include "core/check.c"
#include "core/visit.c"

/* Any node of the tree. */
static unsigned free_frame(void)
{
	unsigned frame = nondet_unsigned();

	ASSUME(frame < FRAMES && live[frame]);
	return frame;
}

static unsigned present_in(unsigned frame)
{
	unsigned present = 0;

	for (unsigned i = 0; i < ENTRIES; i++)
		present += (frame != 0 || is_managed(i)) &&
			small_kind(pool[frame * ENTRIES + i], mz_frame_level(&frames[frame])) !=
				MZ_ABSENT;
	return present;
}

static bool entry_is_valid(uint64_t entry, unsigned level)
{
	enum mz_kind kind = small_kind(entry, level);

	return kind == MZ_LEAF ? leaf_is_valid(entry, level)
			       : kind == MZ_ABSENT || link_is_valid(entry, level);
}

/* A link to a frame that is free is left out: the free frame is none that may be looked at. */
void check_entry(void)
{
	unsigned frame, index = nondet_unsigned(), level;
	kept_entry word = free_word();
	struct mz_violation v;
	bool valid;

	free_table();
	frame = free_frame();
	level = mz_frame_level(&frames[frame]);
	ASSUME(index < ENTRIES);
	if (small_kind(word, level) == MZ_NODE) {
		mz_oa child = small_oa(word, level);

		ASSUME(level > 1 && (!is_frame(child) || live[frame_of(child)]));
	}
	pool[frame * ENTRIES + index] = word;
	take_snapshot();
	valid = (frame == 0 && !is_managed(index)) ||
		(entry_is_valid(word, level) && frames[frame].child_count == present_in(frame));

	v = mz_table_check(&table);

	CLAIM((v.rule == MZ_RULE_NONE) == valid, "finds what is broken, and only that");
	claim_unchanged();
	REACHES(v.rule == MZ_RULE_NONE && small_kind(word, level) == MZ_NODE);
	REACHES(v.rule == MZ_RULE_COUNT);
	REACHES(v.rule == MZ_RULE_PROP && level == 1);
	REACHES(v.rule == MZ_RULE_NODE_ADDRESS);
}

void check_metadata(void)
{
	struct mz_frame other;
	struct mz_violation v;
	unsigned frame;
	bool valid;

	free_table();
	frame = free_frame();
	other = frames[frame];
	other.refs = nondet_u32();
	other.child_count = nondet_u16();
	other.level_stray = nondet_u8();
	other.lock = nondet_bool();
	valid = other.refs > 0 && other.child_count == frames[frame].child_count &&
		other.level_stray == mz_frame_level(&frames[frame]) && other.lock == 0;
	frames[frame] = other;
	take_snapshot();

	v = mz_table_check(&table);

	CLAIM((v.rule == MZ_RULE_NONE) == valid, "finds what is broken, and only that");
	CLAIM(valid || (v.node.addr == address_of(frame).addr && v.level == (frame == 0 ? 2 : 1)),
	      "and says where");
	claim_unchanged();
	REACHES(v.rule == MZ_RULE_LEVEL);
	REACHES(v.rule == MZ_RULE_EMPTY);
	REACHES(v.rule == MZ_RULE_NONE && frame != 0);
}

void usage(void)
{
	uint64_t nodes = 0, leaves = 0, all = 0, mapped = 0;
	unsigned at = nondet_unsigned();
	struct mz_usage is;

	free_table();
	ASSUME(at >= 1 && at <= SHAPE_LEVELS);
	for (unsigned f = 0; f < FRAMES; f++) {
		unsigned level = mz_frame_level(&frames[f]);

		nodes += live[f] && level == at;
		all += live[f];
		for (unsigned i = 0; i < ENTRIES; i++)
			if (live[f] && (f != 0 || is_managed(i)) &&
			    small_kind(pool[f * ENTRIES + i], level) == MZ_LEAF) {
				leaves += level == at;
				mapped += span_of(level);
			}
	}

	is = mz_table_usage(&table);

	CLAIM(is.node_count[at] == nodes && is.leaf_count[at] == leaves,
	      "counts nodes and leaves of each level");
	CLAIM(is.node_bytes == all * NODE_BYTES, "and what the nodes take");
	CLAIM(is.mapped_bytes == mapped, "and what is mapped");
	claim_unchanged();
	REACHES(is.mapped_bytes == PAGES * NODE_BYTES && all == FRAMES);
}
