// SPDX-License-Identifier: MPL-2.0
/* What the threads of a program do, and the words for it. */
#include "tests/explore/world.h"

#include <stdlib.h>
#include <string.h>

#include "core/entry.h"
#include "core/huge.h"
#include "core/walk.h"
#include "tests/explore/caches.h"
#include "tests/explore/clones.h"
#include "tests/explore/flags.h"
#include "tests/explore/history.h"
#include "tests/explore/mmu.h"
#include "tests/explore/sched.h"
#include "tests/explore/tiny.h"

static struct mz_cursor cursors[THREADS_MAX + 1];
static struct mz_gather gathers[THREADS_MAX + 1];

static mz_ia ia_of(const struct action *action)
{
	return mz_ia_from(action->first * TINY_PAGE);
}

static uint64_t bytes_of(const struct action *action)
{
	return action->count * TINY_PAGE;
}

static void must_be(enum mz_error error, enum mz_error other)
{
	if (error != MZ_OK && error != other)
		fail("answered: %s", mz_error_text(error));
}

static void run_map(const struct action *action, unsigned thread)
{
	mz_ia ia = ia_of(action);

	must_be(mz_table_map(table_of(thread), ia, bytes_of(action), world_oa(thread, ia.addr),
			     mz_prop_from(action->perm)),
		MZ_OCCUPIED);
}

/* The pages of an item that is no longer mapped; the MMU has written to them. */
void world_note_dirty(struct mz_item item, unsigned count)
{
	const struct mz_format *f = world.spaces[0].table.config.format;
	uint64_t page = item.oa.addr >> TINY_PAGE_LG2;

	if (item.prop.flags & MZ_DIRTY)
		for (uint64_t i = 0; i < count * mz_span(f, item.level) >> TINY_PAGE_LG2; i++)
			world.reported[page + i] = true;
}

static void note_unmapped(void *context, mz_ia ia, struct mz_item item, unsigned count)
{
	(void)context, (void)ia;
	world_note_dirty(item, count);
}

static struct mz_gather *gather_begin(unsigned thread)
{
	mz_gather_init(&gathers[thread], table_of(thread));
	if (world.flags & PROGRAM_REPORTED)
		gathers[thread].unmapped = note_unmapped;
	return &gathers[thread];
}

static void run_unmap(const struct action *action, unsigned thread)
{
	bool reported = (world.flags & PROGRAM_REPORTED) != 0;
	struct mz_gather *gather = reported ? gather_begin(thread) : NULL;

	must_be(mz_table_unmap(table_of(thread), ia_of(action), bytes_of(action), gather), MZ_OK);
	if (reported)
		mz_gather_finish(gather);
}

static void run_protect(const struct action *action, unsigned thread)
{
	must_be(mz_table_protect(table_of(thread), ia_of(action), bytes_of(action), action->perm,
				 NULL),
		MZ_OK);
}

static void run_query(const struct action *action, unsigned thread)
{
	(void)mz_table_query(table_of(thread), ia_of(action));
}

static void run_walk(const struct action *action, unsigned thread)
{
	struct mz_walk walk;

	must_be(mz_table_walk(table_of(thread), ia_of(action), &walk), MZ_NOT_MAPPED);
}

/* A fault is made of calls that are watched; here, that its answer is what they came to. */
static void run_fault(const struct action *action, unsigned thread)
{
	unsigned calls = history.call_count;
	struct mz_fault_record record = mz_fault_record_of(ia_of(action), action->perm);
	struct mz_fault fault;
	enum mz_answer answer = mz_space_fault(&world.workers[world.on[thread]][thread], &record,
					       &fault);
	bool done = false;

	for (unsigned i = calls; i < history.call_count; i++)
		done |= (history.calls[i].kind == CALL_MAP ||
			 history.calls[i].kind == CALL_WRITE_ENABLE) &&
			history.calls[i].error == MZ_OK &&
			history.calls[i].unit / UNITS_EACH == thread;
	if (answer != MZ_RESOLVED && answer != MZ_RETRY && answer != MZ_DENIED)
		fail("a fault is answered: %s", mz_answer_text(answer));
	if (done != (answer == MZ_RESOLVED) && (world.flags & PROGRAM_CLONED) == 0)
		fail("a fault is answered %s, and has %s", mz_answer_text(answer),
		     done ? "done something" : "done nothing");
}

