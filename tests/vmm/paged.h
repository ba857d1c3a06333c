/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Memory with a pager, for tests: this process is in the guest's place, and touches the guest's
 * mapping.
 */
#ifndef MZ_TESTS_VMM_PAGED_H
#define MZ_TESTS_VMM_PAGED_H

#include <stdbool.h>

#include "arch/linux/arena.h"
#include "vmm/memory/pager.h"

#define MIB           ((uint64_t)1 << 20)
#define BYTES         (8 * MIB + MZ_RAM_PAGE) /* the last page is a leaf of its own */
#define PAGER_THREADS 2u

extern struct mz_ram ram;
extern struct mz_arena arena;
extern struct mz_space space;
extern struct mz_pager pager;
extern struct mz_fault_counts counts[PAGER_THREADS];
extern struct mz_failure failure; /* the pager's last, of so many */
extern unsigned failures;

/*
 * Makes BYTES of memory, or 8 MiB of pages from the pool, and begins to serve touches; with a
 * `protection`, which this makes too, by all threads. False: not possible here, and told. check
 * calls the function of a test by its name and _fn.
 */
bool begin_on(const char *function, enum mz_huge huge, struct mz_protection *protection);
void end(void);

/* Read, or write, a byte at an offset of the guest's mapping. */
unsigned touch(uint64_t offset);
void put(uint64_t offset, unsigned char byte);

#endif
