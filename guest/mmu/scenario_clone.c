// SPDX-License-Identifier: MPL-2.0
/*
 * Clones of a space under the guest, which runs in one and in another: all share memory until one
 * of them writes, then it alone sees what it has written. Each goes in its turn, and in the end
 * all nodes and all frames have come back.
 */
#include "ept/clone.h"

#include "core/geometry.h"
#include "guest/mmu/scenarios.h"
#include "guest/mmu/tenant.h"

#define FRAMES 64u

enum { ORIGINAL, CLONE, CLONE_OF_CLONE };

/*
 * Pages for copies, and how many leaves map each. Large leaves of the memory under test map them
 * too, all alike; so there is one more that is never used, and has the leaves that do not count.
 */
static struct {
	uint64_t first, page;
	int leaves[FRAMES + 1];
	unsigned used; /* since the start, from the first on */
} frames;

struct clones {
	struct tenant tenant;
	uint64_t values[TENANT_HOMES][TENANT_PAGES]; /* what each must read */
};

static bool is_out(unsigned frame)
{
	return frames.leaves[frame] != frames.leaves[FRAMES];
}

static unsigned count_out(void)
{
	unsigned out = 0;

	for (unsigned i = 0; i < FRAMES; i++)
		out += is_out(i) ? 1 : 0;
	return out;
}

static enum mz_error copy(void *context, const struct mz_region *region, mz_ia ia,
			  struct mz_item from, mz_oa *to)
{
	unsigned frame = 0;

	(void)context, (void)region, (void)ia;
	while (frame < FRAMES && is_out(frame))
		frame++;
	if (frame == FRAMES)
		return MZ_NO_MEMORY;
	frames.used = frame < frames.used ? frames.used : frame + 1;
	to->addr = frames.first + frame * frames.page;
	__builtin_memcpy(memory_word(*to), memory_word(from.oa), frames.page);
	return MZ_OK;
}

/* Nobody else was faster, for there is nobody. */
static void release(void *context, const struct mz_region *region, mz_oa oa, unsigned level)
{
	(void)context, (void)region, (void)oa, (void)level;
	must(MZ_OCCUPIED, "release");
}

static void count(const struct mz_format *f, struct mz_item item, int by)
{
	for (unsigned i = 0; i <= FRAMES; i++)
		if (frames.first + i * frames.page - item.oa.addr < mz_span(f, item.level))
			frames.leaves[i] += by;
}

static void take(void *context, struct mz_item item)
{
	count(context, item, 1);
}

static void put(void *context, struct mz_item item)
{
	count(context, item, -1);
}

static bool begin(struct clones *c, const struct platform *platform, const struct stage *stage,
		  unsigned level)
{
	static const struct mz_backing backing = {.copy = copy, .release = release};
	struct mz_items items = {(void *)(uintptr_t)stage->config.format, take, put};

	frames.first = memory_data().addr + memory_data_bytes() / 2 + 32 * 65536;
	frames.page = mz_span(stage->config.format, 1);
	frames.used = 0;
	return tenant_begin_backed(&c->tenant, platform, stage, level,
				   world_prop(stage, world_all_perm(stage)), &backing, &items);
}

static void move(struct clones *c, unsigned home)
{
	tenant_move(&c->tenant, &c->tenant.homes[home]);
}

static unsigned home_of(const struct clones *c)
{
	return (unsigned)(c->tenant.home - c->tenant.homes);
}

/* A read by the guest where it is: of what was written for it last. */
static void test_read(struct clones *c, const char *what, unsigned n)
{
	struct access access = tenant_access(&c->tenant, n, MZ_READ);
	struct stay stay;

	tenant_name(&c->tenant, what);
	stay = tenant_try(&c->tenant, &access);
	if (stay.verdict.wrong == NULL && stay.verdict.outcome.ending == ENDING_DONE &&
	    stay.verdict.outcome.value != c->values[home_of(c)][n])
		report_not_ok("%llx was read, not %llx",
			      (unsigned long long)stay.verdict.outcome.value,
			      (unsigned long long)c->values[home_of(c)][n]);
	else
		tenant_report(&stay, 0);
}

static void test_write(struct clones *c, const char *what, unsigned n, bool faults)
{
	struct access access = tenant_access(&c->tenant, n, MZ_WRITE);
	struct stay stay;

	tenant_name(&c->tenant, what);
	stay = tenant_try(&c->tenant, &access);
	c->values[home_of(c)][n] = access.value;
	tenant_report(&stay, faults);
}

