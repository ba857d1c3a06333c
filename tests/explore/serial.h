/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Serialisability: is there an order of a run's units, one after the other, in which a flat array
 * of pages gives every answer that was given, and ends as the table did? The order must keep what
 * was in order in the run: a unit that had ended before another began comes before it.
 *
 * Queries take no lock: to them, a change of many pages is one event a page, each at some time
 * within the change. So a query has its place among the versions of its own page alone: after every
 * change of this page that had ended before the query began, before every one that began after the
 * query's end, and not before the place of an earlier query of it.
 *
 * Where leaves are broken before they are split, whatever looks without a lock may find nothing for
 * as long as a change of the leaf's pages is under way.
 */
#ifndef MZ_TESTS_EXPLORE_SERIAL_H
#define MZ_TESTS_EXPLORE_SERIAL_H

#include "core/table.h"

#define PAGES_MAX 64

/* What each page translates to. */
struct serial_pages {
	uint32_t pages[PAGES_MAX];
	unsigned count;
};

static inline bool serial_mapped(uint32_t page)
{
	return page != 0;
}

/* The number of the output page. */
static inline unsigned serial_oa(uint32_t page)
{
	return (page >> 8) - 1;
}

static inline bool serial_dirty(uint32_t page)
{
	return (page >> 3 & MZ_DIRTY) != 0;
}

/* Asks the table for every page, past the history. */
void serial_look(struct serial_pages *pages, const struct mz_table *table);

/*
 * Forgets the outcomes of another program; `flags` are those of the next one. Where links narrow,
 * what may be written is left to tests/explore/writable.h, and what processors set to
 * tests/explore/flags.h.
 */
void serial_clear(const struct mz_format *format, unsigned flags);

/* Checks the history. Fails if there is no order. */
void serial_check(const struct serial_pages *begin, const struct serial_pages *end);

/* How many different outcomes there were since the last clear. */
unsigned serial_outcomes(void);

#endif
