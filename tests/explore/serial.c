// SPDX-License-Identifier: MPL-2.0
#include "tests/explore/serial.h"

#include <string.h>

#include "tests/explore/history.h"
#include "tests/explore/program.h"
#include "tests/explore/sched.h"
#include "tests/explore/tiny.h"

#define VERSIONS_MAX (CALLS_MAX + 1)
#define NO_UNIT      UNITS_MAX
#define OUTCOMES_MAX (1u << 16) /* a power of 2 */

/* A serial order as it is being put together. */
struct order {
	const struct serial_pages *end;
	unsigned open;      /* the unit whose calls are being placed, or NO_UNIT, */
	unsigned next_call; /* and from where on its next one is to be found */
	uint64_t placed;    /* units, as bits */
	uint32_t versions[VERSIONS_MAX][PAGES_MAX]; /* before the first change, after each */
	unsigned version_count;
	unsigned from[UNITS_MAX], to[UNITS_MAX]; /* by unit: the versions it lies between */
};

static struct order order;
static uint64_t before[UNITS_MAX]; /* by unit: those that have ended before it began, as bits */
static uint64_t writers;           /* units, as bits */

static unsigned leaf_pages;    /* of a large leaf, which are broken together */
static bool breaks, collapses; /* what is split is broken first; what is collapsed */

static unsigned perms = ~0u, flags_seen = ~0u; /* that are looked at */

static uint64_t outcomes[OUTCOMES_MAX];
static unsigned outcome_count;

/* ---- Pages ---- */

static uint32_t page_value(unsigned oa, unsigned perm, unsigned flags)
{
	return (oa + 1) << 8 | (flags & flags_seen) << 3 | (perm & perms);
}

static uint32_t item_value(struct mz_item item)
{
	return item.level == 0 ? 0
			       : page_value((unsigned)(item.oa.addr >> TINY_PAGE_LG2),
					    item.prop.perm, item.prop.flags);
}

void serial_look(struct serial_pages *pages, const struct mz_table *table)
{
	const struct mz_format *f = table->config.format;

	*pages = (struct serial_pages) {0};
	pages->count = 1u << (f->ia_lg2 - TINY_PAGE_LG2);
	for (unsigned i = 0; i < pages->count; i++)
		pages->pages[i] = item_value(mz_table_query(table, mz_ia_from(i * TINY_PAGE)));
}

/* Is none of the pages [first, end) mapped? */
static bool none_mapped(const uint32_t *pages, unsigned first, unsigned end)
{
	for (unsigned i = first; i < end; i++)
		if (pages[i] != 0)
			return false;
	return true;
}

static uint32_t protected_page(uint32_t page, unsigned perm)
{
	return page == 0 ? 0 : (page & ~7u) | (perm & perms);
}

static unsigned fragment_page(const struct call *call)
{
	return (unsigned)(call->fragment.ia.addr >> TINY_PAGE_LG2);
}

static unsigned fragment_count(const struct call *call)
{
	return (unsigned)(call->fragment.bytes >> TINY_PAGE_LG2);
}

/* Is the fragment a leaf as the pages have it? */
static bool is_leaf(const uint32_t *pages, const struct call *call)
{
	struct mz_item item = call->fragment.item;

	for (unsigned i = 0; i < fragment_count(call); i++, item.oa.addr += TINY_PAGE)
		if (pages[fragment_page(call) + i] != item_value(item))
			return false;
	return fragment_count(call) > 0;
}

/* Does the fragment tell the truth about the next thing mapped in [first, first + count)? */
static bool is_next(const uint32_t *pages, const struct call *call)
{
	unsigned at = fragment_page(call), end = at + fragment_count(call);

	if (call->fragment.kind == MZ_ABSENT)
		return none_mapped(pages, call->first, call->first + call->count);
	if (at < call->first || end > call->first + call->count ||
	    !none_mapped(pages, call->first, at))
		return false;
	return call->fragment.kind == MZ_LEAF ? is_leaf(pages, call) : !none_mapped(pages, at, end);
}

static bool is_here(const uint32_t *pages, const struct call *call)
{
	unsigned at = fragment_page(call);

	if (call->fragment.kind == MZ_ABSENT)
		return none_mapped(pages, at, at + fragment_count(call));
	return at <= call->first && call->first < at + fragment_count(call) && is_leaf(pages, call);
}

