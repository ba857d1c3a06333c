/* SPDX-License-Identifier: MPL-2.0 */
/* Two arrays: of lines, and of links. */
#include "tests/tlb.h"

#include <string.h>

#include "tests/tree.h"

struct line {
	struct mz_table *table;
	unsigned processor;
	uint64_t ia;         /* of a page */
	struct mz_item item; /* of that page, with what links on the way let */
};

struct link {
	struct mz_table *table;
	unsigned processor, level;
	uint64_t ia; /* the first address that it is for */
	mz_oa node;
	unsigned perm;
};

#define LINES_MAX 512

static struct fixture *x;
static struct line lines[LINES_MAX];
static struct link links[LINES_MAX];
static size_t line_count, link_count, oldest_line, oldest_link, max;
static bool live; /* flags are set, and old things make room */
static void (*before_flush)(struct mz_table *table, uint64_t first, uint64_t last);

size_t tlb_count(void)
{
	return line_count;
}

void tlb_clear(void)
{
	line_count = link_count = 0;
}

void tlb_live(size_t most)
{
	live = true;
	max = most;
}

void tlb_before_flush(void (*hook)(struct mz_table *table, uint64_t first, uint64_t last))
{
	before_flush = hook;
}

static bool raw(void)
{
	return x->format->links_cached_raw;
}

/* Does the MMU set flags in leaves? */
static bool marks(const struct mz_table *table)
{
	return live && (table->config.features & MZ_HW_ACCESSED_DIRTY) != 0;
}

static bool marks_links(const struct mz_table *table)
{
	return marks(table) && x->format->links_accessed;
}

static bool marks_dirty(const struct mz_table *table)
{
	return marks(table) && (x->format->hw_flags & MZ_DIRTY) != 0;
}

/* What a link lets below it. */
static unsigned link_perm(uint64_t link, unsigned level)
{
	return x->format->hierarchical ? x->format->prop(link, level).perm : ~0u;
}

/* What a leaf of this level says of a page. */
static struct mz_item page_item(uint64_t leaf, unsigned level, uint64_t ia, unsigned perm)
{
	const struct mz_format *f = x->format;
	struct mz_item item = {
		.oa = mz_oa_from(f->oa(leaf, level).addr + (ia & (mz_span(f, level) - 1))),
		.prop = f->prop(leaf, level),
		.level = (uint8_t)level,
	};

	item.prop.perm &= (uint8_t)perm;
	return item;
}

/* ---- What is cached ---- */

/* Where something new goes: behind the others, or in the place of the oldest; `max`: nowhere. */
static size_t place_for(size_t *count, size_t *oldest)
{
	if (*count < max)
		return (*count)++;
	return live ? (*oldest)++ % max : max;
}

static void add_line(struct line line)
{
	size_t place;

	for (size_t i = 0; i < line_count; i++)
		if (memcmp(&lines[i], &line, sizeof(line)) == 0)
			return;
	place = place_for(&line_count, &oldest_line);
	if (place < max)
		lines[place] = line;
}

static void add_link(struct link link)
{
	size_t place;

	for (size_t i = 0; i < link_count; i++)
		if (memcmp(&links[i], &link, sizeof(link)) == 0)
			return;
	place = place_for(&link_count, &oldest_link);
	if (place < max)
		links[place] = link;
}

static bool line_is_for(const struct line *line, const struct mz_table *table, unsigned processor,
			uint64_t ia)
{
	return line->ia == ia && line->table == table && line->processor == processor;
}

/* Is the link on the way to an address? */
static bool link_is_for(const struct link *link, const struct mz_table *table, unsigned processor,
			uint64_t ia)
{
	return (link->ia ^ ia) >> x->format->shift[link->level] == 0 && link->table == table &&
		link->processor == processor;
}

/* The lowest cached link on the way, from `level` down to `lowest`; NULL: none is cached. */
static const struct link *find_link(const struct mz_table *table, unsigned processor, uint64_t ia,
				    unsigned level, unsigned lowest)
{
	const struct link *found = NULL;

	for (size_t i = 0; i < link_count; i++)
		if (links[i].level <= level && links[i].level >= lowest &&
		    (found == NULL || links[i].level < found->level) &&
		    link_is_for(&links[i], table, processor, ia))
			found = &links[i];
	return found;
}

