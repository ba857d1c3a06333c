/* SPDX-License-Identifier: MPL-2.0 */
/* Changes of regions, in one step or in two, and what comes back by them. */
#include <string.h>

#include "tests/ept/second_stage_ops.h"

static uint64_t told; /* pages that were told to be unmapped */
static const struct member *told_of;

/* Each page that goes is told of once, with its frame. */
static void hear_of_unmapped(void *context, mz_ia ia, struct mz_item item, unsigned count)
{
	uint64_t last = ia.addr + (count * fixture_span(&world.x, item.level) - 1);
	uint64_t pages = pages_in(ia.addr, last);

	(void)context;
	must_say((told & pages) == 0, "what is unmapped at %#llx was told before",
		 (unsigned long long)ia.addr);
	told |= pages;
	for (unsigned p = 0; p < world.probe_count; p++)
		must((pages >> p & 1) == 0 ||
		     told_of->pages[p].frame == item.oa.addr + (world.probes[p] - ia.addr));
}

/* ---- Regions that are added ---- */

static enum mz_region_kind choose_kind(void)
{
	static const enum mz_region_kind kinds[] = {
		MZ_REGION_RAM,    MZ_REGION_RAM,    MZ_REGION_RAM,  MZ_REGION_RAM,
		MZ_REGION_RAM,    MZ_REGION_RAM,    MZ_REGION_RAM,  MZ_REGION_RAM,
		MZ_REGION_SHARED, MZ_REGION_SHARED, MZ_REGION_MMIO, MZ_REGION_ROM,
	};

	return chance(16) ? MZ_REGION_LENT : kinds[below(sizeof(kinds) / sizeof(*kinds))];
}

/* All of the hole around some page, or any range. */
static void choose_hole(const struct member *member, uint64_t *first, uint64_t *last)
{
	const struct mz_regions *set = &member->guest.space.regions;
	unsigned p = below(world.probe_count);
	const struct zone *zone =
		&world.zones[world.probes[p] - world.zones[0].ia >= world.zones[0].bytes];

	choose_range(first, last);
	if (member->pages[p].there || chance(4))
		return;
	*first = zone->ia;
	*last = zone->ia + (zone->bytes - 1);
	for (size_t i = 0; i < set->count; i++) {
		uint64_t region_last = mz_region_last(&set->all[i]);

		if (region_last < world.probes[p] && region_last >= *first)
			*first = region_last + 1;
		if (set->all[i].ia.addr > world.probes[p] && set->all[i].ia.addr <= *last)
			*last = set->all[i].ia.addr - 1;
	}
}

static uint64_t offset_in_zones(uint64_t ia)
{
	const struct zone *zone = &world.zones[ia - world.zones[0].ia >= world.zones[0].bytes];

	return zone->offset + (ia - zone->ia);
}

static unsigned choose_perm(void)
{
	static const unsigned perms[] = {0,        0, 0, 0, MZ_READ, GUEST_RX, MZ_READ | MZ_WRITE,
					 GUEST_RWX};

	return perms[below(sizeof(perms) / sizeof(*perms))];
}

/* False: there is no memory for it. */
static bool choose_region(const struct member *member, struct mz_region *region)
{
	uint64_t first, last, memory;

	choose_hole(member, &first, &last);
	if (!free_memory(&memory))
		return false;
	*region = guest_region(choose_kind(), first, last - first + 1,
			       memory + offset_in_zones(first));
	/* What is not aligned alike needs small leaves. */
	if (chance(12))
		region->oa.addr += world.x.page;
	region->former = MZ_REGION_RAM;
	region->prop.perm = (uint8_t)(chance(3) ? choose_perm() : 0);
	region->supplied = region->kind == MZ_REGION_RAM && chance(3);
	region->leaf_level_max = (uint8_t)(chance(12) ? 1 : chance(6) ? world.big_level : 0);
	region->populate = chance(6) && !region->supplied && region->leaf_level_max == 0 &&
		region->oa.addr % world.big == first % world.big;
	return true;
}

