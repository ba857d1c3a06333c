/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The invariant checker: each rule is broken once, by hand, and exactly it is reported, and where.
 * The tests' own, which remembers what was right, reports the same.
 */
#include "tests/fixture.h"
#include "tests/sound.h"
#include "tests/suite.h"
#include "tests/tree.h"

#define RW  (MZ_READ | MZ_WRITE)
#define RWX (MZ_READ | MZ_WRITE | MZ_EXEC)

static struct fixture x;
static struct sound sound;

/* Pages at base, in a level-1 node with neighbours at each level, and a large leaf. */
static void furnish(void)
{
	expect_ok(fixture_map(&x, x.base, 4 * x.page, 8 * x.page, RW));
	expect_ok(fixture_map(&x, x.base + fixture_span(&x, 2), x.page, 0, RW));
	expect_ok(fixture_map(&x, x.base + 2 * x.root_span, fixture_span(&x, x.top), x.root_span,
			      RW));
	expect_sound(&x);
	sound_destroy(&sound);
	must_equal(sound_check(&sound, &x.table).rule, MZ_RULE_NONE);
}

static void expect_violation(enum mz_rule rule, mz_oa node, unsigned level)
{
	struct mz_violation v = mz_table_check(&x.table), remembered;

	must_say(v.rule == rule, "%s: reported is: %s", x.test_case->name, mz_rule_text(v.rule));
	must_equal(v.node.addr, node.addr);
	must_equal(v.level, level);
	must_equal(mz_node_check(&x.table, node, level).rule, rule);
	remembered = sound_check(&sound, &x.table);
	must_equal(remembered.rule, rule);
	must_equal(remembered.node.addr, node.addr);
	must_equal(remembered.index, v.index);
}

/* The same for a rule that one entry breaks. */
static void expect_bad_entry(enum mz_rule rule, mz_oa node, unsigned level, uint64_t ia)
{
	struct mz_violation v = mz_table_check(&x.table);
	unsigned index = mz_index(x.format, ia, level);

	expect_violation(rule, node, level);
	must_equal(v.index, index);
	must_equal(v.entry, tree_node(&x.table, node)[index]);
	v = mz_entry_check(&x.table, node, level, index);
	must_equal(v.rule, rule);
	must_equal(v.index, index);
	must_equal(v.level, level);
	must_equal(v.node.addr, node.addr);
	/* Its neighbour is as good as before. */
	must_equal(mz_entry_check(&x.table, node, level, index ^ 1).rule, MZ_RULE_NONE);
}

/* Breaks what `change` does to the metadata of each node on the way to base, one at a time. */
#define EACH_FRAME_BROKEN(rule_broken, change)                           \
	for (unsigned level = x.format->levels; level >= 1; level--) {   \
		mz_oa node;                                              \
		struct mz_frame *frame, kept;                            \
                                                                         \
		must(tree_slot(&x.table, x.base, level, &node) != NULL); \
		frame = tree_frame(&x.table, node);                      \
		kept = *frame;                                           \
		change;                                                  \
		expect_violation(rule_broken, node, level);              \
		*frame = kept;                                           \
		expect_sound(&x);                                        \
	}

START_TEST(broken_metadata_is_reported)
{
	fixture_begin(&x, _i);
	furnish();
	EACH_FRAME_BROKEN(MZ_RULE_LEVEL, frame->level_stray++);
	EACH_FRAME_BROKEN(MZ_RULE_LEVEL, frame->level_stray = 0);
	EACH_FRAME_BROKEN(MZ_RULE_REFS, frame->refs = 0);
	EACH_FRAME_BROKEN(MZ_RULE_STRAY, frame->level_stray |= MZ_STRAY);
	EACH_FRAME_BROKEN(MZ_RULE_LOCKED, frame->lock = 1);
	EACH_FRAME_BROKEN(MZ_RULE_COUNT, frame->child_count++);
	EACH_FRAME_BROKEN(MZ_RULE_COUNT, frame->child_count += 100);
	fixture_end(&x);
}
END_TEST

