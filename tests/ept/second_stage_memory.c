/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The memory of the guests: what backs regions by their address, and frames that are handed out one
 * by one, small ones of a page and big ones of the smallest large leaf. Those are used again once
 * nothing refers to them.
 */
#include <string.h>

#include "tests/ept/second_stage_model.h"

#define SMALL_FRAMES 1024
#define BIG_FRAMES   64
#define BACKINGS     12
#define CELLS        (1u << 16)

struct frame {
	bool used, fresh; /* fresh: handed out in this step */
	uint64_t ia;      /* for which it was, */
	uint64_t bytes;   /* or of a small one, somewhere in that many bytes */
};

static struct frame small_frames[SMALL_FRAMES], big_frames[BIG_FRAMES];
static unsigned small_next, big_next;
static uint64_t backing_bytes, small_base, big_base;

/* Contents by frame: an open hash table that nothing is taken out of. */
static struct {
	uint64_t oa, contents;
} cells[CELLS];

static uint64_t *cell_of(uint64_t oa)
{
	uint64_t key = oa + 1; /* 0: a cell that is free */
	unsigned at = (unsigned)((key * 0x9e3779b97f4a7c15) >> 48) % CELLS;

	for (unsigned tries = 0; cells[at].oa != 0 && cells[at].oa != key; tries++) {
		must(tries < CELLS);
		at = (at + 1) % CELLS;
	}
	if (cells[at].oa == 0) {
		cells[at].oa = key;
		cells[at].contents = oa | (uint64_t)1 << 63;
	}
	return &cells[at].contents;
}

uint64_t contents_of(uint64_t oa)
{
	return *cell_of(oa);
}

void set_contents(uint64_t oa, uint64_t contents)
{
	*cell_of(oa) = contents;
}

static uint64_t round_up(uint64_t bytes, uint64_t to)
{
	return (bytes + to - 1) / to * to;
}

void memory_begin(void)
{
	const struct zone *last = &world.zones[ZONES - 1];
	uint64_t largest = last->bytes > world.big ? last->bytes : world.big;

	memset(small_frames, 0, sizeof(small_frames));
	memset(big_frames, 0, sizeof(big_frames));
	memset(cells, 0, sizeof(cells));
	small_next = big_next = 0;
	/* One more page, for what is not aligned. */
	backing_bytes = round_up(last->offset + last->bytes + world.x.page, largest);
	small_base = (BACKINGS + 1) * backing_bytes;
	big_base = round_up(small_base + SMALL_FRAMES * world.x.page, world.big);
}

/* ---- By address ---- */

/* Does the region of another space have this frame by its address? */
static bool others_have(const struct member *member, uint64_t oa)
{
	for (unsigned s = 0; s < SPACES; s++) {
		const struct mz_regions *set = &world.members[s].guest.space.regions;

		if (!world.members[s].alive || &world.members[s] == member)
			continue;
		for (size_t i = 0; i < set->count; i++)
			if (set->all[i].kind != MZ_REGION_MMIO && !set->all[i].supplied &&
			    oa - set->all[i].oa.addr < set->all[i].bytes)
				return true;
	}
	return false;
}

bool memory_is_free(uint64_t first, uint64_t bytes)
{
	for (unsigned s = 0; s < SPACES; s++) {
		const struct mz_regions *set = &world.members[s].guest.space.regions;

		for (size_t i = 0; world.members[s].alive && i < set->count; i++)
			if (set->all[i].kind != MZ_REGION_MMIO && !set->all[i].supplied &&
			    set->all[i].oa.addr < first + bytes &&
			    set->all[i].oa.addr + set->all[i].bytes > first)
				return false;
	}
	return true;
}

bool free_memory(uint64_t *oa)
{
	unsigned start = (unsigned)rng_below(&world.rng, BACKINGS);

	for (unsigned i = 0; i < BACKINGS; i++) {
		*oa = ((start + i) % BACKINGS + 1) * backing_bytes;
		if (memory_is_free(*oa, backing_bytes))
			return true;
	}
	return false;
}

/* ---- One by one ---- */

/* Does anything refer to a part of the frame? */
static bool is_referred_to(uint64_t oa, uint64_t bytes)
{
	const struct witness *witness = &world.x.witness;
	int64_t refs = 0;

	for (size_t i = 0; i < witness->step_count && witness->steps[i].addr < oa + bytes; i++) {
		if (witness->steps[i].addr > oa && refs > 0)
			return true;
		refs += witness->steps[i].delta;
	}
	return refs > 0;
}

static mz_oa hand_out(struct frame *frame, uint64_t oa, uint64_t ia, uint64_t bytes)
{
	*frame = (struct frame) {.used = true, .fresh = true, .ia = ia, .bytes = bytes};
	return mz_oa_from(oa);
}

static bool take_small(uint64_t ia, uint64_t bytes, mz_oa *oa)
{
	for (unsigned i = 0; i < SMALL_FRAMES; i++) {
		unsigned n = small_next++ % SMALL_FRAMES;
		uint64_t at = small_base + n * world.x.page;

		if (small_frames[n].used && (small_frames[n].fresh || is_referred_to(at, 1)))
			continue;
		*oa = hand_out(&small_frames[n], at, ia, bytes);
		set_contents(at, 0);
		return true;
	}
	return false;
}