/* May a call have broken a leaf, to split it, or a link, for a leaf? */
static bool may_break(const struct call *call)
{
	switch (call->kind) {
	case CALL_UNMAP:
	case CALL_PROTECT:
	case CALL_WRITE_ENABLE:
	case CALL_SPLIT:
	case CALL_CURSOR_TAKE:
	case CALL_CURSOR_PROTECT:
		return breaks;
	case CALL_COLLAPSE:
		return breaks || collapses;
	default:
		return false;
	}
}

/* May a leaf around the page have been broken while this was looked for? */
static bool may_be_broken(const struct call *look)
{
	for (unsigned i = 0; i < history.call_count; i++) {
		const struct call *call = &history.calls[i];
		unsigned first = call->first - call->first % leaf_pages;

		if (may_break(call) && look->first >= first &&
		    look->first < call->first + call->count + leaf_pages - 1 &&
		    (before[look->unit] >> call->unit & 1) == 0 &&
		    (before[call->unit] >> look->unit & 1) == 0)
			return true;
	}
	return false;
}

/* The pages of a leaf around a page that the MMU has touched get the flags. */
static bool touch(uint32_t *pages, const struct call *call)
{
	unsigned flags = call->perm & MZ_WRITE ? MZ_ACCESSED | MZ_DIRTY : MZ_ACCESSED;

	if (call->item.level == 0)
		return (pages[call->first] & call->perm) != call->perm || may_be_broken(call);
	if (serial_oa(pages[call->first]) != call->item.oa.addr >> TINY_PAGE_LG2 ||
	    (pages[call->first] & call->perm) != call->perm)
		return false;
	for (unsigned i = 0; i < call->count; i++)
		pages[call->first - call->first % call->count + i] |= flags << 3;
	return true;
}

/* ---- One call on the flat array ---- */

/* False: on these pages the call would have been answered otherwise. */
static bool apply(uint32_t *pages, const struct call *call)
{
	unsigned first = call->first, end = first + call->count;

	switch (call->kind) {
	case CALL_MAP:
	case CALL_CURSOR_MAP:
		if (call->error != MZ_OK)
			return call->error == MZ_OCCUPIED && !none_mapped(pages, first, end);
		if (!none_mapped(pages, first, end))
			return false;
		for (unsigned i = first; i < end; i++)
			pages[i] = page_value(call->oa + (i - first), call->perm, 0);
		return true;
	case CALL_UNMAP:
		memset(&pages[first], 0, call->count * sizeof(pages[0]));
		return true;
	case CALL_PROTECT:
		for (unsigned i = first; i < end; i++)
			pages[i] = protected_page(pages[i], call->perm);
		return true;
	case CALL_WRITE_PROTECT:
	case CALL_STORE:
	case CALL_ACCESS:
	case CALL_COLLAPSE:
	case CALL_SPLIT:
		return true;
	case CALL_WRITE_ENABLE:
		if (call->error != MZ_OK && may_be_broken(call))
			return true;
		if ((call->error == MZ_OK) != (pages[first] != 0))
			return false;
		for (unsigned i = first; i < end; i++)
			pages[i] |= pages[i] != 0 ? MZ_WRITE & perms : 0;
		return true;
	case CALL_QUERY:
		return pages[first] == item_value(call->item);
	case CALL_TOUCH:
		return touch(pages, call);
	case CALL_CURSOR_QUERY:
		return is_here(pages, call);
	case CALL_CURSOR_TAKE:
		if (!is_next(pages, call))
			return false;
		for (unsigned i = 0; i < fragment_count(call); i++)
			pages[fragment_page(call) + i] = 0;
		return true;
	case CALL_CURSOR_PROTECT:
		if (!is_next(pages, call))
			return false;
		for (unsigned i = 0; i < fragment_count(call); i++)
			pages[fragment_page(call) + i] =
				protected_page(pages[fragment_page(call) + i], call->perm);
		return true;
	}
	return false;
}

/* ---- Orders ---- */

/* The earliest version from `from` on, up to `to`, that answers the query. */
static bool place_query(const struct call *call, unsigned from, unsigned to, unsigned *place)
{
	for (*place = from; *place <= to; ++*place)
		if (order.versions[*place][call->first] == item_value(call->item))
			return true;
	return false;
}

/* Is one of the unit's calls about this page? */
static bool is_about(unsigned unit, unsigned page)
{
	for (unsigned i = 0; i < history.call_count; i++) {
		const struct call *call = &history.calls[i];

		if (call->unit == unit && page >= call->first && page < call->first + call->count)
			return true;
	}
	return false;
}

