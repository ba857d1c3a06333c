// SPDX-License-Identifier: MPL-2.0
#include "core/visit.h"

#include "core/body/arguments.h"

/* Where a visit stands: the node at each level and the slot that comes next in it. */
struct place {
	mz_oa node;
	uint64_t ia;
	unsigned next, end;
};

/* What is visited, without the upper bits of canonical addresses. */
struct range {
	uint64_t first, last;
};

static unsigned greater(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

static unsigned lesser(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Canonical form of an address that was put together from indices. */
static uint64_t canonical(const struct mz_format *f, uint64_t addr)
{
	uint64_t sign = (uint64_t)1 << (f->ia_lg2 - 1);

	return f->ia_signed ? (addr ^ sign) - sign : addr;
}

/* Goes into the node that begins at `ia`, to its entries for [range->first, range->last]. */
static bool enter(const struct mz_table *table, const struct mz_visitor *visitor,
		  const struct range *range, struct place *place, mz_oa node, unsigned level,
		  uint64_t ia)
{
	const struct mz_format *f = table->config.format;
	uint64_t ia_last = ia + ((mz_span(f, level) << f->index_lg2[level]) - 1);

	place->node = node;
	place->ia = ia;
	place->next = range->first > ia ? mz_index(f, range->first, level) : 0;
	place->end = mz_index(f, range->last < ia_last ? range->last : ia_last, level) + 1;
	if (level == f->levels) {
		place->next = greater(place->next, table->config.root_first);
		place->end = lesser(place->end, table->config.root_end);
	}
	return visitor->node == NULL ||
		visitor->node(visitor->context, node, level, mz_ia_from(canonical(f, ia)),
			      mz_frame_at(f, &table->config, node)->child_count);
}

static bool visit(const struct mz_table *table, const struct mz_visitor *visitor,
		  const struct range *range)
{
	const struct mz_format *f = table->config.format;
	struct place places[MZ_LEVELS_MAX + 1];
	unsigned level = f->levels;

	if (!enter(table, visitor, range, &places[level], table->root_oa, level, 0))
		return false;
	for (;;) {
		struct place *place = &places[level];
		unsigned index = place->next;
		uint64_t entry, ia;

		if (index >= place->end) {
			if (visitor->leave != NULL &&
			    !visitor->leave(visitor->context, place->node, level))
				return false;
			if (level++ == f->levels)
				return true;
			continue;
		}
		place->next++;
		entry = mz_load_acquire(&mz_slots_at(&table->config, place->node)[index]);
		if (f->kind(entry, level) == MZ_ABSENT)
			continue;
		ia = place->ia + index * mz_span(f, level);
		if (visitor->entry != NULL &&
		    !visitor->entry(visitor->context, place->node, level, index,
				    mz_ia_from(canonical(f, ia)), entry))
			return false;
		if (f->kind(entry, level) == MZ_NODE) {
			level--;
			if (!enter(table, visitor, range, &places[level], f->oa(entry, level + 1),
				   level, ia))
				return false;
		}
	}
}

static uint64_t ia_mask(const struct mz_format *f)
{
	return f->ia_lg2 < 64 ? ((uint64_t)1 << f->ia_lg2) - 1 : UINT64_MAX;
}

bool mz_table_visit(const struct mz_table *table, const struct mz_visitor *visitor)
{
	struct range all = {0, ia_mask(table->config.format)};

	return visit(table, visitor, &all);
}

enum mz_error mz_table_visit_range(const struct mz_table *table, mz_ia ia, uint64_t bytes,
				   const struct mz_visitor *visitor)
{
	uint64_t mask = ia_mask(table->config.format);
	struct range range = {ia.addr & mask, (ia.addr + (bytes - 1)) & mask};
	enum mz_error error = check_range(table, ia.addr, bytes);

	if (error == MZ_OK)
		visit(table, visitor, &range);
	return error;
}

struct count {
	const struct mz_format *format;
	struct mz_usage usage;
};

static bool count_node(void *context, mz_oa node, unsigned level, mz_ia ia, unsigned child_count)
{
	struct count *count = context;

	(void)node, (void)ia, (void)child_count;
	count->usage.node_count[level]++;
	count->usage.node_bytes += (uint64_t)1 << mz_node_lg2(count->format, level);
	return true;
}

static bool count_entry(void *context, mz_oa node, unsigned level, unsigned index, mz_ia ia,
			uint64_t entry)
{
	struct count *count = context;

	(void)node, (void)index, (void)ia;
	if (count->format->kind(entry, level) == MZ_LEAF) {
		count->usage.leaf_count[level]++;
		count->usage.mapped_bytes += mz_span(count->format, level);
	}
	return true;
}

struct mz_usage mz_table_usage(const struct mz_table *table)
{
	struct count count = {.format = table->config.format};
	struct mz_visitor visitor = {.context = &count, .node = count_node, .entry = count_entry};

	mz_table_visit(table, &visitor);
	return count.usage;
}
