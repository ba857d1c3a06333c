// SPDX-License-Identifier: MPL-2.0
/* Splitting leaves on demand, and putting them together again: of tables, and of spaces. */
#include "core/huge.h"
#include "core/walk.h"
#include "ept/clone.h"
#include "ept/dirty.h"
#include "ept/huge.h"
#include "tests/guest.h"
#include "tests/suite.h"
#include "tests/tlb.h"
#include "tests/tree.h"

#define RX  (MZ_READ | MZ_EXEC)
#define RWX (MZ_READ | MZ_WRITE | MZ_EXEC)

static struct fixture x;
static struct guest guest;
static struct tree before, after;

/* The smallest large leaf: larger ones take more nodes apart than there are. */
static unsigned top(void)
{
	for (unsigned level = 2; level <= x.top; level++)
		if (fixture_leaf_allowed(&x, level))
			return level;
	return 1;
}

static uint64_t big(void)
{
	return fixture_span(&x, top());
}

/* False: the table has no large leaves, and the test is over. */
static bool begin(int loop)
{
	fixture_prepare(&x, loop);
	tree_init(&before);
	tree_init(&after);
	tlb_watch(&x);
	fixture_make(&x);
	if (top() > 1)
		return true;
	tlb_clear();
	fixture_end(&x);
	return false;
}

static void end(void)
{
	tree_destroy(&before);
	tree_destroy(&after);
	tlb_clear();
	fixture_end(&x);
}

static enum mz_error split(uint64_t ia, unsigned level)
{
	struct mz_gather gather;
	enum mz_error error;

	mz_gather_init(&gather, &x.table);
	error = mz_table_split(&x.table, mz_ia_from(ia), level, &gather);
	tlb_check_broken();
	mz_gather_finish(&gather);
	tlb_check_right();
	expect_sound(&x);
	return error;
}

static enum mz_error collapse(uint64_t ia, unsigned level)
{
	struct mz_gather gather;
	enum mz_error error;

	mz_gather_init(&gather, &x.table);
	error = mz_table_collapse(&x.table, mz_ia_from(ia), level, &gather);
	tlb_check_broken();
	mz_gather_finish(&gather);
	tlb_check_right();
	expect_sound(&x);
	return error;
}

/* Some addresses of [x.base, x.base + big()): its ends, and all around its middle. */
static uint64_t probe(unsigned i)
{
	uint64_t middle = x.base + big() / 2;

	return i == 0 ? x.base : i == 1 ? x.base + big() - 1 : middle + i * x.page - 5 * x.page;
}

#define PROBES 9

static void cache_probes(void)
{
	for (unsigned i = 0; i < PROBES; i++)
		if (big() >= 16 * x.page || i < 2)
			tlb_fill(probe(i));
}

static void expect_same(uint64_t oa, unsigned perm)
{
	for (unsigned i = 0; i < PROBES; i++)
		if (big() >= 16 * x.page || i < 2)
			expect_mapped(&x, probe(i), oa + (probe(i) - x.base), perm, 0);
}

START_TEST(a_leaf_is_split_to_any_level)
{
	for (unsigned level = 1; level <= MZ_LEVELS_MAX; level++) {
		if (!begin(_i))
			return;
		expect_ok(fixture_map(&x, x.base, big(), x.root_span, RWX));
		cache_probes();
		if (level <= x.format->levels && fixture_leaf_allowed(&x, level)) {
			expect_ok(split(x.base + big() / 2, level));
			must_equal(mz_table_query(&x.table, mz_ia_from(x.base + big() / 2)).level,
				   level < top() ? level : top());
			/* Again, and larger than it is: nothing is left to do. */
			tree_read(&before, &x.table);
			expect_ok(split(x.base + big() / 2, level));
			expect_ok(split(x.base + big() / 2, top()));
			tree_read(&after, &x.table);
			must(tree_equal(&before, &after));
		} else {
			must_equal(split(x.base, level), MZ_BAD_LEVEL);
		}
		expect_same(x.root_span, RWX);
		must_equal(split(x.base, 0), MZ_BAD_LEVEL);
		must_equal(split(x.base + x.root_span, 1), MZ_NOT_MAPPED);
		must_equal(split((uint64_t)1 << 62, 1), MZ_OUT_OF_RANGE);
		end();
	}
}
END_TEST

START_TEST(leaves_are_put_together_again)
{
	if (!begin(_i))
		return;
	expect_ok(fixture_map(&x, x.base, big(), x.root_span, RWX));
	tree_read(&before, &x.table);
	expect_ok(split(x.base + big() / 2, 1));
	expect_ok(split(x.base, 1));
	cache_probes();
	expect_ok(collapse(x.base + big() - 1, top()));
	expect_same(x.root_span, RWX);
	fixture_settle(&x);
	tree_read(&after, &x.table);
	must(tree_equal(&before, &after));
	/* There is one leaf already. */
	must_equal(collapse(x.base, top()), MZ_NOT_MAPPED);
	must_equal(collapse(x.base, 1), MZ_NOT_MAPPED);
	must_equal(collapse(x.base, 0), MZ_BAD_LEVEL);
	must_equal(collapse((uint64_t)1 << 62, 1), MZ_OUT_OF_RANGE);
	end();
}
END_TEST

