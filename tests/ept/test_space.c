/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Spaces: regions, the answer to every kind of access, the choice of leaves, populating, and faults
 * in parallel.
 */
#include <pthread.h>
#include <string.h>

#include "ept/change.h"
#include "tests/fixture.h"
#include "tests/model.h"
#include "tests/rng.h"
#include "tests/suite.h"
#include "tests/tree.h"

#define RX  (MZ_READ | MZ_EXEC)
#define RWX (MZ_READ | MZ_WRITE | MZ_EXEC)

#define REGIONS_MAX 16

static struct fixture x; /* its table is the space's, not x.table */
static struct mz_space space;
static struct mz_worker worker;
static struct mz_region regions[REGIONS_MAX];

static void begin(int loop)
{
	fixture_prepare(&x, loop);
	x.destroyed = true;
	expect_ok(mz_space_init(&space, &x.config, NULL, regions, REGIONS_MAX));
	mz_worker_begin(&worker, &space);
}

static void end(void)
{
	struct mz_violation violation = mz_table_check(&space.table);

	must_say(violation.rule == MZ_RULE_NONE, "%s: %s", x.test_case->name,
		 mz_rule_text(violation.rule));
	mz_worker_end(&worker);
	mz_space_destroy(&space);
	witness_reclaim(&x.witness);
	fixture_end(&x);
}

static struct mz_region region_of(enum mz_region_kind kind, uint64_t ia, uint64_t bytes,
				  uint64_t oa)
{
	return (struct mz_region) {.ia = mz_ia_from(ia),
				   .bytes = bytes,
				   .oa = mz_oa_from(oa),
				   .kind = kind,
				   .owner = &x};
}

/* Of a leaf that a fault maps: an MMU that faults for flags finds them. */
static struct mz_prop mapped_prop(unsigned perm)
{
	struct mz_prop prop = mz_prop_from(perm);

	prop.flags = space.fault_flags;
	return prop;
}

/* Does the table mark devices? */
static bool has_markers(void)
{
	return (x.config.features & MZ_MMIO_MARKERS) != 0;
}

static enum mz_error add(enum mz_region_kind kind, uint64_t ia, uint64_t bytes, uint64_t oa)
{
	struct mz_region region = region_of(kind, ia, bytes, oa);

	return mz_space_add(&space, &region);
}

static const struct mz_region *find(uint64_t gpa)
{
	const struct mz_region *region = mz_regions_find(&space.regions, gpa);
	struct mz_region copy;

	must_equal(mz_space_find(&space, mz_ia_from(gpa), &copy), region != NULL);
	if (region != NULL)
		must(memcmp(&copy, region, sizeof(copy)) == 0);
	return region;
}

/* Fails the test unless a fault at gpa is said to go where gpa lies. */
static void expect_region(const struct mz_fault *fault, uint64_t gpa)
{
	const struct mz_region *region = find(gpa);

	must_equal(fault->kind, region ? region->kind : MZ_REGION_KINDS);
	if (fault->region.bytes != 0)
		must_equal(fault->region.ia.addr, region->ia.addr);
	else
		must(!region || region->kind != MZ_REGION_MMIO);
}

static enum mz_answer fault_at(uint64_t gpa, enum mz_perm access, struct mz_fault *fault)
{
	struct mz_fault_record record = mz_fault_record_of(mz_ia_from(gpa), access);

	memset(fault, 0xa5, sizeof(*fault));
	return mz_space_fault(&worker, &record, fault);
}

static void protect(uint64_t gpa, uint64_t bytes, unsigned perm)
{
	struct mz_request request = {
		.change = MZ_CHANGE_PROTECT, .ia = mz_ia_from(gpa), .bytes = bytes, .perm = perm};

	expect_ok(mz_space_change(&space, &request, NULL));
}

START_TEST(a_bad_configuration_is_refused)
{
	struct mz_config config;

	fixture_prepare(&x, _i);
	x.destroyed = true;
	config = x.config;
	config.format = NULL;
	must_equal(mz_space_init(&space, &config, NULL, regions, REGIONS_MAX), MZ_BAD_FORMAT);
	track_fail(&x.track, 1);
	must_equal(mz_space_init(&space, &x.config, NULL, regions, REGIONS_MAX), MZ_NO_MEMORY);
	fixture_end(&x);
}
END_TEST

