// SPDX-License-Identifier: MPL-2.0
#include "guest/mmu/world.h"

#include "core/geometry.h"
#include "core/walk.h"
#include "guest/lib/guest.h"
#include "guest/mmu/report.h"

#define CODE_VA      ((uint64_t)4 << 20)
#define USER_CODE_VA ((uint64_t)6 << 20)

/* Without a nested guest: far from the targets; what stands for a guest's addresses is never used.
 */
#define ALONE_CODE_VA      ((uint64_t)1 << 46)
#define ALONE_USER_CODE_VA (ALONE_CODE_VA + ((uint64_t)2 << 20))
#define ALONE_VA           ((uint64_t)1 << 45)

/* The flush hook is handed no world. */
static struct world *current;

void must(enum mz_error error, const char *what)
{
	if (error == MZ_OK)
		return;
	print("Bail out! %s in %s: %s\n", report_name(), what, mz_error_text(error));
	finish(1);
}

static void flush(void *context, mz_ia first, mz_ia last, bool nodes)
{
	current->flushed = true;
	if (current->flushing)
		current->platform->flush(context, first, last, nodes);
	if (current->watch != NULL)
		current->watch(current);
}

struct mz_config world_config(const struct world *world)
{
	struct mz_config config = world->stage->config;

	config.memory = memory_hooks(POOL_STAGE2, config.format->page_lg2);
	config.flush.range = flush;
	return config;
}

/* The processor itself: its program goes on under this table, and its user has a page of code. */
static void begin_alone(struct world *world)
{
	const struct stage *stage = world->stage;
	struct mz_prop prop = world_prop(stage, MZ_READ | MZ_WRITE | MZ_EXEC);
	mz_oa code = memory_code_page();
	uint64_t page = mz_span(stage->config.format, 1);
	uint64_t end = memory_data().addr + memory_data_bytes();

	world_map(world, mz_ia_from(ALONE_USER_CODE_VA), page, code, prop);
	prop.flags &= (uint16_t)~MZ_USER;
	world_map(world, mz_ia_from(0), end, mz_oa_from(0), prop);
	world_map(world, mz_ia_from(ALONE_CODE_VA), page, code, prop);
}

static void begin_stage1(struct world *world)
{
	const struct platform *platform = world->platform;
	struct mz_config config = {
		.format = world->stage1_format,
		.leaf_levels = platform->stage1_leaf_levels,
		.features = platform->stage1_features,
		.oa_lg2 = platform->stage1_oa_lg2,
		.memory = memory_hooks(POOL_GUEST, world->stage1_format->page_lg2),
	};
	mz_ia code = mz_ia_from(memory_code_page().addr);

	must(mz_table_init(&world->stage1, &config), "mz_table_init of stage 1");
	world_guest_map(world, CODE_VA, code, MZ_READ | MZ_WRITE | MZ_EXEC, false);
	world_guest_map(world, USER_CODE_VA, code, MZ_READ | MZ_WRITE | MZ_EXEC, true);
}

void world_open(struct world *world, const struct platform *platform, const struct stage *stage)
{
	*world = (struct world) {.platform = platform, .stage = stage, .flushing = true};
	world->stage1_format = stage->stage1 != NULL ? stage->stage1 : platform->stage1;
	current = world;
	__builtin_memcpy((void *)(uintptr_t)memory_code_page().addr, platform->stub,
			 platform->stub_bytes);
}

void world_furnish(struct world *world)
{
	if (world->stage1_format != NULL)
		begin_stage1(world);
	else
		begin_alone(world);
}

void world_begin(struct world *world, const struct platform *platform, const struct stage *stage)
{
	struct mz_config config;

	world_open(world, platform, stage);
	config = world_config(world);
	must(mz_table_init(&world->own, &config), "mz_table_init");
	world->stage2 = &world->own;
	if (world->stage1_format != NULL)
		world_map(world, mz_ia_from(memory_guest().addr), memory_guest_bytes(),
			  memory_guest(), world_prop(stage, world_all_perm(stage)));
	world_furnish(world);
}

