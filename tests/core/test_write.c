/* SPDX-License-Identifier: MPL-2.0 */
/* Write protection from above: what may be written after it, and what it costs. */
#include "arch/x86/ept.h"
#include "core/reserve.h"
#include "core/walk.h"
#include "tests/fixture.h"
#include "tests/op.h"
#include "tests/rng.h"
#include "tests/suite.h"
#include "tests/tlb.h"
#include "tests/tree.h"

#define RW  (MZ_READ | MZ_WRITE)
#define RWX (MZ_READ | MZ_WRITE | MZ_EXEC)

#define PROBES_MAX 64

static struct fixture x;
static struct tree before, after;

/* Pages of the memory under test: the ends and some of the middle of every leaf. */
static uint64_t probes[PROBES_MAX];
static bool writable[PROBES_MAX]; /* as it has to be */
static unsigned probe_count;

static void probe(uint64_t ia)
{
	must(probe_count < PROBES_MAX);
	writable[probe_count] = true;
	probes[probe_count++] = ia;
}

static void map(uint64_t ia, uint64_t bytes)
{
	expect_ok(fixture_map(&x, ia, bytes, ia - x.base + 2 * x.root_span, RWX));
}

/* A leaf of every level that is none of single pages, beside nodes with leaves of the next. */
static void map_leaf(unsigned level)
{
	uint64_t span = fixture_span(&x, level), ia = x.base + span;

	map(ia, span);
	for (unsigned below = 1; below < level; below++) {
		probe(ia + fixture_span(&x, below) - x.page);
		probe(ia + fixture_span(&x, below));
	}
	probe(ia + span - x.page);
}

static void furnish(void)
{
	static const unsigned pages[] = {0, 1, 2, 5};

	tree_init(&before);
	tree_init(&after);
	probe_count = 0;
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		map(x.base + pages[i] * x.page, x.page);
		probe(x.base + pages[i] * x.page);
	}
	for (unsigned level = 2; level <= x.format->levels; level++)
		if (fixture_leaf_allowed(&x, level))
			map_leaf(level);
	/* Ends of nodes, and what lies on the other side of a border between root entries. */
	if (mz_table_query(&x.table, mz_ia_from(x.base + x.root_span - x.page)).level == 0) {
		map(x.base + x.root_span - x.page, x.page);
		probe(x.base + x.root_span - x.page);
	}
	map(x.base - x.page, x.page);
	probe(x.base - x.page);
}

static void begin(int loop)
{
	fixture_begin(&x, loop);
	furnish();
}

static void end(void)
{
	tree_destroy(&before);
	tree_destroy(&after);
	fixture_end(&x);
}

static void expect_page(uint64_t ia, bool may_be_written)
{
	struct mz_walk walk;

	expect_ok(mz_table_walk(&x.table, mz_ia_from(ia), &walk));
	must_say(walk.item.prop.perm == (may_be_written ? RWX : RWX & ~MZ_WRITE),
		 "%s: permissions %u at %#llx", x.test_case->name, walk.item.prop.perm,
		 (unsigned long long)ia);
	must_equal(walk.item.oa.addr, ia - x.base + 2 * x.root_span);
}

static void expect_probes(void)
{
	for (unsigned i = 0; i < probe_count; i++)
		expect_page(probes[i], writable[i]);
	expect_sound(&x);
}

static void set_range(uint64_t ia, uint64_t bytes, bool on)
{
	for (unsigned i = 0; i < probe_count; i++)
		if (probes[i] - ia < bytes)
			writable[i] = on;
}

/* The leaf around a page, if there is one. */
static void set_leaf(uint64_t ia, bool on)
{
	unsigned level = mz_table_query(&x.table, mz_ia_from(ia)).level;

	if (level != 0)
		set_range(ia & ~(fixture_span(&x, level) - 1), fixture_span(&x, level), on);
}

static void write_protect(uint64_t ia, uint64_t bytes)
{
	expect_ok(mz_table_write_protect(&x.table, mz_ia_from(ia), bytes, x.shared));
	set_range(ia, bytes, false);
	set_leaf(ia, false);
	set_leaf(ia + bytes - 1, false);
}

static void write_protect_all(void)
{
	write_protect(x.base - x.page, x.page + 2 * x.root_span);
}

