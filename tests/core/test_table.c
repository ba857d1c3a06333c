/* SPDX-License-Identifier: MPL-2.0 */
/* Tables: making them, and map, unmap, protect and query, one rule of core/table.h a test. */
#include <string.h>

#include "tests/fixture.h"
#include "tests/suite.h"
#include "tests/tree.h"

#define RW  (MZ_READ | MZ_WRITE)
#define RX  (MZ_READ | MZ_EXEC)
#define RWX (MZ_READ | MZ_WRITE | MZ_EXEC)

static struct fixture x;

/* An output address that is a multiple of every leaf. */
static uint64_t aligned_oa(void)
{
	return fixture_span(&x, x.format->levels);
}

/* Gives nodes that are not where they have to be: `misplaced` bytes off. */
static uint64_t misplaced;

static enum mz_error misplaced_alloc(void *context, unsigned size_lg2, mz_oa *pa)
{
	enum mz_error error = x.config.memory.alloc(context, size_lg2, pa);

	pa->addr += misplaced;
	return error;
}

static void misplaced_free(void *context, mz_oa pa, unsigned size_lg2)
{
	x.config.memory.free(context, mz_oa_from(pa.addr - misplaced), size_lg2);
}

static void misplace(struct mz_config *config, uint64_t bytes)
{
	misplaced = bytes;
	config->memory.alloc = misplaced_alloc;
	config->memory.free = misplaced_free;
}

static void expect_no_table(const struct mz_config *config, enum mz_error error)
{
	struct mz_table table;

	must_equal(mz_table_init(&table, config), error);
	must_equal(x.track.live_count, 0);
}

START_TEST(bad_configurations_are_refused)
{
	struct mz_format part;
	struct mz_config config;
	unsigned root_count;

	fixture_prepare(&x, _i);
	x.destroyed = true;
	root_count = mz_entry_count(x.format, x.format->levels);
	part = *x.format;
	part.prop = NULL;

#define REFUSED(error, change)                   \
	do {                                     \
		config = x.config;               \
		change;                          \
		expect_no_table(&config, error); \
	} while (0)

	REFUSED(MZ_BAD_FORMAT, config.format = NULL);
	REFUSED(MZ_BAD_FORMAT, config.format = &part);
	REFUSED(MZ_BAD_HOOKS, config.memory.alloc = NULL);
	REFUSED(MZ_BAD_HOOKS, config.memory.free = NULL);
	REFUSED(MZ_BAD_HOOKS, config.memory.frames = NULL);
	REFUSED(MZ_BAD_HOOKS, memset(&config.memory, 0, sizeof(config.memory)));
	REFUSED(MZ_BAD_LEAVES,
		config.leaf_levels = 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4 | 1u << 5 | 1u << 6);
	REFUSED(MZ_BAD_LEAVES, config.leaf_levels = x.format->leaf_levels | 1u);
	REFUSED(MZ_BAD_LEAVES, config.leaf_levels = x.format->leaf_levels | 1u << 31);
	REFUSED(MZ_BAD_LEAVES, config.leaf_levels = 1u << 3);
	REFUSED(MZ_BAD_FEATURES, config.features = 1u << 31);
	REFUSED(MZ_BAD_FEATURES, config.features = x.format->features | 1u << 30);
	REFUSED(MZ_BAD_ROOT, config.root_first = (uint16_t)root_count);
	REFUSED(MZ_BAD_ROOT, config.root_end = (uint16_t)(root_count + 1));
	REFUSED(MZ_BAD_ROOT, (config.root_first = 3, config.root_end = 3));
	REFUSED(MZ_BAD_ROOT, (config.root_first = 3, config.root_end = 2));
	REFUSED(MZ_BAD_HOOKS, (config.items = x.witness.items, config.items.take = NULL));
	REFUSED(MZ_BAD_HOOKS, (config.items = x.witness.items, config.items.put = NULL));
	REFUSED(MZ_BAD_HOOKS, (config.rcu = x.witness.rcu, config.rcu.enter = NULL));
	REFUSED(MZ_BAD_HOOKS, (config.rcu = x.witness.rcu, config.rcu.leave = NULL));
	REFUSED(MZ_BAD_HOOKS, (config.rcu = x.witness.rcu, config.rcu.retire = NULL));
	REFUSED(MZ_BAD_WIDTH, config.oa_lg2 = (uint8_t)(x.format->oa_lg2 + 1));
	REFUSED(MZ_BAD_WIDTH, config.oa_lg2 = x.format->page_lg2);
	REFUSED(MZ_BAD_ROOT, misplace(&config, 8));
	REFUSED(MZ_BAD_ROOT,
		misplace(&config, ((uint64_t)1 << mz_node_lg2(x.format, x.format->levels)) / 2));
	REFUSED(MZ_BAD_ROOT, misplace(&config, (uint64_t)1 << x.format->oa_lg2));
	/* Within the format, but not within the hardware. */
	REFUSED(MZ_BAD_ROOT, config.oa_lg2 = (uint8_t)(x.format->page_lg2 + 1));
#undef REFUSED
	fixture_end(&x);
}
END_TEST

START_TEST(a_table_keeps_its_configuration)
{
	fixture_begin(&x, _i);
	must(x.table.config.format == x.format);
	must(x.table.ops == (x.format->ops ? x.format->ops : &mz_runtime_ops));
	must(x.table.root == track_node(&x.track, x.table.root_oa));
	must_equal(x.table.config.leaf_levels,
		   x.config.leaf_levels ? x.config.leaf_levels : x.format->leaf_levels);
	must_equal(x.table.config.root_first, x.config.root_first);
	must_equal(x.table.config.root_end,
		   x.config.root_end ? x.config.root_end
				     : mz_entry_count(x.format, x.format->levels));
	expect_nodes(&x, 1);
	fixture_end(&x);
}
END_TEST

