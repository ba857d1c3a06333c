/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Cursors under proof. free_cursor() makes any cursor that is open on any table: any range below a
 * node of level COVER, any position in it or behind it, a node at hand or none; and one node
 * anywhere, locked or not, may be empty: what the cursor has emptied is its cover, and who else has
 * emptied a node cuts it later. claim_open() claims all this again behind an operation. So what a
 * proof shows of one operation holds after any number of others.
 */
#ifndef MZ_TESTS_PROOF_CURSOR_H
#define MZ_TESTS_PROOF_CURSOR_H

#include "tests/proof/table.h"

static struct mz_cursor cursor, opened;

/* How nodes were left by the operation, before release() went on with them. */
static struct mz_frame left[FRAMES];

/* The node of `level` around `addr`, in the heap that free_table() makes. */
static unsigned heap_node(uint64_t addr, unsigned level)
{
	unsigned frame = 0;

	for (unsigned above = SHAPE_LEVELS; above > level; above--)
		frame = frame * ENTRIES + 1 + ((unsigned)(addr / span_of(above)) & (ENTRIES - 1));
	return frame;
}

/* Does a node of `level` around `addr` have something of the cursor's range? */
static bool is_met(uint64_t addr, unsigned level)
{
	uint64_t base = addr & ~(span_of(level + 1) - 1);

	return base <= cursor.last && base + (span_of(level + 1) - 1) >= cursor.first;
}

static bool is_page_of_range(uint64_t addr)
{
	return (addr & (NODE_BYTES - 1)) == 0 && is_inside(addr, cursor.first, cursor.last);
}

/* Is [first, last] below one node of `level` and, where that could be cut, not all of it? */
static bool may_cover(uint64_t first, uint64_t last, unsigned level)
{
	uint64_t span = span_of(level + 1);

	return level == SHAPE_LEVELS || (first / span == last / span && last - first < span - 1);
}

/* Takes the cover, and all nodes below it that the range meets. */
static void lock_range(void)
{
	unsigned frame = heap_node(cursor.first, COVER);
	mz_node node = {address_of(frame)};

	ASSUME(live[frame] && may_cover(cursor.first, cursor.last, COVER));
	cursor.cover = mz_node_ref(&table.config, node);
	cursor.cover.level = COVER;
	frames[frame].lock = 1;
	for (unsigned level = 1; level < COVER; level++)
		for (uint64_t addr = 0; addr >> IA_LG2 == 0; addr += span_of(level + 1))
			if (is_met(addr, level))
				frames[heap_node(addr, level)].lock = 1;
}

static void free_cursor(void)
{
	emptied = nondet_unsigned();
	free_table();
	mz_gather_init(&gather, &table);
	gather.unmapped = HOOKS ? hook_report : NULL;
	cursor.table = &table;
	cursor.gather = &gather;
	cursor.first = nondet_u64();
	cursor.last = nondet_u64();
	cursor.at = nondet_u64();
	cursor.ended = nondet_bool();
	ASSUME(range_is_managed(cursor.first, cursor.last) && is_page_of_range(cursor.at));
	lock_range();
	/* Below level 1 there is no other. */
	ASSUME(COVER > 1 || emptied == heap_node(cursor.first, 1));
	mz_reserve_init(&cursor.reserve);
	cursor.reserve.need[1] = nondet_bool();
	ASSUME(mz_reserve_fill(&table.config, &cursor.reserve) == MZ_OK);
	memory_refused = false;
	readers = HOOKS;
	opened = cursor;
}

/* Claims that exactly the nodes below the cover that the range meets are locked, and the cover. */
static void claim_locked(void)
{
	uint64_t addr = nondet_u64();
	unsigned frame = 0;

	ASSUME(addr >> IA_LG2 == 0 && is_managed((unsigned)(addr / span_of(SHAPE_LEVELS))));
	for (unsigned level = SHAPE_LEVELS; level >= 1; level--) {
		kept_entry entry;

		CLAIM(frames[frame].lock ==
			      (&frames[frame] == cursor.cover.frame ||
			       (level < cursor.cover.level && is_met(addr, level))),
		      "the nodes of the range are locked, and no others");
		entry = pool[frame * ENTRIES + ((unsigned)(addr / span_of(level)) & (ENTRIES - 1))];
		if (level == 1 || small_kind(entry, level) != MZ_NODE)
			return;
		frame = frame_of(small_oa(entry, level));
	}
}

/* Claims that the cursor is one that is open, on the range and with the cover that it had. */
static void claim_open(void)
{
	claim_locked();
	CLAIM(cursor.table == &table && cursor.gather == &gather && cursor.first == opened.first &&
		      cursor.last == opened.last && cursor.cover.frame == opened.cover.frame &&
		      cursor.cover.slots == opened.cover.slots &&
		      cursor.cover.level == opened.cover.level,
	      "a cursor keeps its range");
	CLAIM(is_page_of_range(cursor.at), "a cursor does not leave its range");
	CLAIM(readers == HOOKS, "and is a reader");
	for (unsigned level = 1; level <= SHAPE_LEVELS; level++)
		CLAIM(cursor.reserve.need[level] == 0 && cursor.reserve.have[level] <= (level == 1),
		      "it needs no nodes between changes");
}

static void claim_not_moved(void)
{
	CLAIM(cursor.at == opened.at && cursor.ended == opened.ended, "the position is as before");
}

/* Claims that the cursor stands right behind `last`. */
static void claim_behind(uint64_t last)
{
	CLAIM(cursor.ended == (last >= cursor.last), "ended behind the range, and only there");
	CLAIM(cursor.ended || cursor.at == last + 1, "goes behind what it was about");
}

/* Takes the cursor off its table, by the proof's own way, so that the table can be looked at. */
static void release(void)
{
	claim_open();
	for (unsigned f = 0; f < FRAMES; f++) {
		left[f] = frames[f];
		frames[f].lock = 0;
	}
	readers = 0;
	mz_reserve_drain(&table.config, &cursor.reserve);
}

/* Claims that the table is as it was, and that nothing is left to do for it. */
static void claim_only_looked(void)
{
	release();
	claim_unchanged();
	CLAIM(gather.first > gather.last && !gather.nodes && gather.cut == MZ_FRAME_NONE &&
		      gather.item_count == 0,
	      "nothing is gathered");
	CLAIM(!watched.flushed && !flushed_nodes && watched.reported == 0, "nor done at once");
}

/* Claims that the table is valid again once the gather is finished. */
static void claim_changed(void)
{
	unsigned frame = nondet_unsigned();

	release();
	finish(&gather);
	claim_valid();
	claim_others_unchanged();
	ASSUME(frame < FRAMES);
	CLAIM(live[frame] || !before.live[frame] ||
		      (left[frame].lock == 0 && mz_frame_stray(&left[frame])),
	      "what was cut is unlocked, and stray");
}

/* The last address of [position, position + bytes) in the range. */
static uint64_t limit_within(uint64_t bytes)
{
	return bytes > opened.last - opened.at ? opened.last : opened.at + (bytes - 1);
}

#endif
