/* SPDX-License-Identifier: MPL-2.0 */
/* Finding the leaf of one address: no lock, one load a level, nothing decoded. */
#ifndef MZ_CORE_BODY_FIND_H
#define MZ_CORE_BODY_FIND_H

#include "core/body/arguments.h"

static inline struct mz_leaf instance_find(const struct mz_table *table, mz_ia ia)
{
	const struct mz_format *f = format_of(table);
	uint64_t *slot;

	if (MZ_UNLIKELY(!root_slot(table, ia.addr, &slot)))
		return mz_leaf_from(0, 0, 0);
	MZ_UNROLL
	for (unsigned level = f->levels; level >= 1; level--) {
		uint64_t entry = mz_load_acquire(slot);
		uint64_t offset = ia.addr & (mz_span(f, level) - 1);

		if (level > 1 && MZ_LIKELY(f->kind(entry, level) == MZ_NODE))
			slot = mz_slot_at(f, &table->config, f->oa(entry, level), ia.addr,
					  level - 1);
		else if (MZ_LIKELY(f->kind(entry, level) == MZ_LEAF))
			return mz_leaf_from(f->oa(entry, level).addr | offset, level, entry);
		else
			break;
	}
	return mz_leaf_from(0, 0, 0);
}

#endif
