/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Sets of regions against a flat model of 256 units, at both ends of the address space and all over
 * it: every range of a small layout, random sequences, every lack of room, and the cost of looking.
 */
#include <string.h>

#include "ept/regions.h"
#include "tests/must.h"
#include "tests/rng.h"
#include "tests/suite.h"

#define UNITS 256u
#define RWX   (MZ_READ | MZ_WRITE | MZ_EXEC)

/* Where the units are. What backs them ends with the last address. */
static const struct place {
	uint64_t base, unit;
	bool at_the_end; /* beyond the units, addresses wrap */
} places[] = {
	{0, 1, false},
	{-(uint64_t)UNITS, 1, true},
	{0, (uint64_t)1 << 56, true},
};
#define EACH_PLACE ((int)(sizeof(places) / sizeof(places[0])))

struct unit {
	bool used, begins;       /* begins: it is the first unit of its region */
	struct mz_region region; /* as if it was a region of its own */
};

static const struct place *here;
static struct unit model[UNITS + 1]; /* the last one is never used */
static struct mz_region room[UNITS], untouched;
static struct mz_regions set;
static int owners[2];

static void begin(int place, size_t max)
{
	here = &places[place];
	memset(model, 0, sizeof(model));
	memset(room, 0xa5, sizeof(room));
	memset(&untouched, 0xa5, sizeof(untouched));
	mz_regions_init(&set, room, max);
}

static uint64_t ia_of(uint64_t unit)
{
	return here->base + unit * here->unit;
}

static uint64_t oa_of(uint64_t unit)
{
	return (unit - UNITS) * here->unit;
}

static unsigned plain_perm(const struct mz_region *region)
{
	return region->prop.perm == 0 ? RWX : region->prop.perm;
}

static bool alike(const struct mz_region *a, const struct mz_region *b)
{
	return a->kind == b->kind && (a->kind != MZ_REGION_LENT || a->former == b->former) &&
		plain_perm(a) == plain_perm(b) && a->prop.memory == b->prop.memory &&
		a->prop.flags == b->prop.flags && a->leaf_level_max == b->leaf_level_max &&
		a->supplied == b->supplied && a->populate == b->populate && a->owner == b->owner;
}

static size_t model_count(void)
{
	size_t count = 0;

	for (unsigned i = 0; i < UNITS; i++)
		count += model[i].used && model[i].begins;
	return count;
}

/* The units of the region that begins at `first`. */
static unsigned model_length(unsigned first)
{
	unsigned length = 1;

	while (model[first + length].used && !model[first + length].begins)
		length++;
	return length;
}

static void model_set(unsigned first, unsigned count, struct mz_region region)
{
	uint64_t oa = region.oa.addr;

	region.bytes = here->unit;
	for (unsigned i = 0; i < count; i++) {
		region.ia.addr = ia_of(first + i);
		region.oa.addr = oa + i * here->unit;
		model[first + i] = (struct unit) {true, i == 0, region};
	}
}

static bool model_is_free(unsigned first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++)
		if (model[i].used)
			return false;
	return true;
}

/*
 * The set holds what the model holds, cut where the model is cut; looking finds it. What lies
 * behind the room is left alone.
 */
static void expect_model(void)
{
	uint64_t end = 0;
	unsigned next = UNITS;

	must_equal(set.count, model_count());
	must(memcmp(&room[set.max], &untouched, sizeof(untouched)) == 0);
	for (size_t i = 0; i < set.count; i++) {
		must(set.all[i].bytes != 0);
		must(i == 0 || set.all[i].ia.addr >= end);
		must(mz_region_last(&set.all[i]) >= set.all[i].ia.addr);
		end = set.all[i].ia.addr + set.all[i].bytes;
		must(end != 0 || i + 1 == set.count);
	}
	for (unsigned i = UNITS; i-- > 0;) {
		const struct mz_region *found = mz_regions_find(&set, ia_of(i)), *unit;

		must(found == mz_regions_find(&set, ia_of(i) + (here->unit - 1)));
		must((found != NULL) == model[i].used);
		if (!found) {
			found = mz_regions_next(&set, ia_of(i));
			must(next < UNITS ? found->ia.addr == ia_of(next) : found == NULL);
			continue;
		}
		unit = &model[i].region;
		must(mz_regions_next(&set, ia_of(i)) == found);
		must_equal(found->ia.addr == unit->ia.addr, model[i].begins);
		must_equal(found->oa.addr + (unit->ia.addr - found->ia.addr), unit->oa.addr);
		must(alike(found, unit));
		if (model[i].begins)
			next = i;
	}
}

