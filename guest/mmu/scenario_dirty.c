// SPDX-License-Identifier: MPL-2.0
/*
 * Who wants to know what the guest writes gets just that, epoch by epoch: by the faults of
 * protected memory, in pages or in leaves as they are; by the flags that the MMU sets; by the
 * processor's log.
 */
#include "ept/dirty.h"

#include "core/geometry.h"
#include "guest/mmu/scenarios.h"
#include "guest/mmu/tenant.h"

enum source { BY_FAULTS, BY_FAULTS_IN_LEAVES, BY_FLAGS, BY_LOG, SOURCES };

static const char *const names[SOURCES] = {"by_faults", "by_faults_in_leaves", "by_flags",
					   "by_the_log"};

struct epochs {
	struct tenant tenant;
	enum source source;
	struct mz_dirty consumer, other; /* the other collects when all is over */
	unsigned unit;                   /* the level of what is told at once */
	/* By page, as masks: what is mapped, what was written in this epoch, and since the start.
	 */
	unsigned mapped, written, ever;
};

/* All pages of a leaf that is mapped, or told of, as a whole. */
static unsigned pages_of(unsigned level, unsigned n)
{
	return level > 1 ? (1u << TENANT_PAGES) - 1 : 1u << n;
}

static void name(const struct epochs *e, const char *what)
{
	report_test("%s_tracked_%s_%s_at_level_%u", e->tenant.stage.name, names[e->source], what,
		    e->tenant.level);
}

/* An access faults where nothing is mapped, and a tracked write where it is the epoch's first. */
static void make(struct epochs *e, const char *what, unsigned n, unsigned kind)
{
	bool tracked = e->source == BY_FAULTS || e->source == BY_FAULTS_IN_LEAVES;
	bool first = kind == MZ_WRITE && e->consumer.space != NULL && (e->written >> n & 1) == 0;
	bool faults = (e->mapped >> n & 1) == 0 || (tracked && first);
	struct access access = tenant_access(&e->tenant, n, kind);
	struct stay stay;

	name(e, what);
	stay = tenant_try(&e->tenant, &access);
	tenant_report(&stay, faults ? 1 : 0);
	e->mapped |= pages_of(e->tenant.level, n);
	if (kind == MZ_WRITE && e->consumer.space != NULL) {
		e->written |= pages_of(e->unit, n);
		e->ever |= e->written;
	}
}

/*
 * What the log names is told, and nothing else is: the flags are only cleared, so that the next
 * write is logged again. Of a leaf that is dirty already no write is, so all of the leaf is told.
 */
static void tell_log(struct epochs *e, bool told)
{
	struct mz_space *space = &e->tenant.home->space;
	uint64_t gpa;

	while (e->tenant.world.platform->take_log(&e->tenant.stage, &gpa, 1) == 1) {
		unsigned level = mz_table_query(&space->table, mz_ia_from(gpa)).level;
		uint64_t span = mz_span(space->table.config.format, level);

		if (told)
			must(mz_space_written(space, mz_ia_from(gpa & ~(span - 1)), span),
			     "mz_space_written");
	}
	tenant_forget(&e->tenant, MZ_DIRTY);
}

/* What a consumer hands out: how much, and which of the pages under test. */
struct handed {
	const struct tenant *tenant;
	uint64_t bytes;
	unsigned pages;
};

static bool hand_out(void *context, mz_ia ia, uint64_t bytes)
{
	struct handed *handed = context;
	const struct tenant *tenant = handed->tenant;

	handed->bytes += bytes;
	for (unsigned n = 0; n < TENANT_PAGES; n++)
		if (tenant->gpa.addr + n * tenant->page - ia.addr < bytes)
			handed->pages |= 1u << n;
	return true;
}

static struct handed collect(struct epochs *e, struct mz_dirty *consumer, mz_ia ia, uint64_t bytes)
{
	struct handed handed = {.tenant = &e->tenant};

	must(mz_dirty_collect(consumer, ia, bytes), "mz_dirty_collect");
	mz_dirty_each(consumer, ia, bytes, hand_out, &handed);
	mz_dirty_commit(consumer);
	return handed;
}

static uint64_t bytes_of(const struct epochs *e, unsigned pages)
{
	uint64_t bytes = 0;

	if (e->unit > 1)
		return pages != 0 ? mz_span(e->tenant.stage.config.format, e->unit) : 0;
	for (; pages != 0; pages &= pages - 1)
		bytes += e->tenant.page;
	return bytes;
}

