/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Sets of regions: what is refused, the borders of the address space, what stays apart, what a
 * region permits, and the cost of looking.
 */
#include "ept/regions.h"
#include "tests/fixture.h"
#include "tests/suite.h"

#define RWX (MZ_READ | MZ_WRITE | MZ_EXEC)

static struct mz_region room[2];
static struct mz_regions set;
static int owners[2];

static const struct mz_region_change unprotect = {.edit = MZ_REGION_PROTECT};

static enum mz_error add_at(uint64_t ia, uint64_t bytes, uint64_t oa, enum mz_region_kind kind)
{
	struct mz_region region = {.ia = mz_ia_from(ia),
				   .bytes = bytes,
				   .oa = mz_oa_from(oa),
				   .kind = kind,
				   .owner = &owners[0]};

	return mz_regions_add(&set, &region);
}

START_TEST(bad_regions_are_refused)
{
	struct mz_region lent = {.bytes = 1, .kind = MZ_REGION_LENT};

	mz_regions_init(&set, room, 2);
	must_equal(add_at(0, 1, 0, MZ_REGION_KINDS), MZ_BAD_CONFIG);
	for (int former = 0; former <= MZ_REGION_KINDS; former++) {
		lent.former = (enum mz_region_kind)former;
		must_equal(mz_regions_add(&set, &lent),
			   former != MZ_REGION_MMIO && former < MZ_REGION_LENT ? MZ_OK
									       : MZ_BAD_CONFIG);
		set.count = 0;
	}
	for (int i = 0; i < MZ_REGION_KINDS; i++) {
		enum mz_region_kind kind = (enum mz_region_kind)i;

		must_equal(add_at(0, 0, 0, kind), MZ_OUT_OF_RANGE);
		must_equal(add_at(7, 0, 0, kind), MZ_OUT_OF_RANGE);
		must_equal(add_at(UINT64_MAX, 2, 0, kind), MZ_OUT_OF_RANGE);
		must_equal(add_at(2, UINT64_MAX, 0, kind), MZ_OUT_OF_RANGE);
		must_equal(add_at(0, 2, UINT64_MAX, kind),
			   kind == MZ_REGION_MMIO ? MZ_OK : MZ_OUT_OF_RANGE);
		set.count = 0;
	}
	must_equal(mz_regions_remove(&set, 1, 0), MZ_OUT_OF_RANGE);
	must_equal(mz_regions_change(&set, 1, 0, &unprotect), MZ_OUT_OF_RANGE);
	mz_regions_init(&set, NULL, 0);
	must_equal(add_at(0, 1, 0, MZ_REGION_RAM), MZ_FULL);
	must(mz_regions_find(&set, 0) == NULL);
	must(mz_regions_next(&set, UINT64_MAX) == NULL);
	must_equal(mz_regions_remove(&set, 0, UINT64_MAX), MZ_NOT_MAPPED);
	must_equal(mz_regions_change(&set, 0, UINT64_MAX, &unprotect), MZ_NOT_MAPPED);
	must_equal(mz_regions_move(&set, mz_ia_from(0), mz_ia_from(0)), MZ_NOT_MAPPED);
	must_equal(mz_regions_resize(&set, mz_ia_from(0), 1), MZ_NOT_MAPPED);
}
END_TEST

START_TEST(neighbours_that_differ_stay_apart)
{
	const struct mz_region_change lend = {.edit = MZ_REGION_LEND};
	const struct mz_region_change give_back = {.edit = MZ_REGION_RETURN};
	struct mz_region with[10];

	for (unsigned i = 0; i < 10; i++)
		with[i] = (struct mz_region) {.ia = {1},
					      .bytes = 1,
					      .oa = {1},
					      .kind = MZ_REGION_RAM,
					      .owner = &owners[0]};
	with[0].oa.addr++;
	with[1].kind = MZ_REGION_SHARED;
	with[2].prop.perm = MZ_READ | MZ_WRITE;
	with[3].prop.memory = MZ_MEM_UNCACHED;
	with[4].prop.flags = MZ_IGNORE_PAT;
	with[5].leaf_level_max = 1;
	with[6].supplied = true;
	with[7].populate = true;
	with[8].owner = &owners[1];
	for (unsigned i = 0; i < 10; i++) {
		mz_regions_init(&set, room, 2);
		expect_ok(add_at(0, 1, 0, MZ_REGION_RAM));
		expect_ok(mz_regions_add(&set, &with[i]));
		must_equal(set.count, 2);
		expect_ok(mz_regions_change(&set, 0, 1, &lend));
		expect_ok(mz_regions_change(&set, 0, 1, &give_back));
		/* The last one differs in nothing. */
		must_equal(set.count, i < 9 ? 2 : 1);
	}
}
END_TEST

