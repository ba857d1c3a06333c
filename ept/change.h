/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Changes of a space: what lies where, what the guest may do there, and what is taken from it.
 *
 * Each can be made in two steps. To prepare looks at everything that can go wrong and sets nodes
 * aside; to commit can't fail. In between no other change of the space is let in, and faults go on.
 *
 * What ceases to be mapped goes through the table's item hook or the gather's `unmapped`, once, and
 * may be used for something else when the gather is finished: after the flush. By then no fault
 * that saw the regions as they were is under way. Not from inside a reader's section.
 */
#ifndef MZ_EPT_CHANGE_H
#define MZ_EPT_CHANGE_H

#include "ept/space.h"

#ifdef __cplusplus
extern "C" {
#endif

enum mz_change_kind {
	MZ_CHANGE_ADD,     /* `region` */
	MZ_CHANGE_REMOVE,  /* whatever of regions lies in the range goes */
	MZ_CHANGE_MOVE,    /* the region that begins at `ia` begins at `to` */
	MZ_CHANGE_RESIZE,  /* the region that begins at `ia` has `bytes` */
	MZ_CHANGE_PROTECT, /* the guest may do at most `perm` in the range; 0: what its kind allows
			    */
	MZ_CHANGE_CONVERT, /* RAM, ROM and shared memory becomes `kind` */
	MZ_CHANGE_LEND,    /* memory goes into other hands; what was there may come back changed */
	MZ_CHANGE_RETURN,  /* and comes back */
	MZ_CHANGE_INVALIDATE, /* what is mapped in the range is not any more: the guest's next touch
				 faults. For swapping and ballooning */
	MZ_CHANGES,
};

struct mz_request {
	enum mz_change_kind change;
	mz_ia ia; /* the range, or where a region begins */
	uint64_t bytes;
	mz_ia to;                       /* move */
	unsigned perm;                  /* protect */
	enum mz_region_kind kind;       /* convert */
	const struct mz_region *region; /* add */
};

/* A change that is prepared. */
struct mz_change {
	struct mz_space *space;
	struct mz_request request;
	struct mz_region added; /* add: a copy of the region */
	uint64_t first, last;   /* what is unmapped or protected in the table */
	struct mz_reserve reserve;
};

/*
 * MZ_MISALIGNED: an address or a size is no multiple of the page. MZ_OUT_OF_RANGE: empty, wraps, or
 * beyond the table or the format. MZ_NOT_ENCODABLE: what the guest is to be allowed can't be
 * expressed, or is to write what it may not read. MZ_BAD_HOOKS: a supplied region, and no backing.
 * MZ_BAD_CONFIG, MZ_OVERLAP, MZ_FULL, MZ_NOT_MAPPED as ept/regions.h says. MZ_NO_MEMORY. Nothing
 * has changed then, and there is nothing to commit.
 */
MZ_MUST_CHECK enum mz_error mz_change_prepare(struct mz_change *change, struct mz_space *space,
					      const struct mz_request *request);

/* Makes the change. With a gather of NULL it flushes before it returns. */
void mz_change_commit(struct mz_change *change, struct mz_gather *gather);

/* Leaves all as it is. */
void mz_change_abandon(struct mz_change *change);

/* Both steps at once. Errors as for mz_change_prepare(). */
MZ_MUST_CHECK enum mz_error mz_space_change(struct mz_space *space,
					    const struct mz_request *request,
					    struct mz_gather *gather);

/*
 * Adds a region: mz_space_change() with MZ_CHANGE_ADD. A region that is to be populated is mapped
 * when this returns. MZ_NO_MEMORY, or the supply hook has failed: it could not be, and is not
 * added.
 */
MZ_MUST_CHECK enum mz_error mz_space_add(struct mz_space *space, const struct mz_region *region);

#ifdef __cplusplus
}
#endif

#endif