/* Sets a flag as the MMU does, where the format has a bit for it that nothing else depends on. */
static void mark(uint64_t ia, unsigned flag)
{
	uint64_t *slot = tree_slot(&x.table, ia, 1, NULL);

	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t marked = *slot ^ ((uint64_t)1 << bit & x.format->hw_bits(1));

		if ((x.format->prop(marked, 1).flags & ~x.format->prop(*slot, 1).flags) == flag) {
			*slot = marked;
			return;
		}
	}
}

START_TEST(flags_of_any_are_those_of_all)
{
	struct mz_item item;

	if (!begin(_i))
		return;
	expect_ok(fixture_map(&x, x.base, big(), 0, RWX));
	expect_ok(split(x.base + big() / 2, 1));
	if (x.config.features & MZ_HW_ACCESSED_DIRTY) {
		mark(x.base + big() / 2, MZ_ACCESSED);
		mark(x.base + big() / 2, MZ_DIRTY);
	}
	item = mz_table_query(&x.table, mz_ia_from(x.base + big() / 2));
	expect_ok(collapse(x.base, top()));
	must_equal(mz_table_query(&x.table, mz_ia_from(x.base)).prop.flags, item.prop.flags);
	end();
}
END_TEST

START_TEST(what_is_not_one_stays_apart)
{
	uint64_t odd;

	if (!begin(_i))
		return;
	odd = x.base + big() / 2;
	/* Another permission, a hole, another frame. */
	for (unsigned kind = 0; kind < 3; kind++) {
		expect_ok(fixture_map(&x, x.base, big(), x.root_span, RWX));
		expect_ok(split(odd, 1));
		if (kind == 0)
			expect_ok(fixture_protect(&x, odd, x.page, MZ_READ));
		else
			expect_ok(fixture_unmap(&x, odd, x.page));
		if (kind == 2)
			expect_ok(fixture_map(&x, odd, x.page, x.page, RWX));
		tree_read(&before, &x.table);
		must_equal(collapse(x.base, top()), MZ_NOT_MAPPED);
		tree_read(&after, &x.table);
		must(tree_equal(&before, &after));
		expect_ok(fixture_unmap(&x, x.base, big()));
		fixture_settle(&x);
	}
	/* All in order, but not aligned for one leaf. */
	expect_ok(fixture_map(&x, x.base, big(), x.root_span + x.page, RWX));
	must_equal(collapse(x.base, top()), MZ_NOT_MAPPED);
	end();
}
END_TEST

START_TEST(below_a_narrow_link_writing_does_not_count)
{
	struct mz_writable writable = {.level_max = 1};
	struct mz_walk walk;

	if (!begin(_i))
		return;
	expect_ok(fixture_map(&x, x.base, big(), 0, RWX));
	expect_ok(mz_table_write_protect(&x.table, mz_ia_from(x.base), big(), NULL));
	expect_ok(mz_table_write_enable(&x.table, mz_ia_from(x.base), &writable));
	must_equal(collapse(x.base, top()), MZ_NOT_MAPPED);
	expect_ok(mz_table_write_protect(&x.table, mz_ia_from(x.base), big(), NULL));
	expect_ok(collapse(x.base, top()));
	expect_ok(mz_table_walk(&x.table, mz_ia_from(x.base), &walk));
	must_equal(walk.item.level, top());
	must_equal(walk.item.prop.perm, RX);
	end();
}
END_TEST

START_TEST(a_split_without_memory_changes_nothing)
{
	if (!begin(_i))
		return;
	expect_ok(fixture_map(&x, x.base, big(), 0, RWX));
	tree_read(&before, &x.table);
	track_fail(&x.track, 1);
	must_equal(split(x.base, 1), MZ_NO_MEMORY);
	tree_read(&after, &x.table);
	must(tree_equal(&before, &after));
	track_fail(&x.track, 0);
	end();
}
END_TEST

/* ---- Spaces ---- */

static uint64_t collapse_all(void)
{
	mz_ia at = mz_ia_from(0);
	uint64_t count = 0;

	do
		count += mz_space_collapse(&guest.worker, &at, 1);
	while (at.addr != 0);
	return count;
}

static void add_ram(uint64_t bytes)
{
	struct mz_region ram = guest_region(MZ_REGION_RAM, x.base, bytes, 0);

	ram.leaf_level_max = (uint8_t)top();
	expect_ok(mz_space_add(&guest.space, &ram));
}

static unsigned level_at(uint64_t gpa)
{
	return mz_table_query(&guest.space.table, mz_ia_from(gpa)).level;
}

