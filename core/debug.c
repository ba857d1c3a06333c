// SPDX-License-Identifier: MPL-2.0
#include "core/debug.h"

#ifdef MZ_DEBUG

#include "core/cursor.h"
#include "core/guard.h"

bool mz_node_alive_(const struct mz_config *c, mz_oa node)
{
	const struct mz_format *f = c != NULL ? c->format : NULL;
	uint64_t number;
	const struct mz_frame *frame;

	if (f == NULL || c->memory.frames == NULL || !mz_page_aligned(f, node.addr))
		return false;
	number = node.addr >> f->page_lg2;
	if (number < c->memory.first_frame ||
	    number - c->memory.first_frame >= c->memory.frame_count)
		return false;
	frame = mz_frame_at(f, c, node);
	/* Another owner may count meanwhile. */
	return __atomic_load_n(&frame->refs, __ATOMIC_RELAXED) != 0 && mz_frame_level(frame) >= 1 &&
		mz_frame_level(frame) <= f->levels;
}

bool mz_table_made_(const struct mz_table *table)
{
	const struct mz_config *c;
	const struct mz_format *f;

	if (table == NULL)
		return false;
	c = &table->config;
	if (table->ops == NULL || table->root == NULL ||
	    table->root != mz_slots_at(c, table->root_oa) || c->format == NULL)
		return false;
	f = c->format;
	return table->ops == (f->ops != NULL ? f->ops : &mz_runtime_ops) &&
		mz_node_alive_(c, table->root_oa) &&
		mz_frame_level(mz_frame_at(f, c, table->root_oa)) == f->levels;
}

bool mz_gather_of_(const struct mz_gather *gather, const struct mz_table *table)
{
	return gather == NULL || (gather->table == table && gather->item_count <= MZ_GATHER_ITEMS);
}

bool mz_node_ref_true_(const struct mz_table *table, const struct mz_node_ref *node)
{
	const struct mz_config *c = &table->config;
	mz_oa oa;

	if (node->frame < c->memory.frames ||
	    node->frame >= c->memory.frames + c->memory.frame_count)
		return false;
	oa = mz_oa_from((c->memory.first_frame + (uint64_t)(node->frame - c->memory.frames))
			<< c->format->page_lg2);
	return node->level == mz_frame_level(node->frame) && node->slots == mz_slots_at(c, oa) &&
		mz_node_alive_(c, oa);
}

bool mz_cursor_open_(const struct mz_cursor *cursor)
{
	return cursor != NULL && mz_table_made_(cursor->table) && cursor->gather != NULL &&
		mz_gather_of_(cursor->gather, cursor->table) && cursor->first <= cursor->last &&
		cursor->at >= cursor->first && cursor->at <= cursor->last &&
		mz_node_ref_true_(cursor->table, &cursor->cover);
}

bool mz_guard_held_(const struct mz_guard *guard)
{
	return guard != NULL && mz_table_made_(guard->table) &&
		mz_node_ref_true_(guard->table, &guard->node) && guard->node.frame->guarded;
}

#endif
