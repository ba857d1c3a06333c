// SPDX-License-Identifier: MPL-2.0
/*
 * Every bit of the output address of every leaf, of either stage: PAR_EL1 has the address that AT
 * S1E1R and AT S12E1R come to, whether there is memory or not. PA 51:12.
 */
#include "core/geometry.h"
#include "guest/mmu/arm64/own.h"
#include "guest/mmu/arm64/registers.h"
#include "guest/mmu/scenarios.h"

static struct world world;
static struct own own;

enum { PAR_F = 1 };

static uint64_t translate(bool both, uint64_t va)
{
	guest_flush_stage1();
	if (both)
		SYSTEM("at s12e1r", va);
	else
		SYSTEM("at s1e1r", va);
	isb();
	return READ_REGISTER("par_el1") & (0x000ffffffffff000u | PAR_F);
}

/* The leaf in `slot`, by which va is translated, is made anew with each bit in turn. */
static void every_bit(const struct mz_format *f, unsigned level, uint64_t *slot, uint64_t va,
		      uint64_t offset, bool both)
{
	struct mz_prop prop = f->prop(*slot, level);
	uint64_t par;

	for (unsigned bit = f->shift[level]; bit < f->oa_lg2; bit++) {
		uint64_t oa = (uint64_t)1 << bit;

		world_patch(&world, slot, f->make_leaf(mz_oa_from(oa), level, prop),
			    MZ_FAULT_UNKNOWN);
		par = translate(both, va);
		world_unpatch(&world);
		if (par == oa + offset)
			continue;
		report_not_ok("bit %u: PAR_EL1 is %llx", bit, (unsigned long long)par);
		return;
	}
	report_ok();
}

static void second_leaf(const char *name, unsigned level)
{
	mz_oa oa = memory_data();
	mz_ia gpa;

	report_test("%s_every_address_bit_of_a_leaf_at_level_%u", name, level);
	world_begin(&world, &own.platform, &own.stage);
	if (world_target(&world, level, level, oa, &gpa)) {
		world_map_target(&world, level, gpa, oa, world_prop(&own.stage, MZ_READ));
		world_guest_map(&world, world_va(&world), gpa, MZ_READ, false);
		world_use(&world);
		every_bit(&own.format, level, world_slot(&world, gpa, level), world_va(&world),
			  oa.addr & (mz_span(&own.format, level) - 1), true);
	} else {
		report_skip("the guest's addresses do not reach so far");
	}
	world_end(&world);
}

static void first_leaf(const char *name, unsigned level)
{
	const struct mz_format *f = &own.stage1.format;
	struct mz_prop prop = own.platform.stage1_prop(MZ_READ, false);
	uint64_t va;

	report_test("%s_every_address_bit_of_a_leaf_at_level_%u", name, level);
	world_begin(&world, &own.platform, &own.stage);
	va = world_va(&world) & ~(mz_span(f, level) - 1);
	must(mz_table_map(&world.stage1, mz_ia_from(va), mz_span(f, level), mz_oa_from(0), prop),
	     "mz_table_map of stage 1");
	world_use(&world);
	every_bit(f, level, world_guest_slot(&world, va, level), va, 0, false);
	world_end(&world);
}

static void over_leaves(const struct mz_format *f, const char *name,
			void (*leaf)(const char *name, unsigned level))
{
	for (unsigned level = 1; level <= f->levels; level++)
		if (mz_leaf_allowed(f->leaf_levels, level))
			leaf(name, level);
}

void own_addresses(const struct platform *platform)
{
	static const struct arm_stage seconds[] = {
		{"addresses_s2_4k", {12, 48, 48, 0}, 0},
		{"addresses_s2_16k", {14, 48, 48, 0}, 0},
		{"addresses_s2_64k", {16, 48, 48, 0}, 0},
		{"addresses_s2_4k_wide", {12, 52, 52, MZ_ARM_WIDE}, 0},
		{"addresses_s2_16k_wide", {14, 51, 52, MZ_ARM_WIDE}, 0},
		{"addresses_s2_64k_wide", {16, 52, 52, MZ_ARM_WIDE}, 0},
	};
	static const struct {
		const char *name;
		struct mz_arm_s1 wanted;
	} firsts[] = {
		{"addresses_s1_4k", {12, 48, 48, 0}},
		{"addresses_s1_16k", {14, 48, 48, 0}},
		{"addresses_s1_64k", {16, 48, 48, 0}},
		{"addresses_s1_4k_wide", {12, 48, 52, MZ_ARM_WIDE}},
		{"addresses_s1_16k_wide", {14, 52, 52, MZ_ARM_WIDE}},
		{"addresses_s1_64k_wide", {16, 52, 52, MZ_ARM_WIDE}},
	};

	for (size_t i = 0; i < COUNT(seconds); i++)
		if (own_make(&own, platform, &seconds[i], &firsts[0].wanted))
			over_leaves(&own.format, seconds[i].name, second_leaf);
	for (size_t i = 0; i < COUNT(firsts); i++)
		if (own_make(&own, platform, &seconds[0], &firsts[i].wanted))
			over_leaves(&own.stage1.format, firsts[i].name, first_leaf);
}
