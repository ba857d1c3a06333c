/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Write protection from above. Where an MMU ANDs the permissions of the levels, a link that forbids
 * writing protects all that lies below it, and is called narrow. To let one address be written
 * again, the narrow link on its way hands what it forbids down: first each entry of its node
 * forbids, then the link allows. So each step costs one node, whatever the subtree holds, and at no
 * moment may anything be written that was not asked for.
 *
 * A processor that caches links for themselves, and not what they let together with those above, is
 * made to forget them between the two (`links_cached_raw`).
 *
 * In other formats the leaves are protected one by one, behind the same calls.
 */
#ifndef MZ_CORE_BODY_WRITE_H
#define MZ_CORE_BODY_WRITE_H

#include "core/body/protect.h"

/* Does this entry let what it leads to be written, as far as it decides? */
MZ_INLINE bool lets_write(const struct mz_format *f, uint64_t entry, unsigned level)
{
	return (f->prop(entry, level).perm & MZ_WRITE) != 0;
}

/* The entry as it forbids writing; as it was if it forbids already, or is no memory. */
MZ_INLINE uint64_t write_forbidden(const struct mz_format *f, uint64_t entry, unsigned level)
{
	unsigned perm;

	if (f->hierarchical)
		return f->forbid_write(entry, level);
	if (f->kind(entry, level) != MZ_LEAF)
		return entry;
	perm = f->prop(entry, level).perm;
	return (perm & (MZ_READ | MZ_WRITE)) == (MZ_READ | MZ_WRITE)
		? f->with_perm(entry, level, perm & ~(unsigned)MZ_WRITE)
		: entry;
}

/* Changes an entry that the MMU may be writing. Answers it as it was last. */
MZ_INLINE uint64_t forbid_write(const struct mz_format *f, struct mz_node_ref node, unsigned index,
				bool atomic)
{
	uint64_t entry = mz_load_relaxed(&node.slots[index]);
	uint64_t narrow = write_forbidden(f, entry, node.level);

	if (narrow == entry)
		return entry;
	if (atomic)
		while (!mz_replace(&node.slots[index], &entry, narrow))
			narrow = write_forbidden(f, entry, node.level);
	else
		mz_store_relaxed(&node.slots[index], narrow);
	return entry;
}

/* Forbids, and says what is to be flushed if that was news. */
MZ_INLINE void protect_entry(struct mz_table *table, struct mz_node_ref node, const struct part *p,
			     struct mz_gather *gather)
{
	const struct mz_format *f = format_of(table);
	uint64_t entry = forbid_write(f, node, p->index, mmu_writes(table));
	uint64_t base = part_base(f, node.level, p);

	if (write_forbidden(f, entry, node.level) == entry)
		return;
	mz_gather_range_(gather, base, mz_span_last(f, base, node.level));
	gather->nodes |= f->kind(entry, node.level) == MZ_NODE;
}

/* All of [first, last] below the locked `node`. */
static inline void write_protect_below(struct mz_table *table, struct mz_node_ref node,
				       uint64_t first, uint64_t last, struct mz_gather *gather)
{
	const struct mz_format *f = format_of(table);

	for (struct part p = part_at(f, node.level, first, last); p.valid;
	     part_next(f, node.level, last, &p)) {
		uint64_t entry = mz_load_relaxed(&node.slots[p.index]);

		if (f->kind(entry, node.level) == MZ_NODE && !(f->hierarchical && p.whole)) {
			struct mz_node_ref child = child_of(table, entry, node.level);

			if (f->hierarchical && !lets_write(f, entry, node.level))
				continue;
			mz_lock_acquire(&child.frame->lock);
			write_protect_below(table, child, p.first, p.last, gather);
			mz_lock_release(&child.frame->lock);
		} else {
			protect_entry(table, node, &p, gather);
		}
	}
}

/*
 * Looks at the way to a locked node. False: it does not lead there any more; where nodes are
 * shared, a copy may have taken the place of one that was waited for. `narrow`: a link on it
 * forbids writing to all of the node, and so do the node's entries before that link lets.
 */
static inline bool look_at_way(const struct mz_table *table, uint64_t ia, struct mz_node_ref node,
			       bool *narrow)
{
	const struct mz_format *f = format_of(table);
	struct mz_node_ref at = node_at(table, table->root_oa, f->levels);

	*narrow = false;
	while (at.level > node.level) {
		uint64_t entry = mz_load_acquire(&at.slots[mz_index(f, ia, at.level)]);

		if (f->kind(entry, at.level) != MZ_NODE)
			return false;
		*narrow |= f->hierarchical && !lets_write(f, entry, at.level);
		at = child_of(table, entry, at.level);
	}
	return at.frame == node.frame;
}

/* Locks the node below which [first, last] is to be protected, as lock_cover(). */
static inline struct mz_node_ref lock_to_protect(struct mz_table *table, uint64_t first,
						 uint64_t last, bool *narrow)
{
	for (;;) {
		struct mz_node_ref cover = lock_cover(table, first, last, true);

		if (MZ_LIKELY(look_at_way(table, first, cover, narrow)))
			return cover;
		mz_lock_release(&cover.frame->lock);
	}
}

