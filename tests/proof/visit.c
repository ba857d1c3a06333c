// SPDX-License-Identifier: MPL-2.0
/*
 * core/visit.h: any table of the shape, any range, and a visitor that may end it at any moment.
 * Long proof visit_all: -DSHAPE=22 --function visit_all --unwind 4 --unwindset visit.0:10
 * Long proof visit_range: -DSHAPE=22 --function visit_range --unwind 4 --unwindset visit.0:10
 */
#include "tests/proof/table.h"

#include "core/visit.c"

/* One entry that is watched, and how often the visitor was told of it and of its node. */
static unsigned at_frame, at_index, nodes_told, entries_told, leaves_told, open_nodes;
static uint64_t last_told;
static bool ended;

/* Where node `frame` of the heap begins. */
static uint64_t begin_of(unsigned frame)
{
	return frame == 0 ? 0 : (frame - 1) * span_of(2);
}

static bool answer(void)
{
	CLAIM(!ended, "nobody is told any more once it is ended");
	ended = nondet_bool();
	return !ended;
}

static bool told_node(void *context, mz_oa node, unsigned level, mz_ia ia, unsigned child_count)
{
	unsigned frame = frame_of(node);

	CLAIM(context == &at_frame && is_frame(node) && live[frame] &&
		      mz_frame_level(&frames[frame]) == level &&
		      frames[frame].child_count == child_count && ia.addr == begin_of(frame),
	      "a node is what the table has there");
	CLAIM(entries_told == 0 || frame != at_frame, "a node comes before its entries");
	nodes_told += frame == at_frame;
	open_nodes++;
	return answer();
}

static bool told_entry(void *context, mz_oa node, unsigned level, unsigned index, mz_ia ia,
		       uint64_t entry)
{
	unsigned frame = frame_of(node);

	CLAIM(context == &at_frame && is_frame(node) && live[frame] &&
		      mz_frame_level(&frames[frame]) == level && index < ENTRIES &&
		      entry == pool[frame * ENTRIES + index] &&
		      ia.addr == begin_of(frame) + index * span_of(level),
	      "an entry is what its node holds");
	CLAIM(ia.addr >= last_told, "in the order of addresses");
	last_told = ia.addr;
	entries_told += frame == at_frame && index == at_index;
	CLAIM(nodes_told > 0 || frame != at_frame, "an entry comes behind its node");
	return answer();
}

static bool told_leave(void *context, mz_oa node, unsigned level)
{
	CLAIM(context == &at_frame && is_frame(node) &&
		      mz_frame_level(&frames[frame_of(node)]) == level && open_nodes > 0,
	      "what is left was entered");
	leaves_told += frame_of(node) == at_frame;
	open_nodes--;
	return answer();
}

static const struct mz_visitor visitor = {&at_frame, told_node, told_entry, told_leave};

static void free_visit(void)
{
	free_table();
	at_frame = nondet_unsigned();
	at_index = nondet_unsigned();
	ASSUME(at_frame < FRAMES && at_index < ENTRIES);
}

/* Claims that the watched entry and its node were told of once if they have something in a range.
 */
static void claim_visited(uint64_t first, uint64_t last)
{
	unsigned level = at_frame == 0 ? 2 : 1;
	uint64_t node = begin_of(at_frame), entry = node + at_index * span_of(level);
	bool node_is = live[at_frame] && node <= last && node + (span_of(level + 1) - 1) >= first;
	bool entry_is = node_is && entry <= last && entry + (span_of(level) - 1) >= first &&
		(at_frame != 0 || is_managed(at_index)) &&
		small_kind(pool[at_frame * ENTRIES + at_index], level) != MZ_ABSENT;

	CLAIM(nodes_told <= 1 && entries_told <= 1 && leaves_told <= 1, "nothing is told twice");
	CLAIM(nodes_told <= node_is && entries_told <= entry_is, "nothing else is told of");
	if (!ended) {
		CLAIM(nodes_told == node_is && leaves_told == node_is && open_nodes == 0,
		      "every node there is entered and left");
		CLAIM(entries_told == entry_is, "every entry there that is present is told of");
	}
	claim_unchanged();
	REACHES(entries_told == 1 && at_frame == 2);
	REACHES(ended && nodes_told == 1);
}

void visit_all(void)
{
	bool whole;

	free_visit();

	whole = mz_table_visit(&table, &visitor);

	CLAIM(whole == !ended, "answers whether it was ended");
	claim_visited(0, UINT64_MAX);
}

void visit_range(void)
{
	mz_ia ia = mz_ia_from(nondet_u64());
	uint64_t bytes = nondet_u64(), last = ia.addr + (bytes - 1);
	enum mz_error error;

	free_visit();

	error = mz_table_visit_range(&table, ia, bytes, &visitor);

	CLAIM((error == MZ_OK) == (bytes > 0 && range_is_managed(ia.addr, last)),
	      "visits whole pages that the table manages");
	if (error != MZ_OK) {
		CLAIM(error == MZ_MISALIGNED || error == MZ_OUT_OF_RANGE, "fails as documented");
		CLAIM(nodes_told == 0 && entries_told == 0, "and visits nothing then");
		return;
	}
	claim_visited(ia.addr, last);
}
