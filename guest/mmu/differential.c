// SPDX-License-Identifier: MPL-2.0
/*
 * Random tables for the MMU and for the walker. Regions of 2 MiB, strewn over the guest-physical
 * addresses, are mapped, unmapped and protected at random, with leaves of every level; between
 * these rounds the guest makes random accesses, and where each ends, or how it faults, must be what
 * the walker says. Some of the guest's own page tables lie in such a region.
 */
#include "guest/mmu/scenarios.h"

#include "core/check.h"
#include "core/geometry.h"
#include "guest/mmu/random.h"
#include "guest/mmu/seed.h"

#define CHUNK        ((uint64_t)2 << 20)
#define CHUNK_FRAMES (CHUNK / FRAME_BYTES)
#define REGIONS      12u     /* of data */
#define TABLES       REGIONS /* the number of the region with tables of the guest */
#define BASES        3u      /* regions lie together in so many places */
#define WINDOWS      64u     /* tables of the guest in that region */
#define ROUNDS       250u    /* for each second stage */
#define CHANGES      20u     /* in a round */
#define ACCESSES     120000u /* over all second stages */

struct region {
	mz_ia gpa;
	mz_oa home; /* the chunk that a leaf larger than a chunk maps it to */
	bool user;
};

struct differential {
	struct world world;
	struct random random;
	struct region regions[REGIONS + 1];
	uint64_t va, windows_va; /* where the regions, and the tables' windows, begin */
	unsigned perms[16];      /* those that can be encoded */
	unsigned perm_count;
	unsigned compared, endings[3], causes[MZ_FAULT_OTHER + 1];
	unsigned walks, known, wrong;
	unsigned changes;
	const char *why_known;
	uint64_t *window_slots; /* entries of the guest's that lead to its tables in a region */
};

/* ---- Where things are ------------------------------------------------------------------------ */

static uint64_t chunks(void)
{
	return memory_data_bytes() / CHUNK;
}

static mz_oa chunk_at(uint64_t index)
{
	return mz_oa_from(memory_data().addr + index * CHUNK);
}

static unsigned top_leaf(const struct stage *stage)
{
	unsigned top = 1;

	for (unsigned level = 1; level <= stage->config.format->levels; level++)
		if (stage_leaf_allowed(stage, level))
			top = level;
	return top;
}

/* A place for regions: an entry of the topmost level with leaves, away from the platform's RAM. */
static uint64_t random_base(struct differential *d)
{
	const struct stage *stage = d->world.stage;
	const struct mz_format *f = stage->config.format;
	unsigned limit = world_limit_lg2(d->world.platform, stage),
		 shift = f->shift[top_leaf(stage)];
	uint64_t index, ram_first = d->world.platform->ram_first.addr >> shift;
	uint64_t ram_last = (memory_data().addr + memory_data_bytes() - 1) >> shift;

	if (stage->random_ia_lg2 != 0 && stage->random_ia_lg2 < limit)
		limit = stage->random_ia_lg2;
	do
		index = random_below(&d->random, (uint64_t)1 << (limit - shift));
	while (index >= ram_first && index <= ram_last);
	return index << shift;
}

static void place_regions(struct differential *d)
{
	const struct mz_format *f = d->world.stage->config.format;
	uint64_t within = mz_span(f, top_leaf(d->world.stage)) - 1;
	uint64_t bases[BASES];

	for (unsigned i = 0; i < BASES; i++)
		bases[i] = random_base(d);
	for (unsigned i = 0; i <= REGIONS; i++) {
		struct region *region = &d->regions[i];

		region->home = chunk_at(i == TABLES ? chunks() - 1 : i);
		region->gpa.addr = bases[i % BASES] + (region->home.addr & within);
		region->user = i % 2 != 0;
	}
}

/* ---- The guest's tables ---------------------------------------------------------------------- */

static void map_region(struct differential *d, unsigned i)
{
	const struct region *region = &d->regions[i];
	uint64_t va = d->va + i * CHUNK;

	for (uint64_t at = 0; at < CHUNK; at += FRAME_BYTES)
		world_guest_map(&d->world, va + at, mz_ia_from(region->gpa.addr + at),
				MZ_READ | MZ_WRITE | MZ_EXEC, region->user);
}

