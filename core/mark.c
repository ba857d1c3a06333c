// SPDX-License-Identifier: MPL-2.0
/* Flags that software sets where an MMU does not. By the run-time format: a fault came before. */
#include "core/body/arguments.h"
#include "core/body/range.h"

/* Sets flags in a slot of a locked node. Answers what the slot holds, when that is no leaf too. */
static enum mz_kind mark_slot(const struct mz_format *f, uint64_t *slot, unsigned level,
			      unsigned flags)
{
	uint64_t entry = mz_load_relaxed(slot), marked;

	do {
		struct mz_prop prop = f->prop(entry, level);

		if (f->kind(entry, level) != MZ_LEAF)
			return f->kind(entry, level);
		prop.flags = (uint16_t)(prop.flags | flags);
		marked = f->make_leaf(f->oa(entry, level), level, prop);
	} while (!mz_replace(slot, &entry, marked));
	return MZ_LEAF;
}

enum mz_error mz_table_mark(struct mz_table *table, mz_ia ia, unsigned flags)
{
	const struct mz_format *f = table->config.format;
	enum mz_kind kind;

	MZ_ASSERT(mz_table_made_(table));
	if (!address_managed(table, ia.addr))
		return MZ_OUT_OF_RANGE;
	mz_reader_enter(table);
	do {
		struct mz_node_ref node = lock_cover(table, ia.addr, ia.addr, false);

		kind = mark_slot(f, &node.slots[mz_index(f, ia.addr, node.level)], node.level,
				 flags);
		mz_lock_release(&node.frame->lock);
	} while (kind == MZ_NODE); /* split meanwhile */
	mz_reader_leave(table);
	return kind == MZ_LEAF ? MZ_OK : MZ_NOT_MAPPED;
}
