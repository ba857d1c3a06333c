/* SPDX-License-Identifier: MPL-2.0 */
/* An array of lines. */
#include "tests/tlb.h"

#include <string.h>

#include "tests/tree.h"

struct line {
	uint64_t ia;
	struct mz_item item; /* `prop.perm` 0: only the nodes are cached */
	unsigned node_count;
	mz_oa nodes[MZ_LEVELS_MAX];    /* below the root, from above */
	unsigned perms[MZ_LEVELS_MAX]; /* what all links up to them let */
};

#define LINES_MAX 512

static struct fixture *x;
static struct line lines[LINES_MAX];
static size_t line_count;

size_t tlb_count(void)
{
	return line_count;
}

void tlb_clear(void)
{
	line_count = 0;
}

/* What a link lets below it. */
static unsigned link_perm(uint64_t link, unsigned level)
{
	return x->format->hierarchical ? x->format->prop(link, level).perm : ~0u;
}

/*
 * What the table says, read from its nodes, narrowed by links: a hook does not call back into the
 * table.
 */
static struct mz_item look_up(uint64_t ia)
{
	const struct mz_format *f = x->format;
	struct mz_item item = {mz_oa_from(0), mz_prop_from(0), 0};
	unsigned perm = ~0u;

	for (unsigned level = f->levels; level > 0; level--) {
		const uint64_t *slot = tree_slot(&x->table, ia, level, NULL);

		if (f->kind(*slot, level) == MZ_NODE) {
			perm &= link_perm(*slot, level);
			continue;
		}
		if (f->kind(*slot, level) == MZ_LEAF) {
			item.oa =
				mz_oa_from(f->oa(*slot, level).addr + ia % fixture_span(x, level));
			item.prop = f->prop(*slot, level);
			item.prop.perm &= (uint8_t)perm;
			item.level = (uint8_t)level;
		}
		break;
	}
	return item;
}

void tlb_fill(uint64_t ia)
{
	struct line line = {.ia = ia, .item = look_up(ia)};
	unsigned perm = ~0u;
	mz_oa node;

	if (line.item.level == 0 || line_count == LINES_MAX)
		return;
	for (unsigned level = x->format->levels - 1u; level >= line.item.level && level > 0;
	     level--) {
		if (!tree_slot(&x->table, ia, level, &node))
			continue;
		perm &= link_perm(*tree_slot(&x->table, ia, level + 1, NULL), level + 1);
		line.perms[line.node_count] = perm;
		line.nodes[line.node_count++] = node;
	}
	lines[line_count++] = line;
}

static bool leads_right(const struct line *line)
{
	struct mz_item item = look_up(line->ia);

	return item.level != 0 && item.oa.addr == line->item.oa.addr;
}

static bool is_right(const struct line *line)
{
	struct mz_item item = look_up(line->ia);

	return leads_right(line) && (line->item.prop.perm & ~item.prop.perm) == 0;
}

/*
 * Do cached links let no more than those that lead to the same nodes now? What is cached of a link
 * is what all links up to it let (Intel's manual, volume 3A, section 4.10.3.1).
 */
static bool links_right(const struct line *line)
{
	unsigned perm = ~0u;

	for (unsigned n = 0; n < line->node_count; n++) {
		unsigned level = x->format->levels - n;
		const uint64_t *slot = tree_slot(&x->table, line->ia, level, NULL);

		if (!slot || x->format->kind(*slot, level) != MZ_NODE)
			return true;
		perm &= link_perm(*slot, level);
		if (line->perms[n] & ~perm)
			return false;
	}
	return true;
}

/* Does the table translate the address, and to something else, or in another size? */
static bool translation_differs(const struct line *line)
{
	struct mz_item is = look_up(line->ia), was = line->item;
	bool may_be_split = (x->table.config.features & MZ_LIVE_SPLITS) != 0;

	if (is.level == 0 || was.prop.perm == 0)
		return false;
	return is.oa.addr != was.oa.addr || is.prop.memory != was.prop.memory ||
		((is.prop.flags ^ was.prop.flags) & ~(MZ_ACCESSED | MZ_DIRTY)) != 0 ||
		(is.level != was.level && !(may_be_split && is.level < was.level));
}

