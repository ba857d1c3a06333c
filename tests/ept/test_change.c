/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Changes of a space: what becomes of answers and of what is mapped, what is refused, changes that
 * are prepared and can't fail then, and memory that is supplied.
 */
#include <string.h>

#include "ept/clone.h"
#include "ept/dirty.h"
#include "ept/huge.h"
#include "tests/guest.h"
#include "tests/suite.h"
#include "tests/tlb.h"
#include "tests/tree.h"

static struct fixture x;
static struct guest guest;

static void begin(int loop)
{
	fixture_prepare(&x, loop);
	guest_begin(&guest, &x, NULL);
}

static void end(void)
{
	guest_end(&guest, &x);
	fixture_end(&x);
}

static enum mz_error add(enum mz_region_kind kind, uint64_t ia, uint64_t bytes, uint64_t oa)
{
	return guest_add(&guest, kind, ia, bytes, oa);
}

static enum mz_error change(enum mz_change_kind kind, uint64_t ia, uint64_t bytes)
{
	return guest_change(&guest, kind, ia, bytes);
}

static enum mz_error protect(uint64_t ia, uint64_t bytes, unsigned perm)
{
	struct mz_request request = guest_request(MZ_CHANGE_PROTECT, ia, bytes);

	request.perm = perm;
	return mz_space_change(&guest.space, &request, NULL);
}

static enum mz_error convert(uint64_t ia, uint64_t bytes, enum mz_region_kind kind)
{
	struct mz_request request = guest_request(MZ_CHANGE_CONVERT, ia, bytes);

	request.kind = kind;
	return mz_space_change(&guest.space, &request, NULL);
}

static enum mz_error move(uint64_t ia, uint64_t to)
{
	struct mz_request request = guest_request(MZ_CHANGE_MOVE, ia, 0);

	request.to = mz_ia_from(to);
	return mz_space_change(&guest.space, &request, NULL);
}

static void expect_answer(uint64_t gpa, enum mz_perm access, enum mz_answer answer,
			  enum mz_denial cause)
{
	struct mz_fault fault;

	must_equal(guest_fault(&guest, gpa, access, &fault), answer);
	must_equal(fault.cause, cause);
}

static void expect_touched(uint64_t gpa, enum mz_perm access, uint64_t oa)
{
	uint64_t at;

	must(guest_access(&guest, &guest.worker, gpa, access, &at));
	must_equal(at, oa);
}

static bool is_mapped(uint64_t gpa)
{
	return mz_table_query(&guest.space.table, mz_ia_from(gpa)).level != 0;
}

static bool is_writable(uint64_t gpa)
{
	struct mz_item item;

	return guest_may(&guest, gpa, MZ_WRITE, &item);
}

/* The size of the regions of most tests: the largest leaf, or where that is a page, four. */
static uint64_t big(void)
{
	return x.top > 1 ? fixture_span(&x, x.top) : 4 * x.page;
}

START_TEST(what_is_removed_is_gone)
{
	uint64_t middle;

	begin(_i);
	middle = x.base + big() / 2;
	expect_ok(add(MZ_REGION_RAM, x.base, big(), x.root_span));
	expect_touched(middle, MZ_WRITE, x.root_span + big() / 2);
	expect_ok(change(MZ_CHANGE_REMOVE, middle, x.page));
	must_equal(guest.space.regions.count, 2);
	must(!is_mapped(middle));
	expect_answer(middle, MZ_READ, MZ_DENIED, MZ_DENIAL_NO_REGION);
	expect_touched(middle - x.page, MZ_WRITE, x.root_span + big() / 2 - x.page);
	expect_touched(middle + x.page, MZ_WRITE, x.root_span + big() / 2 + x.page);
	must_equal(change(MZ_CHANGE_REMOVE, middle, x.page), MZ_NOT_MAPPED);
	end();
}
END_TEST

