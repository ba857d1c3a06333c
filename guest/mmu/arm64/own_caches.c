// SPDX-License-Identifier: MPL-2.0
/*
 * What translation caches may hold: contiguous runs, tables of several VMIDs, and what is left if a
 * step of the flush in arch/arm/arm.h is left out. What may be left need not be.
 */
#include "core/geometry.h"
#include "guest/mmu/arm64/own.h"
#include "guest/mmu/arm64/registers.h"
#include "guest/mmu/scenarios.h"

static struct world world;
static struct own own;

/* ---- Contiguous runs ------------------------------------------------------------------------ */

/* Arm ARM, section "The Contiguous bit": log2 of the entries of a run, by granule and level. */
static const struct run {
	struct arm_stage second;
	uint8_t lg2[3];
} runs[] = {
	{{"contiguous_4k", {12, 48, 48, 0}, 0}, {0, 4, 4}},
	{{"contiguous_16k", {14, 48, 48, 0}, 0}, {0, 7, 5}},
	{{"contiguous_64k", {16, 48, 48, MZ_ARM_FWB}, 0}, {0, 5, 5}},
};

/* Away from RAM, and aligned to every run. */
#define RUN_GPA ((uint64_t)1 << 36)

/* Addresses in the run's first, middle and last frame, as far as they are data frames. */
static uint64_t point_of(uint64_t oa, uint64_t bytes, unsigned i)
{
	uint64_t first = memory_data().addr, end = first + memory_data_bytes();

	first = oa > first ? oa : first;
	end = oa + bytes < end ? oa + bytes : end;
	return i == 0    ? first
		: i == 1 ? (first + (end - first) / 2) & ~(uint64_t)(FRAME_BYTES - 1)
			 : end - FRAME_BYTES;
}

static void over_points(const char *state, unsigned level, unsigned perm)
{
	for (unsigned i = 0; i < 3; i++)
		for (unsigned o = 0; o < 3; o++) {
			struct access access = judge_access(world_va(&world) + i * FRAME_BYTES,
							    operations[o].kind, false);

			report_test("%s_level_%u_%s_at_point_%u_of_a_run_that_is_%s",
				    own.stage.name, level, operations[o].name, i, state);
			judge_test(&world, &access,
				   (perm & operations[o].kind) != 0 ? ENDING_DONE : ENDING_FAULT);
		}
}

static void contiguous(unsigned level, uint64_t bytes)
{
	const unsigned all = MZ_READ | MZ_WRITE | MZ_EXEC;
	struct mz_prop prop = world_prop(&own.stage, all);
	mz_oa oa = mz_oa_from((memory_data().addr + bytes - 1) & ~(bytes - 1));
	mz_ia gpa = mz_ia_from(RUN_GPA);

	if (oa.addr + bytes > memory_data().addr + memory_data_bytes())
		oa.addr = memory_data().addr & ~(bytes - 1);
	prop.flags |= MZ_CONTIGUOUS;
	world_begin(&world, &own.platform, &own.stage);
	world_map(&world, gpa, bytes, oa, prop);
	for (unsigned i = 0; i < 3; i++)
		world_guest_map(&world, world_va(&world) + i * FRAME_BYTES,
				mz_ia_from(gpa.addr + point_of(oa.addr, bytes, i) - oa.addr), all,
				false);
	world_use(&world);
	report_test("%s_level_%u_leaves_are_of_that_level", own.stage.name, level);
	if (mz_table_query(world.stage2, gpa).level == level)
		report_ok();
	else
		report_not_ok("they are of another");
	over_points("mapped", level, all);
	must(mz_table_protect(world.stage2, gpa, bytes, MZ_READ, NULL), "mz_table_protect");
	over_points("read_only", level, MZ_READ);
	must(mz_table_unmap(world.stage2, gpa, bytes, NULL), "mz_table_unmap");
	over_points("unmapped", level, 0);
	world_end(&world);
	for (unsigned i = 0; i < 3; i++)
		memory_frame_fill(mz_oa_from(point_of(oa.addr, bytes, i)));
}

static void over_runs(const struct platform *platform, const struct mz_arm_s1 *first)
{
	for (size_t i = 0; i < COUNT(runs); i++)
		for (unsigned level = 1; level <= 2; level++)
			if (own_make(&own, platform, &runs[i].second, first))
				contiguous(level,
					   mz_span(&own.format, level) << runs[i].lg2[level]);
}

/* ---- Several VMIDs -------------------------------------------------------------------------- */

/* Reads the page at world_va(): it must be this data frame. */
static void reads_frame(const char *name, mz_oa frame)
{
	struct access access = {.va = world_va(&world), .kind = MZ_READ};
	struct outcome outcome = own.platform.access(&access);

	report_test("%s_%s", own.stage.name, name);
	if (outcome.ending == ENDING_DONE && outcome.value == frame.addr)
		report_ok();
	else
		report_not_ok("ending %u, value %llx", outcome.ending,
			      (unsigned long long)outcome.value);
}