/* A page of the guest's tables: it maps pages of random regions; those with odd numbers are the
 * user's. */
static void fill_table(struct differential *d, mz_oa table)
{
	static const unsigned perms[] = {MZ_READ, MZ_READ | MZ_WRITE, MZ_READ | MZ_EXEC,
					 MZ_READ | MZ_WRITE | MZ_EXEC};
	const struct mz_format *f = d->world.stage1_format;

	for (unsigned i = 0; i < mz_entry_count(f, 1); i++) {
		const struct region *region = &d->regions[random_below(&d->random, REGIONS)];
		uint64_t page = random_below(&d->random, CHUNK_FRAMES) * FRAME_BYTES;
		struct mz_prop prop = d->world.platform->stage1_prop(
			perms[random_below(&d->random, 4)], i % 2 != 0);

		memory_word(table)[i] = f->make_leaf(mz_oa_from(region->gpa.addr + page), 1, prop);
	}
}

/* Windows: their smallest tables are the pages of the region of tables. Written past the library.
 */
static void open_windows(struct differential *d)
{
	const struct mz_format *f = d->world.stage1_format;
	const struct region *tables = &d->regions[TABLES];

	for (unsigned i = 0; i < WINDOWS; i++)
		fill_table(d, mz_oa_from(tables->home.addr + i * FRAME_BYTES));
	world_guest_map(&d->world, d->windows_va - mz_span(f, 2), tables->gpa, MZ_READ, false);
	d->window_slots = world_guest_slot(&d->world, d->windows_va - mz_span(f, 2), 2) + 1;
	for (unsigned i = 0; i < WINDOWS; i++)
		d->window_slots[i] = f->make_node(mz_oa_from(tables->gpa.addr + i * FRAME_BYTES),
						  2);
}

static void close_windows(struct differential *d)
{
	for (unsigned i = 0; i < WINDOWS; i++) {
		d->window_slots[i] = d->world.stage1_format->absent;
		memory_frame_fill(mz_oa_from(d->regions[TABLES].home.addr + i * FRAME_BYTES));
	}
}

/* ---- Random changes -------------------------------------------------------------------------- */

static struct mz_prop random_prop(struct differential *d)
{
	struct mz_prop prop = world_prop(d->world.stage,
					 d->perms[random_below(&d->random, d->perm_count)]);

	/* Mostly everything, so that most of the guest's walks come through. */
	if (random_one_in(&d->random, 2))
		prop.perm = (uint8_t)world_all_perm(d->world.stage);
	if (random_one_in(&d->random, 8))
		prop.flags &= (uint16_t)~MZ_DIRTY;
	if (random_one_in(&d->random, 16))
		prop.flags &= (uint16_t)~MZ_ACCESSED;
	if (random_one_in(&d->random, 4))
		prop.flags &= (uint16_t)~MZ_USER;
	return prop;
}

/* A run of the second stage's pages in a region. */
static uint64_t random_run(struct differential *d, uint64_t *offset)
{
	uint64_t page = mz_span(d->world.stage->config.format, 1), pages = CHUNK / page;
	uint64_t most = random_one_in(&d->random, 8) ? pages : 16;
	uint64_t first = random_below(&d->random, pages);
	uint64_t count = 1 + random_below(&d->random, most);

	*offset = first * page;
	return (count < pages - first ? count : pages - first) * page;
}

/* Where a run may be mapped to: in any chunk of data, or for the guest's tables in theirs. */
static mz_oa random_frames(struct differential *d, bool tables, uint64_t bytes)
{
	uint64_t page = mz_span(d->world.stage->config.format, 1);
	mz_oa chunk = chunk_at(tables ? chunks() - 1 : random_below(&d->random, chunks() - 1));
	uint64_t room = tables ? WINDOWS * FRAME_BYTES : CHUNK;

	if (bytes >= room)
		return chunk;
	chunk.addr += random_below(&d->random, (room - bytes) / page + 1) * page;
	return chunk;
}

