// SPDX-License-Identifier: MPL-2.0
/* Entries one at a time, by the run-time format: the same writer as the operations use. */
#include "core/entry.h"

#include "core/body/split.h"

static void read_again(struct mz_entry *entry)
{
	entry->entry = mz_guard_read(entry->guard, entry->index);
}

enum mz_error mz_entry_at(struct mz_guard *guard, unsigned index, struct mz_entry *entry)
{
	const struct mz_format *f = format_of(guard->table);

	if (index >= mz_entry_count(f, guard->node.level))
		return MZ_OUT_OF_RANGE;
	entry->guard = guard;
	entry->index = index;
	read_again(entry);
	return MZ_OK;
}

enum mz_kind mz_entry_kind(const struct mz_entry *entry)
{
	return format_of(entry->guard->table)->kind(entry->entry, entry->guard->node.level);
}

struct mz_child_ref mz_entry_child(const struct mz_entry *entry)
{
	return mz_child_ref(&entry->guard->table->config, entry->entry, entry->guard->node.level);
}

enum mz_error mz_entry_replace(struct mz_entry *entry, struct mz_child child, struct mz_child *old)
{
	struct mz_table *table = entry->guard->table;
	struct mz_node_ref node = entry->guard->node;
	uint64_t raw;
	enum mz_error error = mz_child_into_entry(&table->config, child, node.level, &raw);

	if (error != MZ_OK)
		return error;
	*old = mz_child_from_entry(&table->config, entry_replace(table, node, entry->index, raw),
				   node.level);
	read_again(entry);
	return MZ_OK;
}

enum mz_error mz_entry_alloc_if_absent(struct mz_entry *entry, struct mz_guard *child)
{
	struct mz_table *table = entry->guard->table;
	struct mz_node_ref node = entry->guard->node;
	enum mz_error error;
	mz_node made;

	if (node.level == 1)
		return MZ_BAD_LEVEL;
	if (mz_entry_kind(entry) != MZ_ABSENT)
		return MZ_OCCUPIED;
	error = mz_node_alloc(&table->config, node.level - 1, &made);
	if (error != MZ_OK)
		return error;
	*child = mz_guard_lock(table, mz_node_ref(&table->config, made));
	entry_link(table, node, entry->index, made.oa);
	read_again(entry);
	return MZ_OK;
}

enum mz_error mz_entry_split(struct mz_entry *entry, struct mz_guard *child)
{
	struct mz_table *table = entry->guard->table;
	const struct mz_format *f = format_of(table);
	struct mz_node_ref node = entry->guard->node;
	/* A part that changes nothing: the last page keeps the leaf's permissions. */
	struct part all = {entry->index, 0, mz_span(f, node.level) - 1, true, true};
	struct hold hold = {all.first, all.last};
	struct mz_reserve reserve;
	enum mz_error error;

	if (mz_entry_kind(entry) != MZ_LEAF || node.level == 1)
		return MZ_NOT_MAPPED;
	if (!mz_leaf_allowed(table->config.leaf_levels, node.level - 1))
		return MZ_BAD_LEVEL;
	mz_reserve_init(&reserve);
	reserve.need[node.level - 1] = 1;
	error = mz_reserve_fill(&table->config, &reserve);
	if (error != MZ_OK)
		return error;
	split(table, &reserve, node, &all, entry->entry, f->prop(entry->entry, node.level).perm,
	      &hold);
	read_again(entry);
	*child = mz_guard_adopt(table, child_of(table, entry->entry, node.level));
	return MZ_OK;
}

enum mz_error mz_entry_protect(struct mz_entry *entry, unsigned perm)
{
	struct mz_table *table = entry->guard->table;
	const struct mz_format *f = format_of(table);
	unsigned level = entry->guard->node.level;

	if (mz_entry_kind(entry) != MZ_LEAF)
		return MZ_NOT_MAPPED;
	if (perm > UINT8_MAX || !f->encodable(mz_prop_from(perm), level, table->config.features))
		return MZ_NOT_ENCODABLE;
	entry_protect(f, entry->guard->node, entry->index, entry->entry, perm, mmu_writes(table));
	read_again(entry);
	return MZ_OK;
}
