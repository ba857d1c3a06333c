/* SPDX-License-Identifier: MPL-2.0 */
/* Reading nodes. */
#include "tests/tree.h"

#include <stdlib.h>

#include "core/geometry.h"

uint64_t *tree_node(const struct mz_table *table, mz_oa node)
{
	return (uint64_t *)(table->config.memory.linear + (uintptr_t)node.addr);
}

struct mz_frame *tree_frame(const struct mz_table *table, mz_oa node)
{
	const struct mz_memory *memory = &table->config.memory;

	return &memory->frames[(node.addr >> table->config.format->page_lg2) - memory->first_frame];
}

uint64_t *tree_slot(const struct mz_table *table, uint64_t ia, unsigned level, mz_oa *node)
{
	const struct mz_format *f = table->config.format;
	mz_oa at = table->root_oa;

	for (unsigned l = f->levels; l > 0; l--) {
		uint64_t *slot = tree_node(table, at) + mz_index(f, ia, l);
		uint64_t entry = mz_load_acquire(slot);

		if (node)
			*node = at;
		if (l == level)
			return slot;
		if (f->kind(entry, l) != MZ_NODE)
			return NULL;
		at = f->oa(entry, l);
	}
	return NULL;
}

bool tree_is_marker(const struct mz_config *config, struct mz_prop prop)
{
	return (config->features & MZ_MMIO_MARKERS) != 0 && prop.perm == (MZ_WRITE | MZ_EXEC);
}

uint64_t tree_with_flag(const struct mz_format *f, uint64_t entry, unsigned level, unsigned flag)
{
	unsigned wanted = f->prop(entry, level).flags | flag;

	if (f->prop(entry, level).flags == wanted)
		return entry;
	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t other = entry ^ ((uint64_t)1 << bit & f->hw_bits(level));

		if (f->prop(other, level).flags == wanted)
			return other;
	}
	return entry;
}

uint64_t tree_canonical(const struct mz_format *format, uint64_t ia)
{
	if (format->ia_signed && format->ia_lg2 < 64 && ia >> (format->ia_lg2 - 1) & 1)
		ia |= UINT64_MAX << format->ia_lg2;
	return ia;
}

void tree_init(struct tree *tree)
{
	*tree = (struct tree) {NULL, 0, 0};
}

void tree_destroy(struct tree *tree)
{
	free(tree->rows);
}

static void add(struct tree *tree, struct tree_row row)
{
	if (tree->count == tree->max) {
		tree->max = tree->max ? tree->max * 2 : 256;
		tree->rows = realloc(tree->rows, tree->max * sizeof(row));
		if (!tree->rows)
			abort();
	}
	tree->rows[tree->count++] = row;
}

static void read_node(struct tree *tree, const struct mz_table *table, mz_oa node, unsigned level,
		      uint64_t ia, unsigned first, unsigned end)
{
	const struct mz_format *f = table->config.format;
	const uint64_t *entries = tree_node(table, node);

	add(tree,
	    (struct tree_row) {node, level, TREE_NODE, ia, tree_frame(table, node)->child_count});
	for (unsigned i = first; i < end; i++) {
		uint64_t at = tree_canonical(f, ia + ((uint64_t)i << f->shift[level]));

		if (f->kind(entries[i], level) == MZ_ABSENT && entries[i] == f->absent)
			continue;
		add(tree, (struct tree_row) {node, level, i, at, entries[i]});
		if (f->kind(entries[i], level) == MZ_NODE)
			read_node(tree, table, f->oa(entries[i], level), level - 1, at, 0,
				  mz_entry_count(f, level - 1));
	}
}

void tree_read(struct tree *tree, const struct mz_table *table)
{
	unsigned root = table->config.format->levels;
	unsigned end = table->config.root_end;

	tree->count = 0;
	read_node(tree, table, table->root_oa, root, 0, table->config.root_first,
		  end ? end : mz_entry_count(table->config.format, root));
}

bool tree_equal(const struct tree *a, const struct tree *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct tree_row *x = &a->rows[i], *y = &b->rows[i];

		if (x->node.addr != y->node.addr || x->level != y->level || x->index != y->index ||
		    x->entry != y->entry)
			return false;
	}
	return true;
}

/* The entry without the address of the node that it links to. */
static uint64_t shape(const struct mz_format *f, const struct tree_row *row)
{
	if (row->index == TREE_NODE || f->kind(row->entry, row->level) != MZ_NODE)
		return row->entry;
	return row->entry ^ f->make_node(f->oa(row->entry, row->level), row->level);
}

bool tree_same_shape(const struct mz_format *format, const struct tree *a, const struct tree *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct tree_row *x = &a->rows[i], *y = &b->rows[i];

		if (x->level != y->level || x->index != y->index ||
		    shape(format, x) != shape(format, y))
			return false;
	}
	return true;
}

void tree_model(const struct tree *tree, const struct mz_format *format, struct model *model)
{
	bool narrow[MZ_LEVELS_MAX + 1] = {false}; /* by level, of the nodes on the way */

	model_clear(model);
	for (size_t i = 0; i < tree->count; i++) {
		const struct tree_row *row = &tree->rows[i];
		struct mz_prop prop;

		if (row->index == TREE_NODE)
			continue;
		prop = format->prop(row->entry, row->level);
		if (format->kind(row->entry, row->level) != MZ_LEAF) {
			narrow[row->level - 1] = narrow[row->level] ||
				(format->hierarchical && !(prop.perm & MZ_WRITE));
			continue;
		}
		if (narrow[row->level] && prop.perm & MZ_READ)
			prop.perm &= (uint8_t)~MZ_WRITE;
		model_append(model,
			     (struct model_range) {row->ia,
						   mz_span_last(format, row->ia, row->level),
						   format->oa(row->entry, row->level).addr, prop});
	}
}
