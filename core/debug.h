/* SPDX-License-Identifier: MPL-2.0 */
/*
 * With MZ_DEBUG: what callers hand in is looked at before it is used, as far as it can be told from
 * what is there. Without it nothing of this is compiled.
 */
#ifndef MZ_CORE_DEBUG_H
#define MZ_CORE_DEBUG_H

#include "core/env.h"
#include "core/types.h"

#ifdef MZ_DEBUG

#ifdef __cplusplus
extern "C" {
#endif

struct mz_config;
struct mz_cursor;
struct mz_gather;
struct mz_guard;
struct mz_node_ref;
struct mz_table;

/* Was it made by mz_table_init(), and not destroyed since? */
bool mz_table_made_(const struct mz_table *table);

/* Is it open? */
bool mz_cursor_open_(const struct mz_cursor *cursor);

/* Is it a gather of this table, or, where there may be none, NULL? */
bool mz_gather_of_(const struct mz_gather *gather, const struct mz_table *table);

/* Is there a node that somebody owns, in memory that may hold nodes? */
bool mz_node_alive_(const struct mz_config *config, mz_oa node);

/* Is it what mz_node_ref() makes of a node of this table? */
bool mz_node_ref_true_(const struct mz_table *table, const struct mz_node_ref *node);

/* Does it hold the lock of a node? */
bool mz_guard_held_(const struct mz_guard *guard);

#ifdef __cplusplus
}
#endif

#endif /* MZ_DEBUG */
#endif
