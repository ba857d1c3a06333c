/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The regions of a guest-physical address space: what lies where, and what the guest may do there.
 *
 * A set of regions is plain data: an array, sorted by address, in memory that the caller gives.
 * Nothing here allocates, locks, or knows a table. Changes are for one at a time, with nobody
 * looking; any number may look at once.
 *
 * Ranges are [first, last], both inclusive, since a region may end with the last address there is.
 * Whether addresses are multiples of a page, and within reach of a table, is the caller's business.
 *
 * What a change cuts out of a region begins that much further into `oa`, whatever the kind.
 *
 * Room: mz_regions_add() makes one region more. mz_regions_remove() makes at most one more,
 * mz_regions_change() at most two, for the parts of regions that stay outside of the range. They
 * need no more room for a while than they need in the end.
 */
#ifndef MZ_EPT_REGIONS_H
#define MZ_EPT_REGIONS_H

#include "core/env.h"
#include "core/error.h"
#include "core/types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum mz_region_kind {
	MZ_REGION_RAM,    /* read, write, execute */
	MZ_REGION_ROM,    /* read, execute */
	MZ_REGION_MMIO,   /* every access is answered by its device */
	MZ_REGION_SHARED, /* RAM that others have too: never copied when a clone writes */
	MZ_REGION_LENT,   /* the guest's own, in other hands at the moment: every access is denied
			   */
	MZ_REGION_KINDS,
};

struct mz_region {
	mz_ia ia;
	uint64_t bytes;
	mz_oa oa; /* RAM, ROM, shared, lent: [oa, oa + bytes) is what backs it, unless `supplied`.
		     MMIO: what markers hold */
	enum mz_region_kind kind;
	enum mz_region_kind former; /* lent: what it is when it is returned: RAM, ROM or shared */
	struct mz_prop prop;        /* of its leaves: memory type, flags, and in `perm` what the
				       guest may do at most, 0: all that the kind allows */
	uint8_t leaf_level_max;     /* the largest leaf that a fault may map; 0: as large as the
				       table allows */
	bool supplied;              /* frames come one leaf at a time from the space's hook */
	bool populate;              /* mapped when it is added, and kept mapped */
	void *owner;                /* the caller's */
};

struct mz_regions {
	struct mz_region *all; /* sorted, disjoint */
	size_t count, max;
	bool dry; /* changes are looked at, and not made: a copy of a set that is only asked */
};

enum mz_region_edit {
	MZ_REGION_PROTECT, /* `prop.perm` is `perm` from now on. A lent range feels it when it is
			      returned, a device never does */
	MZ_REGION_CONVERT, /* RAM, ROM and shared ranges become `kind`, which is one of these */
	MZ_REGION_LEND,    /* RAM, ROM and shared ranges become lent */
	MZ_REGION_RETURN,  /* lent ranges become what they were */
	MZ_REGION_EDITS,
};

struct mz_region_change {
	enum mz_region_edit edit;
	uint8_t perm;             /* protect; 0: all that the kind allows */
	enum mz_region_kind kind; /* convert */
};

/* The region's last address. */
static inline uint64_t mz_region_last(const struct mz_region *region)
{
	return region->ia.addr + (region->bytes - 1);
}

/*
 * What the guest may do: all that the kind allows, narrowed by `prop.perm`. That user mode may
 * execute is said by `prop.perm` alone.
 */
static inline unsigned mz_region_perm(const struct mz_region *region)
{
	unsigned most = 0, perm = region->prop.perm;

	if (region->kind == MZ_REGION_RAM || region->kind == MZ_REGION_SHARED)
		most = MZ_READ | MZ_WRITE | MZ_EXEC | MZ_EXEC_USER;
	else if (region->kind == MZ_REGION_ROM)
		most = MZ_READ | MZ_EXEC | MZ_EXEC_USER;
	return most & (perm != 0 ? perm : MZ_READ | MZ_WRITE | MZ_EXEC);
}

