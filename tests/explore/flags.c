// SPDX-License-Identifier: MPL-2.0
#include "tests/explore/flags.h"

#include <string.h>

#include "tests/explore/history.h"
#include "tests/explore/search.h"
#include "tests/explore/world.h"

#define HARVESTS_MAX 8

struct report {
	unsigned end;              /* the turn after its last */
	bool refuses;              /* the next telling */
	uint16_t flags[PAGES_MAX]; /* by page: those that it told of */
};

static struct report reports[HARVESTS_MAX];
static unsigned report_count;

void flags_clear(void)
{
	report_count = 0;
}

static enum mz_error told(void *context, mz_ia ia, struct mz_item item)
{
	struct report *report = context;
	uint64_t page = ia.addr >> TINY_PAGE_LG2;
	uint64_t bytes = mz_span(world.spaces[0].table.config.format, item.level);

	if (report->refuses) {
		report->refuses = false;
		return MZ_NO_MEMORY;
	}
	for (uint64_t i = 0; i < bytes >> TINY_PAGE_LG2; i++)
		report->flags[page + i] |= item.prop.flags;
	return MZ_OK;
}

static struct report *harvest(mz_ia ia, uint64_t bytes, bool refuses)
{
	struct mz_table *table = &world.spaces[0].table;
	struct report *report = &reports[report_count++];
	struct mz_gather gather;
	struct mz_harvest harvest = {.flags = MZ_ACCESSED | MZ_DIRTY,
				     .told = told,
				     .context = report,
				     .gather = &gather};
	enum mz_error error;

	if (report_count == HARVESTS_MAX)
		fail("a program harvests more than %d times", HARVESTS_MAX - 1);
	*report = (struct report) {.refuses = refuses};
	mz_gather_init(&gather, table);
	error = mz_table_harvest(table, ia, bytes, &harvest);
	if (error != MZ_OK && !refuses)
		fail("a harvest is answered: %s", mz_error_text(error));
	mz_gather_finish(&gather);
	return report;
}

void flags_harvest(const struct action *action, unsigned thread)
{
	struct report *report = harvest(mz_ia_from(action->first * TINY_PAGE),
					action->count * TINY_PAGE, (action->perm & MZ_EXEC) != 0);

	(void)thread;
	report->end = search_turn();
}

/* Have harvests that ended after the access told of it? */
static bool is_told(const struct call *access, unsigned flags)
{
	unsigned turn = history.units[access->unit].end;

	for (unsigned i = 0; i < report_count; i++)
		if (reports[i].end >= turn)
			flags &= ~(unsigned)reports[i].flags[access->first];
	return flags == 0;
}

void flags_check(void)
{
	const struct mz_table *table = &world.spaces[0].table;

	if ((world.flags & PROGRAM_HARDWARE) == 0 || (world.flags & PROGRAM_WALKED) == 0)
		return;
	harvest(mz_ia_from(0), (uint64_t)1 << table->config.format->ia_lg2, false)->end =
		UINT32_MAX;
	for (unsigned i = 0; i < history.call_count; i++) {
		const struct call *call = &history.calls[i];
		unsigned flags = call->perm & MZ_WRITE ? MZ_ACCESSED | MZ_DIRTY : MZ_ACCESSED;

		if (call->kind == CALL_ACCESS && call->item.level != 0 && !is_told(call, flags))
			fail("nobody is told that page %u was accessed", call->first);
	}
}
