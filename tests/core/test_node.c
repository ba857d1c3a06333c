/* SPDX-License-Identifier: MPL-2.0 */
/* Single nodes: who owns them, guards, children in and out of entries, and work on one entry. */
#include "core/entry.h"
#include "tests/fixture.h"
#include "tests/suite.h"

#define RW  (MZ_READ | MZ_WRITE)
#define RX  (MZ_READ | MZ_EXEC)
#define RWX (MZ_READ | MZ_WRITE | MZ_EXEC)

static struct fixture x;

static const struct mz_config *config(void)
{
	return &x.table.config;
}

static struct mz_guard lock(mz_node node)
{
	return mz_guard_lock(&x.table, mz_node_ref(config(), node));
}

static mz_node alloc(unsigned level)
{
	mz_node node;

	expect_ok(mz_node_alloc(config(), level, &node));
	return node;
}

static struct mz_child item_child(uint64_t oa, unsigned level, unsigned perm)
{
	return mz_child_from_item(
		(struct mz_item) {mz_oa_from(oa), mz_prop_from(perm), (uint8_t)level});
}

/* Puts a leaf into an absent entry, with the reference that the entry then owns. */
static void put_leaf_in(struct mz_guard *guard, unsigned index, uint64_t oa, unsigned level)
{
	struct mz_child leaf = item_child(oa, level, RWX), old;
	struct mz_entry entry;

	if (config()->items.take)
		config()->items.take(config()->items.context, leaf.item);
	expect_ok(mz_entry_at(guard, index, &entry));
	expect_ok(mz_entry_replace(&entry, leaf, &old));
	must_equal(old.kind, MZ_ABSENT);
}

START_TEST(a_new_node_is_empty)
{
	fixture_begin(&x, _i);
	for (unsigned level = 1; level <= x.format->levels; level++) {
		mz_node node = alloc(level);
		const struct mz_frame *frame = track_frame(&x.track, node.oa);
		const uint64_t *slots = track_node(&x.track, node.oa);

		must_equal(frame->level_stray, level);
		must_equal(frame->child_count, 0);
		must_equal(frame->lock, 0);
		must_equal(mz_node_ref(config(), node).level, level);
		must(mz_node_ref(config(), node).slots == slots);
		for (unsigned i = 0; i < mz_entry_count(x.format, level); i++)
			must_equal(slots[i], x.format->absent);
		mz_node_put(config(), node);
		must_equal(x.track.live_count, 1);
	}
	fixture_end(&x);
}
END_TEST

START_TEST(a_node_of_no_level_is_refused)
{
	mz_node node;

	fixture_begin(&x, _i);
	must_equal(mz_node_alloc(config(), 0, &node), MZ_BAD_LEVEL);
	must_equal(mz_node_alloc(config(), x.format->levels + 1u, &node), MZ_BAD_LEVEL);
	must_equal(mz_node_alloc(config(), UINT32_MAX, &node), MZ_BAD_LEVEL);
	track_fail(&x.track, 1);
	must_equal(mz_node_alloc(config(), 1, &node), MZ_NO_MEMORY);
	must_equal(x.track.live_count, 1);
	fixture_end(&x);
}
END_TEST

START_TEST(the_last_reference_frees_a_node)
{
	mz_node node;

	fixture_begin(&x, _i);
	node = alloc(1);
	must_equal(mz_node_take(config(), node).oa.addr, node.oa.addr);
	mz_node_take(config(), node);
	mz_node_put(config(), node);
	mz_node_put(config(), node);
	must_equal(x.track.live_count, 2);
	mz_node_put(config(), node);
	must_equal(x.track.live_count, 1);
	fixture_end(&x);
}
END_TEST

