/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Nested page tables: the second stage of AMD's SVM.
 * Source: AMD APM volume 2, section 15.25 "Nested paging".
 *
 * Entries are those of the host's own paging mode: the walk has 5 levels if the host runs with
 * CR4.LA57 at VMRUN, and NX counts with the host's EFER.NXE, which this format needs. Every walk
 * is a user's access, so that the user bit is always set; the guest sees neither that nor global
 * bits nor protection keys, which the format leaves out.
 *
 * Flushes. A processor tags translations with an address-space identifier (ASID). After a change,
 * every processor that has run the guest does one of these before it runs it again:
 *
 * - nothing, where an absent entry was made present, or permissions were only added: the access is
 *   walked again when it faults
 * - TLB_CONTROL 3 (all of this guest's) or 1 (everybody's) in the VMCB, or an ASID not used since
 *   the last full flush, where an entry was removed, replaced (a split or a merge too), or lost
 *   permissions, and where accessed or dirty flags were cleared; before a frame or a node is given
 *   back
 *
 * TLB_CONTROL 7 spares the guest's global translations, which changed as the others did. INVLPGA
 * takes the guest's own virtual address and INVLPG does not reach a guest's ASID: neither finds
 * what a guest-physical address has become, so neither serves for changes of these tables. A
 * processor that is inside the guest is made to exit first. Processors without FlushByAsid (CPUID
 * 8000000Ah, EDX bit 6) have TLB_CONTROL 1 and fresh ASIDs only.
 */
#ifndef MZ_ARCH_X86_NPT_H
#define MZ_ARCH_X86_NPT_H

#include "arch/x86/pat.h"
#include "core/fault.h"
#include "core/table.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * 4 and 5 levels; leaves of 4 KiB, 2 MiB and 1 GiB; features MZ_HW_ACCESSED_DIRTY and MZ_PAT (the
 * host's); flags accessed and dirty. Whatever is mapped can be read. Memory types as in
 * arch/x86/ia32e.h.
 */
extern const struct mz_format mz_npt, mz_npt5;

/*
 * The same with the guest-mode execute trap on (section 15.25.13; bit 3 at offset 090h of the
 * VMCB): MZ_EXEC is for the guest's supervisor, MZ_EXEC_USER for its user. What the supervisor can
 * execute, the user can, too: MZ_EXEC without MZ_EXEC_USER can't be encoded.
 */
extern const struct mz_format mz_npt_gmet, mz_npt5_gmet;

/* The hardware, as CPUID tells of it; a leaf that it lacks is 0. */
struct mz_npt_hardware {
	uint32_t features_edx;      /* 00000001h: EDX */
	uint32_t structured_ecx;    /* 00000007h, 0: ECX */
	uint32_t extended_edx;      /* 80000001h: EDX */
	uint32_t address_sizes_eax; /* 80000008h: EAX */
	uint32_t svm_edx;           /* 8000000Ah: EDX */
};

/*
 * Sets leaf_levels, features and oa_lg2 of a configuration whose format is one of the four above.
 * MZ_PAT is set where there is a PAT, which the host then loads with MZ_PAT_VALUE, or takes the
 * feature out. With nothing changed: MZ_BAD_FORMAT, the format is another; MZ_BAD_CONFIG, the
 * hardware has no nested paging, no long mode, no NX or no PAE; MZ_BAD_FEATURES, no guest-mode
 * execute trap; MZ_BAD_LEVEL, it does not walk five levels; MZ_BAD_WIDTH, its addresses are none
 * that the format has.
 */
MZ_MUST_CHECK enum mz_error mz_npt_configure(struct mz_config *config,
					     const struct mz_npt_hardware *hardware);

/*
 * A nested page fault: EXITINFO1 and EXITINFO2 of the VMCB; section 15.25.6 "Nested versus guest
 * page faults, fault ordering".
 */
struct mz_fault_record mz_npt_fault(uint64_t exit_info_1, uint64_t exit_info_2);

/*
 * The same under the guest-mode execute trap: a fetch from user mode is MZ_EXEC_USER. `cpl` is that
 * of the VMCB's state-save area: some processors do not tell the mode in EXITINFO1 (section
 * 15.25.13, footnote).
 */
struct mz_fault_record mz_npt_gmet_fault(uint64_t exit_info_1, uint64_t exit_info_2, unsigned cpl);

#ifdef __cplusplus
}
#endif

#endif