/* May the description be had at all, at so many units from `first` on? */
static enum mz_error model_judge(const struct mz_region *region, uint64_t first, uint64_t count)
{
	bool backed = region->kind != MZ_REGION_MMIO && !region->supplied;

	if (region->kind == MZ_REGION_LENT &&
	    (region->former == MZ_REGION_LENT || region->former == MZ_REGION_MMIO))
		return MZ_BAD_CONFIG;
	if (count * here->unit == 0 || first + count > UNITS)
		return MZ_OUT_OF_RANGE;
	return backed && region->oa.addr + (count * here->unit - 1) < region->oa.addr
		? MZ_OUT_OF_RANGE
		: MZ_OK;
}

/* Takes over what was done to the model, if there is room for it. */
static enum mz_error model_finish(const struct unit *before)
{
	if (model_count() <= set.max)
		return MZ_OK;
	memcpy(model, before, sizeof(model));
	return MZ_FULL;
}

static void add(unsigned first, unsigned count, struct mz_region region)
{
	enum mz_error expected = model_judge(&region, first, count);
	struct unit before[UNITS + 1];

	memcpy(before, model, sizeof(model));
	region.ia.addr = ia_of(first);
	region.bytes = count * here->unit;
	if (expected == MZ_OK && !model_is_free(first, count))
		expected = MZ_OVERLAP;
	if (expected == MZ_OK) {
		model_set(first, count, region);
		expected = model_finish(before);
	}
	must_equal(mz_regions_add(&set, &region), expected);
	expect_model();
}

static void remove_range(unsigned first, unsigned last)
{
	enum mz_error expected = MZ_NOT_MAPPED;
	struct unit before[UNITS + 1];

	memcpy(before, model, sizeof(model));
	if (!model_is_free(first, last - first + 1)) {
		memset(&model[first], 0, (last - first + 1) * sizeof(model[0]));
		model[last + 1].begins = true;
		expected = model_finish(before);
	}
	must_equal(mz_regions_remove(&set, ia_of(first), ia_of(last) + (here->unit - 1)), expected);
	expect_model();
}

static bool can_be_lent(enum mz_region_kind kind)
{
	return kind == MZ_REGION_RAM || kind == MZ_REGION_ROM || kind == MZ_REGION_SHARED;
}

static bool model_edit(struct mz_region *region, struct mz_region_change change)
{
	enum mz_region_kind kind = region->kind;

	if (change.edit == MZ_REGION_PROTECT) {
		region->prop.perm = change.perm;
		return change.perm < 16;
	}
	if (change.edit == MZ_REGION_RETURN) {
		region->kind = region->former;
		return kind == MZ_REGION_LENT;
	}
	if (change.edit == MZ_REGION_LEND) {
		region->former = kind;
		region->kind = MZ_REGION_LENT;
		return can_be_lent(kind);
	}
	region->kind = change.kind;
	return change.edit == MZ_REGION_CONVERT && can_be_lent(kind) && can_be_lent(change.kind);
}

/* Joins the unit's region with the one before it, if they continue one another. */
static void model_join(unsigned at)
{
	const struct mz_region *a, *b = &model[at].region;
	unsigned first = at;

	if (at == 0 || !model[at].used || !model[at].begins || !model[at - 1].used)
		return;
	a = &model[at - 1].region;
	do
		first--;
	while (!model[first].begins);
	/* The number of bytes must be one that there is. */
	if ((at - first + model_length(at)) * here->unit != 0 && alike(a, b) &&
	    a->oa.addr + here->unit == b->oa.addr)
		model[at].begins = false;
}

static void change_range(unsigned first, unsigned last, struct mz_region_change change)
{
	enum mz_error expected = MZ_OK;
	struct unit before[UNITS + 1];

	memcpy(before, model, sizeof(model));
	model[first].begins = true;
	model[last + 1].begins = true;
	for (unsigned i = first; i <= last && expected != MZ_NOT_MAPPED; i++)
		if (!model[i].used)
			expected = MZ_NOT_MAPPED;
		else if (!model_edit(&model[i].region, change))
			expected = MZ_BAD_CONFIG;
	if (expected != MZ_OK) {
		memcpy(model, before, sizeof(model));
	} else {
		for (unsigned i = first; i <= last + 1; i++)
			model_join(i);
		expected = model_finish(before);
	}
	must_equal(mz_regions_change(&set, ia_of(first), ia_of(last) + (here->unit - 1), &change),
		   expected);
	expect_model();
}