START_TEST(a_dead_node_puts_what_it_owns)
{
	struct mz_child old;
	struct mz_entry entry;
	struct mz_guard guard;
	mz_node parent, child, shared;

	fixture_begin(&x, _i);
	if (fixture_is_flat(&x))
		return;
	parent = alloc(2);
	child = alloc(1);
	shared = alloc(1);
	guard = lock(child);
	put_leaf_in(&guard, 0, x.page, 1);
	put_leaf_in(&guard, 3, 2 * x.page, 1);
	mz_guard_unlock(&guard);
	guard = lock(parent);
	expect_ok(mz_entry_at(&guard, 1, &entry));
	expect_ok(mz_entry_replace(&entry, mz_child_from_node(child), &old));
	expect_ok(mz_entry_at(&guard, 2, &entry));
	expect_ok(
		mz_entry_replace(&entry, mz_child_from_node(mz_node_take(config(), shared)), &old));
	must_equal(mz_guard_child_count(&guard), 2);
	mz_guard_unlock(&guard);
	must_equal(x.track.live_count, 4);
	mz_node_put(config(), parent);
	/* The shared one has another owner. */
	must_equal(x.track.live_count, 2);
	must_equal(x.witness.step_count, 0);
	mz_node_put(config(), shared);
	must_equal(x.track.live_count, 1);
	fixture_end(&x);
}
END_TEST

START_TEST(a_guard_is_the_lock)
{
	struct mz_guard guard;
	struct mz_node_ref ref;
	mz_node node;

	fixture_begin(&x, _i);
	node = alloc(1);
	guard = lock(node);
	must(track_frame(&x.track, node.oa)->lock != 0);
	must(!mz_guard_is_stray(&guard));
	ref = mz_guard_forget(&guard);
	must(track_frame(&x.track, node.oa)->lock != 0);
	guard = mz_guard_adopt(&x.table, ref);
	mz_guard_set_stray(&guard);
	must(mz_guard_is_stray(&guard));
	mz_guard_write(&guard, 0, x.format->absent);
	must_equal(mz_guard_read(&guard, 0), x.format->absent);
	mz_guard_unlock(&guard);
	must_equal(track_frame(&x.track, node.oa)->lock, 0);
	must(mz_frame_stray(track_frame(&x.track, node.oa)));
	mz_node_put(config(), node);
	fixture_end(&x);
}
END_TEST

START_TEST(children_come_out_as_they_went_in)
{
	uint64_t entry;
	mz_node node;

	fixture_begin(&x, _i);
	if (fixture_is_flat(&x))
		return;
	node = alloc(1);
	expect_ok(mz_child_into_entry(config(), mz_child_absent(), 2, &entry));
	must_equal(entry, x.format->absent);
	must_equal(mz_child_from_entry(config(), entry, 2).kind, MZ_ABSENT);
	expect_ok(mz_child_into_entry(config(), mz_child_from_node(node), 2, &entry));
	must_equal(x.format->kind(entry, 2), MZ_NODE);
	must_equal(mz_child_ref(config(), entry, 2).kind, MZ_NODE);
	must(mz_child_ref(config(), entry, 2).node.slots == track_node(&x.track, node.oa));
	must_equal(mz_child_from_entry(config(), entry, 2).node.oa.addr, node.oa.addr);
	for (unsigned level = 1; level <= x.format->levels; level++) {
		uint64_t oa = x.root_span + fixture_span(&x, level);
		struct mz_child child;

		if (!fixture_leaf_allowed(&x, level))
			continue;
		expect_ok(mz_child_into_entry(config(), item_child(oa, level, RX), level, &entry));
		child = mz_child_from_entry(config(), entry, level);
		must_equal(child.kind, MZ_LEAF);
		must_equal(child.item.oa.addr, oa);
		must_equal(child.item.level, level);
		must_equal(child.item.prop.perm, RX);
		must_equal(mz_child_ref(config(), entry, level).item.oa.addr, oa);
	}
	/* Neither way takes or puts. */
	must_equal(x.journal.count, 0);
	must_equal(track_frame(&x.track, node.oa)->refs, 1);
	mz_child_put(config(), mz_child_from_node(node));
	must_equal(x.track.live_count, 1);
	fixture_end(&x);
}
END_TEST

