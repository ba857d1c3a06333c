/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Which memory is used: flags that the MMU sets, or takes a fault for, against a model that knows
 * every access. Where all leaves are pages, both agree to the page.
 */
#include <string.h>

#include "ept/age.h"
#include "ept/dirty.h"
#include "tests/guest.h"
#include "tests/rng.h"
#include "tests/suite.h"

#define AGERS 3
#define PAGES 64

/* Who ages the pages [first, last], and in which generation each was used last, by its count. */
struct ager {
	struct mz_age age;
	bool started;
	unsigned first, last;
	uint64_t generation;
	uint64_t used_in[PAGES];
};

#define NEVER UINT64_MAX

static struct fixture x;
static struct guest guest;
static struct ager agers[AGERS];
static bool pending[PAGES]; /* used since somebody collected */

/* Pages that lie apart as far as a leaf of the second level, so that several nodes take part. */
static uint64_t page_at(unsigned p)
{
	uint64_t span = x.format->levels > 1 ? fixture_span(&x, 2) : 16 * x.page;

	return x.base + p / 16 * span + p % 16 * x.page;
}

/* Does anything tell of accesses? */
static bool are_told(void)
{
	return x.format->flags_fault || (x.config.features & MZ_HW_ACCESSED_DIRTY) != 0;
}

static void begin(int loop)
{
	fixture_prepare(&x, loop);
	memset(agers, 0, sizeof(agers));
	memset(pending, 0, sizeof(pending));
	guest_begin(&guest, &x, NULL);
	expect_ok(
		guest_add(&guest, MZ_REGION_RAM, x.base, page_at(PAGES - 1) + x.page - x.base, 0));
}

static void collected(const struct ager *by)
{
	for (unsigned p = by->first; p <= by->last; p++) {
		for (unsigned a = 0; pending[p] && a < AGERS; a++)
			if (agers[a].started && p >= agers[a].first && p <= agers[a].last)
				agers[a].used_in[p] = agers[a].generation;
		pending[p] = false;
	}
}

static enum mz_error start(struct ager *ager, unsigned first, unsigned last)
{
	enum mz_error error = mz_age_start(&ager->age, &guest.space, mz_ia_from(page_at(first)),
					   page_at(last) + x.page - page_at(first));

	ager->first = first;
	ager->last = last;
	ager->generation = 0;
	memset(ager->used_in, 0xff, sizeof(ager->used_in));
	if (error == MZ_OK)
		collected(ager);
	ager->started = error == MZ_OK;
	return error;
}

static void stop(struct ager *ager)
{
	mz_age_stop(&ager->age);
	ager->started = false;
}

static void end(void)
{
	for (unsigned a = 0; a < AGERS; a++)
		if (agers[a].started)
			stop(&agers[a]);
	guest_end(&guest, &x);
	fixture_end(&x);
}

static void advance(struct ager *ager)
{
	expect_ok(mz_age_advance(&ager->age));
	collected(ager);
	ager->generation++;
}

static void use(unsigned p, enum mz_perm access)
{
	uint64_t oa;

	must(guest_access(&guest, &guest.worker, page_at(p), access, &oa));
	pending[p] = true;
}

/* Generations that have ended and are known of. */
static unsigned known(const struct ager *ager)
{
	return ager->generation < MZ_AGE_GENERATIONS ? (unsigned)ager->generation
						     : MZ_AGE_GENERATIONS;
}

static unsigned idle_of(const struct ager *ager, unsigned p)
{
	uint64_t used = ager->used_in[p], behind = ager->generation - used;

	if (used == NEVER || behind > known(ager))
		return known(ager);
	return behind == 0 ? 0 : (unsigned)behind - 1;
}

static void expect_idle(const struct ager *ager, bool exact)
{
	for (unsigned p = ager->first; p <= ager->last; p++) {
		unsigned idle = mz_age_idle(&ager->age, mz_ia_from(page_at(p)));

		must_say(exact ? idle == idle_of(ager, p) : idle <= idle_of(ager, p),
			 "%s: page %u is idle for %u generations, and not for %u",
			 x.test_case->name, p, idle, idle_of(ager, p));
	}
}

