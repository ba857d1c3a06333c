// SPDX-License-Identifier: MPL-2.0
#include "ept/space.h"

#include "core/geometry.h"

enum mz_error mz_space_init(struct mz_space *space, const struct mz_config *config,
			    struct mz_region *regions, size_t region_max)
{
	static const struct mz_space empty;

	*space = empty;
	space->regions = regions;
	space->region_max = region_max;
	return mz_table_init(&space->table, config);
}

void mz_space_destroy(struct mz_space *space)
{
	mz_table_destroy(&space->table);
}

static struct mz_space_stats *stats_of(struct mz_space *space, mz_ia gpa)
{
	return &space->shards[gpa.addr >> 30 & (MZ_SPACE_SHARDS - 1)].stats;
}

static uint64_t region_last(const struct mz_region *region)
{
	return region->ia.addr + (region->bytes - 1);
}

/* How many regions begin at or below `addr`. */
static size_t rank(const struct mz_space *space, uint64_t addr)
{
	size_t low = 0, high = space->region_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (space->regions[middle].ia.addr <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Does the table reach all of the region, and the format all of what backs it? */
static bool within_reach(const struct mz_space *space, const struct mz_region *region)
{
	const struct mz_config *config = &space->table.config;
	const struct mz_format *f = config->format;
	uint64_t last = region_last(region), oa_last = region->oa.addr + (region->bytes - 1);
	unsigned oa_lg2 = mz_oa_lg2(config);

	if (region->bytes == 0 || last < region->ia.addr || !mz_ia_valid(f, region->ia.addr) ||
	    !mz_ia_valid(f, last) || (f->ia_signed && (region->ia.addr ^ last) >> 63 != 0))
		return false;
	if (mz_index(f, region->ia.addr, f->levels) < config->root_first ||
	    mz_index(f, last, f->levels) >= config->root_end)
		return false;
	return region->kind == MZ_REGION_MMIO ||
		(oa_last >= region->oa.addr && (oa_lg2 >= 64 || oa_last >> oa_lg2 == 0));
}

enum mz_error mz_space_add(struct mz_space *space, const struct mz_region *region)
{
	const struct mz_format *f = space->table.config.format;
	size_t place;

	if ((unsigned)region->kind >= MZ_REGION_KINDS)
		return MZ_BAD_CONFIG;
	if (!mz_page_aligned(f, region->ia.addr) || !mz_page_aligned(f, region->bytes) ||
	    (region->kind != MZ_REGION_MMIO && !mz_page_aligned(f, region->oa.addr)))
		return MZ_MISALIGNED;
	if (!within_reach(space, region))
		return MZ_OUT_OF_RANGE;
	place = rank(space, region_last(region));
	if (place > 0 && region_last(&space->regions[place - 1]) >= region->ia.addr)
		return MZ_OVERLAP;
	if (space->region_count == space->region_max)
		return MZ_FULL;
	for (size_t i = space->region_count++; i > place; i--)
		space->regions[i] = space->regions[i - 1];
	space->regions[place] = *region;
	return MZ_OK;
}

const struct mz_region *mz_space_find(const struct mz_space *space, mz_ia gpa)
{
	size_t place = rank(space, gpa.addr);

	return place > 0 && gpa.addr <= region_last(&space->regions[place - 1])
		? &space->regions[place - 1]
		: NULL;
}

/* What a region lets its guest do. */
static unsigned region_perm(const struct mz_region *region)
{
	static const unsigned perms[MZ_REGION_KINDS] = {
		[MZ_REGION_RAM] = MZ_READ | MZ_WRITE | MZ_EXEC,
		[MZ_REGION_ROM] = MZ_READ | MZ_EXEC,
	};

	return perms[region->kind];
}

/*
 * May a leaf of this level map `addr`: is it inside the region, and aligned in both address spaces?
 */
static bool leaf_fits(const struct mz_space *space, const struct mz_region *region, uint64_t addr,
		      unsigned level)
{
	const struct mz_format *f = space->table.config.format;
	uint64_t mask = mz_span(f, level) - 1;

	return mz_leaf_allowed(space->table.config.leaf_levels, level) &&
		(region->leaf_level_max == 0 || level <= region->leaf_level_max) &&
		(addr & ~mask) >= region->ia.addr && (addr | mask) <= region_last(region) &&
		((region->oa.addr - region->ia.addr) & mask) == 0;
}

/* Fills in the leaf of `level` around gpa. */
static void describe(const struct mz_space *space, mz_ia gpa, struct mz_item item,
		     struct mz_fault *fault)
{
	uint64_t mask = mz_span(space->table.config.format, item.level) - 1;

	fault->ia = mz_ia_from(gpa.addr & ~mask);
	fault->bytes = mask + 1;
	fault->item = item;
	fault->item.oa.addr -= item.oa.addr & mask;
}

/* Maps the largest leaf that fits at gpa and meets nothing mapped. MZ_OCCUPIED: there is none. */
static enum mz_error map_largest(struct mz_space *space, mz_ia gpa, struct mz_fault *fault)
{
	const struct mz_format *f = space->table.config.format;
	const struct mz_region *region = fault->region;
	enum mz_error error = MZ_OCCUPIED;

	for (unsigned level = f->levels; level >= 1 && error == MZ_OCCUPIED; level--) {
		uint64_t ia = gpa.addr & ~(mz_span(f, level) - 1);
		struct mz_item item = {mz_oa_from(ia - region->ia.addr + region->oa.addr),
				       mz_prop_from(region_perm(region)), (uint8_t)level};

		if (!leaf_fits(space, region, gpa.addr, level))
			continue;
		error = mz_table_map(&space->table, mz_ia_from(ia), mz_span(f, level), item.oa,
				     item.prop);
		if (error == MZ_OK) {
			mz_count_up(&stats_of(space, gpa)->mapped[level]);
			describe(space, gpa, item, fault);
		}
	}
	return error;
}

/* Nothing was mapped at gpa when somebody looked: maps a leaf there. */
static enum mz_answer map_leaf(struct mz_space *space, mz_ia gpa, struct mz_fault *fault)
{
	for (;;) {
		enum mz_error error = map_largest(space, gpa, fault);
		struct mz_item item;

		if (error != MZ_OCCUPIED)
			return error == MZ_OK ? MZ_RESOLVED : MZ_EXHAUSTED;
		/* Another processor was faster; or it is gone again. */
		item = mz_table_query(&space->table, gpa);
		if (item.level != 0) {
			describe(space, gpa, item, fault);
			return MZ_RETRY;
		}
	}
}

static enum mz_answer deny(struct mz_fault *fault, enum mz_denial cause)
{
	fault->cause = cause;
	return MZ_DENIED;
}

static enum mz_answer answer(struct mz_space *space, mz_ia gpa, enum mz_perm access,
			     struct mz_fault *fault)
{
	const struct mz_region *region = mz_space_find(space, gpa);
	struct mz_item item;

	*fault = (struct mz_fault) {.region = region};
	if (region == NULL)
		return deny(fault, MZ_DENIAL_NO_REGION);
	if (region->kind == MZ_REGION_MMIO)
		return MZ_MMIO;
	if ((region_perm(region) & access) != access)
		return deny(fault, MZ_DENIAL_READ_ONLY);
	item = mz_table_query(&space->table, gpa);
	if (item.level == 0)
		return map_leaf(space, gpa, fault);
	describe(space, gpa, item, fault);
	return (item.prop.perm & access) == access ? MZ_RETRY : deny(fault, MZ_DENIAL_PERMISSION);
}

enum mz_answer mz_space_fault(struct mz_space *space, mz_ia gpa, enum mz_perm access,
			      struct mz_fault *fault)
{
	enum mz_answer result = answer(space, gpa, access, fault);
	struct mz_space_stats *stats = stats_of(space, gpa);

	mz_count_up(&stats->answers[result]);
	if (result == MZ_DENIED)
		mz_count_up(&stats->denials[fault->cause]);
	return result;
}

struct mz_space_stats mz_space_stats(const struct mz_space *space)
{
	struct mz_space_stats sum = {.answers = {0}};

	for (unsigned i = 0; i < MZ_SPACE_SHARDS; i++) {
		const struct mz_space_stats *stats = &space->shards[i].stats;

		for (unsigned answers = 0; answers < MZ_ANSWERS; answers++)
			sum.answers[answers] += mz_load_relaxed(&stats->answers[answers]);
		for (unsigned cause = 0; cause < MZ_DENIALS; cause++)
			sum.denials[cause] += mz_load_relaxed(&stats->denials[cause]);
		for (unsigned level = 0; level <= MZ_LEVELS_MAX; level++)
			sum.mapped[level] += mz_load_relaxed(&stats->mapped[level]);
	}
	return sum;
}

/* Populates the part of [first, last] that lies in one region. */
static enum mz_error populate_region(struct mz_space *space, const struct mz_region *region,
				     uint64_t first, uint64_t last)
{
	for (;;) {
		struct mz_fault fault = {.region = region};
		struct mz_item item = mz_table_query(&space->table, mz_ia_from(first));
		uint64_t leaf_last;

		if (item.level != 0)
			describe(space, mz_ia_from(first), item, &fault);
		else if (map_leaf(space, mz_ia_from(first), &fault) == MZ_EXHAUSTED)
			return MZ_NO_MEMORY;
		leaf_last = fault.ia.addr + (fault.bytes - 1);
		if (leaf_last >= last)
			return MZ_OK;
		first = leaf_last + 1;
	}
}

enum mz_error mz_space_populate(struct mz_space *space, mz_ia gpa, uint64_t bytes)
{
	uint64_t last = gpa.addr + (bytes - 1);

	if (bytes == 0 || last < gpa.addr)
		return MZ_OUT_OF_RANGE;
	for (size_t i = 0; i < space->region_count; i++) {
		const struct mz_region *region = &space->regions[i];
		uint64_t from = region->ia.addr > gpa.addr ? region->ia.addr : gpa.addr;
		uint64_t to = region_last(region) < last ? region_last(region) : last;
		enum mz_error error;

		if (region->kind == MZ_REGION_MMIO || from > to)
			continue;
		error = populate_region(space, region, from, to);
		if (error != MZ_OK)
			return error;
	}
	return MZ_OK;
}

const char *mz_answer_text(enum mz_answer result)
{
	static const char *const texts[MZ_ANSWERS] = {
		[MZ_RESOLVED] = "resolved", [MZ_RETRY] = "retry",         [MZ_MMIO] = "mmio",
		[MZ_DENIED] = "denied",     [MZ_EXHAUSTED] = "exhausted",
	};

	return (unsigned)result < MZ_ANSWERS ? texts[result] : "unknown answer";
}

const char *mz_denial_text(enum mz_denial cause)
{
	static const char *const texts[MZ_DENIALS] = {
		[MZ_DENIAL_NONE] = "not denied",
		[MZ_DENIAL_NO_REGION] = "nothing is at that address",
		[MZ_DENIAL_READ_ONLY] = "the memory is read-only",
		[MZ_DENIAL_PERMISSION] = "the page is protected",
	};

	return (unsigned)cause < MZ_DENIALS ? texts[cause] : "unknown cause";
}

const char *mz_region_kind_text(enum mz_region_kind kind)
{
	static const char *const texts[MZ_REGION_KINDS] = {
		[MZ_REGION_RAM] = "ram",
		[MZ_REGION_ROM] = "rom",
		[MZ_REGION_MMIO] = "mmio",
	};

	return (unsigned)kind < MZ_REGION_KINDS ? texts[kind] : "unknown kind";
}