START_TEST(what_moves_is_found_where_it_is)
{
	begin(_i);
	expect_ok(add(MZ_REGION_RAM, x.base, 3 * x.page, x.root_span));
	expect_ok(add(MZ_REGION_ROM, x.base + 8 * x.page, x.page, 0));
	expect_touched(x.base + x.page, MZ_WRITE, x.root_span + x.page);
	must_equal(move(x.base + x.page, x.base + 20 * x.page), MZ_NOT_MAPPED);
	must_equal(move(x.base + 20 * x.page, x.base), MZ_NOT_MAPPED);
	must_equal(move(x.base, x.base + 6 * x.page), MZ_OVERLAP);
	must_equal(move(x.base, x.base + 1), MZ_MISALIGNED);
	must_equal(move(x.base, -x.page), MZ_OUT_OF_RANGE);
	must(is_mapped(x.base + x.page));
	/* Onto a part of itself. */
	expect_ok(move(x.base, x.base + 2 * x.page));
	must(!is_mapped(x.base + x.page));
	expect_answer(x.base, MZ_READ, MZ_DENIED, MZ_DENIAL_NO_REGION);
	expect_touched(x.base + 2 * x.page, MZ_WRITE, x.root_span);
	expect_touched(x.base + 4 * x.page, MZ_WRITE, x.root_span + 2 * x.page);
	end();
}
END_TEST

START_TEST(a_region_shrinks_and_grows)
{
	uint64_t oa_end;

	begin(_i);
	oa_end = (uint64_t)1 << x.format->oa_lg2;
	expect_ok(add(MZ_REGION_RAM, x.base, 4 * x.page, oa_end - 8 * x.page));
	expect_ok(add(MZ_REGION_RAM, x.base + 12 * x.page, x.page, 0));
	expect_touched(x.base + 3 * x.page, MZ_WRITE, oa_end - 5 * x.page);
	expect_ok(change(MZ_CHANGE_RESIZE, x.base, 2 * x.page));
	must(!is_mapped(x.base + 3 * x.page));
	expect_answer(x.base + 2 * x.page, MZ_READ, MZ_DENIED, MZ_DENIAL_NO_REGION);
	expect_ok(change(MZ_CHANGE_RESIZE, x.base, 8 * x.page));
	expect_touched(x.base + 7 * x.page, MZ_WRITE, oa_end - x.page);
	/* What backs it ends where output addresses do. */
	must_equal(change(MZ_CHANGE_RESIZE, x.base, 9 * x.page), MZ_OUT_OF_RANGE);
	must_equal(change(MZ_CHANGE_RESIZE, x.base, 13 * x.page), MZ_OUT_OF_RANGE);
	must_equal(change(MZ_CHANGE_RESIZE, x.base, 0), MZ_OUT_OF_RANGE);
	must_equal(change(MZ_CHANGE_RESIZE, x.base + x.page, x.page), MZ_NOT_MAPPED);
	must_equal(guest.regions[0].bytes, 8 * x.page);
	must(is_mapped(x.base + 7 * x.page));
	end();
}
END_TEST

/* Where the last address there is ends the region, its end is no address. */
START_TEST(a_region_grows_up_to_the_last_address)
{
	uint64_t last, first;

	begin(_i);
	last = x.format->ia_signed ? -x.page : ((uint64_t)1 << x.format->ia_lg2) - x.page;
	first = last - 3 * x.page;
	expect_ok(add(MZ_REGION_RAM, first, 2 * x.page, 0));
	expect_touched(first + x.page, MZ_WRITE, x.page);
	expect_ok(change(MZ_CHANGE_RESIZE, first, 4 * x.page));
	must(is_mapped(first + x.page));
	expect_touched(last, MZ_WRITE, 3 * x.page);
	expect_ok(change(MZ_CHANGE_RESIZE, first, 4 * x.page));
	must(is_mapped(last));
	expect_ok(change(MZ_CHANGE_RESIZE, first, 3 * x.page));
	must(!is_mapped(last));
	must(is_mapped(first + x.page));
	end();
}
END_TEST