START_TEST(a_lost_entry_is_reported)
{
	mz_oa node;
	uint64_t *slot, kept;

	fixture_begin(&x, _i);
	furnish();
	slot = tree_slot(&x.table, x.base, 1, &node);
	kept = *slot;
	*slot = x.format->absent;
	expect_violation(MZ_RULE_COUNT, node, 1);
	*slot = kept;
	slot[4] = kept;
	expect_violation(MZ_RULE_COUNT, node, 1);
	slot[4] = x.format->absent;
	fixture_end(&x);
}
END_TEST

START_TEST(an_empty_node_is_reported)
{
	mz_oa node;
	uint64_t *slot, kept, ia;

	fixture_begin(&x, _i);
	if (fixture_is_flat(&x))
		return;
	furnish();
	ia = x.base + fixture_span(&x, 2);
	slot = tree_slot(&x.table, ia, 1, &node);
	kept = *slot;
	*slot = x.format->absent;
	tree_frame(&x.table, node)->child_count = 0;
	expect_violation(MZ_RULE_EMPTY, node, 1);
	*slot = kept;
	tree_frame(&x.table, node)->child_count = 1;
	fixture_end(&x);
}
END_TEST

START_TEST(an_empty_root_and_fixed_nodes_are_sound)
{
	fixture_prepare(&x, _i);
	x.config.root_fixed = true;
	expect_ok(mz_table_init(&x.table, &x.config));
	expect_sound(&x);
	expect_ok(fixture_map(&x, x.base, x.page, 0, RW));
	expect_ok(fixture_unmap(&x, x.base, x.page));
	expect_sound(&x);
	must_equal(x.track.live_count, x.format->levels > 1 ? 2 : 1);
	fixture_end(&x);
}
END_TEST

START_TEST(a_leaf_at_a_forbidden_level_is_reported)
{
	mz_oa node;
	uint64_t *slot, kept;

	fixture_prepare(&x, _i);
	x.config.leaf_levels = 1u << 1;
	expect_ok(mz_table_init(&x.table, &x.config));
	expect_ok(fixture_map(&x, x.base, x.page, 0, RW));
	for (unsigned level = 2; level <= x.format->levels; level++) {
		if (!mz_leaf_allowed(x.format->leaf_levels, level))
			continue;
		slot = tree_slot(&x.table, x.base, level, &node);
		kept = *slot;
		*slot = x.format->make_leaf(mz_oa_from(0), level, mz_prop_from(RW));
		expect_bad_entry(MZ_RULE_LEAF_LEVEL, node, level, x.base);
		*slot = kept;
		expect_sound(&x);
	}
	fixture_end(&x);
}
END_TEST

/* Does a changed entry still read as a leaf with the same properties? */
static bool same_leaf(uint64_t entry, uint64_t changed, unsigned level)
{
	struct mz_prop a = x.format->prop(entry, level), b = x.format->prop(changed, level);

	return x.format->kind(changed, level) == MZ_LEAF && a.perm == b.perm &&
		a.memory == b.memory && a.flags == b.flags;
}

START_TEST(a_misaligned_large_leaf_is_reported)
{
	unsigned found = 0;
	uint64_t ia;
	mz_oa node;
	uint64_t *slot, kept;

	fixture_begin(&x, _i);
	furnish();
	ia = x.base + 2 * x.root_span;
	slot = tree_slot(&x.table, ia, x.top, &node);
	kept = *slot;
	/* Every bit, by itself, that the format reads as a part of the address. */
	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t changed = kept ^ (uint64_t)1 << bit;
		uint64_t oa = x.format->oa(changed, x.top).addr;

		if (!same_leaf(kept, changed, x.top) || oa % fixture_span(&x, x.top) == 0)
			continue;
		*slot = changed;
		expect_bad_entry(MZ_RULE_LEAF_ALIGNED, node, x.top, ia);
		found++;
	}
	*slot = kept;
	/* A format may well read no such bit: then the entry is not what it would make. */
	if (found == 0) {
		for (unsigned bit = 0; bit < 64; bit++) {
			uint64_t changed = kept ^ (uint64_t)1 << bit;

			if (!same_leaf(kept, changed, x.top) ||
			    x.format->oa(changed, x.top).addr != x.format->oa(kept, x.top).addr ||
			    x.format->hw_bits(x.top) >> bit & 1)
				continue;
			*slot = changed;
			expect_bad_entry(MZ_RULE_ROUND_TRIP, node, x.top, ia);
			found++;
		}
	}
	*slot = kept;
	must(found > 0);
	fixture_end(&x);
}
END_TEST