static bool meets(const struct member *member, const struct mz_region *region)
{
	const struct mz_regions *set = &member->guest.space.regions;

	for (size_t i = 0; i < set->count; i++)
		if (set->all[i].ia.addr <= mz_region_last(region) &&
		    mz_region_last(&set->all[i]) >= region->ia.addr)
			return true;
	return false;
}

/* The pages of a region are as it says, with nothing mapped. */
static void put_pages(struct member *member, const struct mz_region *region)
{
	uint64_t pages = pages_in(region->ia.addr, mz_region_last(region));

	for (unsigned p = 0; p < world.probe_count; p++) {
		struct page *page = &member->pages[p];

		if ((pages >> p & 1) == 0)
			continue;
		*page = (struct page) {
			.there = true,
			.supplied = region->supplied,
			.perm = region->prop.perm,
			.kind = region->kind,
			.former = region->former,
			.backing = NOWHERE,
		};
		if (!region->supplied && region->kind != MZ_REGION_MMIO)
			page->backing = region->oa.addr + (world.probes[p] - region->ia.addr);
		page_dropped(page);
	}
}

static void clear_pages(struct member *member, uint64_t first, uint64_t last)
{
	uint64_t pages = pages_in(first, last);

	for (unsigned p = 0; p < world.probe_count; p++)
		if (pages >> p & 1)
			member->pages[p] = (struct page) {.backing = NOWHERE, .frame = NOWHERE};
}

void op_add(struct member *member)
{
	struct mz_region region;
	bool overlap, full;
	enum mz_error error;

	if (!choose_region(member, &region))
		return;
	overlap = meets(member, &region);
	full = member->guest.space.regions.count == GUEST_REGIONS;
	op_says("add %s %#llx..%#llx%s%s", mz_region_kind_text(region.kind),
		(unsigned long long)region.ia.addr, (unsigned long long)mz_region_last(&region),
		region.supplied ? ", supplied" : "", region.populate ? ", populated" : "");
	world.at_work = member;
	world.adding = region.populate;
	error = mz_space_add(&member->guest.space, &region);
	world.adding = false;
	if (overlap)
		must_equal(error, MZ_OVERLAP);
	else if (full)
		must_equal(error, MZ_FULL);
	else
		must(error == MZ_OK || (error == MZ_NO_MEMORY && memory_fails()));
	must(error == MZ_NO_MEMORY || flushes() == 0 ||
	     (region.populate && member->guest.space.table.shares));
	if (error == MZ_OK)
		put_pages(member, &region);
}

/* ---- Changes ---- */

/* Any region, or to return one, the first that is lent; or NULL. */
static const struct mz_region *choose_present(const struct member *member, enum mz_change_kind kind)
{
	const struct mz_regions *set = &member->guest.space.regions;

	for (size_t i = 0; kind == MZ_CHANGE_RETURN && i < set->count; i++)
		if (set->all[i].kind == MZ_REGION_LENT)
			return &set->all[i];

	return set->count != 0 ? &set->all[below((unsigned)set->count)] : NULL;
}

/* Larger only if that gives the space nothing that somebody else may have. */
static void choose_size(struct mz_request *request, const struct mz_region *region)
{
	uint64_t pages = region->bytes / world.x.page, more = (1 + below(40)) * world.x.page;
	uint64_t end = region->oa.addr + region->bytes;

	request->bytes = (1 + rng_below(&world.rng, pages)) * world.x.page;
	if (chance(2) && (region->supplied || memory_is_free(end, more)))
		request->bytes = region->bytes + more;
}

static struct mz_request choose_request(const struct member *member, enum mz_change_kind kind)
{
	struct mz_request request = guest_request(kind, 0, 0);
	const struct mz_region *region = choose_present(member, kind);
	uint64_t first, last;

