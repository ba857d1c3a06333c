/* SPDX-License-Identifier: MPL-2.0 */
/* The invariants as functions: each answers the first rule that is broken. */
#ifndef MZ_CORE_CHECK_H
#define MZ_CORE_CHECK_H

#include "core/table.h"

#ifdef __cplusplus
extern "C" {
#endif

enum mz_rule {
	MZ_RULE_NONE,         /* nothing is broken */
	MZ_RULE_LEVEL,        /* a node's level differs from the one that its place demands */
	MZ_RULE_REFS,         /* a node in the tree has no owner */
	MZ_RULE_STRAY,        /* a stray node is in the tree */
	MZ_RULE_LOCKED,       /* a node is locked though nobody works on the table */
	MZ_RULE_COUNT,        /* child_count differs from the number of present entries */
	MZ_RULE_EMPTY,        /* a node below the root is empty */
	MZ_RULE_LEAF_LEVEL,   /* a leaf at a level that the table does not allow */
	MZ_RULE_LEAF_ALIGNED, /* a leaf's oa is not a multiple of what it maps, or beyond the format
			       */
	MZ_RULE_PROP,         /* a leaf's properties are not encodable */
	MZ_RULE_NODE_ADDRESS, /* a link's target is misaligned, or has no metadata */
	MZ_RULE_ROUND_TRIP, /* an entry is not what the format makes of its own oa and properties */
	MZ_RULES,
};

struct mz_violation {
	enum mz_rule rule;
	mz_oa node;
	unsigned level, index;
	uint64_t entry;
};

/* Checks the whole managed tree. No call that changes the table may be under way. */
struct mz_violation mz_table_check(const struct mz_table *table);

/* Checks one node, without what lies below it; or one of its entries. */
struct mz_violation mz_node_check(const struct mz_table *table, mz_oa node, unsigned level);
struct mz_violation mz_entry_check(const struct mz_table *table, mz_oa node, unsigned level,
				   unsigned index);

const char *mz_rule_text(enum mz_rule rule);

/*
 * Tests the laws of core/format.h; answers the number of the first that fails, or 0. `seed` picks
 * the samples.
 */
int mz_format_check(const struct mz_format *format, uint64_t seed);

#ifdef __cplusplus
}
#endif

#endif
