// SPDX-License-Identifier: MPL-2.0
#include "tests/explore/program.h"

#include <stdio.h>
#include <string.h>

#include "core/check.h"
#include "tests/explore/caches.h"
#include "tests/explore/clones.h"
#include "tests/explore/contents.h"
#include "tests/explore/flags.h"
#include "tests/explore/grace.h"
#include "tests/explore/history.h"
#include "tests/explore/mmu.h"
#include "tests/explore/outside.h"
#include "tests/explore/sched.h"
#include "tests/explore/world.h"
#include "tests/explore/writable.h"

struct world world;

static const struct program *running;
static struct world kept;
static struct serial_pages begin_pages, end_pages;

/* ---- Text ---- */

static bool parse_actions(struct actions *actions, char *text)
{
	char *save;

	actions->count = 0;
	for (char *part = strtok_r(text, ";", &save); part != NULL;
	     part = strtok_r(NULL, ";", &save)) {
		if (actions->count == ACTIONS_MAX ||
		    !action_parse(&actions->list[actions->count++], part))
			return false;
	}
	return true;
}

bool program_parse(struct program *program, const struct mz_format *format, unsigned flags,
		   const char *beginning, const char *threads)
{
	char text[1024];
	char *save;

	*program = (struct program) {.format = format, .flags = flags};
	snprintf(text, sizeof(text), "%s", beginning);
	if (!parse_actions(&program->beginning, text))
		return false;
	snprintf(text, sizeof(text), "%s", threads);
	for (char *part = strtok_r(text, "|", &save); part != NULL;
	     part = strtok_r(NULL, "|", &save))
		if (program->thread_count == THREADS_MAX ||
		    !parse_actions(&program->threads[program->thread_count++], part))
			return false;
	for (unsigned i = 0; i < program->thread_count; i++)
		for (unsigned k = 0; k < program->threads[i].count; k++)
			if (program->threads[i].list[k].run == mmu_access)
				program->flags |= PROGRAM_WALKED;
	return true;
}

/* ---- Runs ---- */

static void count_item(struct mz_item item, int change)
{
	uint64_t page = item.oa.addr >> TINY_PAGE_LG2;
	uint64_t count = mz_span(running->format, item.level) >> TINY_PAGE_LG2;

	for (; count > 0 && page < MEMORY_CONTENTS; count--, page++) {
		world.items[page] += change;
		if (world.items[page] < 0)
			fail("an item is put that was not taken");
	}
}

static void item_take(void *context, struct mz_item item)
{
	(void)context;
	count_item(item, 1);
}

static void item_put(void *context, struct mz_item item)
{
	(void)context;
	count_item(item, -1);
	world_note_dirty(item, 1);
}

/* Who works on which space, and what they share besides nodes. */
static void settle_threads(const struct program *program)
{
	mmu_watch(program);
	outside_forget();
	for (unsigned i = 0; i < 2; i++)
		outside_share(&world.spaces[i].list_lock);
	for (unsigned t = 0; t < program->thread_count; t++) {
		const struct actions *actions = &program->threads[t];

		world.on[t] = actions->count > 0 && actions->list[0].run == clones_switch;
		for (unsigned i = 0; i < actions->count; i++)
			if (actions->list[i].run == clones_make)
				clones_share_gate();
	}
}

void program_begin(const struct program *program)
{
	struct mz_config config = {
		.format = program->format, .memory = memory_hooks(), .rcu = grace_hooks()};
	struct mz_region ram = {
		.bytes = (uint64_t)1 << program->format->ia_lg2,
		.oa = world_oa(THREADS_MAX, 0),
		.kind = MZ_REGION_RAM,
	};

	running = program;
	if (program->flags & PROGRAM_BASE_PAGES)
		config.leaf_levels = 1 << 1;
	if (program->flags & PROGRAM_HARDWARE)
		config.features = MZ_HW_ACCESSED_DIRTY;
	if (program->flags & PROGRAM_CACHED)
		config.flush = caches_hooks();
	if (program->flags & PROGRAM_WALKED)
		config.flush = mmu_hooks(0);
	if (program->flags & PROGRAM_TRACKED)
		config.items = (struct mz_items) {.take = item_take, .put = item_put};
	memory_clear((program->flags & PROGRAM_HARDWARE) != 0);
	grace_clear();
	history_clear();
	serial_clear(program->format, program->flags);
	memset(&world, 0, sizeof(world));
	world.flags = program->flags;
	settle_threads(program);
	memory_besides(&world, sizeof(world));
	if (mz_space_init(&world.spaces[0], &config, &contents_backing, &world.regions[0], 1) !=
		    MZ_OK ||
	    mz_space_add(&world.spaces[0], &ram) != MZ_OK)
		fail("the space cannot be made");
	for (unsigned i = 0; i <= THREADS_MAX; i++)
		mz_worker_begin(&world.workers[0][i], &world.spaces[0]);
	for (unsigned i = 0; i < program->beginning.count; i++)
		program->beginning.list[i].run(&program->beginning.list[i], THREADS_MAX);
	if (program->flags & PROGRAM_ACTIVE)
		(void)mz_processor_activate(&world.processor, &world.spaces[0].table);
	serial_look(&begin_pages, &world.spaces[0].table);
	if (program->format->hierarchical)
		writable_look(&world.spaces[0].table);
	history_watch(&world.spaces[0].table);
	memory_keep();
	kept = world;
}

