/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Extended page tables: the second stage of Intel's VMX, 4 levels.
 * Source: Intel SDM volume 3C, section 29.3 "The extended page table mechanism (EPT)".
 */
#ifndef MZ_ARCH_X86_EPT_H
#define MZ_ARCH_X86_EPT_H

#include "core/table.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Leaves of 4 KiB, 2 MiB and 1 GiB; features MZ_HW_ACCESSED_DIRTY and MZ_EXEC_ONLY; flags accessed,
 * dirty, ignore-PAT.
 */
extern const struct mz_format mz_ept;

#ifdef __cplusplus
}
#endif

#endif