/* What the MMU does. It is a reader: a flush waits for it before nodes are retired. */
static struct mz_item walk_and_mark(const struct mz_table *table, uint64_t addr, unsigned access)
{
	const struct mz_format *f = table->config.format;
	uint64_t marks = access & MZ_WRITE ? TINY_ACCESSED | TINY_DIRTY : TINY_ACCESSED;
	struct mz_item item = {mz_oa_from(0), mz_prop_from(0), 0};
	uint64_t *slots = table->root;
	unsigned level = f->levels;

	for (;;) {
		uint64_t *slot = &slots[mz_index(f, addr, level)];
		uint64_t entry = mz_load_acquire(slot);
		enum mz_kind kind = f->kind(entry, level);

		if (kind == MZ_NODE) {
			slots = mz_slots_at(&table->config, f->oa(entry, level));
			level--;
			continue;
		}
		if (kind == MZ_ABSENT || (f->prop(entry, level).perm & access) != access)
			return item;
		if ((entry & marks) == marks || mz_replace(slot, &entry, entry | marks)) {
			item = (struct mz_item) {f->oa(entry, level), f->prop(entry, level),
						 (uint8_t)level};
			item.oa.addr += addr & (mz_span(f, level) - 1);
			return item;
		}
		/* The entry has changed: the walk begins again. */
		slots = table->root;
		level = f->levels;
	}
}

static void run_touch(const struct action *action, unsigned thread)
{
	const struct mz_table *table = table_of(thread);
	struct call *call = history_begin(CALL_TOUCH, ia_of(action).addr);

	call->perm = action->perm;
	table->config.rcu.enter(NULL);
	call->item = walk_and_mark(table, ia_of(action).addr, action->perm);
	table->config.rcu.leave(NULL);
	history_end(call);
	if (call->item.level == 0)
		return;
	call->count = (unsigned)(mz_span(table->config.format, call->item.level) >> TINY_PAGE_LG2);
	if (action->perm & MZ_WRITE)
		world.touched[call->item.oa.addr >> TINY_PAGE_LG2] = true;
}

/* The highest level of which an entry maps no more than the action's pages. */
static unsigned level_of(const struct action *action)
{
	const struct mz_format *f = world.spaces[0].table.config.format;
	unsigned level = 1;

	while (level < f->levels && mz_span(f, level + 1) <= bytes_of(action))
		level++;
	return level;
}

static void run_fill(const struct action *action, unsigned thread)
{
	struct mz_fill fill = {.offset = world_oa(thread, 0).addr,
			       .prop = mz_prop_from(action->perm),
			       .level_max = level_of(action)};

	must_be(mz_table_fill(table_of(thread), ia_of(action), &fill), MZ_OCCUPIED);
}

static void run_forbid(const struct action *action, unsigned thread)
{
	must_be(mz_table_write_protect(table_of(thread), ia_of(action), bytes_of(action), NULL),
		MZ_OK);
}

static void run_allow(const struct action *action, unsigned thread)
{
	struct mz_writable writable = {.level_max = level_of(action)};

	must_be(mz_table_write_enable(table_of(thread), ia_of(action), &writable), MZ_NOT_MAPPED);
}

/* May the MMU write there? */
static struct mz_item walk_to_write(const struct mz_table *table, uint64_t addr)
{
	const struct mz_format *f = table->config.format;
	struct mz_item item = {mz_oa_from(0), mz_prop_from(0), 0};
	uint64_t *slots = table->root;

	for (unsigned level = f->levels; level > 0; level--) {
		uint64_t entry = mz_load_acquire(&slots[mz_index(f, addr, level)]);
		enum mz_kind kind = f->kind(entry, level);

		if (kind == MZ_ABSENT || !(f->prop(entry, level).perm & MZ_WRITE))
			break;
		if (kind == MZ_LEAF) {
			item.level = (uint8_t)level;
			break;
		}
		slots = mz_slots_at(&table->config, f->oa(entry, level));
	}
	return item;
}

static void run_store(const struct action *action, unsigned thread)
{
	const struct mz_table *table = table_of(thread);
	struct call *call = history_begin(CALL_STORE, ia_of(action).addr);

	table->config.rcu.enter(NULL);
	call->item = walk_to_write(table, ia_of(action).addr);
	table->config.rcu.leave(NULL);
	history_end(call);
}

