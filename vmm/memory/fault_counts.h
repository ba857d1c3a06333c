/* SPDX-License-Identifier: MPL-2.0 */
/* How often the space was asked, and what it answered. */
#ifndef MZ_VMM_FAULT_COUNTS_H
#define MZ_VMM_FAULT_COUNTS_H

#include "vmm/base/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

enum mz_access_kind { MZ_ACCESS_READ, MZ_ACCESS_WRITE, MZ_ACCESS_KINDS };

/*
 * Questions to the space by source, access, and level of the leaf in the answer; level 0: no leaf.
 */
struct mz_fault_counts {
	uint64_t by[MZ_FAULT_SOURCES][MZ_ACCESS_KINDS][MZ_LEVELS_MAX + 1];
};

/* By one thread; the pager and each vCPU have counters of their own. */
void mz_count_fault(struct mz_fault_counts *counts, const struct mz_event *event);

/* Adds them to a sum, from any thread. */
void mz_fault_counts_add(struct mz_fault_counts *sum, const struct mz_fault_counts *counts);

#ifdef __cplusplus
}
#endif

#endif
