/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the threads of a run have asked of the table, and what they were answered. The calls that
 * belong together, a cursor's, are one unit; every other call is a unit by itself.
 */
#ifndef MZ_TESTS_EXPLORE_HISTORY_H
#define MZ_TESTS_EXPLORE_HISTORY_H

#include "core/cursor.h"
#include "tests/explore/clock.h"

#define CALLS_MAX  64
#define UNITS_EACH 16 /* units of one thread */
#define UNITS_MAX  (UNITS_EACH * THREADS_MAX)

enum call_kind {
	CALL_MAP,
	CALL_UNMAP,
	CALL_PROTECT,
	CALL_QUERY,
	CALL_TOUCH,  /* by the MMU */
	CALL_STORE,  /* by the MMU, which sets no bits: `item.level` 0: it may not */
	CALL_ACCESS, /* by a processor of tests/explore/mmu.h: the same */
	CALL_COLLAPSE,
	CALL_SPLIT,
	CALL_WRITE_PROTECT,
	CALL_WRITE_ENABLE,
	CALL_CURSOR_QUERY,
	CALL_CURSOR_MAP,
	CALL_CURSOR_TAKE,
	CALL_CURSOR_PROTECT,
};

/* Addresses are in pages. */
struct call {
	enum call_kind kind;
	unsigned unit;
	unsigned first, count;
	unsigned oa;
	unsigned perm;
	enum mz_error error;
	struct mz_item item;         /* the answer of a query, and what was touched, */
	struct mz_fragment fragment; /* of a cursor */
};

/* The units of thread t are those from t * UNITS_EACH on. */
struct unit {
	bool used;
	bool query;          /* it changes nothing, and takes no lock */
	unsigned begin, end; /* turns: its first, and the one after its last */
};

struct history {
	struct call calls[CALLS_MAX];
	struct unit units[UNITS_MAX];
	unsigned call_count;
};

extern struct history history;

/* Nothing was asked. From now on the operations of `table` are written down. */
void history_clear(void);
void history_watch(struct mz_table *table);

/*
 * For what reaches the table on other ways: a unit of one call begins, and ends. The caller fills
 * in the rest of the call.
 */
struct call *history_begin(enum call_kind kind, uint64_t ia);
void history_end(struct call *call);

/* After a run: finds when each unit has begun. */
void history_settle(void);

/* The operations that are written down, themselves. */
const struct mz_ops *history_inner(void);

#endif