static unsigned part_level(unsigned level, unsigned level_max)
{
	while (level > 1 && (level > level_max || !fixture_leaf_allowed(&x, level)))
		level--;
	return level;
}

static void write_enable(unsigned i, unsigned level_max)
{
	struct mz_writable asked = {.level_max = level_max, .gather = x.shared};
	unsigned level = mz_table_query(&x.table, mz_ia_from(probes[i])).level;
	unsigned part = writable[i] ? level : part_level(level, level_max);

	expect_ok(mz_table_write_enable(&x.table, mz_ia_from(probes[i] + 1), &asked));
	must_equal(asked.leaf_level, level);
	must_equal(asked.bytes, fixture_span(&x, part));
	must_equal(asked.ia.addr, probes[i] & ~(asked.bytes - 1));
	set_range(asked.ia.addr, asked.bytes, true);
}

static void write_enable_all(void)
{
	for (unsigned i = 0; i < probe_count; i++)
		write_enable(i, x.format->levels);
}

START_TEST(protecting_everything_changes_root_entries_alone)
{
	begin(_i);
	tree_read(&before, &x.table);
	write_protect_all();
	expect_probes();
	tree_read(&after, &x.table);
	must_equal(before.count, after.count);
	for (size_t i = 0; i < after.count; i++)
		must(before.rows[i].entry == after.rows[i].entry || !x.format->hierarchical ||
		     after.rows[i].level == x.format->levels ||
		     after.rows[i].ia <= x.base - x.page);
	/* What is protected is so for good: nothing changes. */
	write_protect_all();
	/* The way to a part ends where it is narrow. */
	write_protect(x.base - x.page, 2 * x.page);
	tree_read(&before, &x.table);
	must(tree_equal(&before, &after));
	end();
}
END_TEST

START_TEST(a_whole_node_is_protected_by_one_entry)
{
	size_t changes = 0;

	begin(_i);
	if (!x.format->hierarchical || x.format->levels == 1) {
		end();
		return;
	}
	tree_read(&before, &x.table);
	write_protect(x.base, fixture_span(&x, 2));
	expect_probes();
	tree_read(&after, &x.table);
	for (size_t i = 0; i < after.count; i++)
		changes += before.rows[i].entry != after.rows[i].entry;
	must_equal(changes, 1);
	end();
}
END_TEST

START_TEST(single_pages_are_protected)
{
	begin(_i);
	for (unsigned i = 0; i < probe_count; i++) {
		write_protect(probes[i], x.page);
		expect_probes();
		write_enable_all();
		expect_probes();
	}
	/* A hole has nothing to lose. */
	write_protect(x.base + 3 * x.page, x.page);
	expect_probes();
	end();
}
END_TEST

START_TEST(any_part_is_protected)
{
	struct rng rng = {rng_seed() + (uint64_t)_i};

	begin(_i);
	for (unsigned n = 0; n < 60; n++) {
		uint64_t a = probes[rng_below(&rng, probe_count - 1)];
		uint64_t b = probes[rng_below(&rng, probe_count - 1)];
		uint64_t first = a < b ? a : b, last = a < b ? b : a;

		write_protect(first, last - first + (1 + rng_below(&rng, 2)) * x.page);
		expect_probes();
		if (n % 3 == 2)
			write_enable_all();
		else
			write_enable((unsigned)rng_below(&rng, probe_count), x.format->levels);
		expect_probes();
	}
	end();
}
END_TEST

START_TEST(only_what_is_enabled_can_be_written)
{
	begin(_i);
	for (unsigned max = x.format->levels + 1u; max-- > 0;)
		for (unsigned i = 0; i < probe_count; i++) {
			write_protect_all();
			write_enable(i, max);
			expect_probes();
			tree_read(&before, &x.table);
			write_enable(i, max);
			tree_read(&after, &x.table);
			must(tree_equal(&before, &after));
		}
	end();
}
END_TEST

START_TEST(what_is_enabled_in_turn_adds_up)
{
	begin(_i);
	write_protect_all();
	for (unsigned i = 0; i < probe_count; i++) {
		write_enable(i, 1 + i % x.format->levels);
		expect_probes();
	}
	end();
}
END_TEST

static void expect_not_enabled(uint64_t ia, enum mz_error error)
{
	struct mz_writable asked = {.level_max = 1, .gather = x.shared};

	must_equal(mz_table_write_enable(&x.table, mz_ia_from(ia), &asked), error);
	must_equal(asked.leaf_level, 0);
}