START_TEST(bad_regions_are_refused)
{
	const uint64_t beyond = (uint64_t)1 << 62;
	uint64_t oa_end;

	begin(_i);
	oa_end = (uint64_t)1 << x.format->oa_lg2;
	for (int kind = 0; kind < MZ_REGION_KINDS; kind++) {
		enum mz_region_kind k = (enum mz_region_kind)kind;

		must_equal(add(k, x.base + 1, x.page, 0), MZ_MISALIGNED);
		must_equal(add(k, x.base, x.page - 1, 0), MZ_MISALIGNED);
		must_equal(add(k, x.base, 1, 0), MZ_MISALIGNED);
		must_equal(add(k, x.base, 0, 0), MZ_OUT_OF_RANGE);
		must_equal(add(k, x.base, -x.base, 0), MZ_OUT_OF_RANGE);
		must_equal(add(k, -x.page, 2 * x.page, 0), MZ_OUT_OF_RANGE);
		must_equal(add(k, beyond, x.page, 0), MZ_OUT_OF_RANGE);
		must_equal(add(k, x.base, beyond, 0), MZ_OUT_OF_RANGE);
		must_equal(add(k, (uint64_t)1 << x.format->ia_lg2, x.page, 0), MZ_OUT_OF_RANGE);
		if (x.variant == VARIANT_ROOT_RANGE) {
			must_equal(add(k, 0, x.page, 0), MZ_OUT_OF_RANGE);
			must_equal(add(k, x.base - x.root_span - x.page, 2 * x.page, 0),
				   MZ_OUT_OF_RANGE);
		}
		if (kind == MZ_REGION_MMIO)
			continue;
		must_equal(add(k, x.base, x.page, 1), MZ_MISALIGNED);
		must_equal(add(k, x.base, x.page, oa_end), MZ_OUT_OF_RANGE);
		must_equal(add(k, x.base, 2 * x.page, oa_end - x.page), MZ_OUT_OF_RANGE);
		must_equal(add(k, x.base, 2 * x.page, -x.page), MZ_OUT_OF_RANGE);
	}
	must_equal(add(MZ_REGION_KINDS, x.base, x.page, 0), MZ_BAD_CONFIG);
	must_equal(space.regions.count, 0);
	must(find(x.base) == NULL);
	end();
}
END_TEST

START_TEST(overlaps_are_refused)
{
	uint64_t page;

	begin(_i);
	page = x.page;
	expect_ok(add(MZ_REGION_RAM, x.base + 4 * page, 4 * page, 0));
	/* Identical, inside, around, over either end; of any kind. */
	for (int kind = 0; kind < MZ_REGION_KINDS; kind++) {
		enum mz_region_kind k = (enum mz_region_kind)kind;

		must_equal(add(k, x.base + 4 * page, 4 * page, 0), MZ_OVERLAP);
		must_equal(add(k, x.base + 5 * page, page, 0), MZ_OVERLAP);
		must_equal(add(k, x.base + 4 * page, page, 0), MZ_OVERLAP);
		must_equal(add(k, x.base + 7 * page, page, 0), MZ_OVERLAP);
		must_equal(add(k, x.base + 3 * page, 6 * page, 0), MZ_OVERLAP);
		must_equal(add(k, x.base + 3 * page, 2 * page, 0), MZ_OVERLAP);
		must_equal(add(k, x.base + 7 * page, 2 * page, 0), MZ_OVERLAP);
		must_equal(add(k, x.base, 5 * page, 0), MZ_OVERLAP);
		must_equal(add(k, x.base, 100 * page, 0), MZ_OVERLAP);
	}
	must_equal(space.regions.count, 1);
	/* Touching is not meeting. */
	expect_ok(add(MZ_REGION_ROM, x.base + 3 * page, page, 0));
	expect_ok(add(MZ_REGION_MMIO, x.base + 8 * page, page, 0));
	/* Backing memory may be shared. */
	expect_ok(add(MZ_REGION_ROM, x.base + 16 * page, 4 * page, 0));
	must_equal(add(MZ_REGION_RAM, x.base + 8 * page, 9 * page, 0), MZ_OVERLAP);
	must_equal(space.regions.count, 4);
	end();
}
END_TEST

START_TEST(a_full_space_takes_no_more)
{
	begin(_i);
	for (unsigned i = 0; i < REGIONS_MAX; i++)
		expect_ok(
			add(MZ_REGION_RAM, x.base + (i * 7 % REGIONS_MAX) * 2 * x.page, x.page, 0));
	must_equal(add(MZ_REGION_RAM, x.base + x.page, x.page, 0), MZ_FULL);
	must_equal(space.regions.count, REGIONS_MAX);
	for (unsigned i = 0; i < REGIONS_MAX; i++) {
		must(find(x.base + i * 2 * x.page) == &regions[i]);
		must(find(x.base + (i * 2 + 1) * x.page) == NULL);
		must(i == 0 || regions[i - 1].ia.addr < regions[i].ia.addr);
	}
	mz_worker_end(&worker);
	mz_space_destroy(&space);
	expect_ok(mz_space_init(&space, &x.config, NULL, NULL, 0));
	mz_worker_begin(&worker, &space);
	must_equal(add(MZ_REGION_RAM, x.base, x.page, 0), MZ_FULL);
	must(find(x.base) == NULL);
	end();
}
END_TEST

START_TEST(regions_are_found_up_to_their_ends)
{
	const struct mz_region *region;

	begin(_i);
	expect_ok(add(MZ_REGION_ROM, x.base + 2 * x.page, 3 * x.page, x.page));
	must(find(x.base + 2 * x.page - 1) == NULL);
	region = find(x.base + 2 * x.page);
	must(region != NULL);
	must_equal(region->ia.addr, x.base + 2 * x.page);
	must_equal(region->bytes, 3 * x.page);
	must_equal(region->oa.addr, x.page);
	must_equal(region->kind, MZ_REGION_ROM);
	must(region->owner == &x);
	must(find(x.base + 5 * x.page - 1) == region);
	must(find(x.base + 5 * x.page) == NULL);
	must(find(0) == NULL || x.base == 0);
	must(find(UINT64_MAX) == NULL);
	end();
}
END_TEST

