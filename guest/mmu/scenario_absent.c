// SPDX-License-Identifier: MPL-2.0
/*
 * What is not there: an absent entry at every level, met by an access and by the guest's page walk;
 * addresses beyond the table; and the parts of a wide root, which are not one another's.
 */
#include "guest/mmu/scenarios.h"

#include "core/geometry.h"

/* Nodes down to the entry of this level that gpa needs, by mapping a neighbour of it. */
static void make_path(struct world *world, mz_ia gpa, unsigned level)
{
	const struct mz_format *f = world->stage->config.format;
	uint64_t page = mz_span(f, 1);
	mz_ia neighbour = mz_ia_from((gpa.addr ^ mz_span(f, level)) & ~(page - 1));

	if (world_slot(world, gpa, level) == NULL)
		world_map(world, neighbour, page, mz_oa_from(memory_data().addr & ~(page - 1)),
			  world_prop(world->stage, world_all_perm(world->stage)));
}

static void access_to(struct world *world, mz_ia gpa, mz_oa oa, enum manner manner,
		      const struct operation *operation, unsigned level)
{
	struct access access = judge_access(world_va(world), operation->kind, operation->user);
	struct verdict verdict;

	aim(world, manner, gpa, oa, operation->user);
	world_use(world);
	verdict = judge(world, &access);
	if (verdict.prediction.expected.level != level)
		report_not_ok("the tables stop the access at another level");
	else
		judge_report(&verdict, ENDING_FAULT);
}

static void at_level(struct world *world, unsigned level, enum manner manner,
		     const struct operation *operation)
{
	mz_oa oa = mz_oa_from(memory_data().addr + 7 * FRAME_BYTES);
	mz_ia gpa;

	if (!world_target(world, level, level, oa, &gpa)) {
		report_skip("the guest's addresses do not reach so far");
		return;
	}
	make_path(world, gpa, level);
	access_to(world, gpa, oa, manner, operation, level);
	memory_frame_fill(oa);
}

static void absent_at_levels(const struct platform *platform, const struct stage *stage)
{
	static struct world world;
	unsigned manners = platform->stage1 != NULL ? 2 : 1;

	for (unsigned level = 1; level <= stage->config.format->levels; level++) {
		for (unsigned i = 0; i < manners * OPERATIONS; i++) {
			const struct operation *operation = &operations[i % OPERATIONS];
			enum manner manner = i < OPERATIONS ? MANNER_ACCESS : MANNER_WALK;

			report_test("%s_%s_of_what_is_absent_at_level_%u_by_%s", stage->name,
				    operation->name, level, manner_names[manner]);
			world_begin(&world, platform, stage);
			at_level(&world, level, manner, operation);
			world_end(&world);
		}
	}
}

/* Bits above the table's width lead nowhere, though all below are those of a page that is mapped.
 */
static void beyond_the_table(const struct platform *platform, const struct stage *stage)
{
	static struct world world;
	unsigned last = platform->stage1 != NULL ? platform->stage1_oa_lg2 : 0;
	mz_oa oa = mz_oa_from(memory_data().addr + 7 * FRAME_BYTES);

	for (unsigned bit = stage->config.format->ia_lg2; bit < last; bit++) {
		for (unsigned i = 0; i < OPERATIONS; i++) {
			mz_ia gpa = mz_ia_from(memory_data().addr);

			report_test("%s_%s_beyond_the_table_by_bit_%u", stage->name,
				    operations[i].name, bit);
			world_begin(&world, platform, stage);
			world_map_scratch(&world);
			gpa.addr |= (uint64_t)1 << bit;
			access_to(&world, gpa, oa, MANNER_ACCESS, &operations[i], 0);
			world_end(&world);
		}
	}
}

/* The same lower index in each part of a wide root: each must read its own frame. */
static void parts_of_the_root(const struct platform *platform, const struct stage *stage)
{
	static struct world world;
	const struct mz_format *f = stage->config.format;
	unsigned narrow = f->page_lg2 - 3u, root = f->levels;
	unsigned parts = f->index_lg2[root] > narrow ? 1u << (f->index_lg2[root] - narrow) : 1;
	uint64_t part_bytes = mz_span(f, root) << narrow, page = mz_span(f, 1), limit;
	mz_oa first = mz_oa_from(memory_data().addr + (uint64_t)4 * 65536);

	limit = platform->stage1_oa_lg2 < 64 ? (uint64_t)1 << platform->stage1_oa_lg2 : UINT64_MAX;
	if (parts == 1)
		return;
	world_begin(&world, platform, stage);
	for (unsigned i = 0; i < parts && i * part_bytes < limit; i++) {
		mz_ia gpa = mz_ia_from(i * part_bytes + mz_span(f, root) - page);

		world_map(&world, gpa, page, mz_oa_from(first.addr + i * page),
			  world_prop(stage, world_all_perm(stage)));
		world_guest_map(&world, world_va(&world) + i * FRAME_BYTES, gpa, MZ_READ, false);
	}
	world_use(&world);
	for (unsigned i = 0; i < parts && i * part_bytes < limit; i++) {
		struct access access = judge_access(world_va(&world) + i * FRAME_BYTES, MZ_READ,
						    false);

		report_test("%s_part_%u_of_the_root_is_its_own", stage->name, i);
		judge_test(&world, &access, ENDING_DONE);
	}
	world_end(&world);
}

void scenario_absent(const struct platform *platform, const struct stage *stage)
{
	absent_at_levels(platform, stage);
	beyond_the_table(platform, stage);
	parts_of_the_root(platform, stage);
}
