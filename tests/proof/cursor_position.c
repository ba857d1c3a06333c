// SPDX-License-Identifier: MPL-2.0
/*
 * What only looks at a range, or moves in it: any cursor, any address, any number of bytes.
 * Proof cursor_query: -DSHAPE=22 -DCOVER=2 -DSPARE=1 --function cursor_query --unwind 5
 * Proof cursor_jump: -DSHAPE=22 -DCOVER=2 -DSPARE=1 --function cursor_jump --unwind 5
 * Proof cursor_move_on: -DSHAPE=22 -DCOVER=2 -DSPARE=1 --function cursor_move_on --unwind 5
 * Long proof cursor_find_next: -DSHAPE=22 -DCOVER=2 -DSPARE=1 --function cursor_find_next
 *   --unwind 6
 * Proof cursor_query_24: -DSHAPE=24 -DCOVER=1 -DSPARE=1 --function cursor_query --unwind 7
 * Long proof cursor_find_next_24: -DSHAPE=24 -DCOVER=1 -DSPARE=1 --function cursor_find_next
 *   --unwind 7
 */
#include "tests/proof/cursor.h"

/* What core/cursor.h says of the position, by a plain lookup. */
static struct mz_fragment fragment_here(void)
{
	struct mz_fragment here = {.kind = MZ_ABSENT, .ia = mz_ia_from(opened.at)};
	uint64_t first, last;
	unsigned slot, level;

	if (opened.ended)
		return here;
	here.item = lookup(opened.at, &slot);
	level = mz_frame_level(&frames[slot / ENTRIES]);
	first = opened.at & ~(span_of(level) - 1);
	last = first + (span_of(level) - 1);
	if (here.item.level != 0) {
		here.kind = MZ_LEAF;
		here.item.oa.addr -= opened.at - first;
	} else {
		first = first > opened.first ? first : opened.first;
		last = last < opened.last ? last : opened.last;
	}
	here.ia = mz_ia_from(first);
	here.bytes = last - first + 1;
	return here;
}

void cursor_query(void)
{
	struct mz_fragment is, wanted;

	free_cursor();
	wanted = fragment_here();

	is = instance_cursor_query(&cursor);

	CLAIM(is.kind == wanted.kind && is.ia.addr == wanted.ia.addr && is.bytes == wanted.bytes,
	      "a leaf whole, or a hole within the range");
	CLAIM(is.kind != MZ_LEAF || same_item(is.item, wanted.item), "and what is mapped");
	claim_not_moved();
	claim_only_looked();
	REACHES(is.kind == MZ_LEAF && (is.ia.addr < cursor.first || COVER == 1));
	REACHES(is.kind == MZ_ABSENT && is.bytes == NODE_BYTES && cursor.last > cursor.at);
	REACHES(is.bytes == 0);
}

void cursor_jump(void)
{
	mz_ia ia = mz_ia_from(nondet_u64());
	enum mz_error error;

	free_cursor();

	error = mz_cursor_jump(&cursor, ia);

	CLAIM(error == MZ_OK || error == MZ_MISALIGNED || error == MZ_OUT_OF_RANGE,
	      "fails as documented");
	CLAIM((error == MZ_OK) == is_page_of_range(ia.addr), "goes to the pages of the range");
	CLAIM(error != MZ_MISALIGNED || (ia.addr & (NODE_BYTES - 1)) != 0,
	      "misaligned where it is");
	CLAIM(error != MZ_OUT_OF_RANGE || !is_inside(ia.addr, cursor.first, cursor.last),
	      "out of range where it is");
	if (error == MZ_OK)
		CLAIM(cursor.at == ia.addr && !cursor.ended, "stands there");
	else
		claim_not_moved();
	claim_only_looked();
	REACHES(error == MZ_OK && opened.ended);
	REACHES(error == MZ_OUT_OF_RANGE);
}

void cursor_move_on(void)
{
	struct mz_fragment here;

	free_cursor();
	here = fragment_here();

	mz_cursor_move_on(&cursor);

	if (opened.ended)
		claim_not_moved();
	else
		claim_behind(here.ia.addr + (here.bytes - 1));
	claim_only_looked();
	REACHES(here.kind == MZ_LEAF && !cursor.ended);
	REACHES(here.kind == MZ_ABSENT && !cursor.ended);
	REACHES(cursor.ended && !opened.ended);
}

void cursor_find_next(void)
{
	uint64_t bytes = nondet_u64(), limit;
	unsigned slot;
	bool found;

	free_cursor();
	limit = limit_within(bytes);

	found = mz_cursor_find_next(&cursor, bytes);

	if (found) {
		struct mz_item item = lookup(cursor.at, &slot);

		CLAIM(!cursor.ended && is_inside(cursor.at, opened.at, limit) && item.level != 0,
		      "goes to a leaf in the bytes");
		CLAIM(cursor.at == opened.at || (cursor.at & (span_of(item.level) - 1)) == 0,
		      "to where it begins, unless that is behind");
		CLAIM(watched.was.level == 0 || watched.addr < opened.at ||
			      watched.addr >= cursor.at,
		      "the first one");
	} else {
		claim_not_moved();
		CLAIM(bytes == 0 || opened.ended || watched.was.level == 0 ||
			      !is_inside(watched.addr, opened.at, limit),
		      "or there is none");
	}
	CLAIM(!found || (bytes > 0 && !opened.ended), "nothing is found in no bytes");
	claim_only_looked();
	REACHES(found && cursor.at > opened.at + NODE_BYTES);
	REACHES(!found && bytes > NODE_BYTES);
}