/* What has no room, or no memory, is not mapped: the tables are random anyway. */
static void count_change(struct differential *d, enum mz_error error)
{
	if (error == MZ_OK)
		d->changes++;
	else if (error != MZ_OCCUPIED && error != MZ_NO_MEMORY)
		must(error, "a random change");
}

static void map_run(struct differential *d, const struct region *region)
{
	bool tables = region == &d->regions[TABLES];
	uint64_t offset, bytes = random_run(d, &offset);
	mz_ia gpa = mz_ia_from(region->gpa.addr + offset);
	mz_oa oa;

	if (tables && bytes > WINDOWS * FRAME_BYTES)
		bytes = WINDOWS * FRAME_BYTES;
	oa = random_frames(d, tables, bytes);
	if (random_one_in(&d->random, 2))
		count_change(d, mz_table_unmap(d->world.stage2, gpa, bytes, NULL));
	count_change(d, mz_table_map(d->world.stage2, gpa, bytes, oa, random_prop(d)));
}

/* One leaf over the region, of a level that is as large or larger; whatever was there goes. */
static void map_large(struct differential *d, const struct region *region)
{
	const struct stage *stage = d->world.stage;
	unsigned level = 1 + (unsigned)random_below(&d->random, top_leaf(stage));
	uint64_t span = mz_span(stage->config.format, level);
	mz_oa oa = region->home;
	mz_ia gpa;

	if (!stage_leaf_allowed(stage, level) || span < CHUNK)
		return;
	if (span == CHUNK && region != &d->regions[TABLES])
		oa = chunk_at(random_below(&d->random, chunks() - 1));
	gpa = mz_ia_from(region->gpa.addr & ~(span - 1));
	count_change(d, mz_table_unmap(d->world.stage2, gpa, span, NULL));
	count_change(d,
		     mz_table_map(d->world.stage2, gpa, span, mz_oa_from(oa.addr & ~(span - 1)),
				  random_prop(d)));
}

static void change(struct differential *d)
{
	bool tables = random_one_in(&d->random, 4);
	struct region *region = &d->regions[tables ? TABLES : random_below(&d->random, REGIONS)];
	uint64_t offset, bytes = random_run(d, &offset);
	mz_ia gpa = mz_ia_from(region->gpa.addr + offset);

	switch (random_below(&d->random, 8)) {
	case 0:
		map_large(d, region);
		break;
	case 1:
		count_change(d, mz_table_unmap(d->world.stage2, gpa, bytes, NULL));
		break;
	case 2:
	case 3:
		count_change(
			d,
			mz_table_protect(d->world.stage2, gpa, bytes, random_prop(d).perm, NULL));
		break;
	default:
		map_run(d, region);
	}
}

/* ---- Random accesses ------------------------------------------------------------------------- */

static const uint8_t kinds[] = {MZ_READ, MZ_WRITE, MZ_EXEC};

/* The page is the user's or the kernel's; the user tries the kernel's as well. */
static struct access random_access(struct differential *d)
{
	struct access access = {.kind = kinds[random_below(&d->random, 3)]};
	uint64_t page = random_below(&d->random, CHUNK_FRAMES), word = sizeof(uint64_t);
	bool of_user;

	if (d->window_slots != NULL && random_one_in(&d->random, 3)) {
		access.va = d->windows_va + random_below(&d->random, WINDOWS) * CHUNK;
		of_user = page % 2 != 0;
	} else {
		unsigned i = (unsigned)random_below(&d->random, REGIONS);

		access.va = d->va + i * CHUNK;
		of_user = d->regions[i].user;
	}
	access.user = of_user || random_one_in(&d->random, 16);
	access.va += page * FRAME_BYTES;
	if (access.kind == MZ_EXEC)
		access.va += FRAME_CODE;
	else if (access.kind == MZ_READ)
		access.va += random_below(&d->random, FRAME_BYTES / word) * word;
	else
		access.va += FRAME_WRITE +
			random_below(&d->random, (FRAME_BYTES - FRAME_WRITE) / word) * word;
	access.value = random_next(&d->random);
	return access;
}

