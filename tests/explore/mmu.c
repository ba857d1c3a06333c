// SPDX-License-Identifier: MPL-2.0
#include "tests/explore/mmu.h"

#include <string.h>

#include "core/node.h"
#include "tests/explore/contents.h"
#include "tests/explore/history.h"
#include "tests/explore/outside.h"
#include "tests/explore/sched.h"
#include "tests/explore/world.h"

#define LEVELS 3

/* What a walk has met at one level, with what all levels down to it let. */
struct met {
	enum mz_kind kind; /* absent: nothing, which no MMU keeps */
	mz_oa oa;
	unsigned perm;
	bool dirty; /* of a leaf: marked so */
};

/* By thread, page and level. */
static struct met caches[THREADS_MAX][PAGES_MAX][LEVELS + 1];

static bool walks[THREADS_MAX]; /* by thread: does its processor access memory? */

void mmu_watch(const struct program *program)
{
	for (unsigned t = 0; t < THREADS_MAX; t++) {
		walks[t] = false;
		for (unsigned i = 0; i < program->threads[t].count; i++)
			walks[t] |= program->threads[t].list[i].run == mmu_access;
	}
}

void mmu_clear(void)
{
	memset(caches, 0, sizeof(caches));
}

static void forget(struct met cached[LEVELS + 1], bool nodes)
{
	for (unsigned level = 1; level <= LEVELS; level++)
		if (nodes || cached[level].kind == MZ_LEAF)
			cached[level].kind = MZ_ABSENT;
}

static void flush(void *context, mz_ia first, mz_ia last, bool nodes)
{
	for (unsigned t = 0; t < THREADS_MAX && current >= 0; t++) {
		if (!walks[t] || context != &world.spaces[world.on[t]])
			continue;
		outside_lock(outside_object(t));
		for (uint64_t page = first.addr >> TINY_PAGE_LG2;
		     page <= last.addr >> TINY_PAGE_LG2; page++)
			forget(caches[t][page], nodes);
		outside_unlock(outside_object(t));
	}
}

struct mz_flush mmu_hooks(unsigned number)
{
	return (struct mz_flush) {.context = &world.spaces[number], .range = flush};
}

/* Sets flags in an entry, unless it has them. False: it is another entry by now. */
static bool mark(uint64_t *slot, uint64_t entry, uint64_t marks)
{
	return (entry & marks) == marks || mz_replace(slot, &entry, entry | marks);
}

/* The flags that an access sets in an entry of this kind. */
static uint64_t marks_of(const struct mz_table *table, enum mz_kind kind, unsigned access)
{
	if ((table->config.features & MZ_HW_ACCESSED_DIRTY) == 0 ||
	    (kind == MZ_NODE && !table->config.format->links_accessed))
		return 0;
	return kind == MZ_LEAF && (access & MZ_WRITE) != 0 ? TINY_ACCESSED | TINY_DIRTY
							   : TINY_ACCESSED;
}

/* The lowest level at which something is cached for the page, or the one above the root's. */
static unsigned lowest_cached(const struct met cached[LEVELS + 1], unsigned levels)
{
	unsigned level = 1;

	while (level <= levels && cached[level].kind == MZ_ABSENT)
		level++;
	return level;
}

/*
 * A walk from what is cached above `level` on. Answers the level of a leaf that lets the access, 0
 * if there is none, or that of the entry that somebody has changed meanwhile plus LEVELS.
 */
static unsigned walk_below(const struct mz_table *table, uint64_t addr, unsigned access,
			   unsigned level, struct met cached[LEVELS + 1])
{
	const struct mz_format *f = table->config.format;
	unsigned perm = level > f->levels ? MZ_READ | MZ_WRITE | MZ_EXEC : cached[level].perm;
	uint64_t *slots = level > f->levels ? table->root
					    : mz_slots_at(&table->config, cached[level].oa);

	while (--level > 0) {
		uint64_t *slot = &slots[mz_index(f, addr, level)];
		uint64_t entry = mz_load_acquire(slot), marks;
		enum mz_kind kind = f->kind(entry, level);

		if (kind == MZ_ABSENT)
			return 0;
		if (kind == MZ_LEAF || f->hierarchical)
			perm &= f->prop(entry, level).perm;
		if ((perm & access) != access)
			return 0;
		marks = marks_of(table, kind, access);
		if (!mark(slot, entry, marks))
			return LEVELS + level;
		cached[level] = (struct met) {kind, f->oa(entry, level), perm,
					      ((entry | marks) & TINY_DIRTY) != 0};
		if (kind == MZ_LEAF)
			return level;
		slots = mz_slots_at(&table->config, cached[level].oa);
	}
	return 0;
}

/* Translates; answers the level of the leaf, or 0: a fault, before which nothing is kept. */
static unsigned translate(const struct mz_table *table, uint64_t addr, unsigned access,
			  struct met cached[LEVELS + 1])
{
	unsigned levels = table->config.format->levels;

	for (;;) {
		unsigned from = lowest_cached(cached, levels), found;
		bool hit = from <= levels && cached[from].kind == MZ_LEAF;

		if (hit && (cached[from].perm & access) == access &&
		    (cached[from].dirty || (access & MZ_WRITE) == 0))
			return from;
		/* What does not do is looked up anew. */
		if (hit) {
			cached[from].kind = MZ_ABSENT;
			continue;
		}
		found = walk_below(table, addr, access, from, cached);
		if (found > LEVELS)
			continue;
		if (found != 0)
			return found;
		forget(cached, true);
		if (from > levels)
			return 0;
	}
}

void mmu_access(const struct action *action, unsigned thread)
{
	const struct mz_table *table = table_of(thread);
	uint64_t addr = action->first * TINY_PAGE;
	struct met *cached = caches[thread][action->first];
	struct call *call = history_begin(CALL_ACCESS, addr);
	unsigned level;

	call->perm = action->perm;
	outside_lock(outside_object(thread));
	level = translate(table, addr, action->perm, cached);
	if (level != 0) {
		call->item = mz_item_pack(cached[level].oa, mz_prop_from(cached[level].perm),
					  level);
		call->item.oa.addr += addr & (mz_span(table->config.format, level) - 1);
		if ((action->perm & MZ_WRITE) != 0)
			contents_store(thread, action->first, call->item.oa);
		else
			contents_load(thread, action->first, call->item.oa);
	}
	outside_unlock(outside_object(thread));
	history_end(call);
}