struct hearing {
	uint64_t bytes, next;
	bool heard[PAGES];
};

static bool hear(void *context, mz_ia ia, uint64_t bytes)
{
	struct hearing *hearing = context;

	must(bytes > 0);
	must(hearing->bytes == 0 || ia.addr > hearing->next);
	hearing->bytes += bytes;
	hearing->next = ia.addr + bytes;
	for (unsigned p = 0; p < PAGES; p++)
		hearing->heard[p] |= page_at(p) - ia.addr < bytes;
	return true;
}

/* What is told in ranges is what is told of pages, and the working set is the rest. */
static void expect_ranges(const struct ager *ager, unsigned generations)
{
	struct hearing hearing = {0, 0, {false}};

	must(mz_age_each(&ager->age, generations, hear, &hearing));
	if (generations > known(ager)) {
		must_equal(hearing.bytes, 0);
		return;
	}
	for (unsigned p = ager->first; p <= ager->last; p++) {
		unsigned idle = mz_age_idle(&ager->age, mz_ia_from(page_at(p)));
		bool open = ager->used_in[p] == ager->generation;

		/* Of no generation at all, only what was used since the last has ended is left out.
		 */
		must(generations > 0 ? hearing.heard[p] == (idle >= generations)
				     : !hearing.heard[p] || !open);
	}
	must_equal(mz_age_used(&ager->age, generations), ager->age.bytes - hearing.bytes);
}

static void change_something(struct rng *rng)
{
	unsigned p = (unsigned)rng_below(rng, PAGES);

	switch (rng_below(rng, 3)) {
	case 0:
		expect_ok(guest_change(&guest, MZ_CHANGE_INVALIDATE, page_at(p), x.page));
		/* What is not mapped any more has taken its flag with it. */
		pending[p] = false;
		break;
	case 1:
		expect_ok(mz_space_written(&guest.space, mz_ia_from(page_at(p)), x.page));
		break;
	default:
		use(p, MZ_EXEC);
		break;
	}
}

static void step(struct rng *rng, bool exact)
{
	struct ager *ager = &agers[rng_below(rng, AGERS)];
	unsigned first = (unsigned)rng_below(rng, PAGES);
	unsigned last = first + (unsigned)rng_below(rng, PAGES - first);

	switch (rng_below(rng, 20)) {
	case 0:
		if (!ager->started)
			expect_ok(start(ager, first, last));
		else if (rng_below(rng, 8) == 0)
			stop(ager);
		break;
	case 1:
	case 2:
	case 3:
		if (ager->started)
			advance(ager);
		break;
	case 4:
		if (ager->started)
			expect_ranges(ager, (unsigned)rng_below(rng, MZ_AGE_GENERATIONS + 2));
		break;
	case 5:
		change_something(rng);
		break;
	case 6:
		use(first, MZ_WRITE);
		break;
	case 7:
		use(first, MZ_READ);
		break;
	default:
		if (ager->started)
			expect_idle(ager, exact);
		break;
	}
}

START_TEST(idle_time_is_what_it_was)
{
	struct rng rng = {rng_seed() ^ (uint64_t)_i << 32};
	unsigned steps = rng_steps(1000);
	struct mz_dirty dirty;

	begin(_i);
	if (are_told()) {
		expect_ok(start(&agers[0], 0, PAGES - 1));
		/* Who wants to know what is written takes other flags from the same entries. */
		expect_ok(mz_dirty_start(&dirty, &guest.space, 0));
		for (unsigned i = 0; i < steps; i++) {
			step(&rng, x.top == 1);
			if (rng_below(&rng, 16) == 0)
				expect_ok(mz_dirty_collect(&dirty, mz_ia_from(page_at(0)),
							   page_at(PAGES - 1) - page_at(0)));
		}
		mz_dirty_stop(&dirty);
	} else {
		must_equal(start(&agers[0], 0, PAGES - 1), MZ_BAD_FEATURES);
	}
	end();
}
END_TEST

