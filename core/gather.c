// SPDX-License-Identifier: MPL-2.0
#include "core/gather.h"

static void owe_no_flush(struct mz_gather *gather)
{
	gather->first = UINT64_MAX;
	gather->last = 0;
	gather->nodes = false;
}

void mz_gather_init(struct mz_gather *gather, struct mz_table *table)
{
	MZ_ASSERT(mz_table_made_(table));
	gather->table = table;
	gather->unmapped = NULL;
	gather->context = NULL;
	gather->reserve = NULL;
	gather->cut = MZ_FRAME_NONE;
	gather->item_count = gather->shared_count = 0;
	owe_no_flush(gather);
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
 * ours can go, after the flush: mz_table_reclaim() sees that one grace period is not enough. The
 * node is locked.
 */
static void give_up(struct mz_gather *gather, mz_node node)
{
	const struct mz_config *c = &gather->table->config;
	struct mz_frame *frame = mz_frame_at(c->format, c, node.oa);

	if (frame->parting) {
		mz_gather_flush_(gather);
		frame->parted = true;
		(void)mz_refs_put(&frame->refs);
	} else {
		frame->parting = true;
		mz_gather_node_(c->format, gather, node.oa);
	}
}

static void put_shared(struct mz_gather *gather)
{
	const struct mz_config *c = &gather->table->config;

	for (unsigned i = 0; i < gather->shared_count; i++) {
		struct mz_frame *frame = mz_frame_at(c->format, c, gather->shared[i].oa);

		mz_lock_acquire(&frame->lock);
		give_up(gather, gather->shared[i]);
		mz_lock_release(&frame->lock);
	}
	gather->shared_count = 0;
}

/* Retires the nodes and puts the items, all of which was flushed. */
static void give_back(struct mz_gather *gather)
{
	struct mz_table *table = gather->table;
	const struct mz_config *c = &table->config;

	if (gather->cut != MZ_FRAME_NONE) {
		if (c->rcu.retire != NULL)
			c->rcu.retire(c->rcu.context, table, gather->cut);
		else
			mz_table_reclaim(table, gather->cut);
	}
	for (unsigned i = 0; i < gather->item_count; i++)
		c->items.put(c->items.context, gather->items[i]);
	gather->cut = MZ_FRAME_NONE;
	gather->item_count = 0;
}

void mz_gather_finish(struct mz_gather *gather)
{
	MZ_ASSERT(gather != NULL && mz_table_made_(gather->table));
	mz_gather_flush_(gather);
	put_shared(gather);
	give_back(gather);
	owe_no_flush(gather);
}

/* Shared nodes stay: to lock them here, out of order, might be to wait in a circle. */
void mz_gather_item_(struct mz_gather *gather, struct mz_item item)
{
	if (gather->item_count == MZ_GATHER_ITEMS) {
		mz_gather_flush_(gather);
		give_back(gather);
	}
	gather->items[gather->item_count++] = item;
}

void mz_gather_shared_(struct mz_gather *gather, mz_node node)
{
	if (gather->shared_count == MZ_GATHER_SHARED)
		give_up(gather, node);
	else
		gather->shared[gather->shared_count++] = node;
}