static enum mz_error resize(const struct action *action, unsigned thread,
			    enum mz_error (*how)(struct mz_table *table, mz_ia ia, unsigned level,
						 struct mz_gather *gather))
{
	struct mz_gather gather;
	enum mz_error error;

	mz_gather_init(&gather, table_of(thread));
	error = how(table_of(thread), ia_of(action), level_of(action), &gather);
	must_be(error, MZ_NOT_MAPPED);
	mz_gather_finish(&gather);
	return error;
}

/* Of the same memory, larger and smaller leaves. */
static void run_collapse(const struct action *action, unsigned thread)
{
	struct call *call = history_begin(CALL_COLLAPSE, ia_of(action).addr);

	call->count = action->count;
	call->error = resize(action, thread, mz_table_collapse);
	history_end(call);
}

static void run_split(const struct action *action, unsigned thread)
{
	struct call *call = history_begin(CALL_SPLIT, ia_of(action).addr);

	call->error = resize(action, thread, mz_table_split);
	history_end(call);
}

static void run_use(const struct action *action, unsigned thread)
{
	caches_walk(table_of(thread), ia_of(action).addr);
}

/* Goes down under guards, a child's taken before its parent's is given back, and makes nodes. */
static enum mz_error hang_item(struct mz_table *table, uint64_t addr, struct mz_item item)
{
	struct mz_guard guard =
		mz_guard_lock(table, mz_node_ref(&table->config, (mz_node) {table->root_oa}));
	enum mz_error error = MZ_OK;

	while (error == MZ_OK) {
		unsigned level = guard.node.level;
		struct mz_guard child;
		struct mz_entry entry;
		struct mz_child old;

		error = mz_entry_at(&guard, mz_index(table->config.format, addr, level), &entry);
		if (error != MZ_OK)
			break;
		if (mz_entry_kind(&entry) == MZ_LEAF) {
			error = MZ_OCCUPIED;
		} else if (level == 1) {
			error = mz_entry_replace(&entry, mz_child_from_item(item), &old);
			break;
		} else {
			if (mz_entry_kind(&entry) == MZ_NODE)
				child = mz_guard_lock(table, mz_entry_child(&entry).node);
			else
				error = mz_entry_alloc_if_absent(&entry, &child);
			if (error == MZ_OK) {
				if (mz_guard_is_stray(&child))
					fail("a node is stray below a guard");
				mz_guard_unlock(&guard);
				guard = child;
			}
		}
	}
	mz_guard_unlock(&guard);
	return error;
}

static void run_hang(const struct action *action, unsigned thread)
{
	struct mz_table *table = table_of(thread);
	struct mz_item item = {world_oa(thread, ia_of(action).addr),
			       mz_prop_from(MZ_READ | MZ_WRITE), 1};
	struct call *call = history_begin(CALL_MAP, ia_of(action).addr);

	call->oa = (unsigned)(item.oa.addr >> TINY_PAGE_LG2);
	call->perm = item.prop.perm;
	table->config.rcu.enter(NULL);
	call->error = hang_item(table, ia_of(action).addr, item);
	table->config.rcu.leave(NULL);
	history_end(call);
}

static void run_write(const struct action *action, unsigned thread)
{
	memory_content((unsigned)(world_oa(thread, ia_of(action).addr).addr >> TINY_PAGE_LG2),
		       true);
}

static void run_read(const struct action *action, unsigned thread)
{
	struct mz_item item = mz_table_query(table_of(thread), ia_of(action));

	if (item.level != 0)
		memory_content((unsigned)(item.oa.addr >> TINY_PAGE_LG2), false);
}

static void run_open(const struct action *action, unsigned thread)
{
	must_be(mz_cursor_open(&cursors[thread], table_of(thread), ia_of(action), bytes_of(action),
			       gather_begin(thread)),
		MZ_OK);
}

static void run_close(const struct action *action, unsigned thread)
{
	(void)action;
	mz_cursor_close(&cursors[thread]);
	mz_gather_finish(&gathers[thread]);
}

static void run_put(const struct action *action, unsigned thread)
{
	must_be(mz_cursor_map(&cursors[thread], world_oa(thread, cursors[thread].at), action->first,
			      mz_prop_from(MZ_READ | MZ_WRITE)),
		MZ_OCCUPIED);
}

/* How many bytes are left of those that an action is about, which began at `first`. */
static uint64_t left_of(const struct mz_cursor *cursor, uint64_t first, uint64_t bytes)
{
	uint64_t done = cursor->ended ? bytes : cursor->at - first;

	return done < bytes ? bytes - done : 0;
}