/* The call of a unit that is the MMU's, or NULL. */
static const struct call *touch_of(unsigned unit)
{
	for (unsigned i = 0; i < history.call_count; i++)
		if (history.calls[i].unit == unit)
			return history.calls[i].kind == CALL_TOUCH ? &history.calls[i] : NULL;
	return NULL;
}

/* The versions that what looks at a page without a lock may have seen, by what came before it. */
static void find_versions(const struct call *call, unsigned *from, unsigned *to)
{
	*from = 0;
	*to = order.version_count - 1;
	for (uint64_t set = writers; set != 0; set &= set - 1) {
		unsigned other = (unsigned)__builtin_ctzll(set);

		if (!is_about(other, call->first))
			continue;
		if ((before[call->unit] >> other & 1) != 0 && order.to[other] > *from)
			*from = order.to[other];
		if ((before[other] >> call->unit & 1) != 0 && order.from[other] < *to)
			*to = order.from[other];
	}
}

/* Was the page ever as a processor had it, which may have it cached until it is flushed? */
static bool access_fits(const struct call *call)
{
	unsigned from, to, wanted = call->perm & perms;

	/* What may be written is looked at elsewhere where links narrow. */
	if (call->item.level == 0 && (wanted != call->perm || may_be_broken(call)))
		return true;
	find_versions(call, &from, &to);
	for (unsigned i = from; i <= to; i++) {
		uint32_t page = order.versions[i][call->first];
		bool let = page != 0 && (page & wanted) == wanted;

		if (call->item.level == 0
			    ? !let
			    : let && serial_oa(page) == call->item.oa.addr >> TINY_PAGE_LG2)
			return true;
	}
	return false;
}

/* Has every query a place? Calls are in the order in which they were made. */
static bool queries_fit(void)
{
	unsigned place[UNITS_MAX];

	for (unsigned i = 0; i < history.call_count; i++) {
		const struct call *call = &history.calls[i];
		unsigned from, to;

		if (call->kind == CALL_ACCESS && !access_fits(call))
			return false;
		if (call->kind != CALL_QUERY)
			continue;
		find_versions(call, &from, &to);
		for (unsigned j = 0; j < i; j++) {
			const struct call *earlier = &history.calls[j];

			if (earlier->kind == CALL_QUERY && earlier->first == call->first &&
			    (before[call->unit] >> earlier->unit & 1) != 0 &&
			    place[earlier->unit] > from)
				from = place[earlier->unit];
		}
		if (place_query(call, from, to, &place[call->unit]))
			continue;
		if (call->item.level != 0 || !may_be_broken(call))
			return false;
		place[call->unit] = from;
	}
	return true;
}

static bool ends_well(void)
{
	return memcmp(order.versions[order.version_count - 1], order.end->pages,
		      sizeof(order.end->pages)) == 0 &&
		queries_fit();
}

static bool can_be_completed(void);

/* Does the order go on well after this call? */
static bool goes_on(const struct call *call)
{
	uint32_t *pages = order.versions[order.version_count];
	bool well;

	memcpy(pages, order.versions[order.version_count - 1], sizeof(order.versions[0]));
	order.version_count++;
	well = apply(pages, call) && can_be_completed();
	order.version_count--;
	return well;
}

/* The next call of the unit that is open, or its end. */
static bool open_unit_goes_on(void)
{
	unsigned unit = order.open, call = order.next_call;
	bool well;

	while (call < history.call_count && history.calls[call].unit != unit)
		call++;
	if (call < history.call_count) {
		order.next_call = call + 1;
		well = goes_on(&history.calls[call]);
		order.next_call = call;
		return well;
	}
	order.open = NO_UNIT;
	order.placed |= (uint64_t)1 << unit;
	order.to[unit] = order.version_count - 1;
	well = can_be_completed();
	order.placed &= ~((uint64_t)1 << unit);
	order.open = unit;
	return well;
}

static bool unit_begins(unsigned unit)
{
	unsigned open = order.open, next_call = order.next_call;
	bool well;

	order.open = unit;
	order.next_call = 0;
	order.from[unit] = order.version_count - 1;
	well = open_unit_goes_on();
	order.open = open;
	order.next_call = next_call;
	return well;
}

/* What the MMU does may come in the midst of a unit, whose own calls follow one another. */
static bool touch_goes_on(unsigned unit)
{
	bool well;

	order.placed |= (uint64_t)1 << unit;
	order.from[unit] = order.version_count - 1;
	order.to[unit] = order.version_count;
	well = goes_on(touch_of(unit));
	order.placed &= ~((uint64_t)1 << unit);
	return well;
}

