/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The cursor's half that depends on the format. Every node below the cover, within the range, is
 * locked from open to close: what is made is locked before it is linked, what is cut is unlocked.
 */
#ifndef MZ_CORE_BODY_CURSOR_H
#define MZ_CORE_BODY_CURSOR_H

#include "core/body/items.h"
#include "core/body/unmap.h"
#include "core/cursor.h"

/* The way from the cover to a node, by level; `level` is that of the last. */
struct path {
	struct mz_node_ref nodes[MZ_LEVELS_MAX + 1];
	unsigned level;
};

MZ_INLINE struct path path_begin(const struct mz_cursor *cursor)
{
	struct path path;

	path.level = cursor->cover.level;
	path.nodes[path.level] = cursor->cover;
	return path;
}

MZ_INLINE void path_down(const struct mz_table *table, struct path *path, uint64_t entry)
{
	struct mz_node_ref child = child_of(table, entry, path->level);

	path->nodes[--path->level] = child;
}

static inline enum mz_error instance_cursor_open(struct mz_cursor *cursor, struct mz_table *table,
						 mz_ia ia, uint64_t bytes, struct mz_gather *gather)
{
	enum mz_error error = check_range(table, ia.addr, bytes);

	if (error != MZ_OK)
		return error;
	cursor->table = table;
	cursor->gather = gather;
	cursor->first = cursor->at = ia.addr;
	cursor->last = ia.addr + (bytes - 1);
	cursor->ended = false;
	mz_reserve_init(&cursor->reserve);
	mz_reader_enter(table);
	cursor->cover = lock_cover(table, cursor->first, cursor->last, true);
	lock_below(table, cursor->cover, cursor->first, cursor->last);
	return MZ_OK;
}

static inline void instance_cursor_close(struct mz_cursor *cursor)
{
	struct mz_table *table = cursor->table;
	bool emptied = cursor->cover.frame->child_count == 0;

	settle(table, cursor->gather);
	unlock_below(table, cursor->cover, cursor->first, cursor->last);
	mz_lock_release(&cursor->cover.frame->lock);
	if (emptied)
		prune(table, cursor->first, cursor->cover.level, cursor->gather);
	mz_reader_leave(table);
	mz_reserve_drain(&table->config, &cursor->reserve);
}

/* The node whose entry at `addr` is not a link, and the entry. */
static inline struct path descend(const struct mz_cursor *cursor, uint64_t addr, uint64_t *entry)
{
	const struct mz_format *f = format_of(cursor->table);
	struct path path = path_begin(cursor);

	for (;;) {
		struct mz_node_ref node = path.nodes[path.level];

		*entry = mz_load_relaxed(&node.slots[mz_index(f, addr, node.level)]);
		if (f->kind(*entry, node.level) != MZ_NODE)
			return path;
		path_down(cursor->table, &path, *entry);
	}
}

static inline struct mz_fragment instance_cursor_query(const struct mz_cursor *cursor)
{
	const struct mz_format *f = format_of(cursor->table);
	struct mz_fragment fragment = {.kind = MZ_ABSENT, .ia = mz_ia_from(cursor->at)};
	uint64_t entry, first, last;
	struct path path;

	if (cursor->ended)
		return fragment;
	path = descend(cursor, cursor->at, &entry);
	first = cursor->at & ~(mz_span(f, path.level) - 1);
	last = mz_span_last(f, first, path.level);
	fragment.kind = f->kind(entry, path.level);
	if (fragment.kind == MZ_LEAF) {
		fragment.item = item_of(f, entry, path.level);
	} else {
		first = first > cursor->first ? first : cursor->first;
		last = last < cursor->last ? last : cursor->last;
	}
	fragment.ia = mz_ia_from(first);
	fragment.bytes = last - first + 1;
	return fragment;
}

MZ_INLINE void move_behind(struct mz_cursor *cursor, uint64_t last)
{
	if (last >= cursor->last)
		cursor->ended = true;
	else
		cursor->at = last + 1;
}

