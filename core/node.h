/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Nodes: frames full of entries, with their metadata.
 *
 * A node is alive while something owns a reference to it: its parent's entry, a table, a processor,
 * whoever allocated it. The last put frees it and puts what it links to. Under its lock (see
 * core/guard.h): entries and child_count. Its level never changes. MZ_STRAY: see core/frame.h.
 */
#ifndef MZ_CORE_NODE_H
#define MZ_CORE_NODE_H

#include "core/config.h"
#include "core/env.h"
#include "core/geometry.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Owns one reference to a node. */
typedef struct mz_node {
	mz_oa oa;
} mz_node;

/* Borrows a node: good while an owner is known to exist, or inside a reader's section. */
struct mz_node_ref {
	uint64_t *slots;
	struct mz_frame *frame;
	unsigned level;
};

static inline uint64_t *mz_slots_at(const struct mz_config *c, mz_oa node)
{
	return (uint64_t *)(c->memory.linear + (uintptr_t)node.addr);
}

/*
 * The slot for `addr` in the node of `level` at `node`. On the way from one entry to the next, only
 * the addition of `node` is to be waited for.
 */
static inline uint64_t *mz_slot_at(const struct mz_format *f, const struct mz_config *c, mz_oa node,
				   uint64_t addr, unsigned level)
{
	uintptr_t place = c->memory.linear + mz_index(f, addr, level) * sizeof(uint64_t);

	MZ_SETTLE(place);
	return (uint64_t *)(place + (uintptr_t)node.addr);
}

static inline struct mz_frame *mz_frame_at(const struct mz_format *f, const struct mz_config *c,
					   mz_oa node)
{
	return &c->memory.frames[(node.addr >> f->page_lg2) - c->memory.first_frame];
}

static inline struct mz_node_ref mz_node_ref_at(const struct mz_format *f,
						const struct mz_config *c, mz_oa node,
						unsigned level)
{
	struct mz_node_ref ref = {mz_slots_at(c, node), mz_frame_at(f, c, node), level};

	return ref;
}

static inline unsigned mz_frame_level(const struct mz_frame *frame)
{
	return mz_mark_peek(&frame->level_stray) & ~MZ_STRAY;
}

/* Asked when the node's lock was taken: no means that it is not cut until the lock is given back.
 */
static inline bool mz_frame_stray(const struct mz_frame *frame)
{
	return (mz_marked(&frame->level_stray) & MZ_STRAY) != 0;
}

static inline void mz_frame_estrange(struct mz_frame *frame, unsigned level)
{
	mz_mark(&frame->level_stray, (uint8_t)(level | MZ_STRAY));
}

/* Lists of frames hold page numbers. */
static inline uint32_t mz_page_number(const struct mz_format *f, mz_oa oa)
{
	return (uint32_t)(oa.addr >> f->page_lg2);
}

static inline mz_oa mz_page_address(const struct mz_format *f, uint32_t number)
{
	return mz_oa_from((uint64_t)number << f->page_lg2);
}

static inline void mz_fill_absent(const struct mz_format *f, uint64_t *slots, unsigned begin,
				  unsigned end)
{
	for (unsigned i = begin; i < end; i++)
		mz_slot_fill(&slots[i], f->absent);
}

/*
 * A new node with one reference and only absent entries, not stray, not locked. MZ_BAD_LEVEL: the
 * format has no such level. MZ_NO_MEMORY.
 */
MZ_MUST_CHECK enum mz_error mz_node_alloc(const struct mz_config *c, unsigned level, mz_node *node);

/* Borrows from an owner. */
struct mz_node_ref mz_node_ref(const struct mz_config *c, mz_node node);

/* One more reference to a node that has an owner. */
mz_node mz_node_take(const struct mz_config *c, mz_node node);

/*
 * Gives a reference back. The last frees the node and puts its children: nodes, and items through
 * the item hook. Of a root, only the entries that `c` manages are owned and put.
 */
void mz_node_put(const struct mz_config *c, mz_node node);

/* For the instances: a node whose entries are still to be filled; and its end, never filled. */
MZ_MUST_CHECK enum mz_error mz_node_alloc_raw_(const struct mz_config *c, unsigned level,
					       mz_node *node);
void mz_node_free_raw_(const struct mz_config *c, mz_node node);

#ifdef __cplusplus
}
#endif

#endif
