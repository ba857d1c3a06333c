/* SPDX-License-Identifier: MPL-2.0 */
/* What may be written: a leaf says so, and no link on the way to it forbids it. */
#ifndef MZ_TESTS_PROOF_NARROW_H
#define MZ_TESTS_PROOF_NARROW_H

#include "tests/proof/table.h"

/* Does a link on the way from the root in `frame` to `addr` forbid writing? */
static bool is_narrow_below(unsigned frame, uint64_t addr)
{
	bool narrow = false;

	for (unsigned level = SHAPE_LEVELS; level > 1; level--) {
		unsigned index = (unsigned)(addr / span_of(level)) & (ENTRIES - 1);
		kept_entry entry = pool[frame * ENTRIES + index];

		if (small_kind(entry, level) != MZ_NODE)
			break;
		narrow |= !FLAT && (small_prop(entry, level).perm & MZ_WRITE) == 0;
		frame = frame_of(small_oa(entry, level));
	}
	return narrow;
}

static bool is_narrow_now(uint64_t addr)
{
	return is_narrow_below(frame_of(table.root_oa), addr);
}

/* May the memory that `item` maps at `addr`, below the root in `frame`, be written? */
static bool lets_write_below(unsigned frame, struct mz_item item, uint64_t addr)
{
	return item.level != 0 && (item.prop.perm & MZ_WRITE) != 0 && !is_narrow_below(frame, addr);
}

static bool lets_write_now(struct mz_item item, uint64_t addr)
{
	return lets_write_below(frame_of(table.root_oa), item, addr);
}

/* Are these the same but for the permission to write, and the size of the leaf? */
static bool same_but_write(struct mz_item a, struct mz_item b)
{
	a.prop.perm |= MZ_WRITE;
	b.prop.perm |= MZ_WRITE;
	return (a.level != 0) == (b.level != 0) && a.oa.addr == b.oa.addr &&
		(a.level == 0 || same_prop(a.prop, b.prop));
}

#endif
