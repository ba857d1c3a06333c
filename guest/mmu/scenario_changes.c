// SPDX-License-Identifier: MPL-2.0
/*
 * Changes of the second stage under a guest that has the old translations cached: unmapping,
 * permissions taken and given, another frame, leaves split and put together again. Each is followed
 * by the flush that the library asks for, and by nothing more; what asks for none gets none.
 */
#include "guest/mmu/scenarios.h"

#include "core/gather.h"
#include "core/geometry.h"

struct change {
	struct world world;
	unsigned level; /* of the leaf under test */
	mz_oa oa;       /* a data frame that it maps */
	mz_ia gpa;
	uint64_t va, page; /* the guest's pages on from va are gpa's; the second stage's page */
};

#define PAGES 3u /* of the second stage: the one under test is in the middle */

static uint64_t leaf_first(const struct change *c)
{
	return c->gpa.addr & ~(mz_span(c->world.stage->config.format, c->level) - 1);
}

static uint64_t leaf_bytes(const struct change *c)
{
	return mz_span(c->world.stage->config.format, c->level);
}

/* An access to the page after (or before) the one under test. */
static struct access access_at(const struct change *c, int pages, unsigned kind)
{
	return judge_access(c->va + (uint64_t)pages * c->page, kind, false);
}

static void test_at(struct change *c, const char *what, int pages, unsigned kind,
		    enum ending wanted)
{
	struct access access = access_at(c, pages, kind);

	report_test("%s_%s_at_level_%u", c->world.stage->name, what, c->level);
	judge_test(&c->world, &access, wanted);
}

/* Read and written: translations for both are cached. */
static void warm(struct change *c, int pages)
{
	struct access read = access_at(c, pages, MZ_READ);
	struct access write = access_at(c, pages, MZ_WRITE);

	(void)judge(&c->world, &read);
	(void)judge(&c->world, &write);
}

static bool begin(struct change *c, const struct platform *platform, const struct stage *stage)
{
	uint64_t last = c->level > 1 ? PAGES / 2 : 0;

	world_begin(&c->world, platform, stage);
	c->va = world_va(&c->world) + mz_span(stage->config.format, 1) * PAGES;
	c->page = mz_span(stage->config.format, 1);
	if (!world_target(&c->world, c->level, c->level, c->oa, &c->gpa)) {
		world_end(&c->world);
		return false;
	}
	world_map_target(&c->world, c->level, c->gpa, c->oa,
			 world_prop(stage, world_all_perm(stage)));
	for (uint64_t i = 0; i <= 2 * last; i++)
		world_guest_map(&c->world, c->va + (i - last) * c->page,
				mz_ia_from(c->gpa.addr + (i - last) * c->page),
				MZ_READ | MZ_WRITE | MZ_EXEC, false);
	world_use(&c->world);
	warm(c, 0);
	return true;
}

static void end(struct change *c)
{
	world_end(&c->world);
	for (uint64_t at = 0; at < 2 * PAGES * c->page; at += FRAME_BYTES)
		memory_frame_fill(mz_oa_from(c->oa.addr - PAGES * c->page + at));
}

static void unmap_leaf(struct change *c)
{
	must(mz_table_unmap(c->world.stage2, mz_ia_from(leaf_first(c)), leaf_bytes(c), NULL),
	     "mz_table_unmap");
}

static void protect_leaf(struct change *c, unsigned perm)
{
	must(mz_table_protect(c->world.stage2, mz_ia_from(leaf_first(c)), leaf_bytes(c), perm,
			      NULL),
	     "mz_table_protect");
}

static void unmapped(struct change *c)
{
	unmap_leaf(c);
	test_at(c, "unmapped_and_flushed_read", 0, MZ_READ, ENDING_FAULT);
	test_at(c, "unmapped_and_flushed_write", 0, MZ_WRITE, ENDING_FAULT);
}

/*
 * What asks for no flush: it must be seen at once, or after the fence that answers one more fault
 * where the architecture lets absent entries and lesser permissions be cached.
 */
static void test_added(struct change *c, const char *what, unsigned kind)
{
	struct access access = access_at(c, 0, kind);
	struct verdict verdict;

	report_test("%s_%s_at_level_%u", c->world.stage->name, what, c->level);
	verdict = judge(&c->world, &access);
	if (verdict.wrong != NULL && verdict.outcome.ending == ENDING_FAULT) {
		c->world.platform->flush(NULL, c->gpa, c->gpa, false);
		verdict = judge(&c->world, &access);
	}
	judge_report(&verdict, ENDING_DONE);
}

static void mapped_without_flush(struct change *c)
{
	const struct stage *stage = c->world.stage;

	unmap_leaf(c);
	test_at(c, "absent_before_it_is_mapped", 0, MZ_READ, ENDING_FAULT);
	c->world.flushing = false;
	world_map_target(&c->world, c->level, c->gpa, c->oa,
			 world_prop(stage, world_all_perm(stage)));
	test_added(c, "mapped_without_a_flush", MZ_READ);
}

