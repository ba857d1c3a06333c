// SPDX-License-Identifier: MPL-2.0
/* Changes of a set of regions: each looks first, and can't fail once it writes. */
#include "ept/regions.h"

#define ANY_PERM (MZ_READ | MZ_WRITE | MZ_EXEC | MZ_EXEC_USER)

/* Can it be lent, and what is lent be it? */
static bool is_memory(enum mz_region_kind kind)
{
	return kind == MZ_REGION_RAM || kind == MZ_REGION_ROM || kind == MZ_REGION_SHARED;
}

static bool wraps(uint64_t first, uint64_t bytes)
{
	return bytes - 1 > UINT64_MAX - first;
}

/* Is the region one that there can be? */
static bool has_extent(const struct mz_region *region)
{
	bool backed = region->kind != MZ_REGION_MMIO && !region->supplied;

	return region->bytes != 0 && !wraps(region->ia.addr, region->bytes) &&
		!(backed && wraps(region->oa.addr, region->bytes));
}

/* Moves the regions from `place` on by `by` places. */
static void shift(struct mz_regions *set, size_t place, size_t by)
{
	for (size_t i = set->count; i > place; i--)
		set->all[i - 1 + by] = set->all[i - 1];
	set->count += by;
}

/* Closes the gap of `by` places before `place`. */
static void close_up(struct mz_regions *set, size_t place, size_t by)
{
	for (size_t i = place; by != 0 && i < set->count; i++)
		set->all[i - by] = set->all[i];
	set->count -= by;
}

enum mz_error mz_regions_add(struct mz_regions *set, const struct mz_region *region)
{
	size_t place;

	if ((unsigned)region->kind >= MZ_REGION_KINDS ||
	    (region->kind == MZ_REGION_LENT && !is_memory(region->former)))
		return MZ_BAD_CONFIG;
	if (!has_extent(region))
		return MZ_OUT_OF_RANGE;
	place = mz_regions_place_(set, region->ia.addr, NULL);
	if (place < set->count && set->all[place].ia.addr <= mz_region_last(region))
		return MZ_OVERLAP;
	if (set->count == set->max)
		return MZ_FULL;
	shift(set, place, 1);
	set->all[place] = *region;
	return MZ_OK;
}

/* Does the edit to one region. False: it can't be done to this one. */
static bool edit(struct mz_region *region, const struct mz_region_change *change)
{
	enum mz_region_kind kind = region->kind;

	switch (change->edit) {
	case MZ_REGION_PROTECT:
		region->prop.perm = change->perm;
		return (change->perm & ~ANY_PERM) == 0;
	case MZ_REGION_CONVERT:
		region->kind = change->kind;
		return is_memory(kind) && is_memory(change->kind);
	case MZ_REGION_LEND:
		region->kind = MZ_REGION_LENT;
		region->former = kind;
		return is_memory(kind);
	case MZ_REGION_RETURN:
		region->kind = region->former;
		return kind == MZ_REGION_LENT;
	default:
		return false;
	}
}

/* Are there regions at all of the range, and can all of them be changed so? */
static enum mz_error check_change(const struct mz_regions *set, uint64_t first, uint64_t last,
				  const struct mz_region_change *change)
{
	enum mz_error error = MZ_OK;

	for (size_t i = mz_regions_place_(set, first, NULL);; i++) {
		struct mz_region region;

		if (i == set->count || set->all[i].ia.addr > first)
			return MZ_NOT_MAPPED;
		region = set->all[i];
		if (!edit(&region, change))
			error = MZ_BAD_CONFIG;
		if (mz_region_last(&region) >= last)
			return error;
		first = mz_region_last(&region) + 1;
	}
}

/* What the guest may do at most, in one way of the two to say that it may do everything. */
static unsigned plain_perm(const struct mz_region *region)
{
	return region->prop.perm != 0 ? region->prop.perm : MZ_READ | MZ_WRITE | MZ_EXEC;
}

/* Is `b` more of the same as `a`? All 2^64 bytes are too many for one region. */
static bool continues(const struct mz_region *a, const struct mz_region *b)
{
	return a->ia.addr + a->bytes == b->ia.addr && a->oa.addr + a->bytes == b->oa.addr &&
		a->bytes + b->bytes != 0 && a->kind == b->kind &&
		(a->kind != MZ_REGION_LENT || a->former == b->former) &&
		plain_perm(a) == plain_perm(b) && a->prop.memory == b->prop.memory &&
		a->prop.flags == b->prop.flags && a->leaf_level_max == b->leaf_level_max &&
		a->supplied == b->supplied && a->populate == b->populate && a->owner == b->owner;
}

/*
 * What becomes of some regions, in order. The last one may still grow, so it is held back: what is
 * made of the first n regions, with the one part that may lie before the range, is never written
 * beyond their n places.
 */
struct rewrite {
	struct mz_region *to; /* NULL: they are only counted */
	size_t count;
	struct mz_region held;
};

static void put_held(struct rewrite *rewrite)
{
	if (rewrite->to != NULL && rewrite->count > 0)
		rewrite->to[rewrite->count - 1] = rewrite->held;
}

static void append(struct rewrite *rewrite, const struct mz_region *region)
{
	if (rewrite->count > 0 && continues(&rewrite->held, region)) {
		rewrite->held.bytes += region->bytes;
		return;
	}
	put_held(rewrite);
	rewrite->held = *region;
	rewrite->count++;
}

/* The part of the region in [first, last], if there is one. */
static bool part_of(const struct mz_region *region, uint64_t first, uint64_t last,
		    struct mz_region *part)
{
	uint64_t from = region->ia.addr > first ? region->ia.addr : first;
	uint64_t to = mz_region_last(region) < last ? mz_region_last(region) : last;

