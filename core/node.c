// SPDX-License-Identifier: MPL-2.0
#include "core/node.h"

enum mz_error mz_node_alloc(struct mz_table *table, unsigned level, mz_oa *node)
{
	const struct mz_format *f = table->config.format;
	const struct mz_memory *memory = &table->config.memory;
	enum mz_error error = memory->alloc(memory->context, mz_node_lg2(f, level), node);

	if (error != MZ_OK)
		return error;
	*mz_frame_at(f, table, *node) =
		(struct mz_frame) {.refs = 1, .next = MZ_FRAME_NONE, .level = (uint8_t)level};
	return MZ_OK;
}

static void node_free(struct mz_table *table, mz_oa node)
{
	const struct mz_format *f = table->config.format;
	const struct mz_memory *memory = &table->config.memory;
	unsigned level = mz_frame_at(f, table, node)->level;

	memory->free(memory->context, node, mz_node_lg2(f, level));
}

void mz_node_free_unused(struct mz_table *table, mz_oa node)
{
	node_free(table, node);
}

void mz_node_take(struct mz_table *table, mz_oa node)
{
	__atomic_fetch_add(&mz_frame_at(table->config.format, table, node)->refs, 1,
			   __ATOMIC_RELAXED);
}

/* True: that was the last reference. */
static bool drop_reference(struct mz_frame *frame)
{
	return __atomic_fetch_sub(&frame->refs, 1, __ATOMIC_ACQ_REL) == 1;
}

/* Puts what the entries of a dead node own; child nodes that die by it go onto the list. */
static void drop_children(struct mz_table *table, mz_oa node, uint32_t *dead)
{
	const struct mz_format *f = table->config.format;
	const struct mz_items *items = &table->config.items;
	struct mz_node_ref ref = mz_node_at(f, table, node, mz_frame_at(f, table, node)->level);
	bool root = ref.level == f->levels;
	unsigned index = root ? table->config.root_first : 0;
	unsigned end = root ? table->config.root_end : mz_entry_count(f, ref.level);
	unsigned left = ref.frame->child_count;

	if (ref.level == 1 && items->put == NULL)
		return;
	for (; index < end && left > 0; index++) {
		uint64_t entry = mz_load_relaxed(&ref.slots[index]);
		enum mz_kind kind = f->kind(entry, ref.level);

		if (kind == MZ_ABSENT)
			continue;
		left--;
		if (kind == MZ_NODE) {
			mz_oa child = f->oa(entry, ref.level);
			struct mz_frame *frame = mz_frame_at(f, table, child);

			if (drop_reference(frame)) {
				frame->next = *dead;
				*dead = mz_page_number(f, child);
			}
		} else if (items->put != NULL) {
			struct mz_item item = {f->oa(entry, ref.level), f->prop(entry, ref.level),
					       (uint8_t)ref.level};

			items->put(items->context, item);
		}
	}
}

void mz_node_put(struct mz_table *table, mz_oa node)
{
	const struct mz_format *f = table->config.format;
	uint32_t dead = MZ_FRAME_NONE;

	if (!drop_reference(mz_frame_at(f, table, node)))
		return;
	mz_frame_at(f, table, node)->next = dead;
	dead = mz_page_number(f, node);
	/*
	 * A list instead of recursion: the depth of the tree never becomes the depth of the stack.
	 */
	while (dead != MZ_FRAME_NONE) {
		mz_oa pa = mz_page_address(f, dead);

		dead = mz_frame_at(f, table, pa)->next;
		drop_children(table, pa, &dead);
		node_free(table, pa);
	}
}

static void reserve_empty(struct mz_table *table, struct mz_reserve *reserve)
{
	const struct mz_format *f = table->config.format;

	for (unsigned level = 1; level < f->levels; level++)
		while (reserve->first[level] != MZ_FRAME_NONE)
			mz_node_free_unused(table, mz_reserve_take(table, reserve, level));
}

enum mz_error mz_reserve_fill(struct mz_table *table, struct mz_reserve *reserve)
{
	const struct mz_format *f = table->config.format;

	for (unsigned level = 1; level <= MZ_LEVELS_MAX; level++)
		reserve->first[level] = MZ_FRAME_NONE;
	for (unsigned level = 1; level < f->levels; level++) {
		for (uint32_t count = 0; count < reserve->need[level]; count++) {
			mz_oa node;
			enum mz_error error = mz_node_alloc(table, level, &node);

			if (error != MZ_OK) {
				reserve_empty(table, reserve);
				return error;
			}
			mz_frame_at(f, table, node)->next = reserve->first[level];
			reserve->first[level] = mz_page_number(f, node);
		}
	}
	return MZ_OK;
}

mz_oa mz_reserve_take(struct mz_table *table, struct mz_reserve *reserve, unsigned level)
{
	const struct mz_format *f = table->config.format;
	mz_oa node = mz_page_address(f, reserve->first[level]);
	struct mz_frame *frame = mz_frame_at(f, table, node);

	MZ_ASSERT(reserve->first[level] != MZ_FRAME_NONE);
	reserve->first[level] = frame->next;
	frame->next = MZ_FRAME_NONE;
	return node;
}