START_TEST(what_cannot_be_is_refused)
{
	begin(_i);
	tree_read(&before, &x.table);
#define REFUSED(error, ia, bytes) \
	must_equal(mz_table_write_protect(&x.table, mz_ia_from(ia), bytes, x.shared), error)
	for (uint64_t off = 1; off < x.page; off <<= 1) {
		REFUSED(MZ_MISALIGNED, x.base + off, x.page);
		REFUSED(MZ_MISALIGNED, x.base, off);
	}
	REFUSED(MZ_OUT_OF_RANGE, x.base, 0);
	REFUSED(MZ_OUT_OF_RANGE, x.base, -x.page);
	REFUSED(MZ_OUT_OF_RANGE, -x.page, 2 * x.page);
	REFUSED(MZ_OUT_OF_RANGE, (uint64_t)1 << 62, x.page);
#undef REFUSED
	expect_not_enabled((uint64_t)1 << 62, MZ_OUT_OF_RANGE);
	expect_not_enabled(x.base + 3 * x.page, MZ_NOT_MAPPED);
	tree_read(&after, &x.table);
	must(tree_equal(&before, &after));
	/* The way to a hole may be opened; nothing else. */
	write_protect_all();
	expect_not_enabled(x.base + 3 * x.page, MZ_NOT_MAPPED);
	expect_probes();
	end();
}
END_TEST

START_TEST(changes_below_narrow_links)
{
	bool narrow;

	begin(_i);
	narrow = x.format->hierarchical && x.format->levels > 1;
	write_protect_all();
	map(x.base + 3 * x.page, x.page);
	expect_page(x.base + 3 * x.page, !narrow);
	expect_ok(fixture_protect(&x, x.base, x.page, RWX));
	expect_page(x.base, !narrow);
	writable[0] = !narrow;
	expect_probes();
	/* Splits of every leaf, by taking a page out and putting it back. */
	for (unsigned i = 1; i < probe_count; i++) {
		expect_ok(fixture_unmap(&x, probes[i], x.page));
		expect_hole(&x, probes[i]);
		expect_sound(&x);
		map(probes[i], x.page);
		expect_sound(&x);
		/* The node may have gone, and its narrow link with it. */
		write_protect(probes[i], x.page);
		expect_probes();
	}
	write_enable_all();
	expect_probes();
	end();
}
END_TEST

START_TEST(markers_stay_as_they_are)
{
	const struct mz_prop marker = mz_ept_mmio_marker();
	uint64_t ia, *slot, entry;

	fixture_prepare(&x, _i);
	x.config.features = x.format->features;
	fixture_make(&x);
	furnish();
	ia = x.base + 3 * x.page;
	if (!(x.config.features & MZ_MMIO_MARKERS)) {
		end();
		return;
	}
	expect_ok(mz_table_map(&x.table, mz_ia_from(ia), x.page, mz_oa_from(x.page), marker));
	slot = tree_slot(&x.table, ia, 1, NULL);
	entry = *slot;
	write_protect(ia, x.page);
	must_equal(*slot, entry);
	write_protect(x.base, 6 * x.page);
	must_equal(*slot, entry);
	write_protect_all();
	for (unsigned i = 0; i < probe_count; i++) {
		write_enable(i, 1);
		must_equal(*slot, entry);
	}
	expect_not_enabled(ia, MZ_NOT_MAPPED);
	must_equal(*slot, entry);
	expect_probes();
	end();
}
END_TEST

/* The MMU has read or written there. */
static void touch(unsigned i)
{
	struct op op = {.kind = OP_TOUCH, .ia = probes[i]};

	expect_ok(op_apply(&op, &x.table, NULL));
}

static void expect_touched(unsigned i)
{
	unsigned flags = mz_table_query(&x.table, mz_ia_from(probes[i])).prop.flags;

	must_equal(flags & (MZ_ACCESSED | MZ_DIRTY), MZ_ACCESSED | MZ_DIRTY);
}

