// SPDX-License-Identifier: MPL-2.0
#include "ept/change.h"

#include "core/clone.h"
#include "ept/copies.h"
#include "ept/gate.h"
#include "ept/range.h"
#include "ept/written.h"

/*
 * Can the table say of leaves of every level what the guest may do? What may be written and not
 * read is a marker, or nothing that can be protected against writing.
 */
static bool encodable(const struct mz_space *space, struct mz_prop prop, unsigned perm)
{
	const struct mz_config *config = &space->table.config;
	unsigned readable = perm & ~(unsigned)MZ_WRITE;

	if ((perm & (MZ_READ | MZ_WRITE)) == MZ_WRITE)
		return false;
	for (unsigned level = 1; level <= config->format->levels; level++) {
		struct mz_prop written = prop, protected = prop;

		written.perm = (uint8_t)perm;
		protected.perm = (uint8_t)readable;
		if (perm != 0 && mz_leaf_allowed(config->leaf_levels, level) &&
		    (!config->format->encodable(written, level, config->features) ||
		     !config->format->encodable(protected, level, config->features)))
			return false;
	}
	return true;
}

/* The same of a region, and of one that is lent, of what it becomes when it is returned. */
static bool expressible(const struct mz_space *space, const struct mz_region *region)
{
	struct mz_region returned = *region;

	if (region->kind == MZ_REGION_LENT)
		returned.kind = region->former;
	return encodable(space, region->prop, mz_region_perm(&returned));
}

static enum mz_error check_region(const struct mz_space *space, const struct mz_region *region)
{
	const struct mz_format *f = space->table.config.format;
	bool backed = region->kind != MZ_REGION_MMIO && !region->supplied;
	enum mz_error error = check_range(space, region->ia, region->bytes);

	if (error != MZ_OK)
		return error;
	if (backed && !mz_page_aligned(f, region->oa.addr))
		return MZ_MISALIGNED;
	if (backed &&
	    (region->oa.addr > space->table.oa_last ||
	     region->bytes - 1 > space->table.oa_last - region->oa.addr))
		return MZ_OUT_OF_RANGE;
	if (region->supplied && space->backing.supply == NULL)
		return MZ_BAD_HOOKS;
	return expressible(space, region) ? MZ_OK : MZ_NOT_ENCODABLE;
}

static const struct mz_region_change edits[MZ_CHANGES] = {
	[MZ_CHANGE_PROTECT] = {.edit = MZ_REGION_PROTECT},
	[MZ_CHANGE_CONVERT] = {.edit = MZ_REGION_CONVERT},
	[MZ_CHANGE_LEND] = {.edit = MZ_REGION_LEND},
	[MZ_CHANGE_RETURN] = {.edit = MZ_REGION_RETURN},
};

/* The regions' side of a change; `set` may be one that is only asked. */
static enum mz_error apply(const struct mz_change *change, struct mz_regions *set)
{
	const struct mz_request *request = &change->request;
	uint64_t first = request->ia.addr, last = first + (request->bytes - 1);
	struct mz_region_change edit;

	switch (request->change) {
	case MZ_CHANGE_ADD:
		return mz_regions_add(set, &change->added);
	case MZ_CHANGE_REMOVE:
		return mz_regions_remove(set, first, last);
	case MZ_CHANGE_MOVE:
		return mz_regions_move(set, request->ia, request->to);
	case MZ_CHANGE_RESIZE:
		return mz_regions_resize(set, request->ia, request->bytes);
	case MZ_CHANGE_PROTECT:
	case MZ_CHANGE_CONVERT:
	case MZ_CHANGE_LEND:
	case MZ_CHANGE_RETURN:
		edit = edits[request->change];
		edit.perm = (uint8_t)request->perm;
		edit.kind = request->kind;
		return mz_regions_change(set, first, last, &edit);
	default:
		return MZ_OK;
	}
}

