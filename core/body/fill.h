/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Filling: a leaf for an address where nothing is mapped, in one descent and under one lock, that
 * of the node with the absent entry. Missing nodes are complete before that lock is taken, so
 * nobody waits while they are made.
 */
#ifndef MZ_CORE_BODY_FILL_H
#define MZ_CORE_BODY_FILL_H

#include "core/body/arguments.h"
#include "core/body/items.h"
#include "core/body/range.h"
#include "core/reserve.h"

/* Where a descent has ended: an entry that is no link, as it was. */
struct landing {
	mz_oa node;
	unsigned level;
	uint64_t entry;
};

/* What came of one try. Not done: somebody else has changed what was met; the next will see it. */
struct attempt {
	bool done;
	enum mz_error error;
};

/* Follows links. Answers in `fill` whether all that were passed let write. */
MZ_INLINE struct landing descend_to_fill(const struct mz_table *table, const uint64_t *slot,
					 uint64_t addr, struct mz_fill *fill)
{
	const struct mz_format *f = format_of(table);
	struct landing at = {table->root_oa, f->levels, 0};
	bool writable = true;

	MZ_UNROLL
	for (unsigned level = f->levels; level >= 1; level--) {
		at.level = level;
		at.entry = mz_load_acquire(slot);
		if (level == 1 || MZ_UNLIKELY(f->kind(at.entry, level) != MZ_NODE))
			break;
		if (f->hierarchical)
			writable &= (f->prop(at.entry, level).perm & MZ_WRITE) != 0;
		at.node = f->oa(at.entry, level);
		slot = mz_slot_at(f, &table->config, at.node, addr, level - 1);
	}
	fill->writable = writable;
	return at;
}

/* What is asked for, as a leaf of `level` around the address. */
MZ_INLINE struct mz_leaf leaf_to_fill(const struct mz_format *f, uint64_t addr, unsigned level,
				      const struct mz_fill *fill)
{
	uint64_t mask = mz_span(f, level) - 1;
	uint64_t oa = (addr & ~mask) + fill->offset;

	return mz_leaf_from(oa | (addr & mask), level,
			    f->make_leaf(mz_oa_from(oa), level, fill->prop));
}

/* Puts an entry where an absent one was seen. False: it is not so any more. */
MZ_INLINE bool fill_entry(struct mz_table *table, struct landing at, uint64_t addr, uint64_t entry,
			  struct mz_leaf leaf, struct mz_prop prop)
{
	const struct mz_format *f = format_of(table);
	struct mz_node_ref node = node_at(table, at.node, at.level);
	uint64_t *slot = &node.slots[mz_index(f, addr, node.level)];
	bool absent;

	if (MZ_UNLIKELY(!lock_unless_stray(node.frame))) {
		if (node.level == 1)
			await_cut(table, addr);
		return false;
	}
	/* With one thread nobody can have filled it since. */
	absent = MZ_ONE_THREAD || f->kind(mz_load_relaxed(slot), node.level) == MZ_ABSENT;
	if (MZ_LIKELY(absent)) {
		if (MZ_UNLIKELY(takes_items(table))) {
			unsigned level = mz_leaf_level(leaf);

			items_take(table, level, 1, f->oa(leaf.entry, level).addr, prop);
		}
		mz_store_release(slot, entry);
		add_children(node.frame, 1);
	}
	mz_lock_release(&node.frame->lock);
	return absent;
}

/* The highest level, at most `level`, at which a leaf for this offset may be. */
MZ_INLINE unsigned level_to_fill(const struct mz_table *table, unsigned level,
				 const struct mz_fill *fill)
{
	const struct mz_format *f = format_of(table);

	if (level > fill->level_max)
		level = fill->level_max;
	while (level > 1 &&
	       (!mz_leaf_allowed(table->config.leaf_levels, level) ||
		mz_span(f, level) - 1 > table->oa_last ||
		(fill->offset & (mz_span(f, level) - 1)) != 0 ||
		!f->encodable(fill->prop, level, table->config.features)))
		level--;
	return level;
}

/* A chain of nodes below `top`, unlinked, down to a leaf. Answers the link to it. */
static inline uint64_t make_chain(struct mz_table *table, struct mz_reserve *reserve, unsigned top,
				  uint64_t addr, const struct mz_leaf *leaf)
{
	const struct mz_format *f = format_of(table);
	uint64_t entry = leaf->entry;

	for (unsigned level = mz_leaf_level(*leaf); level < top; level++) {
		mz_node made = mz_reserve_take(f, &table->config, reserve, level);
		struct mz_node_ref node = node_at(table, made.oa, level);

		mz_fill_absent(f, node.slots, 0, mz_entry_count(f, level));
		mz_slot_fill(&node.slots[mz_index(f, addr, level)], entry);
		add_children(node.frame, 1);
		entry = f->make_node(made.oa, level + 1);
	}
	return entry;
}