static bool take_big(uint64_t ia, mz_oa *oa)
{
	for (unsigned i = 0; i < BIG_FRAMES; i++) {
		unsigned n = big_next++ % BIG_FRAMES;
		uint64_t at = big_base + n * world.big;

		if (big_frames[n].used && (big_frames[n].fresh || is_referred_to(at, world.big)))
			continue;
		*oa = hand_out(&big_frames[n], at, ia, 1);
		for (unsigned p = 0; p < world.probe_count; p++)
			set_contents(at + world.probes[p] % world.big, 0);
		return true;
	}
	return false;
}

/* The frame that oa is in, or NULL. */
static struct frame *frame_of(uint64_t oa, uint64_t *base)
{
	if (oa - big_base < BIG_FRAMES * world.big) {
		*base = oa - (oa - big_base) % world.big;
		return &big_frames[(oa - big_base) / world.big];
	}
	*base = oa;
	return oa - small_base < SMALL_FRAMES * world.x.page
		? &small_frames[(oa - small_base) / world.x.page]
		: NULL;
}

bool was_handed_out(uint64_t oa, uint64_t ia)
{
	uint64_t base;
	const struct frame *frame = frame_of(oa, &base);

	return frame != NULL && frame->used && frame->fresh &&
		ia - frame->ia - (oa - base) < frame->bytes;
}

static void check_frames(struct frame *frames, unsigned count, uint64_t base, uint64_t bytes)
{
	for (unsigned i = 0; i < count; i++) {
		if (!frames[i].fresh)
			continue;
		frames[i].fresh = false;
		must_say(!frames[i].used || world.nested || is_referred_to(base + i * bytes, bytes),
			 "a frame that was handed out is neither mapped nor released");
	}
}

void memory_check(void)
{
	check_frames(small_frames, SMALL_FRAMES, small_base, world.x.page);
	check_frames(big_frames, BIG_FRAMES, big_base, world.big);
}

/* ---- Hooks: they may sleep, so anything may happen meanwhile ---- */

static void do_something_else(uint64_t ia)
{
	struct member *member = world.at_work;
	struct mz_fault_record record = mz_fault_record_of(mz_ia_from(ia),
							   chance(2) ? MZ_WRITE : MZ_READ);
	struct mz_worker other;
	struct mz_fault fault;

	if (world.nested || !chance(8))
		return;
	world.nested = true;
	if (chance(3)) {
		if (guest_change(&member->guest, MZ_CHANGE_INVALIDATE, ia, world.x.page) == MZ_OK)
			pages_dropped(member, ia, ia + (world.x.page - 1));
		return;
	}
	mz_worker_begin(&other, &member->guest.space);
	if (mz_space_fault(&other, &record, &fault) == MZ_RESOLVED && record.access == MZ_WRITE)
		may_be_told(member, fault.ia.addr, fault.ia.addr + (fault.bytes - 1));
	mz_worker_end(&other);
}

static enum mz_error supply(void *context, const struct mz_region *region, mz_ia ia,
			    unsigned *level, mz_oa *oa)
{
	bool got = false;
	uint64_t asked = fixture_span(&world.x, *level);

	(void)context;
	must_equal(world.x.witness.reader_count, 0);
	must_equal(ia.addr & (asked - 1), 0);
	must(region->supplied && ia.addr >= region->ia.addr &&
	     ia.addr + (asked - 1) <= mz_region_last(region));
	/* Less than was asked for is right, too. */
	if (world.big_level > 1 && *level == world.big_level && !chance(3))
		got = take_big(ia.addr, oa);
	if (!got) {
		*level = 1;
		got = take_small(ia.addr, asked, oa);
	}
	if (!got) {
		world.refused = true;
		return MZ_NO_MEMORY;
	}
	do_something_else(ia.addr);
	return MZ_OK;
}

static bool nobody_else_has(const struct member *member, const struct mz_region *region,
			    uint64_t oa)
{
	return witness_refs(&world.x.witness, oa) == 1 &&
		(region->supplied || !others_have(member, oa));
}

static enum mz_error copy(void *context, const struct mz_region *region, mz_ia ia,
			  struct mz_item from, mz_oa *to)
{
	(void)context;
	must_equal(world.x.witness.reader_count, 0);
	must_equal(from.level, 1);
	if (nobody_else_has(world.at_work, region, from.oa.addr)) {
		*to = from.oa;
	} else {
		if (!take_small(ia.addr, 1, to)) {
			world.refused = true;
			return MZ_NO_MEMORY;
		}
		set_contents(to->addr, contents_of(from.oa.addr));
	}
	do_something_else(ia.addr);
	return MZ_OK;
}

static void release(void *context, const struct mz_region *region, mz_oa oa, unsigned level)
{
	uint64_t base;
	struct frame *frame = frame_of(oa.addr, &base);

	(void)context, (void)region, (void)level;
	must(frame != NULL && frame->used && frame->fresh && oa.addr == base);
	frame->used = false;
}

const struct mz_backing world_backing = {.supply = supply, .copy = copy, .release = release};
