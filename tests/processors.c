// SPDX-License-Identifier: MPL-2.0
#include "tests/processors.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "core/geometry.h"
#include "core/node.h"
#include "tests/must.h"

#define ENTRIES 32
#define RETIRED 4096

/* What a processor keeps: the translation of a page, or the node on the way to it. */
struct cached {
	bool valid;
	unsigned number;      /* of the table */
	uint64_t first, last; /* input addresses */
	uint64_t oa;          /* of `first`, */
	unsigned perm;        /* with what all links let */
	bool dirty;
};

struct processor {
	pthread_mutex_t busy; /* an access is under way */
	struct cached pages[ENTRIES];
	struct cached node; /* of level 1 */
};

static struct processor processors[PROCESSORS];
static const struct mz_format *format;

/* ---- Read-copy-update ---- */

static struct {
	_Alignas(64) uint64_t inside; /* the epoch in which the reader came in; 0: it is outside */
} readers[READERS];
static uint64_t epoch;
static __thread unsigned me, depth;

static struct {
	struct mz_table *table;
	uint32_t nodes;
} retired[RETIRED];
static unsigned retired_count;
static pthread_mutex_t retired_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t reclaim_mutex = PTHREAD_MUTEX_INITIALIZER;

void processors_join(unsigned number)
{
	me = number;
	depth = 0;
}

static void enter(void *context)
{
	(void)context;
	if (depth++ == 0)
		__atomic_store_n(&readers[me].inside, __atomic_load_n(&epoch, __ATOMIC_SEQ_CST),
				 __ATOMIC_SEQ_CST);
}

static void leave(void *context)
{
	(void)context;
	if (--depth == 0)
		__atomic_store_n(&readers[me].inside, 0, __ATOMIC_SEQ_CST);
}

static void wait_for_readers(void *context)
{
	uint64_t now = __atomic_add_fetch(&epoch, 1, __ATOMIC_SEQ_CST);

	(void)context;
	must_equal(depth, 0);
	for (unsigned i = 0; i < READERS; i++) {
		uint64_t inside;

		while ((inside = __atomic_load_n(&readers[i].inside, __ATOMIC_SEQ_CST)) != 0 &&
		       inside < now)
			sched_yield();
	}
}

static void retire(void *context, struct mz_table *table, uint32_t nodes)
{
	(void)context;
	pthread_mutex_lock(&retired_mutex);
	must(retired_count < RETIRED);
	retired[retired_count].table = table;
	retired[retired_count++].nodes = nodes;
	pthread_mutex_unlock(&retired_mutex);
}

struct mz_rcu processors_rcu(void)
{
	return (struct mz_rcu) {
		.enter = enter, .leave = leave, .retire = retire, .wait = wait_for_readers};
}

/* Takes the first of what was retired. */
static bool next_retired(struct mz_table **table, uint32_t *nodes)
{
	bool any;

	pthread_mutex_lock(&retired_mutex);
	any = retired_count > 0;
	if (any) {
		*table = retired[0].table;
		*nodes = retired[0].nodes;
		retired[0] = retired[--retired_count];
	}
	pthread_mutex_unlock(&retired_mutex);
	return any;
}

bool processors_reclaim(void)
{
	static struct {
		struct mz_table *table;
		uint32_t nodes;
	} taken[RETIRED];
	unsigned count = 0;

	pthread_mutex_lock(&reclaim_mutex);
	while (count < RETIRED && next_retired(&taken[count].table, &taken[count].nodes))
		count++;
	if (count > 0)
		wait_for_readers(NULL);
	for (unsigned i = 0; i < count; i++)
		mz_table_reclaim(taken[i].table, taken[i].nodes);
	pthread_mutex_unlock(&reclaim_mutex);
	return count > 0;
}

/* ---- Caches ---- */

void processors_begin(const struct mz_format *f)
{
	format = f;
	epoch = 1;
	retired_count = 0;
	memset(readers, 0, sizeof(readers));
	memset(processors, 0, sizeof(processors));
	for (unsigned i = 0; i < PROCESSORS; i++)
		must_equal(pthread_mutex_init(&processors[i].busy, NULL), 0);
}

static void forget(struct cached *cached, unsigned number, uint64_t first, uint64_t last)
{
	if (cached->number == number && cached->first <= last && cached->last >= first)
		cached->valid = false;
}

static unsigned numbers[] = {0, 1}; /* of tables */

static void flush(void *context, mz_ia first, mz_ia last, bool nodes)
{
	const unsigned *number = context;

	for (unsigned i = 0; i < PROCESSORS; i++) {
		struct processor *processor = &processors[i];

		pthread_mutex_lock(&processor->busy);
		for (unsigned k = 0; k < ENTRIES; k++)
			forget(&processor->pages[k], *number, first.addr, last.addr);
		if (nodes)
			forget(&processor->node, *number, first.addr, last.addr);
		pthread_mutex_unlock(&processor->busy);
	}
}

struct mz_flush processors_flush(unsigned table)
{
	return (struct mz_flush) {.context = &numbers[table], .range = flush};
}