/* What the table has to forget: [change->first, change->last]; nothing if last is below first. */
static void find_stale(struct mz_change *change)
{
	const struct mz_request *request = &change->request;
	const struct mz_region *region = mz_regions_find(&change->space->regions, request->ia.addr);

	change->first = request->ia.addr;
	change->last = change->first + (request->bytes - 1);
	switch (request->change) {
	case MZ_CHANGE_ADD:
	case MZ_CHANGE_RETURN:
		change->first = 1, change->last = 0;
		break;
	case MZ_CHANGE_MOVE:
		change->last = mz_region_last(region);
		break;
	case MZ_CHANGE_RESIZE:
		change->first += request->bytes;
		change->last = mz_region_last(region);
		/* What is added is not mapped yet; it may end with the last address. */
		if (request->bytes >= region->bytes)
			change->first = 1, change->last = 0;
		break;
	default:
		break;
	}
}

/* Whether what the regions in the range become can be expressed. */
static enum mz_error check_result(const struct mz_change *change)
{
	const struct mz_request *request = &change->request;
	const struct mz_regions *set = &change->space->regions;

	for (const struct mz_region *region = mz_regions_next(set, change->first);
	     region < set->all + set->count && region->ia.addr <= change->last; region++) {
		struct mz_region result = *region;

		if (request->change == MZ_CHANGE_PROTECT)
			result.prop.perm = (uint8_t)request->perm;
		else
			result.kind = request->kind;
		if (!expressible(change->space, &result))
			return MZ_NOT_ENCODABLE;
	}
	return MZ_OK;
}

static enum mz_error check_request(const struct mz_space *space, const struct mz_request *request)
{
	struct mz_region result;
	const struct mz_region *region;
	enum mz_error error;

	if ((unsigned)request->change >= MZ_CHANGES || request->perm > UINT8_MAX)
		return MZ_BAD_CONFIG;
	if (request->change == MZ_CHANGE_ADD)
		return check_region(space, request->region);
	error = request->change == MZ_CHANGE_MOVE ? MZ_OK
						  : check_range(space, request->ia, request->bytes);
	if (error != MZ_OK ||
	    (request->change != MZ_CHANGE_MOVE && request->change != MZ_CHANGE_RESIZE))
		return error;
	region = mz_regions_find(&space->regions, request->ia.addr);
	if (region == NULL || region->ia.addr != request->ia.addr)
		return MZ_NOT_MAPPED;
	result = *region;
	if (request->change == MZ_CHANGE_MOVE)
		result.ia = request->to;
	else
		result.bytes = request->bytes;
	return check_region(space, &result);
}

/*
 * May a leaf lie across this border when the change is made? New ones lie in one region; those that
 * are there may have been mapped when the regions were one, and can be broken for a moment.
 */
static bool may_cut_leaf(const struct mz_space *space, uint64_t border)
{
	const struct mz_format *f = space->table.config.format;
	const struct mz_region *region = mz_regions_find(&space->regions, border);
	unsigned level = mz_table_query(&space->table, mz_ia_from(border)).level;

	if (region != NULL && region->ia.addr != border)
		return true;
	return level != 0 ? (border & (mz_span(f, level) - 1)) != 0
			  : region != NULL && f->break_before_make;
}

/* The nodes that the change is going to change become the table's own. Faults may do the same. */
static enum mz_error own_ways(struct mz_change *change)
{
	struct mz_table *table = &change->space->table;
	bool all = change->request.change == MZ_CHANGE_PROTECT;
	struct mz_gather gather;
	enum mz_error error;

	mz_gather_init(&gather, table);
	error = mz_table_own(table, mz_ia_from(change->first), change->last - change->first + 1,
			     all, &gather);
	mz_gather_finish(&gather);
	return error;
}

/* Nodes for leaves at the ends of what goes, and room to tell of what hardware knows to be written.
 */
static enum mz_error set_aside(struct mz_change *change)
{
	struct mz_space *space = change->space;
	unsigned splits = may_cut_leaf(space, change->first);
	enum mz_error error;