/* A set without regions. `room` is for `max` of them, stays the caller's, and outlives the set. */
static inline void mz_regions_init(struct mz_regions *set, struct mz_region *room, size_t max)
{
	set->all = room;
	set->count = 0;
	set->max = max;
	set->dry = false;
}

/*
 * The place in the array of the first region that ends at or after `addr`; `count` if none does.
 * Looks at ceil(log2(count)) + 1 regions, and adds their number to `probes` if that is not NULL.
 */
static inline size_t mz_regions_place_(const struct mz_regions *set, uint64_t addr,
				       unsigned *probes)
{
	size_t place = 0;

	for (size_t left = set->count; left > 0;) {
		size_t step = left > 1 ? left / 2 : 1;

		/* No branch that depends on what is found: where guests fault is hard to guess. */
		place += mz_region_last(&set->all[place + step - 1]) < addr ? step : 0;
		left -= step;
		if (probes != NULL)
			++*probes;
	}
	return place;
}

/* The first region that ends at or after `addr`, or NULL. The next one, if any, follows it. */
static inline const struct mz_region *mz_regions_next(const struct mz_regions *set, uint64_t addr)
{
	size_t place = mz_regions_place_(set, addr, NULL);

	return place < set->count ? &set->all[place] : NULL;
}

/* The region that `addr` lies in, or NULL. */
static inline const struct mz_region *mz_regions_find(const struct mz_regions *set, uint64_t addr)
{
	const struct mz_region *region = mz_regions_next(set, addr);

	return region != NULL && region->ia.addr <= addr ? region : NULL;
}

/*
 * Adds a region; the description is copied, and stays apart from its neighbours. MZ_BAD_CONFIG: no
 * such kind, or one that is lent and was nothing that can be lent. MZ_OUT_OF_RANGE: empty, or it
 * or what backs it wraps. MZ_OVERLAP: meets another region. MZ_FULL.
 */
MZ_MUST_CHECK enum mz_error mz_regions_add(struct mz_regions *set, const struct mz_region *region);

/*
 * Takes out whatever lies in the range; what regions have outside of it stays. MZ_OUT_OF_RANGE:
 * last is below first. MZ_NOT_MAPPED: nothing lies there. MZ_FULL: no room for the second half of a
 * region that is cut in two.
 */
MZ_MUST_CHECK enum mz_error mz_regions_remove(struct mz_regions *set, uint64_t first,
					      uint64_t last);

/*
 * Changes all of the range, and what regions have outside of it not. Neighbours in the range and at
 * its borders that differ in nothing and continue one another, in what backs them too, become one
 * region: undoing a change gives its room back. Whoever wants to keep such regions apart gives them
 * different owners.
 *
 * MZ_OUT_OF_RANGE: last is below first. MZ_NOT_MAPPED: there is a hole in the range.
 * MZ_BAD_CONFIG: no such edit, permission or kind, or one that a region in the range can not have:
 * devices stay devices, what is lent can only be returned or protected, and nothing else can be
 * returned. MZ_FULL.
 */
MZ_MUST_CHECK enum mz_error mz_regions_change(struct mz_regions *set, uint64_t first, uint64_t last,
					      const struct mz_region_change *change);

/*
 * Moves the region that begins at `from`, with what backs it, to `to`; both places may overlap.
 * MZ_NOT_MAPPED: none begins there. MZ_OUT_OF_RANGE: it would wrap. MZ_OVERLAP: another is there.
 */
MZ_MUST_CHECK enum mz_error mz_regions_move(struct mz_regions *set, mz_ia from, mz_ia to);

/*
 * Lets the region that begins at `ia` end elsewhere. MZ_NOT_MAPPED: none begins there.
 * MZ_OUT_OF_RANGE: empty, or it or what backs it would wrap. MZ_OVERLAP: another is there.
 */
MZ_MUST_CHECK enum mz_error mz_regions_resize(struct mz_regions *set, mz_ia ia, uint64_t bytes);

/* Static text, never NULL. */
const char *mz_region_kind_text(enum mz_region_kind kind);

#ifdef __cplusplus
}
#endif

#endif
