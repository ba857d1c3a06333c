/* SPDX-License-Identifier: MPL-2.0 */
/* Looking one address up: no lock, one load a level. */
#ifndef MZ_CORE_BODY_QUERY_H
#define MZ_CORE_BODY_QUERY_H

#include "core/body/arguments.h"
#include "core/body/range.h"

MZ_INLINE struct mz_item look_up(const struct mz_table *table, uint64_t addr)
{
	const struct mz_format *f = format_of(table);
	const uint64_t *slot = &table->root[mz_index(f, addr, f->levels)];

	MZ_UNROLL_LEVELS
	for (unsigned level = f->levels; level >= 1; level--) {
		uint64_t entry = mz_load_acquire(slot);
		uint64_t offset = addr & (mz_span(f, level) - 1);

		if (level > 1 && MZ_LIKELY(f->kind(entry, level) == MZ_NODE))
			slot = mz_slot_at(f, &table->config, f->oa(entry, level), addr, level - 1);
		else if (MZ_LIKELY(f->kind(entry, level) == MZ_LEAF))
			return mz_item_pack(mz_oa_from(f->oa(entry, level).addr | offset),
					    f->prop(entry, level), level);
		else
			break;
	}
	return mz_item_pack(mz_oa_from(0), mz_prop_from(0), 0);
}

MZ_NOINLINE struct mz_item look_up_as_reader(const struct mz_table *table, uint64_t addr)
{
	struct mz_item item;

	reader_enter(table);
	item = look_up(table, addr);
	reader_leave(table);
	return item;
}

static inline struct mz_item instance_query(const struct mz_table *table, mz_ia ia)
{
	struct mz_item nothing = {mz_oa_from(0), mz_prop_from(0), 0};

	if (MZ_UNLIKELY(!address_managed(table, ia.addr)))
		return nothing;
	return MZ_LIKELY(table->config.rcu.enter == NULL) ? look_up(table, ia.addr)
							  : look_up_as_reader(table, ia.addr);
}

#endif