START_TEST(a_table_without_memory_is_refused)
{
	fixture_prepare(&x, _i);
	track_fail(&x.track, 1);
	must_equal(mz_table_init(&x.table, &x.config), MZ_NO_MEMORY);
	x.destroyed = true;
	fixture_end(&x);
}
END_TEST

START_TEST(a_fresh_table_maps_nothing)
{
	fixture_begin(&x, _i);
	expect_hole(&x, x.base);
	expect_hole(&x, x.base + x.page);
	expect_hole(&x, x.base + 2 * x.root_span - 1);
	expect_ok(fixture_unmap(&x, x.base, 2 * x.root_span));
	expect_ok(fixture_protect(&x, x.base, 2 * x.root_span, MZ_READ));
	expect_nodes(&x, 1);
	fixture_end(&x);
}
END_TEST

START_TEST(a_mapped_page_translates)
{
	uint64_t ia, oa;

	fixture_begin(&x, _i);
	ia = x.base + 5 * x.page;
	oa = aligned_oa() + 3 * x.page;
	expect_ok(fixture_map(&x, ia, x.page, oa, RW));
	expect_mapped(&x, ia, oa, RW, 1);
	expect_mapped(&x, ia + 1, oa + 1, RW, 1);
	expect_mapped(&x, ia + x.page - 1, oa + x.page - 1, RW, 1);
	expect_hole(&x, ia - 1);
	expect_hole(&x, ia + x.page);
	expect_nodes(&x, x.format->levels);
	fixture_end(&x);
}
END_TEST

START_TEST(all_properties_come_back)
{
	static const uint8_t types[] = {MZ_MEM_WRITE_BACK, MZ_MEM_WRITE_THROUGH, MZ_MEM_UNCACHED,
					MZ_MEM_WRITE_COMBINING, MZ_MEM_WRITE_PROTECTED};
	uint64_t ia;

	fixture_begin(&x, _i);
	ia = x.base;
	for (unsigned flags = 0; flags < 128; flags++) {
		for (size_t type = 0; type < sizeof(types); type++) {
			for (unsigned perm = 0; perm < 8; perm++, ia += x.page) {
				struct mz_prop prop = {(uint8_t)perm, types[type], (uint16_t)flags};
				enum mz_error error =
					mz_table_map(&x.table, mz_ia_from(ia), x.page,
						     mz_oa_from(aligned_oa() + ia - x.base), prop);
				struct mz_item item = mz_table_query(&x.table, mz_ia_from(ia));

				if (!x.format->encodable(prop, 1, x.config.features)) {
					must_equal(error, MZ_NOT_ENCODABLE);
					must_equal(item.level, 0);
					continue;
				}
				expect_ok(error);
				must_equal(item.level, 1);
				must_equal(item.prop.perm, perm);
				must_equal(item.prop.memory, types[type]);
				must_equal(item.prop.flags, flags);
			}
		}
	}
	fixture_end(&x);
}
END_TEST

START_TEST(properties_beyond_the_format_are_refused)
{
	static const struct mz_prop bad[] = {
		{0, MZ_MEM_WRITE_BACK, 0},
		{16, MZ_MEM_WRITE_BACK, 0},
		{MZ_READ | 16, 0, 0},
		{RW, MZ_MEM_TYPES, 0},
		{RW, 255, 0},
		{RW, MZ_MEM_WRITE_BACK, 1u << 15},
		{RW, MZ_MEM_WRITE_BACK, 1u << 5},
	};

	fixture_begin(&x, _i);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		must_equal(mz_table_map(&x.table, mz_ia_from(x.base), x.page, mz_oa_from(x.page),
					bad[i]),
			   MZ_NOT_ENCODABLE);
		expect_hole(&x, x.base);
	}
	expect_nodes(&x, 1);
	fixture_end(&x);
}
END_TEST

START_TEST(execute_only_needs_the_feature)
{
	enum mz_error expected;

	fixture_prepare(&x, _i);
	x.config.features = x.format->features & MZ_EXEC_ONLY;
	expected = x.config.features ? MZ_OK : MZ_NOT_ENCODABLE;
	expect_ok(mz_table_init(&x.table, &x.config));
	must_equal(fixture_map(&x, x.base, x.page, x.page, MZ_EXEC), expected);
	expect_ok(fixture_map(&x, x.base + x.page, x.page, x.page, RX));
	must_equal(fixture_protect(&x, x.base + x.page, x.page, MZ_EXEC), expected);
	fixture_end(&x);

	fixture_begin(&x, _i);
	must_equal(fixture_map(&x, x.base, x.page, x.page, MZ_EXEC), MZ_NOT_ENCODABLE);
	fixture_end(&x);
}
END_TEST

START_TEST(protecting_to_nothing_is_refused)
{
	fixture_begin(&x, _i);
	expect_ok(fixture_map(&x, x.base, x.page, x.page, RW));
	must_equal(fixture_protect(&x, x.base, x.page, 0), MZ_NOT_ENCODABLE);
	must_equal(fixture_protect(&x, x.base, x.page, 16 | MZ_READ), MZ_NOT_ENCODABLE);
	must_equal(fixture_protect(&x, x.base, x.page, 0x100 | MZ_READ), MZ_NOT_ENCODABLE);
	expect_mapped(&x, x.base, x.page, RW, 1);
	fixture_end(&x);
}
END_TEST

/* The ends of the address space, by halves where it is signed. */
static unsigned ends_of_space(uint64_t first[2], uint64_t last[2])
{
	const struct mz_format *f = x.format;

	if (!f->ia_signed) {
		first[0] = 0;
		last[0] = UINT64_MAX >> (64 - f->ia_lg2);
		return 1;
	}
	first[0] = 0;
	last[0] = UINT64_MAX >> (65 - f->ia_lg2);
	first[1] = ~last[0];
	last[1] = UINT64_MAX;
	return 2;
}

