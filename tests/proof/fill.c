// SPDX-License-Identifier: MPL-2.0
/*
 * mz_table_fill() on any table of the shape, with anything asked for, a reserve or none, memory or
 * none at each allocation, and any address looked at before and after.
 * Long proof fill: -DSHAPE=22 -DLINKS -DSPARE=1 --function fill --unwind 5
 */
#include "tests/proof/narrow.h"

/* Nodes that the caller has set aside: none, or a reserve with at most one. */
static struct mz_reserve set_aside;

/* Behind free_table(), whose snapshot has none of these nodes. */
static struct mz_reserve *free_reserve(void)
{
	mz_reserve_init(&set_aside);
	set_aside.need[1] = nondet_bool();
	ASSUME(mz_reserve_fill(&table.config, &set_aside) == MZ_OK);
	memory_refused = false;
	return nondet_bool() ? &set_aside : NULL;
}

/* Gives them back, so that what is left is the table's. */
static void drain_reserve(void)
{
	CLAIM(set_aside.need[1] == 0 && set_aside.have[1] <= 1, "a reserve needs nothing after it");
	mz_reserve_drain(&table.config, &set_aside);
}

/* The level of the entry that decides about an address. */
static unsigned landing_level(uint64_t addr)
{
	unsigned slot;

	lookup(addr, &slot);
	return mz_frame_level(&frames[slot / ENTRIES]);
}

/* The largest leaf, up to what was asked for, that may be where a descent ends at `landing`. */
static unsigned best_level(unsigned landing, const struct mz_fill *fill)
{
	unsigned best = 1;

	for (unsigned level = 2; level <= landing && level <= fill->level_max; level++)
		if ((table.config.leaf_levels >> level & 1) != 0 &&
		    (fill->offset & (span_of(level) - 1)) == 0)
			best = level;
	return best;
}

static void claim_filled(uint64_t addr, const struct mz_fill *fill, unsigned level)
{
	uint64_t first = addr & ~(span_of(level) - 1), last = first + (span_of(level) - 1);
	struct mz_item is, answer = mz_leaf_item(&table, fill->leaf);
	unsigned slot;

	CLAIM(answer.level == level && level >= fill->level_min && level <= fill->level_max,
	      "the largest leaf for which nothing has to go");
	CLAIM(answer.oa.addr == addr + fill->offset && same_prop(answer.prop, fill->prop),
	      "the answer is what was asked for");
	CLAIM(!anything_mapped(first, last), "fills nothing twice");
	CLAIM(fill->writable == !is_narrow_now(addr), "tells whether links let write");
	is = lookup(watched.addr, &slot);
	if (is_inside(watched.addr, first, last))
		CLAIM(is.level == level && is.oa.addr == watched.addr + fill->offset &&
			      same_prop(is.prop, fill->prop),
		      "maps what was asked for");
	else
		CLAIM(same_item(is, watched.was), "maps nothing else");
}

static void claim_refused(enum mz_error error, uint64_t addr, const struct mz_fill *fill,
			  unsigned level, struct mz_item was)
{
	bool managed = range_is_managed(addr & ~(uint64_t)(NODE_BYTES - 1),
					addr | (NODE_BYTES - 1));
	uint64_t oa = (addr & ~(span_of(level) - 1)) + fill->offset;

	claim_unchanged();
	CLAIM(error == MZ_OCCUPIED || error == MZ_MISALIGNED || error == MZ_OUT_OF_RANGE ||
		      error == MZ_BAD_LEVEL || error == MZ_NOT_ENCODABLE || error == MZ_NO_MEMORY,
	      "fails as documented");
	CLAIM(error != MZ_MISALIGNED || (fill->offset & (NODE_BYTES - 1)) != 0,
	      "misaligned where it is");
	CLAIM(error != MZ_OUT_OF_RANGE || !managed || oa >> OA_LG2 != 0 ||
		      (addr & ~(uint64_t)(NODE_BYTES - 1)) + fill->offset >> OA_LG2 != 0,
	      "out of range where it is");
	CLAIM(error != MZ_BAD_LEVEL || fill->level_max == 0 || level < fill->level_min,
	      "bad level where only a smaller leaf would do");
	CLAIM(error != MZ_NOT_ENCODABLE || !small_encodable(fill->prop, 1, table.config.features),
	      "not encodable where it is not");
	CLAIM(error != MZ_NO_MEMORY || memory_refused, "out of memory where it was refused");
	if (error == MZ_OCCUPIED) {
		CLAIM(was.level != 0 && same_item(mz_leaf_item(&table, fill->leaf), was),
		      "occupied where something is mapped, and tells what");
		CLAIM(fill->writable == !is_narrow_now(addr), "and whether links let write");
	}
}

void fill(void)
{
	mz_ia ia = mz_ia_from(nondet_u64());
	struct mz_fill asked = {.offset = nondet_u64(),
				.prop = {nondet_u8(), nondet_u8(), nondet_u16()},
				.level_min = nondet_unsigned(),
				.level_max = nondet_unsigned()};
	enum mz_error error;
	struct mz_item was;
	unsigned level, slot;

	free_table();
	asked.reserve = free_reserve();
	was = lookup(ia.addr, &slot);
	level = slot < FRAMES * ENTRIES ? best_level(landing_level(ia.addr), &asked) : 1;

	error = instance_fill(&table, ia, &asked);

	drain_reserve();
	finish(NULL);
	claim_valid();
	claim_others_unchanged();
	CLAIM(!watched.flushed && watched.reported == 0, "there is nothing to flush");
	if (error != MZ_OK) {
		claim_refused(error, ia.addr, &asked, level, was);
		REACHES(error == MZ_OCCUPIED);
		REACHES(error == MZ_NO_MEMORY);
		REACHES(error == MZ_BAD_LEVEL && asked.level_max == 2);
		return;
	}
	CLAIM(was.level == 0, "what is mapped is occupied");
	claim_filled(ia.addr, &asked, level);
	REACHES(level == 2);
	REACHES(level == 1 && !asked.writable);
	REACHES(asked.reserve != NULL && watched.was.level != 0);
}
