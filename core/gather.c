// SPDX-License-Identifier: MPL-2.0
#include "core/gather.h"

#include "core/node.h"

void mz_gather_init(struct mz_gather *gather, struct mz_table *table)
{
	gather->table = table;
	gather->first = UINT64_MAX;
	gather->last = 0;
	gather->nodes = false;
	gather->cut = MZ_FRAME_NONE;
	gather->item_count = 0;
}

void mz_gather_finish(struct mz_gather *gather)
{
	struct mz_table *table = gather->table;
	const struct mz_flush *flush = &table->config.flush;
	const struct mz_rcu *rcu = &table->config.rcu;
	const struct mz_items *items = &table->config.items;

	if (gather->first <= gather->last && flush->range != NULL)
		flush->range(flush->context, mz_ia_from(gather->first), mz_ia_from(gather->last),
			     gather->nodes);
	if (gather->cut != MZ_FRAME_NONE) {
		if (rcu->retire != NULL)
			rcu->retire(rcu->context, table, gather->cut);
		else
			mz_table_reclaim(table, gather->cut);
	}
	if (items->put != NULL)
		for (unsigned i = 0; i < gather->item_count; i++)
			items->put(items->context, gather->items[i]);
	mz_gather_init(gather, table);
}

void mz_gather_node_(struct mz_gather *gather, mz_oa node)
{
	const struct mz_format *f = gather->table->config.format;

	mz_frame_at(f, gather->table, node)->next = gather->cut;
	gather->cut = mz_page_number(f, node);
	gather->nodes = true;
}

void mz_gather_item_(struct mz_gather *gather, struct mz_item item)
{
	if (gather->item_count == MZ_GATHER_ITEMS)
		mz_gather_finish(gather);
	gather->items[gather->item_count++] = item;
}
