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
	gather->item_count = gather->parted_count = 0;
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

/* No node is locked for it: the full gather of an operation that holds locks is finished, too. */
void mz_gather_finish(struct mz_gather *gather)
{
	struct mz_table *table;
	const struct mz_config *c;

	MZ_ASSERT(gather != NULL && mz_table_made_(gather->table));
	table = gather->table;
	c = &table->config;
	mz_gather_flush_(gather);
	if (gather->cut != MZ_FRAME_NONE) {
		if (c->rcu.retire != NULL)
			c->rcu.retire(c->rcu.context, table, gather->cut);
		else
			mz_table_reclaim(table, gather->cut);
	}
	for (unsigned i = 0; i < gather->item_count; i++)
		c->items.put(c->items.context, gather->items[i]);
	for (unsigned i = 0; i < gather->parted_count; i++)
		mz_node_put(c, gather->parted[i]);
	gather->cut = MZ_FRAME_NONE;
	gather->item_count = gather->parted_count = 0;
}

void mz_gather_item_(struct mz_gather *gather, struct mz_item item)
{
	if (gather->item_count == MZ_GATHER_ITEMS)
		mz_gather_finish(gather);
	gather->items[gather->item_count++] = item;
}

/*
 * Our readers may still be in a node that we gave up, and its next owner may free it at once: our
 * reference is retired like a node that was cut. Where another table's is being retired already,
 * ours can go after the flush: mz_table_reclaim() sees that one grace period is not enough.
 */
void mz_gather_shared_(struct mz_gather *gather, mz_node node)
{
	const struct mz_config *c = &gather->table->config;
	struct mz_frame *frame = mz_frame_at(c->format, c, node.oa);

	if (!frame->parting) {
		frame->parting = true;
		mz_gather_node_(c->format, gather, node.oa);
		return;
	}
	frame->parted = true;
	if (gather->parted_count == MZ_GATHER_PARTED)
		mz_gather_finish(gather);
	gather->parted[gather->parted_count++] = node;
}
