/* SPDX-License-Identifier: MPL-2.0 */
/* The model of spaces, and what must hold between it and them. */
#include "tests/ept/second_stage_model.h"

#include <string.h>

#include "core/walk.h"
#include "tests/tree.h"

struct model_world world;

/* How much is cached, of translations and of links. */
#define CACHED_MAX 48

/* Larger leaves than this are not tried. */
#define HUGE_LG2 34

bool by_hardware(void)
{
	return (world.x.config.features & MZ_HW_ACCESSED_DIRTY) != 0 &&
		(world.x.format->hw_flags & MZ_DIRTY) != 0;
}

bool chance(unsigned of)
{
	return rng_below(&world.rng, of) == 0;
}

/* ---- Making it ---- */

static unsigned big_level(void)
{
	for (unsigned level = 2; level <= world.x.top; level++)
		if (fixture_leaf_allowed(&world.x, level))
			return level;
	return 1;
}

/* A leaf larger than the big ones, if that is not more than the rest has room for. */
static uint64_t huge_span(void)
{
	for (unsigned level = world.big_level + 1; world.big_level > 1 && level <= world.x.top;
	     level++)
		if (fixture_leaf_allowed(&world.x, level) &&
		    world.x.format->shift[level] <= HUGE_LG2 &&
		    world.x.format->shift[level] - world.x.format->shift[world.big_level] <= 10)
			return fixture_span(&world.x, level);
	return 0;
}

static void make_zones(void)
{
	uint64_t huge = huge_span();

	world.big_level = big_level();
	world.big = world.big_level > 1 ? fixture_span(&world.x, world.big_level)
					: 16 * world.x.page;
	huge = huge_span();
	world.zones[0] = (struct zone) {world.x.base, 4 * world.big, 0};
	world.zones[1].ia = world.x.base + world.x.root_span;
	world.zones[1].bytes = huge != 0 ? huge : world.big;
	world.zones[1].offset = 4 * world.big > world.zones[1].bytes ? 4 * world.big
								     : world.zones[1].bytes;
}

static void add_probes(uint64_t ia, uint64_t bytes)
{
	uint64_t page = world.x.page, middle = bytes / 2 / page * page;
	uint64_t offsets[] = {0, page, 2 * page, middle, middle + page, bytes - page};

	for (unsigned i = 0; i < sizeof(offsets) / sizeof(*offsets); i++)
		world.probes[world.probe_count++] = ia + offsets[i];
}

static void configure(int number, enum mode mode)
{
	struct fixture *x = &world.x;
	enum variant variant = mode == MODE_BREAKING ? VARIANT_BREAKING : VARIANT_WITNESSED;

	fixture_prepare(x, number + (int)variant * CASES);
	x->config.root_fixed = false;
	if (mode == MODE_FAULTS)
		x->config.features &= ~(uint32_t)(MZ_HW_ACCESSED_DIRTY | MZ_LIVE_SPLITS);
	tlb_watch(x);
	tlb_live(CACHED_MAX);
	x->config.flush = tlb_flush_of(&world.members[0].guest.space.table);
}

void world_begin(int number, enum mode mode, uint64_t seed)
{
	struct member *first = &world.members[0];

	memset(&world, 0, sizeof(world));
	world.rng.state = seed ^ (uint64_t)number << 32 ^ (uint64_t)mode << 48;
	configure(number, mode);
	make_zones();
	for (unsigned i = 0; i < 4; i++)
		add_probes(world.zones[0].ia + i * world.big, world.big);
	add_probes(world.zones[1].ia, world.zones[1].bytes);
	memory_begin();
	for (unsigned p = 0; p < world.probe_count; p++)
		first->pages[p] = (struct page) {.backing = NOWHERE, .frame = NOWHERE};
	guest_begin(&first->guest, &world.x, &world_backing);
	first->alive = true;
}

void world_end(void)
{
	sound_destroy(&world.sound);
	fixture_end(&world.x);
}

/* ---- What is known ---- */

uint64_t pages_in(uint64_t first, uint64_t last)
{
	uint64_t pages = 0;

	for (unsigned p = 0; p < world.probe_count; p++)
		if (world.probes[p] >= first && world.probes[p] <= last)
			pages |= (uint64_t)1 << p;
	return pages;
}

unsigned perm_of(const struct page *page)
{
	unsigned most = 0;

	if (page->there && (page->kind == MZ_REGION_RAM || page->kind == MZ_REGION_SHARED))
		most = MZ_READ | MZ_WRITE | MZ_EXEC;
	else if (page->there && page->kind == MZ_REGION_ROM)
		most = MZ_READ | MZ_EXEC;
	return page->perm != 0 ? most & page->perm : most;
}

void page_dropped(struct page *page)
{
	page->frame = NOWHERE;
	page->contents = page->backing != NOWHERE ? contents_of(page->backing) : 0;
}

void pages_dropped(struct member *member, uint64_t first, uint64_t last)
{
	uint64_t pages = pages_in(first, last);

	for (unsigned p = 0; p < world.probe_count; p++)
		if (pages >> p & 1)
			page_dropped(&member->pages[p]);
}

void may_be_told(const struct member *member, uint64_t first, uint64_t last)
{
	for (unsigned l = 0; l < LISTENERS; l++)
		if (world.listeners[l].of == member)
			world.listeners[l].may_owe |= pages_in(first, last);
}