START_TEST(children_that_do_not_fit_are_refused)
{
	uint64_t entry = 0, end;
	mz_node node;

	fixture_begin(&x, _i);
	end = (uint64_t)1 << x.format->oa_lg2;
	node = alloc(1);
	must_equal(mz_child_into_entry(config(), mz_child_from_node(node), 1, &entry),
		   MZ_BAD_LEVEL);
	must_equal(mz_child_into_entry(config(), mz_child_from_node(node), 3, &entry),
		   MZ_BAD_LEVEL);
	must_equal(mz_child_into_entry(config(), item_child(0, 1, RW), 2, &entry), MZ_BAD_LEVEL);
	for (unsigned level = 1; level <= x.format->levels; level++)
		if (!fixture_leaf_allowed(&x, level))
			must_equal(mz_child_into_entry(config(), item_child(0, level, RW), level,
						       &entry),
				   MZ_BAD_LEVEL);
	must_equal(mz_child_into_entry(config(), item_child(1, 1, RW), 1, &entry), MZ_MISALIGNED);
	if (x.top > 1)
		must_equal(
			mz_child_into_entry(config(), item_child(x.page, x.top, RW), x.top, &entry),
			MZ_MISALIGNED);
	must_equal(mz_child_into_entry(config(), item_child(end, 1, RW), 1, &entry),
		   MZ_OUT_OF_RANGE);
	must_equal(mz_child_into_entry(config(), item_child(0, 1, 0), 1, &entry), MZ_NOT_ENCODABLE);
	mz_node_put(config(), node);
	fixture_end(&x);
}
END_TEST

START_TEST(an_entry_hands_out_what_was_in_it)
{
	struct mz_child old;
	struct mz_entry entry;
	struct mz_guard guard;
	mz_node node;

	fixture_begin(&x, _i);
	node = alloc(1);
	guard = lock(node);
	must_equal(mz_entry_at(&guard, mz_entry_count(x.format, 1), &entry), MZ_OUT_OF_RANGE);
	put_leaf_in(&guard, 5, 3 * x.page, 1);
	must_equal(mz_guard_child_count(&guard), 1);
	expect_ok(mz_entry_at(&guard, 5, &entry));
	must_equal(mz_entry_kind(&entry), MZ_LEAF);
	must_equal(mz_entry_child(&entry).item.oa.addr, 3 * x.page);
	/* A child that does not fit changes nothing. */
	must_equal(mz_entry_replace(&entry, item_child(1, 1, RW), &old), MZ_MISALIGNED);
	must_equal(mz_guard_child_count(&guard), 1);
	must_equal(mz_entry_kind(&entry), MZ_LEAF);
	expect_ok(mz_entry_protect(&entry, RX));
	must_equal(mz_entry_child(&entry).item.prop.perm, RX);
	must_equal(mz_entry_protect(&entry, 0), MZ_NOT_ENCODABLE);
	/* Hardware sets bits meanwhile. */
	guard.node.slots[5] = x.format->make_leaf(
		mz_oa_from(3 * x.page), 1,
		(struct mz_prop) {RX, MZ_MEM_WRITE_BACK, MZ_ACCESSED | MZ_DIRTY});
	expect_ok(mz_entry_replace(&entry, mz_child_absent(), &old));
	must_equal(old.kind, MZ_LEAF);
	must_equal(old.item.oa.addr, 3 * x.page);
	must_equal(old.item.prop.flags, MZ_ACCESSED | MZ_DIRTY);
	must_equal(mz_guard_child_count(&guard), 0);
	must_equal(mz_entry_kind(&entry), MZ_ABSENT);
	must_equal(mz_entry_protect(&entry, RX), MZ_NOT_MAPPED);
	mz_child_put(config(), old);
	must_equal(x.witness.step_count, 0);
	mz_guard_unlock(&guard);
	mz_node_put(config(), node);
	fixture_end(&x);
}
END_TEST

START_TEST(a_node_is_hung_into_an_absent_entry)
{
	struct mz_guard parent, child;
	struct mz_entry entry;
	mz_node node;

	fixture_begin(&x, _i);
	if (fixture_is_flat(&x))
		return;
	node = alloc(2);
	parent = lock(node);
	expect_ok(mz_entry_at(&parent, 1, &entry));
	track_fail(&x.track, 1);
	must_equal(mz_entry_alloc_if_absent(&entry, &child), MZ_NO_MEMORY);
	must_equal(mz_guard_child_count(&parent), 0);
	track_fail(&x.track, 0);
	expect_ok(mz_entry_alloc_if_absent(&entry, &child));
	must_equal(mz_entry_kind(&entry), MZ_NODE);
	must_equal(mz_guard_child_count(&parent), 1);
	must_equal(mz_guard_child_count(&child), 0);
	must_equal(child.node.level, 1);
	must(child.node.frame->lock != 0);
	must(mz_entry_child(&entry).node.slots == child.node.slots);
	must_equal(mz_entry_alloc_if_absent(&entry, &child), MZ_OCCUPIED);
	expect_ok(mz_entry_at(&child, 0, &entry));
	must_equal(mz_entry_alloc_if_absent(&entry, &child), MZ_BAD_LEVEL);
	put_leaf_in(&child, 0, 0, 1);
	mz_guard_unlock(&child);
	mz_guard_unlock(&parent);
	mz_node_put(config(), node);
	must_equal(x.track.live_count, 1);
	fixture_end(&x);
}
END_TEST

