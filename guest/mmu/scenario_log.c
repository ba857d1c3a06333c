// SPDX-License-Identifier: MPL-2.0
/*
 * The log of written pages, where the processor keeps one: it names a page when its leaf becomes
 * dirty, by an access or by the guest's walk, and only then. Everything but the leaf under test is
 * dirty already.
 */
#include "guest/mmu/scenarios.h"

#define MOST 8u

struct log {
	struct world world;
	unsigned level;
	mz_oa oa;
	mz_ia gpa;
};

/* What the bits below a page must be is a test of the platform's own. */
static uint64_t page_of(uint64_t gpa)
{
	return gpa / FRAME_BYTES;
}

/* After this access the log must hold the page under test alone, or nothing. */
static void test_log(struct log *l, const char *what, const struct operation *operation,
		     bool logged)
{
	struct access access = judge_access(world_va(&l->world), operation->kind, operation->user);
	struct verdict verdict;
	uint64_t gpas[MOST];
	unsigned count;

	report_test("%s_%s_at_level_%u", l->world.stage->name, what, l->level);
	verdict = judge(&l->world, &access);
	count = l->world.platform->take_log(l->world.stage, gpas, MOST);
	if (verdict.wrong == NULL && count != (logged ? 1 : 0)) {
		verdict.wrong = "the log has another number of pages";
		report_note("%u pages, the first %llx", count,
			    (unsigned long long)(count > 0 ? gpas[0] : 0));
	} else if (verdict.wrong == NULL && logged && page_of(gpas[0]) != page_of(l->gpa.addr)) {
		verdict.wrong = "the log names another page";
		report_note("%llx", (unsigned long long)gpas[0]);
	}
	judge_ask_deviation(&l->world, &verdict);
	judge_report(&verdict, ENDING_DONE);
}

static void clean_leaf(struct log *l)
{
	uint64_t *slot = world_slot(&l->world, l->gpa, l->level);

	*slot = l->world.stage->config.format->clean(*slot, l->level, MZ_ACCESSED | MZ_DIRTY);
	l->world.platform->flush(NULL, l->gpa, l->gpa, false);
}

static bool begin(struct log *l, const struct platform *platform, const struct stage *stage,
		  enum manner manner)
{
	world_begin(&l->world, platform, stage);
	if (!world_target(&l->world, l->level, l->level, l->oa, &l->gpa))
		return false;
	world_map_target(&l->world, l->level, l->gpa, l->oa,
			 world_clean_prop(stage, world_all_perm(stage)));
	aim(&l->world, manner, l->gpa, l->oa, false);
	world_use(&l->world);
	return true;
}

static void end(struct log *l)
{
	world_end(&l->world);
	memory_frame_fill(l->oa);
}

static void by_access(struct log *l, const struct platform *platform, const struct stage *stage)
{
	if (begin(l, platform, stage, MANNER_ACCESS)) {
		test_log(l, "a_read_is_not_logged", &operations[0], false);
		test_log(l, "a_fetch_is_not_logged", &operations[2], false);
		test_log(l, "the_first_write_is_logged", &operations[1], true);
		test_log(l, "the_second_write_is_not_logged", &operations[1], false);
		clean_leaf(l);
		test_log(l, "a_write_to_a_cleaned_page_is_logged", &operations[1], true);
	}
	end(l);
}

/* A walk that writes, or counts as writing, makes the page of the guest's tables dirty. */
static void by_walk(struct log *l, const struct platform *platform, const struct stage *stage,
		    enum manner manner)
{
	bool writes = aim_writes(stage, manner, &operations[0]);

	if (begin(l, platform, stage, manner))
		test_log(l,
			 manner == MANNER_WALK ? "a_page_table_that_is_read"
					       : "a_page_table_that_gets_flags",
			 &operations[0], writes);
	end(l);
}

void scenario_log(const struct platform *platform, const struct stage *stage)
{
	static struct log l;

	if (platform->take_log == NULL || (stage->flags_set & MZ_DIRTY) == 0)
		return;
	l.oa = mz_oa_from(memory_data().addr + memory_data_bytes() / 2 + 23 * FRAME_BYTES);
	for (l.level = 1; l.level <= stage->config.format->levels; l.level++) {
		if (!stage_leaf_allowed(stage, l.level))
			continue;
		by_access(&l, platform, stage);
		for (enum manner manner = MANNER_WALK; manner < manner_count(platform); manner++)
			by_walk(&l, platform, stage, manner);
	}
}