START_TEST(a_region_may_be_the_last_of_the_space)
{
	uint64_t last_page;
	struct mz_fault fault;

	begin(_i);
	last_page = x.format->ia_signed ? -x.page : ((uint64_t)1 << x.format->ia_lg2) - x.page;
	expect_ok(add(MZ_REGION_RAM, last_page, x.page, 0));
	must(find(last_page + x.page - 1) != NULL);
	must_equal(fault_at(last_page + x.page - 1, MZ_WRITE, &fault), MZ_RESOLVED);
	must_equal(fault.ia.addr, last_page);
	must_equal(fault.bytes, x.page);
	expect_ok(mz_space_populate(&worker, mz_ia_from(last_page), x.page));
	end();
}
END_TEST

/* What each kind of region answers to each access. */
START_TEST(answers_follow_the_kind_of_region)
{
	static const enum mz_perm accesses[] = {MZ_READ, MZ_WRITE, MZ_EXEC};
	struct mz_fault fault;
	uint64_t ram, rom, mmio;

	begin(_i);
	ram = x.base;
	rom = x.base + 8 * x.page;
	mmio = x.base + 16 * x.page;
	expect_ok(add(MZ_REGION_RAM, ram, 4 * x.page, 0));
	expect_ok(add(MZ_REGION_ROM, rom, 4 * x.page, 8 * x.page));
	expect_ok(add(MZ_REGION_MMIO, mmio, 4 * x.page, 0));
	for (unsigned i = 0; i < 3; i++) {
		uint64_t off = i * x.page + 8;

		must_equal(fault_at(ram + off, accesses[i], &fault), MZ_RESOLVED);
		expect_region(&fault, ram);
		must_equal(fault.cause, MZ_DENIAL_NONE);
		must_equal(fault.ia.addr, ram + i * x.page);
		must_equal(fault.bytes, x.page);
		must_equal(fault.item.oa.addr, i * x.page);
		must_equal(fault.item.level, 1);
		must_equal(fault.item.prop.perm, RWX);
		for (unsigned j = 0; j < 3; j++) {
			must_equal(fault_at(ram + off, accesses[j], &fault), MZ_RETRY);
			must_equal(fault.ia.addr, ram + i * x.page);
			must_equal(fault.bytes, x.page);
			must_equal(fault.item.oa.addr, i * x.page);
			must_equal(fault.cause, MZ_DENIAL_NONE);
		}

		must_equal(fault_at(mmio + off, accesses[i], &fault), MZ_MMIO);
		expect_region(&fault, mmio);
		must_equal(fault.cause, MZ_DENIAL_NONE);

		must_equal(fault_at(x.base + 5 * x.page, accesses[i], &fault), MZ_DENIED);
		must_equal(fault.cause, MZ_DENIAL_NO_REGION);
		expect_region(&fault, x.base + 5 * x.page);
	}
	/* A write to ROM is denied before and after it is mapped, and maps nothing. */
	must_equal(fault_at(rom, MZ_WRITE, &fault), MZ_DENIED);
	must_equal(fault.cause, MZ_DENIAL_READ_ONLY);
	must_equal(mz_table_query(&space.table, mz_ia_from(rom)).level, 0);
	must_equal(fault_at(rom, MZ_READ, &fault), MZ_RESOLVED);
	must_equal(fault.item.prop.perm, RX);
	must_equal(fault.item.oa.addr, 8 * x.page);
	must_equal(fault_at(rom, MZ_WRITE, &fault), MZ_DENIED);
	must_equal(fault.cause, MZ_DENIAL_READ_ONLY);
	expect_region(&fault, rom);
	must_equal(fault_at(rom, MZ_EXEC, &fault), MZ_RETRY);
	must_equal(fault_at(rom + x.page, MZ_EXEC, &fault), MZ_RESOLVED);
	must_equal(fault_at((uint64_t)1 << 62, MZ_READ, &fault), MZ_DENIED);
	must_equal(fault.cause, MZ_DENIAL_NO_REGION);
	must_equal(mz_table_query(&space.table, mz_ia_from(mmio)).level, has_markers());
	end();
}
END_TEST

