// SPDX-License-Identifier: MPL-2.0
#include "tests/explore/writable.h"

#include "core/walk.h"
#include "tests/explore/history.h"
#include "tests/explore/sched.h"
#include "tests/explore/serial.h"
#include "tests/explore/tiny.h"

static bool at_first[PAGES_MAX];

static bool may_be_written(const struct mz_table *table, unsigned page)
{
	struct mz_walk walk;

	return mz_table_walk(table, mz_ia_from(page * TINY_PAGE), &walk) == MZ_OK &&
		(walk.item.prop.perm & MZ_WRITE) != 0;
}

static unsigned page_count(const struct mz_table *table)
{
	return 1u << (table->config.format->ia_lg2 - TINY_PAGE_LG2);
}

void writable_look(const struct mz_table *table)
{
	for (unsigned page = 0; page < page_count(table); page++)
		at_first[page] = may_be_written(table, page);
}

static bool is_about(const struct call *call, unsigned page)
{
	return call->error == MZ_OK && page - call->first < call->count;
}

/* May the page be written after it? */
static bool lets(const struct call *call)
{
	bool sets = call->kind == CALL_MAP || call->kind == CALL_PROTECT;

	return call->kind == CALL_WRITE_ENABLE || (sets && (call->perm & MZ_WRITE) != 0);
}

static bool forbids(const struct call *call)
{
	return call->kind == CALL_WRITE_PROTECT || call->kind == CALL_UNMAP ||
		(call->kind == CALL_PROTECT && (call->perm & MZ_WRITE) == 0);
}

/* Had the call ended before that turn? */
static bool ended_before(const struct call *call, unsigned turn)
{
	return history.units[call->unit].end <= turn;
}

/* Was the page let be written, by a call that had not ended at `since` and has begun by `end`? */
static bool was_let(unsigned page, unsigned since, unsigned end)
{
	for (unsigned i = 0; i < history.call_count; i++) {
		const struct call *call = &history.calls[i];

		if (lets(call) && is_about(call, page) && !ended_before(call, since) &&
		    history.units[call->unit].begin < end)
			return true;
	}
	return false;
}

/* May the page be written by something that goes on from `begin` to `end`? */
static bool is_explained(unsigned page, unsigned begin, unsigned end)
{
	if (!at_first[page] && !was_let(page, 0, end))
		return false;
	for (unsigned i = 0; i < history.call_count; i++) {
		const struct call *call = &history.calls[i];

		if (call->kind == CALL_WRITE_PROTECT && is_about(call, page) &&
		    ended_before(call, begin) &&
		    !was_let(page, history.units[call->unit].begin, end))
			return false;
	}
	return true;
}

/* Is there one that lets it, and that all that forbid had ended before? */
static bool is_sure(unsigned page)
{
	for (unsigned i = 0; i < history.call_count; i++) {
		const struct call *call = &history.calls[i];
		bool sure = call->kind == CALL_WRITE_ENABLE && is_about(call, page);

		for (unsigned j = 0; j < history.call_count && sure; j++)
			sure = !forbids(&history.calls[j]) || !is_about(&history.calls[j], page) ||
				ended_before(&history.calls[j], history.units[call->unit].begin);
		if (sure)
			return true;
	}
	return false;
}

void writable_check(const struct mz_table *table)
{
	for (unsigned page = 0; page < page_count(table); page++) {
		bool writable = may_be_written(table, page);

		if (writable && !is_explained(page, UINT32_MAX, UINT32_MAX))
			fail("page %u may be written, and nobody let it", page);
		if (!writable && is_sure(page))
			fail("page %u may not be written, though it was let", page);
	}
	for (unsigned i = 0; i < history.call_count; i++) {
		const struct call *call = &history.calls[i];
		struct unit unit = history.units[call->unit];

		bool stores = call->kind == CALL_STORE ||
			(call->kind == CALL_ACCESS && (call->perm & MZ_WRITE) != 0);

		if (stores && call->item.level != 0 &&
		    !is_explained(call->first, unit.begin, unit.end))
			fail("page %u was written, and nobody let it", call->first);
	}
}
