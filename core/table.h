/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A table: a tree of nodes that translates input to output addresses.
 *
 * Any number of processors may call these functions on one table at the same time, if the
 * configuration has `rcu` hooks or no call cuts nodes meanwhile (map, query and walk never do). A
 * call that changes a range is atomic to all others that change it: it locks the lowest node that
 * covers the range and the existing nodes below it. Queries take no lock. Nothing here sleeps, but
 * the embedder's hooks may. Locks spin: where a handler of interrupts calls in, these are masked
 * during every call that locks, mz_table_reclaim() among them.
 *
 * What must be flushed goes into a gather. With a gather of NULL the call flushes and retires
 * before it returns.
 */
#ifndef MZ_CORE_TABLE_H
#define MZ_CORE_TABLE_H

#include "core/config.h"
#include "core/debug.h"
#include "core/env.h"
#include "core/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mz_gather;
struct mz_reserve;
struct mz_cursor;
struct mz_fragment;
struct mz_fill;
struct mz_writable;
struct mz_harvest;

/* Made by mz_table_init(). Read-only to its user. `ops` is NULL once it was destroyed. */
struct mz_table {
	const struct mz_ops *ops;
	uint64_t *root;   /* the root's entries */
	mz_oa root_oa;    /* the root */
	uint64_t reach;   /* root entries below this are managed; 0: look closer */
	uint64_t oa_last; /* the last output address */
	bool shares;      /* some nodes may be those of other tables, too: see core/clone.h */
	struct mz_config config; /* as given, its defaults filled in */
};

/* The algorithms, instantiated for one format. Use the mz_table_ and mz_cursor_ functions. */
struct mz_ops {
	enum mz_error (*map)(struct mz_table *table, mz_ia ia, uint64_t bytes, mz_oa oa,
			     struct mz_prop prop);
	enum mz_error (*unmap)(struct mz_table *table, mz_ia ia, uint64_t bytes,
			       struct mz_gather *gather);
	enum mz_error (*protect)(struct mz_table *table, mz_ia ia, uint64_t bytes, unsigned perm,
				 struct mz_gather *gather);
	enum mz_error (*fill)(struct mz_table *table, mz_ia ia, struct mz_fill *fill);
	enum mz_error (*write_protect)(struct mz_table *table, mz_ia ia, uint64_t bytes,
				       struct mz_gather *gather);
	enum mz_error (*write_enable)(struct mz_table *table, mz_ia ia,
				      struct mz_writable *writable);
	enum mz_error (*harvest)(struct mz_table *table, mz_ia ia, uint64_t bytes,
				 struct mz_harvest *harvest);
	struct mz_leaf (*find)(const struct mz_table *table, mz_ia ia);
	void (*drop)(const struct mz_config *config, mz_oa node, uint32_t *dead);

	enum mz_error (*cursor_open)(struct mz_cursor *cursor, struct mz_table *table, mz_ia ia,
				     uint64_t bytes, struct mz_gather *gather);
	void (*cursor_close)(struct mz_cursor *cursor);
	struct mz_fragment (*cursor_query)(const struct mz_cursor *cursor);
	enum mz_error (*cursor_map)(struct mz_cursor *cursor, mz_oa oa, unsigned level,
				    struct mz_prop prop);
	enum mz_error (*cursor_take_next)(struct mz_cursor *cursor, uint64_t bytes,
					  struct mz_fragment *fragment);
	enum mz_error (*cursor_protect_next)(struct mz_cursor *cursor, uint64_t bytes,
					     unsigned perm, struct mz_fragment *fragment);
};

/* The run-time instance: works for every format, costs an indirect call per entry. */
extern const struct mz_ops mz_runtime_ops;

/*
 * Makes an empty table. Each part of the configuration that cannot be has an error of its own:
 * MZ_BAD_FORMAT, MZ_BAD_HOOKS, MZ_BAD_LEAVES, MZ_BAD_FEATURES, MZ_BAD_WIDTH, MZ_BAD_ROOT, as
 * core/error.h says. MZ_NO_MEMORY: no root.
 */
MZ_MUST_CHECK enum mz_error mz_table_init(struct mz_table *table, const struct mz_config *config);

/*
 * Gives the table's reference to its root back. The last reference frees what the table owns; a
 * root that a processor still has active goes when the last deactivates it. No other call
 * may be under way, no retired node may be pending, and no MMU may still walk the table once the
 * last reference is gone.
 */
void mz_table_destroy(struct mz_table *table);

/*
 * Maps [ia, ia + bytes) to [oa, oa + bytes) with the largest leaves that alignment and the
 * configuration allow. MZ_MISALIGNED: ia, oa or bytes is not a multiple of the page.
 * MZ_OUT_OF_RANGE: the range is empty, wraps, or leaves the table's or the format's part of either
 * address space. MZ_NOT_ENCODABLE: as the format says. MZ_OCCUPIED: anything in the range is mapped
 * already. MZ_NO_MEMORY.
 */