/* It is found by what follows, goes with its region, and what comes there then is memory. */
START_TEST(a_device_is_marked_where_the_format_can)
{
	struct mz_request remove = {.change = MZ_CHANGE_REMOVE};
	struct mz_fault fault;
	struct mz_item item;
	uint64_t big;

	begin(_i);
	big = x.top > 1 ? fixture_span(&x, x.top) : 4 * x.page;
	expect_ok(add(MZ_REGION_MMIO, x.base, big, big));
	/* Without memory, it is a device all the same. */
	track_fail(&x.track, 1);
	must_equal(fault_at(x.base + x.page, MZ_READ, &fault), MZ_MMIO);
	track_fail(&x.track, 0);
	must_equal(fault_at(x.base + x.page, MZ_WRITE, &fault), MZ_MMIO);
	must_equal(fault_at(x.base + x.page, MZ_READ, &fault), MZ_MMIO);
	expect_region(&fault, x.base);
	item = mz_table_query(&space.table, mz_ia_from(x.base + x.page));
	must_equal(item.level, has_markers() ? x.top : 0);
	if (has_markers()) {
		must_equal(item.prop.perm, MZ_WRITE | MZ_EXEC);
		must_equal(item.oa.addr, big + x.page);
	}
	remove.ia = mz_ia_from(x.base);
	remove.bytes = big;
	expect_ok(mz_space_change(&space, &remove, NULL));
	must_equal(fault_at(x.base + x.page, MZ_READ, &fault), MZ_DENIED);
	expect_ok(add(MZ_REGION_RAM, x.base, big, 0));
	must_equal(fault_at(x.base + x.page, MZ_WRITE, &fault), MZ_RESOLVED);
	end();
}
END_TEST

START_TEST(a_protected_page_denies)
{
	struct mz_fault fault;

	begin(_i);
	expect_ok(add(MZ_REGION_RAM, x.base, 4 * x.page, 0));
	must_equal(fault_at(x.base, MZ_WRITE, &fault), MZ_RESOLVED);
	protect(x.base, x.page, RX);
	must_equal(fault_at(x.base, MZ_WRITE, &fault), MZ_DENIED);
	must_equal(fault.cause, MZ_DENIAL_PERMISSION);
	must_equal(fault_at(x.base, MZ_READ, &fault), MZ_RETRY);
	must_equal(fault.item.prop.perm, RX);
	protect(x.base, x.page, 0);
	must_equal(fault_at(x.base, MZ_WRITE, &fault), MZ_RETRY);
	end();
}
END_TEST

/*
 * The leaf that a fault at gpa should map: everything that limits it, tried from the largest down.
 */
static unsigned expected_level(const struct mz_region *region, const struct model *mapped,
			       uint64_t gpa)
{
	for (unsigned level = x.format->levels; level > 1; level--) {
		uint64_t span = fixture_span(&x, level);
		uint64_t ia = gpa - gpa % span;
		bool free = true;

		if (!fixture_leaf_allowed(&x, level) ||
		    (region->leaf_level_max != 0 && level > region->leaf_level_max) ||
		    ia < region->ia.addr ||
		    ia + (span - 1) > region->ia.addr + (region->bytes - 1) ||
		    (region->oa.addr - region->ia.addr) % span != 0)
			continue;
		for (size_t i = 0; i < mapped->count; i++)
			free = free &&
				(mapped->ranges[i].last < ia ||
				 mapped->ranges[i].first > ia + (span - 1));
		if (free)
			return level;
	}
	return 1;
}

START_TEST(the_largest_leaf_that_fits_is_mapped)
{
	struct mz_fault fault;
	struct mz_region region;
	uint64_t big, small;

	begin(_i);
	big = fixture_span(&x, x.top);
	small = fixture_span(&x, x.second);
	/* A page short of three large leaves at each end. */
	region = region_of(MZ_REGION_RAM, x.base + x.page, 3 * big - 2 * x.page,
			   x.root_span + x.page);
	if (x.top > 1) {
		expect_ok(mz_space_add(&space, &region));
		must_equal(fault_at(x.base + big + 5, MZ_READ, &fault), MZ_RESOLVED);
		must_equal(fault.item.level, x.top);
		must_equal(fault.ia.addr, x.base + big);
		must_equal(fault.bytes, big);
		must_equal(fault.item.oa.addr, x.root_span + big);
		must_equal(mz_space_stats(&space).mapped[x.top], 1);
		/* The first and the last can't be large. */
		must_equal(fault_at(x.base + x.page, MZ_READ, &fault), MZ_RESOLVED);
		must_equal(fault.item.level, 1);
		must_equal(fault_at(x.base + 2 * small + 1, MZ_READ, &fault), MZ_RESOLVED);
		must_equal(fault.item.level, x.second);
		must_equal(fault_at(x.base + 3 * big - x.page - 1, MZ_READ, &fault), MZ_RESOLVED);
		must_equal(fault.item.level, 1);
		must_equal(fault_at(x.base + 2 * big, MZ_READ, &fault), MZ_RESOLVED);
		must_equal(fault.item.level, x.second);
	}
	end();
}
END_TEST

START_TEST(a_region_can_limit_its_leaves)
{
	struct mz_fault fault;
	struct model nothing;

	begin(_i);
	model_init(&nothing);
	for (unsigned max = 1; max <= x.format->levels; max++) {
		uint64_t big = fixture_span(&x, x.top);
		struct mz_region region = region_of(MZ_REGION_RAM, x.base + (max - 1) * big, big,
						    x.root_span);

		/* As many as the fixture's two root entries hold. */
		if (max > 2 && x.top == x.format->levels)
			break;
		region.leaf_level_max = (uint8_t)max;
		expect_ok(mz_space_add(&space, &region));
		must_equal(fault_at(region.ia.addr + big / 2, MZ_READ, &fault), MZ_RESOLVED);
		must_equal(fault.item.level,
			   expected_level(&region, &nothing, region.ia.addr + big / 2));
		must(fault.item.level <= max);
	}
	end();
}
END_TEST