/*
 * Every bit of a leaf and of a link that means nothing to the format must be as the format makes
 * it.
 */
START_TEST(a_meaningless_bit_is_reported)
{
	fixture_begin(&x, _i);
	furnish();
	for (unsigned level = 1; level <= x.format->levels; level++) {
		mz_oa node;
		uint64_t *slot = tree_slot(&x.table, x.base, level, &node);
		uint64_t kept = *slot;
		enum mz_kind kind = x.format->kind(kept, level);
		struct mz_prop prop = x.format->prop(kept, level);
		unsigned found = 0;

		for (unsigned bit = 0; bit < 64; bit++) {
			uint64_t changed = kept ^ (uint64_t)1 << bit;
			struct mz_prop read = x.format->prop(changed, level);

			if (x.format->kind(changed, level) != kind ||
			    x.format->oa(changed, level).addr != x.format->oa(kept, level).addr ||
			    (kind == MZ_LEAF && x.format->hw_bits(level) >> bit & 1) ||
			    (kind == MZ_NODE && mz_link_hw_bits(x.format, level) >> bit & 1) ||
			    (kind == MZ_NODE && x.format->hierarchical &&
			     (read.perm ^ prop.perm) == MZ_WRITE) ||
			    (kind == MZ_LEAF &&
			     (read.perm != prop.perm || read.memory != prop.memory ||
			      read.flags != prop.flags)))
				continue;
			*slot = changed;
			expect_bad_entry(MZ_RULE_ROUND_TRIP, node, level, x.base);
			found++;
		}
		*slot = kept;
		expect_sound(&x);
		must(found > 0);
	}
	fixture_end(&x);
}
END_TEST

/* A leaf as the MMU leaves it, of which it sets some bits and clears others. */
static uint64_t marked(uint64_t leaf, unsigned level, unsigned flags)
{
	struct mz_prop prop = x.format->prop(leaf, level);
	uint64_t hw = x.format->hw_bits(level);

	prop.flags = (uint16_t)(prop.flags | flags);
	return (leaf & ~hw) | (x.format->make_leaf(x.format->oa(leaf, level), level, prop) & hw);
}

START_TEST(bits_that_hardware_sets_are_sound)
{
	fixture_begin(&x, _i);
	furnish();
	for (unsigned level = 1; level <= x.format->levels; level++) {
		uint64_t *slot = tree_slot(&x.table, x.base, level, NULL);
		uint64_t kept = *slot, hw = mz_link_hw_bits(x.format, level);

		if (x.format->kind(kept, level) == MZ_LEAF) {
			for (unsigned i = 0; i < 4; i++) {
				*slot = marked(kept, level,
					       (i & 1) * MZ_ACCESSED + (i & 2) / 2 * MZ_DIRTY);
				expect_sound(&x);
			}
		} else {
			for (unsigned bit = 0; bit < 64; bit++) {
				*slot = kept ^ (hw & (uint64_t)1 << bit);
				expect_sound(&x);
			}
			*slot = kept ^ hw;
			expect_sound(&x);
		}
		*slot = kept;
	}
	fixture_end(&x);
}
END_TEST

