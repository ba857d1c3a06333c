/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The page attribute table. A leaf of x86-64 paging (stage 1 and nested) names one of its eight
 * types by PWT, PCD and PAT. Its first four are as after power-on, which is all that tables without
 * the feature MZ_PAT use; those with it need the whole of MZ_PAT_VALUE.
 * Source: Intel SDM volume 3A (September 2023), section 12.12 "Page attribute table (PAT)"; AMD APM
 * volume 2, section 7.8 "Page-attribute table mechanism".
 */
#ifndef MZ_ARCH_X86_PAT_H
#define MZ_ARCH_X86_PAT_H

/*
 * IA32_PAT (MSR 277h) for MZ_PAT: write-back, write-through, uncached (MTRRs may make it
 * write-combining), uncached, write-combining, write-protected, and the last two uncached again.
 */
#define MZ_PAT_VALUE 0x0007050100070406u

#endif
