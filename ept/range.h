/* SPDX-License-Identifier: MPL-2.0 */
/* Ranges that a space is asked about. */
#ifndef MZ_EPT_RANGE_H
#define MZ_EPT_RANGE_H

#include "core/geometry.h"
#include "ept/space.h"

/* Does the table reach all of [first, last]? */
static inline bool within_reach(const struct mz_space *space, uint64_t first, uint64_t last)
{
	const struct mz_config *config = &space->table.config;
	const struct mz_format *f = config->format;

	return last >= first && mz_ia_valid(f, first) && mz_ia_valid(f, last) &&
		!(f->ia_signed && (first ^ last) >> 63 != 0) &&
		mz_index(f, first, f->levels) >= config->root_first &&
		mz_index(f, last, f->levels) < config->root_end;
}

static inline enum mz_error check_range(const struct mz_space *space, mz_ia ia, uint64_t bytes)
{
	if (!mz_page_aligned(space->table.config.format, ia.addr | bytes))
		return MZ_MISALIGNED;
	return bytes != 0 && within_reach(space, ia.addr, ia.addr + (bytes - 1)) ? MZ_OK
										 : MZ_OUT_OF_RANGE;
}

#endif