	splits += change->last != UINT64_MAX && may_cut_leaf(space, change->last + 1);
	mz_reserve_need_splits(&space->table.config, &change->reserve, splits);
	error = mz_reserve_fill(&space->table.config, &change->reserve);
	if (error == MZ_OK && space->table.shares)
		error = own_ways(change);
	if (error == MZ_OK && dirty_by_hardware(space))
		error = written_prepare(space, change->first, change->last - change->first + 1);
	return error;
}

/* All that can go wrong. The change lock is held. */
static enum mz_error prepare(struct mz_change *change)
{
	struct mz_space *space = change->space;
	struct mz_regions asked = space->regions;
	enum mz_error error = check_request(space, &change->request);

	if (error != MZ_OK)
		return error;
	if (change->request.change == MZ_CHANGE_ADD)
		change->added = *change->request.region;
	asked.dry = true;
	error = apply(change, &asked);
	if (error != MZ_OK)
		return error;
	find_stale(change);
	if (change->request.change == MZ_CHANGE_PROTECT ||
	    change->request.change == MZ_CHANGE_CONVERT)
		error = check_result(change);
	return error == MZ_OK && change->first <= change->last ? set_aside(change) : error;
}

enum mz_error mz_change_prepare(struct mz_change *change, struct mz_space *space,
				const struct mz_request *request)
{
	enum mz_error error;

	change->space = space;
	change->request = *request;
	mz_reserve_init(&change->reserve);
	mz_lock_acquire(&space->change_lock);
	error = prepare(change);
	if (error != MZ_OK)
		mz_change_abandon(change);
	return error;
}

void mz_change_abandon(struct mz_change *change)
{
	mz_reserve_drain(&change->space->table.config, &change->reserve);
	mz_lock_release(&change->space->change_lock);
}

/* A change that was prepared does not fail. */
static void must(enum mz_error error)
{
	(void)error;
	MZ_ASSERT(error == MZ_OK);
}

/* Gives leaves in the range what their regions say; writing comes back by a fault if it is tracked.
 */
static void protect_leaves(const struct mz_change *change, struct mz_gather *gather)
{
	struct mz_space *space = change->space;
	const struct mz_regions *set = &space->regions;

	for (const struct mz_region *region = mz_regions_next(set, change->first);
	     region < set->all + set->count && region->ia.addr <= change->last; region++) {
		uint64_t last = mz_region_last(region), first = region->ia.addr;
		unsigned perm = mz_region_perm(region);

		first = first > change->first ? first : change->first;
		last = last < change->last ? last : change->last;
		if (writes_are_tracked(space) || space->table.shares)
			perm &= ~(unsigned)MZ_WRITE;
		if (perm != 0)
			must(mz_table_protect(&space->table, mz_ia_from(first), last - first + 1,
					      perm, gather));
	}
}

/* Whom the gather's owner has asked to be told of unmapped leaves. */
struct listener {
	struct mz_space *space;
	void (*unmapped)(void *context, mz_ia ia, struct mz_item item, unsigned count);
	void *context;
};

/* What hardware has marked as written is told of before it is forgotten. */
static void tell_unmapped(void *context, mz_ia ia, struct mz_item item, unsigned count)
{
	struct listener *listener = context;
	struct mz_space *space = listener->space;

	if ((item.prop.flags & MZ_DIRTY) != 0)
		written_tell(space, ia.addr,
			     count * mz_span(space->table.config.format, item.level));
	if (listener->unmapped != NULL)
		listener->unmapped(listener->context, ia, item, count);
}

static void unmap(struct mz_change *change, struct mz_gather *gather)
{
	struct mz_space *space = change->space;
	struct listener listener = {space, gather->unmapped, gather->context};

	if (writes_are_told(space) && dirty_by_hardware(space)) {
		gather->unmapped = tell_unmapped;
		gather->context = &listener;
	}
	must(mz_table_unmap(&space->table, mz_ia_from(change->first),
			    change->last - change->first + 1, gather));
	gather->unmapped = listener.unmapped;
	gather->context = listener.context;
}