START_TEST(protection_holds_until_it_is_undone)
{
	begin(_i);
	expect_ok(add(MZ_REGION_RAM, x.base, big(), x.root_span));
	expect_touched(x.base, MZ_WRITE, x.root_span);
	expect_ok(protect(x.base + x.page, x.page, GUEST_RX));
	expect_answer(x.base + x.page, MZ_WRITE, MZ_DENIED, MZ_DENIAL_PERMISSION);
	expect_touched(x.base, MZ_WRITE, x.root_span);
	expect_touched(x.base + x.page, MZ_READ, x.root_span + x.page);
	must(!is_writable(x.base + x.page));
	expect_touched(x.base + 2 * x.page, MZ_WRITE, x.root_span + 2 * x.page);
	must_equal(protect(x.base, 0, GUEST_RX), MZ_OUT_OF_RANGE);
	must_equal(protect(x.base, big() + x.page, GUEST_RX), MZ_NOT_MAPPED);
	must_equal(protect(x.base, x.page, 0x100), MZ_BAD_CONFIG);
	expect_ok(protect(x.base + x.page, x.page, 0));
	must_equal(guest.space.regions.count, 1);
	expect_touched(x.base + x.page, MZ_WRITE, x.root_span + x.page);
	end();
}
END_TEST

START_TEST(lent_and_converted_memory_answers_as_what_it_is)
{
	begin(_i);
	expect_ok(add(MZ_REGION_RAM, x.base, big(), x.root_span));
	expect_touched(x.base + x.page, MZ_WRITE, x.root_span + x.page);
	must_equal(change(MZ_CHANGE_RETURN, x.base, x.page), MZ_BAD_CONFIG);
	expect_ok(change(MZ_CHANGE_LEND, x.base + x.page, x.page));
	must(!is_mapped(x.base + x.page));
	expect_answer(x.base + x.page, MZ_READ, MZ_DENIED, MZ_DENIAL_LENT);
	must_equal(change(MZ_CHANGE_LEND, x.base + x.page, x.page), MZ_BAD_CONFIG);
	must_equal(convert(x.base + x.page, x.page, MZ_REGION_ROM), MZ_BAD_CONFIG);
	expect_ok(change(MZ_CHANGE_RETURN, x.base + x.page, x.page));
	must_equal(guest.space.regions.count, 1);
	expect_touched(x.base + x.page, MZ_WRITE, x.root_span + x.page);
	expect_ok(convert(x.base + 2 * x.page, x.page, MZ_REGION_ROM));
	must(!is_mapped(x.base + 2 * x.page));
	expect_answer(x.base + 2 * x.page, MZ_WRITE, MZ_DENIED, MZ_DENIAL_READ_ONLY);
	expect_touched(x.base + 2 * x.page, MZ_READ, x.root_span + 2 * x.page);
	must_equal(convert(x.base, x.page, MZ_REGION_MMIO), MZ_BAD_CONFIG);
	expect_ok(change(MZ_CHANGE_INVALIDATE, x.base, 2 * x.page));
	must(!is_mapped(x.base) && !is_mapped(x.base + x.page));
	must(is_mapped(x.base + 2 * x.page));
	expect_touched(x.base, MZ_WRITE, x.root_span);
	end();
}
END_TEST

/*
 * A leaf may lie across the border of two regions that allow the same for different reasons. Each
 * of them is changed by itself then, and a change that is prepared finds its nodes.
 */
START_TEST(a_leaf_across_a_border_is_cut_there)
{
	struct mz_request request;
	struct mz_change prepared;

	begin(_i);
	expect_ok(add(MZ_REGION_ROM, x.base, big(), x.root_span));
	expect_touched(x.base + x.page, MZ_READ, x.root_span + x.page);
	expect_touched(x.base + 2 * x.page, MZ_READ, x.root_span + 2 * x.page);
	expect_ok(protect(x.base, x.page, GUEST_RX | MZ_WRITE));
	expect_ok(protect(x.base, x.page, GUEST_RX));
	expect_ok(convert(x.base + 3 * x.page, x.page, MZ_REGION_RAM));
	expect_ok(protect(x.base, 2 * x.page, MZ_READ | MZ_EXEC));
	request = guest_request(MZ_CHANGE_REMOVE, x.base, 2 * x.page);
	expect_ok(mz_change_prepare(&prepared, &guest.space, &request));
	track_fail(&x.track, 1);
	x.track.fail_after = true;
	mz_change_commit(&prepared, NULL);
	track_fail(&x.track, 0);
	must(!is_mapped(x.base) && !is_mapped(x.base + x.page));
	must(is_mapped(x.base + 2 * x.page));
	end();
}
END_TEST