/* Takes apart what make_chain() has made. */
static inline void undo_chain(struct mz_table *table, struct mz_reserve *reserve, unsigned top,
			      uint64_t addr, const struct mz_leaf *leaf, uint64_t entry)
{
	const struct mz_format *f = format_of(table);

	for (unsigned level = top; level > mz_leaf_level(*leaf); level--) {
		mz_node made = {f->oa(entry, level)};
		struct mz_node_ref node = node_at(table, made.oa, level - 1);

		entry = node.slots[mz_index(f, addr, level - 1)];
		node.frame->child_count = 0;
		mz_reserve_put(f, &table->config, reserve, made, level - 1);
	}
}

/* Where nodes may be missing. */
MZ_NOINLINE struct attempt fill_slowly(struct mz_table *table, struct landing at, uint64_t addr,
				       struct mz_fill *fill)
{
	const struct mz_format *f = format_of(table);
	unsigned level = level_to_fill(table, at.level, fill);
	struct mz_leaf leaf = leaf_to_fill(f, addr, level, fill);
	struct mz_reserve own, *reserve = fill->reserve != NULL ? fill->reserve : &own;
	struct attempt attempt = {true, MZ_BAD_LEVEL};

	if (level < fill->level_min)
		return attempt;
	mz_reserve_init(&own);
	for (unsigned below = level; below < at.level; below++)
		reserve->need[below] = 1;
	attempt.error = mz_reserve_fill(&table->config, reserve);
	if (attempt.error == MZ_OK) {
		uint64_t entry = make_chain(table, reserve, at.level, addr, &leaf);

		attempt.done = fill_entry(table, at, addr, entry, leaf, fill->prop);
		if (attempt.done)
			fill->leaf = leaf;
		else
			undo_chain(table, reserve, at.level, addr, &leaf, entry);
	}
	mz_reserve_drain(&table->config, &own);
	return attempt;
}

/* A leaf is there already. */
MZ_NOINLINE struct attempt find_filled(const struct mz_table *table, struct landing at,
				       uint64_t addr, struct mz_fill *fill)
{
	const struct mz_format *f = format_of(table);
	uint64_t offset = addr & (mz_span(f, at.level) - 1);
	struct attempt attempt = {true, MZ_OCCUPIED};

	fill->leaf = mz_leaf_from(f->oa(at.entry, at.level).addr | offset, at.level, at.entry);
	return attempt;
}

MZ_INLINE struct attempt fill_once(struct mz_table *table, const uint64_t *top, uint64_t addr,
				   struct mz_fill *fill)
{
	const struct mz_format *f = format_of(table);
	struct landing at = descend_to_fill(table, top, addr, fill);
	struct attempt attempt = {true, MZ_BAD_LEVEL};
	struct mz_leaf leaf;

	if (f->kind(at.entry, at.level) == MZ_LEAF)
		return find_filled(table, at, addr, fill);
	if (MZ_UNLIKELY(at.level > 1))
		return fill_slowly(table, at, addr, fill);
	if (MZ_UNLIKELY(fill->level_min > 1))
		return attempt;
	at.level = 1; /* a constant from here on */
	leaf = leaf_to_fill(f, addr, 1, fill);
	attempt.error = MZ_OK;
	attempt.done = fill_entry(table, at, addr, leaf.entry, leaf, fill->prop);
	fill->leaf = leaf;
	return attempt;
}

/* In short; what is refused is looked at again for the reason. */
MZ_INLINE bool check_fill(const struct mz_table *table, uint64_t addr, const struct mz_fill *fill)
{
	const struct mz_format *f = format_of(table);
	uint64_t page = addr & ~(mz_span(f, 1) - 1);

	return mz_page_aligned(f, fill->offset) && page + fill->offset <= table->oa_last &&
		fill->level_max != 0 && f->encodable(fill->prop, 1, table->config.features);
}

MZ_NOINLINE enum mz_error refuse_fill(const struct mz_table *table, uint64_t addr,
				      const struct mz_fill *fill)
{
	const struct mz_format *f = format_of(table);
	uint64_t page = addr & ~(mz_span(f, 1) - 1);

	if (!mz_page_aligned(f, fill->offset))
		return MZ_MISALIGNED;
	if (page + fill->offset > table->oa_last)
		return MZ_OUT_OF_RANGE;
	return fill->level_max == 0 ? MZ_BAD_LEVEL : MZ_NOT_ENCODABLE;
}

static inline enum mz_error instance_fill(struct mz_table *table, mz_ia ia, struct mz_fill *fill)
{
	struct attempt attempt;
	uint64_t *top;

	if (MZ_UNLIKELY(!root_slot(table, ia.addr, &top)))
		return MZ_OUT_OF_RANGE;
	if (MZ_UNLIKELY(!check_fill(table, ia.addr, fill)))
		return refuse_fill(table, ia.addr, fill);
	mz_reader_enter(table);
	do
		attempt = fill_once(table, top, ia.addr, fill);
	while (MZ_UNLIKELY(!attempt.done));
	mz_reader_leave(table);
	return attempt.error;
}

#endif
