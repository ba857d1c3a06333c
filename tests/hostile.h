/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Entry formats that no processor has. They keep every law of core/format.h and share no habit with
 * x86: absent is not 0, the same value means another thing at another level, permissions are stored
 * as denials, pages are not 4 KiB, index widths differ by level, the root is wide, and leaves skip
 * levels. Code that assumes anything else fails on them.
 */
#ifndef MZ_TESTS_HOSTILE_H
#define MZ_TESTS_HOSTILE_H

#include "core/format.h"

/* One level: a root of 64 pages of 1 KiB, all of whose entries are leaves. */
extern const struct mz_format hostile1;

/* Four levels of 2 KiB pages, leaves at levels 1 and 3, a root of four pages, flat permissions. */
extern const struct mz_format hostile4;

/*
 * Five levels of 512-byte pages, leaves at levels 1, 3 and 5, signed addresses, hierarchical
 * permissions.
 */
extern const struct mz_format hostile5;

#endif