static struct mz_change during_break;
static bool is_prepared;

static void prepare_during_break(void *context, mz_ia first, mz_ia last, bool nodes)
{
	struct mz_request request = guest_request(MZ_CHANGE_REMOVE, x.base, x.page);

	(void)context, (void)first, (void)last, (void)nodes;
	if (!is_prepared)
		expect_ok(mz_change_prepare(&during_break, &guest.space, &request));
	is_prepared = true;
}

/* While it is broken, to become leaves of which one lies across the border still. */
START_TEST(a_leaf_that_is_broken_across_a_border_is_cut_there)
{
	fixture_prepare(&x, _i + VARIANT_BREAKING * CASES);
	x.config.features &= ~(uint32_t)MZ_LIVE_SPLITS;
	guest_begin(&guest, &x, NULL);
	if (fixture_leaf_below(&x, x.top) > 1) {
		expect_ok(add(MZ_REGION_ROM, x.base, big(), x.root_span));
		expect_touched(x.base + x.page, MZ_READ, x.root_span + x.page);
		expect_ok(protect(x.base, x.page, GUEST_RX));
		is_prepared = false;
		guest.space.table.config.flush.range = prepare_during_break;
		expect_ok(mz_space_split(&guest.worker, mz_ia_from(x.base), x.page,
					 fixture_leaf_below(&x, x.top)));
		must(is_prepared);
		guest.space.table.config.flush = x.config.flush;
		mz_reserve_drain(&guest.space.table.config, &guest.worker.reserve);
		track_fail(&x.track, 1);
		x.track.fail_after = true;
		mz_change_commit(&during_break, NULL);
		track_fail(&x.track, 0);
		must(!is_mapped(x.base) && is_mapped(x.base + x.page));
	}
	end();
}
END_TEST

/* The same where writes are tracked: who writes one of them does not get the other. */
START_TEST(a_write_does_not_reach_over_a_border)
{
	struct mz_dirty dirty;
	struct mz_fault fault;

	begin(_i);
	expect_ok(mz_dirty_start(&dirty, &guest.space, 0));
	expect_ok(add(MZ_REGION_RAM, x.base, big(), x.root_span));
	must_equal(guest_fault(&guest, x.base, MZ_READ, &fault), MZ_RESOLVED);
	expect_ok(protect(x.base, x.page, GUEST_RX));
	expect_touched(x.base + 2 * x.page, MZ_WRITE, x.root_span + 2 * x.page);
	must(!is_writable(x.base));
	expect_answer(x.base, MZ_WRITE, MZ_DENIED, MZ_DENIAL_PERMISSION);
	mz_dirty_stop(&dirty);
	end();
}
END_TEST

/* What is protected or lent is going to be something else again: that must have an encoding. */
START_TEST(what_has_no_encoding_is_refused_ahead)
{
	struct mz_region region;
	struct mz_request request;

	begin(_i);
	expect_ok(add(MZ_REGION_RAM, x.base, 4 * x.page, x.root_span));
	must_equal(protect(x.base, x.page, MZ_WRITE), MZ_NOT_ENCODABLE);
	must_equal(protect(x.base, x.page, MZ_WRITE | MZ_EXEC), MZ_NOT_ENCODABLE);
	expect_ok(change(MZ_CHANGE_LEND, x.base, x.page));
	must_equal(protect(x.base, x.page, MZ_WRITE), MZ_NOT_ENCODABLE);
	region = guest_region(MZ_REGION_LENT, x.base + 8 * x.page, x.page, 0);
	region.prop.perm = MZ_WRITE;
	request = guest_request(MZ_CHANGE_ADD, 0, 0);
	request.region = &region;
	must_equal(mz_space_change(&guest.space, &request, NULL), MZ_NOT_ENCODABLE);
	region.kind = MZ_REGION_ROM;
	must_equal(mz_space_change(&guest.space, &request, NULL), MZ_OK);
	must_equal(convert(x.base + 8 * x.page, x.page, MZ_REGION_RAM), MZ_NOT_ENCODABLE);
	end();
}
END_TEST