START_TEST(accessed_and_dirty_flags_survive)
{
	fixture_prepare(&x, _i);
	x.config.features = x.format->features;
	fixture_make(&x);
	furnish();
	if (!(x.config.features & MZ_HW_ACCESSED_DIRTY) || !(x.format->flags & MZ_DIRTY)) {
		end();
		return;
	}
	for (unsigned i = 0; i < probe_count; i += 2)
		touch(i);
	write_protect(x.base, x.root_span);
	for (unsigned i = 0; i < probe_count; i++) {
		if (i % 2 == 0)
			expect_touched(i);
		touch(i);
	}
	for (unsigned i = 0; i < probe_count; i++) {
		write_enable(i, 1);
		write_protect(probes[i], x.page);
		expect_touched(i);
	}
	write_protect_all();
	write_enable_all();
	for (unsigned i = 0; i < probe_count; i++)
		expect_touched(i);
	expect_probes();
	end();
}
END_TEST

START_TEST(what_lost_the_permission_is_flushed)
{
	struct rng rng = {rng_seed() + (uint64_t)_i};

	fixture_prepare(&x, _i);
	tlb_watch(&x);
	fixture_make(&x);
	furnish();
	for (unsigned n = 0; n < 150; n++) {
		unsigned i = (unsigned)rng_below(&rng, probe_count);
		unsigned j = (unsigned)rng_below(&rng, probe_count - 1);
		uint64_t first = probes[i] < probes[j] ? probes[i] : probes[j];

		for (unsigned k = 0; k < 4; k++)
			tlb_fill(probes[rng_below(&rng, probe_count)]);
		switch (rng_below(&rng, 4)) {
		case 0:
			write_protect(probes[i], x.page);
			break;
		case 1:
			if (i != probe_count - 1)
				write_protect(first, probes[i] + probes[j] - 2 * first + x.page);
			break;
		case 2:
			write_protect_all();
			break;
		default:
			write_enable(i, 1 + (unsigned)rng_below(&rng, x.format->levels));
			break;
		}
		mz_gather_finish(x.shared);
		tlb_check_right();
		expect_probes();
	}
	tlb_clear();
	end();
}
END_TEST

/* What a page parted from the largest leaf takes: where no leaves may be, nodes for each entry. */
static void set_aside_for_split(struct mz_reserve *reserve)
{
	uint32_t need = 1;

	mz_reserve_init(reserve);
	for (unsigned level = x.top; level-- > 1;) {
		if (!fixture_leaf_allowed(&x, level + 1))
			need *= mz_entry_count(x.format, level + 1);
		reserve->need[level] = need;
	}
	expect_ok(mz_reserve_fill(&x.table.config, reserve));
}

START_TEST(without_memory_nothing_can_be_written)
{
	struct mz_reserve reserve;
	unsigned i;
	uint64_t live;

	begin(_i);
	write_protect_all();
	/* The last page of the largest leaf. */
	for (i = 0; mz_table_query(&x.table, mz_ia_from(probes[i])).level != x.top; i++)
		;
	live = x.track.live_count;
	for (unsigned n = 1; n < x.top; n++) {
		struct mz_writable asked = {.level_max = 1, .gather = x.shared};

		track_fail(&x.track, n);
		must_equal(mz_table_write_enable(&x.table, mz_ia_from(probes[i]), &asked),
			   MZ_NO_MEMORY);
		track_fail(&x.track, 0);
		must_equal(asked.leaf_level, x.top);
		must_equal(x.track.live_count, live);
		expect_probes();
	}
	/* With nodes set aside, memory is not asked. */
	set_aside_for_split(&reserve);
	if (x.shared) {
		x.shared->reserve = &reserve;
		track_fail(&x.track, 1);
	}
	write_enable(i, 1);
	track_fail(&x.track, 0);
	expect_probes();
	if (x.shared)
		x.shared->reserve = NULL;
	mz_reserve_drain(&x.table.config, &reserve);
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("write");
	TCase *tcase = tcase_create("write");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, protecting_everything_changes_root_entries_alone, 0,
			    EACH_VARIANT);
	tcase_add_loop_test(tcase, a_whole_node_is_protected_by_one_entry, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, single_pages_are_protected, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, any_part_is_protected, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, only_what_is_enabled_can_be_written, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, what_is_enabled_in_turn_adds_up, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, what_cannot_be_is_refused, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, changes_below_narrow_links, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, markers_stay_as_they_are, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, accessed_and_dirty_flags_survive, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, what_lost_the_permission_is_flushed, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, without_memory_nothing_can_be_written, 0, EACH_VARIANT);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