void processor_leave(unsigned processor, unsigned number)
{
	for (unsigned k = 0; k < ENTRIES; k++)
		forget(&processors[processor].pages[k], number, 0, UINT64_MAX);
	forget(&processors[processor].node, number, 0, UINT64_MAX);
}

/* ---- Walks ---- */

/* The entry with one flag more, by the bit that the MMU sets for it; as it was if it has none. */
static uint64_t flagged(uint64_t entry, unsigned level, unsigned flag)
{
	unsigned flags = format->prop(entry, level).flags;
	uint64_t bits = format->hw_bits(level);

	for (; (flags & flag) == 0 && bits != 0; bits &= bits - 1) {
		uint64_t other = entry ^ (bits & -bits);

		if (format->prop(other, level).flags == (flags | flag))
			return other;
	}
	return entry;
}

/* Marks what the MMU marks. False: the entry is another by now. */
static bool mark(const struct mz_table *table, uint64_t *slot, uint64_t entry, unsigned level,
		 enum mz_perm access)
{
	bool leaf = format->kind(entry, level) == MZ_LEAF;
	uint64_t marked = entry;

	if ((table->config.features & MZ_HW_ACCESSED_DIRTY) == 0 ||
	    (!leaf && !format->links_accessed))
		return true;
	if ((format->hw_flags & MZ_ACCESSED) != 0)
		marked = flagged(marked, level, MZ_ACCESSED);
	if (leaf && access == MZ_WRITE && (format->hw_flags & MZ_DIRTY) != 0)
		marked = flagged(marked, level, MZ_DIRTY);
	return marked == entry || mz_replace(slot, &entry, marked);
}

static void keep(struct cached *cached, unsigned number, uint64_t ia, unsigned level, uint64_t oa,
		 unsigned perm)
{
	*cached = (struct cached) {.valid = true,
				   .number = number,
				   .first = ia & ~(mz_span(format, level) - 1),
				   .last = mz_span_last(format, ia, level),
				   .oa = oa,
				   .perm = perm};
}

enum found { FOUND, NOT_LET, CHANGED };

/* A walk below an entry that leads to `slots` of `level` and lets `perm`. */
static enum found walk(struct processor *processor, const struct mz_table *table, unsigned number,
		       uint64_t ia, enum mz_perm access, uint64_t *slots, unsigned level,
		       unsigned perm, struct cached *page)
{
	for (;; level--) {
		uint64_t *slot = &slots[mz_index(format, ia, level)];
		uint64_t entry = mz_load_acquire(slot);
		enum mz_kind kind = format->kind(entry, level);

		if (kind == MZ_ABSENT)
			return NOT_LET;
		if (kind == MZ_LEAF || format->hierarchical)
			perm &= format->prop(entry, level).perm;
		if ((perm & access) == 0)
			return NOT_LET;
		if (!mark(table, slot, entry, level, access))
			return CHANGED;
		if (kind == MZ_LEAF) {
			keep(page, number, ia, level, format->oa(entry, level).addr, perm);
			page->dirty = access == MZ_WRITE;
			return FOUND;
		}
		if (level == 2)
			keep(&processor->node, number, ia, level, format->oa(entry, level).addr,
			     perm);
		slots = mz_slots_at(&table->config, format->oa(entry, level));
	}
}

static bool has(const struct cached *cached, unsigned number, uint64_t ia)
{
	return cached->valid && cached->number == number && cached->first <= ia &&
		ia <= cached->last;
}

/* Translates: from what is cached, and if that does not let it, from the root. */
static bool translate(struct processor *processor, const struct mz_table *table, unsigned number,
		      uint64_t ia, enum mz_perm access, struct cached *page)
{
	const struct cached *node = &processor->node;
	enum found found = NOT_LET;

	if (has(page, number, ia) && (page->perm & access) != 0 &&
	    (page->dirty || access != MZ_WRITE))
		return true;
	page->valid = false;
	if (has(node, number, ia))
		found = walk(processor, table, number, ia, access,
			     mz_slots_at(&table->config, mz_oa_from(node->oa)), 1, node->perm,
			     page);
	while (found != FOUND) {
		forget(&processor->node, number, ia, ia);
		found = walk(processor, table, number, ia, access, table->root, format->levels,
			     MZ_READ | MZ_WRITE | MZ_EXEC, page);
		if (found == NOT_LET)
			return false;
	}
	return true;
}

bool processor_access(unsigned processor, const struct mz_table *table, unsigned number,
		      uint64_t ia, enum mz_perm access, void (*act)(void *context, uint64_t oa),
		      void *context)
{
	struct processor *p = &processors[processor];
	struct cached *page = &p->pages[(ia >> format->page_lg2) % ENTRIES];
	bool let;

	pthread_mutex_lock(&p->busy);
	let = translate(p, table, number, ia, access, page);
	if (let)
		act(context, page->oa + (ia - page->first));
	pthread_mutex_unlock(&p->busy);
	return let;
}
