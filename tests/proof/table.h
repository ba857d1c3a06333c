/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Tables for proofs. free_table() makes any table that keeps the invariants: any configuration, any
 * tree, any entries. What a proof shows of one operation on it therefore holds after any number of
 * operations before, because claim_valid() claims the invariants again behind it.
 *
 * Of symmetric cases one is taken: before the operation, node N of the tree, counted level by level
 * as in a heap, is in frame N, and the memory hook hands out the first frame that is free.
 *
 * With -DHOOKS the table has item and reader hooks, and its gather reports what is unmapped;
 * without, it has none of these. With -DLINKS any link may forbid writing, and the MMU sets flags
 * in links on its way; without, links are as they were made, but for any flags of hardware's.
 */
#ifndef MZ_TESTS_PROOF_TABLE_H
#define MZ_TESTS_PROOF_TABLE_H

#ifndef LINKS
#define LINKS 0
#endif

#ifndef HOOKS
#define HOOKS 0
#endif

#define MZ_ENV_HEADER "tests/proof/env.h"
#include "core/env.h"
#include "core/format.h"

/* The format under proof: small.h's, or with -DFORMAT one of arch/ in the same geometry. */
extern const struct mz_format small;

#define MZ_INSTANCE_FORMAT small
#include "core/body/split.h"

/*
 * Case by case. With -DCOVER=L a proof is about the calls whose operation locks a cover of level L,
 * if any; a proof has one case for each level. The level is then a constant to CBMC, which saves it
 * nearly all paths. prune(), which comes behind an operation, is not split into cases.
 */
#ifdef COVER
static struct mz_node_ref case_of(bool pruning, struct mz_node_ref cover)
{
	CLAIM(cover.level >= 1 && cover.level <= SHAPE_LEVELS, "a cover has a level");
	if (pruning)
		return cover;
	ASSUME(cover.level == COVER);
	cover.level = COVER;
	return cover;
}

#define lock_cover(table, first, last, to_cut) \
	case_of(sizeof(__func__) == sizeof("prune"), lock_cover(table, first, last, to_cut))
#endif

/* The same with -DLANDING=L for calls that lock the node of one entry. */
#ifdef LANDING
static unsigned landing(unsigned level)
{
	ASSUME(level == LANDING);
	return LANDING;
}

#define lock_node(table, top, addr, level, node) lock_node(table, top, addr, landing(level), node)
#endif

/* Of two levels, only a leaf of the upper one is split: both have leaves, and that is constant. */
#if SHAPE_LEVELS == 2
static struct mz_node_ref upper(struct mz_table *table, struct mz_node_ref node)
{
	CLAIM(node.level == 2 && table->config.leaf_levels == 6,
	      "what is split is a leaf of the upper level");
	ASSUME(node.level == 2);
	table->config.leaf_levels = 6;
	node.level = 2;
	return node;
}

#define split(table, reserve, node, ...) split(table, reserve, upper(table, node), __VA_ARGS__)
#endif

#include "core/cursor.c"
#include "core/gather.c"
#ifndef FORMAT
#include "tests/proof/small.h"

#include "core/instance.h"
#endif
#include "core/node.c"
#include "core/reserve.c"
#include "core/table.c"

#ifdef FORMAT
#include "tests/proof/real.h"
#endif

static const struct mz_ops small_ops = MZ_INSTANCE_OPS;
const struct mz_ops mz_runtime_ops = MZ_INSTANCE_OPS;

static struct mz_frame frames[FRAMES];
static struct mz_table table;

/* ---- What the proof sees, apart from the library's own ways ---- */

static uint64_t span_of(unsigned level)
{
	return (uint64_t)1 << (PAGE_LG2 + (level - 1) * ENTRIES_LG2);
}

static mz_oa address_of(unsigned frame)
{
	return mz_oa_from((uint64_t)(FIRST_FRAME + frame) << PAGE_LG2);
}

static unsigned frame_of(mz_oa node)
{
	return (unsigned)(node.addr >> PAGE_LG2) - FIRST_FRAME;
}