START_TEST(what_was_split_for_a_write_is_whole_again)
{
	uint64_t oa, page;
	struct mz_dirty dirty;

	fixture_prepare(&x, _i);
	/* Writes are told by faults here. */
	x.config.features &= ~(uint32_t)MZ_HW_ACCESSED_DIRTY;
	guest_begin(&guest, &x, NULL);
	add_ram(2 * big());
	page = x.base + big() / 2;
	must(guest_access(&guest, &guest.worker, page, MZ_READ, &oa));
	must_equal(level_at(page), top());
	expect_ok(mz_dirty_start(&dirty, &guest.space, 1));
	must(guest_access(&guest, &guest.worker, page, MZ_WRITE, &oa));
	must_equal(oa, big() / 2);
	must_equal(level_at(page), 1);
	if (top() > 1) {
		must_equal(mz_space_stats(&guest.space).split[top()], 1);
		/* It can be written: it is not like the others. */
		must_equal(collapse_all(), 0);
		expect_ok(mz_dirty_collect(&dirty, mz_ia_from(x.base), 2 * big()));
		must_equal(collapse_all(), 1);
		must_equal(mz_space_stats(&guest.space).collapsed[top()], 1);
		must_equal(level_at(page), top());
	}
	must(guest_access(&guest, &guest.worker, page, MZ_WRITE, &oa));
	must_equal(level_at(page), 1);
	mz_dirty_stop(&dirty);
	guest_end(&guest, &x);
	fixture_end(&x);
}
END_TEST

START_TEST(a_range_is_split_and_a_region_says_how_large)
{
	uint64_t oa;
	struct mz_request request;

	fixture_prepare(&x, _i);
	guest_begin(&guest, &x, NULL);
	add_ram(big());
	must(guest_access(&guest, &guest.worker, x.base, MZ_WRITE, &oa));
	must_equal(mz_space_split(&guest.worker, mz_ia_from(x.base), big() + 1, 1), MZ_MISALIGNED);
	must_equal(mz_space_split(&guest.worker, mz_ia_from(x.base), 0, 1), MZ_OUT_OF_RANGE);
	/* From one canonical half to the other. */
	must_equal(mz_space_split(&guest.worker, mz_ia_from(x.page), -(2 * x.page), 1),
		   MZ_OUT_OF_RANGE);
	must_equal(mz_space_split(&guest.worker, mz_ia_from(x.base), x.page, 0), MZ_BAD_LEVEL);
	expect_ok(mz_space_split(&guest.worker, mz_ia_from(x.base), 4 * x.page, 1));
	for (unsigned i = 0; i < 4 && i * x.page < big(); i++)
		must_equal(level_at(x.base + i * x.page), 1);
	/* As large as can be, and more: all that the table allows. */
	guest.regions[0].leaf_level_max = UINT8_MAX;
	if (top() > 1)
		must_equal(collapse_all(), 1);
	must_equal(level_at(x.base), top());
	/* Halves of the region with different permissions are no one leaf. */
	if (top() > 1) {
		request = guest_request(MZ_CHANGE_PROTECT, x.base, x.page);
		request.perm = GUEST_RX;
		expect_ok(mz_space_change(&guest.space, &request, NULL));
		collapse_all();
		must_equal(level_at(x.base), 1);
		must_equal(mz_space_stats(&guest.space).collapsed[top()], 1);
	}
	guest_end(&guest, &x);
	fixture_end(&x);
}
END_TEST

/* Nodes that are reached by shared ones are the clone's, too, though they have one owner each. */
START_TEST(what_a_clone_has_too_stays_apart)
{
	static struct mz_region room[GUEST_REGIONS];
	static struct mz_space clone;
	struct mz_region memory;

	fixture_prepare(&x, _i);
	x.config.root_fixed = false;
	guest_begin(&guest, &x, NULL);
	memory = guest_region(MZ_REGION_SHARED, x.base, big(), 0);
	memory.leaf_level_max = (uint8_t)top();
	expect_ok(mz_space_add(&guest.space, &memory));
	expect_ok(mz_space_populate(&guest.worker, mz_ia_from(x.base), big()));
	expect_ok(mz_space_split(&guest.worker, mz_ia_from(x.base), x.page, 1));
	expect_ok(mz_space_clone(&clone, &guest.space, &x.config.flush, room, GUEST_REGIONS));
	must_equal(collapse_all(), 0);
	must_equal(mz_table_query(&clone.table, mz_ia_from(x.base)).level, 1);
	witness_reclaim(&x.witness);
	mz_space_destroy(&clone);
	must_equal(collapse_all(), top() > 1);
	guest_end(&guest, &x);
	fixture_end(&x);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("huge");
	TCase *tcase = tcase_create("tables");

	tcase_add_loop_test(tcase, a_leaf_is_split_to_any_level, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, leaves_are_put_together_again, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, flags_of_any_are_those_of_all, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, what_is_not_one_stays_apart, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, below_a_narrow_link_writing_does_not_count, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, a_split_without_memory_changes_nothing, 0, EACH_VARIANT_ALL);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("spaces");
	tcase_add_loop_test(tcase, what_was_split_for_a_write_is_whole_again, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, a_range_is_split_and_a_region_says_how_large, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, what_a_clone_has_too_stays_apart, 0, EACH_VARIANT);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
