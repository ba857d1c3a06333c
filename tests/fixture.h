/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A table with all its hooks under watch. A loop test begins with fixture_begin(&x, _i, variants)
 * and ends with fixture_end(&x), which checks the invariants, destroys the table, and finds every
 * node and reference given back.
 */
#ifndef MZ_TESTS_FIXTURE_H
#define MZ_TESTS_FIXTURE_H

#include "core/check.h"
#include "core/gather.h"
#include "core/geometry.h"
#include "core/table.h"
#include "tests/cases.h"
#include "tests/journal.h"
#include "tests/must.h"
#include "tests/track.h"
#include "tests/witness.h"

/* How a table may differ from one made with the least configuration. */
enum variant {
	VARIANT_PLAIN,
	VARIANT_BASE_PAGES, /* no large leaves */
	VARIANT_ROOT_RANGE, /* part of the root, and a fixed second level */
	VARIANT_WITNESSED,  /* items, flush and rcu hooks, all features, one gather shared by all
			       calls */
	VARIANTS,
	/* For tests of flushes and of random operations alone. */
	VARIANT_BREAKING = VARIANTS, /* as witnessed, and the format breaks before it makes */
	ALL_VARIANTS,
};

/* The `end` of a loop test over all cases, and over all cases in all variants. */
#define EACH_CASE        CASES
#define EACH_VARIANT     (CASES * VARIANTS)
#define EACH_VARIANT_ALL (CASES * ALL_VARIANTS)

struct fixture {
	const struct test_case *test_case;
	const struct mz_format *format;
	struct mz_format breaking; /* what `format` is, where that is not the case's own */
	enum variant variant;
	struct journal journal;
	struct track track;
	struct witness witness;
	struct mz_config config;
	struct mz_table table;
	struct mz_gather gather;
	struct mz_gather
		*shared; /* what fixture_unmap() and fixture_protect() gather in, or NULL */
	bool destroyed;  /* the test has destroyed the table itself */

	uint64_t page;   /* the size of a base page */
	unsigned top;    /* the highest level of a leaf in this table */
	unsigned second; /* the next lower one, or 1 */
	uint64_t base;   /* two root entries can be used from here on; a multiple of a root entry */
	uint64_t root_span; /* of a root entry; 64 pages where those are pages */
};

/* Makes the hooks and the configuration, but no table. */
void fixture_prepare(struct fixture *x, int loop);

/* Makes the table, by a configuration that may have been changed since. */
void fixture_make(struct fixture *x);

/* Prepares, and makes the table. */
void fixture_begin(struct fixture *x, int loop);

/* Flushes the shared gather and ends all grace periods: what was cut is gone. */
void fixture_settle(struct fixture *x);
void fixture_end(struct fixture *x);

/*
 * For tests of nodes below the root: where the format has none, ends the fixture, and the test is
 * over.
 */
bool fixture_is_flat(struct fixture *x);

enum mz_error fixture_map(struct fixture *x, uint64_t ia, uint64_t bytes, uint64_t oa,
			  unsigned perm);
enum mz_error fixture_unmap(struct fixture *x, uint64_t ia, uint64_t bytes);
enum mz_error fixture_protect(struct fixture *x, uint64_t ia, uint64_t bytes, unsigned perm);

/* What an entry of this level maps. Above the root, where a test asks for a second level: 16 pages.
 */
uint64_t fixture_span(const struct fixture *x, unsigned level);

/* The highest allowed leaf level below this one, or 0. */
unsigned fixture_leaf_below(const struct fixture *x, unsigned level);
bool fixture_leaf_allowed(const struct fixture *x, unsigned level);

/* Fails the test unless ia translates to this. `level` 0: at any level. */
void expect_mapped(struct fixture *x, uint64_t ia, uint64_t oa, unsigned perm, unsigned level);
void expect_hole(struct fixture *x, uint64_t ia);

/* Fails the test unless the table has this many nodes, after it has settled. */
void expect_nodes(struct fixture *x, uint64_t count);

/* Fails the test if an invariant is broken. */
void expect_sound(struct fixture *x);

#define expect_ok(expression) must_equal((expression), MZ_OK)

#endif