START_TEST(a_leaf_is_split_into_the_level_below)
{
	fixture_begin(&x, _i);
	for (unsigned level = 1; level <= x.format->levels; level++) {
		struct mz_prop dirty = {RX, MZ_MEM_UNCACHED, MZ_DIRTY};
		uint64_t oa = 2 * x.root_span;
		/* Of a root, what is managed. */
		unsigned index = level == x.format->levels ? x.config.root_first : 0;
		struct mz_guard parent, child;
		struct mz_entry entry;
		mz_node node;

		if (!fixture_leaf_allowed(&x, level))
			continue;
		node = alloc(level);
		parent = lock(node);
		expect_ok(mz_entry_at(&parent, index, &entry));
		must_equal(mz_entry_split(&entry, &child), MZ_NOT_MAPPED);
		put_leaf_in(&parent, index, oa, level);
		parent.node.slots[index] = x.format->make_leaf(mz_oa_from(oa), level, dirty);
		expect_ok(mz_entry_at(&parent, index, &entry));
		if (level == 1) {
			must_equal(mz_entry_split(&entry, &child), MZ_NOT_MAPPED);
		} else if (!fixture_leaf_allowed(&x, level - 1)) {
			must_equal(mz_entry_split(&entry, &child), MZ_BAD_LEVEL);
		} else {
			track_fail(&x.track, 1);
			must_equal(mz_entry_split(&entry, &child), MZ_NO_MEMORY);
			must_equal(mz_entry_kind(&entry), MZ_LEAF);
			track_fail(&x.track, 0);
			expect_ok(mz_entry_split(&entry, &child));
			must_equal(mz_entry_kind(&entry), MZ_NODE);
			must_equal(mz_guard_child_count(&parent), 1);
			must_equal(mz_guard_child_count(&child),
				   mz_entry_count(x.format, level - 1));
			for (unsigned i = 0; i < mz_entry_count(x.format, level - 1); i++) {
				struct mz_child_ref leaf =
					mz_child_ref(config(), mz_guard_read(&child, i), level - 1);

				must_equal(leaf.kind, MZ_LEAF);
				must_equal(leaf.item.oa.addr, oa + i * fixture_span(&x, level - 1));
				must_equal(leaf.item.prop.perm, RX);
				must_equal(leaf.item.prop.memory, MZ_MEM_UNCACHED);
				must_equal(leaf.item.prop.flags, MZ_DIRTY);
			}
			mz_guard_unlock(&child);
		}
		mz_guard_unlock(&parent);
		mz_node_put(config(), node);
		must_equal(x.witness.step_count, 0);
		must_equal(x.track.live_count, 1);
	}
	fixture_end(&x);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("node");
	TCase *tcase = tcase_create("node");

	tcase_add_loop_test(tcase, a_new_node_is_empty, 0, EACH_CASE);
	tcase_add_loop_test(tcase, a_node_of_no_level_is_refused, 0, EACH_CASE);
	tcase_add_loop_test(tcase, the_last_reference_frees_a_node, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, a_dead_node_puts_what_it_owns, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, a_guard_is_the_lock, 0, EACH_CASE);
	tcase_add_loop_test(tcase, children_come_out_as_they_went_in, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, children_that_do_not_fit_are_refused, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, an_entry_hands_out_what_was_in_it, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, a_node_is_hung_into_an_absent_entry, 0, EACH_VARIANT);
	tcase_add_loop_test(tcase, a_leaf_is_split_into_the_level_below, 0, EACH_VARIANT);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