void world_leave(struct world *world)
{
	world_unpatch(world);
	if (world->platform->leave != NULL)
		world->platform->leave();
}

void world_close(struct world *world)
{
	if (world->stage1_format != NULL)
		mz_table_destroy(&world->stage1);
	if (!memory_pool_reset(POOL_STAGE2) || !memory_pool_reset(POOL_GUEST))
		report_not_ok("nodes were lost");
}

void world_end(struct world *world)
{
	world_leave(world);
	mz_table_destroy(&world->own);
	world_close(world);
}

void world_use(struct world *world)
{
	const struct platform *platform = world->platform;

	if (world->stage1_format != NULL)
		platform->use(world->stage, world->stage2, &world->stage1, CODE_VA, USER_CODE_VA);
	else
		platform->use(world->stage, world->stage2, NULL, ALONE_CODE_VA, ALONE_USER_CODE_VA);
}

uint64_t world_code_va(const struct world *world)
{
	return world->stage1_format != NULL ? CODE_VA : ALONE_CODE_VA;
}

uint64_t world_va(const struct world *world)
{
	const struct mz_format *f = world->stage1_format;

	return f != NULL ? mz_span(f, f->levels) : ALONE_VA;
}

bool stage_leaf_allowed(const struct stage *stage, unsigned level)
{
	const struct mz_config *c = &stage->config;

	return mz_leaf_allowed(c->leaf_levels != 0 ? c->leaf_levels : c->format->leaf_levels,
			       level);
}

unsigned world_all_perm(const struct stage *stage)
{
	unsigned perm = MZ_READ | MZ_WRITE | MZ_EXEC;
	struct mz_prop both = mz_prop_from(perm | MZ_EXEC_USER);

	return stage->config.format->encodable(both, 1, stage->config.features) ? both.perm : perm;
}

struct mz_prop world_prop(const struct stage *stage, unsigned perm)
{
	struct mz_prop prop = mz_prop_from(perm);

	prop.flags = stage->config.format->flags & (MZ_ACCESSED | MZ_DIRTY | MZ_USER);
	return prop;
}

struct mz_prop world_clean_prop(const struct stage *stage, unsigned perm)
{
	struct mz_prop prop = world_prop(stage, perm);

	prop.flags &= MZ_USER;
	return prop;
}

void world_map(struct world *world, mz_ia gpa, uint64_t bytes, mz_oa oa, struct mz_prop prop)
{
	must(mz_table_map(world->stage2, gpa, bytes, oa, prop), "mz_table_map");
}

/* Pages that follow one another in both spaces are one range. */
static void note(struct world *world, uint64_t va, mz_ia to)
{
	struct range *last = &world->ranges[world->range_count - 1];

	if (world->range_count > 0 && last->end == va && to.addr - last->to.addr == va - last->va) {
		last->end += FRAME_BYTES;
		return;
	}
	if (world->range_count == WORLD_RANGES)
		must(MZ_FULL, "world_guest_map");
	world->ranges[world->range_count++] = (struct range) {va, va + FRAME_BYTES, to};
}

uint64_t world_noted(const struct world *world, uint64_t va)
{
	for (unsigned i = 0; i < world->range_count; i++)
		if (va >= world->ranges[i].va && va < world->ranges[i].end)
			return world->ranges[i].to.addr + (va - world->ranges[i].va);
	return va;
}

void world_guest_map(struct world *world, uint64_t va, mz_ia gpa, unsigned perm, bool user)
{
	struct mz_prop prop;

	if (world->stage1_format == NULL) {
		note(world, va, gpa);
		return;
	}
	prop = world->platform->stage1_prop(perm, user);
	must(mz_table_map(&world->stage1, mz_ia_from(va), mz_span(world->stage1_format, 1),
			  mz_oa_from(gpa.addr), prop),
	     "mz_table_map of stage 1");
}