START_TEST(misaligned_backing_makes_leaves_smaller)
{
	struct mz_fault fault;
	uint64_t big;

	begin(_i);
	big = fixture_span(&x, x.top);
	if (x.top > 1) {
		expect_ok(add(MZ_REGION_RAM, x.base, big, x.root_span + x.page));
		must_equal(fault_at(x.base, MZ_READ, &fault), MZ_RESOLVED);
		must_equal(fault.item.level, 1);
		must_equal(fault.item.oa.addr, x.root_span + x.page);
		expect_ok(add(MZ_REGION_RAM, x.base + big, big,
			      x.root_span + fixture_span(&x, x.second)));
		must_equal(fault_at(x.base + big + 3 * x.page, MZ_READ, &fault), MZ_RESOLVED);
		must_equal(fault.item.level, x.second);
	}
	end();
}
END_TEST

START_TEST(what_is_mapped_already_makes_leaves_smaller)
{
	struct mz_fault fault;
	uint64_t big, small;

	begin(_i);
	big = fixture_span(&x, x.top);
	small = fixture_span(&x, x.second);
	if (x.top > 1) {
		expect_ok(add(MZ_REGION_RAM, x.base, big, 0));
		expect_ok(mz_table_map(&space.table, mz_ia_from(x.base + big - x.page), x.page,
				       mz_oa_from(big - x.page), mapped_prop(RWX)));
		must_equal(fault_at(x.base, MZ_READ, &fault), MZ_RESOLVED);
		must_equal(fault.item.level, x.second);
		must_equal(fault_at(x.base + big - 2 * x.page, MZ_READ, &fault), MZ_RESOLVED);
		must_equal(fault.item.level, 1);
		must_equal(fault_at(x.base + big - x.page, MZ_READ, &fault), MZ_RETRY);
		must_equal(fault.item.level, 1);
		/* A whole leaf is described, not the page alone. */
		must_equal(fault_at(x.base + small - 1, MZ_READ, &fault), MZ_RETRY);
		must_equal(fault.ia.addr, x.base);
		must_equal(fault.bytes, small);
		must_equal(fault.item.oa.addr, 0);
	}
	end();
}
END_TEST

START_TEST(a_fault_without_memory_changes_nothing)
{
	struct mz_fault fault;
	struct tree before, after;
	uint64_t live;

	begin(_i);
	tree_init(&before);
	tree_init(&after);
	expect_ok(add(MZ_REGION_RAM, x.base, 4 * x.page, 0));
	expect_ok(add(MZ_REGION_RAM, x.base + x.root_span, 4 * x.page, 0));
	must_equal(fault_at(x.base, MZ_WRITE, &fault), MZ_RESOLVED);
	tree_read(&before, &space.table);
	live = x.track.live_count;
	for (unsigned n = 1; n < x.format->levels; n++) {
		track_fail(&x.track, n);
		must_equal(fault_at(x.base + x.root_span, MZ_WRITE, &fault), MZ_EXHAUSTED);
		expect_region(&fault, x.base + x.root_span);
		/* What could be had is set aside for the next fault. */
		mz_reserve_drain(&space.table.config, &worker.reserve);
		must_equal(x.track.live_count, live);
		tree_read(&after, &space.table);
		must(tree_equal(&before, &after));
	}
	must_equal(mz_space_stats(&space).answers[MZ_EXHAUSTED], x.format->levels - 1u);
	track_fail(&x.track, 0);
	must_equal(fault_at(x.base + x.root_span, MZ_WRITE, &fault), MZ_RESOLVED);
	tree_destroy(&before);
	tree_destroy(&after);
	end();
}
END_TEST

START_TEST(statistics_count_every_answer)
{
	struct mz_fault fault;

	begin(_i);
	expect_ok(add(MZ_REGION_RAM, x.base, 2 * x.page, 0));
	expect_ok(add(MZ_REGION_ROM, x.base + 2 * x.page, 2 * x.page, 0));
	expect_ok(add(MZ_REGION_MMIO, x.base + 4 * x.page, 2 * x.page, 0));
	fault_at(x.base, MZ_READ, &fault);
	fault_at(x.base, MZ_READ, &fault);
	fault_at(x.base + x.page, MZ_WRITE, &fault);
	fault_at(x.base + 2 * x.page, MZ_WRITE, &fault);
	fault_at(x.base + 3 * x.page, MZ_WRITE, &fault);
	fault_at(x.base + 4 * x.page, MZ_WRITE, &fault);
	fault_at(x.base + 9 * x.page, MZ_WRITE, &fault);
	protect(x.base, x.page, MZ_READ);
	fault_at(x.base, MZ_WRITE, &fault);
	must_equal(mz_space_stats(&space).answers[MZ_RESOLVED], 2);
	must_equal(mz_space_stats(&space).answers[MZ_RETRY], 1);
	must_equal(mz_space_stats(&space).answers[MZ_MMIO], 1);
	must_equal(mz_space_stats(&space).answers[MZ_DENIED], 4);
	must_equal(mz_space_stats(&space).answers[MZ_EXHAUSTED], 0);
	must_equal(mz_space_stats(&space).denials[MZ_DENIAL_NONE], 0);
	must_equal(mz_space_stats(&space).denials[MZ_DENIAL_NO_REGION], 1);
	must_equal(mz_space_stats(&space).denials[MZ_DENIAL_READ_ONLY], 2);
	must_equal(mz_space_stats(&space).denials[MZ_DENIAL_PERMISSION], 1);
	must_equal(mz_space_stats(&space).mapped[1], 2);
	for (unsigned level = 2; level <= MZ_LEVELS_MAX; level++)
		must_equal(mz_space_stats(&space).mapped[level], 0);
	end();
}
END_TEST

