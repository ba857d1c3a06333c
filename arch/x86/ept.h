/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Extended page tables: the second stage of Intel's VMX.
 * Source: Intel SDM volume 3C, section 29.3 "The extended page table mechanism (EPT)". Sections are
 * numbered as in the edition of September 2023; later ones number the chapters anew.
 *
 * Flushes. A processor caches translations by EPT pointer (guest-physical and combined mappings,
 * section 29.4). After a change, every processor that has run with the pointer executes:
 *
 * - nothing, where an absent entry was made present, or permissions were only added: what faults is
 *   not cached, and a violation drops what it was caused by
 * - single-context INVEPT on the EPT pointer, where an entry was removed, replaced (a split or a
 *   merge too), or lost permissions, and where accessed or dirty flags were cleared; before a frame
 *   or a node is given back. INVEPT takes no address: `nodes` and the range of the flush hook do
 *   not matter. All-context INVEPT does it for every pointer
 * - single-context INVEPT before an EPT pointer is used whose root held another table before, or
 *   whose bits 6:0 changed
 *
 * INVVPID, INVLPG and INVPCID drop what depends on the guest's own tables; changing these is the
 * guest's matter, and no change of EPT needs them. Without VPIDs, entries to and exits from a guest
 * drop combined mappings, yet guest-physical mappings stay: INVEPT is needed all the same.
 * A processor that is inside a guest is made to exit first, for INVEPT to be executed on it.
 */
#ifndef MZ_ARCH_X86_EPT_H
#define MZ_ARCH_X86_EPT_H

#include "core/fault.h"
#include "core/table.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * 4 and 5 levels; leaves of 4 KiB, 2 MiB and 1 GiB. Features MZ_HW_ACCESSED_DIRTY, MZ_EXEC_ONLY,
 * MZ_MMIO_MARKERS, MZ_GUEST_PAGING (flags verify-paging and paging-write) and MZ_SHADOW_STACKS
 * (flag shadow-stack); further flags accessed, dirty, ignore-PAT, suppress-#VE.
 *
 * Absent entries are 0, so that violations of theirs can become #VE where that control is on. Who
 * wants them to exit copies a format, sets `absent` to 1 << 63 and `ops` to NULL.
 */
extern const struct mz_format mz_ept, mz_ept5;

/*
 * The same with mode-based execute control on (section 25.6.2): MZ_EXEC is for the supervisor's
 * linear addresses, MZ_EXEC_USER for the user's.
 */
extern const struct mz_format mz_ept_mbe, mz_ept5_mbe;

/*
 * 4 and 5 levels for a processor, or a hypervisor around this one, that can't set accessed and
 * dirty flags (bit 21 of IA32_VMX_EPT_VPID_CAP is 0), where memory is to be aged all the same.
 * Software keeps the accessed flag: a leaf without it is not present to the processor, whatever its
 * permissions, so that any access ends as an EPT violation, and mz_space_fault() or mz_table_mark()
 * sets the flag. Features MZ_EXEC_ONLY, MZ_MMIO_MARKERS, MZ_GUEST_PAGING, MZ_SHADOW_STACKS, and the
 * flags of mz_ept; dirty is software's and means nothing to the processor. Writes are told by write
 * protection, hierarchical as in mz_ept. There is no variant with mode-based execute control.
 *
 * Bit 6 of the EPT pointer must be 0, and is: no table of these formats has MZ_HW_ACCESSED_DIRTY.
 * Where violations may become #VE, map with MZ_SUPPRESS_VE: the guest would be told of leaves that
 * lack the flag. Whoever maps by mz_table_map() gives leaves MZ_ACCESSED that are to be used at
 * once. A table whose memory is never aged is better off with mz_ept, which takes no such faults.
 */
extern const struct mz_format mz_ept_soft, mz_ept5_soft;

/*
 * MMIO markers. An access that hits a misconfigured entry exits by a reason of its own, which tells
 * a device from memory at once. A marker is a leaf whose permissions are write and execute without
 * read: no processor takes that for a permission (section 29.3.3.1). Tables with MZ_MMIO_MARKERS
 * map it as anything else, at every level; its output address is the embedder's to choose. It is
 * counted, found and unmapped as a leaf, and no access is allowed by it, whatever `perm` says. It
 * needs no MZ_ACCESSED, where that is software's.
 */
#define MZ_EPT_MMIO_PERM ((unsigned)(MZ_WRITE | MZ_EXEC))

static inline struct mz_prop mz_ept_mmio_marker(void)
{
	struct mz_prop prop = mz_prop_from(MZ_EPT_MMIO_PERM);

	prop.memory = MZ_MEM_UNCACHED;
	return prop;
}

static inline bool mz_ept_is_mmio_marker(struct mz_prop prop)
{
	return prop.perm == MZ_EPT_MMIO_PERM;
}

/*
 * The hardware, as it tells of itself. Controls that it permits are taken for used: clear the bits
 * of those that are left off.
 */
struct mz_ept_hardware {
	uint64_t ept_vpid_cap;    /* IA32_VMX_EPT_VPID_CAP; appendix A.10 of volume 3D */
	uint64_t procbased_ctls2; /* IA32_VMX_PROCBASED_CTLS2; 0: it does not exist */
	uint64_t procbased_ctls3; /* IA32_VMX_PROCBASED_CTLS3; 0: it does not exist */
	uint32_t address_sizes;   /* CPUID 80000008h: EAX */
};

/*
 * Sets leaf_levels, features and oa_lg2 of a configuration whose format is one of the six above.
 * Which it is is the embedder's choice: where mz_ept comes out without MZ_HW_ACCESSED_DIRTY, take
 * mz_ept_soft to age memory.
 * With nothing changed: MZ_BAD_FORMAT, the format is another; MZ_BAD_LEVEL, the hardware does not
 * walk so many levels; MZ_BAD_FEATURES, it has no mode-based execute control; MZ_BAD_CONFIG, it
 * does not walk write-back memory; MZ_BAD_WIDTH, its addresses are none that the format has.
 */
MZ_MUST_CHECK enum mz_error mz_ept_configure(struct mz_config *config,
					     const struct mz_ept_hardware *hardware);

/*
 * Is this entry one that the processor takes for misconfigured, in a table of this format on
 * hardware with these features and addresses of 2^oa_lg2? Section 29.3.3.1.
 */
bool mz_ept_is_misconfigured(const struct mz_format *format, uint32_t features, unsigned oa_lg2,
			     uint64_t entry, unsigned level);

/*
 * An EPT violation: exit qualification (section 28.2.1, table 28-7), guest-physical address, guest
 * linear address. `advanced`: the processor has advanced VM-exit information for violations (bit 22
 * of IA32_VMX_EPT_VPID_CAP). Under mode-based execute control (`modes`), a fetch from user mode is
 * MZ_EXEC_USER, if advanced. A leaf of mz_ept_soft without its accessed flag can't be told from
 * nothing: the cause of both is MZ_FAULT_ABSENT, and mz_table_query() tells.
 */
struct mz_fault_record mz_ept_violation(uint64_t qualification, uint64_t guest_physical,
					uint64_t guest_linear, bool advanced, bool modes);

/* An EPT misconfiguration: it tells nothing but the guest-physical address. */
struct mz_fault_record mz_ept_misconfiguration(uint64_t guest_physical);

#ifdef __cplusplus
}
#endif

#endif