START_TEST(properties_that_cannot_be_are_reported)
{
	mz_oa node;
	uint64_t *slot, kept, address;
	unsigned found = 0;

	fixture_begin(&x, _i);
	furnish();
	slot = tree_slot(&x.table, x.base, 1, &node);
	kept = *slot;
	address = x.format->oa(kept, 1).addr;
	/* All entries that differ in up to two bits. */
	for (unsigned a = 0; a < 64; a++) {
		for (unsigned b = a; b < 64; b++) {
			uint64_t changed = kept ^ ((uint64_t)1 << a | (uint64_t)1 << b);

			if (x.format->kind(changed, 1) != MZ_LEAF ||
			    x.format->oa(changed, 1).addr != address ||
			    x.format->encodable(x.format->prop(changed, 1), 1, 0))
				continue;
			*slot = changed;
			expect_bad_entry(MZ_RULE_PROP, node, 1, x.base);
			found++;
		}
	}
	*slot = kept;
	/*
	 * The hostile formats and EPT have such entries: execute-only without the feature, for one.
	 */
	must(found > 0 || x.format->features == MZ_HW_ACCESSED_DIRTY);
	fixture_end(&x);
}
END_TEST

START_TEST(a_link_to_nowhere_is_reported)
{
	fixture_begin(&x, _i);
	furnish();
	for (unsigned level = 2; level <= x.format->levels; level++) {
		const struct mz_memory *memory = &x.config.memory;
		uint64_t past = (memory->first_frame + memory->frame_count) << x.format->page_lg2;
		const uint64_t targets[] = {
			0,
			x.page,
			past,
			past + 100 * x.page,
			(memory->first_frame - 1) << x.format->page_lg2,
			(uint64_t)1 << (x.format->oa_lg2 - 1),
		};
		mz_oa node;
		uint64_t *slot = tree_slot(&x.table, x.base, level, &node);
		uint64_t kept = *slot;

		for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
			*slot = x.format->make_node(mz_oa_from(targets[i]), level);
			expect_bad_entry(MZ_RULE_NODE_ADDRESS, node, level, x.base);
		}
		*slot = kept;
		expect_sound(&x);
	}
	fixture_end(&x);
}
END_TEST

START_TEST(a_node_in_the_wrong_place_is_reported)
{
	mz_oa node, below;
	uint64_t *slot, kept;

	fixture_begin(&x, _i);
	if (fixture_is_flat(&x))
		return;
	furnish();
	/* A level-3 entry that links to a level-1 node. */
	slot = tree_slot(&x.table, x.base, 3, &node);
	must(tree_slot(&x.table, x.base, 1, &below) != NULL);
	kept = *slot;
	*slot = x.format->make_node(below, 3);
	must_equal(mz_table_check(&x.table).rule, MZ_RULE_LEVEL);
	must_equal(mz_table_check(&x.table).node.addr, below.addr);
	*slot = kept;
	fixture_end(&x);
}
END_TEST

START_TEST(every_rule_has_its_own_text)
{
	for (int i = 0; i < MZ_RULES; i++) {
		must(mz_rule_text((enum mz_rule)i) != NULL);
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(mz_rule_text((enum mz_rule)i),
					 mz_rule_text((enum mz_rule)j));
	}
	must(mz_rule_text(MZ_RULES) != NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("check");
	TCase *tcase = tcase_create("rules");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, broken_metadata_is_reported, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, a_lost_entry_is_reported, 0, EACH_CASE);
	tcase_add_loop_test(tcase, an_empty_node_is_reported, 0, EACH_CASE);
	tcase_add_loop_test(tcase, an_empty_root_and_fixed_nodes_are_sound, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_leaf_at_a_forbidden_level_is_reported, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_misaligned_large_leaf_is_reported, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_meaningless_bit_is_reported, 0, EACH_CASE);
	tcase_add_loop_test(tcase, bits_that_hardware_sets_are_sound, 0, EACH_CASE);
	tcase_add_loop_test(tcase, properties_that_cannot_be_are_reported, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_link_to_nowhere_is_reported, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_node_in_the_wrong_place_is_reported, 0, EACH_CASE);
	tcase_add_test(tcase, every_rule_has_its_own_text);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