static bool is_frame(mz_oa node)
{
	return (node.addr & (NODE_BYTES - 1)) == 0 && node.addr >> PAGE_LG2 >= FIRST_FRAME &&
		node.addr >> PAGE_LG2 < FIRST_FRAME + FRAMES;
}

/* Is it the link to the node, but for what it forbids and what hardware has set in it? */
static bool links_to(uint64_t entry, mz_oa node, unsigned level)
{
	uint64_t wide = LINKS && !FLAT ? small_link_write(entry, level, true) : entry;

	return ((small_make_node(node, level) ^ wide) & ~mz_link_hw_bits(&small, level)) == 0;
}

static bool is_managed(unsigned index)
{
	return index >= table.config.root_first && index < table.config.root_end;
}

/* Is it an address that the format translates? */
static bool is_input(uint64_t addr)
{
	unsigned sign = IA_LG2 - 1;

	return addr >> IA_LG2 == 0 ? !small.ia_signed || addr >> sign == 0
				   : small.ia_signed && addr >> sign == UINT64_MAX >> sign;
}

static bool address_is_managed(uint64_t addr)
{
	return is_input(addr) &&
		is_managed((unsigned)(addr / span_of(SHAPE_LEVELS)) & (ENTRIES - 1));
}

static bool same_prop(struct mz_prop a, struct mz_prop b)
{
	return a.perm == b.perm && a.memory == b.memory && a.flags == b.flags;
}

static bool same_item(struct mz_item a, struct mz_item b)
{
	return a.level == b.level && a.oa.addr == b.oa.addr && same_prop(a.prop, b.prop);
}

static bool is_inside(uint64_t addr, uint64_t first, uint64_t last)
{
	return addr >= first && addr <= last;
}

/* Is [first, last] a range of whole pages that the table manages? */
static bool range_is_managed(uint64_t first, uint64_t last)
{
	return first <= last && (first ^ last) >> 63 == 0 && address_is_managed(first) &&
		address_is_managed(last) && (first & (NODE_BYTES - 1)) == 0 &&
		((last + 1) & (NODE_BYTES - 1)) == 0;
}

/*
 * Translates `addr` by the plain rule, from the root in `frame` on; `*slot` gets the number of the
 * entry that decides.
 */
static struct mz_item lookup_below(unsigned frame, uint64_t addr, unsigned *slot)
{
	struct mz_item item = {mz_oa_from(0), mz_prop_from(0), 0};

	*slot = FRAMES * ENTRIES;
	if (!address_is_managed(addr))
		return item;
	for (unsigned level = SHAPE_LEVELS; level >= 1; level--) {
		kept_entry entry;

		*slot = frame * ENTRIES + ((unsigned)(addr / span_of(level)) & (ENTRIES - 1));
		entry = pool[*slot];
		if (small_kind(entry, level) == MZ_LEAF) {
			item.oa = mz_oa_from(small_oa(entry, level).addr +
					     (addr & (span_of(level) - 1)));
			item.prop = small_prop(entry, level);
			item.level = (uint8_t)level;
			return item;
		}
		if (small_kind(entry, level) == MZ_ABSENT)
			return item;
		frame = frame_of(small_oa(entry, level));
	}
	return item;
}

static struct mz_item lookup(uint64_t addr, unsigned *slot)
{
	return lookup_below(frame_of(table.root_oa), addr, slot);
}

/* ---- One address, and one page of output addresses, that a proof watches ---- */

static struct watch {
	uint64_t addr;
	struct mz_item was; /* what it mapped to before, with what the MMU has set since */
	unsigned slot;      /* the entry that said so */
	bool flushed;       /* after what was flushed, no cache has it */
	unsigned reported;  /* how often it was reported as unmapped */
	uint64_t oa;        /* a page; how often items with it were taken, less how often put */
	int taken;
} watched;

static bool memory_refused, flushed_nodes;

/* ---- Hooks ---- */

