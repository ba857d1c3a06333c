/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Telling consumers of what is written. The gate is passed, so none begins or ends meanwhile.
 *
 * Memory is let be written first, and told of then. The other way round, a collection in between
 * would take what was told and protect what was not let be written yet, and the writes that follow
 * would be nobody's. This way round, what such a collection misses comes in the next. Room to tell
 * is made ahead, so that it cannot fail.
 */
#ifndef MZ_EPT_WRITTEN_H
#define MZ_EPT_WRITTEN_H

#include "core/geometry.h"
#include "ept/dirty.h"

/* Is hardware asked, and not the faults? */
static inline bool dirty_by_hardware(const struct mz_space *space)
{
	const struct mz_config *c = &space->table.config;

	return (c->features & MZ_HW_ACCESSED_DIRTY) != 0 && (c->format->hw_flags & MZ_DIRTY) != 0;
}

/* The number of pages that there can be. */
static inline uint64_t page_count(const struct mz_space *space)
{
	const struct mz_format *f = space->table.config.format;

	return (uint64_t)1 << (f->ia_lg2 - f->page_lg2);
}

/* Do faults, and hardware's flags, tell of what is written? */
static inline bool writes_are_told(const struct mz_space *space)
{
	return space->consumers != NULL && !space->logged;
}

/* Must a leaf that nobody has written be protected against it? */
static inline bool writes_are_tracked(const struct mz_space *space)
{
	return writes_are_told(space) && !dirty_by_hardware(space);
}

/* The largest leaf that may be let be written. */
static inline unsigned written_level(const struct mz_space *space)
{
	return writes_are_tracked(space) && space->written_level != 0
		? space->written_level
		: space->table.config.format->levels;
}

static inline uint64_t pages_of(const struct mz_space *space, uint64_t bytes)
{
	return bytes >> space->table.config.format->page_lg2;
}

/* Pages are numbered by the bits of their addresses that the format translates. */
static inline uint64_t page_number(const struct mz_space *space, uint64_t ia)
{
	const struct mz_format *f = space->table.config.format;

	return (ia & (UINT64_MAX >> (64 - f->ia_lg2))) >> f->page_lg2;
}

/* Room to tell of [ia, ia + bytes). */
static inline enum mz_error written_prepare(struct mz_space *space, uint64_t ia, uint64_t bytes)
{
	for (struct mz_dirty *dirty = space->consumers; dirty != NULL; dirty = dirty->next) {
		enum mz_error error = mz_pages_prepare(&dirty->written, page_number(space, ia),
						       pages_of(space, bytes));

		if (error != MZ_OK)
			return error;
	}
	return MZ_OK;
}

/*
 * When this returns, all that was written until now is told of, and nothing can be written that
 * will not be. The change lock is held. MZ_NO_MEMORY: not all was told of, but none was forgotten.
 */
enum mz_error mz_written_catch_up_(struct mz_space *space);

static inline void written_tell(struct mz_space *space, uint64_t ia, uint64_t bytes)
{
	for (struct mz_dirty *dirty = space->consumers; dirty != NULL; dirty = dirty->next)
		mz_pages_add(&dirty->written, page_number(space, ia), pages_of(space, bytes));
}

#endif
