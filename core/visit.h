/* SPDX-License-Identifier: MPL-2.0 */
/* Looking at a whole table: a visitor, and a dump as text. */
#ifndef MZ_CORE_VISIT_H
#define MZ_CORE_VISIT_H

#include "core/table.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What a visitor is told, in the order of input addresses, a node before its entries, absent
 * entries left out. NULL members are not called. An answer of false ends the visit.
 */
struct mz_visitor {
	void *context;
	bool (*node)(void *context, mz_oa node, unsigned level, mz_ia ia, unsigned child_count);
	bool (*entry)(void *context, mz_oa node, unsigned level, unsigned index, mz_ia ia,
		      uint64_t entry);
	bool (*leave)(void *context, mz_oa node, unsigned level); /* after a node's last entry */
};

/*
 * Visits the managed part of the table. No call that changes the table may be under way. False: a
 * visitor ended it.
 */
bool mz_table_visit(const struct mz_table *table, const struct mz_visitor *visitor);

/*
 * The same for the nodes and entries that map something in [ia, ia + bytes); a large leaf may reach
 * over its ends. MZ_MISALIGNED, MZ_OUT_OF_RANGE: nothing is visited.
 */
MZ_MUST_CHECK enum mz_error mz_table_visit_range(const struct mz_table *table, mz_ia ia,
						 uint64_t bytes, const struct mz_visitor *visitor);

/*
 * Writes the table as an indented tree: a line a node, a line a run of leaves that continue one
 * another. `line` gets each line without its newline; it is valid during the call.
 */
void mz_table_dump(const struct mz_table *table, void (*line)(void *context, const char *text),
		   void *context);

/*
 * Writes the table as JSON: {"format": ..., "levels": ..., "table": [...]}, a line an object, a
 * node before what it has. Nodes tell `level`, `ia`, `node`, `present` of `entries`, and in `write`
 * whether the link to them lets write; leaves `level`, `ia`, `oa`, `bytes`, `read`, `write`,
 * `exec`, `exec_user`, `memory`, `flags`. Addresses and bytes are strings of hexadecimal digits.
 * `line` as for mz_table_dump().
 */
void mz_table_dump_json(const struct mz_table *table, void (*line)(void *context, const char *text),
			void *context);

/* The words of the dump: "WB" for a memory type, "dirty" for one bit of `mz_prop.flags`. */
const char *mz_memory_type_text(enum mz_memory_type type);
const char *mz_prop_flag_text(enum mz_prop_flag flag);

#ifdef __cplusplus
}
#endif

#endif
