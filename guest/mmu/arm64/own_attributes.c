// SPDX-License-Identifier: MPL-2.0
/*
 * PAR_EL1 after AT S12E1R tells the memory type and shareability that both stages make together:
 * ATTR 63:56 as MAIR_ELx has them, SH 8:7. What they must be is in the Arm ARM, sections "Combining
 * stage 1 and stage 2 memory type attributes" and "Stage 2 memory type and Cacheability attributes
 * when FWB is enabled".
 */
#include "guest/mmu/arm64/own.h"

#include "guest/mmu/arm64/registers.h"
#include "guest/mmu/scenarios.h"

enum { WB = 0xff, WT = 0xbb, NC = 0x44, GRE = 0x0c, nGRE = 0x08, nGnRE = 0x04, nGnRnE = 0x00 };

static const struct type {
	const char *name;
	uint8_t memory;
	uint8_t attr; /* alone */
} types[] = {
	{"write_back", MZ_MEM_WRITE_BACK, WB},         {"write_through", MZ_MEM_WRITE_THROUGH, WT},
	{"non_cacheable", MZ_MEM_WRITE_COMBINING, NC}, {"GRE", MZ_MEM_DEVICE_GATHERED, GRE},
	{"nGRE", MZ_MEM_DEVICE_REORDERED, nGRE},       {"nGnRE", MZ_MEM_DEVICE, nGnRE},
	{"nGnRnE", MZ_MEM_UNCACHED, nGnRnE},
};

static bool is_device(unsigned attr)
{
	return (attr & 0xf0) == 0;
}

/* FWB 0: the one that allows less. */
static unsigned combined(unsigned first, unsigned second)
{
	unsigned weaker = first < second ? first : second;

	if (is_device(first) && is_device(second))
		return weaker;
	if (is_device(first) || is_device(second))
		return is_device(first) ? first : second;
	return first == NC || second == NC ? NC : weaker;
}

/* FWB 1: write-back overrides all, and non-cacheable all but devices. */
static unsigned forced(unsigned first, unsigned second)
{
	return second == WB ? WB : combined(first, second);
}

/* SH: 0 none, 2 outer, 3 inner. What is not cached is outer shareable in effect. */
static unsigned shareability(unsigned attr, unsigned first, unsigned second)
{
	if (is_device(attr) || attr == NC)
		return 2;
	if (first == 2 || second == 2)
		return 2;
	return first == 3 || second == 3 ? 3 : 0;
}

static const struct share {
	const char *name;
	uint16_t flag;
	uint8_t sh;
} shares[] = {
	{"none", 0, 0},
	{"inner", MZ_SHARED_INNER, 3},
	{"outer", MZ_SHARED_OUTER, 2},
};

/* Of the page at world_va(): PAR_EL1. */
static uint64_t translate(const struct own *own, struct mz_prop first, struct mz_prop second)
{
	static struct world world;
	mz_oa oa = memory_data();
	uint64_t par;
	mz_ia gpa;

	world_begin(&world, &own->platform, &own->stage);
	if (!world_target(&world, 1, 1, oa, &gpa))
		must(MZ_OUT_OF_RANGE, "world_target");
	world_map_target(&world, 1, gpa, oa, second);
	must(mz_table_map(&world.stage1, mz_ia_from(world_va(&world)), FRAME_BYTES,
			  mz_oa_from(gpa.addr), first),
	     "mz_table_map of stage 1");
	world_use(&world);
	SYSTEM("at s12e1r", world_va(&world));
	isb();
	par = READ_REGISTER("par_el1");
	world_end(&world);
	return par;
}

#define PAR_F       1u
#define PAR_SH      (3u << 7)
#define PAR_ADDRESS 0x000ffffffffff000u

/* docs/deviations.md: what QEMU is known to make of these two; -1: what is right. */
static int known_attr(const struct own *own, unsigned first, unsigned second)
{
	if ((own->wanted.wanted.options & MZ_ARM_FWB) != 0)
		return is_device(first) && is_device(second) ? (int)second : -1;
	return (first == NC || second == NC) && is_device(combined(first, second)) ? nGnRE : -1;
}

