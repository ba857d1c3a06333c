/* SPDX-License-Identifier: MPL-2.0 */
/* The item hook for leaves that are going to be mapped. */
#ifndef MZ_CORE_BODY_ITEMS_H
#define MZ_CORE_BODY_ITEMS_H

#include "core/body/entry.h"

MZ_INLINE bool takes_items(const struct mz_table *table)
{
	return table->config.items.take != NULL;
}

/* Takes a reference for each leaf that is about to be mapped. */
MZ_NOINLINE void items_take(const struct mz_table *table, unsigned level, unsigned count,
			    uint64_t oa, struct mz_prop prop)
{
	const struct mz_items *items = &table->config.items;

	for (; count > 0; count--, oa += mz_span(format_of(table), level)) {
		struct mz_item item = {mz_oa_from(oa), prop, (uint8_t)level};

		items->take(items->context, item);
	}
}

#endif