START_TEST(no_write_is_missed_beside_who_ages)
{
	struct rng rng = {rng_seed() ^ (uint64_t)_i << 32};
	bool written[PAGES] = {false};
	uint64_t bytes;
	struct mz_dirty dirty;

	begin(_i);
	bytes = page_at(PAGES - 1) + x.page - page_at(0);
	if (are_told())
		expect_ok(start(&agers[0], 0, PAGES - 1));
	expect_ok(mz_dirty_start(&dirty, &guest.space, 1));
	for (unsigned i = 0; i < 300; i++) {
		unsigned p = (unsigned)rng_below(&rng, PAGES);

		if (rng_below(&rng, 4) == 0 && agers[0].started)
			advance(&agers[0]);
		if (rng_below(&rng, 8) == 0) {
			struct hearing hearing = {0, 0, {false}};

			expect_ok(mz_dirty_collect(&dirty, mz_ia_from(page_at(0)), bytes));
			must(mz_dirty_each(&dirty, mz_ia_from(page_at(0)), bytes, hear, &hearing));
			mz_dirty_commit(&dirty);
			for (unsigned q = 0; q < PAGES; q++) {
				must(hearing.heard[q] || !written[q]);
				written[q] = false;
			}
		}
		use(p, rng_below(&rng, 2) == 0 ? MZ_READ : MZ_WRITE);
		must(guest_access(&guest, &guest.worker, page_at(p), MZ_WRITE, &(uint64_t) {0}));
		written[p] = true;
	}
	mz_dirty_stop(&dirty);
	end();
}
END_TEST

/* What is not used costs nothing: where links tell, not even a flush. */
START_TEST(an_idle_guest_is_not_flushed)
{
	begin(_i);
	if (are_told()) {
		size_t before;

		for (unsigned p = 0; p < PAGES; p++)
			use(p, MZ_READ);
		expect_ok(start(&agers[0], 0, PAGES - 1));
		before = x.journal.count;
		for (unsigned i = 0; i < MZ_AGE_GENERATIONS + 4; i++)
			advance(&agers[0]);
		must_equal(x.journal.count, before);
		expect_idle(&agers[0], true);
		use(40, MZ_READ);
		advance(&agers[0]);
		expect_idle(&agers[0], x.top == 1);
		must_equal(mz_age_idle(&agers[0].age, mz_ia_from(page_at(40))), 0);
	}
	end();
}
END_TEST

/* Where the MMU faults for flags, a leaf is mapped with them. */
START_TEST(one_fault_is_enough)
{
	struct mz_space_stats stats;

	begin(_i);
	use(0, MZ_WRITE);
	stats = mz_space_stats(&guest.space);
	must_equal(stats.answers[MZ_RESOLVED], 1);
	must_equal(stats.answers[MZ_RETRY], 0);
	end();
}
END_TEST

START_TEST(ranges_are_checked)
{
	uint64_t bytes;

	begin(_i);
	bytes = page_at(PAGES - 1) + x.page - x.base;
	if (are_told()) {
		struct mz_age age;

		must_equal(mz_age_start(&age, &guest.space, mz_ia_from(x.base + 1), x.page),
			   MZ_MISALIGNED);
		must_equal(mz_age_start(&age, &guest.space, mz_ia_from(x.base), bytes + 1),
			   MZ_MISALIGNED);
		must_equal(mz_age_start(&age, &guest.space, mz_ia_from(x.base), 0),
			   MZ_OUT_OF_RANGE);
		must_equal(mz_age_start(&age, &guest.space, mz_ia_from(x.base), -x.page),
			   MZ_OUT_OF_RANGE);
	}
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("age");
	TCase *tcase = tcase_create("age");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, idle_time_is_what_it_was, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, no_write_is_missed_beside_who_ages, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, an_idle_guest_is_not_flushed, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, one_fault_is_enough, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, ranges_are_checked, 0, EACH_VARIANT_ALL);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