static void judge_par(uint64_t par, unsigned attr, const unsigned *sh, int known)
{
	unsigned seen = (unsigned)(par >> 56);

	if ((par & PAR_F) != 0 || (par & PAR_ADDRESS) != memory_data().addr)
		report_not_ok("PAR_EL1 is %llx: another address", (unsigned long long)par);
	else if (seen != attr && (int)seen == known)
		report_skip("QEMU does not combine these two memory types as the manual does");
	else if (seen != attr)
		report_not_ok("PAR_EL1 is %llx, not of type %x", (unsigned long long)par, attr);
	else if (sh != NULL && (par & PAR_SH) >> 7 != *sh)
		report_not_ok("PAR_EL1 is %llx, not shared as %u", (unsigned long long)par, *sh);
	else
		report_ok();
}

static void one_type(const struct own *own, const struct type *a, const struct type *b)
{
	struct mz_prop first = own->platform.stage1_prop(MZ_READ | MZ_WRITE, false);
	struct mz_prop second = world_prop(&own->stage, MZ_READ | MZ_WRITE);
	const struct mz_config *config = &own->stage.config;
	bool fwb = (own->wanted.wanted.options & MZ_ARM_FWB) != 0;
	/* With LPA2, VTCR_EL2.SH0 decides, which is inner. */
	bool wide = (config->format->flags & MZ_SHARED_INNER) == 0;
	unsigned attr = fwb ? forced(a->attr, b->attr) : combined(a->attr, b->attr);
	unsigned sh = shareability(attr, 0, wide ? 3 : 0);
	/* What a device of stage 1 counts as, if it ends as memory, is implementation defined. */
	bool open = fwb && attr == WB && a->attr != WB;

	first.memory = a->memory;
	second.memory = b->memory;
	if (!config->format->encodable(second, 1, config->features))
		return;
	report_test("%s_%s_under_%s", own->stage.name, a->name, b->name);
	judge_par(translate(own, first, second), attr, open ? NULL : &sh,
		  known_attr(own, a->attr, b->attr));
}

static void one_share(const struct own *own, const struct share *a, const struct share *b)
{
	struct mz_prop first = own->platform.stage1_prop(MZ_READ | MZ_WRITE, false);
	struct mz_prop second = world_prop(&own->stage, MZ_READ | MZ_WRITE);
	bool wide = (own->stage.config.format->flags & MZ_SHARED_INNER) == 0;
	unsigned sh = shareability(WB, a->sh, wide ? 3 : b->sh);

	first.flags |= a->flag;
	second.flags |= b->flag;
	if (!own->stage.config.format->encodable(second, 1, own->stage.config.features))
		return;
	report_test("%s_shared_%s_under_%s", own->stage.name, a->name, b->name);
	judge_par(translate(own, first, second), WB, &sh, -1);
}

static void over(const struct own *own)
{
	for (size_t i = 0; i < COUNT(types); i++)
		for (size_t j = 0; j < COUNT(types); j++)
			one_type(own, &types[i], &types[j]);
	for (size_t i = 0; i < COUNT(shares); i++)
		for (size_t j = 0; j < COUNT(shares); j++)
			one_share(own, &shares[i], &shares[j]);
}

void own_attributes(const struct platform *platform)
{
	static const struct arm_stage seconds[] = {
		{"attributes_4k", {12, 48, 48, 0}, 0},
		{"attributes_64k", {16, 48, 48, 0}, 0},
		{"attributes_4k_fwb", {12, 48, 48, MZ_ARM_FWB}, 0},
		{"attributes_4k_wide", {12, 52, 52, MZ_ARM_WIDE}, 0},
	};
	const struct mz_arm_s1 first = {12, 48, 48, 0};
	static struct own own;

	for (size_t i = 0; i < COUNT(seconds); i++)
		if (own_make(&own, platform, &seconds[i], &first))
			over(&own);
}