/* Whatever is going to be split, and whoever takes what is left of memory meanwhile. */
START_TEST(what_is_prepared_is_made_without_memory)
{
	static const enum mz_change_kind kinds[] = {MZ_CHANGE_REMOVE, MZ_CHANGE_PROTECT,
						    MZ_CHANGE_CONVERT, MZ_CHANGE_LEND,
						    MZ_CHANGE_INVALIDATE};
	struct tree before, after;

	begin(_i);
	tree_init(&before);
	tree_init(&after);
	expect_ok(add(MZ_REGION_RAM, x.base, big(), x.root_span));
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		uint64_t at = x.base + x.page;
		struct mz_request request = guest_request(kinds[i], at, x.page);
		struct mz_change prepared;
		uint64_t live;

		request.perm = MZ_READ;
		request.kind = MZ_REGION_ROM;
		expect_ok(change(MZ_CHANGE_INVALIDATE, x.base, big()));
		mz_reserve_drain(&guest.space.table.config, &guest.worker.reserve);
		witness_reclaim(&x.witness);
		expect_touched(x.base + 2 * x.page, MZ_WRITE, x.root_span + 2 * x.page);
		mz_reserve_drain(&guest.space.table.config, &guest.worker.reserve);
		tree_read(&before, &guest.space.table);
		live = x.track.live_count;
		for (unsigned n = 1;; n++) {
			enum mz_error error;

			track_fail(&x.track, n);
			error = mz_change_prepare(&prepared, &guest.space, &request);
			track_fail(&x.track, 0);
			if (error == MZ_OK)
				break;
			must_equal(error, MZ_NO_MEMORY);
			must_equal(x.track.live_count, live);
			must_equal(guest.space.regions.count, 1);
			tree_read(&after, &guest.space.table);
			must(tree_equal(&before, &after));
		}
		/* Faults go on, and an abandoned change is none. */
		expect_touched(at, MZ_WRITE, x.root_span + x.page);
		mz_change_abandon(&prepared);
		expect_ok(mz_change_prepare(&prepared, &guest.space, &request));
		track_fail(&x.track, 1);
		x.track.fail_after = true;
		mz_change_commit(&prepared, NULL);
		track_fail(&x.track, 0);
		must(kinds[i] == MZ_CHANGE_PROTECT || !is_mapped(at));
		must(!is_writable(at));
		must(x.top == 1 || is_mapped(at + x.page));
		/* As it was, for the next. */
		expect_ok(change(MZ_CHANGE_INVALIDATE, x.base, big()));
		if (kinds[i] == MZ_CHANGE_REMOVE)
			expect_ok(add(MZ_REGION_RAM, at, x.page, x.root_span + x.page));
		if (kinds[i] == MZ_CHANGE_LEND)
			expect_ok(change(MZ_CHANGE_RETURN, at, x.page));
		if (kinds[i] == MZ_CHANGE_CONVERT)
			expect_ok(convert(at, x.page, MZ_REGION_RAM));
		expect_ok(protect(x.base, big(), 0));
		must_equal(guest.space.regions.count, 1);
	}
	tree_destroy(&before);
	tree_destroy(&after);
	end();
}
END_TEST

static uint64_t told_bytes;
static bool told_twice;

static void hear(void *context, mz_ia ia, struct mz_item item, unsigned count)
{
	uint64_t *last = context;

	told_twice |= ia.addr < *last;
	told_bytes += count * fixture_span(&x, item.level);
	*last = ia.addr + count * fixture_span(&x, item.level);
}

