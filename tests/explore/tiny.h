/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Formats so small that all schedules can be tried: entries as in no hardware, nodes of 32 bytes.
 * tiny_2x4 has 16 pages, tiny_3x2 has 8 and tiny_3x4 64; all but the root's entries can be leaves.
 */
#ifndef MZ_TESTS_EXPLORE_TINY_H
#define MZ_TESTS_EXPLORE_TINY_H

#include "core/format.h"

#define TINY_PAGE_LG2 5
#define TINY_PAGE     ((uint64_t)1 << TINY_PAGE_LG2)

/* What the MMU sets. */
#define TINY_ACCESSED ((uint64_t)1 << 40)
#define TINY_DIRTY    ((uint64_t)1 << 41)

/* 2 levels of 4 entries, compiled for it; and the same for the run-time instance. */
extern const struct mz_format tiny_2x4, tiny_2x4_runtime;

/* 3 levels of 2 and of 4 entries, for the run-time instance. */
extern const struct mz_format tiny_3x2, tiny_3x4;

/* Break before they make, for the run-time instance. */
extern const struct mz_format tiny_2x4_breaking, tiny_3x2_breaking;

/* Links narrow what lies below, for the run-time instance. */
extern const struct mz_format tiny_2x4_narrow, tiny_3x2_narrow;

/* The MMU sets the accessed flag of links too; in the second, links narrow as well. */
extern const struct mz_format tiny_2x4_marking, tiny_3x2_marking;

#endif