MZ_MUST_CHECK static inline enum mz_error mz_table_map(struct mz_table *table, mz_ia ia,
						       uint64_t bytes, mz_oa oa,
						       struct mz_prop prop)
{
	MZ_ASSERT(mz_table_made_(table));
	return table->ops->map(table, ia, bytes, oa, prop);
}

/*
 * Unmaps what is mapped in [ia, ia + bytes); holes stay holes. A leaf that reaches over an end of
 * the range is split first. Nodes that become empty are cut. MZ_MISALIGNED, MZ_OUT_OF_RANGE;
 * MZ_NO_MEMORY when a split needs a node.
 */
MZ_MUST_CHECK static inline enum mz_error mz_table_unmap(struct mz_table *table, mz_ia ia,
							 uint64_t bytes, struct mz_gather *gather)
{
	MZ_ASSERT(mz_table_made_(table));
	MZ_ASSERT(mz_gather_of_(gather, table));
	return table->ops->unmap(table, ia, bytes, gather);
}

/*
 * Gives every leaf in [ia, ia + bytes) exactly the permissions `perm`; holes stay holes. A leaf
 * that reaches over an end of the range is split first. Accessed and dirty bits that hardware sets
 * meanwhile are kept. Errors as for unmap, and MZ_NOT_ENCODABLE.
 */
MZ_MUST_CHECK static inline enum mz_error mz_table_protect(struct mz_table *table, mz_ia ia,
							   uint64_t bytes, unsigned perm,
							   struct mz_gather *gather)
{
	MZ_ASSERT(mz_table_made_(table));
	MZ_ASSERT(mz_gather_of_(gather, table));
	return table->ops->protect(table, ia, bytes, perm, gather);
}

/* What mz_table_fill() is asked for, and what it answers. */
struct mz_fill {
	uint64_t offset;               /* output address less input address */
	struct mz_prop prop;           /* of the leaf */
	unsigned level_min, level_max; /* the smallest and the largest leaf that may be mapped */
	struct mz_reserve *reserve; /* nodes are taken from here first; NULL: from memory alone */
	struct mz_leaf leaf;        /* answer: what translates ia now */
	bool writable;              /* answer: no link on the way to it forbids writing */
};

/*
 * Maps the largest leaf around ia, up to level_max, that both addresses are aligned for and for
 * which nothing has to go. MZ_OCCUPIED: something is mapped there already; `leaf` tells what.
 * MZ_MISALIGNED: the offset is no multiple of the page. MZ_OUT_OF_RANGE: of the table, or of output
 * addresses. MZ_BAD_LEVEL: level_max is 0, or only a leaf below level_min would do.
 * MZ_NOT_ENCODABLE. MZ_NO_MEMORY: neither the reserve nor
 * the memory hook has a node.
 */
MZ_MUST_CHECK static inline enum mz_error mz_table_fill(struct mz_table *table, mz_ia ia,
							struct mz_fill *fill)
{
	MZ_ASSERT(mz_table_made_(table));
	return table->ops->fill(table, ia, fill);
}

/*
 * Takes the permission to write from [ia, ia + bytes) by the fewest stores: where the format is
 * hierarchical, whole subtrees at once, from above. A leaf that reaches over an end of the range
 * loses it whole. What is mapped there later may not be written either, until
 * mz_table_write_enable() says so. Not one step to who works on a part of the range. MZ_MISALIGNED,
 * MZ_OUT_OF_RANGE. Never out of memory.
 */
MZ_MUST_CHECK static inline enum mz_error mz_table_write_protect(struct mz_table *table, mz_ia ia,
								 uint64_t bytes,
								 struct mz_gather *gather)
{
	MZ_ASSERT(mz_table_made_(table));
	MZ_ASSERT(mz_gather_of_(gather, table));
	return table->ops->write_protect(table, ia, bytes, gather);
}

/* What mz_table_write_enable() is asked for, and what it answers. */
struct mz_writable {
	unsigned level_max; /* of a larger leaf, only a part of this level is let be written */
	const mz_oa *only;  /* only while the page around ia is this; NULL: whatever it is */
	struct mz_gather *gather; /* what a split leaves behind; NULL: flushed at once */
	uint64_t bytes;           /* answer: [ia, ia + bytes) may be written now */
	mz_ia ia;
	uint8_t leaf_level; /* answer: the leaf that was met; 0: none */
};

/*
 * Lets the memory around ia be written, and nothing else that was not: what links on the way forbid
 * is handed down a level at a time. Permissions are only added, so only a split needs a flush, and
 * links that are cached raw, at once.
 * MZ_OUT_OF_RANGE. MZ_NOT_MAPPED: no memory is mapped at ia, or not what is asked for.
 * MZ_NOT_ENCODABLE. MZ_NO_MEMORY: a split needs a node; the way is open then, the leaf is not.
 */
MZ_MUST_CHECK static inline enum mz_error mz_table_write_enable(struct mz_table *table, mz_ia ia,
								struct mz_writable *writable)
{
	MZ_ASSERT(mz_table_made_(table));
	MZ_ASSERT(mz_gather_of_(writable->gather, table));
	return table->ops->write_enable(table, ia, writable);
}