/* Exactly these pages are handed out, and were flushed if there were any. */
static void test_collected(struct epochs *e, const char *what, struct mz_dirty *consumer,
			   unsigned pages)
{
	struct handed handed;

	name(e, what);
	e->tenant.world.flushed = false;
	if (e->source == BY_LOG)
		tell_log(e, true);
	handed = collect(e, consumer, tenant_first(&e->tenant), tenant_bytes(&e->tenant));
	if (handed.pages != pages || handed.bytes != bytes_of(e, pages))
		report_not_ok("pages %x, %llx bytes in all, where %x were written", handed.pages,
			      (unsigned long long)handed.bytes, pages);
	else if (e->written != 0 && !e->tenant.world.flushed)
		report_not_ok("the flush hook was not called");
	else
		report_ok();
	e->written = 0;
}

/* The guest's page tables are written where a walk counts as a write. */
static void test_walks(struct epochs *e)
{
	bool written = e->tenant.stage.walk_writes;
	struct handed handed;

	if (e->tenant.world.stage1_format == NULL || e->source == BY_LOG)
		return;
	name(e, written ? "page_tables_are_told" : "page_tables_are_not_told");
	handed = collect(e, &e->other, mz_ia_from(memory_guest().addr), memory_guest_bytes());
	if ((handed.bytes != 0) != written)
		report_not_ok("%llx bytes", (unsigned long long)handed.bytes);
	else
		report_ok();
}

static void start(struct epochs *e)
{
	unsigned leaf_level = e->source == BY_FAULTS ? 1 : 0;

	if (e->source == BY_LOG)
		tell_log(e, false);
	must(mz_dirty_start(&e->consumer, &e->tenant.home->space, leaf_level), "mz_dirty_start");
	must(mz_dirty_start(&e->other, &e->tenant.home->space, leaf_level), "mz_dirty_start");
}

/* The last page is not touched before the second epoch. */
static void two_epochs(struct epochs *e)
{
	make(e, "what_is_absent_comes_in", 0, MZ_READ);
	make(e, "a_write_before", 1, MZ_WRITE);
	make(e, "a_read_before", 2, MZ_READ);
	start(e);
	make(e, "a_read", 1, MZ_READ);
	make(e, "the_first_write", 0, MZ_WRITE);
	make(e, "the_second_write", 0, MZ_WRITE);
	make(e, "a_write_to_another_page", 2, MZ_WRITE);
	test_collected(e, "the_first_epoch", &e->consumer, e->written);
	make(e, "a_write_in_the_second_epoch", 0, MZ_WRITE);
	make(e, "a_write_to_a_page_new_to_it", 3, MZ_WRITE);
	test_collected(e, "the_second_epoch", &e->consumer, e->written);
	make(e, "a_read_in_the_third_epoch", 0, MZ_READ);
	test_collected(e, "an_epoch_of_reads", &e->consumer, 0);
	test_collected(e, "another_consumer", &e->other, e->ever);
	test_walks(e);
	mz_dirty_stop(&e->other);
	mz_dirty_stop(&e->consumer);
}

static bool has_source(const struct platform *platform, const struct stage *stage,
		       enum source source, unsigned level)
{
	const struct mz_config *c = &stage->config;
	bool flags = (c->features & MZ_HW_ACCESSED_DIRTY) != 0 &&
		(c->format->hw_flags & MZ_DIRTY) != 0;
	bool small = tenant_has_sets(platform, stage, level);

	switch (source) {
	case BY_FAULTS:
		return !flags || stage->flags_always;
	case BY_FAULTS_IN_LEAVES:
		return (!flags || stage->flags_always) && level > 1 && small;
	case BY_FLAGS:
		return flags && small;
	default:
		return flags && small && platform->take_log != NULL;
	}
}

static void track(struct epochs *e, const struct platform *platform, const struct stage *stage,
		  unsigned level)
{
	bool flags = e->source == BY_FLAGS || e->source == BY_LOG;
	unsigned perm = world_all_perm(stage);
	struct mz_prop prop = flags ? world_clean_prop(stage, perm) : world_prop(stage, perm);

	e->mapped = e->written = e->ever = 0;
	e->consumer.space = NULL;
	e->unit = e->source == BY_FAULTS ? 1 : level;
	if (!tenant_begin(&e->tenant, platform, stage, level, flags ? 0 : MZ_HW_ACCESSED_DIRTY,
			  prop))
		return;
	two_epochs(e);
	tenant_end(&e->tenant);
}

void scenario_dirty(const struct platform *platform, const struct stage *stage)
{
	static struct epochs e;

	for (e.source = BY_FAULTS; e.source < SOURCES; e.source++)
		for (unsigned level = 1; level <= stage->config.format->levels; level++)
			if (stage_leaf_allowed(stage, level) &&
			    has_source(platform, stage, e.source, level))
				track(&e, platform, stage, level);
}
