// SPDX-License-Identifier: MPL-2.0
/* What cursors do the same way for every format. */
#include "core/cursor.h"

enum mz_error mz_cursor_jump(struct mz_cursor *cursor, mz_ia ia)
{
	MZ_ASSERT(mz_cursor_open_(cursor));
	if (!mz_page_aligned(cursor->table->config.format, ia.addr))
		return MZ_MISALIGNED;
	if (ia.addr < cursor->first || ia.addr > cursor->last)
		return MZ_OUT_OF_RANGE;
	cursor->at = ia.addr;
	cursor->ended = false;
	return MZ_OK;
}

void mz_cursor_move_on(struct mz_cursor *cursor)
{
	struct mz_fragment here = mz_cursor_query(cursor);
	uint64_t here_last = here.ia.addr + (here.bytes - 1);

	if (cursor->ended || here_last >= cursor->last)
		cursor->ended = true;
	else
		cursor->at = here_last + 1;
}

bool mz_cursor_find_next(struct mz_cursor *cursor, uint64_t bytes)
{
	uint64_t at, limit;
	bool ended;

	MZ_ASSERT(mz_cursor_open_(cursor));
	at = cursor->at;
	limit = bytes > cursor->last - at ? cursor->last : at + (bytes - 1);
	ended = cursor->ended;
	while (bytes > 0 && !cursor->ended && cursor->at <= limit) {
		if (mz_cursor_query(cursor).kind == MZ_LEAF)
			return true;
		mz_cursor_move_on(cursor);
	}
	cursor->at = at;
	cursor->ended = ended;
	return false;
}
