/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Frames that can hold nodes, and the metadata of each, found from the physical address by
 * arithmetic.
 *
 * "Physical" is what entries hold: a host-physical address on bare metal, a guest-physical address
 * for tables inside a guest, an offset in an arena for a table that no MMU walks.
 */
#ifndef MZ_CORE_FRAME_H
#define MZ_CORE_FRAME_H

#include "core/error.h"
#include "core/types.h"

/*
 * The metadata of a frame that holds a node. The layout is the same for every format. A node of
 * several pages uses the slot of its first page.
 */
struct mz_frame {
	uint32_t refs;        /* owners: a parent's entry, a table, a processor */
	uint32_t next;        /* the next frame of whatever list the node is on: its page number */
	uint16_t child_count; /* entries that are not absent; changes only under the lock */
	uint8_t level_stray;  /* the level, set at birth and never changed; and MZ_STRAY */
	bool moved : 1;       /* what its leaves own is another leaf's: nothing to put */
	bool guarded : 1;     /* a guard lives: accounted for with MZ_DEBUG */
	uint8_t touched : 2;  /* flags that the MMU may have set below since each was harvested, as
				 MZ_TOUCHED() of them; under the lock */
	bool parting : 1;     /* a table that gave it up keeps its reference for a grace period; */
	bool parted : 1;      /* so has another one, meanwhile. Both under the lock */
	uint32_t lock;        /* 1 while it is held; a word, for not every processor swaps bytes */
};

/*
 * Cut from its parent, or about to be: whoever locks it must retry from the root. Once set it
 * stays. It shares a byte with what never changes, for it may be set without the lock, which is
 * waited for then.
 */
#define MZ_STRAY 0x80u

/* The flags MZ_ACCESSED and MZ_DIRTY, as a frame remembers them. */
#define MZ_TOUCHED(flags) ((flags) / MZ_ACCESSED)

/* Ends a list of frames. */
#define MZ_FRAME_NONE UINT32_MAX

/* The metadata of a newborn node: one reference, no children, not stray, not locked. */
static inline struct mz_frame mz_frame_new(unsigned level)
{
	struct mz_frame frame = {1,
				 MZ_FRAME_NONE,
				 0,
				 (uint8_t)level,
				 false,
				 false,
				 MZ_TOUCHED(MZ_ACCESSED | MZ_DIRTY),
				 false,
				 false,
				 0};

	return frame;
}

/*
 * Where nodes come from. `alloc` yields 2^size_lg2 contiguous bytes, aligned to their size, with
 * any contents, at a physical address below 2^32 pages; it may be called with node locks held and
 * must not call back into the table. What it answers beside MZ_OK, mostly MZ_NO_MEMORY, is what the
 * operation answers. `free` takes them back. Memory at physical address pa is
 * reached at `linear + pa`; the metadata of the page with number n is `frames[n - first_frame]`, of
 * which there are `frame_count`.
 */
struct mz_memory {
	void *context;
	enum mz_error (*alloc)(void *context, unsigned size_lg2, mz_oa *pa);
	void (*free)(void *context, mz_oa pa, unsigned size_lg2);
	uintptr_t linear;
	struct mz_frame *frames;
	uint64_t first_frame, frame_count;
};

#endif