void tlb_drop(struct mz_table *table, unsigned processor, uint64_t ia)
{
	uint64_t page = ia & ~(x->page - 1);

	for (size_t i = line_count; i-- > 0;)
		if (line_is_for(&lines[i], table, processor, page))
			lines[i] = lines[--line_count];
	for (size_t i = link_count; i-- > 0;)
		if (link_is_for(&links[i], table, processor, ia))
			links[i] = links[--link_count];
}

void tlb_forget(const struct mz_table *table)
{
	for (size_t i = line_count; i-- > 0;)
		if (lines[i].table == table)
			lines[i] = lines[--line_count];
	for (size_t i = link_count; i-- > 0;)
		if (links[i].table == table)
			links[i] = links[--link_count];
}

/* ---- Walks ---- */

/* An entry with a flag of the MMU's. */
static uint64_t mark(uint64_t *slot, unsigned level, unsigned flag)
{
	uint64_t entry = mz_load_acquire(slot);

	while (!mz_replace(slot, &entry, tree_with_flag(x->format, entry, level, flag)))
		;
	return mz_load_acquire(slot);
}

/* Caches the link at `level` that was passed. */
static void cache_link(struct mz_table *table, unsigned processor, uint64_t ia, unsigned level,
		       mz_oa node, unsigned perm)
{
	struct link link;

	/* Compared as bytes. */
	memset(&link, 0, sizeof(link));
	link.table = table;
	link.processor = processor;
	link.level = level;
	link.ia = ia & ~(mz_span(x->format, level) - 1);
	link.node = node;
	link.perm = perm;
	add_link(link);
}

/* Caches the page that `ia` is in. */
static void cache_line(struct mz_table *table, unsigned processor, uint64_t ia, struct mz_item item)
{
	struct line line;

	memset(&line, 0, sizeof(line));
	line.table = table;
	line.processor = processor;
	line.ia = ia & ~(x->page - 1);
	line.item.oa = mz_oa_from(item.oa.addr & ~(x->page - 1));
	line.item.prop = item.prop;
	line.item.level = item.level;
	add_line(line);
}

/* Looks at the table alone, and leaves nothing behind. */
#define NOBODY TLB_PROCESSORS

/*
 * What the table and what is cached of links say of an address; level 0: nothing. A write that is
 * let leaves its flag.
 */
static struct mz_item walk(struct mz_table *table, unsigned processor, uint64_t ia, bool write)
{
	const struct mz_format *f = x->format;
	mz_oa node = table->root_oa;
	unsigned perm = ~0u, from = f->levels;
	bool real = processor != NOBODY;

	for (unsigned level = from; level > 0; level--) {
		const struct link *link = raw() ? find_link(table, processor, ia, level, level)
			: level == from         ? find_link(table, processor, ia, level, 1)
						: NULL;
		uint64_t *slot, entry;

		if (link != NULL) {
			perm &= link->perm;
			node = link->node;
			level = link->level;
			continue;
		}
		slot = tree_node(table, node) + mz_index(f, ia, level);
		entry = mz_load_acquire(slot);
		if (f->kind(entry, level) == MZ_ABSENT ||
		    tree_is_marker(&table->config, f->prop(entry, level)))
			break;
		if (real && (f->kind(entry, level) == MZ_LEAF ? marks(table) : marks_links(table)))
			entry = mark(slot, level, MZ_ACCESSED);
		if (f->kind(entry, level) == MZ_LEAF) {
			if (write && marks_dirty(table) &&
			    (f->prop(entry, level).perm & perm & MZ_WRITE) != 0)
				entry = mark(slot, level, MZ_DIRTY);
			return page_item(entry, level, ia, perm);
		}
		perm &= link_perm(entry, level);
		node = f->oa(entry, level);
		if (real)
			cache_link(table, processor, ia, level, node,
				   raw() ? link_perm(entry, level) : perm);
	}
	return (struct mz_item) {mz_oa_from(0), mz_prop_from(0), 0};
}