static void run_take(const struct action *action, unsigned thread)
{
	struct mz_cursor *cursor = &cursors[thread];
	uint64_t first = cursor->at, bytes = action->first * TINY_PAGE;
	struct mz_fragment fragment;

	for (uint64_t left = bytes; left > 0; left = left_of(cursor, first, bytes))
		must_be(mz_cursor_take_next(cursor, left, &fragment), MZ_OK);
}

static void run_set(const struct action *action, unsigned thread)
{
	struct mz_cursor *cursor = &cursors[thread];
	uint64_t first = cursor->at, bytes = action->first * TINY_PAGE;
	struct mz_fragment fragment;

	for (uint64_t left = bytes; left > 0; left = left_of(cursor, first, bytes))
		must_be(mz_cursor_protect_next(cursor, left, action->perm, &fragment), MZ_OK);
}

static void run_find(const struct action *action, unsigned thread)
{
	(void)mz_cursor_find_next(&cursors[thread], action->first * TINY_PAGE);
}

static void run_look(const struct action *action, unsigned thread)
{
	(void)action;
	(void)mz_cursor_query(&cursors[thread]);
}

static void run_move(const struct action *action, unsigned thread)
{
	(void)action;
	mz_cursor_move_on(&cursors[thread]);
}

static void run_jump(const struct action *action, unsigned thread)
{
	must_be(mz_cursor_jump(&cursors[thread], ia_of(action)), MZ_OK);
}

static void run_off(const struct action *action, unsigned thread)
{
	(void)action, (void)thread;
	mz_processor_deactivate(&world.processor);
}

static void run_destroy(const struct action *action, unsigned thread)
{
	(void)action;
	world.destroyed = true;
	mz_table_destroy(table_of(thread));
}

/* ---- Words ---- */

static const struct verb {
	const char *word;
	void (*run)(const struct action *action, unsigned thread);
	unsigned perm; /* unless the text has its own */
} verbs[] = {
	{"map", run_map, MZ_READ | MZ_WRITE},
	{"unmap", run_unmap, 0},
	{"protect", run_protect, MZ_READ},
	{"query", run_query, 0},
	{"walk", run_walk, 0},
	{"fault", run_fault, MZ_READ},
	{"touch", run_touch, MZ_READ},
	{"fill", run_fill, MZ_READ | MZ_WRITE},
	{"forbid", run_forbid, 0},
	{"allow", run_allow, 0},
	{"store", run_store, 0},
	{"use", run_use, 0},
	{"access", mmu_access, MZ_READ},
	{"harvest", flags_harvest, 0},
	{"collapse", run_collapse, 0},
	{"split", run_split, 0},
	{"clone", clones_make, 0},
	{"other", clones_switch, 0},
	{"own", clones_own, 0},
	{"drop", clones_drop, 0},
	{"hang", run_hang, 0},
	{"write", run_write, 0},
	{"read", run_read, 0},
	{"open", run_open, 0},
	{"close", run_close, 0},
	{"put", run_put, 0},
	{"take", run_take, 0},
	{"set", run_set, MZ_READ},
	{"find", run_find, 0},
	{"look", run_look, 0},
	{"move", run_move, 0},
	{"jump", run_jump, 0},
	{"off", run_off, 0},
	{"destroy", run_destroy, 0},
};

static unsigned parse_perm(const char *text)
{
	return (strchr(text, 'r') ? MZ_READ : 0u) | (strchr(text, 'w') ? MZ_WRITE : 0u) |
		(strchr(text, 'x') ? MZ_EXEC : 0u);
}

bool action_parse(struct action *action, char *text)
{
	char *save, *word = strtok_r(text, " ", &save);

	if (word == NULL)
		return false;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		char *argument;

		if (strcmp(word, verbs[i].word) != 0)
			continue;
		*action = (struct action) {verbs[i].run, 0, 1, verbs[i].perm};
		argument = strtok_r(NULL, " ", &save);
		if (argument != NULL) {
			action->first = (unsigned)strtoul(argument, &argument, 10);
			if (*argument == '+')
				action->count = (unsigned)strtoul(argument + 1, NULL, 10);
		}
		argument = strtok_r(NULL, " ", &save);
		if (argument != NULL)
			action->perm = parse_perm(argument);
		return true;
	}
	return false;
}
