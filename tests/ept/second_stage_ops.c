/* SPDX-License-Identifier: MPL-2.0 */
/* The steps: accesses with their faults, leaves that are split and put together, and clones. */
#include "tests/ept/second_stage_ops.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char *text;
static size_t text_bytes;

void op_says(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(text, text_bytes, format, list);
	va_end(list);
}

unsigned below(unsigned end)
{
	return (unsigned)rng_below(&world.rng, end);
}

bool memory_fails(void)
{
	return world.x.track.fail_at != 0;
}

void memory_recovers(void)
{
	track_fail(&world.x.track, 0);
}

size_t flushes(void)
{
	return journal_count(&world.x.journal, EVENT_FLUSH);
}

size_t upper_flushes(void)
{
	size_t count = 0;

	for (size_t i = 0; i < world.x.journal.count; i++)
		count += world.x.journal.events[i].kind == EVENT_FLUSH &&
			world.x.journal.events[i].nodes;
	return count;
}

static struct mz_table *table_of(struct member *member)
{
	return &member->guest.space.table;
}

/* ---- Addresses ---- */

/* A page that is looked at, the one behind it, or the border of a big leaf. */
static uint64_t choose_point(const struct zone *zone)
{
	uint64_t ia;

	if (chance(2))
		return zone->ia + rng_below(&world.rng, zone->bytes / world.big + 1) * world.big;
	do
		ia = world.probes[below(world.probe_count)];
	while (ia - zone->ia >= zone->bytes);
	return chance(2) ? ia : ia + world.x.page;
}

void choose_range(uint64_t *first, uint64_t *last)
{
	const struct zone *zone = &world.zones[chance(4)];
	uint64_t a = chance(5) ? zone->ia : choose_point(zone), b;

	do
		b = chance(5) ? zone->ia + zone->bytes : choose_point(zone);
	while (a == b);
	*first = a < b ? a : b;
	*last = (a < b ? b : a) - 1;
}

void whole_zone(uint64_t *first, uint64_t *last)
{
	const struct zone *zone = &world.zones[chance(4)];

	*first = zone->ia;
	*last = zone->ia + (zone->bytes - 1);
}

void whole_range(uint64_t *first, uint64_t *last)
{
	*first = world.zones[0].ia;
	*last = world.zones[1].ia + (world.zones[1].bytes - 1);
}

/* ---- Accesses ---- */

static enum mz_answer answer_expected(const struct page *page, enum mz_perm access,
				      enum mz_denial *cause)
{
	*cause = MZ_DENIAL_NONE;
	if ((perm_of(page) & access) != 0)
		return MZ_RESOLVED;
	if (page->there && page->kind == MZ_REGION_MMIO)
		return MZ_MMIO;
	*cause = !page->there                                       ? MZ_DENIAL_NO_REGION
		: page->kind == MZ_REGION_LENT                      ? MZ_DENIAL_LENT
		: page->kind == MZ_REGION_ROM && access == MZ_WRITE ? MZ_DENIAL_READ_ONLY
								    : MZ_DENIAL_PERMISSION;
	return MZ_DENIED;
}

/* How many flushes a fault may need, by what it has done: see docs/second-stage.md. */
static size_t most_flushes(const struct member *member, const struct mz_space_stats *before,
			   enum mz_answer answer, enum mz_perm access)
{
	const struct mz_format *f = world.x.format;
	struct mz_space_stats after = mz_space_stats((struct mz_space *)&member->guest.space);
	size_t most = 0;

	for (unsigned level = 2; level <= f->levels; level++)
		most += after.split[level] - before->split[level];
	/* What a narrow link hands down, where links are cached for themselves. */
	if (access == MZ_WRITE && f->links_cached_raw && f->levels > 2)
		most += f->levels - 2u;
	if (!member->guest.space.table.shares)
		return answer == MZ_RETRY ? 0 : most;
	/* The way is made the space's own, and the page exchanged, with a split before. */
	most += f->break_before_make ? 2u * f->levels + 2 : 1;
	most += (f->break_before_make ? 3 : 1) * (after.copied - before->copied);
	return answer == MZ_EXHAUSTED ? most + f->levels + 1u : most;
}

static void check_answer(const struct member *member, unsigned p, enum mz_perm access, bool allowed,
			 enum mz_answer answer, const struct mz_fault *fault)
{
	enum mz_denial cause;
	enum mz_answer expected = answer_expected(&member->pages[p], access, &cause);