/* The same but for the page under test. */
static void make_second(struct mz_table *second, mz_ia gpa, mz_oa frame)
{
	struct mz_prop prop = world_prop(&own.stage, world_all_perm(&own.stage));
	struct mz_config config = world.stage2->config;
	mz_ia guest = mz_ia_from(memory_guest().addr);

	must(mz_table_init(second, &config), "mz_table_init");
	must(mz_table_map(second, guest, memory_guest_bytes(), memory_guest(), prop),
	     "mz_table_map");
	must(mz_table_map(second, gpa, FRAME_BYTES, frame, prop), "mz_table_map");
}

static void use_vmid(const struct mz_table *table, uint64_t vmid)
{
	WRITE_REGISTER("vttbr_el2", mz_table_root_register(table) | vmid << 48);
	isb();
}

static void vmids(void)
{
	mz_oa frame = memory_data(), other = mz_oa_from(frame.addr + FRAME_BYTES);
	struct mz_table second;
	mz_ia gpa;

	world_begin(&world, &own.platform, &own.stage);
	if (!world_target(&world, 1, 1, frame, &gpa))
		must(MZ_OUT_OF_RANGE, "world_target");
	world_map_target(&world, 1, gpa, frame, world_prop(&own.stage, MZ_READ));
	world_guest_map(&world, world_va(&world), gpa, MZ_READ, false);
	make_second(&second, gpa, other);
	world_use(&world);
	use_vmid(world.stage2, 2);
	reads_frame("one_vmid", frame);
	use_vmid(&second, 3);
	reads_frame("another_vmid_without_a_flush", other);
	use_vmid(world.stage2, 2);
	reads_frame("the_first_vmid_again", frame);
	mz_table_destroy(&second);
	world_end(&world);
}

/* ---- Steps of a flush ----------------------------------------------------------------------- */

/* Reads after a change that took the translation away. `stale`: it may be there still. */
static void read_after(const char *name, const struct prediction *before, bool stale)
{
	struct verdict verdict = judge_by(&world, before);

	report_test("%s_%s", own.stage.name, name);
	if (!stale)
		judge_test(&world, &before->expected.access, ENDING_FAULT);
	else if (verdict.wrong == NULL)
		report_ok();
	else if (verdict.outcome.ending == ENDING_FAULT)
		report_skip("this processor has not kept the translation");
	else
		judge_report(&verdict, ENDING_DONE);
}

/* Takes the page away that holds the guest's data, or its smallest table. */
static struct prediction take_away(bool table, mz_ia *gpa)
{
	mz_oa oa = mz_oa_from(memory_data().addr + 2 * FRAME_BYTES);
	struct access access = {.kind = MZ_READ};
	struct prediction before;
	struct outcome outcome;

	world_begin(&world, &own.platform, &own.stage);
	if (!world_target(&world, 1, 1, oa, gpa))
		must(MZ_OUT_OF_RANGE, "world_target");
	world_map_target(&world, 1, *gpa, oa, world_prop(&own.stage, MZ_READ | MZ_WRITE));
	/* Its neighbour stays: the walk gets to the last level. */
	world_map_target(&world, 1, mz_ia_from(gpa->addr + FRAME_BYTES), oa,
			 world_prop(&own.stage, MZ_READ));
	aim(&world, table ? MANNER_WALK : MANNER_ACCESS, *gpa, oa, false);
	world_use(&world);
	access.va = world_va(&world);
	before = predict(&world, &access);
	outcome = own.platform.access(&access);
	if (outcome.ending != ENDING_DONE)
		must(MZ_NOT_MAPPED, "the first read");
	world.flushing = false;
	must(mz_table_unmap(world.stage2, *gpa, FRAME_BYTES, NULL), "mz_table_unmap");
	dsb();
	return before;
}

static void steps(void)
{
	struct prediction before;
	mz_ia gpa;

	before = take_away(false, &gpa);
	SYSTEM("tlbi ipas2e1is", gpa.addr >> 12);
	dsb();
	isb();
	read_after("a_combined_translation_outlives_IPAS2E1", &before, true);
	guest_flush_stage1();
	read_after("it_does_not_outlive_VMALLE1", &before, false);
	world_end(&world);

	before = take_away(true, &gpa);
	guest_flush_stage1();
	read_after("a_walk's_second_stage_outlives_VMALLE1", &before, true);
	guest_flush(NULL, gpa, gpa, false);
	read_after("it_does_not_outlive_both", &before, false);
	world_end(&world);
	memory_frame_fill(mz_oa_from(memory_data().addr + 2 * FRAME_BYTES));
}

void own_caches(const struct platform *platform)
{
	static const struct arm_stage second = {"caches", {12, 48, 48, 0}, 0};
	const struct mz_arm_s1 first = {12, 48, 48, 0};

	over_runs(platform, &first);
	if (!own_make(&own, platform, &second, &first))
		return;
	vmids();
	steps();
}
