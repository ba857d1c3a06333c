// SPDX-License-Identifier: MPL-2.0
/* By the run-time format: a clone costs a node, and so does each step of what makes it differ. */
#include "core/clone.h"

#include "core/body/unmap.h"
#include "core/body/write.h"
#include "core/huge.h"

/* One more owner for what an entry refers to, which may be written by nobody. Answers the entry. */
static uint64_t share_entry(const struct mz_table *table, struct mz_node_ref node, unsigned index)
{
	const struct mz_config *c = &table->config;
	const struct mz_format *f = c->format;
	uint64_t entry = mz_load_relaxed(&node.slots[index]);

	if (f->kind(entry, node.level) == MZ_NODE)
		mz_refs_take(&mz_frame_at(f, c, f->oa(entry, node.level))->refs);
	else if (f->kind(entry, node.level) == MZ_LEAF && c->items.take != NULL)
		c->items.take(c->items.context, item_of(f, entry, node.level));
	return write_forbidden(f, entry, node.level);
}

/* Copies the entries [begin, end) of a node that nobody changes meanwhile. */
static void share_entries(const struct mz_table *table, struct mz_node_ref from,
			  struct mz_node_ref to, unsigned begin, unsigned end)
{
	for (unsigned i = begin; i < end; i++)
		mz_slot_fill(&to.slots[i], share_entry(table, from, i));
	to.frame->child_count = from.frame->child_count;
}

/* Takes the permission to write from all of the table, in canonical halves if it has such. */
static void protect_all(struct mz_table *table, struct mz_gather *gather)
{
	const struct mz_format *f = table->config.format;
	struct mz_node_ref root = node_at(table, table->root_oa, f->levels);

	mz_lock_acquire(&root.frame->lock);
	for (unsigned i = table->config.root_first; i < table->config.root_end; i++) {
		uint64_t first = i * mz_span(f, f->levels);
		uint64_t sign = (uint64_t)1 << (f->ia_lg2 - 1);

		if (f->ia_signed)
			first = (first ^ sign) - sign;
		write_protect_below(table, root, first, mz_span_last(f, first, f->levels), gather);
	}
	mz_lock_release(&root.frame->lock);
}

enum mz_error mz_table_clone(struct mz_table *clone, struct mz_table *table,
			     const struct mz_flush *flush, struct mz_gather *gather)
{
	struct mz_config config = table->config;
	const struct mz_format *f = config.format;
	enum mz_error error;

	if (config.root_fixed)
		return MZ_BAD_ROOT;
	config.flush = *flush;
	error = mz_table_init(clone, &config);
	if (error != MZ_OK)
		return error;
	mz_reader_enter(table);
	protect_all(table, gather);
	mz_reader_leave(table);
	share_entries(table, node_at(table, table->root_oa, f->levels),
		      node_at(clone, clone->root_oa, f->levels), config.root_first,
		      config.root_end);
	table->shares = clone->shares = true;
	return MZ_OK;
}

/* A node for a copy: one that was set aside, or a new one. */
static enum mz_error take_node(struct mz_table *table, struct mz_gather *gather, unsigned level,
			       mz_node *node)
{
	struct mz_reserve *reserve = gather->reserve;

	if (reserve == NULL || reserve->have[level] == 0)
		return mz_node_alloc_raw_(&table->config, level, node);
	*node = mz_reserve_take(table->config.format, &table->config, reserve, level);
	return MZ_OK;
}

/* Hangs the copy where the shared node was, which is locked; `first` is where both begin. */
static void put_copy(struct mz_table *table, struct mz_node_ref node, unsigned index, mz_node copy,
		     uint64_t first, struct mz_gather *gather)
{
	const struct mz_format *f = table->config.format;
	uint64_t entry = mz_load_relaxed(&node.slots[index]);
	uint64_t link = f->make_node(copy.oa, node.level);
	mz_node shared = {f->oa(entry, node.level)};

	if (f->hierarchical && !lets_write(f, entry, node.level))
		link = f->link_write(link, node.level, false);
	mz_gather_range_(gather, first, mz_span_last(f, first, node.level));
	gather->nodes = true;
	if (breaks(table)) {
		mz_store_relaxed(&node.slots[index], f->absent);
		mz_gather_flush_(gather);
	}
	mz_store_release(&node.slots[index], link);
	mz_gather_shared_(gather, shared);
}

/* Makes the node below an entry of the locked `node`, which is the table's own, its own too. */
static enum mz_error own_child(struct mz_table *table, struct mz_node_ref node, unsigned index,
			       uint64_t first, struct mz_gather *gather)
{
	struct mz_node_ref shared = child_of(table, mz_load_relaxed(&node.slots[index]),
					     node.level);
	enum mz_error error = MZ_OK;
	mz_node copy;

	/* Others that make a copy of it hold the lock, and so do those whose own it has become. */
	mz_lock_acquire(&shared.frame->lock);
	if (mz_refs_shared(&shared.frame->refs)) {
		error = take_node(table, gather, shared.level, &copy);
		if (error == MZ_OK) {
			share_entries(table, shared, node_at(table, copy.oa, shared.level), 0,
				      mz_entry_count(table->config.format, shared.level));
			put_copy(table, node, index, copy, first, gather);
		}
	}
	mz_lock_release(&shared.frame->lock);
	return error;
}

