// SPDX-License-Identifier: MPL-2.0
#include "tests/explore/caches.h"

#include "core/geometry.h"
#include "core/node.h"
#include "tests/explore/memory.h"
#include "tests/explore/sched.h"
#include "tests/explore/serial.h"
#include "tests/explore/tiny.h"

#include <string.h>

#define LEVELS 3

/* What a walk has met at one level. */
struct met {
	enum mz_kind kind; /* absent: nothing, which no MMU keeps */
	mz_oa oa;
	unsigned perm;
};

/* By page and level. */
static struct met caches[PAGES_MAX][LEVELS + 1];
static unsigned flush_count;

void caches_clear(void)
{
	memset(caches, 0, sizeof(caches));
	flush_count = 0;
}

static void flush(void *context, mz_ia first, mz_ia last, bool nodes)
{
	(void)context;
	if (current < 0)
		return;
	task_point(OP_UPDATE, MEMORY_CACHES);
	flush_count++;
	for (uint64_t page = first.addr >> TINY_PAGE_LG2; page <= last.addr >> TINY_PAGE_LG2;
	     page++)
		for (unsigned level = 1; level <= LEVELS; level++)
			if (nodes || caches[page][level].kind == MZ_LEAF)
				caches[page][level].kind = MZ_ABSENT;
}

struct mz_flush caches_hooks(void)
{
	return (struct mz_flush) {.range = flush};
}

/* Fills in, by level, what the table says of an address. */
static void look(const struct mz_table *table, uint64_t addr, struct met met[LEVELS + 1])
{
	const struct mz_format *f = table->config.format;
	const uint64_t *slots = table->root;

	memset(met, 0, (LEVELS + 1) * sizeof(*met));
	for (unsigned level = f->levels; level > 0; level--) {
		uint64_t entry = mz_load_acquire(&slots[mz_index(f, addr, level)]);

		met[level].kind = f->kind(entry, level);
		if (met[level].kind == MZ_ABSENT)
			return;
		met[level].oa = f->oa(entry, level);
		met[level].perm = f->prop(entry, level).perm;
		if (met[level].kind == MZ_LEAF)
			return;
		slots = mz_slots_at(&table->config, met[level].oa);
	}
}

static bool same_place(const struct met *a, const struct met *b)
{
	return a->kind == b->kind && a->oa.addr == b->oa.addr;
}

void caches_walk(const struct mz_table *table, uint64_t addr)
{
	struct met *cached = caches[addr >> TINY_PAGE_LG2], met[LEVELS + 1];
	unsigned begun;

	table->config.rcu.enter(NULL);
	task_point(OP_LOAD, MEMORY_CACHES);
	begun = flush_count;
	look(table, addr, met);
	task_point(OP_UPDATE, MEMORY_CACHES);
	for (unsigned level = 1; level <= LEVELS && begun == flush_count; level++) {
		if (met[level].kind == MZ_ABSENT)
			continue;
		if (table->config.format->break_before_make && cached[level].kind != MZ_ABSENT &&
		    !same_place(&met[level], &cached[level]))
			fail("the MMU meets something else than what it has cached");
		cached[level] = met[level];
	}
	table->config.rcu.leave(NULL);
}

void caches_check(const struct mz_table *table)
{
	unsigned pages = 1u << (table->config.format->ia_lg2 - TINY_PAGE_LG2);

	for (unsigned page = 0; page < pages; page++) {
		struct met met[LEVELS + 1];

		look(table, page * TINY_PAGE, met);
		for (unsigned level = 1; level <= LEVELS; level++) {
			const struct met *cached = &caches[page][level];

			if (cached->kind != MZ_ABSENT &&
			    (!same_place(cached, &met[level]) ||
			     (cached->perm & ~met[level].perm) != 0))
				fail("page %u is still cached as it was", page);
		}
	}
}
