/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Nodes: frames full of entries, with their metadata. Private to the library and its instances.
 *
 * A node is alive while something owns a reference to it: its parent's entry, a table, a processor.
 * The last put frees it and puts what it links to. Under its lock: entries, child_count, stray.
 */
#ifndef MZ_CORE_NODE_H
#define MZ_CORE_NODE_H

#include "core/env.h"
#include "core/geometry.h"
#include "core/table.h"

_Static_assert(sizeof(struct mz_frame) == 16, "the metadata of a node costs 16 bytes");

/* A borrowed view of a node: no reference is taken. */
struct mz_node_ref {
	uint64_t *slots;
	struct mz_frame *frame;
	unsigned level;
};

static inline uint32_t mz_page_number(const struct mz_format *f, mz_oa pa)
{
	return (uint32_t)(pa.addr >> f->page_lg2);
}

static inline mz_oa mz_page_address(const struct mz_format *f, uint32_t number)
{
	return mz_oa_from((uint64_t)number << f->page_lg2);
}

static inline uint64_t *mz_slots_at(const struct mz_table *table, mz_oa node)
{
	return (uint64_t *)(table->config.memory.linear + (uintptr_t)node.addr);
}

static inline struct mz_frame *mz_frame_at(const struct mz_format *f, const struct mz_table *table,
					   mz_oa node)
{
	return &table->config.memory
			.frames[(node.addr >> f->page_lg2) - table->config.memory.first_frame];
}

static inline struct mz_node_ref mz_node_at(const struct mz_format *f, const struct mz_table *table,
					    mz_oa node, unsigned level)
{
	struct mz_node_ref ref = {mz_slots_at(table, node), mz_frame_at(f, table, node), level};

	return ref;
}

static inline struct mz_node_ref mz_root_of(const struct mz_format *f, const struct mz_table *table)
{
	struct mz_node_ref ref = {table->root, mz_frame_at(f, table, table->root_oa), f->levels};

	return ref;
}

static inline void mz_node_lock(struct mz_frame *frame)
{
	while (MZ_UNLIKELY(__atomic_exchange_n(&frame->lock, 1, __ATOMIC_ACQUIRE) != 0))
		while (__atomic_load_n(&frame->lock, __ATOMIC_RELAXED) != 0)
			mz_relax();
}

static inline void mz_node_unlock(struct mz_frame *frame)
{
	MZ_ASSERT(frame->lock == 1);
	__atomic_store_n(&frame->lock, 0, __ATOMIC_RELEASE);
}

static inline void mz_fill_absent(const struct mz_format *f, uint64_t *slots, unsigned begin,
				  unsigned end)
{
	for (unsigned i = begin; i < end; i++)
		slots[i] = f->absent;
}

/* A new node of this level with one reference, its entries not yet filled. */
MZ_MUST_CHECK enum mz_error mz_node_alloc(struct mz_table *table, unsigned level, mz_oa *node);

/* Gives the memory of a node back that never held an entry. */
void mz_node_free_unused(struct mz_table *table, mz_oa node);

void mz_node_take(struct mz_table *table, mz_oa node);

/*
 * Gives a reference back. The last frees the node and puts its children: nodes, and items through
 * the item hook.
 */
void mz_node_put(struct mz_table *table, mz_oa node);

/* Nodes set aside for a change that must not fail, by level. */
struct mz_reserve {
	uint32_t need[MZ_LEVELS_MAX + 1];
	uint32_t first[MZ_LEVELS_MAX + 1];
};

/* Allocates what `need` says. On failure nothing is kept. */
MZ_MUST_CHECK enum mz_error mz_reserve_fill(struct mz_table *table, struct mz_reserve *reserve);

/* Takes a node out; there is one, since `need` counted it. */
mz_oa mz_reserve_take(struct mz_table *table, struct mz_reserve *reserve, unsigned level);

#endif