START_TEST(the_first_and_the_last_page_can_be_mapped)
{
	uint64_t first[2], last[2];
	unsigned halves;

	fixture_begin(&x, _i);
	halves = ends_of_space(first, last);
	for (unsigned i = 0; i < halves; i++) {
		uint64_t end_page = last[i] - x.page + 1;

		expect_ok(fixture_map(&x, first[i], x.page, x.page, RW));
		expect_ok(fixture_map(&x, end_page, x.page, 2 * x.page, RX));
		expect_mapped(&x, first[i], x.page, RW, 1);
		expect_mapped(&x, last[i], 3 * x.page - 1, RX, 1);
		expect_ok(fixture_protect(&x, end_page, x.page, MZ_READ));
		expect_mapped(&x, last[i], 3 * x.page - 1, MZ_READ, 1);
		expect_sound(&x);
		expect_ok(fixture_unmap(&x, end_page, x.page));
		expect_ok(fixture_unmap(&x, first[i], x.page));
		expect_hole(&x, first[i]);
		expect_hole(&x, last[i]);
	}
	expect_nodes(&x, 1);
	fixture_end(&x);
}
END_TEST

START_TEST(the_last_page_of_output_can_be_mapped)
{
	uint64_t end, oa;

	fixture_begin(&x, _i);
	end = (uint64_t)1 << x.format->oa_lg2;
	oa = end - x.page;
	expect_ok(fixture_map(&x, x.base, x.page, oa, RW));
	expect_mapped(&x, x.base, oa, RW, 1);
	must_equal(fixture_map(&x, x.base + x.page, x.page, end, RW), MZ_OUT_OF_RANGE);
	must_equal(fixture_map(&x, x.base + x.page, 2 * x.page, oa, RW), MZ_OUT_OF_RANGE);
	must_equal(fixture_map(&x, x.base + x.page, x.page, UINT64_MAX - x.page + 1, RW),
		   MZ_OUT_OF_RANGE);
	must_equal(fixture_map(&x, x.base + x.page, 2 * x.page, UINT64_MAX - x.page + 1, RW),
		   MZ_OUT_OF_RANGE);
	expect_hole(&x, x.base + x.page);
	fixture_end(&x);
}
END_TEST

START_TEST(the_whole_space_can_be_mapped)
{
	uint64_t first[2], last[2];
	unsigned halves;

	fixture_begin(&x, _i);
	halves = ends_of_space(first, last);
	for (unsigned i = 0; i < halves; i++) {
		uint64_t bytes = last[i] - first[i] + 1;

		if ((bytes - 1) >> x.format->oa_lg2 != 0) {
			/* There are not as many output addresses. */
			must_equal(fixture_map(&x, first[i], bytes, 0, RWX), MZ_OUT_OF_RANGE);
			continue;
		}
		expect_ok(fixture_map(&x, first[i], bytes, 0, RWX));
		expect_mapped(&x, first[i], 0, RWX, x.top);
		expect_mapped(&x, last[i], bytes - 1, RWX, x.top);
		expect_mapped(&x, first[i] + bytes / 2 + 1, bytes / 2 + 1, RWX, x.top);
		expect_ok(fixture_protect(&x, first[i], bytes, MZ_READ));
		expect_mapped(&x, last[i], bytes - 1, MZ_READ, x.top);
		expect_sound(&x);
		expect_ok(fixture_unmap(&x, first[i], bytes));
		expect_hole(&x, first[i]);
		expect_hole(&x, last[i]);
	}
	expect_nodes(&x, 1);
	fixture_end(&x);
}
END_TEST

static void expect_refused(uint64_t ia, uint64_t bytes, uint64_t oa, enum mz_error expected)
{
	must_equal(fixture_map(&x, ia, bytes, oa, RW), expected);
	must_equal(fixture_unmap(&x, ia, bytes), expected);
	must_equal(fixture_protect(&x, ia, bytes, MZ_READ), expected);
}

START_TEST(ranges_outside_the_format_are_refused)
{
	uint64_t first[2], last[2];
	unsigned halves;

	fixture_begin(&x, _i);
	halves = ends_of_space(first, last);
	expect_refused(x.base, 0, 0, MZ_OUT_OF_RANGE);
	expect_refused(0, 0, 0, MZ_OUT_OF_RANGE);
	expect_refused(last[0] + 1, x.page, 0, MZ_OUT_OF_RANGE);
	expect_refused(last[0] + 1 - x.page, 2 * x.page, 0, MZ_OUT_OF_RANGE);
	expect_refused((uint64_t)1 << 62, x.page, 0, MZ_OUT_OF_RANGE);
	expect_refused(-x.page, 2 * x.page, 0, MZ_OUT_OF_RANGE);
	expect_refused(x.base, -x.page, 0, MZ_OUT_OF_RANGE);
	expect_refused(-x.page, -x.page, 0, MZ_OUT_OF_RANGE);
	if (halves == 1) {
		expect_refused(-x.page, x.page, 0, MZ_OUT_OF_RANGE);
	} else {
		expect_refused(first[1] - x.page, x.page, 0, MZ_OUT_OF_RANGE);
		expect_refused(first[1] - x.page, 2 * x.page, 0, MZ_OUT_OF_RANGE);
		/* Across the hole, with both ends in order. */
		expect_refused(0, first[1] + x.page, 0, MZ_OUT_OF_RANGE);
		expect_refused(last[0] + 1 - x.page, first[1] - last[0] - 1 + 2 * x.page, 0,
			       MZ_OUT_OF_RANGE);
	}
	expect_hole(&x, last[0] + 1);
	expect_hole(&x, (uint64_t)1 << 62);
	expect_nodes(&x, 1);
	fixture_end(&x);
}
END_TEST