static inline enum mz_error check_cursor_map(const struct mz_cursor *cursor, mz_oa oa,
					     unsigned level, struct mz_prop prop)
{
	const struct mz_table *table = cursor->table;
	const struct mz_format *f = format_of(table);
	uint64_t mask;

	if (level < 1 || level > f->levels || !mz_leaf_allowed(table->config.leaf_levels, level))
		return MZ_BAD_LEVEL;
	mask = mz_span(f, level) - 1;
	if (((cursor->at | oa.addr) & mask) != 0)
		return MZ_MISALIGNED;
	if (cursor->ended || mask > cursor->last - cursor->at ||
	    !oa_valid(cursor->table, oa.addr, mask + 1))
		return MZ_OUT_OF_RANGE;
	return f->encodable(prop, level, table->config.features) ? MZ_OK : MZ_NOT_ENCODABLE;
}

/* Nodes for [bottom, top): from the reserve, or anew where that has none of a level. */
static inline enum mz_error reserve_levels(struct mz_cursor *cursor, unsigned bottom, unsigned top)
{
	for (unsigned level = bottom; level < top; level++)
		cursor->reserve.need[level] = 1;
	return mz_reserve_fill(&cursor->table->config, &cursor->reserve);
}

/* A chain of nodes, each locked, from below the entry of `node` down to a leaf of `level`. */
static inline void map_chain(struct mz_cursor *cursor, struct mz_node_ref node, uint64_t oa,
			     unsigned level, struct mz_prop prop)
{
	struct mz_table *table = cursor->table;
	const struct mz_format *f = format_of(table);
	unsigned index = mz_index(f, cursor->at, node.level);
	struct mz_node_ref child;
	mz_node made;

	if (node.level == level) {
		if (takes_items(table))
			items_take(table, level, 1, oa, prop);
		entries_map(table, node, index, index + 1, oa, prop);
		return;
	}
	made = mz_reserve_take(f, &table->config, &cursor->reserve, node.level - 1);
	child = node_at(table, made.oa, node.level - 1);
	mz_lock_acquire(&child.frame->lock);
	mz_fill_absent(f, child.slots, 0, mz_entry_count(f, child.level));
	map_chain(cursor, child, oa, level, prop);
	entry_link(table, node, index, made.oa);
}

/*
 * Does a locked subtree map anything? A node can be empty for a moment: until whoever has emptied
 * it comes back from above to cut it.
 */
static inline bool maps_anything(struct mz_table *table, struct mz_node_ref node)
{
	const struct mz_format *f = format_of(table);

	if (node.level == 1 || node.frame->child_count == 0)
		return node.frame->child_count > 0;
	for (unsigned i = 0; i < mz_entry_count(f, node.level); i++) {
		uint64_t entry = mz_load_relaxed(&node.slots[i]);
		enum mz_kind kind = f->kind(entry, node.level);

		if (kind == MZ_LEAF ||
		    (kind == MZ_NODE && maps_anything(table, child_of(table, entry, node.level))))
			return true;
	}
	return false;
}

/*
 * Makes the entry of `level` at the position absent, where nothing is mapped below it. False: there
 * is, or the node has to stay.
 */
static inline bool make_room(struct mz_cursor *cursor, struct path *path, unsigned level)
{
	struct mz_table *table = cursor->table;

	if (!may_cut(table, level) || maps_anything(table, path->nodes[level - 1]))
		return false;
	cut(table, path->nodes[level], mz_index(format_of(table), cursor->at, level), cursor->at,
	    cursor->gather);
	path->level = level;
	return true;
}

static inline enum mz_error instance_cursor_map(struct mz_cursor *cursor, mz_oa oa, unsigned level,
						struct mz_prop prop)
{
	const struct mz_format *f = format_of(cursor->table);
	enum mz_error error = check_cursor_map(cursor, oa, level, prop);
	uint64_t entry;
	struct path path;

