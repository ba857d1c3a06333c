// SPDX-License-Identifier: MPL-2.0
/*
 * core/reserve.h: a reserve with any nodes of each level, memory or none at each allocation. Bound:
 * the frames that there are, and needs up to FRAMES - 1 a level.
 * Proof reserve_fill: -DSHAPE=22 --function reserve_fill --unwind 8
 * Proof reserve_take: -DSHAPE=22 --function reserve_take --unwind 8
 * Proof reserve_need: -DSHAPE=32 --function reserve_need --unwind 9
 *   --unwindset split_count:2,split_count.0:3,split_count_whole.0:3
 */
#include "tests/proof/table.h"

static struct mz_reserve reserve;

/* What is at hand of a level: the list's length, each of its nodes allocated. */
static unsigned at_hand(unsigned level)
{
	unsigned count = 0;

	for (uint32_t page = reserve.first[level]; page != MZ_FRAME_NONE;) {
		unsigned frame = frame_of(mz_oa_from((uint64_t)page << PAGE_LG2));

		CLAIM(frame < FRAMES && live[frame] && mz_frame_level(&frames[frame]) == level,
		      "a node at hand is one of its level");
		if (frame >= FRAMES)
			break;
		count++;
		page = frames[frame].next;
	}
	return count;
}

static unsigned live_count(void)
{
	unsigned count = 0;

	for (unsigned frame = 0; frame < FRAMES; frame++)
		count += live[frame];
	return count;
}

/* Any reserve that can be made with the frames that the table's root leaves. */
static void free_reserve(void)
{
	unsigned low = nondet_unsigned(), high = nondet_unsigned();

	free_config();
	mz_reserve_init(&reserve);
	for (unsigned level = 0; level <= MZ_LEVELS_MAX; level++)
		CLAIM(reserve.need[level] == 0 && reserve.have[level] == 0 &&
			      reserve.first[level] == MZ_FRAME_NONE,
		      "a new reserve is empty and needs nothing");
	ASSUME(low < FRAMES && high < FRAMES && low + high <= FRAMES - 1);
	reserve.need[1] = low;
	reserve.need[2] = high;
	ASSUME(mz_reserve_fill(&table.config, &reserve) == MZ_OK);
	memory_refused = false;
}

void reserve_fill(void)
{
	unsigned need[SHAPE_LEVELS + 1], had[SHAPE_LEVELS + 1];
	enum mz_error error;

	free_reserve();
	for (unsigned level = 1; level <= SHAPE_LEVELS; level++) {
		need[level] = nondet_unsigned();
		had[level] = reserve.have[level];
		ASSUME(need[level] < FRAMES);
		reserve.need[level] = need[level];
	}
	ASSUME((need[1] > had[1] ? need[1] : had[1]) + (need[2] > had[2] ? need[2] : had[2]) <=
	       FRAMES - 1);

	error = mz_reserve_fill(&table.config, &reserve);

	CLAIM(error == (memory_refused ? MZ_NO_MEMORY : MZ_OK), "fails where memory is refused");
	for (unsigned level = 1; level <= SHAPE_LEVELS; level++) {
		CLAIM(reserve.have[level] == at_hand(level), "have says what is at hand");
		CLAIM(reserve.have[level] >= had[level], "what was had is kept");
		CLAIM(error != MZ_OK ||
			      reserve.have[level] ==
				      (need[level] > had[level] ? need[level] : had[level]),
		      "gets what is needed and no more");
		CLAIM(reserve.need[level] == 0, "the need is forgotten");
	}
	CLAIM(live_count() == 1 + reserve.have[1] + reserve.have[2],
	      "each node that was had is at hand");
	REACHES(error == MZ_OK && need[1] > had[1] && had[1] > 0);
	REACHES(error == MZ_OK && need[2] > had[2]);
	REACHES(error != MZ_OK && reserve.have[1] > 0);

	mz_reserve_drain(&table.config, &reserve);

	CLAIM(live_count() == 1 && live[0], "gives all back");
	for (unsigned level = 1; level <= SHAPE_LEVELS; level++)
		CLAIM(reserve.first[level] == MZ_FRAME_NONE && reserve.have[level] == 0 &&
			      reserve.need[level] == 0,
		      "and is empty then");
}

/* Takes one out and puts one in. */
void reserve_take(void)
{
	unsigned level = nondet_unsigned(), had, frame;
	mz_node node;

	free_reserve();
	ASSUME(level >= 1 && level <= SHAPE_LEVELS && reserve.have[level] > 0);
	had = reserve.have[level];

	node = mz_reserve_take(&small, &table.config, &reserve, level);

	frame = frame_of(node.oa);
	CLAIM(is_frame(node.oa) && frame != 0 && live[frame] &&
		      mz_frame_level(&frames[frame]) == level && frames[frame].refs == 1 &&
		      frames[frame].child_count == 0,
	      "takes a node of the level that is owned once and holds nothing");
	CLAIM(reserve.have[level] == had - 1 && at_hand(level) == had - 1, "one node less");
	for (uint32_t page = reserve.first[level]; page != MZ_FRAME_NONE;) {
		unsigned other = frame_of(mz_oa_from((uint64_t)page << PAGE_LG2));

		CLAIM(other != frame, "what was taken is not at hand");
		page = frames[other].next;
	}
	REACHES(had == FRAMES - 1);

	mz_reserve_put(&small, &table.config, &reserve, node, level);

	CLAIM(reserve.have[level] == had && at_hand(level) == had, "and one more");
}

/* A change up to either end of any leaf of `level`. */
static void claim_enough(unsigned level, unsigned splits)
{
	uint64_t first = nondet_u64(), last = nondet_u64();
	unsigned at = nondet_unsigned();
	struct mz_reserve takes;

	mz_reserve_init(&takes);
	ASSUME((table.config.leaf_levels >> level & 1) != 0);
	ASSUME(((first | (last + 1)) & (NODE_BYTES - 1)) == 0 && first <= last &&
	       last < span_of(level) && (first == 0) != (last == span_of(level) - 1));
	ASSUME(at >= 1 && at <= SHAPE_LEVELS);

	split_count(&table, &takes, level, first, last, nondet_bool());

	CLAIM(reserve.need[at] >= splits * takes.need[at], "nodes for that many splits");
	CLAIM(reserve.have[at] == 0, "takes none yet");
	REACHES(takes.need[1] == level - 1);
}

/* Of three levels, so that nodes are below nodes. */
void reserve_need(void)
{
	unsigned splits = nondet_unsigned();

	free_config();
	mz_reserve_init(&reserve);
	ASSUME(splits >= 1 && splits <= 4);

	mz_reserve_need_splits(&table.config, &reserve, splits);

	if (nondet_bool())
		claim_enough(2, splits);
	else
		claim_enough(3, splits);
}
