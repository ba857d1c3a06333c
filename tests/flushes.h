/* SPDX-License-Identifier: MPL-2.0 */
/* What the tests of flushes share: a fixture and a gather for each, and how flushes are counted. */
#ifndef MZ_TESTS_FLUSHES_H
#define MZ_TESTS_FLUSHES_H

#include "tests/fixture.h"
#include "tests/tree.h"

#define RX  (MZ_READ | MZ_EXEC)
#define RWX (MZ_READ | MZ_WRITE | MZ_EXEC)

static struct fixture x;
static struct mz_gather gather;

/* What was where a leaf was made or broken, when that was flushed. */
static enum mz_kind kind_at_flush;
static unsigned watched_level;

static inline void see_entry(void *context, mz_ia first, mz_ia last, bool nodes)
{
	const uint64_t *slot = tree_slot(&x.table, x.base, watched_level, NULL);

	if (slot != NULL)
		kind_at_flush = x.format->kind(*slot, watched_level);
	x.witness.flush.range(context, first, last, nodes);
}

/* `hardware`: with flags that the MMU sets. Formats are as they are; MZ_LIVE_SPLITS is not there.
 */
static inline void prepare(int loop, bool hardware)
{
	fixture_prepare(&x, loop + VARIANT_WITNESSED * CASES);
	x.config.features &= ~(uint32_t)MZ_LIVE_SPLITS;
	if (!hardware)
		x.config.features &= ~(uint32_t)MZ_HW_ACCESSED_DIRTY;
	x.config.flush.range = see_entry;
	watched_level = 1;
	kind_at_flush = MZ_ABSENT;
}

static inline void begin(int loop, bool hardware)
{
	prepare(loop, hardware);
	fixture_make(&x);
	mz_gather_init(&gather, &x.table);
}

static inline void end(void)
{
	mz_gather_finish(&gather);
	fixture_end(&x);
}

/* Finishes the gather; answers how many flushes there were since this was asked last. */
static inline size_t flushed(void)
{
	mz_gather_finish(&gather);
	return journal_count(&x.journal, EVENT_FLUSH);
}

static inline void forget(void)
{
	journal_clear(&x.journal);
}

static inline void expect_none(void)
{
	must_equal(flushed(), 0);
	forget();
}

/* Flush `n` of those that there were was of [ia, ia + bytes). */
static inline void expect_flush(unsigned n, uint64_t ia, uint64_t bytes, bool nodes)
{
	size_t at = journal_find(&x.journal, EVENT_FLUSH, 0);

	for (; n > 0; n--)
		at = journal_find(&x.journal, EVENT_FLUSH, at + 1);
	must(at < x.journal.count);
	must_equal(x.journal.events[at].first, ia);
	must_equal(x.journal.events[at].last, ia + (bytes - 1));
	must_equal(x.journal.events[at].nodes, nodes);
}

static inline void expect_one(uint64_t ia, uint64_t bytes, bool nodes)
{
	must_equal(flushed(), 1);
	expect_flush(0, ia, bytes, nodes);
	forget();
}

static inline uint64_t span(unsigned level)
{
	return mz_span(x.format, level);
}

/* The first addresses that an entry of this level maps. */
static inline uint64_t start(unsigned level)
{
	return x.base & ~(span(level) - 1);
}

static inline bool hierarchical(void)
{
	return x.format->hierarchical && x.format->levels > 1;
}

/* A page at the base, and one beside it. */
static inline void map_two(void)
{
	expect_ok(fixture_map(&x, x.base, 2 * x.page, 0, RWX));
	expect_none();
}

/* What is seen of an entry while it is flushed. */
static inline enum mz_kind while_broken(enum mz_kind made)
{
	return x.format->break_before_make ? MZ_ABSENT : made;
}

#endif