static void thread_main(unsigned thread)
{
	const struct actions *actions = &running->threads[thread];

	for (unsigned i = 0; i < actions->count; i++)
		actions->list[i].run(&actions->list[i], thread);
}

void program_start(void)
{
	world = kept;
	memory_restore();
	grace_clear();
	history_clear();
	caches_clear();
	outside_clear();
	mmu_clear();
	flags_clear();
	contents_clear();
	for (unsigned i = 0; i < running->thread_count; i++)
		task_begin(i, thread_main);
}

static void check_items(const struct serial_pages *end)
{
	int expected[MEMORY_CONTENTS] = {0};

	if ((running->flags & PROGRAM_TRACKED) == 0 || (running->flags & PROGRAM_CLONED) != 0)
		return;
	for (unsigned i = 0; i < end->count; i++)
		if (serial_mapped(end->pages[i]))
			expected[serial_oa(end->pages[i])]++;
	if (memcmp(expected, world.items, sizeof(expected)) != 0)
		fail("items are taken that are not mapped, or mapped and not taken");
}

/* A page that the MMU has written to is dirty in the table, or was handed out as dirty. */
static void check_dirty(const struct serial_pages *end)
{
	if ((running->flags & (PROGRAM_TRACKED | PROGRAM_REPORTED)) == 0)
		return;
	for (unsigned i = 0; i < end->count; i++)
		if (serial_mapped(end->pages[i]) && serial_dirty(end->pages[i]))
			world.touched[serial_oa(end->pages[i])] = false;
	for (unsigned i = 0; i < MEMORY_CONTENTS; i++)
		if (world.touched[i] && !world.reported[i])
			fail("a dirty bit is lost");
}

static void check_nothing_left(void)
{
	for (unsigned i = 0; i <= THREADS_MAX; i++) {
		mz_worker_end(&world.workers[0][i]);
		if (world.clone_works)
			mz_worker_end(&world.workers[1][i]);
	}
	if (world.cloned)
		mz_table_destroy(&world.spaces[1].table);
	if (!world.destroyed)
		mz_table_destroy(&world.spaces[0].table);
	if (world.processor.active != NULL)
		mz_processor_deactivate(&world.processor);
	if (memory_live_nodes() != 0)
		fail("%u nodes are never freed", memory_live_nodes());
	for (unsigned i = 0; i < MEMORY_CONTENTS; i++)
		if (world.items[i] != 0)
			fail("an item is never put");
}

static void check_rules(unsigned number)
{
	struct mz_violation violation = mz_table_check(&world.spaces[number].table);

	if (violation.rule != MZ_RULE_NONE)
		fail("rule broken at the end: %s", mz_rule_text(violation.rule));
}

void program_finish(void)
{
	end_pages = (struct serial_pages) {0};

	if (world.cloned)
		check_rules(1);
	if (!world.destroyed) {
		check_rules(0);
		serial_look(&end_pages, &world.spaces[0].table);
		history_settle();
		/* Of clones, contents say it all. */
		if ((running->flags & PROGRAM_CLONED) == 0)
			serial_check(&begin_pages, &end_pages);
		if ((running->flags & PROGRAM_CLONED) == 0 && running->format->hierarchical)
			writable_check(&world.spaces[0].table);
		contents_check();
		flags_check();
		check_items(&end_pages);
		check_dirty(&end_pages);
		caches_check(&world.spaces[0].table);
	}
	check_nothing_left();
}

const struct serial_pages *program_pages(bool end)
{
	return end ? &end_pages : &begin_pages;
}