	choose_range(&first, &last);
	/* So that there is memory most of the time. */
	if (chance(4) && (kind == MZ_CHANGE_REMOVE || kind == MZ_CHANGE_PROTECT))
		whole_zone(&first, &last);
	else if ((kind == MZ_CHANGE_REMOVE || kind == MZ_CHANGE_LEND) && !chance(4))
		last = first + (world.x.page - 1);
	request.ia = mz_ia_from(first);
	request.bytes = last - first + 1;
	request.perm = choose_perm();
	request.kind = choose_kind();
	choose_range(&first, &last);
	request.to = mz_ia_from(first);
	if (region != NULL &&
	    (kind == MZ_CHANGE_MOVE || kind == MZ_CHANGE_RESIZE || kind == MZ_CHANGE_RETURN ||
	     chance(3))) {
		request.ia = region->ia;
		request.bytes = region->bytes;
		if (kind == MZ_CHANGE_RESIZE)
			choose_size(&request, region);
	}
	return request;
}

/* What one page of the range is after it. */
static void change_page(struct page *page, const struct mz_request *request)
{
	switch (request->change) {
	case MZ_CHANGE_PROTECT:
		must(page->there);
		page->perm = (uint8_t)request->perm;
		return;
	case MZ_CHANGE_CONVERT:
		must(page->there);
		page->kind = request->kind;
		break;
	case MZ_CHANGE_LEND:
		must(page->there);
		page->former = page->kind;
		page->kind = MZ_REGION_LENT;
		break;
	case MZ_CHANGE_RETURN:
		must(page->there && page->kind == MZ_REGION_LENT);
		page->kind = page->former;
		break;
	default:
		break;
	}
	page_dropped(page);
}

static void change_model(struct member *member, const struct mz_request *request,
			 struct mz_region region)
{
	uint64_t first = request->ia.addr, last = first + (request->bytes - 1);
	uint64_t pages = pages_in(first, last);

	switch (request->change) {
	case MZ_CHANGE_REMOVE:
		clear_pages(member, first, last);
		return;
	case MZ_CHANGE_MOVE:
		clear_pages(member, region.ia.addr, mz_region_last(&region));
		region.ia = request->to;
		put_pages(member, &region);
		return;
	case MZ_CHANGE_RESIZE:
		pages = pages_in(region.ia.addr + region.bytes, last);
		if (last < mz_region_last(&region))
			clear_pages(member, last + 1, mz_region_last(&region));
		region.ia.addr += region.bytes;
		region.oa.addr += region.bytes;
		region.bytes = request->bytes - region.bytes;
		if (pages != 0)
			put_pages(member, &region);
		return;
	default:
		for (unsigned p = 0; p < world.probe_count; p++)
			if (pages >> p & 1)
				change_page(&member->pages[p], request);
		return;
	}
}

/* The pages that are mapped and that the change is going to take. */
static uint64_t pages_to_go(const struct member *member, const struct mz_request *request,
			    const struct mz_region *region)
{
	uint64_t first = request->ia.addr, last = first + (request->bytes - 1), pages, mapped = 0;

	if (request->change == MZ_CHANGE_MOVE)
		last = mz_region_last(region);
	pages = pages_in(first, last);
	if (request->change == MZ_CHANGE_RESIZE)
		pages = last < mz_region_last(region) ? pages_in(last + 1, mz_region_last(region))
						      : 0;
	if (request->change == MZ_CHANGE_PROTECT || request->change == MZ_CHANGE_RETURN)
		pages = 0;
	for (unsigned p = 0; p < world.probe_count; p++)
		if (member->pages[p].frame != NOWHERE)
			mapped |= (uint64_t)1 << p;
	return pages & mapped;
}

/* A gather is one batch of ranges, but where it is full, or entries are broken one by one. */
static void check_flushes(const struct member *member, const struct mz_request *request,
			  const struct mz_region *region)
{
	uint64_t bytes = request->bytes > region->bytes ? request->bytes : region->bytes;
	size_t most = 1 + journal_count(&world.x.journal, EVENT_PUT) / MZ_GATHER_ITEMS;
	bool shares = member->guest.space.table.shares;

	if (shares)
		most += 2 + world.x.format->levels +
			bytes / fixture_span(&world.x, 2) / MZ_GATHER_PARTED;
	if (request->change == MZ_CHANGE_RETURN)
		most = 0;
	must_say(flushes() <= most || world.x.format->break_before_make,
		 "%zu flushes for one change", flushes());
	if (request->change == MZ_CHANGE_PROTECT && !shares)
		must_equal(upper_flushes(), 0);
}