static inline enum mz_error instance_write_protect(struct mz_table *table, mz_ia ia, uint64_t bytes,
						   struct mz_gather *gather)
{
	enum mz_error error = check_range(table, ia.addr, bytes);
	uint64_t last = ia.addr + (bytes - 1);
	struct mz_node_ref cover;
	struct mz_gather own;
	bool narrow;

	if (error != MZ_OK)
		return error;
	mz_gather_init(&own, table);
	mz_reader_enter(table);
	cover = lock_to_protect(table, ia.addr, last, &narrow);
	if (!narrow)
		write_protect_below(table, cover, ia.addr, last, gather != NULL ? gather : &own);
	mz_lock_release(&cover.frame->lock);
	mz_reader_leave(table);
	mz_gather_finish(&own);
	return MZ_OK;
}

/* Makes a link that is not narrow of one that is. */
MZ_INLINE void allow_write(const struct mz_format *f, struct mz_node_ref node, unsigned index,
			   uint64_t entry, bool atomic)
{
	uint64_t wide = f->link_write(entry, node.level, true);

	/* Whoever sees the link sees that the entries below forbid. */
	if (atomic)
		while (!mz_replace(&node.slots[index], &entry, wide))
			wide = f->link_write(entry, node.level, true);
	else
		mz_store_release(&node.slots[index], wide);
}

/* All entries of a node are going to be changed: lets their lines come while its lock is had. */
MZ_INLINE void expect_all(const struct mz_format *f, struct mz_node_ref node)
{
	unsigned count = mz_entry_count(f, node.level);

	for (unsigned i = 0; i < count; i += MZ_LINE_BYTES / sizeof(uint64_t))
		MZ_EXPECT(&node.slots[i]);
}

/* All entries of a node forbid. */
MZ_INLINE void forbid_all(const struct mz_format *f, struct mz_node_ref node, bool atomic)
{
	unsigned count = mz_entry_count(f, node.level);

	MZ_UNROLL
	for (unsigned i = 0; i < count; i++)
		forbid_write(f, node, i, atomic);
}

/* What one entry of this level maps around an address. */
MZ_INLINE struct stale stale_span(const struct mz_table *table, uint64_t addr, unsigned level)
{
	const struct mz_format *f = format_of(table);
	struct stale span = {addr & ~(mz_span(f, level) - 1), mz_span_last(f, addr, level)};

	return span;
}

/*
 * Hands down what the narrow link for `addr` in the node of `level` at `oa` forbids. Somebody else
 * may have done so, or cut the node: whoever asked looks again.
 */
MZ_NOINLINE void hand_down(struct mz_table *table, mz_oa oa, unsigned level, uint64_t addr)
{
	const struct mz_format *f = format_of(table);
	struct mz_node_ref node = node_at(table, oa, level);
	unsigned index = mz_index(f, addr, level);
	uint64_t entry;

	if (!lock_unless_stray(node.frame))
		return;
	entry = mz_load_relaxed(&node.slots[index]);
	if (f->kind(entry, level) == MZ_NODE && !lets_write(f, entry, level)) {
		struct mz_node_ref child = child_of(table, entry, level);

		expect_all(f, child);
		mz_lock_acquire(&child.frame->lock);
		if (mmu_writes(table))
			forbid_all(f, child, true);
		else
			forbid_all(f, child, false);
		/* A link below that is cached as it was would let write when this one does. */
		if (f->links_cached_raw && level > 2 && table->config.flush.range != NULL)
			flush_stale(table, stale_span(table, addr, level), true);
		allow_write(f, node, index, entry, mmu_writes(table));
		mz_lock_release(&child.frame->lock);
	}
	mz_lock_release(&node.frame->lock);
}

/*
 * Does a link on the way to ia, down to one of `level`, forbid writing? What it leads to is locked:
 * no link hands down to there meanwhile.
 */
static inline bool is_narrow(const struct mz_table *table, uint64_t ia, unsigned level)
{
	const struct mz_format *f = format_of(table);
	const uint64_t *slots = table->root;

	for (unsigned at = f->levels; f->hierarchical && at >= level; at--) {
		uint64_t entry = mz_load_acquire(&slots[mz_index(f, ia, at)]);

		if (!lets_write(f, entry, at))
			return true;
		slots = mz_slots_at(&table->config, f->oa(entry, at));
	}
	return false;
}

/* The end of the way for an address, all links of which let write; or where it was narrow. */
static inline enum mz_kind open_way(struct mz_table *table, uint64_t *slot, uint64_t addr,
				    unsigned *landed, uint64_t *landed_entry)
{
	const struct mz_format *f = format_of(table);
	mz_oa node = table->root_oa;

	MZ_UNROLL
	for (unsigned level = f->levels; level > 1; level--) {
		uint64_t entry = mz_load_acquire(slot);

		if (f->kind(entry, level) != MZ_NODE) {
			*landed = level;
			*landed_entry = entry;
			return f->kind(entry, level);
		}
		if (f->hierarchical && MZ_UNLIKELY(!lets_write(f, entry, level))) {
			hand_down(table, node, level, addr);
			return MZ_NODE;
		}
		node = f->oa(entry, level);
		slot = mz_slot_at(f, &table->config, node, addr, level - 1);
	}
	*landed = 1;
	*landed_entry = mz_load_acquire(slot);
	return f->kind(*landed_entry, 1);
}

