// SPDX-License-Identifier: MPL-2.0
/*
 * Translations that are used although the table says otherwise: a change without a flush is shown
 * not to be seen. The guest itself removes the entry between two of its reads, or the permission to
 * write between two of its writes, for which the node is mapped into it; then the flush makes the
 * change seen. The permission goes from a link where the format has such links.
 */
#include "guest/mmu/scenarios.h"

#include "core/geometry.h"

struct stale {
	struct world world;
	mz_oa oa;
	mz_ia gpa;
	uint64_t va, poke_va;
};

/* Lets the guest write to the slot for gpa at this level; the processor itself can already. */
static void open_slot(struct stale *s, unsigned level)
{
	uint64_t slot = (uint64_t)(uintptr_t)world_slot(&s->world, s->gpa, level);
	uint64_t frame = slot & ~(uint64_t)(FRAME_BYTES - 1);

	s->poke_va = slot;
	if (s->world.stage1_format == NULL)
		return;
	world_map_same(&s->world, slot);
	s->poke_va = s->va + FRAME_BYTES;
	world_guest_map(&s->world, s->poke_va, mz_ia_from(frame), MZ_READ | MZ_WRITE, false);
	s->poke_va += slot & (FRAME_BYTES - 1);
}

static void begin(struct stale *s, const struct platform *platform, const struct stage *stage,
		  unsigned slot_level)
{
	world_begin(&s->world, platform, stage);
	s->va = world_va(&s->world);
	if (!world_target(&s->world, 1, 1, s->oa, &s->gpa))
		must(MZ_OUT_OF_RANGE, "world_target");
	world_map_target(&s->world, 1, s->gpa, s->oa, world_prop(stage, world_all_perm(stage)));
	world_guest_map(&s->world, s->va, s->gpa, MZ_READ | MZ_WRITE, false);
	open_slot(s, slot_level);
	world_use(&s->world);
}

/* Whatever the outcome is, it must be that of before or that of after. */
static void report_stale(const struct stale *s, const struct verdict *old, const char *why_not)
{
	struct prediction now = predict(&s->world, &old->prediction.expected.access);

	if (now.ending != ENDING_FAULT || old->prediction.ending != ENDING_DONE)
		report_not_ok("the tables do not say what the test is about");
	else if (old->wrong == NULL)
		report_ok();
	else if (why_not != NULL && old->outcome.ending == ENDING_FAULT)
		report_skip(why_not);
	else
		judge_report(old, ENDING_DONE);
}

static void between_two_reads(struct stale *s)
{
	const struct platform *platform = s->world.platform;
	struct access access = {.va = s->va, .kind = MZ_READ, .poke_va = s->poke_va};
	struct prediction before;
	struct verdict verdict;

	access.value = s->world.stage->config.format->absent;
	before = predict(&s->world, &access);
	report_test("%s_a_stale_translation_is_used_where_nothing_is_flushed",
		    s->world.stage->name);
	verdict = judge_by(&s->world, &before);
	report_stale(s, &verdict, platform->never_stale);
	report_test("%s_a_flush_ends_the_stale_translation", s->world.stage->name);
	platform->flush(NULL, s->gpa, s->gpa, false);
	access.poke_va = 0;
	judge_test(&s->world, &access, ENDING_FAULT);
}

/* The level of the entry that permission to write is taken from. */
static unsigned narrow_level(const struct stage *stage)
{
	return stage->config.format->hierarchical ? 2 : 1;
}

static uint64_t narrowed(const struct stage *stage, uint64_t entry)
{
	const struct mz_format *f = stage->config.format;
	unsigned perm = world_all_perm(stage) & ~(unsigned)MZ_WRITE;

	return f->hierarchical ? f->link_write(entry, narrow_level(stage), false)
			       : f->with_perm(entry, narrow_level(stage), perm);
}

static void between_two_writes(struct stale *s)
{
	const struct stage *stage = s->world.stage;
	struct access access = judge_access(s->va, MZ_WRITE, false);
	struct prediction before;
	struct verdict verdict;

	access.poke_va = s->poke_va;
	access.value = narrowed(stage, *world_slot(&s->world, s->gpa, narrow_level(stage)));
	before = predict(&s->world, &access);
	report_test("%s_a_stale_permission_is_used_where_nothing_is_flushed", stage->name);
	verdict = judge_by(&s->world, &before);
	report_stale(s, &verdict, s->world.platform->never_stale);
	report_test("%s_a_flush_ends_the_stale_permission", stage->name);
	s->world.platform->flush(NULL, s->gpa, s->gpa, narrow_level(stage) > 1);
	access.poke_va = 0;
	judge_test(&s->world, &access, ENDING_FAULT);
}

/* The same by a change outside of the guest: it may be seen, since the guest is left in between. */
static void over_an_exit(struct stale *s)
{
	struct access access = judge_access(s->va, MZ_READ, false);
	struct prediction before = predict(&s->world, &access);
	struct verdict verdict = judge_by(&s->world, &before);
	uint64_t page = mz_span(s->world.stage->config.format, 1);

	report_test("%s_a_stale_translation_outlives_an_exit", s->world.stage->name);
	s->world.flushing = false;
	must(mz_table_unmap(s->world.stage2, mz_ia_from(s->gpa.addr & ~(page - 1)), page, NULL),
	     "mz_table_unmap");
	if (verdict.wrong == NULL)
		verdict = judge_by(&s->world, &before);
	report_stale(s, &verdict, "this processor drops translations when the guest is left");
	report_test("%s_a_flush_ends_what_outlived_the_exit", s->world.stage->name);
	s->world.platform->flush(NULL, s->gpa, s->gpa, true);
	judge_test(&s->world, &access, ENDING_FAULT);
}

void scenario_stale(const struct platform *platform, const struct stage *stage)
{
	static struct stale s;

	s.oa = mz_oa_from(memory_data().addr + memory_data_bytes() / 2 + 17 * FRAME_BYTES);
	begin(&s, platform, stage, 1);
	over_an_exit(&s);
	world_end(&s.world);
	begin(&s, platform, stage, narrow_level(stage));
	between_two_writes(&s);
	world_end(&s.world);
	begin(&s, platform, stage, 1);
	between_two_reads(&s);
	/* The guest has taken the entry out past the library, which still counts it. */
	*world_slot(&s.world, s.gpa, 1) =
		stage->config.format->make_leaf(s.oa, 1, world_prop(stage, world_all_perm(stage)));
	world_end(&s.world);
}
