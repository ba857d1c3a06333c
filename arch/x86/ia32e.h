/* SPDX-License-Identifier: MPL-2.0 */
/*
 * x86-64 stage 1: the processor's own page tables, 4 levels, with IA32_PAT as it is after power-on.
 * Source: Intel SDM volume 3A, section 4.5 "4-level paging and 5-level paging".
 */
#ifndef MZ_ARCH_X86_IA32E_H
#define MZ_ARCH_X86_IA32E_H

#include "core/table.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Leaves of 4 KiB, 2 MiB and 1 GiB; feature MZ_HW_ACCESSED_DIRTY; flags accessed, dirty, user,
 * global. Whatever is mapped can be read. Memory types: write-back, write-through, uncached.
 */
extern const struct mz_format mz_ia32e;

#ifdef __cplusplus
}
#endif

#endif