START_TEST(what_a_removal_parts_stays_apart)
{
	struct mz_region three[3];

	/* Without the middle one, what backs the others is in one piece. */
	mz_regions_init(&set, three, 3);
	expect_ok(add_at(0, 2, 0, MZ_REGION_RAM));
	expect_ok(add_at(2, 3, 9, MZ_REGION_RAM));
	expect_ok(add_at(5, 2, 2, MZ_REGION_RAM));
	expect_ok(mz_regions_remove(&set, 2, 4));
	must_equal(set.count, 2);
	must(mz_regions_find(&set, 1) == &three[0]);
	must(mz_regions_find(&set, 2) == NULL);
	must_equal(mz_regions_find(&set, 5)->oa.addr, 2);
}
END_TEST

START_TEST(no_region_is_the_whole_address_space)
{
	const uint64_t half = (uint64_t)1 << 63;

	mz_regions_init(&set, room, 2);
	expect_ok(add_at(0, half, 0, MZ_REGION_RAM));
	expect_ok(add_at(half, half, half, MZ_REGION_RAM));
	expect_ok(mz_regions_change(&set, 0, UINT64_MAX, &unprotect));
	must_equal(set.count, 2);
	must(mz_regions_find(&set, half - 1) == &set.all[0]);
	must(mz_regions_find(&set, UINT64_MAX) == &set.all[1]);
	expect_ok(mz_regions_remove(&set, UINT64_MAX, UINT64_MAX));
	expect_ok(mz_regions_change(&set, 0, UINT64_MAX - 1, &unprotect));
	must_equal(set.count, 1);
	must_equal(set.all[0].bytes, UINT64_MAX);
	expect_ok(mz_regions_remove(&set, 0, UINT64_MAX));
	must_equal(set.count, 0);
}
END_TEST

START_TEST(a_look_up_costs_a_logarithm)
{
	static struct mz_region many[10000];
	unsigned most = 0;

	mz_regions_init(&set, many, 10000);
	for (uint64_t i = 0; i < 10000; i++)
		expect_ok(add_at(i * 7919 % 10000 * 4 + 1, 2, 0, MZ_REGION_MMIO));
	for (uint64_t addr = 0; addr < 40000; addr++) {
		const struct mz_region *region = mz_regions_find(&set, addr);
		unsigned probes = 0;
		size_t place = mz_regions_place_(&set, addr, &probes);

		must_equal(place, (addr + 1) / 4);
		must(region == (addr % 4 == 1 || addr % 4 == 2 ? &many[addr / 4] : NULL));
		most = probes > most ? probes : most;
	}
	must_equal(most, 15);
}
END_TEST

START_TEST(a_region_permits_what_its_kind_and_its_perm_allow)
{
	static const unsigned most[MZ_REGION_KINDS] = {
		[MZ_REGION_RAM] = 15,
		[MZ_REGION_ROM] = 15 & ~(unsigned)MZ_WRITE,
		[MZ_REGION_SHARED] = 15,
	};

	for (int kind = 0; kind < MZ_REGION_KINDS; kind++)
		for (unsigned perm = 0; perm < 16; perm++) {
			struct mz_region region = {.kind = (enum mz_region_kind)kind,
						   .prop = mz_prop_from(perm)};

			must_equal(mz_region_perm(&region), most[kind] & (perm == 0 ? RWX : perm));
		}
}
END_TEST

START_TEST(every_kind_has_its_own_text)
{
	for (int i = 0; i < MZ_REGION_KINDS; i++)
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(mz_region_kind_text((enum mz_region_kind)i),
					 mz_region_kind_text((enum mz_region_kind)j));
	must(mz_region_kind_text(MZ_REGION_KINDS) != NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("regions");
	TCase *tcase = tcase_create("regions");

	tcase_add_test(tcase, bad_regions_are_refused);
	tcase_add_test(tcase, neighbours_that_differ_stay_apart);
	tcase_add_test(tcase, what_a_removal_parts_stays_apart);
	tcase_add_test(tcase, no_region_is_the_whole_address_space);
	tcase_add_test(tcase, a_look_up_costs_a_logarithm);
	tcase_add_test(tcase, a_region_permits_what_its_kind_and_its_perm_allow);
	tcase_add_test(tcase, every_kind_has_its_own_text);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
