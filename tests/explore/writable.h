/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What may be written where links narrow: nothing after a write protection but what was let be
 * written since, at the end as at every moment at which the MMU tries; and what was let be written
 * last of all, may be.
 */
#ifndef MZ_TESTS_EXPLORE_WRITABLE_H
#define MZ_TESTS_EXPLORE_WRITABLE_H

#include "core/table.h"

/* At the beginning: which pages may be written? */
void writable_look(const struct mz_table *table);

/* Checks the history, and the table that it left. */
void writable_check(const struct mz_table *table);

#endif