START_TEST(frames_come_back_once_and_after_the_flush)
{
	struct mz_gather gather;
	struct mz_request request;
	uint64_t last = 0;

	fixture_prepare(&x, _i);
	tlb_watch(&x);
	guest_begin(&guest, &x, NULL);
	x.table = guest.space.table;
	told_bytes = 0;
	told_twice = false;
	expect_ok(add(MZ_REGION_RAM, x.base, big(), x.root_span));
	for (unsigned i = 0; i < 4; i++) {
		expect_touched(x.base + i * x.page, MZ_WRITE, x.root_span + i * x.page);
		tlb_fill(x.base + i * x.page);
	}
	mz_gather_init(&gather, &guest.space.table);
	gather.unmapped = hear;
	gather.context = &last;
	request = guest_request(MZ_CHANGE_REMOVE, x.base + x.page, 2 * x.page);
	expect_ok(mz_space_change(&guest.space, &request, &gather));
	if (x.config.items.put != NULL)
		must_equal(witness_refs(&x.witness, x.root_span + x.page), 1);
	must_equal(told_bytes, 2 * x.page);
	must(!told_twice);
	must(gather.unmapped == hear);
	mz_gather_finish(&gather);
	if (x.config.items.put != NULL) {
		must_equal(witness_refs(&x.witness, x.root_span + x.page), 0);
		must_equal(witness_refs(&x.witness, x.root_span), 1);
	}
	tlb_check_right();
	tlb_clear();
	end();
}
END_TEST

/* What a backing answers, and what it was asked. */
static struct {
	enum mz_error error;
	unsigned most; /* the largest leaf that it has a frame for */
	mz_ia at;      /* asked for last */
	unsigned calls, released;
	void (*meanwhile)(void); /* done by others while it thinks */
} supplier;

static enum mz_error supply(void *context, const struct mz_region *region, mz_ia ia,
			    unsigned *level, mz_oa *oa)
{
	(void)context;
	must(region->supplied);
	must_equal(ia.addr % fixture_span(&x, *level), 0);
	supplier.at = ia;
	supplier.calls++;
	if (supplier.meanwhile != NULL)
		supplier.meanwhile();
	if (*level > supplier.most)
		*level = supplier.most;
	*oa = mz_oa_from(2 * x.root_span);
	return supplier.error;
}

static void release(void *context, const struct mz_region *region, mz_oa oa, unsigned level)
{
	(void)context;
	(void)level;
	must(region->supplied);
	must_equal(oa.addr, 2 * x.root_span);
	supplier.released++;
}

static const struct mz_backing backing = {.supply = supply, .release = release};

static void begin_supplied(int loop, bool populate, enum mz_error expected)
{
	struct mz_region region;

	fixture_prepare(&x, loop);
	guest_begin(&guest, &x, &backing);
	region = guest_region(MZ_REGION_RAM, x.base, big(), 0);
	region.supplied = true;
	region.populate = populate;
	must_equal(mz_space_add(&guest.space, &region), expected);
}

START_TEST(frames_are_supplied_as_they_are_touched)
{
	struct mz_region region = guest_region(MZ_REGION_RAM, 0, 0, 0);
	struct mz_fault fault;

	memset(&supplier, 0, sizeof(supplier));
	supplier.most = MZ_LEVELS_MAX;
	begin_supplied(_i, false, MZ_OK);
	must_equal(guest_fault(&guest, x.base + x.page + 3, MZ_WRITE, &fault), MZ_RESOLVED);
	must_equal(fault.item.level, x.top);
	must_equal(supplier.calls, 1);
	must_equal(guest_fault(&guest, x.base + x.page, MZ_WRITE, &fault), MZ_RETRY);
	must_equal(supplier.calls, 1);
	expect_ok(change(MZ_CHANGE_INVALIDATE, x.base, big()));
	/* Only a page, though more was asked for: the page that was touched need not be it. */
	supplier.most = 1;
	must_equal(guest_fault(&guest, x.base, MZ_READ, &fault), MZ_RESOLVED);
	must_equal(fault.item.level, 1);
	must_equal(fault.item.oa.addr, 2 * x.root_span);
	supplier.error = MZ_NO_MEMORY;
	must_equal(guest_fault(&guest, x.base + 2 * x.page, MZ_READ, &fault), MZ_EXHAUSTED);
	must(!is_mapped(x.base + 2 * x.page));
	must_equal(supplier.released, 0);
	end();
	/* Without a backing nothing can be supplied. */
	begin(_i);
	region.ia = mz_ia_from(x.base);
	region.bytes = x.page;
	region.supplied = true;
	must_equal(mz_space_add(&guest.space, &region), MZ_BAD_HOOKS);
	end();
}
END_TEST

