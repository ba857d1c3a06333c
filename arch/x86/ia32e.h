/* SPDX-License-Identifier: MPL-2.0 */
/*
 * x86-64 stage 1: the processor's own page tables, with IA32_PAT as it is after power-on, or as
 * arch/x86/pat.h says.
 * Source: Intel SDM volume 3A, section 4.5 "4-level paging and 5-level paging". Sections are
 * numbered as in the edition of September 2023; later ones number the chapters anew.
 *
 * Flushes (section 4.10). A processor caches translations by process-context identifier. After a
 * change, every processor that may have used the table executes:
 *
 * - nothing, where an absent entry was made present, or permissions were only added: at worst a
 *   page fault comes that the tables do not ask for; who can't bear it flushes, too
 * - INVLPG for each page of the range, or INVPCID of type 0 for another identifier than the current
 *   one, where a leaf was removed, replaced, or lost permissions, and where accessed or dirty flags
 *   were cleared. INVLPG drops paging-structure caches of the identifier, too, which `nodes` of the
 *   flush hook asks for: one INVLPG for each is enough even there, as long as the whole range is
 *   flushed. From some tens of pages on, a load of CR3 (bit 63 clear) is cheaper: it drops all of
 *   the current identifier but global translations
 * - for pages with the flag global: INVLPG, INVPCID of type 2, or CR4.PGE cleared and set
 *
 * A processor that runs another table drops its share when it is told to, or by a load of CR3 with
 * bit 63 clear before the identifier is used again. Protection-key rights (PKRU) need no flush.
 */
#ifndef MZ_ARCH_X86_IA32E_H
#define MZ_ARCH_X86_IA32E_H

#include "arch/x86/pat.h"
#include "core/fault.h"
#include "core/table.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * 4 and 5 levels; leaves of 4 KiB, 2 MiB and 1 GiB; features MZ_HW_ACCESSED_DIRTY, MZ_PAT and
 * MZ_PROTECTION_KEYS; flags accessed, dirty, user, global, and the protection key. With CR4.CET, a
 * leaf that is dirty and can't be written is a shadow stack (section 4.6): collect MZ_DIRTY before
 * the permission to write is taken. Whatever is mapped can be read. Memory types: write-back,
 * write-through, uncached; with MZ_PAT also write-combining and write-protected.
 */
extern const struct mz_format mz_ia32e, mz_ia32e5;

/* The hardware, as CPUID tells of it; a leaf that it lacks is 0. */
struct mz_ia32e_hardware {
	uint32_t features_edx;      /* 00000001h: EDX */
	uint32_t structured_ecx;    /* 00000007h, 0: ECX */
	uint32_t extended_edx;      /* 80000001h: EDX */
	uint32_t address_sizes_eax; /* 80000008h: EAX */
};

/*
 * Sets leaf_levels, features and oa_lg2 of a configuration whose format is one of the two above.
 * MZ_PAT is set where there is a PAT, which the embedder then loads with MZ_PAT_VALUE, or takes the
 * feature out; MZ_PROTECTION_KEYS where the system has set CR4.PKE. With nothing changed:
 * MZ_BAD_FORMAT, the format is another; MZ_BAD_CONFIG, the hardware has no long mode, no NX or no
 * PAE; MZ_BAD_LEVEL, it does not walk five levels; MZ_BAD_WIDTH, its addresses are none that the
 * format has.
 */
MZ_MUST_CHECK enum mz_error mz_ia32e_configure(struct mz_config *config,
					       const struct mz_ia32e_hardware *hardware);

/* A page fault: error code (section 4.7, figure 4-12), and CR2. */
struct mz_fault_record mz_ia32e_fault(uint32_t error_code, uint64_t cr2);

#ifdef __cplusplus
}
#endif

#endif
