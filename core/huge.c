// SPDX-License-Identifier: MPL-2.0
/* By the run-time format: each call is worth hundreds of entries. */
#include "core/huge.h"

#include "core/body/unmap.h"
#include "core/body/write.h"

static enum mz_error check(const struct mz_table *table, mz_ia ia, unsigned level)
{
	const struct mz_format *f = table->config.format;

	if (!address_managed(table, ia.addr))
		return MZ_OUT_OF_RANGE;
	return level >= 1 && level <= f->levels && mz_leaf_allowed(table->config.leaf_levels, level)
		? MZ_OK
		: MZ_BAD_LEVEL;
}

/* Splits what is at [first, last] in the locked node that has a leaf, or part of one, there. */
static enum mz_error split_at(struct mz_table *table, struct mz_node_ref node, uint64_t first,
			      uint64_t last, struct mz_gather *gather)
{
	const struct mz_format *f = table->config.format;
	struct part p = part_at(f, node.level, first, last);
	uint64_t entry = mz_load_relaxed(&node.slots[p.index]);
	struct mz_reserve own, *reserve = reserve_of(gather, &own);
	enum mz_error error;

	if (f->kind(entry, node.level) != MZ_LEAF)
		return MZ_NOT_MAPPED;
	if (p.whole)
		return MZ_OK;
	split_count(table, reserve, node.level, first, last, false);
	error = mz_reserve_fill(&table->config, reserve);
	if (error == MZ_OK)
		split(table, reserve, node, &p, entry, f->prop(entry, node.level).perm, NULL,
		      gather);
	mz_reserve_drain(&table->config, &own);
	return error;
}

enum mz_error mz_table_split(struct mz_table *table, mz_ia ia, unsigned level,
			     struct mz_gather *gather)
{
	enum mz_error error = check(table, ia, level);
	struct mz_node_ref node;
	uint64_t first, last;

	if (error != MZ_OK)
		return error;
	first = ia.addr & ~(mz_span(table->config.format, level) - 1);
	last = mz_span_last(table->config.format, first, level);
	mz_reader_enter(table);
	node = lock_cover(table, first, last, true);
	/* A node in the place of one leaf of that level: its leaves are smaller. */
	if (node.level == level &&
	    table->config.format->kind(
		    mz_load_relaxed(&node.slots[mz_index(table->config.format, first, level)]),
		    level) == MZ_NODE)
		error = mz_leaf_level(table->ops->find(table, ia)) != 0 ? MZ_OK : MZ_NOT_MAPPED;
	else
		error = split_at(table, node, first, last, gather);
	mz_lock_release(&node.frame->lock);
	mz_reader_leave(table);
	return error;
}

/* What all leaves of a subtree have to be, and what they have been found to have set. */
struct like {
	uint64_t offset; /* output address less input address */
	struct mz_prop prop;
	bool narrow;    /* a link above forbids writing, whatever leaves say */
	uint16_t flags; /* accessed, dirty */
};

#define SET_BY_HARDWARE ((unsigned)(MZ_ACCESSED | MZ_DIRTY))

static bool leaf_is_like(const struct mz_format *f, uint64_t entry, unsigned level, uint64_t first,
			 struct like *like)
{
	struct mz_prop prop = f->prop(entry, level);
	unsigned differ = prop.perm ^ like->prop.perm;

	if (like->narrow)
		differ &= ~(unsigned)MZ_WRITE;
	like->flags |= (uint16_t)(prop.flags & SET_BY_HARDWARE);
	return differ == 0 && f->oa(entry, level).addr == first + like->offset &&
		prop.memory == like->prop.memory &&
		((prop.flags ^ like->prop.flags) & ~SET_BY_HARDWARE) == 0;
}

/* Does all of the locked subtree map what `like` says? */
static bool all_alike(struct mz_table *table, struct mz_node_ref node, uint64_t first,
		      struct like *like)
{
	const struct mz_format *f = table->config.format;

	if (node.frame->child_count != mz_entry_count(f, node.level) ||
	    is_shared(table, node.frame))
		return false;
	for (unsigned i = 0; i < mz_entry_count(f, node.level); i++) {
		uint64_t entry = mz_load_relaxed(&node.slots[i]);
		uint64_t at = first + i * mz_span(f, node.level);

		if (f->kind(entry, node.level) == MZ_LEAF
			    ? !leaf_is_like(f, entry, node.level, at, like)
			    : !all_alike(table, child_of(table, entry, node.level), at, like))
			return false;
	}
	return true;
}

/* The first leaf of a locked subtree. False: nothing is mapped at its first address. */
static bool first_leaf(struct mz_table *table, struct mz_node_ref node, uint64_t *entry,
		       unsigned *level)
{
	const struct mz_format *f = table->config.format;

	for (;;) {
		*entry = mz_load_relaxed(&node.slots[0]);
		*level = node.level;
		if (f->kind(*entry, node.level) != MZ_NODE)
			return f->kind(*entry, node.level) == MZ_LEAF;
		node = child_of(table, *entry, node.level);
	}
}