START_TEST(misaligned_ranges_are_refused)
{
	fixture_begin(&x, _i);
	expect_ok(fixture_map(&x, x.base, x.page, 0, RW));
	for (uint64_t off = 1; off < x.page; off <<= 1) {
		must_equal(fixture_map(&x, x.base + 2 * x.page + off, x.page, 0, RW),
			   MZ_MISALIGNED);
		must_equal(fixture_map(&x, x.base + 2 * x.page, x.page + off, 0, RW),
			   MZ_MISALIGNED);
		must_equal(fixture_map(&x, x.base + 2 * x.page, off, 0, RW), MZ_MISALIGNED);
		must_equal(fixture_map(&x, x.base + 2 * x.page, x.page, off, RW), MZ_MISALIGNED);
		must_equal(fixture_unmap(&x, x.base + off, x.page), MZ_MISALIGNED);
		must_equal(fixture_unmap(&x, x.base, off), MZ_MISALIGNED);
		must_equal(fixture_protect(&x, x.base + off, x.page, MZ_READ), MZ_MISALIGNED);
		must_equal(fixture_protect(&x, x.base, off, MZ_READ), MZ_MISALIGNED);
	}
	expect_mapped(&x, x.base, 0, RW, 1);
	expect_hole(&x, x.base + 2 * x.page);
	fixture_end(&x);
}
END_TEST

START_TEST(map_over_a_leaf_is_refused)
{
	uint64_t span;

	fixture_begin(&x, _i);
	span = fixture_span(&x, x.top);
	expect_ok(fixture_map(&x, x.base, span, aligned_oa(), RW));
	must_equal(fixture_map(&x, x.base, span, aligned_oa(), RW), MZ_OCCUPIED);
	must_equal(fixture_map(&x, x.base, x.page, aligned_oa(), RW), MZ_OCCUPIED);
	must_equal(fixture_map(&x, x.base + span - x.page, x.page, 0, RW), MZ_OCCUPIED);
	must_equal(fixture_map(&x, x.base + span - x.page, 2 * x.page, 0, RW), MZ_OCCUPIED);
	must_equal(fixture_map(&x, x.base - x.page, 2 * x.page, 0, RW), MZ_OCCUPIED);
	expect_hole(&x, x.base - 1);
	expect_hole(&x, x.base + span);
	expect_mapped(&x, x.base, aligned_oa(), RW, x.top);
	expect_mapped(&x, x.base + span - 1, aligned_oa() + span - 1, RW, x.top);
	expect_nodes(&x, x.format->levels - x.top + 1u);
	fixture_end(&x);
}
END_TEST

START_TEST(map_over_a_part_that_is_mapped_changes_nothing)
{
	uint64_t span, taken;
	struct tree before, after;

	fixture_begin(&x, _i);
	span = fixture_span(&x, 2);
	tree_init(&before);
	tree_init(&after);
	/* The last page of a range over several nodes is taken. */
	taken = x.base + 2 * span + 7 * x.page;
	expect_ok(fixture_map(&x, taken, x.page, 0, RW));
	tree_read(&before, &x.table);
	must_equal(fixture_map(&x, x.base + x.page, taken - x.base, 3 * x.page, RW), MZ_OCCUPIED);
	must_equal(fixture_map(&x, x.base, 3 * span, aligned_oa(), RW), MZ_OCCUPIED);
	must_equal(fixture_map(&x, x.base, x.root_span, aligned_oa(), RW), MZ_OCCUPIED);
	tree_read(&after, &x.table);
	must(tree_equal(&before, &after));
	expect_hole(&x, x.base + x.page);
	expect_hole(&x, x.base + span);
	expect_nodes(&x, x.format->levels);
	tree_destroy(&before);
	tree_destroy(&after);
	fixture_end(&x);
}
END_TEST

/* What leaf a fresh map of [ia, end) to oa should begin with. */
static unsigned best_level(uint64_t ia, uint64_t end, uint64_t oa)
{
	unsigned best = 1;

	for (unsigned level = 1; level <= x.format->levels; level++) {
		uint64_t span = fixture_span(&x, level);

		if (fixture_leaf_allowed(&x, level) && (ia | oa) % span == 0 && end - ia >= span)
			best = level;
	}
	return best;
}

static void expect_best_leaves(uint64_t ia, uint64_t bytes, uint64_t oa)
{
	uint64_t end = ia + bytes, step;

	for (uint64_t at = ia; at != end; at += step) {
		unsigned level = best_level(at, end, oa + at - ia);

		step = fixture_span(&x, level);
		expect_mapped(&x, at, oa + at - ia, RWX, level);
		expect_mapped(&x, at + step - 1, oa + at - ia + step - 1, RWX, level);
	}
}

START_TEST(the_largest_leaves_are_chosen)
{
	uint64_t big, small, few;

	fixture_begin(&x, _i);
	big = fixture_span(&x, x.top);
	small = fixture_span(&x, x.second);
	few = fixture_span(&x, x.second > 2 ? 2 : x.second);
	if (x.top == 1) {
		fixture_end(&x);
		return;
	}
	for (int i = 0; i < 6; i++) {
		uint64_t ia = x.base, oa = aligned_oa(), bytes = 2 * big;

		switch (i) {
		case 0: /* one leaf after another */
			break;
		case 1: /* both ends ragged by pages */
			ia += big - 3 * x.page;
			oa += big - 3 * x.page;
			bytes = big + 5 * x.page;
			break;
		case 2: /* ragged by middle leaves and pages */
			ia += big - small - x.page;
			oa += big - small - x.page;
			bytes = big + 2 * small + 2 * x.page;
			break;
		case 3: /* oa fits the middle leaves alone */
			oa += x.second == 1 ? x.page : small;
			bytes = big;
			break;
		case 4: /* oa fits pages alone */
			oa += x.page;
			bytes = 2 * few + 2 * x.page;
			break;
		default: /* too short by a page */
			bytes = big - x.page;
			break;
		}
		expect_ok(fixture_map(&x, ia, bytes, oa, RWX));
		expect_best_leaves(ia, bytes, oa);
		expect_sound(&x);
		expect_ok(fixture_unmap(&x, ia, bytes));
		expect_hole(&x, ia);
		expect_hole(&x, ia + bytes - 1);
		fixture_settle(&x);
	}
	fixture_end(&x);
}
END_TEST