/* What mz_table_harvest() is to collect, and who is told. */
struct mz_harvest {
	unsigned flags; /* MZ_ACCESSED, MZ_DIRTY, or both */
	/*
	 * Told of a leaf that has some of the flags, before it loses them; an error keeps them and
	 * ends the harvest. In a reader's section, with no lock held.
	 */
	enum mz_error (*told)(void *context, mz_ia ia, struct mz_item item);
	void *context;
	struct mz_gather
		*gather;     /* the flush that must be finished before the MMU sets them again */
	enum mz_error error; /* for the instances */
};

/*
 * Collects flags that the MMU has set in leaves of [ia, ia + bytes), and clears them. Where it sets
 * them in links as well, what was not used since the last harvest is skipped.
 * Whoever harvests a flag tells all who want to know. One harvest of a table at a time. Flushes
 * between its two passes: not inside a reader's section. MZ_MISALIGNED, MZ_OUT_OF_RANGE; errors of
 * `told`.
 */
MZ_MUST_CHECK static inline enum mz_error mz_table_harvest(struct mz_table *table, mz_ia ia,
							   uint64_t bytes,
							   struct mz_harvest *harvest)
{
	MZ_ASSERT(mz_table_made_(table) && mz_gather_of_(harvest->gather, table));
	return table->ops->harvest(table, ia, bytes, harvest);
}

/*
 * Sets flags, MZ_ACCESSED, MZ_DIRTY or both, in the leaf that maps ia, as the MMU would: for one
 * that takes a fault instead (`flags_fault` of the format). MZ_OUT_OF_RANGE. MZ_NOT_MAPPED: nothing
 * is mapped there.
 */
MZ_MUST_CHECK enum mz_error mz_table_mark(struct mz_table *table, mz_ia ia, unsigned flags);

/*
 * A reader's section of the table's RCU hooks; may be nested if the hooks may. With one thread at a
 * time in the library there are no readers.
 */
static inline void mz_reader_enter(const struct mz_table *table)
{
	if (!MZ_ONE_THREAD && table->config.rcu.enter != NULL)
		table->config.rcu.enter(table->config.rcu.context);
}

static inline void mz_reader_leave(const struct mz_table *table)
{
	if (!MZ_ONE_THREAD && table->config.rcu.leave != NULL)
		table->config.rcu.leave(table->config.rcu.context);
}

/*
 * Finds the leaf that translates ia: a walk without a lock, in two registers. The caller is inside
 * a reader's section if the table has RCU hooks, and decodes what it needs with mz_leaf_oa(),
 * mz_leaf_level() and mz_leaf_item(). Level 0: nothing is mapped, or the table does not reach.
 */
static inline struct mz_leaf mz_table_find(const struct mz_table *table, mz_ia ia)
{
	MZ_ASSERT(mz_table_made_(table));
	return table->ops->find(table, ia);
}

/* All that a leaf of this table says. `prop` is that of the entry, not narrowed by links above. */
static inline struct mz_item mz_leaf_item(const struct mz_table *table, struct mz_leaf leaf)
{
	unsigned level = mz_leaf_level(leaf);
	struct mz_item item = {mz_oa_from(0), mz_prop_from(0), 0};

	if (level != 0) {
		item.oa = mz_leaf_oa(leaf);
		item.prop = table->config.format->prop(leaf.entry, level);
		item.level = (uint8_t)level;
	}
	return item;
}

/*
 * The same in one call, which is a reader's section of its own: `oa` is the output address of ia
 * itself, `level` the level of its leaf, or 0 where nothing is mapped or the table does not reach.
 */
struct mz_item mz_table_query(const struct mz_table *table, mz_ia ia);

/* What a root register holds so that an MMU walks this table: EPTP, CR3, as the format says. */
uint64_t mz_table_root_register(const struct mz_table *table);

/* A processor, and the table that its MMU walks: it owns a reference to the root. */
struct mz_processor {
	struct mz_table *active; /* NULL: none */
};

/*
 * The processor's MMU is about to walk `table`: takes a reference to its root, then gives back the
 * one to the table before, so an active table is never freed. The table active already: nothing
 * changes. Answers the root-register value; to load it, and to flush, is the caller's. A struct
 * mz_table stays where it is until no processor has it active. Each processor for itself.
 */
uint64_t mz_processor_activate(struct mz_processor *processor, struct mz_table *table);

/* The processor's MMU walks no table any more. */
void mz_processor_deactivate(struct mz_processor *processor);

/*
 * Frees a list of nodes that the `retire` hook was given, and all below them. Those that another
 * table has given up meanwhile are handed to the hook again, for one more grace period.
 */
void mz_table_reclaim(struct mz_table *table, uint32_t nodes);

/* How much of what a table consists of. Counted by looking: costs a walk over all nodes. */
struct mz_usage {
	uint64_t node_count[MZ_LEVELS_MAX + 1]; /* by level */
	uint64_t leaf_count[MZ_LEVELS_MAX + 1];
	uint64_t node_bytes;
	uint64_t mapped_bytes;
};

struct mz_usage mz_table_usage(const struct mz_table *table);

#ifdef __cplusplus
}
#endif

#endif