/* Regions with borders of every alignment, holes between them, and one that is never mapped. */
static void furnish(void)
{
	uint64_t big = fixture_span(&x, x.top > 2 ? x.top : 2), page = x.page;
	uint64_t small = fixture_span(&x, 2);
	struct mz_region limited = region_of(MZ_REGION_RAM, x.base + 2 * small, 2 * small,
					     x.root_span);

	/* Clear of the first regions. */
	if (big < 8 * small)
		big = 8 * small;
	limited.leaf_level_max = 1;
	expect_ok(add(MZ_REGION_RAM, x.base, small + 3 * page, x.root_span));
	expect_ok(add(MZ_REGION_MMIO, x.base + small + 3 * page, 2 * page, 0));
	expect_ok(add(MZ_REGION_ROM, x.base + small + 6 * page, 5 * page, page));
	expect_ok(mz_space_add(&space, &limited));
	if (x.top > 1) {
		expect_ok(add(MZ_REGION_RAM, x.base + big - page, big / 2 + page,
			      2 * x.root_span - page));
		expect_ok(add(MZ_REGION_ROM, x.base + big + big / 2, big / 4,
			      4 * x.root_span + big / 2));
	}
}

/* Does what faults at every page of [first, last] would do, in order, with a model's means. */
static void model_populate(struct model *model, uint64_t first, uint64_t last)
{
	for (size_t i = 0; i < space.regions.count; i++) {
		const struct mz_region *region = &regions[i];
		uint64_t region_last = region->ia.addr + (region->bytes - 1);
		unsigned perm = region->kind == MZ_REGION_RAM ? RWX : RX;

		if (region->kind == MZ_REGION_MMIO)
			continue;
		for (uint64_t at = region->ia.addr > first ? region->ia.addr : first;
		     at <= region_last && at <= last;) {
			const struct model_range *range = model_find(model, at);
			unsigned level = expected_level(region, model, at);
			uint64_t span = fixture_span(&x, level);
			uint64_t ia = at - at % span;

			if (range) {
				at = range->last + 1;
				continue;
			}
			expect_ok(model_map(model, ia, span, ia - region->ia.addr + region->oa.addr,
					    mapped_prop(perm)));
			at = ia + span;
		}
	}
	model_join(model);
}

START_TEST(populating_maps_what_faults_would)
{
	struct model expected, read;
	struct tree tree;
	uint64_t big, first, bytes;
	struct mz_usage usage;

	begin(_i);
	model_init(&expected);
	model_init(&read);
	tree_init(&tree);
	furnish();
	big = fixture_span(&x, x.top > 2 ? x.top : 2);
	if (x.top > 3 || big / x.page > 1u << 19)
		big = fixture_span(&x, 2) * 4;
	/* A middle part first, then all of it. */
	first = x.base + 2 * x.page;
	bytes = 5 * fixture_span(&x, 2) / 2;
	bytes -= bytes % x.page;
	expect_ok(mz_space_populate(&worker, mz_ia_from(first), bytes));
	model_populate(&expected, first, first + bytes - 1);
	tree_read(&tree, &space.table);
	tree_model(&tree, x.format, &read);
	must(model_equal(&expected, &read));
	expect_ok(mz_space_populate(&worker, mz_ia_from(x.base), big));
	model_populate(&expected, x.base, x.base + big - 1);
	tree_read(&tree, &space.table);
	tree_model(&tree, x.format, &read);
	must(model_equal(&expected, &read));
	/* Once more is nothing more. */
	usage = mz_table_usage(&space.table);
	expect_ok(mz_space_populate(&worker, mz_ia_from(x.base), big));
	must_equal(mz_table_usage(&space.table).mapped_bytes, usage.mapped_bytes);
	model_destroy(&expected);
	model_destroy(&read);
	tree_destroy(&tree);
	end();
}
END_TEST

START_TEST(populating_nothing_is_refused)
{
	begin(_i);
	furnish();
	must_equal(mz_space_populate(&worker, mz_ia_from(x.base), 0), MZ_OUT_OF_RANGE);
	must_equal(mz_space_populate(&worker, mz_ia_from(-x.page), 2 * x.page), MZ_OUT_OF_RANGE);
	/* A range without regions is no mistake. */
	expect_ok(mz_space_populate(&worker, mz_ia_from(x.base + x.root_span * 5 / 2), x.page));
	must_equal(mz_table_usage(&space.table).mapped_bytes, 0);
	end();
}
END_TEST

