// SPDX-License-Identifier: MPL-2.0
/* What is the same for every instance: making and dropping tables. */
#include "core/table.h"

#include "core/gather.h"
#include "core/node.h"

static bool format_complete(const struct mz_format *f)
{
	return f->levels >= 1 && f->levels <= MZ_LEVELS_MAX && f->kind != NULL &&
		f->make_node != NULL && f->make_leaf != NULL && f->oa != NULL && f->prop != NULL &&
		f->with_perm != NULL && f->encodable != NULL && f->hw_bits != NULL &&
		f->clean != NULL && f->root_register != NULL &&
		f->hierarchical == (f->link_write != NULL) &&
		f->hierarchical == (f->forbid_write != NULL);
}

static bool hooks_complete(const struct mz_config *c)
{
	bool rcu_all = c->rcu.enter != NULL && c->rcu.leave != NULL && c->rcu.retire != NULL;
	bool rcu_none = c->rcu.enter == NULL && c->rcu.leave == NULL && c->rcu.retire == NULL;

	return c->memory.alloc != NULL && c->memory.free != NULL && c->memory.frames != NULL &&
		(c->items.take == NULL) == (c->items.put == NULL) && (rcu_all || rcu_none);
}

/* Fills in defaults and masks what the hardware has against what the format has. */
static enum mz_error config_settle(struct mz_config *c)
{
	const struct mz_format *f = c->format;

	if (c->leaf_levels == 0)
		c->leaf_levels = f->leaf_levels;
	if (c->root_end == 0)
		c->root_end = (uint16_t)mz_entry_count(f, f->levels);
	if ((c->leaf_levels & ~f->leaf_levels) != 0 || !mz_leaf_allowed(c->leaf_levels, 1))
		return MZ_BAD_LEAVES;
	if ((c->features & ~f->features) != 0)
		return MZ_BAD_FEATURES;
	if (mz_oa_lg2(c) > f->oa_lg2 || mz_oa_lg2(c) <= f->page_lg2)
		return MZ_BAD_WIDTH;
	if (c->root_first >= c->root_end || c->root_end > mz_entry_count(f, f->levels))
		return MZ_BAD_ROOT;
	return MZ_OK;
}

static uint64_t oa_last(const struct mz_config *c)
{
	return UINT64_MAX >> (64 - mz_oa_lg2(c));
}

/* An empty root. What the memory hook gave is looked at before anything is written there. */
static enum mz_error root_alloc(const struct mz_config *c, mz_node *root)
{
	const struct mz_format *f = c->format;
	unsigned lg2 = mz_node_lg2(f, f->levels);
	enum mz_error error = c->memory.alloc(c->memory.context, lg2, &root->oa);

	if (error != MZ_OK)
		return error;
	if ((root->oa.addr & (((uint64_t)1 << lg2) - 1)) != 0 || root->oa.addr > oa_last(c)) {
		c->memory.free(c->memory.context, root->oa, lg2);
		return MZ_BAD_ROOT;
	}
	*mz_frame_at(f, c, root->oa) = mz_frame_new(f->levels);
	mz_fill_absent(f, mz_slots_at(c, root->oa), 0, mz_entry_count(f, f->levels));
	return MZ_OK;
}

enum mz_error mz_table_init(struct mz_table *table, const struct mz_config *config)
{
	const struct mz_format *f = config->format;
	enum mz_error error;
	mz_node root;

	if (f == NULL || !format_complete(f))
		return MZ_BAD_FORMAT;
	if (!hooks_complete(config))
		return MZ_BAD_HOOKS;
	table->config = *config;
	error = config_settle(&table->config);
	if (error != MZ_OK)
		return error;
	table->ops = f->ops != NULL ? f->ops : &mz_runtime_ops;
	error = root_alloc(&table->config, &root);
	if (error != MZ_OK)
		return error;
	table->root_oa = root.oa;
	table->root = mz_slots_at(&table->config, root.oa);
	table->reach = table->config.root_first == 0 ? table->config.root_end : 0;
	if (f->ia_signed && table->reach != mz_entry_count(f, f->levels))
		table->reach = 0;
	table->oa_last = oa_last(&table->config);
	table->shares = false;
	return MZ_OK;
}

static mz_node root_of(const struct mz_table *table)
{
	mz_node root = {table->root_oa};

	return root;
}

void mz_table_destroy(struct mz_table *table)
{
	MZ_ASSERT(mz_table_made_(table));
	table->ops = NULL;
	mz_node_put(&table->config, root_of(table));
}

struct mz_item mz_table_query(const struct mz_table *table, mz_ia ia)
{
	struct mz_leaf leaf;

	MZ_ASSERT(mz_table_made_(table));
	mz_reader_enter(table);
	leaf = mz_table_find(table, ia);
	mz_reader_leave(table);
	return mz_leaf_item(table, leaf);
}

uint64_t mz_table_root_register(const struct mz_table *table)
{
	MZ_ASSERT(mz_table_made_(table));
	return table->config.format->root_register(table->root_oa, table->config.features);
}

uint64_t mz_processor_activate(struct mz_processor *processor, struct mz_table *table)
{
	struct mz_table *before;

	MZ_ASSERT(processor != NULL && mz_table_made_(table));
	before = processor->active;
	if (before != table) {
		mz_node_take(&table->config, root_of(table));
		processor->active = table;
		if (before != NULL)
			mz_node_put(&before->config, root_of(before));
	}
	return mz_table_root_register(table);
}

void mz_processor_deactivate(struct mz_processor *processor)
{
	struct mz_table *before = processor->active;

	processor->active = NULL;
	if (before != NULL)
		mz_node_put(&before->config, root_of(before));
}

/* Has another table given a node up in the grace period that is over? */
static bool is_to_wait(struct mz_frame *frame)
{
	bool parted;

	mz_lock_acquire(&frame->lock);
	parted = frame->parted;
	frame->parted = false;
	frame->parting = parted;
	mz_lock_release(&frame->lock);
	return parted;
}

void mz_table_reclaim(struct mz_table *table, uint32_t nodes)
{
	const struct mz_config *c = &table->config;
	uint32_t again = MZ_FRAME_NONE;

	while (nodes != MZ_FRAME_NONE) {
		uint32_t number = nodes;
		mz_node node = {mz_page_address(c->format, number)};
		struct mz_frame *frame = mz_frame_at(c->format, c, node.oa);

		nodes = frame->next;
		if (is_to_wait(frame)) {
			frame->next = again;
			again = number;
		} else {
			mz_node_put(c, node);
		}
	}
	if (again == MZ_FRAME_NONE)
		return;
	if (c->rcu.retire != NULL)
		c->rcu.retire(c->rcu.context, table, again);
	else
		mz_table_reclaim(table, again);
}
