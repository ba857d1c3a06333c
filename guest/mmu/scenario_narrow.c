// SPDX-License-Identifier: MPL-2.0
/*
 * Write protection from above: a few links of the root forbid what leaves of every level allow. The
 * guest goes on reading; its writes fault, until one leaf at a time is let be written, and then no
 * other is. A format whose links say nothing of that does the same leaf by leaf.
 */
#include "guest/mmu/scenarios.h"

#include "core/gather.h"
#include "core/geometry.h"

#define LEAVES 6u /* two side by side of each of three levels */

struct leaf {
	unsigned level;
	mz_oa oa; /* a data frame that it maps, */
	mz_ia gpa;
	uint64_t va;
	uint64_t entry; /* as it was before */
	bool open;
};

struct narrow {
	struct world world; /* first, as watch() wants it */
	struct leaf leaves[LEAVES];
	unsigned count;
	mz_ia first; /* what is protected */
	uint64_t bytes;
	unsigned steps;    /* of handing down that were watched */
	const char *wrong; /* what was seen */
};

static void add_leaf(struct narrow *n, unsigned level, mz_ia base)
{
	const struct stage *stage = n->world.stage;
	uint64_t span = mz_span(stage->config.format, level);
	uint64_t page = mz_span(stage->config.format, 1);
	struct leaf *leaf = &n->leaves[n->count];

	*leaf = (struct leaf) {.level = level};
	leaf->oa.addr = memory_data().addr + memory_data_bytes() / 2 + (16 + n->count) * 65536;
	leaf->gpa.addr = base.addr + (leaf->oa.addr & (span - 1));
	leaf->va = world_va(&n->world) + (1 + n->count) * page;
	n->count++;
	world_map_target(&n->world, level, leaf->gpa, leaf->oa,
			 world_prop(stage, world_all_perm(stage)));
	world_guest_map(&n->world, leaf->va, leaf->gpa, MZ_READ | MZ_WRITE, false);
	leaf->entry = *world_slot(&n->world, leaf->gpa, level);
}

/* The three lowest levels with leaves, each in a part of its own. False: there is no room. */
static bool add_leaves(struct narrow *n)
{
	const struct stage *stage = n->world.stage;
	const struct mz_format *f = stage->config.format;
	unsigned levels[LEAVES / 2], count = 0, top, apart;
	uint64_t span;
	mz_ia base;

	for (unsigned level = 1; level <= f->levels && count < LEAVES / 2; level++)
		if (stage_leaf_allowed(stage, level))
			levels[count++] = level;
	top = levels[count - 1];
	apart = n->world.stage1_format != NULL ? top : f->levels;
	span = mz_span(f, top);
	if (!world_target(&n->world, top, apart, mz_oa_from(0), &base) ||
	    base.addr + 2 * count * span > (uint64_t)1 << world_limit_lg2(n->world.platform, stage))
		return false;
	n->first = base;
	for (unsigned i = 0; i < count; i++) {
		mz_ia first = mz_ia_from(base.addr + 2 * i * span);

		add_leaf(n, levels[i], first);
		add_leaf(n, levels[i], mz_ia_from(first.addr + mz_span(f, levels[i])));
	}
	return true;
}

/* All that there is: of a table that the processor itself goes on under, what the test has. */
static void choose_range(struct narrow *n)
{
	const struct mz_format *f = n->world.stage->config.format;

	if (n->world.stage1_format != NULL) {
		n->first = mz_ia_from(0);
		n->bytes = (uint64_t)1 << f->ia_lg2;
	} else {
		n->bytes = mz_span(f, f->levels);
	}
}

static struct verdict try_leaf(struct narrow *n, unsigned i, unsigned kind)
{
	struct access access = judge_access(n->leaves[i].va, kind, false);

	return judge(&n->world, &access);
}

/* Reads go on, and writes where leaves are open: all of them in one test. */
static void test_leaves(struct narrow *n, const char *what, unsigned level)
{
	struct verdict verdict = {0};
	enum ending wanted = ENDING_DONE;

	report_test("%s_narrow_%s_at_level_%u", n->world.stage->name, what, level);
	for (unsigned i = 0; i < n->count; i++) {
		verdict = try_leaf(n, i, MZ_READ);
		wanted = ENDING_DONE;
		if (verdict.wrong != NULL || verdict.prediction.ending != wanted)
			break;
		verdict = try_leaf(n, i, MZ_WRITE);
		wanted = n->leaves[i].open ? ENDING_DONE : ENDING_FAULT;
		if (verdict.wrong != NULL || verdict.prediction.ending != wanted)
			break;
	}
	judge_report(&verdict, wanted);
}