START_TEST(a_node_in_the_way_makes_leaves_smaller)
{
	uint64_t big, end;

	fixture_begin(&x, _i);
	big = fixture_span(&x, x.top > 1 ? x.top : 2);
	end = x.base + big;
	expect_ok(fixture_map(&x, end - x.page, x.page, 0, RW));
	expect_ok(fixture_map(&x, x.base, big - x.page, aligned_oa(), RWX));
	expect_best_leaves(x.base, big - x.page, aligned_oa());
	expect_mapped(&x, end - x.page, 0, RW, 1);
	fixture_end(&x);
}
END_TEST

/*
 * A leaf of the given level loses, or has protected, `bytes` from `off` on; what is around it stays
 * as it was.
 */
static void cut_leaf(unsigned level, uint64_t off, uint64_t bytes, bool protect)
{
	uint64_t span = fixture_span(&x, level), oa = aligned_oa();
	unsigned below = fixture_leaf_below(&x, level);

	expect_ok(fixture_map(&x, x.base, span, oa, RWX));
	expect_mapped(&x, x.base, oa, RWX, level);
	if (protect)
		expect_ok(fixture_protect(&x, x.base + off, bytes, MZ_READ));
	else
		expect_ok(fixture_unmap(&x, x.base + off, bytes));
	for (uint64_t at = 0; at < span; at += fixture_span(&x, below)) {
		uint64_t first = at, last = at + fixture_span(&x, below) - 1;

		if (last < off || first >= off + bytes) {
			expect_mapped(&x, x.base + first, oa + first, RWX, below);
			expect_mapped(&x, x.base + last, oa + last, RWX, below);
		}
	}
	/* Each page, or some thousands of very many, and the last. */
	for (uint64_t left = bytes, step; left > 0; left -= step) {
		uint64_t at = off + (bytes - left);

		step = (1 + left / x.page / 4096) * x.page;
		if (protect)
			expect_mapped(&x, x.base + at, oa + at, MZ_READ, 0);
		else
			expect_hole(&x, x.base + at);
	}
	if (off != 0)
		expect_mapped(&x, x.base + off - 1, oa + off - 1, RWX, 0);
	if (off + bytes != span)
		expect_mapped(&x, x.base + off + bytes, oa + off + bytes, RWX, 0);
	expect_sound(&x);
	expect_ok(fixture_unmap(&x, x.base, span));
	fixture_settle(&x);
}

START_TEST(a_leaf_is_split_where_a_range_ends_inside_it)
{
	fixture_begin(&x, _i);
	for (unsigned level = 2; level <= x.format->levels; level++) {
		uint64_t span = fixture_span(&x, level);
		uint64_t below;

		if (!fixture_leaf_allowed(&x, level))
			continue;
		below = fixture_span(&x, fixture_leaf_below(&x, level));
		for (int protect = 0; protect < 2; protect++) {
			cut_leaf(level, 0, x.page, protect);
			cut_leaf(level, span - x.page, x.page, protect);
			cut_leaf(level, 3 * x.page, 2 * x.page, protect);
			cut_leaf(level, below, below, protect);
			cut_leaf(level, below - x.page, 2 * x.page, protect);
			cut_leaf(level, x.page, below, protect);
		}
	}
	if (!x.config.root_fixed)
		expect_nodes(&x, 1);
	fixture_end(&x);
}
END_TEST

START_TEST(a_range_over_whole_leaves_splits_none)
{
	uint64_t big, oa;

	fixture_begin(&x, _i);
	big = fixture_span(&x, x.top);
	oa = aligned_oa();
	expect_ok(fixture_map(&x, x.base, 3 * big, oa, RWX));
	expect_ok(fixture_protect(&x, x.base + big, big, RX));
	expect_mapped(&x, x.base, oa, RWX, x.top);
	expect_mapped(&x, x.base + big, oa + big, RX, x.top);
	expect_mapped(&x, x.base + 2 * big, oa + 2 * big, RWX, x.top);
	expect_ok(fixture_unmap(&x, x.base + big, big));
	expect_mapped(&x, x.base + big - 1, oa + big - 1, RWX, x.top);
	expect_hole(&x, x.base + big);
	expect_hole(&x, x.base + 2 * big - 1);
	expect_mapped(&x, x.base + 2 * big, oa + 2 * big, RWX, x.top);
	fixture_end(&x);
}
END_TEST

START_TEST(a_leaf_in_a_wide_range_is_split_at_both_ends)
{
	uint64_t big, oa;

	fixture_begin(&x, _i);
	big = fixture_span(&x, x.top);
	oa = aligned_oa();
	if (x.top > 1) {
		expect_ok(fixture_map(&x, x.base, 3 * big, oa, RWX));
		expect_ok(fixture_protect(&x, x.base + big - x.page, big + 2 * x.page, RX));
		expect_mapped(&x, x.base + big - x.page - 1, oa + big - x.page - 1, RWX, 1);
		expect_mapped(&x, x.base + big - x.page, oa + big - x.page, RX, 1);
		expect_mapped(&x, x.base + big, oa + big, RX, x.top);
		expect_mapped(&x, x.base + 2 * big, oa + 2 * big, RX, 1);
		expect_mapped(&x, x.base + 2 * big + x.page, oa + 2 * big + x.page, RWX, 1);
		expect_sound(&x);
		expect_ok(fixture_unmap(&x, x.base + x.page, 3 * big - 2 * x.page));
		expect_mapped(&x, x.base, oa, RWX, 1);
		expect_hole(&x, x.base + x.page);
		expect_hole(&x, x.base + 3 * big - x.page - 1);
		expect_mapped(&x, x.base + 3 * big - x.page, oa + 3 * big - x.page, RWX, 1);
	}
	fixture_end(&x);
}
END_TEST