/* The first frame that is free; FRAMES: there is none. */
static unsigned first_free(void)
{
	for (unsigned frame = 0; frame < FRAMES; frame++)
		if (!live[frame])
			return frame;
	return FRAMES;
}

/* Any word that the format could have made, and others. */
static kept_entry free_word(void)
{
	return (kept_entry)(nondet_u64() & SMALL_WORD);
}

static enum mz_error alloc_frame(unsigned frame, unsigned size_lg2, mz_oa *pa)
{
	CLAIM(size_lg2 == PAGE_LG2, "a node has the size of a node");
	*pa = mz_oa_from(nondet_u64());
	if (nondet_bool()) {
		memory_refused = true;
		return MZ_NO_MEMORY;
	}
	CLAIM(frame < FRAMES, "a tree needs no more nodes than a full one has");
	ASSUME(frame < FRAMES);
	live[frame] = true;
	for (unsigned i = 0; i < ENTRIES; i++)
		pool[frame * ENTRIES + i] = free_word();
	*pa = address_of(frame);
	return MZ_OK;
}

static enum mz_error hook_alloc(void *context, unsigned size_lg2, mz_oa *pa)
{
	(void)context;
	return alloc_frame(first_free(), size_lg2, pa);
}

static void hook_flush(void *context, mz_ia first, mz_ia last, bool nodes)
{
	(void)context;
	CLAIM(first.addr <= last.addr, "a flush is of a range");
	watched.flushed |= is_inside(watched.addr, first.addr, last.addr);
	flushed_nodes |= nodes;
}

static bool item_has(struct mz_item item, uint64_t oa)
{
	return is_inside(oa, item.oa.addr, item.oa.addr + (span_of(item.level) - 1));
}

static void hook_item_take(void *context, struct mz_item item)
{
	(void)context;
	watched.taken += item_has(item, watched.oa);
}

static void hook_item_put(void *context, struct mz_item item)
{
	(void)context;
	watched.taken -= item_has(item, watched.oa);
}

static void hook_report(void *context, mz_ia ia, struct mz_item item, unsigned count)
{
	uint64_t offset = watched.addr - ia.addr;

	(void)context;
	if (watched.addr < ia.addr || offset >= count * span_of(item.level))
		return;
	watched.reported++;
	CLAIM(item.oa.addr + offset == watched.was.oa.addr, "a report says where it was mapped to");
	CLAIM(same_prop(item.prop, watched.was.prop), "a report says with which properties");
}

static unsigned readers;
static uint32_t retired = MZ_FRAME_NONE;

static void hook_enter(void *context)
{
	(void)context;
	readers++;
}

static void hook_leave(void *context)
{
	(void)context;
	CLAIM(readers > 0, "a reader leaves where one has entered");
	readers--;
}

static void hook_retire(void *context, struct mz_table *of, uint32_t nodes)
{
	(void)context;
	CLAIM(of == &table && retired == MZ_FRAME_NONE, "one list of nodes is retired");
	CLAIM(flushed_nodes, "nodes are retired after their flush");
	retired = nodes;
}

/* Nobody is inside any more: what was retired is reclaimed. */
static void grace_period(void)
{
	CLAIM(readers == 0, "every reader has left");
	mz_table_reclaim(&table, retired);
}

/* ---- Nothing has changed ---- */

static struct snapshot {
	kept_entry pool[FRAMES * ENTRIES];
	bool live[FRAMES];
	struct mz_frame frames[FRAMES];
} before;

static void take_snapshot(void)
{
	for (unsigned f = 0; f < FRAMES; f++) {
		before.live[f] = live[f];
		before.frames[f] = frames[f];
		for (unsigned i = 0; i < ENTRIES; i++)
			before.pool[f * ENTRIES + i] = pool[f * ENTRIES + i];
	}
}

static void hook_free(void *context, mz_oa pa, unsigned size_lg2)
{
	(void)context;
	CLAIM(size_lg2 == PAGE_LG2, "a node has the size of a node");
	CLAIM(is_frame(pa) && live[frame_of(pa)], "what is freed was allocated");
	CLAIM(!before.live[frame_of(pa)] || flushed_nodes, "a node is freed after its flush");
	live[frame_of(pa)] = false;
}