static void change_table(struct mz_change *change, struct mz_gather *gather)
{
	if (change->first > change->last)
		return;
	gather->reserve = &change->reserve;
	if (change->request.change == MZ_CHANGE_PROTECT)
		protect_leaves(change, gather);
	else
		unmap(change, gather);
	gather->reserve = NULL;
}

void mz_change_commit(struct mz_change *change, struct mz_gather *gather)
{
	struct mz_space *space = change->space;
	struct mz_gather own;

	if (change->request.change != MZ_CHANGE_INVALIDATE) {
		gate_shut(space);
		must(apply(change, &space->regions));
		gate_open(space);
	}
	mz_gather_init(&own, &space->table);
	change_table(change, gather != NULL ? gather : &own);
	copies_spoil(space, change->first, change->last);
	/* Who comes next finds nothing to take, and to flush. */
	mz_gather_flush_(&own);
	mz_change_abandon(change);
	mz_gather_finish(&own);
}

enum mz_error mz_space_change(struct mz_space *space, const struct mz_request *request,
			      struct mz_gather *gather)
{
	struct mz_change change;
	enum mz_error error = mz_change_prepare(&change, space, request);

	if (error == MZ_OK)
		mz_change_commit(&change, gather);
	return error;
}

static enum mz_error populate(struct mz_space *space, const struct mz_region *region)
{
	struct mz_worker worker;
	enum mz_error error;

	mz_worker_begin(&worker, space);
	error = mz_space_populate(&worker, region->ia, region->bytes);
	mz_worker_end(&worker);
	return error;
}

/*
 * Takes the region out again that could not be populated, without memory: nothing was there before,
 * so no leaf lies across its ends, and `ways` has the nodes that a clone of the meantime may have,
 * too. What was written there is nobody's.
 */
static void take_back(struct mz_space *space, const struct mz_region *region,
		      struct mz_reserve *ways)
{
	struct mz_gather gather;

	mz_lock_acquire(&space->change_lock);
	gate_shut(space);
	must(mz_regions_remove(&space->regions, region->ia.addr, mz_region_last(region)));
	gate_open(space);
	mz_gather_init(&gather, &space->table);
	gather.reserve = ways;
	must(mz_table_own(&space->table, region->ia, region->bytes, false, &gather));
	must(mz_table_unmap(&space->table, region->ia, region->bytes, &gather));
	mz_gather_flush_(&gather);
	mz_lock_release(&space->change_lock);
	mz_gather_finish(&gather);
}

/* As many nodes as can lie across the ends of a range. */
static enum mz_error set_ways_aside(const struct mz_config *config, struct mz_reserve *ways)
{
	for (unsigned level = 1; level < config->format->levels; level++)
		ways->need[level] = 2;
	return mz_reserve_fill(config, ways);
}

static enum mz_error add_and_populate(struct mz_space *space, const struct mz_request *add,
				      struct mz_reserve *ways)
{
	struct mz_change change;
	enum mz_error error = mz_change_prepare(&change, space, add);

	if (error != MZ_OK)
		return error;
	error = set_ways_aside(&space->table.config, ways);
	if (error != MZ_OK) {
		mz_change_abandon(&change);
		return error;
	}
	mz_change_commit(&change, NULL);
	error = populate(space, add->region);
	if (error != MZ_OK)
		take_back(space, add->region, ways);
	return error;
}

enum mz_error mz_space_add(struct mz_space *space, const struct mz_region *region)
{
	struct mz_request add = {.change = MZ_CHANGE_ADD, .region = region};
	struct mz_reserve ways;
	enum mz_error error;

	if (!region->populate)
		return mz_space_change(space, &add, NULL);
	mz_reserve_init(&ways);
	error = add_and_populate(space, &add, &ways);
	mz_reserve_drain(&space->table.config, &ways);
	return error;
}