	if (world.nested || answer == MZ_EXHAUSTED) {
		must(world.nested || memory_fails() || world.refused);
		return;
	}
	if (expected == MZ_RESOLVED && allowed)
		expected = MZ_RETRY;
	must_say(answer == expected, "%s instead of %s", mz_answer_text(answer),
		 mz_answer_text(expected));
	must_equal(fault->cause, cause);
	must_equal(fault->kind, member->pages[p].there ? member->pages[p].kind : MZ_REGION_KINDS);
	if (answer == MZ_RESOLVED || answer == MZ_RETRY)
		must_equal(mz_table_query(&member->guest.space.table, mz_ia_from(world.probes[p]))
				   .oa.addr,
			   fault->item.oa.addr + (world.probes[p] - fault->ia.addr));
}

/* False: the access is not going to be let. */
static bool answer_fault(struct member *member, unsigned processor, unsigned p, enum mz_perm access)
{
	uint64_t ia = world.probes[p];
	struct mz_space_stats before = mz_space_stats(&member->guest.space);
	size_t flushed = flushes();
	struct mz_item item;
	bool allowed = guest_may(&member->guest, ia, access, &item);
	struct mz_fault fault;
	enum mz_answer answer;

	world.at_work = member;
	answer = guest_fault(&member->guest, ia, access, &fault);
	check_answer(member, p, access, allowed, answer, &fault);
	if (!world.nested)
		must_say(flushes() - flushed <= most_flushes(member, &before, answer, access),
			 "a fault that is %s has flushed %zu times", mz_answer_text(answer),
			 flushes() - flushed);
	if (answer == MZ_RESOLVED && access == MZ_WRITE)
		may_be_told(member, fault.ia.addr, fault.ia.addr + (fault.bytes - 1));
	/* What has faulted is not cached any more; or it is, until that is told. */
	if (!world.x.format->break_before_make || answer == MZ_RETRY)
		tlb_drop(table_of(member), processor, ia);
	return answer == MZ_RESOLVED || answer == MZ_RETRY;
}

static void arrive(struct member *member, unsigned p, enum mz_perm access, uint64_t oa)
{
	const struct page *page = &member->pages[p];

	must_say((perm_of(page) & access) != 0, "%#x is let, and the region has %#x", access,
		 perm_of(page));
	if (access == MZ_WRITE)
		page_written(member, p, oa);
	else
		must_say(contents_of(oa) == page->contents, "%#llx is read, not %#llx",
			 (unsigned long long)contents_of(oa), (unsigned long long)page->contents);
}

static void access_page(struct member *member, unsigned p, enum mz_perm access)
{
	unsigned processor = below(TLB_PROCESSORS);
	struct mz_item item;

	for (unsigned tries = 0; tries < 8; tries++) {
		if (tlb_access(table_of(member), processor, world.probes[p], access, &item)) {
			arrive(member, p, access, item.oa.addr);
			return;
		}
		if (!answer_fault(member, processor, p, access))
			return;
	}
	ck_abort_msg("an access goes round in circles");
}

void access_something(struct member *member)
{
	access_page(member, below(world.probe_count), chance(2) ? MZ_WRITE : MZ_READ);
}

void op_access(struct member *member)
{
	static const enum mz_perm kinds[] = {MZ_READ,  MZ_READ,  MZ_WRITE, MZ_WRITE,
					     MZ_WRITE, MZ_WRITE, MZ_EXEC};
	enum mz_perm access = kinds[below(sizeof(kinds) / sizeof(*kinds))];
	unsigned p = below(world.probe_count);

	op_says("access %#x to page %u, %#llx", access, p, (unsigned long long)world.probes[p]);
	access_page(member, p, access);
}

static void speculate(struct member *member)
{
	unsigned p = below(world.probe_count);

	op_says("page %u is cached", p);
	tlb_speculate(table_of(member), below(TLB_PROCESSORS), world.probes[p]);
}

/* Would populating the range take page after page? */
static bool is_tedious(const struct member *member, uint64_t first, uint64_t last)
{
	const struct mz_regions *set = &member->guest.space.regions;

	for (size_t i = 0; i < set->count; i++) {
		const struct mz_region *region = &set->all[i];
		bool aligned = ((region->ia.addr ^ region->oa.addr) & (world.big - 1)) == 0;

		if (region->ia.addr <= last && mz_region_last(region) >= first &&
		    (region->supplied || region->leaf_level_max == 1 || !aligned))
			return true;
	}
	return false;
}