static void protected(struct change *c)
{
	protect_leaf(c, world_all_perm(c->world.stage) & ~(unsigned)MZ_WRITE);
	test_at(c, "protected_and_flushed_read", 0, MZ_READ, ENDING_DONE);
	test_at(c, "protected_and_flushed_write", 0, MZ_WRITE, ENDING_FAULT);
	c->world.flushing = false;
	protect_leaf(c, world_all_perm(c->world.stage));
	test_added(c, "permission_given_back_without_a_flush", MZ_WRITE);
}

static void execute_taken(struct change *c)
{
	struct access fetch = access_at(c, 0, MZ_EXEC);

	(void)judge(&c->world, &fetch);
	protect_leaf(c, MZ_READ | MZ_WRITE);
	test_at(c, "execute_taken_and_flushed_fetch", 0, MZ_EXEC, ENDING_FAULT);
	test_at(c, "execute_taken_and_flushed_write", 0, MZ_WRITE, ENDING_DONE);
}

/* Elsewhere: the same page of the leaf, in a frame that lies otherwise. */
static void remapped(struct change *c)
{
	const struct stage *stage = c->world.stage;
	uint64_t page = c->gpa.addr & ~(c->page - 1);

	must(mz_table_unmap(c->world.stage2, mz_ia_from(page), c->page, NULL), "mz_table_unmap");
	world_map(&c->world, mz_ia_from(page), c->page,
		  mz_oa_from((c->oa.addr & ~(c->page - 1)) + 2 * c->page),
		  world_prop(stage, world_all_perm(stage)));
	test_at(c, "remapped_and_flushed_read", 0, MZ_READ, ENDING_DONE);
	test_at(c, "remapped_and_flushed_write", 0, MZ_WRITE, ENDING_DONE);
	test_at(c, "remapped_and_flushed_fetch", 0, MZ_EXEC, ENDING_DONE);
}

/* A page inside of a large leaf loses write; its neighbours do not. */
static void split(struct change *c)
{
	uint64_t page = c->gpa.addr & ~(c->page - 1);

	warm(c, -1);
	warm(c, 1);
	must(mz_table_protect(c->world.stage2, mz_ia_from(page), c->page,
			      world_all_perm(c->world.stage) & ~(unsigned)MZ_WRITE, NULL),
	     "mz_table_protect");
	test_at(c, "split_write_to_the_page", 0, MZ_WRITE, ENDING_FAULT);
	test_at(c, "split_read_of_the_page", 0, MZ_READ, ENDING_DONE);
	test_at(c, "split_write_before_the_page", -1, MZ_WRITE, ENDING_DONE);
	test_at(c, "split_write_behind_the_page", 1, MZ_WRITE, ENDING_DONE);
}

/* What was split becomes one leaf again: its nodes are cut, and must not be walked any more. */
static void collapsed(struct change *c)
{
	const struct stage *stage = c->world.stage;

	unmap_leaf(c);
	test_at(c, "cut_nodes_are_not_walked", 0, MZ_READ, ENDING_FAULT);
	world_map_target(&c->world, c->level, c->gpa, c->oa,
			 world_prop(stage, world_all_perm(stage)));
	test_at(c, "collapsed_write_to_the_page", 0, MZ_WRITE, ENDING_DONE);
	test_at(c, "collapsed_write_before_the_page", -1, MZ_WRITE, ENDING_DONE);
	test_at(c, "collapsed_read_behind_the_page", 1, MZ_READ, ENDING_DONE);
}

static void split_and_collapsed(struct change *c)
{
	split(c);
	collapsed(c);
}

/*
 * A change that is gathered: nothing is given back before the flush, which is the caller's to
 * begin; but what has to be broken before it is made anew is flushed before it is unlocked.
 */
static void gathered(struct change *c)
{
	const struct stage *stage = c->world.stage;
	bool breaks = stage->config.format->break_before_make;
	struct mz_gather gather;

	mz_gather_init(&gather, c->world.stage2);
	c->world.flushed = false;
	must(mz_table_unmap(c->world.stage2, mz_ia_from(leaf_first(c)), leaf_bytes(c), &gather),
	     "mz_table_unmap");
	report_test("%s_a_gather_%s_at_level_%u", stage->name,
		    breaks ? "is_flushed_before_the_unlock" : "does_not_flush", c->level);
	if (c->world.flushed != breaks)
		report_not_ok(breaks ? "the flush hook was not called"
				     : "the flush hook was called");
	else
		report_ok();
	mz_gather_finish(&gather);
	test_at(c, "unmapped_and_gathered_read", 0, MZ_READ, ENDING_FAULT);
}

void scenario_changes(const struct platform *platform, const struct stage *stage)
{
	static void (*const changes[])(struct change *) = {
		unmapped, mapped_without_flush, protected, execute_taken, remapped,
		gathered, split_and_collapsed,
	};
	static struct change c;

	c.oa = mz_oa_from(memory_data().addr + memory_data_bytes() / 2 + 8 * 65536);
	for (c.level = 1; c.level <= stage->config.format->levels; c.level++) {
		if (!stage_leaf_allowed(stage, c.level))
			continue;
		for (unsigned i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
			if ((changes[i] == split_and_collapsed && c.level == 1) ||
			    !begin(&c, platform, stage))
				continue;
			changes[i](&c);
			end(&c);
		}
	}
}