/* Sets the accessed and dirty bits of an entry, as an MMU does. */
static void touch(uint64_t ia, unsigned level)
{
	const struct mz_format *f = x.format;
	uint64_t *slot = tree_slot(&x.table, ia, level, NULL);
	struct mz_prop prop;
	uint64_t hw;

	must(slot != NULL);
	hw = f->hw_bits(level);
	prop = f->prop(*slot, level);
	prop.flags |= MZ_ACCESSED | MZ_DIRTY;
	*slot = (*slot & ~hw) | (f->make_leaf(f->oa(*slot, level), level, prop) & hw);
}

static unsigned ad_flags(uint64_t ia)
{
	return mz_table_query(&x.table, mz_ia_from(ia)).prop.flags & (MZ_ACCESSED | MZ_DIRTY);
}

START_TEST(accessed_and_dirty_bits_survive_protect)
{
	fixture_begin(&x, _i);
	for (unsigned level = 1; level <= x.format->levels; level++) {
		uint64_t span = fixture_span(&x, level);

		if (!fixture_leaf_allowed(&x, level))
			continue;
		expect_ok(fixture_map(&x, x.base, 2 * span, aligned_oa(), RWX));
		must_equal(ad_flags(x.base), 0);
		touch(x.base, level);
		must_equal(ad_flags(x.base), MZ_ACCESSED | MZ_DIRTY);
		expect_ok(fixture_protect(&x, x.base, 2 * span, MZ_READ));
		expect_mapped(&x, x.base, aligned_oa(), MZ_READ, level);
		must_equal(ad_flags(x.base), MZ_ACCESSED | MZ_DIRTY);
		must_equal(ad_flags(x.base + span), 0);
		expect_sound(&x);
		expect_ok(fixture_unmap(&x, x.base, 2 * span));
	}
	fixture_end(&x);
}
END_TEST

START_TEST(accessed_and_dirty_bits_survive_a_split)
{
	fixture_begin(&x, _i);
	for (unsigned level = 2; level <= x.format->levels; level++) {
		uint64_t span = fixture_span(&x, level);

		if (!fixture_leaf_allowed(&x, level))
			continue;
		for (int protect = 0; protect < 2; protect++) {
			expect_ok(fixture_map(&x, x.base, span, aligned_oa(), RWX));
			touch(x.base, level);
			if (protect)
				expect_ok(fixture_protect(&x, x.base + x.page, x.page, MZ_READ));
			else
				expect_ok(fixture_unmap(&x, x.base + 2 * x.page, x.page));
			must_equal(ad_flags(x.base), MZ_ACCESSED | MZ_DIRTY);
			must_equal(ad_flags(x.base + x.page), MZ_ACCESSED | MZ_DIRTY);
			must_equal(ad_flags(x.base + span - 1), MZ_ACCESSED | MZ_DIRTY);
			expect_sound(&x);
			expect_ok(fixture_unmap(&x, x.base, span));
			fixture_settle(&x);
		}
	}
	fixture_end(&x);
}
END_TEST

START_TEST(a_split_keeps_type_and_flags)
{
	struct mz_prop prop;

	fixture_begin(&x, _i);
	prop = mz_prop_from(RWX);
	prop.memory = MZ_MEM_UNCACHED;
	prop.flags = x.format->flags & (MZ_USER | MZ_GLOBAL | MZ_IGNORE_PAT);
	if (!x.format->encodable(prop, 1, x.config.features))
		prop.memory = MZ_MEM_WRITE_BACK;
	for (unsigned level = 2; level <= x.format->levels; level++) {
		uint64_t span = fixture_span(&x, level);
		struct mz_item item;

		if (!fixture_leaf_allowed(&x, level))
			continue;
		expect_ok(mz_table_map(&x.table, mz_ia_from(x.base), span, mz_oa_from(aligned_oa()),
				       prop));
		expect_ok(fixture_protect(&x, x.base + x.page, x.page, RX));
		for (uint64_t at = 0; at < 3 * x.page; at += x.page) {
			item = mz_table_query(&x.table, mz_ia_from(x.base + at));
			must_equal(item.level, 1);
			must_equal(item.prop.memory, prop.memory);
			must_equal(item.prop.flags, prop.flags);
			must_equal(item.prop.perm, at == x.page ? RX : RWX);
		}
		item = mz_table_query(&x.table, mz_ia_from(x.base + span - 1));
		must_equal(item.prop.memory, prop.memory);
		must_equal(item.prop.flags, prop.flags);
		expect_ok(fixture_unmap(&x, x.base, span));
		fixture_settle(&x);
	}
	fixture_end(&x);
}
END_TEST

