// SPDX-License-Identifier: MPL-2.0
#include "tests/explore/history.h"

#include <string.h>

#include "tests/explore/search.h"
#include "tests/explore/tiny.h"

struct history history;

static const struct mz_ops *inner;
static unsigned open_unit[THREADS_MAX]; /* by thread: the unit of its open cursor */

const struct mz_ops *history_inner(void)
{
	return inner;
}

void history_clear(void)
{
	history.call_count = 0;
	memset(history.units, 0, sizeof(history.units));
}

static unsigned page(uint64_t addr)
{
	return (unsigned)(addr >> TINY_PAGE_LG2);
}

static unsigned unit_begin(bool query)
{
	unsigned unit = (unsigned)current * UNITS_EACH;

	while (history.units[unit].used)
		if (++unit % UNITS_EACH == 0)
			fail("a thread calls more than %d times", UNITS_EACH);
	history.units[unit] = (struct unit) {true, query, 0, 0};
	return unit;
}

static void unit_end(unsigned unit)
{
	history.units[unit].end = search_turn() + 1;
}

static struct call *call_begin(enum call_kind kind, unsigned unit, uint64_t ia, uint64_t bytes)
{
	struct call *call = &history.calls[history.call_count++];

	if (history.call_count > CALLS_MAX)
		fail("a program calls more than %d times", CALLS_MAX);
	*call = (struct call) {.kind = kind, .unit = unit, .first = page(ia), .count = page(bytes)};
	return call;
}

struct call *history_begin(enum call_kind kind, uint64_t ia)
{
	return call_begin(kind, unit_begin(kind == CALL_STORE || kind == CALL_ACCESS), ia,
			  TINY_PAGE);
}

void history_end(struct call *call)
{
	unit_end(call->unit);
}

/* A unit begins with its thread's first turn after the unit before. */
void history_settle(void)
{
	for (unsigned i = 0; i < UNITS_MAX; i++) {
		struct unit *unit = &history.units[i];
		unsigned task;
		struct op op;

		if (!unit->used)
			continue;
		unit->begin = i % UNITS_EACH == 0 ? 0 : unit[-1].end;
		while (search_step(unit->begin, &task, &op) && task != i / UNITS_EACH)
			unit->begin++;
	}
}

static enum mz_error watched_map(struct mz_table *table, mz_ia ia, uint64_t bytes, mz_oa oa,
				 struct mz_prop prop)
{
	struct call *call;

	if (current < 0)
		return inner->map(table, ia, bytes, oa, prop);
	call = call_begin(CALL_MAP, unit_begin(false), ia.addr, bytes);
	call->oa = page(oa.addr);
	call->perm = prop.perm;
	call->error = inner->map(table, ia, bytes, oa, prop);
	unit_end(call->unit);
	return call->error;
}

static enum mz_error watched_unmap(struct mz_table *table, mz_ia ia, uint64_t bytes,
				   struct mz_gather *gather)
{
	struct call *call;

	if (current < 0)
		return inner->unmap(table, ia, bytes, gather);
	call = call_begin(CALL_UNMAP, unit_begin(false), ia.addr, bytes);
	call->error = inner->unmap(table, ia, bytes, gather);
	unit_end(call->unit);
	return call->error;
}

static enum mz_error watched_protect(struct mz_table *table, mz_ia ia, uint64_t bytes,
				     unsigned perm, struct mz_gather *gather)
{
	struct call *call;

	if (current < 0)
		return inner->protect(table, ia, bytes, perm, gather);
	call = call_begin(CALL_PROTECT, unit_begin(false), ia.addr, bytes);
	call->perm = perm;
	call->error = inner->protect(table, ia, bytes, perm, gather);
	unit_end(call->unit);
	return call->error;
}

/* A fill is a map of the leaf that it has chosen. */
static enum mz_error watched_fill(struct mz_table *table, mz_ia ia, struct mz_fill *fill)
{
	struct call *call;

	if (current < 0)
		return inner->fill(table, ia, fill);
	call = call_begin(CALL_MAP, unit_begin(false), ia.addr, TINY_PAGE);
	call->perm = fill->prop.perm;
	call->error = inner->fill(table, ia, fill);
	if (call->error == MZ_OK) {
		uint64_t span = mz_span(table->config.format, mz_leaf_level(fill->leaf));
		uint64_t first = ia.addr & ~(span - 1);

		call->first = page(first);
		call->count = page(span);
		call->oa = page(first + fill->offset);
	}
	unit_end(call->unit);
	return call->error;
}

static enum mz_error watched_write_protect(struct mz_table *table, mz_ia ia, uint64_t bytes,
					   struct mz_gather *gather)
{
	struct call *call;

	if (current < 0)
		return inner->write_protect(table, ia, bytes, gather);
	call = call_begin(CALL_WRITE_PROTECT, unit_begin(false), ia.addr, bytes);
	call->error = inner->write_protect(table, ia, bytes, gather);
	unit_end(call->unit);
	return call->error;
}