void tlb_speculate(struct mz_table *table, unsigned processor, uint64_t ia)
{
	struct mz_item item = walk(table, processor, ia, false);

	if (item.level != 0)
		cache_line(table, processor, ia, item);
}

void tlb_fill(uint64_t ia)
{
	tlb_speculate(&x->table, 0, ia);
}

/* Writes are let by what is cached only if the flag was set when that was cached. */
static bool lets(const struct mz_table *table, struct mz_item item, enum mz_perm access)
{
	return (item.prop.perm & access) != 0 &&
		(access != MZ_WRITE || !marks_dirty(table) || (item.prop.flags & MZ_DIRTY) != 0);
}

bool tlb_access(struct mz_table *table, unsigned processor, uint64_t ia, enum mz_perm access,
		struct mz_item *item)
{
	uint64_t page = ia & ~(x->page - 1);

	for (size_t i = 0; i < line_count; i++) {
		if (!line_is_for(&lines[i], table, processor, page))
			continue;
		*item = lines[i].item;
		if (lets(table, *item, access))
			return true;
		/* It faults by what is cached, whatever the table says; but flags are set there. */
		if ((item->prop.perm & access) == 0)
			return false;
	}
	*item = walk(table, processor, page, access == MZ_WRITE);
	if (item->level == 0)
		return false;
	cache_line(table, processor, page, *item);
	return (item->prop.perm & access) != 0;
}

bool tlb_writable(const struct mz_table *table, uint64_t first, uint64_t last, uint64_t salt,
		  uint64_t *ia, struct mz_item *item)
{
	for (size_t i = 0; i < line_count; i++) {
		const struct line *line = &lines[(i + salt) % line_count];

		if (line->table == table && line->ia >= first && line->ia <= last &&
		    lets(table, line->item, MZ_WRITE)) {
			*ia = line->ia;
			*item = line->item;
			return true;
		}
	}
	return false;
}

/* ---- What must hold ---- */

static bool leads_right(const struct line *line)
{
	struct mz_item item = walk(line->table, NOBODY, line->ia, false);

	return item.level != 0 && item.oa.addr == line->item.oa.addr;
}

#define SET_BY_HARDWARE ((unsigned)(MZ_ACCESSED | MZ_DIRTY))

/* The same memory and size, no more permissions; what may be written without a flag has it. */
static bool is_right(const struct line *line)
{
	struct mz_item is = walk(line->table, NOBODY, line->ia, false), was = line->item;

	return is.level != 0 && is.oa.addr == was.oa.addr && (was.prop.perm & ~is.prop.perm) == 0 &&
		is.prop.memory == was.prop.memory &&
		(!marks_dirty(line->table) || (was.prop.perm & MZ_WRITE) == 0 ||
		 (was.prop.flags & ~is.prop.flags & MZ_DIRTY) == 0);
}

/*
 * Does the link still lead to that node, and let as much? Where writing is let, it has the flag
 * that was set when it was cached, by which a harvest finds what is written by it.
 */
static bool link_is_right(const struct link *link)
{
	const struct mz_format *f = x->format;
	unsigned all = ~0u;

	for (unsigned level = f->levels; level >= link->level; level--) {
		const uint64_t *slot = tree_slot(link->table, link->ia, level, NULL);
		unsigned perm;

		if (slot == NULL || f->kind(*slot, level) != MZ_NODE)
			return false;
		perm = link_perm(*slot, level);
		all &= perm;
		if (level == link->level)
			return f->oa(*slot, level).addr == link->node.addr &&
				(link->perm & ~(raw() ? perm : all)) == 0 &&
				(!marks_links(link->table) || (link->perm & all & MZ_WRITE) == 0 ||
				 (f->prop(*slot, level).flags & MZ_ACCESSED) != 0);
	}
	return false;
}

/* Does the table translate the address, and to something else, or in another size? */
static bool translation_differs(const struct line *line)
{
	struct mz_item is = walk(line->table, NOBODY, line->ia, false), was = line->item;
	bool may_be_split = (line->table->config.features & MZ_LIVE_SPLITS) != 0;

	if (is.level == 0)
		return false;
	return is.oa.addr != was.oa.addr || is.prop.memory != was.prop.memory ||
		((is.prop.flags ^ was.prop.flags) & ~SET_BY_HARDWARE) != 0 ||
		(is.level != was.level && !(may_be_split && is.level < was.level));
}