START_TEST(holes_stay_holes)
{
	uint64_t span, oa;

	fixture_begin(&x, _i);
	span = fixture_span(&x, 2);
	oa = aligned_oa();
	for (unsigned i = 0; i < 5; i++)
		expect_ok(fixture_map(&x, x.base + i * span + i * x.page, x.page, oa + i * x.page,
				      RWX));
	expect_ok(fixture_protect(&x, x.base, 5 * span, MZ_READ));
	for (unsigned i = 0; i < 5; i++) {
		uint64_t ia = x.base + i * span + i * x.page;

		expect_mapped(&x, ia, oa + i * x.page, MZ_READ, 1);
		expect_hole(&x, ia - 1);
		expect_hole(&x, ia + x.page);
	}
	expect_sound(&x);
	expect_ok(fixture_unmap(&x, x.base + x.page, 4 * span));
	for (unsigned i = 1; i < 4; i++)
		expect_hole(&x, x.base + i * span + i * x.page);
	expect_mapped(&x, x.base, oa, MZ_READ, 1);
	expect_mapped(&x, x.base + 4 * span + 4 * x.page, oa + 4 * x.page, MZ_READ, 1);
	fixture_end(&x);
}
END_TEST

START_TEST(empty_nodes_are_freed)
{
	uint64_t span, root_node;

	fixture_begin(&x, _i);
	span = fixture_span(&x, 2);
	root_node = x.config.root_fixed ? 2 : 1;
	/* Pages around the end of a level-2 entry, taken away one by one in a mixed order. */
	for (uint64_t i = 0; i < 16; i++)
		expect_ok(
			fixture_map(&x, x.base + span + (i - 8) * x.page, x.page, i * x.page, RW));
	expect_nodes(&x, x.format->levels > 1 ? x.format->levels + 1u : 1);
	for (uint64_t i = 0; i < 16; i++) {
		uint64_t n = i * 7 % 16;

		expect_ok(fixture_unmap(&x, x.base + span + (n - 8) * x.page, x.page));
		expect_sound(&x);
	}
	expect_nodes(&x, root_node);
	fixture_end(&x);
}
END_TEST

START_TEST(one_unmap_frees_a_whole_subtree)
{
	fixture_begin(&x, _i);
	for (uint64_t off = 0; off < x.root_span; off += x.root_span / 4)
		expect_ok(fixture_map(&x, x.base + off + 3 * x.page, 2 * x.page, 0, RW));
	expect_ok(fixture_unmap(&x, x.base, x.root_span));
	expect_nodes(&x, x.config.root_fixed ? 2 : 1);
	for (uint64_t off = 0; off < x.root_span; off += x.root_span / 4)
		expect_hole(&x, x.base + off + 3 * x.page);
	fixture_end(&x);
}
END_TEST

START_TEST(a_fixed_root_keeps_its_nodes)
{
	uint64_t entry;

	fixture_prepare(&x, _i);
	x.config.root_fixed = true;
	expect_ok(mz_table_init(&x.table, &x.config));
	if (fixture_is_flat(&x))
		return;
	expect_ok(fixture_map(&x, x.base, x.page, 0, RW));
	entry = *tree_slot(&x.table, x.base, x.format->levels, NULL);
	expect_ok(fixture_unmap(&x, x.base, x.page));
	expect_nodes(&x, 2);
	must_equal(*tree_slot(&x.table, x.base, x.format->levels, NULL), entry);
	expect_sound(&x);
	/* Neither a wide unmap nor a map over the node takes it away. */
	expect_ok(fixture_unmap(&x, x.base - x.root_span, 3 * x.root_span));
	expect_nodes(&x, 2);
	expect_ok(fixture_map(&x, x.base, x.root_span, aligned_oa(), RW));
	must_equal(*tree_slot(&x.table, x.base, x.format->levels, NULL), entry);
	expect_ok(fixture_unmap(&x, x.base, x.root_span));
	expect_nodes(&x, 2);
	fixture_end(&x);
}
END_TEST

#define FOREIGN 0x0123456789abcdef

START_TEST(entries_outside_the_root_range_are_left_alone)
{
	unsigned count, first, end;
	uint64_t span, ia, garbage;

	fixture_prepare(&x, _i);
	span = fixture_span(&x, x.format->levels);
	count = mz_entry_count(x.format, x.format->levels);
	first = count / 4;
	end = count / 2;
	x.config.root_first = (uint16_t)first;
	x.config.root_end = (uint16_t)end;
	expect_ok(mz_table_init(&x.table, &x.config));
	garbage = x.format->make_node(mz_oa_from(x.page), x.format->levels);
	for (unsigned i = 0; i < count; i++)
		if (i < first || i >= end)
			x.table.root[i] = i % 2 ? garbage : FOREIGN;

	ia = first * span;
	expect_refused(ia - x.page, x.page, 0, MZ_OUT_OF_RANGE);
	expect_refused(ia - x.page, 2 * x.page, 0, MZ_OUT_OF_RANGE);
	expect_refused(0, x.page, 0, MZ_OUT_OF_RANGE);
	expect_hole(&x, ia - x.page);
	expect_hole(&x, 0);
	expect_ok(fixture_map(&x, ia, 2 * x.page, 0, RW));
	expect_mapped(&x, ia, 0, RW, 1);
	ia = end * span - x.page;
	expect_ok(fixture_map(&x, ia, x.page, x.page, RW));
	expect_refused(ia + x.page, x.page, 0, MZ_OUT_OF_RANGE);
	expect_refused(ia, 2 * x.page, 0, MZ_OUT_OF_RANGE);
	expect_hole(&x, ia + x.page);
	expect_sound(&x);
	expect_ok(fixture_unmap(&x, first * span, (end - first) * span));
	expect_nodes(&x, 1);
	expect_ok(fixture_map(&x, ia, x.page, x.page, RW));
	for (unsigned i = 0; i < count; i++)
		if (i < first || i >= end)
			must_equal(x.table.root[i], i % 2 ? garbage : FOREIGN);
	fixture_end(&x);
}
END_TEST

