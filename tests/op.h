/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Operations as data: made at random, applied to a table and to the model, printed as the C that
 * does the same.
 */
#ifndef MZ_TESTS_OP_H
#define MZ_TESTS_OP_H

#include "tests/fixture.h"
#include "tests/model.h"
#include "tests/rng.h"

enum op_kind {
	OP_MAP,
	OP_UNMAP,
	OP_PROTECT,
	OP_QUERY,
	OP_TOUCH,  /* the MMU sets accessed and dirty bits of the leaf at ia */
	OP_SETTLE, /* flushes, ends the grace period */
	OP_FILL,   /* these come from sources that are told so alone */
	OP_WRITE_PROTECT,
	OP_WRITE_ENABLE,
	OP_KINDS,
};

struct op {
	enum op_kind kind;
	unsigned table; /* the number of the table, for tests with several */
	uint64_t ia, bytes, oa;
	struct mz_prop prop;
	unsigned level; /* level_max */
};

/* A part of the address space, small enough that operations meet in it. */
struct op_window {
	uint64_t first, bytes;
};

#define OP_WINDOWS_MAX 6

struct op_source {
	struct rng rng;
	const struct fixture *x;
	unsigned table_count;
	bool all_kinds; /* set after op_source_init(): fills, and write-protects from above, too */
	struct op_window windows[OP_WINDOWS_MAX];
	unsigned window_count;
};

/*
 * Windows lie at both ends of what the fixture's table manages, and across a border between root
 * entries.
 */
void op_source_init(struct op_source *source, const struct fixture *x, uint64_t seed,
		    unsigned table_count);

/*
 * Sizes and alignments are mixed so that large leaves, splits and empty nodes come about; few have
 * bad arguments.
 */
struct op op_next(struct op_source *source);

/* The errors that the arguments alone call for: bit E for error E. */
unsigned op_argument_errors(const struct op *op, const struct fixture *x);

enum mz_error op_apply(const struct op *op, struct mz_table *table, struct mz_gather *gather);

/*
 * Does the same to the model. How far leaves reach, and where links forbid writing whatever the
 * entries below say, is read from the table, as it is before the operation.
 */
enum mz_error op_model(const struct op *op, struct model *model, const struct mz_table *table);

void op_print(const struct op *op);

#endif
