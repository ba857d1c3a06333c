/* SPDX-License-Identifier: MPL-2.0 */
/* Looking one address up: no lock, one load a level. */
#ifndef MZ_CORE_BODY_QUERY_H
#define MZ_CORE_BODY_QUERY_H

#include "core/body/arguments.h"
#include "core/body/range.h"

static inline struct mz_item instance_query(const struct mz_table *table, mz_ia ia)
{
	const struct mz_format *f = format_of(table);
	const uint64_t *slots = table->root;
	struct mz_item item = {mz_oa_from(0), mz_prop_from(0), 0};

	if (MZ_UNLIKELY(!address_managed(table, ia.addr)))
		return item;
	reader_enter(table);
	MZ_UNROLL_LEVELS
	for (unsigned level = f->levels; level >= 1; level--) {
		uint64_t entry = mz_load_acquire(&slots[mz_index(f, ia.addr, level)]);
		enum mz_kind kind = f->kind(entry, level);

		if (kind == MZ_LEAF) {
			item = item_of(f, entry, level);
			item.oa.addr += ia.addr & (mz_span(f, level) - 1);
		}
		if (kind != MZ_NODE)
			break;
		slots = mz_slots_at(&table->config, f->oa(entry, level));
	}
	reader_leave(table);
	return item;
}

#endif
