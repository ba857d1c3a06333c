/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Processors that walk a table: each keeps the links and leaves that it has met until a flush names
 * them, begins its walks as far down as it can, and sets the accessed flags of the links that it
 * passes, and the accessed and dirty flags of leaves. What it has cached with a flag it does not
 * mark again.
 *
 * It is no reader, and takes no lock: what keeps nodes and frames from being reused under its hands
 * are flushes alone. A flush waits for the access under way, as hardware's does.
 */
#ifndef MZ_TESTS_EXPLORE_MMU_H
#define MZ_TESTS_EXPLORE_MMU_H

#include "core/table.h"
#include "tests/explore/program.h"

/* The flush hook of the table with this number. */
struct mz_flush mmu_hooks(unsigned number);

/* Before a program: whose processors are to be flushed? Before a run: nothing is cached. */
void mmu_watch(const struct program *program);
void mmu_clear(void);

/* The word for an access by the thread's processor. */
void mmu_access(const struct action *action, unsigned thread);

#endif