static bool same_frame(struct mz_frame a, struct mz_frame b)
{
	return a.refs == b.refs && a.child_count == b.child_count &&
		a.level_stray == b.level_stray && a.lock == b.lock;
}

/* Claims that the tree is what it was, bit by bit. */
static void claim_unchanged(void)
{
	unsigned frame = nondet_unsigned(), index = nondet_unsigned();

	ASSUME(frame < FRAMES && index < ENTRIES);
	CLAIM(live[frame] == before.live[frame], "no frame was taken or given back");
	CLAIM(!live[frame] || same_frame(frames[frame], before.frames[frame]),
	      "metadata is as before");
	CLAIM(!live[frame] || pool[frame * ENTRIES + index] == before.pool[frame * ENTRIES + index],
	      "entries are as before");
}

/* Claims that root entries which others manage were left alone. */
static void claim_others_unchanged(void)
{
	unsigned index = nondet_unsigned();

	ASSUME(index < ENTRIES);
	CLAIM(is_managed(index) || pool[index] == before.pool[index],
	      "an entry that is not the table's own is left alone");
}

/* ---- The MMU ---- */

static bool mmu_has_written;

static bool mmu_may_write(unsigned number)
{
	return (table.config.features & MZ_HW_ACCESSED_DIRTY) != 0 &&
		small_kind(pool[number], mz_frame_level(&frames[number / ENTRIES])) == MZ_LEAF;
}

/* Of a format whose flags are software's: does no MMU ever write? */
static bool mmu_is_idle(void)
{
	return (small.features & MZ_HW_ACCESSED_DIRTY) == 0;
}

/* Where the MMU sets flags in links, it has set that of the link on its way to a leaf. */
static void mmu_passes(unsigned number)
{
	unsigned frame = number / ENTRIES;

	/* In a node that is not where free_table() has put it, nobody looks at that flag. */
	if (LINKS && !LEAVES_ACCESSED && frame > 0 &&
	    links_to(pool[frame - 1], address_of(frame), 2))
		pool[frame - 1] = (kept_entry)mmu_sets(pool[frame - 1], MZ_ACCESSED);
}

/* What it may do to a leaf whose link it has cached. */
static void mmu_writes_leaf(unsigned number)
{
	unsigned flags = nondet_unsigned() & mmu_may_set(pool[number]);

	if (mmu_has_written || !mmu_may_write(number))
		return;
	mmu_has_written = true;
	pool[number] = (kept_entry)mmu_sets(pool[number], flags);
	if (number == watched.slot)
		watched.was.prop.flags |= (uint16_t)flags;
}

static void mmu_writes_now(unsigned number)
{
	bool had_written = mmu_has_written;

	mmu_writes_leaf(number);
	if (mmu_has_written && !had_written)
		mmu_passes(number);
}

/* ---- Any table ---- */

/* The parts of the configuration that are the same in every proof. */
static void fix_config(struct mz_config *c)
{
	c->format = &small;
	c->memory = (struct mz_memory) {
		.alloc = hook_alloc,
		.free = hook_free,
		.linear = LINEAR,
		.frames = frames,
		.first_frame = FIRST_FRAME,
		.frame_count = FRAMES,
	};
	c->flush.range = hook_flush;
	c->items.take = HOOKS ? hook_item_take : NULL;
	c->items.put = HOOKS ? hook_item_put : NULL;
	c->rcu.enter = HOOKS ? hook_enter : NULL;
	c->rcu.leave = HOOKS ? hook_leave : NULL;
	c->rcu.retire = HOOKS ? hook_retire : NULL;
}