/* Is something else where the link was? */
static bool link_differs(const struct link *link)
{
	const struct mz_format *f = x->format;
	const uint64_t *slot = tree_slot(link->table, link->ia, link->level, NULL);

	return slot != NULL && f->kind(*slot, link->level) != MZ_ABSENT &&
		(f->kind(*slot, link->level) != MZ_NODE ||
		 f->oa(*slot, link->level).addr != link->node.addr);
}

void tlb_check_broken(void)
{
	if (!x->format->break_before_make)
		return;
	for (size_t i = 0; i < line_count; i++)
		must_say(!translation_differs(&lines[i]),
			 "%s: the table has something else for %#llx than what is still cached",
			 x->test_case->name, (unsigned long long)lines[i].ia);
	for (size_t i = 0; i < link_count; i++)
		must_say(!link_differs(&links[i]),
			 "%s: something else is where a link to %#llx is still cached",
			 x->test_case->name, (unsigned long long)links[i].ia);
}

void tlb_check_right(void)
{
	tlb_check_broken();
	for (size_t i = 0; i < line_count; i++)
		must_say(is_right(&lines[i]), "%s: %#llx is still cached as it was",
			 x->test_case->name, (unsigned long long)lines[i].ia);
	for (size_t i = 0; i < link_count; i++)
		must_say(link_is_right(&links[i]),
			 "%s: a link of level %u to %#llx is still cached as it was",
			 x->test_case->name, links[i].level, (unsigned long long)links[i].ia);
}

/* ---- Hooks ---- */

static void drop_links(const struct mz_table *table, uint64_t first, uint64_t last)
{
	for (size_t i = link_count; i-- > 0;)
		if (links[i].table == table && links[i].ia <= last &&
		    mz_span_last(x->format, links[i].ia, links[i].level) >= first)
			links[i] = links[--link_count];
}

static void flush(void *context, mz_ia first, mz_ia last, bool nodes)
{
	static struct line dropped[LINES_MAX];
	struct mz_table *table = context;
	size_t count = 0;

	tlb_check_broken();
	if (before_flush != NULL)
		before_flush(table, first.addr, last.addr);
	if (nodes)
		drop_links(table, first.addr, last.addr);
	for (size_t i = line_count; i-- > 0;) {
		if (lines[i].table != table || lines[i].ia < first.addr || lines[i].ia > last.addr)
			continue;
		dropped[count++] = lines[i];
		lines[i] = lines[--line_count];
	}
	for (size_t i = 0; i < count; i++)
		tlb_speculate(table, dropped[i].processor, dropped[i].ia);
	x->witness.flush.range(&x->witness, first, last, nodes);
}

struct mz_flush tlb_flush_of(struct mz_table *table)
{
	return (struct mz_flush) {table, flush};
}

static void put(void *context, struct mz_item item)
{
	x->witness.items.put(context, item);
	for (size_t i = 0; i < line_count; i++) {
		const struct line *line = &lines[i];

		/* Mapped elsewhere too, or not put there yet, it is not used for something else. */
		must_say(line->item.oa.addr - item.oa.addr >= fixture_span(x, item.level) ||
				 witness_refs(&x->witness, line->item.oa.addr) > 0 ||
				 leads_right(line),
			 "%s: memory is put that %#llx is still cached to lead to",
			 x->test_case->name, (unsigned long long)line->ia);
	}
}

static void free_node(void *context, mz_oa node, unsigned size_lg2)
{
	for (size_t i = 0; i < link_count; i++)
		must_say(links[i].node.addr != node.addr,
			 "%s: a node is freed that is still cached on the way to %#llx",
			 x->test_case->name, (unsigned long long)links[i].ia);
	x->track.memory.free(context, node, size_lg2);
}

void tlb_watch(struct fixture *fixture)
{
	x = fixture;
	tlb_clear();
	live = false;
	max = LINES_MAX;
	before_flush = NULL;
	x->config.flush = tlb_flush_of(&x->table);
	if (x->config.items.put)
		x->config.items.put = put;
	x->config.memory.free = free_node;
}