/*
 * Puts the leaf in the place of the link. Where flags may be set until the last moment, or two
 * sizes may not be seen at once, nothing is there until it is flushed.
 */
static void put_leaf(struct mz_table *table, struct mz_node_ref node, unsigned index,
		     struct mz_node_ref child, uint64_t first, struct like *like,
		     struct mz_gather *gather)
{
	const struct mz_format *f = table->config.format;
	uint64_t last = mz_span_last(f, first, node.level);

	if (breaks(table) || mmu_writes(table)) {
		mz_exchange(&node.slots[index], f->absent);
		if (table->config.flush.range != NULL)
			flush_stale(table, (struct stale) {first, last}, true);
		all_alike(table, child, first, like);
	} else {
		mz_gather_range_(gather, first, last);
	}
	like->prop.flags = (uint16_t)((like->prop.flags & ~SET_BY_HARDWARE) | like->flags);
	mz_store_release(&node.slots[index],
			 f->make_leaf(mz_oa_from(first + like->offset), node.level, like->prop));
}

/* What the leaves of a locked subtree own is the new leaf's now. */
static void move_items(struct mz_table *table, struct mz_node_ref node)
{
	const struct mz_format *f = table->config.format;

	node.frame->moved = true;
	for (unsigned i = 0; node.level > 1 && i < mz_entry_count(f, node.level); i++) {
		uint64_t entry = mz_load_relaxed(&node.slots[i]);

		if (f->kind(entry, node.level) == MZ_NODE)
			move_items(table, child_of(table, entry, node.level));
	}
}

/* Gives the nodes up that a leaf has taken the place of. Nothing is unmapped by that. */
static void drop_nodes(struct mz_table *table, struct mz_node_ref child, mz_node made,
		       uint64_t first, struct mz_gather *gather)
{
	void (*unmapped)(void *, mz_ia, struct mz_item, unsigned) = gather->unmapped;

	gather->unmapped = NULL;
	move_items(table, child);
	estrange(table, child, first, false, false, gather);
	gather->unmapped = unmapped;
	mz_gather_node_(table->config.format, gather, made.oa);
}

/* The link at `index` of the locked node, all below which is locked too. False: it has to stay. */
static bool collapse_link(struct mz_table *table, struct mz_node_ref node, unsigned index,
			  uint64_t first, struct mz_gather *gather)
{
	const struct mz_format *f = table->config.format;
	uint64_t link = mz_load_relaxed(&node.slots[index]), entry;
	mz_node made = {f->oa(link, node.level)};
	struct mz_node_ref child = child_of(table, link, node.level);
	struct like like = {.narrow = is_narrow(table, first, node.level)};
	unsigned level;

	if (!first_leaf(table, child, &entry, &level))
		return false;
	like.offset = f->oa(entry, level).addr - first;
	like.prop = f->prop(entry, level);
	if (like.narrow)
		like.prop.perm &= (uint8_t) ~(unsigned)MZ_WRITE;
	if ((like.offset & (mz_span(f, node.level) - 1)) != 0 ||
	    !f->encodable(like.prop, node.level, table->config.features) ||
	    !all_alike(table, child, first, &like))
		return false;
	put_leaf(table, node, index, child, first, &like, gather);
	drop_nodes(table, child, made, first, gather);
	return true;
}

/*
 * Does the way for an address lead to a locked node, and has no other table one of the nodes on it?
 * Who is about to copy one may have broken its link.
 */
static bool way_is_own(const struct mz_table *table, struct mz_node_ref node, uint64_t addr)
{
	const struct mz_format *f = table->config.format;
	struct mz_node_ref on_way = node_at(table, table->root_oa, f->levels);

	while (table->shares && on_way.level > node.level) {
		uint64_t entry = mz_load_acquire(&on_way.slots[mz_index(f, addr, on_way.level)]);

		if (f->kind(entry, on_way.level) != MZ_NODE)
			return false;
		on_way = child_of(table, entry, on_way.level);
		if (is_shared(table, on_way.frame))
			return false;
	}
	return !table->shares || on_way.slots == node.slots;
}

enum mz_error mz_table_collapse(struct mz_table *table, mz_ia ia, unsigned level,
				struct mz_gather *gather)
{
	const struct mz_format *f = table->config.format;
	enum mz_error error = check(table, ia, level);
	uint64_t first, last;
	struct mz_node_ref node;

	if (error != MZ_OK)
		return error;
	first = ia.addr & ~(mz_span(f, level) - 1);
	last = mz_span_last(f, first, level);
	mz_reader_enter(table);
	node = lock_cover(table, first, last, true);
	error = MZ_NOT_MAPPED;
	if (node.level == level && may_cut(table, level) && way_is_own(table, node, first)) {
		unsigned index = mz_index(f, first, level);

		lock_below(table, node, first, last);
		if (f->kind(mz_load_relaxed(&node.slots[index]), level) == MZ_NODE &&
		    collapse_link(table, node, index, first, gather))
			error = MZ_OK;
		else
			unlock_below(table, node, first, last);
	}
	mz_lock_release(&node.frame->lock);
	mz_reader_leave(table);
	return error;
}