/* Makes the table itself, by mz_table_init(), with any configuration; its root is in frame 0. */
static void free_config(void)
{
	struct mz_config c = {
		.leaf_levels = nondet_u32(),
		.features = nondet_u32(),
		.root_first = nondet_u16(),
		.root_end = nondet_u16(),
		.root_fixed = nondet_bool(),
	};

	fix_config(&c);
	ASSUME(mz_table_init(&table, &c) == MZ_OK);
	CLAIM(table.ops == &small_ops && table.root_oa.addr == address_of(0).addr,
	      "a table has its operations and its root");
	/* Changes nothing, but where paths have met CBMC no longer knows these as constants. */
	fix_config(&table.config);
	table.ops = &small_ops;
	table.root_oa = address_of(0);
	table.root = (uint64_t *)(LINEAR + (uintptr_t)table.root_oa.addr);
	memory_refused = false;
}

static bool leaf_is_valid(uint64_t entry, unsigned level)
{
	mz_oa oa = small_oa(entry, level);
	struct mz_prop prop = small_prop(entry, level);

	return (table.config.leaf_levels >> level & 1) != 0 &&
		(oa.addr & (span_of(level) - 1)) == 0 &&
		small_encodable(prop, level, table.config.features) &&
		small_make_leaf(oa, level, prop) == entry;
}

static bool link_is_valid(uint64_t entry, unsigned level)
{
	mz_oa child = small_oa(entry, level);

	return level > 1 && is_frame(child) && live[frame_of(child)] &&
		mz_frame_level(&frames[frame_of(child)]) == level - 1 &&
		links_to(entry, child, level);
}

static bool may_be_empty(unsigned level)
{
	return level == SHAPE_LEVELS || (level == SHAPE_LEVELS - 1 && table.config.root_fixed);
}

/* A node that may be empty wherever it is, until whoever has emptied it cuts it. */
static unsigned emptied = FRAMES;

/* Any entries for a node of the tree, which say what nodes are below it. */
static void free_node(unsigned frame, unsigned level)
{
	unsigned present = 0;

	for (unsigned i = 0; i < ENTRIES; i++) {
		kept_entry entry = free_word();
		unsigned child = frame * ENTRIES + 1 + i;

		pool[frame * ENTRIES + i] = entry;
		if (level > 1)
			live[child] = false;
		if (!live[frame] || (frame == 0 && !is_managed(i)))
			continue;
		if (small_kind(entry, level) == MZ_LEAF) {
			ASSUME(leaf_is_valid(entry, level));
		} else if (small_kind(entry, level) == MZ_NODE) {
			ASSUME(level > 1 && links_to(entry, address_of(child), level));
			live[child] = true;
		}
		present += small_kind(entry, level) != MZ_ABSENT;
	}
	frames[frame] = mz_frame_new(level);
	frames[frame].next = nondet_u32();
	frames[frame].child_count = (uint16_t)present;
	ASSUME(!live[frame] || present > 0 || may_be_empty(level) || frame == emptied);
}

/* How many leaves of the table map the watched page of output addresses. */
static int times_mapped(void)
{
	int times = 0;

	for (unsigned f = 0; f < FRAMES; f++)
		for (unsigned i = 0; i < ENTRIES; i++) {
			kept_entry entry = pool[f * ENTRIES + i];
			unsigned level = mz_frame_level(&frames[f]);
			struct mz_item item = {small_oa(entry, level), {0, 0, 0}, (uint8_t)level};

			times += live[f] && (f != 0 || is_managed(i)) &&
				small_kind(entry, level) == MZ_LEAF && item_has(item, watched.oa);
		}
	return times;
}

/* Any table that keeps the invariants, at rest; and any address of it to watch. */
static void free_table(void)
{
	unsigned frame = 0, count = 1;

	free_config();
	for (unsigned level = SHAPE_LEVELS; level >= 1; level--, count *= ENTRIES)
		for (unsigned i = 0; i < count; i++)
			free_node(frame++, level);
	take_snapshot();
	watched.addr = nondet_u64();
	watched.was = lookup(watched.addr, &watched.slot);
	if (HOOKS) {
		watched.oa = nondet_u64();
		ASSUME((watched.oa & (NODE_BYTES - 1)) == 0);
		watched.taken = times_mapped();
	}
}