	if (from > to)
		return false;
	*part = *region;
	part->ia.addr = from;
	part->oa.addr += from - region->ia.addr;
	part->bytes = to - from + 1;
	return true;
}

/* Appends what is left of the region: all but the range, and that too if it is only changed. */
static void append_parts(struct rewrite *rewrite, struct mz_region region, uint64_t first,
			 uint64_t last, const struct mz_region_change *change)
{
	struct mz_region part;

	if (first > 0 && part_of(&region, 0, first - 1, &part))
		append(rewrite, &part);
	if (change != NULL && part_of(&region, first, last, &part)) {
		edit(&part, change);
		append(rewrite, &part);
	}
	if (last < UINT64_MAX && part_of(&region, last + 1, UINT64_MAX, &part))
		append(rewrite, &part);
}

/* How many regions come of the `count` regions from `from` on; they are written to `to`. */
static size_t rewrite_regions(const struct mz_region *from, size_t count, uint64_t first,
			      uint64_t last, const struct mz_region_change *change,
			      struct mz_region *to)
{
	struct rewrite rewrite = {.to = to};

	for (size_t i = 0; i < count; i++)
		append_parts(&rewrite, from[i], first, last, change);
	put_held(&rewrite);
	return rewrite.count;
}

/* Changes the range, or removes it if `change` is NULL. All that can be wrong is a lack of room. */
static enum mz_error carry_out(struct mz_regions *set, uint64_t first, uint64_t last,
			       const struct mz_region_change *change)
{
	/* With the neighbours at the borders. */
	uint64_t from = first > 0 ? first - 1 : first, to = last < UINT64_MAX ? last + 1 : last;
	size_t begin = mz_regions_place_(set, from, NULL), end = mz_regions_place_(set, to, NULL);
	struct mz_region *at = &set->all[begin];
	size_t before, after;

	if (end < set->count && set->all[end].ia.addr <= to)
		end++;
	before = end - begin;
	after = rewrite_regions(at, before, first, last, change, NULL);
	if (after > before && after - before > set->max - set->count)
		return MZ_FULL;
	if (after > before)
		shift(set, end, after - before);
	rewrite_regions(at, before, first, last, change, at);
	if (after < before)
		close_up(set, end, before - after);
	return MZ_OK;
}

enum mz_error mz_regions_remove(struct mz_regions *set, uint64_t first, uint64_t last)
{
	const struct mz_region *region = mz_regions_next(set, first);

	if (last < first)
		return MZ_OUT_OF_RANGE;
	if (region == NULL || region->ia.addr > last)
		return MZ_NOT_MAPPED;
	return carry_out(set, first, last, NULL);
}

enum mz_error mz_regions_change(struct mz_regions *set, uint64_t first, uint64_t last,
				const struct mz_region_change *change)
{
	enum mz_error error;

	if (last < first)
		return MZ_OUT_OF_RANGE;
	error = check_change(set, first, last, change);
	return error == MZ_OK ? carry_out(set, first, last, change) : error;
}

/* The place of the region that begins at `ia`; `count` if none does. */
static size_t beginning_at(const struct mz_regions *set, mz_ia ia)
{
	size_t place = mz_regions_place_(set, ia.addr, NULL);

	return place < set->count && set->all[place].ia.addr == ia.addr ? place : set->count;
}

/* May the region at `place` lie at [first, last]? */
static bool is_free_for(const struct mz_regions *set, size_t place, uint64_t first, uint64_t last)
{
	for (size_t i = mz_regions_place_(set, first, NULL);
	     i < set->count && set->all[i].ia.addr <= last; i++)
		if (i != place)
			return false;
	return true;
}

enum mz_error mz_regions_move(struct mz_regions *set, mz_ia from, mz_ia to)
{
	size_t place = beginning_at(set, from), target;
	struct mz_region region;

	if (place == set->count)
		return MZ_NOT_MAPPED;
	region = set->all[place];
	region.ia = to;
	if (!has_extent(&region))
		return MZ_OUT_OF_RANGE;
	if (!is_free_for(set, place, to.addr, mz_region_last(&region)))
		return MZ_OVERLAP;
	/* Those that it passes make way, one place each. */
	target = mz_regions_place_(set, to.addr, NULL);
	for (; place + 1 < target; place++)
		set->all[place] = set->all[place + 1];
	for (; place > target; place--)
		set->all[place] = set->all[place - 1];
	set->all[place] = region;
	return MZ_OK;
}

enum mz_error mz_regions_resize(struct mz_regions *set, mz_ia ia, uint64_t bytes)
{
	size_t place = beginning_at(set, ia);
	struct mz_region region;

	if (place == set->count)
		return MZ_NOT_MAPPED;
	region = set->all[place];
	region.bytes = bytes;
	if (!has_extent(&region))
		return MZ_OUT_OF_RANGE;
	if (!is_free_for(set, place, ia.addr, mz_region_last(&region)))
		return MZ_OVERLAP;
	set->all[place] = region;
	return MZ_OK;
}

const char *mz_region_kind_text(enum mz_region_kind kind)
{
	static const char *const texts[MZ_REGION_KINDS] = {
		[MZ_REGION_RAM] = "ram",       [MZ_REGION_ROM] = "rom",   [MZ_REGION_MMIO] = "mmio",
		[MZ_REGION_SHARED] = "shared", [MZ_REGION_LENT] = "lent",
	};

	return (unsigned)kind < MZ_REGION_KINDS ? texts[kind] : "unknown kind";
}