/* Is something else where a node was passed? */
static bool nodes_differ(const struct line *line)
{
	const struct mz_format *f = x->format;

	for (unsigned n = 0; n < line->node_count; n++) {
		unsigned level = f->levels - n;
		const uint64_t *slot = tree_slot(&x->table, line->ia, level, NULL);

		if (!slot || f->kind(*slot, level) == MZ_ABSENT)
			return false;
		if (f->kind(*slot, level) != MZ_NODE ||
		    f->oa(*slot, level).addr != line->nodes[n].addr)
			return true;
	}
	return false;
}

void tlb_check_broken(void)
{
	if (!x->format->break_before_make)
		return;
	for (size_t i = 0; i < line_count; i++)
		must_say(!translation_differs(&lines[i]) && !nodes_differ(&lines[i]),
			 "%s: the table has something else for %#llx than what is still cached",
			 x->test_case->name, (unsigned long long)lines[i].ia);
}

void tlb_check_right(void)
{
	tlb_check_broken();
	for (size_t i = 0; i < line_count; i++)
		must_say(lines[i].item.prop.perm == 0 || is_right(&lines[i]),
			 "%s: %#llx is still cached as it was", x->test_case->name,
			 (unsigned long long)lines[i].ia);
	for (size_t i = 0; i < line_count; i++)
		must_say(links_right(&lines[i]),
			 "%s: a link on the way to %#llx is cached that lets more than it does now",
			 x->test_case->name, (unsigned long long)lines[i].ia);
}

static void flush(void *context, mz_ia first, mz_ia last, bool nodes)
{
	static struct line before[LINES_MAX];
	size_t count = line_count;

	tlb_check_broken();
	memcpy(before, lines, count * sizeof(*lines));
	line_count = 0;
	for (size_t i = 0; i < count; i++) {
		struct line *line = &before[i];
		bool named = line->ia >= first.addr && line->ia <= last.addr;

		if (named)
			line->item.prop.perm = 0;
		if ((!named || (!nodes && line->node_count > 0)) && line_count < LINES_MAX)
			lines[line_count++] = *line;
		if (named)
			tlb_fill(line->ia);
	}
	x->witness.flush.range(context, first, last, nodes);
}

static void put(void *context, struct mz_item item)
{
	x->witness.items.put(context, item);
	for (size_t i = 0; i < line_count; i++) {
		const struct line *line = &lines[i];

		/* Mapped elsewhere too, or not put there yet, it is not used for something else. */
		must_say(line->item.prop.perm == 0 ||
				 line->item.oa.addr - item.oa.addr >= fixture_span(x, item.level) ||
				 witness_refs(&x->witness, line->item.oa.addr) > 0 ||
				 leads_right(line),
			 "%s: memory is put that %#llx is still cached to lead to",
			 x->test_case->name, (unsigned long long)line->ia);
	}
}

static void free_node(void *context, mz_oa node, unsigned size_lg2)
{
	for (size_t i = 0; i < line_count; i++)
		for (unsigned n = 0; n < lines[i].node_count; n++)
			must_say(lines[i].nodes[n].addr != node.addr,
				 "%s: a node is freed that is still cached on the way to %#llx",
				 x->test_case->name, (unsigned long long)lines[i].ia);
	x->track.memory.free(context, node, size_lg2);
}

void tlb_watch(struct fixture *fixture)
{
	x = fixture;
	line_count = 0;
	x->config.flush.context = &x->witness;
	x->config.flush.range = flush;
	if (x->config.items.put)
		x->config.items.put = put;
	x->config.memory.free = free_node;
}