void op_populate(struct member *member)
{
	uint64_t first, last, pages;
	enum mz_error error;

	choose_range(&first, &last);
	if (!chance(8) || is_tedious(member, first, last)) {
		uint64_t most = first + (4 * world.x.page - 1);

		last = most < last ? most : last;
	}
	op_says("populate %#llx..%#llx", (unsigned long long)first, (unsigned long long)last);
	world.at_work = member;
	error = mz_space_populate(&member->guest.worker, mz_ia_from(first), last - first + 1);
	must(error == MZ_OK || memory_fails() || world.refused);
	must(flushes() == 0 || table_of(member)->shares || world.nested);
	pages = pages_in(first, last);
	for (unsigned p = 0; error == MZ_OK && !world.nested && p < world.probe_count; p++)
		must((pages >> p & 1) == 0 || (perm_of(&member->pages[p]) & MZ_READ) == 0 ||
		     mz_table_query(table_of(member), mz_ia_from(world.probes[p])).level != 0);
}

/* ---- Larger and smaller leaves ---- */

static void split(struct member *member)
{
	uint64_t first = world.probes[below(world.probe_count)], last = first + (world.x.page - 1);
	unsigned level = chance(3) ? world.big_level : 1;
	enum mz_error error;

	if (chance(3) && first - world.zones[0].ia < 3 * world.big)
		last += world.big;
	op_says("split %#llx..%#llx to level %u", (unsigned long long)first,
		(unsigned long long)last, level);
	error = mz_space_split(&member->guest.worker, mz_ia_from(first), last - first + 1, level);
	must(error == MZ_OK || memory_fails());
	must(table_of(member)->shares || world.x.format->break_before_make || flushes() <= 1);
	must(table_of(member)->shares || upper_flushes() == 0);
	must(error != MZ_OK || mz_table_query(table_of(member), mz_ia_from(first)).level <= level);
}

static void collapse(struct member *member)
{
	mz_ia at = mz_ia_from(chance(2) ? 0 : world.probes[below(world.probe_count)]);
	uint64_t budget = 1 + rng_below(&world.rng, 8192), count;

	op_says("collapse from %#llx, budget %llu", (unsigned long long)at.addr,
		(unsigned long long)budget);
	count = mz_space_collapse(&member->guest.worker, &at, budget);
	must_say(flushes() <= count, "%llu leaves are made with %zu flushes",
		 (unsigned long long)count, flushes());
}

/* ---- Clones ---- */

static void make_clone(struct member *of)
{
	struct member *to = &world.members[below(SPACES)];
	struct mz_flush flush = tlb_flush_of(table_of(to));
	enum mz_error error;

	op_says("clone %d of %d", (int)(to - world.members), (int)(of - world.members));
	if (to->alive)
		return;
	to->guest.x = &world.x;
	error = mz_space_clone(&to->guest.space, &of->guest.space, &flush, to->guest.regions,
			       GUEST_REGIONS);
	must(error == MZ_OK || (error == MZ_NO_MEMORY && memory_fails()));
	must(flushes() <= (by_hardware() ? 5 : 1));
	if (error != MZ_OK)
		return;
	mz_worker_begin(&to->guest.worker, &to->guest.space);
	memcpy(to->pages, of->pages, sizeof(of->pages));
	to->alive = true;
}

void retire_member(struct member *member)
{
	for (unsigned l = 0; l < LISTENERS; l++)
		if (world.listeners[l].of == member)
			stop_listener(&world.listeners[l]);
	tlb_forget(table_of(member));
	guest_end(&member->guest, &world.x);
	member->alive = false;
}

static void drop_member(struct member *member)
{
	unsigned alive = 0;

	for (unsigned s = 0; s < SPACES; s++)
		alive += world.members[s].alive;
	op_says("drop space %d of %u", (int)(member - world.members), alive);
	if (alive == 1 || chance(2))
		return;
	retire_member(member);
	must_equal(flushes(), 0);
}

static void top_up(struct member *member)
{
	unsigned faults = below(3);

	op_says("top up for %u faults", faults);
	must(mz_worker_top_up(&member->guest.worker, faults) == MZ_OK || memory_fails());
	if (chance(2))
		mz_reserve_drain(&table_of(member)->config, &member->guest.worker.reserve);
	must_equal(flushes(), 0);
}

/* ---- Which ---- */

struct member *second_stage_step(char *says, size_t bytes)
{
	struct member *member;
	unsigned what = below(100);

	text = says;
	text_bytes = bytes;
	op_says("nothing");
	do
		member = &world.members[below(SPACES)];
	while (!member->alive);
	if (what < 46)
		op_access(member);
	else if (what < 52)
		speculate(member);
	else if (what < 55)
		op_populate(member);
	else if (what < 60)
		op_add(member);
	else if (what < 70)
		op_change(member);
	else if (what < 74)
		split(member);
	else if (what < 81)
		collapse(member);
	else if (what < 94)
		op_listener();
	else if (what < 96)
		make_clone(member);
	else if (what < 98)
		drop_member(member);
	else
		top_up(member);
	return member;
}