/* Lets [first, last] of a leaf in a locked node be written, and splits it if that is not all. */
static inline enum mz_error open_part(struct mz_table *table, struct mz_node_ref node,
				      uint64_t entry, uint64_t first, uint64_t last,
				      struct mz_gather *gather)
{
	const struct mz_format *f = format_of(table);
	unsigned perm = f->prop(entry, node.level).perm | MZ_WRITE;
	struct part p = part_at(f, node.level, first, last);
	struct mz_reserve own, *reserve = reserve_of(gather, &own);
	enum mz_error error;

	if (!prop_encodable(table, mz_prop_from(perm)))
		return MZ_NOT_ENCODABLE;
	if (p.whole) {
		entries_protect(table, node, p.index, p.index + 1, perm);
		return MZ_OK;
	}
	split_count(table, reserve, node.level, first, last, false);
	error = mz_reserve_fill(&table->config, reserve);
	if (error == MZ_OK)
		split(table, reserve, node, &p, entry, perm, NULL, gather);
	else
		mz_reserve_drain(&table->config, &own);
	return error;
}

/* What is asked for of a leaf of this level. */
MZ_INLINE void choose_part(const struct mz_table *table, uint64_t addr, unsigned level,
			   bool writable_already, struct mz_writable *writable)
{
	unsigned part = level;

	while (!writable_already && part > 1 &&
	       (part > writable->level_max || !mz_leaf_allowed(table->config.leaf_levels, part)))
		part--;
	writable->leaf_level = (uint8_t)level;
	writable->bytes = mz_span(format_of(table), part);
	writable->ia = mz_ia_from(addr & ~(writable->bytes - 1));
}

/* Is it memory, and what is asked for? */
MZ_INLINE bool is_meant(const struct mz_format *f, uint64_t entry, unsigned level, uint64_t addr,
			const struct mz_writable *writable)
{
	uint64_t page = addr & (mz_span(f, level) - 1) & ~(mz_span(f, 1) - 1);

	return f->kind(entry, level) == MZ_LEAF && (f->prop(entry, level).perm & MZ_READ) != 0 &&
		(writable->only == NULL || f->oa(entry, level).addr + page == writable->only->addr);
}

/*
 * Lets a leaf, or of one above `level_max` only the part around the address, be written: as it is
 * under its node's lock, so that what others have taken from it meanwhile does not come back.
 * False: there is no such leaf any more.
 */
static inline bool open_leaf(struct mz_table *table, const uint64_t *top, uint64_t addr,
			     unsigned level, struct mz_writable *writable, struct mz_gather *gather,
			     enum mz_error *error)
{
	const struct mz_format *f = format_of(table);
	struct mz_node_ref node;
	uint64_t entry;
	bool found;

	if (!lock_node(table, top, addr, level, &node))
		return false;
	entry = mz_load_relaxed(&node.slots[mz_index(f, addr, level)]);
	found = is_meant(f, entry, level, addr, writable);
	if (found) {
		bool open = lets_write(f, entry, level);

		choose_part(table, addr, level, open, writable);
		*error = open ? MZ_OK
			      : open_part(table, node, entry, writable->ia.addr,
					  writable->ia.addr + (writable->bytes - 1), gather);
	}
	mz_lock_release(&node.frame->lock);
	return found;
}

/* One try. False: somebody else has changed what was met. */
static inline bool write_enable_once(struct mz_table *table, uint64_t *top, uint64_t addr,
				     struct mz_writable *writable, struct mz_gather *gather,
				     enum mz_error *error)
{
	const struct mz_format *f = format_of(table);
	uint64_t entry;
	unsigned level;
	enum mz_kind kind = open_way(table, top, addr, &level, &entry);

	if (kind == MZ_NODE)
		return false;
	*error = MZ_NOT_MAPPED;
	if (!is_meant(f, entry, level, addr, writable))
		return true;
	*error = MZ_OK;
	if (!lets_write(f, entry, level))
		return open_leaf(table, top, addr, level, writable, gather, error);
	choose_part(table, addr, level, true, writable);
	return true;
}

static inline enum mz_error instance_write_enable(struct mz_table *table, mz_ia ia,
						  struct mz_writable *writable)
{
	enum mz_error error;
	struct mz_gather own;
	uint64_t *top;

	writable->leaf_level = 0;
	if (!root_slot(table, ia.addr, &top))
		return MZ_OUT_OF_RANGE;
	mz_gather_init(&own, table);
	mz_reader_enter(table);
	while (!write_enable_once(table, top, ia.addr, writable,
				  writable->gather != NULL ? writable->gather : &own, &error))
		;
	mz_reader_leave(table);
	mz_gather_finish(&own);
	return error;
}

#endif
