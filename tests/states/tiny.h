/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The smallest format that has everything: two levels of four entries, 16 pages in all. No
 * processor has it; tests/states/ goes through all that can happen to a table of it, and
 * docs/formats.md shows with it how a format is added.
 */
#ifndef MZ_TESTS_STATES_TINY_H
#define MZ_TESTS_STATES_TINY_H

#include "core/table.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Pages of 32 bytes, leaves of one page and of four; feature MZ_HW_ACCESSED_DIRTY. */
extern const struct mz_format tiny;

#ifdef __cplusplus
}
#endif

#endif