/* All pages of a space that read this frame, also those that would when they are mapped. */
static void take_over(struct member *member, uint64_t oa, uint64_t contents)
{
	for (unsigned p = 0; member->alive && p < world.probe_count; p++) {
		struct page *page = &member->pages[p];

		if (page->frame == oa || (page->frame == NOWHERE && page->backing == oa))
			page->contents = contents;
	}
}

/* Flags are told of by the leaf that has them. */
static void may_be_told_of_leaf(const struct member *member, uint64_t ia)
{
	unsigned level = mz_table_query(&member->guest.space.table, mz_ia_from(ia)).level;
	uint64_t span = level != 0 ? fixture_span(&world.x, level) : world.x.page;

	may_be_told(member, ia & ~(span - 1), ia | (span - 1));
}

void page_written(struct member *member, unsigned p, uint64_t oa)
{
	const struct page *page = &member->pages[p];
	uint64_t contents = ++world.written_count;

	must_say(((perm_of(page) | world.pending) & MZ_WRITE) != 0,
		 "a page is written that must not be");
	must_say(page->frame == oa || page->frame == NOWHERE || was_handed_out(oa, world.probes[p]),
		 "a write to %#llx goes to %#llx, where %#llx is mapped",
		 (unsigned long long)world.probes[p], (unsigned long long)oa,
		 (unsigned long long)page->frame);
	set_contents(oa, contents);
	take_over(member, oa, contents);
	member->pages[p].contents = contents;
	for (unsigned s = 0; page->kind == MZ_REGION_SHARED && s < SPACES; s++)
		take_over(&world.members[s], oa, contents);
	for (unsigned l = 0; l < LISTENERS; l++)
		if (world.listeners[l].of == member)
			world.listeners[l].owed |= (uint64_t)1 << p;
	if (by_hardware())
		may_be_told_of_leaf(member, world.probes[p]);
}

/* ---- What must hold ---- */

static void check_region(const struct member *member, unsigned p)
{
	const struct page *page = &member->pages[p];
	uint64_t ia = world.probes[p];
	struct mz_region region;

	must_equal(mz_space_find(&member->guest.space, mz_ia_from(ia), &region), page->there);
	if (!page->there)
		return;
	must_equal(region.kind, page->kind);
	must_equal(region.supplied, page->supplied);
	/* That it may do all can be said in two ways. */
	must_equal(region.prop.perm != 0 ? region.prop.perm : GUEST_RWX,
		   page->perm != 0 ? page->perm : GUEST_RWX);
	if (region.kind == MZ_REGION_LENT)
		must_equal(region.former, page->former);
	if (page->backing != NOWHERE)
		must_equal(region.oa.addr + (ia - region.ia.addr), page->backing);
}

/* What only one may write is mapped by nobody else. */
static void check_alone(const struct member *member, const struct page *page)
{
	for (unsigned s = 0; s < SPACES; s++)
		for (unsigned p = 0; p < world.probe_count; p++)
			must_say(&world.members[s] == member || !world.members[s].alive ||
					 world.members[s].pages[p].frame != page->frame,
				 "a page can be written that another space has, too");
}

static void check_mapping(struct member *member, unsigned p)
{
	struct page *page = &member->pages[p];
	uint64_t ia = world.probes[p];
	struct mz_walk walk;
	uint64_t oa;

	if (mz_table_walk(&member->guest.space.table, mz_ia_from(ia), &walk) != MZ_OK) {
		must_say(page->frame == NOWHERE, "%#llx is not mapped any more",
			 (unsigned long long)ia);
		return;
	}
	if (page->there && page->kind == MZ_REGION_MMIO) {
		must(tree_is_marker(&member->guest.space.table.config,
				    walk.steps[walk.step_count - 1].prop));
		page->frame = walk.item.oa.addr;
		return;
	}
	oa = walk.item.oa.addr;
	if (page->frame != oa) {
		must_say((page->frame == NOWHERE && page->backing == oa) || was_handed_out(oa, ia),
			 "%#llx is mapped to %#llx", (unsigned long long)ia,
			 (unsigned long long)oa);
		page->frame = oa;
	}
	must_say((walk.item.prop.perm & ~perm_of(page)) == 0,
		 "%#llx may be %#x, and region says %#x", (unsigned long long)ia,
		 walk.item.prop.perm, perm_of(page));
	must_say(contents_of(oa) == page->contents, "%#llx reads %#llx, not %#llx",
		 (unsigned long long)ia, (unsigned long long)contents_of(oa),
		 (unsigned long long)page->contents);
	if ((walk.item.prop.perm & MZ_WRITE) != 0 && page->kind == MZ_REGION_RAM)
		check_alone(member, page);
	if (by_hardware() && (walk.item.prop.flags & MZ_DIRTY) != 0)
		may_be_told_of_leaf(member, ia);
}

static void check_member(struct member *member, bool nodes)
{
	struct mz_violation violation = {.rule = MZ_RULE_NONE};

	if (nodes)
		violation = sound_check(&world.sound, &member->guest.space.table);
	must_say(violation.rule == MZ_RULE_NONE, "%s: level %u index %u entry %#llx",
		 mz_rule_text(violation.rule), violation.level, violation.index,
		 (unsigned long long)violation.entry);
	for (unsigned p = 0; p < world.probe_count; p++) {
		check_region(member, p);
		check_mapping(member, p);
	}
}

void world_check(const struct member *touched, bool all)
{
	must_equal(world.x.witness.reader_count, 0);
	for (unsigned s = 0; s < SPACES; s++)
		if (world.members[s].alive)
			check_member(&world.members[s], all || &world.members[s] == touched);
	tlb_check_right();
	memory_check();
}