/* What one call carries down the tree. */
struct own_job {
	struct mz_table *table;
	struct mz_gather *gather;
	bool all;
};

/* The ways below the locked `node`, which is the table's own. */
static enum mz_error own_below(const struct own_job *job, struct mz_node_ref node, uint64_t first,
			       uint64_t last)
{
	struct mz_table *table = job->table;
	const struct mz_format *f = table->config.format;

	if (node.level == 1)
		return MZ_OK;
	for (struct part p = part_at(f, node.level, first, last); p.valid;
	     part_next(f, node.level, last, &p)) {
		struct mz_node_ref child;
		enum mz_error error;

		if (f->kind(mz_load_relaxed(&node.slots[p.index]), node.level) != MZ_NODE ||
		    (p.whole && !job->all))
			continue;
		error = own_child(table, node, p.index, part_base(f, node.level, &p), job->gather);
		if (error != MZ_OK)
			return error;
		child = child_of(table, mz_load_relaxed(&node.slots[p.index]), node.level);
		mz_lock_acquire(&child.frame->lock);
		error = own_below(job, child, p.first, p.last);
		mz_lock_release(&child.frame->lock);
		if (error != MZ_OK)
			return error;
	}
	return MZ_OK;
}

enum mz_error mz_table_own(struct mz_table *table, mz_ia ia, uint64_t bytes, bool all,
			   struct mz_gather *gather)
{
	enum mz_error error = check_range(table, ia.addr, bytes);
	struct own_job job = {table, gather, all};
	struct mz_node_ref root;

	if (error != MZ_OK || !table->shares)
		return error;
	root = node_at(table, table->root_oa, table->config.format->levels);
	mz_reader_enter(table);
	mz_lock_acquire(&root.frame->lock);
	error = own_below(&job, root, ia.addr, ia.addr + (bytes - 1));
	/* Who is let in next finds the way its own, and does not flush what it was before. */
	if (gather->nodes)
		mz_gather_flush_(gather);
	mz_lock_release(&root.frame->lock);
	mz_reader_leave(table);
	return error;
}

/* A leaf for the page of the locked level-1 node; the old one is gathered. */
static enum mz_error exchange_leaf(struct mz_table *table, struct mz_node_ref node, uint64_t addr,
				   mz_oa from, mz_oa to, struct mz_gather *gather)
{
	const struct mz_format *f = table->config.format;
	unsigned index = mz_index(f, addr, 1);
	uint64_t entry = mz_load_relaxed(&node.slots[index]);
	struct mz_prop prop;

	if (f->kind(entry, 1) != MZ_LEAF || f->oa(entry, 1).addr != from.addr)
		return MZ_NOT_MAPPED;
	prop = f->prop(entry, 1);
	/* What may be written already is more than what the caller has copied. */
	if ((prop.perm & MZ_WRITE) != 0 && !is_narrow(table, addr, 2))
		return MZ_NOT_MAPPED;
	if (table->config.items.take != NULL)
		table->config.items.take(table->config.items.context, mz_item_pack(to, prop, 1));
	if (breaks(table)) {
		entry = mz_exchange(&node.slots[index], f->absent);
		mz_gather_range_(gather, addr, mz_span_last(f, addr, 1));
		mz_gather_flush_(gather);
		mz_store_release(&node.slots[index], f->make_leaf(to, 1, prop));
	} else {
		entry = mz_exchange(&node.slots[index], f->make_leaf(to, 1, prop));
		mz_gather_range_(gather, addr, mz_span_last(f, addr, 1));
	}
	if (gather->unmapped != NULL)
		gather->unmapped(gather->context, mz_ia_from(addr), item_of(f, entry, 1), 1);
	if (table->config.items.put != NULL)
		mz_gather_item_(gather, item_of(f, entry, 1));
	return MZ_OK;
}

enum mz_error mz_table_exchange(struct mz_table *table, mz_ia ia, mz_oa from, mz_oa to,
				struct mz_gather *gather)
{
	const struct mz_format *f = table->config.format;
	uint64_t bytes = mz_span(f, 1);
	enum mz_error error = check_range(table, ia.addr, bytes);
	struct mz_node_ref node;

	if (error != MZ_OK)
		return error;
	if (!mz_page_aligned(f, from.addr | to.addr))
		return MZ_MISALIGNED;
	if (!oa_valid(table, to.addr, bytes))
		return MZ_OUT_OF_RANGE;
	error = mz_table_split(table, ia, 1, gather);
	if (error != MZ_OK)
		return error;
	mz_reader_enter(table);
	node = lock_cover(table, ia.addr, ia.addr + (bytes - 1), false);
	error = node.level == 1 ? exchange_leaf(table, node, ia.addr, from, to, gather)
				: MZ_NOT_MAPPED;
	mz_lock_release(&node.frame->lock);
	mz_reader_leave(table);
	return error;
}