static void remove_all(void)
{
	expect_ok(change(MZ_CHANGE_REMOVE, x.base, big()));
}

static void be_faster(void)
{
	struct mz_fault fault;

	supplier.meanwhile = NULL;
	must_equal(guest_fault(&guest, x.base, MZ_READ, &fault), MZ_RESOLVED);
}

START_TEST(who_is_late_gives_the_frame_back)
{
	struct mz_fault fault;

	memset(&supplier, 0, sizeof(supplier));
	supplier.most = MZ_LEVELS_MAX;
	supplier.meanwhile = be_faster;
	begin_supplied(_i, false, MZ_OK);
	must_equal(guest_fault(&guest, x.base, MZ_READ, &fault), MZ_RETRY);
	must_equal(supplier.calls, 2);
	must_equal(supplier.released, 1);
	expect_ok(change(MZ_CHANGE_INVALIDATE, x.base, big()));
	supplier.meanwhile = remove_all;
	must_equal(guest_fault(&guest, x.base, MZ_READ, &fault), MZ_RETRY);
	must_equal(fault.bytes, 0);
	must_equal(fault.item.level, 0);
	must_equal(supplier.released, 2);
	must(!is_mapped(x.base));
	end();
}
END_TEST

static void change_elsewhere(void)
{
	supplier.meanwhile = NULL;
	expect_ok(guest_add(&guest, MZ_REGION_MMIO, x.base + big(), x.page, 0));
}

START_TEST(what_is_to_be_populated_is_mapped_or_not_added)
{
	memset(&supplier, 0, sizeof(supplier));
	supplier.most = MZ_LEVELS_MAX;
	supplier.meanwhile = change_elsewhere;
	begin_supplied(_i, true, MZ_OK);
	must(is_mapped(x.base) && is_mapped(x.base + big() - x.page));
	remove_all();
	end();
	supplier.error = MZ_NO_MEMORY;
	begin_supplied(_i, true, MZ_NO_MEMORY);
	must_equal(guest.space.regions.count, 0);
	must_equal(mz_table_usage(&guest.space.table).mapped_bytes, 0);
	end();
}
END_TEST

/* Memory that is marked as written from the start, part of which is mapped and then taken back. */
START_TEST(what_is_not_added_is_told_to_nobody)
{
	begin(_i);
	for (unsigned n = 1;; n++) {
		struct mz_region region = guest_region(MZ_REGION_RAM, x.base + x.root_span - x.page,
						       2 * x.page, 0);
		struct mz_dirty dirty;
		enum mz_error error;

		region.populate = true;
		region.prop.flags = x.format->flags & MZ_DIRTY;
		expect_ok(mz_dirty_start(&dirty, &guest.space, 0));
		track_fail(&x.track, n);
		x.track.fail_after = true;
		error = mz_space_add(&guest.space, &region);
		track_fail(&x.track, 0);
		mz_dirty_stop(&dirty);
		if (error == MZ_OK)
			break;
		must_equal(error, MZ_NO_MEMORY);
		must_equal(guest.space.regions.count, 0);
		must_equal(mz_table_usage(&guest.space.table).mapped_bytes, 0);
	}
	end();
}
END_TEST

static struct mz_region clones_regions[GUEST_REGIONS];
static struct mz_space a_clone;

static void clone_and_fail(void)
{
	if (supplier.calls < 2)
		return;
	expect_ok(mz_space_clone(&a_clone, &guest.space, &x.config.flush, clones_regions,
				 GUEST_REGIONS));
	supplier.error = MZ_NO_MEMORY;
}

/* A clone is made while the region is populated, and has what was mapped until then. */
START_TEST(what_is_taken_back_stays_in_a_clone)
{
	struct mz_region region;

	fixture_prepare(&x, _i);
	x.config.root_fixed = false;
	memset(&supplier, 0, sizeof(supplier));
	supplier.most = 1;
	supplier.meanwhile = clone_and_fail;
	guest_begin(&guest, &x, &backing);
	region = guest_region(MZ_REGION_ROM, x.base, 2 * x.page, 0);
	region.supplied = region.populate = true;
	must_equal(mz_space_add(&guest.space, &region), MZ_NO_MEMORY);
	must_equal(guest.space.regions.count, 0);
	must(!is_mapped(x.base));
	must_equal(a_clone.regions.count, 1);
	must_equal(mz_table_query(&a_clone.table, mz_ia_from(x.base)).level, 1);
	witness_reclaim(&x.witness);
	mz_space_destroy(&a_clone);
	end();
}
END_TEST

