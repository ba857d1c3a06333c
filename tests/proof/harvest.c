// SPDX-License-Identifier: MPL-2.0
/*
 * mz_table_harvest() on any table of the shape, any range, any flags, any marks of nodes, and any
 * answers of who is told. The MMU sets flags once, at any moment before an entry is replaced.
 * Long proof harvest_leaves: -DSHAPE=22 -DLEAVES_ACCESSED --function harvest --unwind 4
 *   --unwindset harvest_take:1,harvest_take.0:3,harvest_mark:1,harvest_mark.0:3,take_flags.0:3
 * The same where the MMU sets them in links, too.
 * Long proof harvest_links: -DSHAPE=22 -DLINKS --function harvest --unwind 4
 *   --unwindset harvest_take:1,harvest_take.0:3,harvest_mark:1,harvest_mark.0:3,take_flags.0:3
 */
#include "tests/proof/table.h"

static unsigned told_flags;
static bool told_error;
static struct mz_harvest asked;

static enum mz_error hook_told(void *context, mz_ia ia, struct mz_item item)
{
	(void)context;
	CLAIM((item.prop.flags & asked.flags) != 0, "told of leaves that have some of the flags");
	CLAIM((ia.addr & (span_of(item.level) - 1)) == 0, "at their first address");
	if (is_inside(watched.addr, ia.addr, ia.addr + (span_of(item.level) - 1))) {
		CLAIM(item.level == watched.was.level &&
			      item.oa.addr + (watched.addr - ia.addr) == watched.was.oa.addr &&
			      same_prop(item.prop, watched.was.prop),
		      "and what they map");
		told_flags |= item.prop.flags;
	}
	if (nondet_bool()) {
		told_error = true;
		return MZ_FULL;
	}
	return MZ_OK;
}

/* What core/body/harvest.h rests on: a leaf's flag that no link tells of has a mark of its node. */
static bool flags_are_known(void)
{
	for (unsigned f = 1; f < FRAMES && LINKS; f++)
		for (unsigned i = 0; i < ENTRIES; i++) {
			uint64_t leaf = pool[f * ENTRIES + i];
			unsigned flags = small_prop(leaf, 1).flags & (MZ_ACCESSED | MZ_DIRTY);

			if (live[f] && small_kind(leaf, 1) == MZ_LEAF &&
			    (small_prop(pool[f - 1], 2).flags & MZ_ACCESSED) == 0 &&
			    (MZ_TOUCHED(flags) & ~(unsigned)frames[f].touched) != 0)
				return false;
		}
	return true;
}

static void claim_harvested(uint64_t first, uint64_t last)
{
	unsigned slot;
	struct mz_item is = lookup(watched.addr, &slot);
	unsigned taken = watched.was.prop.flags & ~(unsigned)is.prop.flags;
	unsigned left = is.prop.flags & asked.flags;

	is.prop.flags |= (uint16_t)taken;
	CLAIM(same_item(is, watched.was), "nothing but flags is changed");
	CLAIM((taken & ~(told_flags & asked.flags)) == 0, "what is taken was told of");
	CLAIM(taken == 0 || watched.flushed, "and is flushed");
	if (!watched_meets(first, last)) {
		CLAIM(taken == 0, "nothing is taken elsewhere");
		REACHES(is.prop.flags != 0);
		return;
	}
	CLAIM(left == 0 || told_error || mmu_has_written, "all is taken that was there");
	REACHES(taken == (MZ_ACCESSED | MZ_DIRTY));
	REACHES(mmu_has_written && left != 0 && taken != 0);
}

void harvest(void)
{
	mz_ia ia = mz_ia_from(nondet_u64());
	uint64_t bytes = nondet_u64(), last = ia.addr + (bytes - 1);
	enum mz_error error;

	free_table();
	for (unsigned f = 0; f < FRAMES; f++)
		frames[f].touched = nondet_u8() & 3;
	ASSUME(flags_are_known());
	mz_gather_init(&gather, &table);
	asked.flags = nondet_unsigned() & (MZ_ACCESSED | MZ_DIRTY);
	asked.told = hook_told;
	asked.gather = &gather;

	error = instance_harvest(&table, ia, bytes, &asked);

	mz_gather_finish(&gather);
	claim_valid();
	claim_others_unchanged();
	CLAIM(flags_are_known(), "no flag gets lost for the next time");
	CLAIM((error == MZ_FULL) == told_error, "answers what who was told has answered");
	if (error == MZ_MISALIGNED || error == MZ_OUT_OF_RANGE) {
		CLAIM(bytes == 0 || !range_is_managed(ia.addr, last),
		      "refuses only what is not the table's");
		claim_unchanged();
		CLAIM(told_flags == 0, "and tells nothing");
		return;
	}
	CLAIM(error == MZ_OK || error == MZ_FULL, "fails as documented");
	CLAIM(bytes > 0 && range_is_managed(ia.addr, last),
	      "harvests whole pages that the table manages");
	claim_harvested(ia.addr, last);
	REACHES(error == MZ_FULL);
}