/* Can the units that are not placed yet follow in some order? */
static bool can_be_completed(void)
{
	if (order.placed == writers)
		return ends_well();
	if (order.open != NO_UNIT && open_unit_goes_on())
		return true;
	for (uint64_t set = writers & ~order.placed; set != 0; set &= set - 1) {
		unsigned unit = (unsigned)__builtin_ctzll(set);

		if (unit == order.open || (before[unit] & writers & ~order.placed) != 0)
			continue;
		if (touch_of(unit) != NULL ? touch_goes_on(unit)
					   : order.open == NO_UNIT && unit_begins(unit))
			return true;
	}
	return false;
}

/*
 * The MMU takes no lock either. What it does to a page is in order with what else is done to that
 * page, and with nothing else. Is this such a pair without order?
 */
static bool apart(unsigned touch, unsigned other)
{
	const struct call *call = touch_of(touch);
	unsigned first;

	if (call == NULL)
		return false;
	first = call->first - call->first % call->count;
	for (unsigned page = first; page < first + call->count; page++)
		if (is_about(other, page))
			return false;
	return true;
}

static void find_precedence(void)
{
	writers = 0;
	for (unsigned i = 0; i < UNITS_MAX; i++) {
		before[i] = 0;
		if (!history.units[i].used)
			continue;
		if (!history.units[i].query)
			writers |= (uint64_t)1 << i;
		for (unsigned j = 0; j < UNITS_MAX; j++)
			if (j != i && history.units[j].used &&
			    history.units[j].end <= history.units[i].begin && !apart(i, j) &&
			    !apart(j, i))
				before[i] |= (uint64_t)1 << j;
	}
}

/* ---- Outcomes ---- */

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15;
	return hash ^ hash >> 29;
}

/* The answers, what came before what, and the end. */
static uint64_t outcome_of(const struct serial_pages *end)
{
	uint64_t hash = 1;

	for (unsigned thread = 0; thread < THREADS_MAX; thread++) {
		for (unsigned i = 0; i < history.call_count; i++) {
			const struct call *call = &history.calls[i];

			if (call->unit / UNITS_EACH != thread)
				continue;
			hash = mix(hash,
				   (uint64_t)call->kind << 48 | (uint64_t)call->first << 32 |
					   (uint64_t)call->count << 16 | (uint64_t)call->error);
			hash = mix(hash, item_value(call->item));
			hash = mix(hash, item_value(call->fragment.item));
			hash = mix(hash, call->fragment.ia.addr << 8 | call->fragment.kind);
			hash = mix(hash, call->fragment.bytes);
			hash = mix(hash, before[call->unit]);
		}
	}
	for (unsigned i = 0; i < end->count; i++)
		hash = mix(hash, end->pages[i]);
	return hash == 0 ? 1 : hash;
}

/* False: this outcome was met before. */
static bool remember(uint64_t outcome)
{
	uint64_t *place = &outcomes[outcome % OUTCOMES_MAX];

	while (*place != 0 && *place != outcome)
		place = place == &outcomes[OUTCOMES_MAX - 1] ? outcomes : place + 1;
	if (*place == outcome)
		return false;
	if (outcome_count < OUTCOMES_MAX / 2) {
		*place = outcome;
		outcome_count++;
	}
	return true;
}

void serial_clear(const struct mz_format *format, unsigned flags)
{
	perms = format->hierarchical ? ~(unsigned)MZ_WRITE : ~0u;
	flags_seen = flags & PROGRAM_WALKED ? 0 : ~0u;
	leaf_pages = 1u << (format->shift[2] - TINY_PAGE_LG2);
	breaks = (flags & (PROGRAM_CACHED | PROGRAM_WALKED)) != 0 && format->break_before_make;
	collapses = (flags & PROGRAM_HARDWARE) != 0;
	memset(outcomes, 0, sizeof(outcomes));
	outcome_count = 0;
}

unsigned serial_outcomes(void)
{
	return outcome_count;
}

void serial_check(const struct serial_pages *begin, const struct serial_pages *end)
{
	find_precedence();
	if (!remember(outcome_of(end)))
		return;
	order.end = end;
	order.placed = 0;
	order.open = NO_UNIT;
	order.version_count = 1;
	memcpy(order.versions[0], begin->pages, sizeof(begin->pages));
	if (!can_be_completed())
		fail("no serial order gives these answers and this table");
}