static enum mz_error watched_write_enable(struct mz_table *table, mz_ia ia,
					  struct mz_writable *writable)
{
	struct call *call;

	if (current < 0)
		return inner->write_enable(table, ia, writable);
	call = call_begin(CALL_WRITE_ENABLE, unit_begin(false), ia.addr, TINY_PAGE);
	call->error = inner->write_enable(table, ia, writable);
	if (call->error == MZ_OK) {
		call->first = page(writable->ia.addr);
		call->count = page(writable->bytes);
	}
	unit_end(call->unit);
	return call->error;
}

/* Flags are looked at in tests/explore/flags.h. */
static enum mz_error unwatched_harvest(struct mz_table *table, mz_ia ia, uint64_t bytes,
				       struct mz_harvest *harvest)
{
	return inner->harvest(table, ia, bytes, harvest);
}

static struct mz_leaf watched_find(const struct mz_table *table, mz_ia ia)
{
	struct mz_leaf leaf;
	struct call *call;

	if (current < 0)
		return inner->find(table, ia);
	call = call_begin(CALL_QUERY, unit_begin(true), ia.addr, TINY_PAGE);
	leaf = inner->find(table, ia);
	call->item = mz_leaf_item(table, leaf);
	unit_end(call->unit);
	return leaf;
}

static enum mz_error watched_cursor_open(struct mz_cursor *cursor, struct mz_table *table, mz_ia ia,
					 uint64_t bytes, struct mz_gather *gather)
{
	if (current >= 0)
		open_unit[current] = unit_begin(false);
	return inner->cursor_open(cursor, table, ia, bytes, gather);
}

static void watched_cursor_close(struct mz_cursor *cursor)
{
	inner->cursor_close(cursor);
	if (current >= 0)
		unit_end(open_unit[current]);
}

static struct mz_fragment watched_cursor_query(const struct mz_cursor *cursor)
{
	struct call *call;

	if (current < 0)
		return inner->cursor_query(cursor);
	call = call_begin(CALL_CURSOR_QUERY, open_unit[current], cursor->at, 0);
	call->fragment = inner->cursor_query(cursor);
	return call->fragment;
}

static enum mz_error watched_cursor_map(struct mz_cursor *cursor, mz_oa oa, unsigned level,
					struct mz_prop prop)
{
	const struct mz_format *f = cursor->table->config.format;
	struct call *call;

	if (current < 0)
		return inner->cursor_map(cursor, oa, level, prop);
	call = call_begin(CALL_CURSOR_MAP, open_unit[current], cursor->at,
			  (uint64_t)1 << f->shift[level]);
	call->oa = page(oa.addr);
	call->perm = prop.perm;
	call->error = inner->cursor_map(cursor, oa, level, prop);
	return call->error;
}

/* How far a call may go that was asked to go `bytes`. */
static uint64_t within(const struct mz_cursor *cursor, uint64_t bytes)
{
	uint64_t left = cursor->ended ? 0 : cursor->last - cursor->at + 1;

	return bytes < left ? bytes : left;
}

static enum mz_error watched_cursor_take_next(struct mz_cursor *cursor, uint64_t bytes,
					      struct mz_fragment *fragment)
{
	struct call *call;

	if (current < 0)
		return inner->cursor_take_next(cursor, bytes, fragment);
	call = call_begin(CALL_CURSOR_TAKE, open_unit[current], cursor->at, within(cursor, bytes));
	call->error = inner->cursor_take_next(cursor, bytes, fragment);
	call->fragment = *fragment;
	return call->error;
}

static enum mz_error watched_cursor_protect_next(struct mz_cursor *cursor, uint64_t bytes,
						 unsigned perm, struct mz_fragment *fragment)
{
	struct call *call;

	if (current < 0)
		return inner->cursor_protect_next(cursor, bytes, perm, fragment);
	call = call_begin(CALL_CURSOR_PROTECT, open_unit[current], cursor->at,
			  within(cursor, bytes));
	call->perm = perm;
	call->error = inner->cursor_protect_next(cursor, bytes, perm, fragment);
	call->fragment = *fragment;
	return call->error;
}

static const struct mz_ops watched = {
	.map = watched_map,
	.unmap = watched_unmap,
	.protect = watched_protect,
	.fill = watched_fill,
	.write_protect = watched_write_protect,
	.write_enable = watched_write_enable,
	.harvest = unwatched_harvest,
	.find = watched_find,
	.cursor_open = watched_cursor_open,
	.cursor_close = watched_cursor_close,
	.cursor_query = watched_cursor_query,
	.cursor_map = watched_cursor_map,
	.cursor_take_next = watched_cursor_take_next,
	.cursor_protect_next = watched_cursor_protect_next,
};

void history_watch(struct mz_table *table)
{
	inner = table->ops;
	table->ops = &watched;
}
