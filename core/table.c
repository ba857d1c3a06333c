// SPDX-License-Identifier: MPL-2.0
/*
 * What is the same for every instance: making and dropping tables, and checking the arguments of
 * operations.
 */
#include "core/table.h"

#include "core/gather.h"
#include "core/node.h"

static bool format_complete(const struct mz_format *f)
{
	return f->levels >= 1 && f->levels <= MZ_LEVELS_MAX && f->kind != NULL &&
		f->make_node != NULL && f->make_leaf != NULL && f->oa != NULL && f->prop != NULL &&
		f->with_perm != NULL && f->encodable != NULL && f->hw_bits != NULL &&
		f->clean != NULL;
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
	if ((c->leaf_levels & ~f->leaf_levels) != 0 || !mz_leaf_allowed(c->leaf_levels, 1) ||
	    (c->features & ~f->features) != 0 || c->root_first >= c->root_end ||
	    c->root_end > mz_entry_count(f, f->levels))
		return MZ_BAD_CONFIG;
	return MZ_OK;
}

enum mz_error mz_table_init(struct mz_table *table, const struct mz_config *config)
{
	const struct mz_format *f = config->format;
	enum mz_error error;

	if (f == NULL || !format_complete(f) || !hooks_complete(config))
		return MZ_BAD_CONFIG;
	table->config = *config;
	error = config_settle(&table->config);
	if (error != MZ_OK)
		return error;
	table->ops = f->ops != NULL ? f->ops : &mz_runtime_ops;
	error = mz_node_alloc(table, f->levels, &table->root_oa);
	if (error != MZ_OK)
		return error;
	table->root = mz_slots_at(table, table->root_oa);
	mz_fill_absent(f, table->root, 0, mz_entry_count(f, f->levels));
	return MZ_OK;
}

void mz_table_destroy(struct mz_table *table)
{
	mz_node_put(table, table->root_oa);
}

mz_oa mz_table_activate(struct mz_table *table)
{
	mz_node_take(table, table->root_oa);
	return table->root_oa;
}

void mz_table_deactivate(struct mz_table *table)
{
	mz_node_put(table, table->root_oa);
}

void mz_table_reclaim(struct mz_table *table, uint32_t nodes)
{
	const struct mz_format *f = table->config.format;

	while (nodes != MZ_FRAME_NONE) {
		mz_oa node = mz_page_address(f, nodes);

		nodes = mz_frame_at(f, table, node)->next;
		mz_node_put(table, node);
	}
}

/* Does the table manage all of [first, last]? */
static bool range_managed(const struct mz_table *table, uint64_t first, uint64_t last)
{
	const struct mz_format *f = table->config.format;

	if (!mz_ia_valid(f, first) || !mz_ia_valid(f, last))
		return false;
	/* Of canonical addresses, a range lies in one half. */
	if (f->ia_signed && (first ^ last) >> 63 != 0)
		return false;
	return mz_index(f, first, f->levels) >= table->config.root_first &&
		mz_index(f, last, f->levels) < table->config.root_end;
}

static enum mz_error range_check(const struct mz_table *table, uint64_t first, uint64_t bytes)
{
	const struct mz_format *f = table->config.format;

	if (!mz_page_aligned(f, first) || !mz_page_aligned(f, bytes))
		return MZ_MISALIGNED;
	if (bytes == 0 || first + (bytes - 1) < first ||
	    !range_managed(table, first, first + (bytes - 1)))
		return MZ_OUT_OF_RANGE;
	return MZ_OK;
}

static bool oa_valid(const struct mz_format *f, uint64_t oa, uint64_t bytes)
{
	uint64_t last = oa + (bytes - 1);

	return last >= oa && (f->oa_lg2 >= 64 || last >> f->oa_lg2 == 0);
}

/*
 * Encodable at every level that may hold a leaf: an operation can't know beforehand which it will
 * meet.
 */
static bool prop_encodable(const struct mz_table *table, struct mz_prop prop)
{
	const struct mz_format *f = table->config.format;

	for (unsigned level = 1; level <= f->levels; level++)
		if (mz_leaf_allowed(table->config.leaf_levels, level) &&
		    !f->encodable(prop, level, table->config.features))
			return false;
	return true;
}

enum mz_error mz_table_map(struct mz_table *table, mz_ia ia, uint64_t bytes, mz_oa oa,
			   struct mz_prop prop)
{
	enum mz_error error = range_check(table, ia.addr, bytes);

	if (error != MZ_OK)
		return error;
	if (!mz_page_aligned(table->config.format, oa.addr))
		return MZ_MISALIGNED;
	if (!oa_valid(table->config.format, oa.addr, bytes))
		return MZ_OUT_OF_RANGE;
	if (!prop_encodable(table, prop))
		return MZ_NOT_ENCODABLE;
	return table->ops->map(table, ia, bytes, oa, prop);
}

enum mz_error mz_table_unmap(struct mz_table *table, mz_ia ia, uint64_t bytes,
			     struct mz_gather *gather)
{
	enum mz_error error = range_check(table, ia.addr, bytes);
	struct mz_gather own;

	if (error != MZ_OK)
		return error;
	if (gather != NULL)
		return table->ops->unmap(table, ia, bytes, gather);
	mz_gather_init(&own, table);
	error = table->ops->unmap(table, ia, bytes, &own);
	mz_gather_finish(&own);
	return error;
}

enum mz_error mz_table_protect(struct mz_table *table, mz_ia ia, uint64_t bytes, unsigned perm,
			       struct mz_gather *gather)
{
	enum mz_error error = range_check(table, ia.addr, bytes);
	struct mz_gather own;

	if (error != MZ_OK)
		return error;
	if (perm > UINT8_MAX || !prop_encodable(table, mz_prop_from(perm)))
		return MZ_NOT_ENCODABLE;
	if (gather != NULL)
		return table->ops->protect(table, ia, bytes, perm, gather);
	mz_gather_init(&own, table);
	error = table->ops->protect(table, ia, bytes, perm, &own);
	mz_gather_finish(&own);
	return error;
}

struct mz_item mz_table_query(const struct mz_table *table, mz_ia ia)
{
	static const struct mz_item nothing;

	if (!range_managed(table, ia.addr, ia.addr))
		return nothing;
	return table->ops->query(table, ia);
}