	if (error != MZ_OK)
		return error;
	path = descend(cursor, cursor->at, &entry);
	if (f->kind(entry, path.level) != MZ_ABSENT)
		return MZ_OCCUPIED;
	if (path.level < level && !make_room(cursor, &path, level))
		return MZ_OCCUPIED;
	error = reserve_levels(cursor, level, path.level);
	if (error != MZ_OK)
		return error;
	settle(cursor->table, cursor->gather);
	map_chain(cursor, path.nodes[path.level], oa.addr, level, prop);
	move_behind(cursor, mz_span_last(f, cursor->at, level));
	return MZ_OK;
}

/*
 * Finds the first thing mapped in [cursor->at, limit], and the way to the node that has it: a leaf,
 * or with `subtrees` a node that lies whole inside and may be cut. False: there is nothing.
 */
static inline bool next_mapped(struct mz_cursor *cursor, uint64_t limit, bool subtrees,
			       struct path *path, struct part *p, uint64_t *entry)
{
	struct mz_table *table = cursor->table;
	const struct mz_format *f = format_of(table);
	uint64_t at = cursor->at;

	*path = path_begin(cursor);
	for (;;) {
		struct mz_node_ref node = path->nodes[path->level];
		enum mz_kind kind;

		*p = part_at(f, node.level, at, limit);
		*entry = mz_load_relaxed(&node.slots[p->index]);
		kind = f->kind(*entry, node.level);
		if (kind == MZ_LEAF)
			return true;
		if (kind == MZ_NODE) {
			if (subtrees && p->whole && may_cut(table, node.level) &&
			    maps_anything(table, child_of(table, *entry, node.level)))
				return true;
			path_down(table, path, *entry);
			continue;
		}
		if (p->last == limit)
			return false;
		at = p->last + 1;
		/* Behind this node's last entry: up to the first that goes on. */
		while (path->level < cursor->cover.level && mz_index(f, at, path->level) == 0)
			path->level++;
	}
}

/* Cuts nodes on the way that have become empty, up to the cover, which is another's to cut. */
static inline void prune_path(struct mz_cursor *cursor, struct path *path, uint64_t addr)
{
	struct mz_table *table = cursor->table;
	const struct mz_format *f = format_of(table);

	while (path->level < cursor->cover.level &&
	       path->nodes[path->level].frame->child_count == 0 &&
	       may_cut(table, path->level + 1)) {
		struct mz_node_ref parent = path->nodes[++path->level];

		cut(table, parent, mz_index(f, addr, path->level),
		    addr & ~(mz_span(f, path->level) - 1), cursor->gather);
	}
}

/* What a part of an entry is, before it changes. */
static inline struct mz_fragment fragment_of(const struct mz_format *f, uint64_t entry,
					     unsigned level, const struct part *p)
{
	struct mz_fragment fragment = {.kind = f->kind(entry, level),
				       .ia = mz_ia_from(p->first),
				       .bytes = p->last - p->first + 1};

	if (fragment.kind == MZ_LEAF) {
		fragment.item = item_of(f, entry, level);
		fragment.item.oa.addr += p->first & (mz_span(f, level) - 1);
	}
	return fragment;
}

/* The last address of [position, position + bytes) in the range. False: that is nothing. */
static inline bool limit_of(const struct mz_cursor *cursor, uint64_t bytes, uint64_t *limit)
{
	*limit = bytes > cursor->last - cursor->at ? cursor->last : cursor->at + (bytes - 1);
	return bytes > 0 && !cursor->ended;
}

static inline enum mz_error check_cursor_length(const struct mz_cursor *cursor, uint64_t bytes)
{
	return mz_page_aligned(format_of(cursor->table), bytes) ? MZ_OK : MZ_MISALIGNED;
}

/* Gets the nodes that a split of `p` takes. */
static inline enum mz_error reserve_split(struct mz_cursor *cursor, unsigned level,
					  const struct part *p, bool unmap)
{
	split_count(cursor->table, &cursor->reserve, level, p->first, p->last, unmap);
	return mz_reserve_fill(&cursor->table->config, &cursor->reserve);
}

