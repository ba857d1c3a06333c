// SPDX-License-Identifier: MPL-2.0
#include "core/walk.h"

#include "core/geometry.h"
#include "core/node.h"

enum mz_error mz_walk_root(const struct mz_format *f, mz_oa root,
			   const uint64_t *(*node_at)(void *context, mz_oa node, size_t bytes),
			   void *context, mz_ia ia, struct mz_walk *walk)
{
	unsigned perm = MZ_READ | MZ_WRITE | MZ_EXEC | MZ_EXEC_USER;
	mz_oa node = root;

	walk->step_count = 0;
	walk->item = (struct mz_item) {mz_oa_from(0), mz_prop_from(0), 0};
	if (!mz_ia_valid(f, ia.addr))
		return MZ_OUT_OF_RANGE;
	for (unsigned level = f->levels; level >= 1; level--) {
		const uint64_t *slots =
			node_at(context, node, (size_t)mz_entry_count(f, level) * sizeof(uint64_t));
		struct mz_walk_step *step = &walk->steps[walk->step_count];

		if (slots == NULL)
			return MZ_NOT_MAPPED;
		walk->step_count++;
		step->node = node;
		step->level = level;
		step->index = mz_index(f, ia.addr, level);
		step->entry = mz_load_acquire(&slots[step->index]);
		step->kind = f->kind(step->entry, level);
		step->prop = mz_prop_from(0);
		if (step->kind == MZ_ABSENT)
			return MZ_NOT_MAPPED;
		step->prop = f->prop(step->entry, level);
		if (f->hierarchical || step->kind == MZ_LEAF)
			perm &= step->prop.perm;
		node = f->oa(step->entry, level);
		if (step->kind == MZ_LEAF) {
			walk->item.oa = mz_oa_from(node.addr + (ia.addr & (mz_span(f, level) - 1)));
			walk->item.prop = step->prop;
			walk->item.prop.perm = (uint8_t)perm;
			walk->item.level = (uint8_t)level;
			return MZ_OK;
		}
	}
	/* A foreign table whose level-1 entry is a link: no format has that. */
	return MZ_NOT_MAPPED;
}

static const uint64_t *own_node_at(void *context, mz_oa node, size_t bytes)
{
	(void)bytes;
	return mz_slots_at(context, node);
}

enum mz_error mz_table_walk(const struct mz_table *table, mz_ia ia, struct mz_walk *walk)
{
	const struct mz_format *f = table->config.format;
	unsigned index = mz_index(f, ia.addr, f->levels);
	enum mz_error error;

	if (index < table->config.root_first || index >= table->config.root_end) {
		walk->step_count = 0;
		walk->item = (struct mz_item) {mz_oa_from(0), mz_prop_from(0), 0};
		return MZ_OUT_OF_RANGE;
	}
	mz_reader_enter(table);
	error = mz_walk_root(f, table->root_oa, own_node_at, (void *)(uintptr_t)&table->config, ia,
			     walk);
	mz_reader_leave(table);
	return error;
}
