/* SPDX-License-Identifier: MPL-2.0 */
/* A reserve: nodes set aside, by level, so that a later change cannot fail for lack of memory. */
#ifndef MZ_CORE_RESERVE_H
#define MZ_CORE_RESERVE_H

#include "core/node.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mz_reserve {
	uint64_t need[MZ_LEVELS_MAX + 1];  /* by level: how many nodes are to be at hand */
	uint32_t have[MZ_LEVELS_MAX + 1];  /* by level: how many are */
	uint32_t first[MZ_LEVELS_MAX + 1]; /* by level: the nodes at hand, as a list */
};

void mz_reserve_init(struct mz_reserve *reserve);

/*
 * Gets nodes until there are as many as `need` says, and sets `need` to 0. MZ_NO_MEMORY: what could
 * be had is kept.
 */
MZ_MUST_CHECK enum mz_error mz_reserve_fill(const struct mz_config *c, struct mz_reserve *reserve);

/*
 * Adds to `need` what `splits` changes at the border of a leaf can take at most, wherever and
 * however large the leaf is; as much as mapping that many leaves.
 */
void mz_reserve_need_splits(const struct mz_config *c, struct mz_reserve *reserve, unsigned splits);

/* Gives all nodes back. */
void mz_reserve_drain(const struct mz_config *c, struct mz_reserve *reserve);

/* Takes a node out, its entries not filled. Only if there is one of this level. */
static inline mz_node mz_reserve_take(const struct mz_format *f, const struct mz_config *c,
				      struct mz_reserve *reserve, unsigned level)
{
	mz_node node = {mz_page_address(f, reserve->first[level])};
	struct mz_frame *frame = mz_frame_at(f, c, node.oa);

	MZ_ASSERT(reserve->first[level] != MZ_FRAME_NONE);
	reserve->first[level] = frame->next;
	reserve->have[level]--;
	return node;
}

/* Puts a node in that holds nothing. */
static inline void mz_reserve_put(const struct mz_format *f, const struct mz_config *c,
				  struct mz_reserve *reserve, mz_node node, unsigned level)
{
	mz_frame_at(f, c, node.oa)->next = reserve->first[level];
	reserve->first[level] = mz_page_number(f, node.oa);
	reserve->have[level]++;
}

#ifdef __cplusplus
}
#endif

#endif