static inline void hand_out_part(struct mz_cursor *cursor, const struct part *p, uint64_t entry,
				 unsigned level)
{
	const struct mz_format *f = format_of(cursor->table);
	struct unmap_job job = {.table = cursor->table, .gather = cursor->gather};

	if (cursor->gather->unmapped != NULL || cursor->table->config.items.put != NULL)
		put_part(&job, p->first, p->last, f->oa(entry, level).addr - part_base(f, level, p),
			 f->prop(entry, level), level - 1);
}

static inline enum mz_error instance_cursor_take_next(struct mz_cursor *cursor, uint64_t bytes,
						      struct mz_fragment *fragment)
{
	struct mz_table *table = cursor->table;
	const struct mz_format *f = format_of(table);
	enum mz_error error = check_cursor_length(cursor, bytes);
	struct hold hold = {cursor->first, cursor->last};
	struct mz_node_ref node;
	struct path path;
	struct part p;
	uint64_t entry, limit;

	*fragment = (struct mz_fragment) {.kind = MZ_ABSENT, .ia = mz_ia_from(cursor->at)};
	if (error != MZ_OK || !limit_of(cursor, bytes, &limit))
		return error;
	if (!next_mapped(cursor, limit, !reports_flags(table, cursor->gather), &path, &p, &entry)) {
		move_behind(cursor, limit);
		return MZ_OK;
	}
	node = path.nodes[path.level];
	if (f->kind(entry, node.level) == MZ_NODE) {
		cut(table, node, p.index, p.first, cursor->gather);
	} else if (p.whole) {
		entry = entries_clear(table, node, p.index, p.index + 1, p.first, cursor->gather);
	} else {
		error = reserve_split(cursor, node.level, &p, true);
		if (error != MZ_OK)
			return error;
		entry = split(table, &cursor->reserve, node, &p, entry, 0, &hold, cursor->gather);
		hand_out_part(cursor, &p, entry, node.level);
	}
	*fragment = fragment_of(f, entry, node.level, &p);
	prune_path(cursor, &path, p.first);
	move_behind(cursor, p.last);
	return MZ_OK;
}

static inline enum mz_error instance_cursor_protect_next(struct mz_cursor *cursor, uint64_t bytes,
							 unsigned perm,
							 struct mz_fragment *fragment)
{
	struct mz_table *table = cursor->table;
	const struct mz_format *f = format_of(table);
	enum mz_error error = check_cursor_length(cursor, bytes);
	struct hold hold = {cursor->first, cursor->last};
	struct mz_node_ref node;
	struct path path;
	struct part p;
	uint64_t entry, limit;
	unsigned before;

	*fragment = (struct mz_fragment) {.kind = MZ_ABSENT, .ia = mz_ia_from(cursor->at)};
	if (perm > UINT8_MAX || !prop_encodable(table, mz_prop_from(perm)))
		return MZ_NOT_ENCODABLE;
	if (error != MZ_OK || !limit_of(cursor, bytes, &limit))
		return error;
	if (!next_mapped(cursor, limit, false, &path, &p, &entry)) {
		move_behind(cursor, limit);
		return MZ_OK;
	}
	node = path.nodes[path.level];
	before = f->prop(entry, node.level).perm;
	if (before != perm && p.whole) {
		entry = entry_protect(f, node, p.index, entry, perm, mmu_writes(table));
		if (loses(before, perm))
			mz_gather_range_(cursor->gather, p.first, p.last);
	} else if (before != perm) {
		error = reserve_split(cursor, node.level, &p, false);
		if (error != MZ_OK)
			return error;
		entry = split(table, &cursor->reserve, node, &p, entry, perm, &hold,
			      cursor->gather);
	}
	*fragment = fragment_of(f, entry, node.level, &p);
	move_behind(cursor, p.last);
	return MZ_OK;
}

#endif