START_TEST(populating_without_memory_keeps_what_it_has)
{
	struct mz_usage usage;
	uint64_t bytes;

	begin(_i);
	/* No fault in a table without nodes below the root can lack memory. */
	if (x.format->levels == 1) {
		end();
		return;
	}
	bytes = 2 * fixture_span(&x, 2);
	expect_ok(add(MZ_REGION_RAM, x.base + x.page, bytes, 0));
	track_fail(&x.track, x.format->levels);
	x.track.fail_after = true;
	must_equal(mz_space_populate(&worker, mz_ia_from(x.base), 2 * bytes), MZ_NO_MEMORY);
	usage = mz_table_usage(&space.table);
	must_equal(usage.mapped_bytes, fixture_span(&x, 2) - x.page);
	must_equal(mz_table_check(&space.table).rule, MZ_RULE_NONE);
	track_fail(&x.track, 0);
	expect_ok(mz_space_populate(&worker, mz_ia_from(x.base), 2 * bytes));
	must_equal(mz_table_usage(&space.table).mapped_bytes, bytes);
	end();
}
END_TEST

/* What the model of the regions says about an access; `level` of a leaf that it should map. */
static enum mz_answer model_answer(const struct model *mapped, uint64_t gpa, enum mz_perm access,
				   enum mz_denial *cause)
{
	const struct mz_region *region = NULL;

	for (size_t i = 0; i < space.regions.count; i++)
		if (gpa - regions[i].ia.addr < regions[i].bytes)
			region = &regions[i];
	*cause = MZ_DENIAL_NONE;
	if (!region) {
		*cause = MZ_DENIAL_NO_REGION;
		return MZ_DENIED;
	}
	if (region->kind == MZ_REGION_MMIO)
		return MZ_MMIO;
	if (region->kind == MZ_REGION_ROM && access == MZ_WRITE) {
		*cause = MZ_DENIAL_READ_ONLY;
		return MZ_DENIED;
	}
	return model_find(mapped, gpa) ? MZ_RETRY : MZ_RESOLVED;
}

/* The marker that an access to a device has left, or that was there. */
static void model_marker(struct model *mapped, uint64_t gpa)
{
	const struct mz_region *region = find(gpa);
	unsigned level = expected_level(region, mapped, gpa);
	uint64_t span = fixture_span(&x, level), ia = gpa - gpa % span;

	if (has_markers() && !model_find(mapped, gpa))
		expect_ok(model_map(mapped, ia, span, ia - region->ia.addr + region->oa.addr,
				    mz_prop_pack(MZ_WRITE | MZ_EXEC, MZ_MEM_UNCACHED, 0)));
}

START_TEST(random_faults_agree_with_the_regions)
{
	static const enum mz_perm accesses[] = {MZ_READ, MZ_WRITE, MZ_EXEC};
	struct rng rng = {rng_seed() ^ (uint64_t)_i << 32};
	unsigned steps = rng_steps(400);
	struct model mapped, read;
	struct mz_fault fault;
	struct tree tree;

	begin(_i);
	model_init(&mapped);
	model_init(&read);
	tree_init(&tree);
	furnish();
	for (unsigned i = 0; i < steps; i++) {
		/* Near a border of a region, or anywhere in it. */
		const struct mz_region *near = &regions[rng_below(&rng, space.regions.count)];
		uint64_t gpa = near->ia.addr + rng_below(&rng, near->bytes);
		enum mz_perm access = accesses[rng_below(&rng, 3)];
		enum mz_answer expected;
		enum mz_denial cause;
		uint64_t span;

		if (rng_below(&rng, 3) == 0)
			gpa = near->ia.addr + rng_below(&rng, 4 * x.page) - 2 * x.page;
		expected = model_answer(&mapped, gpa, access, &cause);
		must_equal(fault_at(gpa, access, &fault), expected);
		must_equal(fault.cause, cause);
		expect_region(&fault, gpa);
		if (expected == MZ_MMIO)
			model_marker(&mapped, gpa);
		if (expected != MZ_RESOLVED && expected != MZ_RETRY)
			continue;
		span = fixture_span(&x, fault.item.level);
		must_equal(fault.bytes, span);
		must_equal(fault.ia.addr, gpa - gpa % span);
		must_equal(fault.item.oa.addr,
			   fault.ia.addr - find(gpa)->ia.addr + find(gpa)->oa.addr);
		must_equal(mz_table_query(&space.table, mz_ia_from(gpa)).oa.addr,
			   gpa - find(gpa)->ia.addr + find(gpa)->oa.addr);
		if (expected == MZ_RETRY)
			continue;
		must_equal(fault.item.level, expected_level(find(gpa), &mapped, gpa));
		expect_ok(model_map(&mapped, fault.ia.addr, span, fault.item.oa.addr,
				    fault.item.prop));
	}
	tree_read(&tree, &space.table);
	tree_model(&tree, x.format, &read);
	model_join(&mapped);
	must(model_equal(&mapped, &read));
	tree_destroy(&tree);
	model_destroy(&mapped);
	model_destroy(&read);
	end();
}
END_TEST

#define THREADS 4