/* Lays the region that begins at `from` out anew: at `to`, and so long. */
static enum mz_error model_lay(unsigned from, unsigned to, unsigned count)
{
	enum mz_error error = MZ_NOT_MAPPED;
	struct unit before[UNITS + 1];
	struct mz_region region = model[from].region;

	memcpy(before, model, sizeof(model));
	if (!model[from].used || !model[from].begins)
		return error;
	memset(&model[from], 0, model_length(from) * sizeof(model[0]));
	error = model_judge(&region, to, count);
	if (error == MZ_OK && !model_is_free(to, count))
		error = MZ_OVERLAP;
	if (error == MZ_OK)
		model_set(to, count, region);
	else
		memcpy(model, before, sizeof(model));
	return error;
}

static void move_to(unsigned from, unsigned to)
{
	enum mz_error expected = model_lay(from, to, model_length(from));

	must_equal(mz_regions_move(&set, mz_ia_from(ia_of(from)), mz_ia_from(ia_of(to))), expected);
	expect_model();
}

static void resize(unsigned at, unsigned count)
{
	enum mz_error expected = model_lay(at, at, count);

	must_equal(mz_regions_resize(&set, mz_ia_from(ia_of(at)), count * here->unit), expected);
	expect_model();
}

static struct mz_region region_of(enum mz_region_kind kind, uint64_t oa_unit, unsigned perm)
{
	return (struct mz_region) {.oa = mz_oa_from(oa_of(oa_unit)),
				   .kind = kind,
				   .prop = mz_prop_from(perm),
				   .owner = &owners[0]};
}

/* Neighbours that one edit makes alike, kinds of every sort, and a hole. */
#define LAYOUT_FIRST 240u
#define LAYOUT_COUNT 8u

static void lay_out(int place, size_t max)
{
	struct mz_region lent;

	begin(place, max);
	lent = region_of(MZ_REGION_LENT, 12, 0);
	lent.former = MZ_REGION_ROM;
	add(250, 1, region_of(MZ_REGION_MMIO, 0, 0));
	add(240, 3, region_of(MZ_REGION_RAM, 0, 0));
	add(254, 2, region_of(MZ_REGION_RAM, 103, MZ_READ));
	add(246, 2, region_of(MZ_REGION_ROM, 10, 0));
	add(243, 2, region_of(MZ_REGION_RAM, 3, MZ_READ));
	add(248, 1, lent);
	add(251, 3, region_of(MZ_REGION_RAM, 100, RWX));
	add(249, 1, region_of(MZ_REGION_SHARED, 13, 0));
	must_equal(set.count, LAYOUT_COUNT);
}

static const struct mz_region_change changes[] = {
	{MZ_REGION_PROTECT, 0, 0},
	{MZ_REGION_PROTECT, MZ_READ, 0},
	{MZ_REGION_PROTECT, RWX, 0},
	{MZ_REGION_PROTECT, RWX | MZ_EXEC_USER, 0},
	{MZ_REGION_PROTECT, 16, 0},
	{MZ_REGION_CONVERT, 0, MZ_REGION_RAM},
	{MZ_REGION_CONVERT, 0, MZ_REGION_ROM},
	{MZ_REGION_CONVERT, 0, MZ_REGION_SHARED},
	{MZ_REGION_CONVERT, 0, MZ_REGION_MMIO},
	{MZ_REGION_CONVERT, 0, MZ_REGION_LENT},
	{MZ_REGION_CONVERT, 0, MZ_REGION_KINDS},
	{MZ_REGION_LEND, 0, 0},
	{MZ_REGION_RETURN, 0, 0},
	{MZ_REGION_EDITS, 0, 0},
};
#define CHANGES (sizeof(changes) / sizeof(changes[0]))

START_TEST(every_range_is_changed_or_refused)
{
	for (size_t max = LAYOUT_COUNT; max <= LAYOUT_COUNT + 2; max++)
		for (unsigned first = LAYOUT_FIRST - 1; first < UNITS; first++)
			for (unsigned last = first; last < UNITS; last++)
				for (size_t i = 0; i < CHANGES; i++) {
					lay_out(_i, max);
					change_range(first, last, changes[i]);
				}
}
END_TEST

START_TEST(every_range_is_removed)
{
	for (size_t max = LAYOUT_COUNT; max <= LAYOUT_COUNT + 1; max++)
		for (unsigned first = LAYOUT_FIRST - 1; first < UNITS; first++)
			for (unsigned last = first; last < UNITS; last++) {
				lay_out(_i, max);
				remove_range(first, last);
			}
	remove_range(0, UNITS - 1);
	must_equal(set.count, 0);
}
END_TEST