/* The guest's own memory, which walks write to where a walk counts as a write. */
static void open_guest(struct narrow *n)
{
	uint64_t at = memory_guest().addr, end = at + memory_guest_bytes();

	while (n->world.stage1_format != NULL && at < end) {
		struct mz_writable writable = {.level_max = MZ_LEVELS_MAX};

		must(mz_table_write_enable(n->world.stage2, mz_ia_from(at), &writable),
		     "mz_table_write_enable for the guest");
		at = writable.ia.addr + writable.bytes;
	}
}

static void protect(struct narrow *n)
{
	n->world.flushed = false;
	must(mz_table_write_protect(n->world.stage2, n->first, n->bytes, NULL),
	     "mz_table_write_protect");
	for (unsigned i = 0; i < n->count; i++)
		n->leaves[i].open = false;
}

/* Where links can forbid, those of the root do, and nothing below it was touched. */
static void test_stores(struct narrow *n)
{
	const struct mz_format *f = n->world.stage->config.format;
	const char *wrong = n->world.flushed ? NULL : "the flush hook was not called";

	report_test("%s_narrow_is_the_root_alone", n->world.stage->name);
	for (unsigned i = 0; i < n->count; i++) {
		const struct leaf *leaf = &n->leaves[i];
		uint64_t root = *world_slot(&n->world, leaf->gpa, f->levels);
		uint64_t entry = *world_slot(&n->world, leaf->gpa, leaf->level);

		if ((f->prop(root, f->levels).perm & MZ_WRITE) != 0)
			wrong = "an entry of the root lets write";
		if ((f->prop(entry, leaf->level).perm & MZ_WRITE) == 0)
			wrong = "a leaf was protected by itself";
	}
	if (wrong != NULL)
		report_not_ok("%s", wrong);
	else
		report_ok();
}

/* In the midst of handing down, where that is flushed: nothing but what was open is. */
static void watch(struct world *world)
{
	struct narrow *n = (struct narrow *)(void *)world;

	n->steps++;
	for (unsigned i = 0; i < n->count && n->wrong == NULL; i++) {
		struct verdict verdict = try_leaf(n, i, MZ_WRITE);
		enum ending wanted = n->leaves[i].open ? ENDING_DONE : ENDING_FAULT;

		n->wrong = verdict.prediction.ending != wanted ? "another leaf was open"
							       : verdict.wrong;
	}
}

static void test_watched(const struct narrow *n, unsigned level)
{
	if (n->steps == 0)
		return;
	report_test("%s_narrow_steps_open_nothing_else_at_level_%u", n->world.stage->name, level);
	if (n->wrong != NULL)
		report_not_ok("%s", n->wrong);
	else
		report_ok();
}

/* What the guest may write comes back leaf by leaf. */
static void test_enabled(struct narrow *n, unsigned i)
{
	struct leaf *leaf = &n->leaves[i];
	struct mz_writable writable = {.level_max = MZ_LEVELS_MAX};

	n->steps = 0;
	n->wrong = NULL;
	n->world.watch = watch;
	must(mz_table_write_enable(n->world.stage2, leaf->gpa, &writable), "mz_table_write_enable");
	n->world.watch = NULL;
	test_watched(n, leaf->level);
	leaf->open = true;
	test_leaves(n, i % 2 == 0 ? "first_is_enabled" : "second_is_enabled", leaf->level);
}

static bool begin(struct narrow *n, const struct platform *platform, const struct stage *stage)
{
	*n = (struct narrow) {0};
	world_begin(&n->world, platform, stage);
	if (!add_leaves(n)) {
		world_end(&n->world);
		return false;
	}
	choose_range(n);
	world_use(&n->world);
	for (unsigned i = 0; i < n->count; i++)
		n->leaves[i].open = true;
	test_leaves(n, "nothing", stage->config.format->levels);
	return true;
}

void scenario_narrow(const struct platform *platform, const struct stage *stage)
{
	static struct narrow n;
	unsigned levels = stage->config.format->levels;

	if (!begin(&n, platform, stage))
		return;
	protect(&n);
	if (stage->config.format->hierarchical)
		test_stores(&n);
	open_guest(&n);
	test_leaves(&n, "all", levels);
	for (unsigned i = 0; i < n.count; i++)
		test_enabled(&n, i);
	protect(&n);
	open_guest(&n);
	test_leaves(&n, "all_again", levels);
	test_enabled(&n, n.count - 1);
	world_end(&n.world);
	for (unsigned i = 0; i < n.count; i++)
		memory_frame_fill(n.leaves[i].oa);
}
