// SPDX-License-Identifier: MPL-2.0
#include "core/node.h"

#include "core/table.h"

_Static_assert(sizeof(struct mz_frame) == 16, "the metadata of a node costs 16 bytes");

enum mz_error mz_node_alloc_raw_(const struct mz_config *c, unsigned level, mz_node *node)
{
	const struct mz_format *f = c->format;
	enum mz_error error = c->memory.alloc(c->memory.context, mz_node_lg2(f, level), &node->oa);

	if (error == MZ_OK)
		*mz_frame_at(f, c, node->oa) = mz_frame_new(level);
	return error;
}

void mz_node_free_raw_(const struct mz_config *c, mz_node node)
{
	const struct mz_format *f = c->format;
	unsigned level = mz_frame_level(mz_frame_at(f, c, node.oa));

	c->memory.free(c->memory.context, node.oa, mz_node_lg2(f, level));
}

enum mz_error mz_node_alloc(const struct mz_config *c, unsigned level, mz_node *node)
{
	const struct mz_format *f = c->format;
	enum mz_error error;

	if (level < 1 || level > f->levels)
		return MZ_BAD_LEVEL;
	error = mz_node_alloc_raw_(c, level, node);
	if (error == MZ_OK)
		mz_fill_absent(f, mz_slots_at(c, node->oa), 0, mz_entry_count(f, level));
	return error;
}

struct mz_node_ref mz_node_ref(const struct mz_config *c, mz_node node)
{
	MZ_ASSERT(mz_node_alive_(c, node.oa));
	return mz_node_ref_at(c->format, c, node.oa,
			      mz_frame_level(mz_frame_at(c->format, c, node.oa)));
}

mz_node mz_node_take(const struct mz_config *c, mz_node node)
{
	MZ_ASSERT(mz_node_alive_(c, node.oa));
	mz_refs_take(&mz_frame_at(c->format, c, node.oa)->refs);
	return node;
}

void mz_node_put(const struct mz_config *c, mz_node node)
{
	const struct mz_format *f;
	const struct mz_ops *ops;
	struct mz_frame *frame;
	uint32_t dead;

	MZ_ASSERT(mz_node_alive_(c, node.oa));
	f = c->format;
	ops = f->ops != NULL ? f->ops : &mz_runtime_ops;
	frame = mz_frame_at(f, c, node.oa);
	if (!mz_refs_put(&frame->refs))
		return;
	if (mz_frame_level(frame) == 1 && c->items.put == NULL) {
		mz_node_free_raw_(c, node);
		return;
	}
	frame->next = MZ_FRAME_NONE;
	dead = mz_page_number(f, node.oa);
	/* A list instead of recursion: the tree's depth never becomes the stack's. */
	while (dead != MZ_FRAME_NONE) {
		mz_node next = {mz_page_address(f, dead)};

		dead = mz_frame_at(f, c, next.oa)->next;
		if (mz_frame_level(mz_frame_at(f, c, next.oa)) > 1 || c->items.put != NULL)
			ops->drop(c, next.oa, &dead);
		mz_node_free_raw_(c, next);
	}
}
