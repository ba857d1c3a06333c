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

/* A node does not know where it begins: what one of its entries maps may be anywhere. */
static struct stale anywhere(const struct mz_table *table)
{
	const struct mz_format *f = table->config.format;
	struct stale all = {0, UINT64_MAX};

	if (!f->ia_signed) {
		all.first = table->config.root_first * mz_span(f, f->levels);
		all.last = table->config.root_end * mz_span(f, f->levels) - 1;
	}
	return all;
}

/* Do two entries differ in no more than permissions, and what the MMU sets? */
static bool differ_little(const struct mz_format *f, uint64_t a, uint64_t b, unsigned level)
{
	const unsigned set = MZ_ACCESSED | MZ_DIRTY;
	struct mz_prop a_prop = f->prop(a, level), b_prop = f->prop(b, level);

	return f->kind(a, level) == f->kind(b, level) &&
		f->oa(a, level).addr == f->oa(b, level).addr &&
		(f->kind(a, level) == MZ_NODE ||
		 (a_prop.memory == b_prop.memory && ((a_prop.flags ^ b_prop.flags) & ~set) == 0));
}

/* Where something is present before and after, it is broken and flushed first if it has to be. */
static uint64_t replace(struct mz_table *table, struct mz_node_ref node, unsigned index,
			uint64_t to)
{
	const struct mz_format *f = format_of(table);
	uint64_t from = mz_load_relaxed(&node.slots[index]);

	if (!breaks(table) || f->kind(from, node.level) == MZ_ABSENT ||
	    f->kind(to, node.level) == MZ_ABSENT || differ_little(f, from, to, node.level))
		return entry_replace(table, node, index, to);
	from = entry_replace(table, node, index, f->absent);
	flush_stale(table, anywhere(table), f->kind(from, node.level) == MZ_NODE);
	entry_replace(table, node, index, to);
	return from;
}

enum mz_error mz_entry_replace(struct mz_entry *entry, struct mz_child child, struct mz_child *old)
{
	struct mz_table *table = entry->guard->table;
	struct mz_node_ref node = entry->guard->node;
	uint64_t raw;
	enum mz_error error = mz_child_into_entry(&table->config, child, node.level, &raw);

	if (error != MZ_OK)
		return error;
	*old = mz_child_from_entry(&table->config, replace(table, node, entry->index, raw),
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
	split_leaf(table, &reserve, node, &all, entry->entry,
		   f->prop(entry->entry, node.level).perm, &hold, anywhere(table));
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