static void count(struct differential *d, const struct verdict *verdict)
{
	const struct expected *expected = &verdict->prediction.expected;

	d->endings[verdict->prediction.ending]++;
	if (expected->faults)
		d->causes[expected->cause]++;
	d->walks += expected->walk;
	if (verdict->wrong != NULL && verdict->known != NULL) {
		d->known++;
		d->why_known = verdict->known;
		return;
	}
	d->compared++;
	if (verdict->wrong != NULL && d->wrong++ < 3) {
		report_note("access %u: %s", d->compared, verdict->wrong);
		judge_explain(verdict);
	}
}

/* ---- The run --------------------------------------------------------------------------------- */

static void find_perms(struct differential *d)
{
	const struct mz_config *config = &d->world.stage->config;

	d->perm_count = 0;
	for (unsigned perm = 1; perm < 16; perm++)
		if ((d->world.stage->bad_perms >> perm & 1) == 0 &&
		    config->format->encodable(world_prop(d->world.stage, perm), 1,
					      config->features))
			d->perms[d->perm_count++] = perm;
}

static void begin(struct differential *d, const struct platform *platform,
		  const struct stage *stage)
{
	*d = (struct differential) {.random = random_from(mmu_seed)};
	world_begin(&d->world, platform, stage);
	d->va = world_va(&d->world);
	d->windows_va = d->va + (REGIONS + 4) * CHUNK;
	find_perms(d);
	place_regions(d);
	for (unsigned i = 0; i < REGIONS; i++)
		map_region(d, i);
	if (stage->stage1 != NULL || platform->stage1 != NULL)
		open_windows(d);
	world_use(&d->world);
}

static void rounds(struct differential *d)
{
	const struct platform *platform = d->world.platform;
	unsigned all = platform->random_accesses != 0 ? platform->random_accesses : ACCESSES;
	unsigned accesses = all / ROUNDS / platform->stage_count + 1;

	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < CHANGES; i++)
			change(d);
		for (unsigned i = 0; i < accesses; i++) {
			struct access access = random_access(d);
			struct verdict verdict = judge(&d->world, &access);

			count(d, &verdict);
		}
	}
}

/* Were there enough of each to mean something? */
static bool of_every_kind(const struct differential *d)
{
	unsigned few = d->compared / 100;
	bool guest = d->endings[ENDING_GUEST_FAULT] > few && d->walks > few / 2;

	return d->endings[ENDING_DONE] > few && d->endings[ENDING_FAULT] > few &&
		d->causes[MZ_FAULT_ABSENT] > few && d->causes[MZ_FAULT_DENIED] > few &&
		(guest || d->window_slots == NULL);
}

static void report(const struct differential *d)
{
	const char *name = d->world.stage->name;

	report_note("%s: compared %u accesses, seed %lu; %u changes; %u known deviations more",
		    name, d->compared, (unsigned long)mmu_seed, d->changes, d->known);
	report_note(
		"%s: of all, done %u, guest faults %u, faults %u, of those the guest's walk's %u",
		name, d->endings[ENDING_DONE], d->endings[ENDING_GUEST_FAULT],
		d->endings[ENDING_FAULT], d->walks);
	report_test("%s_random_accesses_end_as_the_walker_says", name);
	if (d->wrong == 0)
		report_ok();
	else
		report_not_ok("%u of %u do not", d->wrong, d->compared);
	if (d->known != 0) {
		report_test("%s_random_accesses_%u_more", name, d->known);
		report_skip(d->why_known);
	}
	report_test("%s_random_accesses_are_of_every_kind", name);
	if (of_every_kind(d))
		report_ok();
	else
		report_not_ok("some endings are too few");
}

static void check_table(struct differential *d)
{
	struct mz_violation violation = mz_table_check(d->world.stage2);

	report_test("%s_random_table_is_whole", d->world.stage->name);
	if (violation.rule == MZ_RULE_NONE)
		report_ok();
	else
		report_not_ok("%s", mz_rule_text(violation.rule));
}

void differential(const struct platform *platform, const struct stage *stage)
{
	static struct differential d;

	begin(&d, platform, stage);
	rounds(&d);
	report(&d);
	check_table(&d);
	if (d.window_slots != NULL)
		close_windows(&d);
	world_end(&d.world);
}