/* A gather of the caller's, finished by finish(); or none. */
static struct mz_gather gather;

static struct mz_gather *free_gather(void)
{
	mz_gather_init(&gather, &table);
	gather.unmapped = HOOKS ? hook_report : NULL;
	return nondet_bool() ? &gather : NULL;
}

static void finish(const struct mz_gather *given)
{
	if (given != NULL)
		mz_gather_finish(&gather);
	if (HOOKS)
		grace_period();
}

/* Does the leaf that maps the watched address reach into [first, last]? */
static bool watched_meets(uint64_t first, uint64_t last)
{
	uint64_t mask = watched.was.level == 0 ? 0 : span_of(watched.was.level) - 1;

	return watched.was.level != 0 && (watched.addr & ~mask) <= last &&
		(watched.addr | mask) >= first;
}

/* The address whose lower bits these are. */
static uint64_t input_at(uint64_t place)
{
	return is_input(place) ? place : place | UINT64_MAX << IA_LG2;
}

/* Was anything mapped in [first, last] before the operation, where nodes lay as in a heap? */
static bool anything_mapped(uint64_t first, uint64_t last)
{
	unsigned frame = 0, count = 1;
	bool any = false;

	for (unsigned level = SHAPE_LEVELS; level >= 1; level--, count *= ENTRIES) {
		uint64_t place = 0, span = span_of(level);

		for (unsigned n = 0; n < count; n++, frame++)
			for (unsigned i = 0; i < ENTRIES; i++, place += span) {
				uint64_t at = input_at(place);

				any |= before.live[frame] && (frame != 0 || is_managed(i)) &&
					small_kind(before.pool[frame * ENTRIES + i], level) ==
						MZ_LEAF &&
					at <= last && at + (span - 1) >= first;
			}
	}
	return any;
}

/* ---- The invariants ---- */

/* Claims every invariant of the table at rest, for any frame and any entry. */
static void claim_valid(void)
{
	unsigned frame = nondet_unsigned(), index = nondet_unsigned();
	unsigned owners = 0, present = 0, level;
	uint64_t entry;

	ASSUME(frame < FRAMES && index < ENTRIES);
	for (unsigned f = 0; f < FRAMES; f++)
		for (unsigned i = 0; i < ENTRIES; i++)
			owners += live[f] && (f != 0 || is_managed(i)) &&
				small_kind(pool[f * ENTRIES + i], mz_frame_level(&frames[f])) ==
					MZ_NODE &&
				small_oa(pool[f * ENTRIES + i], mz_frame_level(&frames[f])).addr ==
					address_of(frame).addr;
	CLAIM(owners == (live[frame] && frame != 0),
	      "each node but the root has one parent, and nothing leaks");
	CLAIM(!HOOKS || watched.taken == times_mapped(),
	      "an item is owned as often as it is mapped");
	if (!live[frame])
		return;
	level = mz_frame_level(&frames[frame]);
	CLAIM(frame != 0 || level == SHAPE_LEVELS, "the root keeps its level");
	CLAIM(frames[frame].refs == 1, "a parent is one owner");
	CLAIM(!mz_frame_stray(&frames[frame]) && frames[frame].lock == 0,
	      "no node is stray or locked");
	for (unsigned i = 0; i < ENTRIES; i++)
		present += (frame != 0 || is_managed(i)) &&
			small_kind(pool[frame * ENTRIES + i], level) != MZ_ABSENT;
	CLAIM(frames[frame].child_count == present, "child_count is right");
	CLAIM(present > 0 || may_be_empty(level) || frame == emptied, "no node is empty");
	if (frame == 0 && !is_managed(index))
		return;
	entry = pool[frame * ENTRIES + index];
	if (small_kind(entry, level) == MZ_LEAF)
		CLAIM(leaf_is_valid(entry, level), "leaves are valid");
	else if (small_kind(entry, level) == MZ_NODE)
		CLAIM(link_is_valid(entry, level), "links are valid");
}

#endif