/* What may be written, and may be cached so, must not be any more. */
static void test_made(struct clones *c, const char *what, unsigned of, unsigned to)
{
	struct home *from = &c->tenant.homes[of], *home = &c->tenant.homes[to];

	tenant_name(&c->tenant, what);
	c->tenant.world.flushed = false;
	must(mz_space_clone(&home->space, &from->space, &from->space.table.config.flush,
			    home->regions, 2),
	     "mz_space_clone");
	mz_worker_begin(&home->worker, &home->space);
	for (unsigned n = 0; n < TENANT_PAGES; n++)
		c->values[to][n] = c->values[of][n];
	if (c->tenant.world.flushed)
		report_ok();
	else
		report_not_ok("the flush hook was not called");
}

/* The last page is not touched before there are clones. */
static void fill(struct clones *c)
{
	for (unsigned n = 0; n < TENANT_PAGES; n++)
		c->values[ORIGINAL][n] = *memory_word(
			mz_oa_from(c->tenant.oa.addr + n * c->tenant.page + FRAME_WRITE));
	for (unsigned n = 0; n < TENANT_PAGES - 1; n++)
		test_write(c, "clone_of_what_was_written", n, n == 0 || c->tenant.level == 1);
}

/* Before anything else is done in a space: where a walk counts as a write, tables are copied. */
static void test_clone(struct clones *c)
{
	test_made(c, "clone_is_made", ORIGINAL, CLONE);
	test_read(c, "clone_original_is_walked", 2);
	test_write(c, "clone_original_writes", 0, true);
	test_write(c, "clone_original_writes_again", 0, false);
	move(c, CLONE);
	test_read(c, "clone_is_walked", 2);
	test_read(c, "clone_reads_what_was", 0);
	test_write(c, "clone_writes", 1, true);
	test_write(c, "clone_writes_again", 1, false);
	move(c, ORIGINAL);
	test_read(c, "clone_original_reads_its_own", 0);
	test_read(c, "clone_original_reads_what_was", 1);
	test_write(c, "clone_original_writes_after_the_clone", 1, true);
	move(c, CLONE);
	test_read(c, "clone_reads_its_own", 1);
}

static void test_clone_of_clone(struct clones *c)
{
	test_made(c, "clone_of_clone_is_made", CLONE, CLONE_OF_CLONE);
	test_read(c, "clone_is_walked_when_it_is_cloned", 2);
	test_write(c, "clone_writes_when_it_is_cloned", 1, true);
	move(c, CLONE_OF_CLONE);
	test_read(c, "clone_of_clone_is_walked", 2);
	test_read(c, "clone_of_clone_reads_what_was", 1);
	test_write(c, "clone_of_clone_writes", 0, true);
	test_write(c, "clone_of_clone_writes_what_none_has", TENANT_PAGES - 1, true);
	move(c, CLONE);
	test_read(c, "clone_reads_what_was_still", 0);
}

static void test_given_back(struct clones *c, const char *what, unsigned out_max)
{
	unsigned out = count_out();

	tenant_name(&c->tenant, what);
	if (out <= out_max && (out_max > 0 || frames.leaves[FRAMES] == 0))
		report_ok();
	else
		report_not_ok("%u frames are out", out);
}

/* In the order in which they were made. The original has two pages of its own. */
static void test_without(struct clones *c)
{
	unsigned out = count_out();

	home_end(&c->tenant.homes[ORIGINAL]);
	test_given_back(c, "clone_without_original_has_fewer_frames", out - 2);
	test_read(c, "clone_without_original_reads", 2);
	test_write(c, "clone_without_original_writes", 2, true);
	move(c, CLONE_OF_CLONE);
	home_end(&c->tenant.homes[CLONE]);
	test_read(c, "clone_of_clone_alone_reads", 2);
	test_read(c, "clone_of_clone_alone_reads_its_own", TENANT_PAGES - 1);
	test_write(c, "clone_of_clone_alone_writes", 2, true);
}

/* All of the spaces are gone. */
static void end(struct clones *c)
{
	tenant_end(&c->tenant);
	for (uint64_t at = 0; at < frames.used * frames.page; at += FRAME_BYTES)
		memory_frame_fill(mz_oa_from(frames.first + at));
	test_given_back(c, "clone_frames_come_back", 0);
}

void scenario_clone(const struct platform *platform, const struct stage *stage)
{
	static struct clones c;

	for (unsigned level = 1; level <= stage->config.format->levels; level++) {
		if (!stage_leaf_allowed(stage, level) || !begin(&c, platform, stage, level))
			continue;
		fill(&c);
		test_clone(&c);
		test_clone_of_clone(&c);
		test_without(&c);
		end(&c);
	}
}