struct guest_cpu {
	pthread_t thread;
	struct mz_worker worker;
	struct rng rng;
	uint64_t first, bytes; /* where it touches memory */
	uint64_t resolved_bytes;
	unsigned answers[MZ_ANSWERS];
};

static void *touch_memory(void *argument)
{
	struct guest_cpu *cpu = argument;

	mz_worker_begin(&cpu->worker, &space);
	for (unsigned i = 0; i < 3000; i++) {
		uint64_t gpa = cpu->first + rng_below(&cpu->rng, cpu->bytes);
		struct mz_fault_record record = mz_fault_record_of(mz_ia_from(gpa), MZ_WRITE);
		struct mz_fault fault;
		enum mz_answer answer = mz_space_fault(&cpu->worker, &record, &fault);

		cpu->answers[answer]++;
		must(answer == MZ_RESOLVED || answer == MZ_RETRY);
		must(gpa - fault.ia.addr < fault.bytes);
		must_equal(fault.item.oa.addr, fault.ia.addr - cpu->first + x.root_span);
		if (answer == MZ_RESOLVED)
			cpu->resolved_bytes += fault.bytes;
		must_equal(mz_table_query(&space.table, mz_ia_from(gpa)).oa.addr,
			   gpa - cpu->first + x.root_span);
	}
	mz_worker_end(&cpu->worker);
	return NULL;
}

START_TEST(processors_fault_at_once)
{
	static struct guest_cpu cpus[THREADS];
	uint64_t answers[MZ_ANSWERS] = {0}, resolved_bytes = 0, bytes;
	struct mz_region region;
	struct mz_usage usage;

	begin(_i);
	memset(cpus, 0, sizeof(cpus));
	/*
	 * A handful of nodes, all of whose pages are wanted by everyone, then by larger leaves too.
	 */
	bytes = 3 * fixture_span(&x, 2);
	region = region_of(MZ_REGION_RAM, x.base, bytes, x.root_span);
	region.leaf_level_max = x.variant == VARIANT_PLAIN ? 1 : 0;
	expect_ok(mz_space_add(&space, &region));
	for (unsigned i = 0; i < THREADS; i++) {
		cpus[i].rng.state = rng_seed() + i;
		cpus[i].first = x.base;
		cpus[i].bytes = bytes;
		must_equal(pthread_create(&cpus[i].thread, NULL, touch_memory, &cpus[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		must_equal(pthread_join(cpus[i].thread, NULL), 0);
		resolved_bytes += cpus[i].resolved_bytes;
		for (unsigned a = 0; a < MZ_ANSWERS; a++)
			answers[a] += cpus[i].answers[a];
	}
	usage = mz_table_usage(&space.table);
	must_equal(usage.mapped_bytes, resolved_bytes);
	for (unsigned a = 0; a < MZ_ANSWERS; a++)
		must_equal(mz_space_stats(&space).answers[a], answers[a]);
	for (unsigned level = 0; level <= MZ_LEVELS_MAX; level++)
		must_equal(mz_space_stats(&space).mapped[level], usage.leaf_count[level]);
	end();
}
END_TEST

START_TEST(every_answer_has_its_own_text)
{
	for (int i = 0; i < MZ_ANSWERS; i++)
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(mz_answer_text((enum mz_answer)i),
					 mz_answer_text((enum mz_answer)j));
	for (int i = 0; i < MZ_DENIALS; i++)
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(mz_denial_text((enum mz_denial)i),
					 mz_denial_text((enum mz_denial)j));
	for (int i = 0; i < MZ_REGION_KINDS; i++)
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(mz_region_kind_text((enum mz_region_kind)i),
					 mz_region_kind_text((enum mz_region_kind)j));
	must(mz_answer_text(MZ_ANSWERS) != NULL);
	must(mz_denial_text(MZ_DENIALS) != NULL);
	must(mz_region_kind_text(MZ_REGION_KINDS) != NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("space");
	TCase *tcase = tcase_create("regions");

	tcase_add_loop_test(tcase, a_bad_configuration_is_refused, 0, EACH_CASE);
	tcase_add_loop_test(tcase, bad_regions_are_refused, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, overlaps_are_refused, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_full_space_takes_no_more, 0, EACH_CASE);
	tcase_add_loop_test(tcase, regions_are_found_up_to_their_ends, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, a_region_may_be_the_last_of_the_space, 0, EACH_CASE);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("faults");
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, answers_follow_the_kind_of_region, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, a_protected_page_denies, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, the_largest_leaf_that_fits_is_mapped, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, a_region_can_limit_its_leaves, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, misaligned_backing_makes_leaves_smaller, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, a_device_is_marked_where_the_format_can, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, what_is_mapped_already_makes_leaves_smaller, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, a_fault_without_memory_changes_nothing, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, statistics_count_every_answer, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, random_faults_agree_with_the_regions, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, processors_fault_at_once, 0, EACH_VARIANT);
	tcase_add_test(tcase, every_answer_has_its_own_text);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("populating");
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, populating_maps_what_faults_would, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, populating_nothing_is_refused, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, populating_without_memory_keeps_what_it_has, 0, EACH_VARIANT);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