START_TEST(regions_move_and_grow_where_nothing_is)
{
	/* Beyond the last unit of a place in the middle there is more room than the model knows. */
	unsigned beyond = places[_i].at_the_end ? 4 : 0;

	for (unsigned at = LAYOUT_FIRST - 1; at < UNITS; at++)
		for (unsigned to = LAYOUT_FIRST - 6; to < UNITS; to++) {
			lay_out(_i, LAYOUT_COUNT);
			if (to + model_length(at) <= UNITS + beyond)
				move_to(at, to);
			move_to(to, 17);
		}
	for (unsigned at = LAYOUT_FIRST - 1; at < UNITS; at++)
		for (unsigned count = 0; at + count <= UNITS + beyond; count++) {
			lay_out(_i, LAYOUT_COUNT);
			resize(at, count);
		}
}
END_TEST

START_TEST(undoing_a_change_gives_its_room_back)
{
	begin(_i, 3);
	add(240, 2, region_of(MZ_REGION_RAM, 0, 0));
	add(242, 14, region_of(MZ_REGION_RAM, 2, RWX));
	change_range(240, 255, changes[2]);
	must_equal(set.count, 1);
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 240; i < UNITS; i++) {
			change_range(i, i, changes[1]);
			change_range(i, i, changes[round == 0 ? 0 : 2]);
			must_equal(set.count, 1);
			change_range(i, i, (struct mz_region_change) {.edit = MZ_REGION_LEND});
			change_range(i, i, (struct mz_region_change) {.edit = MZ_REGION_RETURN});
			must_equal(set.count, 1);
		}
}
END_TEST

/* Something random to add; not beyond the units where the model does not know what is there. */
static void add_random(struct rng *rng)
{
	unsigned first = (unsigned)rng_below(rng, UNITS), count = (unsigned)rng_below(rng, 40);
	enum mz_region_kind kind = (enum mz_region_kind)rng_below(rng, MZ_REGION_KINDS);
	struct mz_region region = region_of(kind, rng_below(rng, 4) ? first : rng_below(rng, UNITS),
					    (unsigned)rng_below(rng, 2) * MZ_READ);

	if (!here->at_the_end && first + count > UNITS)
		count = UNITS - first;
	region.former = (enum mz_region_kind)rng_below(rng, MZ_REGION_KINDS);
	region.owner = &owners[rng_below(rng, 8) == 0];
	region.supplied = rng_below(rng, 8) == 0;
	add(first, count, region);
}

START_TEST(random_operations_agree_with_the_model)
{
	struct rng rng = {rng_seed() ^ (uint64_t)_i << 32};
	unsigned steps = rng_steps(20000);

	begin(_i, 12 + rng_below(&rng, 20));
	for (unsigned step = 0; step < steps; step++) {
		unsigned first = (unsigned)rng_below(&rng, UNITS), count;
		unsigned last = first + (unsigned)rng_below(&rng, UNITS - first);

		/* Mostly something that is there. */
		if (rng_below(&rng, 4) != 0)
			while (first > 0 && !model[first].begins)
				first--;
		count = 1 + (unsigned)rng_below(&rng, UNITS - first);
		if (rng_below(&rng, 4) != 0)
			last = first + (unsigned)rng_below(&rng, model_length(first));
		switch (rng_below(&rng, 8)) {
		case 0:
			remove_range(first, last);
			break;
		case 1:
			count = (unsigned)rng_below(&rng, UNITS);
			if (here->at_the_end || count + model_length(first) <= UNITS)
				move_to(first, count);
			break;
		case 2:
			resize(first, count);
			break;
		case 3:
		case 4:
			add_random(&rng);
			break;
		default:
			change_range(first, last, changes[rng_below(&rng, CHANGES)]);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("regions, by a model");
	TCase *tcase = tcase_create("model");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, every_range_is_changed_or_refused, 0, EACH_PLACE);
	tcase_add_loop_test(tcase, every_range_is_removed, 0, EACH_PLACE);
	tcase_add_loop_test(tcase, regions_move_and_grow_where_nothing_is, 0, EACH_PLACE);
	tcase_add_loop_test(tcase, undoing_a_change_gives_its_room_back, 0, EACH_PLACE);
	tcase_add_loop_test(tcase, random_operations_agree_with_the_model, 0, EACH_PLACE);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