static uint64_t *slot_of(const struct mz_table *table, mz_ia ia, unsigned level)
{
	struct mz_walk walk;

	(void)mz_table_walk(table, ia, &walk);
	for (unsigned i = 0; i < walk.step_count; i++)
		if (walk.steps[i].level == level)
			return memory_word(walk.steps[i].node) + walk.steps[i].index;
	return NULL;
}

uint64_t *world_slot(const struct world *world, mz_ia gpa, unsigned level)
{
	return slot_of(world->stage2, gpa, level);
}

uint64_t *world_guest_slot(const struct world *world, uint64_t va, unsigned level)
{
	return slot_of(&world->stage1, mz_ia_from(va), level);
}

void world_patch(struct world *world, uint64_t *slot, uint64_t entry, uint8_t cause)
{
	if (slot == NULL || world->patch_count == WORLD_PATCHES)
		must(MZ_FULL, "world_patch");
	world->patches[world->patch_count++] = (struct patch) {slot, *slot, cause};
	mz_store_release(slot, entry);
}

void world_unpatch(struct world *world)
{
	world_unpatch_to(world, 0);
}

void world_unpatch_to(struct world *world, unsigned count)
{
	while (world->patch_count > count) {
		struct patch *patch = &world->patches[--world->patch_count];

		mz_store_release(patch->slot, patch->was);
	}
}

void world_guest_move(struct world *world, uint64_t va, unsigned level, mz_oa to, mz_ia gpa)
{
	const struct mz_format *f = world->stage1_format;
	const uint64_t *slot = world_guest_slot(world, va, level);
	uint64_t *parent = world_guest_slot(world, va, level + 1);
	uint64_t link = f->make_node(mz_oa_from(gpa.addr), level + 1);

	if (slot == NULL)
		must(MZ_NOT_MAPPED, "world_guest_move");
	slot -= mz_index(f, va, level);
	__builtin_memcpy(memory_word(to), slot, FRAME_BYTES);
	world_patch(world, parent, link, MZ_FAULT_UNKNOWN);
}

unsigned world_limit_lg2(const struct platform *platform, const struct stage *stage)
{
	unsigned limit = stage->config.format->ia_lg2 - (stage->config.format->ia_signed ? 1u : 0u);

	if (platform->stage1 != NULL && platform->stage1_oa_lg2 < limit)
		limit = platform->stage1_oa_lg2;
	return limit;
}

bool world_target(const struct world *world, unsigned level, unsigned apart, mz_oa oa, mz_ia *gpa)
{
	const struct mz_format *f = world->stage->config.format;
	unsigned top = apart, limit = world_limit_lg2(world->platform, world->stage);
	uint64_t base, end = memory_data().addr + memory_data_bytes();

	for (unsigned l = 1; l <= f->levels; l++)
		if (l > top && stage_leaf_allowed(world->stage, l))
			top = l;
	base = (end + mz_span(f, top) - 1) & ~(mz_span(f, top) - 1);
	if (base + mz_span(f, top) > (uint64_t)1 << limit) {
		base = 0;
		if (world->platform->ram_first.addr < mz_span(f, top))
			return false;
	}
	gpa->addr = base + (oa.addr & (mz_span(f, level) - 1));
	return true;
}

void world_map_target(struct world *world, unsigned level, mz_ia gpa, mz_oa oa, struct mz_prop prop)
{
	uint64_t span = mz_span(world->stage->config.format, level);

	world_map(world, mz_ia_from(gpa.addr & ~(span - 1)), span,
		  mz_oa_from(oa.addr & ~(span - 1)), prop);
}

void world_map_same(struct world *world, uint64_t at)
{
	uint64_t page = mz_span(world->stage->config.format, 1);
	mz_oa oa = mz_oa_from(at & ~(page - 1));

	if (world->stage1_format == NULL)
		return;
	world_map(world, mz_ia_from(oa.addr), page, oa,
		  world_prop(world->stage, world_all_perm(world->stage)));
}

mz_ia world_map_scratch(struct world *world)
{
	world_map_same(world, memory_data().addr);
	return mz_ia_from(memory_data().addr);
}
