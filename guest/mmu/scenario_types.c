// SPDX-License-Identifier: MPL-2.0
/*
 * Memory types and flags that a leaf can have, at every level: each must be taken by the MMU for
 * ordinary access. A device's register, mapped through, and one that is emulated.
 */
#include "guest/mmu/scenarios.h"

#include "core/geometry.h"

struct types {
	struct world world;
	unsigned level;
	mz_oa oa;
	mz_ia gpa;
};

static void try_prop(struct types *t, const struct platform *platform, const struct stage *stage,
		     struct mz_prop prop, const struct operation *operation)
{
	struct access access;

	world_begin(&t->world, platform, stage);
	access = judge_access(world_va(&t->world), operation->kind, operation->user);
	if (world_target(&t->world, t->level, t->level, t->oa, &t->gpa)) {
		world_map_target(&t->world, t->level, t->gpa, t->oa, prop);
		aim(&t->world, MANNER_ACCESS, t->gpa, t->oa, operation->user);
		world_use(&t->world);
		judge_test(&t->world, &access, ENDING_DONE);
	} else {
		report_skip("the guest's addresses do not reach so far");
	}
	world_end(&t->world);
	memory_frame_fill(t->oa);
}

static void memory_types(struct types *t, const struct platform *platform,
			 const struct stage *stage)
{
	const struct mz_config *config = &stage->config;
	struct mz_prop prop = world_prop(stage, world_all_perm(stage));

	for (prop.memory = 0; prop.memory < MZ_MEM_TYPES; prop.memory++) {
		if (!config->format->encodable(prop, t->level, config->features))
			continue;
		for (unsigned i = 0; i < 2; i++) {
			report_test("%s_%s_of_memory_type_%u_at_level_%u", stage->name,
				    operations[i].name, prop.memory, t->level);
			try_prop(t, platform, stage, prop, &operations[i]);
		}
	}
}

/* One flag at a time. Contiguous is a promise about neighbours too, which one leaf can't keep. */
static void flags(struct types *t, const struct platform *platform, const struct stage *stage)
{
	const struct mz_config *config = &stage->config;
	struct mz_prop plain = world_prop(stage, world_all_perm(stage));

	for (unsigned bit = 0; bit < 16; bit++) {
		struct mz_prop prop = plain;

		prop.flags |= (uint16_t)(1u << bit);
		if (prop.flags == plain.flags || 1u << bit == MZ_CONTIGUOUS ||
		    !config->format->encodable(prop, t->level, config->features))
			continue;
		for (unsigned i = 0; i < OPERATIONS; i++) {
			report_test("%s_%s_with_flag_%u_at_level_%u", stage->name,
				    operations[i].name, 1u << bit, t->level);
			try_prop(t, platform, stage, prop, &operations[i]);
		}
	}
}

static void device(struct types *t, const struct platform *platform, const struct stage *stage)
{
	struct mz_prop prop = world_prop(stage, MZ_READ | MZ_WRITE);
	uint64_t page = mz_span(stage->config.format, 1);
	mz_oa frame = mz_oa_from(platform->device.addr & ~(page - 1));
	struct access access = {.kind = MZ_READ};

	prop.memory = MZ_MEM_UNCACHED;
	if (!stage->config.format->encodable(prop, 1, stage->config.features))
		prop.memory = MZ_MEM_WRITE_BACK;
	report_test("%s_a_device_is_read_through_the_second_stage", stage->name);
	world_begin(&t->world, platform, stage);
	if (!world_target(&t->world, 1, 1, platform->device, &t->gpa))
		must(MZ_OUT_OF_RANGE, "world_target");
	world_map(&t->world, mz_ia_from(t->gpa.addr & ~(page - 1)), page, frame, prop);
	access.va = world_va(&t->world);
	world_guest_map(&t->world, access.va,
			mz_ia_from(t->gpa.addr & ~(uint64_t)(FRAME_BYTES - 1)), MZ_READ | MZ_WRITE,
			false);
	access.va += platform->device.addr & (FRAME_BYTES - 1);
	world_use(&t->world);
	judge_test(&t->world, &access, ENDING_DONE);
	world_end(&t->world);
}

/* The device's page is not mapped: its emulator hears of the very address. */
static void emulated(struct types *t, const struct platform *platform, const struct stage *stage)
{
	for (unsigned i = 0; i < 2; i++) {
		struct access access;

		report_test("%s_%s_of_an_emulated_device_tells_its_address", stage->name,
			    operations[i].name);
		world_begin(&t->world, platform, stage);
		if (!world_target(&t->world, 1, 1, t->oa, &t->gpa))
			must(MZ_OUT_OF_RANGE, "world_target");
		aim(&t->world, MANNER_ACCESS, t->gpa, t->oa, false);
		world_use(&t->world);
		access = judge_access(world_va(&t->world), operations[i].kind, false);
		access.va += 0x318;
		judge_test(&t->world, &access, ENDING_FAULT);
		world_end(&t->world);
	}
}

void scenario_types(const struct platform *platform, const struct stage *stage)
{
	static struct types t;

	t.oa = mz_oa_from(memory_data().addr + memory_data_bytes() / 2 + 19 * FRAME_BYTES);
	for (t.level = 1; t.level <= stage->config.format->levels; t.level++) {
		if (!stage_leaf_allowed(stage, t.level))
			continue;
		memory_types(&t, platform, stage);
		flags(&t, platform, stage);
	}
	emulated(&t, platform, stage);
	if (platform->device.addr != 0)
		device(&t, platform, stage);
}