static bool is_allowed(enum mz_error error)
{
	return error == MZ_NOT_MAPPED || error == MZ_BAD_CONFIG || error == MZ_OVERLAP ||
		error == MZ_OUT_OF_RANGE || error == MZ_FULL ||
		(error == MZ_NO_MEMORY && memory_fails());
}

/* In two steps, with guests at work in between; or the second is never made. */
static enum mz_error prepare_and_commit(struct member *member, const struct mz_request *request,
					struct mz_gather *gather, bool *abandoned)
{
	struct mz_change change;
	enum mz_error error = mz_change_prepare(&change, &member->guest.space, request);

	*abandoned = chance(4);
	if (error != MZ_OK)
		return error;
	/* Backing that changes something by itself would wait for this change. */
	world.nested = true;
	for (unsigned i = below(3); i > 0; i--)
		access_something(member);
	world_check(NULL, false);
	journal_clear(&world.x.journal);
	if (*abandoned) {
		mz_change_abandon(&change);
		must_equal(flushes(), 0);
		return MZ_OK;
	}
	told = 0;
	mz_change_commit(&change, gather);
	return MZ_OK;
}

static enum mz_error carry_out(struct member *member, const struct mz_request *request,
			       struct mz_gather *gather, bool *abandoned)
{
	*abandoned = false;
	told = 0;
	told_of = member;
	if (chance(4))
		return prepare_and_commit(member, request, gather, abandoned);
	return mz_space_change(&member->guest.space, request, gather);
}

void op_change(struct member *member)
{
	static const enum mz_change_kind kinds[] = {
		MZ_CHANGE_INVALIDATE, MZ_CHANGE_INVALIDATE, MZ_CHANGE_INVALIDATE, MZ_CHANGE_PROTECT,
		MZ_CHANGE_PROTECT,    MZ_CHANGE_PROTECT,    MZ_CHANGE_CONVERT,    MZ_CHANGE_LEND,
		MZ_CHANGE_RETURN,     MZ_CHANGE_RETURN,     MZ_CHANGE_RETURN,     MZ_CHANGE_REMOVE,
		MZ_CHANGE_MOVE,       MZ_CHANGE_RESIZE,
	};
	enum mz_change_kind kind = kinds[below(sizeof(kinds) / sizeof(*kinds))];
	static const char *const names[MZ_CHANGES] = {"add",    "remove",  "move",
						      "resize", "protect", "convert",
						      "lend",   "return",  "invalidate"};
	struct mz_request request = choose_request(member, kind);
	const struct mz_region *found = mz_regions_find(&member->guest.space.regions,
							request.ia.addr);
	struct mz_region region = found != NULL ? *found : guest_region(MZ_REGION_RAM, 0, 0, 0);
	struct mz_gather gather;
	bool own = chance(2), abandoned;
	enum mz_error error;
	uint64_t gone;

	op_says("%s %#llx, %#llx bytes, to %#llx, perm %#x, kind %d%s", names[kind],
		(unsigned long long)request.ia.addr, (unsigned long long)request.bytes,
		(unsigned long long)request.to.addr, request.perm, (int)request.kind,
		own ? ", into a gather" : "");
	world.pending = kind == MZ_CHANGE_PROTECT ? MZ_WRITE : 0;
	mz_gather_init(&gather, &member->guest.space.table);
	gather.unmapped = hear_of_unmapped;
	error = carry_out(member, &request, own ? &gather : NULL, &abandoned);
	must_say(error == MZ_OK || is_allowed(error), "%s", mz_error_text(error));
	gone = error == MZ_OK && !abandoned ? pages_to_go(member, &request, &region) : 0;
	if (own)
		must_say(told == gone, "pages %#llx were told to go, not %#llx",
			 (unsigned long long)told, (unsigned long long)gone);
	mz_gather_finish(&gather);
	check_flushes(member, &request, &region);
	if (error == MZ_OK && !abandoned)
		change_model(member, &request, region);
	world.pending = 0;
}
