/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A cursor: an exclusive, transactional view of a range. From open to close no other operation that
 * changes the range is let in, and what the cursor changes is atomic to them; the MMU and queries
 * see each change at once. The cursor never leaves its range.
 *
 * It stands at a position, a page-aligned address of the range, or behind its last address. It is
 * inside a reader's section all the time: between open and close, do not sleep.
 */
#ifndef MZ_CORE_CURSOR_H
#define MZ_CORE_CURSOR_H

#include "core/gather.h"
#include "core/node.h"
#include "core/reserve.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mz_cursor {
	struct mz_table *table;
	struct mz_gather *gather;
	uint64_t first, last; /* the range */
	uint64_t at;          /* the position, unless `ended` */
	bool ended;           /* behind the range */
	struct mz_node_ref cover;
	struct mz_reserve reserve; /* nodes for changes; filled ahead, changes cannot fail */
};

/* A piece of the range as the cursor has met it. */
struct mz_fragment {
	enum mz_kind kind; /* absent; a leaf, or a part of one; a node: a whole subtree was taken */
	mz_ia ia;
	uint64_t bytes;
	struct mz_item item; /* leaf: what ia is mapped to; `level` is that of the whole leaf */
};

/*
 * Locks [ia, ia + bytes) and stands at ia. What changes leave behind goes into `gather`, which is
 * finished after the cursor was closed. MZ_MISALIGNED, MZ_OUT_OF_RANGE.
 */
MZ_MUST_CHECK static inline enum mz_error mz_cursor_open(struct mz_cursor *cursor,
							 struct mz_table *table, mz_ia ia,
							 uint64_t bytes, struct mz_gather *gather)
{
	MZ_ASSERT(mz_table_made_(table));
	MZ_ASSERT(gather != NULL && mz_gather_of_(gather, table));
	return table->ops->cursor_open(cursor, table, ia, bytes, gather);
}

/* Unlocks the range and gives back what the reserve still has. */
static inline void mz_cursor_close(struct mz_cursor *cursor)
{
	MZ_ASSERT(mz_cursor_open_(cursor));
	cursor->table->ops->cursor_close(cursor);
	cursor->table = NULL;
}

/* MZ_MISALIGNED; MZ_OUT_OF_RANGE: not in the cursor's range. The position is as before then. */
MZ_MUST_CHECK enum mz_error mz_cursor_jump(struct mz_cursor *cursor, mz_ia ia);

/*
 * What is at the position: a leaf, from its first address on, even if that lies before the range;
 * or a hole, as far as one absent entry reaches within the range. Behind the range: a hole of 0
 * bytes.
 */
static inline struct mz_fragment mz_cursor_query(const struct mz_cursor *cursor)
{
	MZ_ASSERT(mz_cursor_open_(cursor));
	return cursor->table->ops->cursor_query(cursor);
}

/* Goes to the first address behind what mz_cursor_query() answers. */
void mz_cursor_move_on(struct mz_cursor *cursor);

/*
 * Goes to the next leaf that maps something in [position, position + bytes), to its first address
 * if that is not behind. False: there is none, and the position is as before.
 */
bool mz_cursor_find_next(struct mz_cursor *cursor, uint64_t bytes);

/*
 * Maps a leaf of `level` at the position and moves behind it. MZ_BAD_LEVEL: the table has no leaves
 * of that level. MZ_MISALIGNED: position or oa is not a multiple of what it maps. MZ_OUT_OF_RANGE:
 * it reaches over the range, or oa over the format. MZ_NOT_ENCODABLE, MZ_OCCUPIED. MZ_NO_MEMORY:
 * neither the reserve nor the memory hook has a node.
 */
MZ_MUST_CHECK static inline enum mz_error mz_cursor_map(struct mz_cursor *cursor, mz_oa oa,
							unsigned level, struct mz_prop prop)
{
	MZ_ASSERT(mz_cursor_open_(cursor));
	return cursor->table->ops->cursor_map(cursor, oa, level, prop);
}

/*
 * Takes out the next thing mapped in [position, position + bytes) and moves behind it: a whole
 * subtree where one lies inside, a leaf, or the part of a leaf that does, which is split for it.
 * `fragment` says what it was; absent: there was nothing, and the position is behind the bytes.
 * What is taken out is in the gather. MZ_MISALIGNED: bytes is no multiple of the page.
 * MZ_NO_MEMORY: a split needs a node. Nothing was taken then.
 */
MZ_MUST_CHECK static inline enum mz_error mz_cursor_take_next(struct mz_cursor *cursor,
							      uint64_t bytes,
							      struct mz_fragment *fragment)
{
	MZ_ASSERT(mz_cursor_open_(cursor));
	return cursor->table->ops->cursor_take_next(cursor, bytes, fragment);
}

/*
 * Gives the next leaf in [position, position + bytes), or the part of it that lies inside, the
 * permissions `perm` and moves behind it. `fragment` as for mz_cursor_take_next(), with the
 * permissions before. MZ_NOT_ENCODABLE, MZ_MISALIGNED, MZ_NO_MEMORY.
 */
MZ_MUST_CHECK static inline enum mz_error mz_cursor_protect_next(struct mz_cursor *cursor,
								 uint64_t bytes, unsigned perm,
								 struct mz_fragment *fragment)
{
	MZ_ASSERT(mz_cursor_open_(cursor));
	return cursor->table->ops->cursor_protect_next(cursor, bytes, perm, fragment);
}

#ifdef __cplusplus
}
#endif

#endif