/* In a clone, whatever it takes to remove the region again may be missing too. */
START_TEST(a_clone_without_memory_adds_nothing)
{
	static struct mz_region room[GUEST_REGIONS];
	static struct mz_space clone;
	struct mz_region region;

	begin(_i);
	if (!x.config.root_fixed) {
		expect_ok(add(MZ_REGION_ROM, x.base, x.page, 0));
		expect_touched(x.base, MZ_READ, 0);
		expect_ok(
			mz_space_clone(&clone, &guest.space, &x.config.flush, room, GUEST_REGIONS));
		region = guest_region(MZ_REGION_ROM, x.base + 2 * x.page, x.page, 0);
		region.populate = true;
		track_fail(&x.track, 1);
		x.track.fail_after = true;
		must_equal(mz_space_add(&clone, &region),
			   x.format->levels > 1 ? MZ_NO_MEMORY : MZ_OK);
		must_equal(clone.regions.count, x.format->levels > 1 ? 1 : 2);
		track_fail(&x.track, 0);
		witness_reclaim(&x.witness);
		mz_space_destroy(&clone);
	}
	end();
}
END_TEST

#define MANY 10000

START_TEST(ten_thousand_regions_can_be_changed)
{
	static struct mz_region room[2 * MANY];
	struct mz_request request;
	uint64_t page;

	fixture_prepare(&x, _i);
	x.destroyed = true;
	page = x.page;
	expect_ok(mz_space_init(&guest.space, &x.config, NULL, room, 2 * MANY));
	mz_worker_begin(&guest.worker, &guest.space);
	guest.x = &x;
	if (2 * MANY * page <= x.root_span) {
		for (uint64_t i = 0; i < MANY; i++)
			expect_ok(add(MZ_REGION_RAM, x.base + 2 * i * page, page, i * page));
		for (uint64_t i = 0; i < MANY; i += 997)
			expect_touched(x.base + 2 * i * page, MZ_WRITE, i * page);
		must_equal(protect(x.base, 2 * MANY * page, MZ_READ), MZ_NOT_MAPPED);
		request = guest_request(MZ_CHANGE_REMOVE, x.base + page, (2 * MANY - 3) * page);
		expect_ok(mz_space_change(&guest.space, &request, NULL));
		must_equal(guest.space.regions.count, 2);
		must_equal(mz_table_usage(&guest.space.table).mapped_bytes, page);
	}
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("change");
	TCase *tcase = tcase_create("changes");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, what_is_removed_is_gone, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, what_moves_is_found_where_it_is, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, a_region_shrinks_and_grows, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, a_region_grows_up_to_the_last_address, 0, EACH_CASE);
	tcase_add_loop_test(tcase, protection_holds_until_it_is_undone, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, lent_and_converted_memory_answers_as_what_it_is, 0,
			    EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, a_leaf_across_a_border_is_cut_there, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, a_leaf_that_is_broken_across_a_border_is_cut_there, 0,
			    EACH_CASE);
	tcase_add_loop_test(tcase, a_write_does_not_reach_over_a_border, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, what_has_no_encoding_is_refused_ahead, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, what_is_prepared_is_made_without_memory, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, frames_come_back_once_and_after_the_flush, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, a_clone_without_memory_adds_nothing, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, ten_thousand_regions_can_be_changed, 0, EACH_CASE);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("supplied");
	tcase_add_loop_test(tcase, frames_are_supplied_as_they_are_touched, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, who_is_late_gives_the_frame_back, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, what_is_to_be_populated_is_mapped_or_not_added, 0,
			    EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, what_is_not_added_is_told_to_nobody, 0, EACH_VARIANT_ALL);
	tcase_add_loop_test(tcase, what_is_taken_back_stays_in_a_clone, 0, EACH_VARIANT_ALL);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
