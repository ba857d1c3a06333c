// SPDX-License-Identifier: MPL-2.0
#include "core/gather.h"

static void owe_no_flush(struct mz_gather *gather)
{
	gather->first = UINT64_MAX;
	gather->last = 0;
	gather->nodes = false;
}

static void reset(struct mz_gather *gather)
{
	owe_no_flush(gather);
	gather->cut = MZ_FRAME_NONE;
	gather->item_count = gather->shared_count = 0;
}

void mz_gather_init(struct mz_gather *gather, struct mz_table *table)
{
	MZ_ASSERT(mz_table_made_(table));
	gather->table = table;
	gather->unmapped = NULL;
	gather->context = NULL;
	gather->reserve = NULL;
	reset(gather);
}

void mz_gather_flush_(struct mz_gather *gather)
{
	const struct mz_flush *flush = &gather->table->config.flush;

	if (gather->first <= gather->last && flush->range != NULL)
		flush->range(flush->context, mz_ia_from(gather->first), mz_ia_from(gather->last),
			     gather->nodes);
	owe_no_flush(gather);
}

/*
 * Our readers may still be in a node that we gave up, and its next owner may free it at once: our
 * reference is retired like a node that was cut. Where another table's is being retired already,
 * ours can go: mz_table_reclaim() sees that one grace period is not enough.
 */
static void put_shared(struct mz_gather *gather)
{
	const struct mz_config *c = &gather->table->config;

	for (unsigned i = 0; i < gather->shared_count; i++) {
		struct mz_frame *frame = mz_frame_at(c->format, c, gather->shared[i].oa);

		mz_lock_acquire(&frame->lock);
		if (frame->parting) {
			frame->parted = true;
			(void)mz_refs_put(&frame->refs);
		} else {
			frame->parting = true;
			mz_gather_node_(c->format, gather, gather->shared[i].oa);
		}
		mz_lock_release(&frame->lock);
	}
}

void mz_gather_finish(struct mz_gather *gather)
{
	struct mz_table *table;
	const struct mz_config *c;

	MZ_ASSERT(gather != NULL && mz_table_made_(gather->table));
	table = gather->table;
	c = &table->config;
	mz_gather_flush_(gather);
	put_shared(gather);
	if (gather->cut != MZ_FRAME_NONE) {
		if (c->rcu.retire != NULL)
			c->rcu.retire(c->rcu.context, table, gather->cut);
		else
			mz_table_reclaim(table, gather->cut);
	}
	for (unsigned i = 0; i < gather->item_count; i++)
		c->items.put(c->items.context, gather->items[i]);
	reset(gather);
}

void mz_gather_item_(struct mz_gather *gather, struct mz_item item)
{
	if (gather->item_count == MZ_GATHER_ITEMS)
		mz_gather_finish(gather);
	gather->items[gather->item_count++] = item;
}

void mz_gather_shared_(struct mz_gather *gather, mz_node node)
{
	if (gather->shared_count == MZ_GATHER_SHARED)
		mz_gather_finish(gather);
	gather->shared[gather->shared_count++] = node;
}