START_TEST(an_active_table_outlives_its_destruction)
{
	struct mz_processor one = {0}, two = {0};
	uint64_t live, value;

	fixture_begin(&x, _i);
	expect_ok(fixture_map(&x, x.base, x.page, 0, RW));
	expect_ok(fixture_map(&x, x.base + x.root_span, fixture_span(&x, x.top), aligned_oa(), RW));
	fixture_settle(&x);
	live = x.track.live_count;
	value = mz_table_root_register(&x.table);
	must_equal(mz_processor_activate(&one, &x.table), value);
	must_equal(mz_processor_activate(&one, &x.table), value);
	must_equal(mz_processor_activate(&two, &x.table), value);
	mz_processor_deactivate(&one);
	mz_processor_deactivate(&one);
	must_equal(x.track.live_count, live);
	mz_table_destroy(&x.table);
	x.destroyed = true;
	must_equal(x.track.live_count, live);
	mz_processor_deactivate(&two);
	must_equal(x.track.live_count, 0);
	fixture_end(&x);
}
END_TEST

START_TEST(destruction_frees_whatever_is_mapped)
{
	fixture_begin(&x, _i);
	for (uint64_t off = 0; off < 2 * x.root_span; off += x.root_span / 4)
		expect_ok(fixture_map(&x, x.base + off + 5 * x.page, 3 * x.page, off + x.page, RW));
	fixture_end(&x);
}
END_TEST

START_TEST(two_tables_do_not_meet)
{
	struct mz_table other;

	fixture_begin(&x, _i);
	expect_ok(mz_table_init(&other, &x.config));
	expect_ok(fixture_map(&x, x.base, x.page, x.page, RW));
	must_equal(mz_table_query(&other, mz_ia_from(x.base)).level, 0);
	expect_ok(
		mz_table_map(&other, mz_ia_from(x.base), x.page, mz_oa_from(0), mz_prop_from(RX)));
	expect_mapped(&x, x.base, x.page, RW, 1);
	mz_table_destroy(&other);
	expect_mapped(&x, x.base, x.page, RW, 1);
	fixture_end(&x);
}
END_TEST

START_TEST(usage_counts_what_is_there)
{
	struct mz_usage usage;
	uint64_t big, node_bytes = 0;

	fixture_begin(&x, _i);
	big = fixture_span(&x, x.top);
	expect_ok(fixture_map(&x, x.base, 2 * big, aligned_oa(), RW));
	expect_ok(fixture_map(&x, x.base + 2 * x.root_span, 3 * x.page, x.page, RW));
	usage = mz_table_usage(&x.table);
	must_equal(usage.mapped_bytes, 2 * big + 3 * x.page);
	must_equal(usage.node_count[x.format->levels], 1);
	for (unsigned level = 1; level <= x.format->levels; level++) {
		uint64_t leaves = (level == x.top ? 2u : 0u) + (level == 1 ? 3u : 0u);

		must_equal(usage.leaf_count[level], leaves);
		node_bytes += usage.node_count[level] << mz_node_lg2(x.format, level);
	}
	must_equal(usage.node_bytes, node_bytes);
	must_equal(usage.node_count[0], 0);
	must_equal(usage.leaf_count[0], 0);
	fixture_end(&x);
}
END_TEST

START_TEST(every_error_has_its_own_text)
{
	for (int i = 0; i < MZ_ERRORS; i++) {
		must(mz_error_text((enum mz_error)i) != NULL);
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(mz_error_text((enum mz_error)i),
					 mz_error_text((enum mz_error)j));
	}
	must(mz_error_text(MZ_ERRORS) != NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("table");
	TCase *tcase = tcase_create("making");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, bad_configurations_are_refused, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_table_keeps_its_configuration, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, a_table_without_memory_is_refused, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_fresh_table_maps_nothing, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, an_active_table_outlives_its_destruction, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, destruction_frees_whatever_is_mapped, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, two_tables_do_not_meet, 0, EACH_CASE);
	tcase_add_test(tcase, every_error_has_its_own_text);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("mapping");
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, a_mapped_page_translates, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, all_properties_come_back, 0, EACH_CASE);
	tcase_add_loop_test(tcase, properties_beyond_the_format_are_refused, 0, EACH_CASE);
	tcase_add_loop_test(tcase, execute_only_needs_the_feature, 0, EACH_CASE);
	tcase_add_loop_test(tcase, protecting_to_nothing_is_refused, 0, EACH_CASE);
	tcase_add_loop_test(tcase, the_first_and_the_last_page_can_be_mapped, 0, EACH_CASE);
	tcase_add_loop_test(tcase, the_last_page_of_output_can_be_mapped, 0, EACH_CASE);
	tcase_add_loop_test(tcase, the_whole_space_can_be_mapped, 0, EACH_CASE);
	tcase_add_loop_test(tcase, ranges_outside_the_format_are_refused, 0, EACH_CASE);
	tcase_add_loop_test(tcase, misaligned_ranges_are_refused, 0, EACH_CASE);
	tcase_add_loop_test(tcase, map_over_a_leaf_is_refused, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, map_over_a_part_that_is_mapped_changes_nothing, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, the_largest_leaves_are_chosen, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, a_node_in_the_way_makes_leaves_smaller, 0, EACH_CASE);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("changing");
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, a_leaf_is_split_where_a_range_ends_inside_it, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, a_range_over_whole_leaves_splits_none, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, a_leaf_in_a_wide_range_is_split_at_both_ends, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, accessed_and_dirty_bits_survive_protect, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, accessed_and_dirty_bits_survive_a_split, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, a_split_keeps_type_and_flags, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, holes_stay_holes, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, empty_nodes_are_freed, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, one_unmap_frees_a_whole_subtree, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, a_fixed_root_keeps_its_nodes, 0, EACH_CASE);
	tcase_add_loop_test(tcase, entries_outside_the_root_range_are_left_alone, 0, EACH_CASE);
	tcase_add_loop_test(tcase, usage_counts_what_is_there, 0, EACH_VARIANT);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
