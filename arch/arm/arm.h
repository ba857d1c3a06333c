/* SPDX-License-Identifier: MPL-2.0 */
/*
 * VMSAv8-64: the tables of Arm's processors, stage 2 and stage 1. Source: Arm ARM (DDI 0487),
 * chapter "The AArch64 Virtual Memory System Architecture", and its descriptions of registers.
 *
 * What goes into an entry:
 *  - MZ_ACCESSED is AF. Unless the MMU sets it (HA), a leaf without it makes an access flag fault:
 *    map with MZ_ACCESSED where nobody asks.
 *  - Stage 2: MZ_READ and MZ_WRITE are S2AP, MZ_EXEC and MZ_EXEC_USER are XN. Without XNX, MZ_EXEC
 *    is both exception levels'. Execute without read takes MZ_EXEC_ONLY, which all have.
 *  - Stage 1: MZ_EXEC is PXN (XN at EL2), MZ_EXEC_USER is UXN, MZ_USER is AP[1], MZ_GLOBAL is nG;
 *    whatever is writable from EL0 is never executed at EL1.
 *  - MZ_MEM_UNCACHED is Device-nGnRnE, MZ_MEM_WRITE_COMBINING Normal Non-cacheable.
 *  - MZ_SHARED_INNER, MZ_SHARED_OUTER, or neither is SH; with LPA2 the entry has no room for it,
 *    and the control register decides for the whole table.
 *  - MZ_CONTIGUOUS: the caller's promise that the leaf is one of an aligned run of equal leaves
 *    (4 KiB: 16; 16 KiB: 128 pages or 32 blocks; 64 KiB: 32). Map, protect and unmap whole runs,
 *    and take the flag from what is going to be split. The largest leaves of MZ_ARM_WIDE have no
 *    runs: do not ask for it there.
 *  - MZ_DIRTY without MZ_ARM_DBM is a bit for software. With it, MZ_WRITE is the bit DBM, and a
 *    writable leaf is dirty when S2AP[1] permits the write (stage 1: when AP[2] does), which the
 *    MMU sees to. A leaf that loses MZ_WRITE keeps what it knew in a bit for software, and gets it
 *    back. So no MMU can change what MZ_WRITE says. With MZ_ARM_DBM, but without
 *    MZ_HW_ACCESSED_DIRTY (HD = 0), the first write to a clean leaf is a permission fault.
 *
 * Translation caches, for the flush hook:
 *  - stage 2, by address: TLBI IPAS2E1IS with ia >> 12 for each leaf (or RIPAS2E1IS where
 *    FEAT_TLBIRANGE is), DSB ISH, TLBI VMALLE1IS because combined translations are kept by VA, DSB
 *    ISH, ISB; the last-level forms IPAS2LE1IS only if `nodes` is false. Everything of a VMID: TLBI
 *    VMALLS12E1IS. Each with VTTBR_EL2 of that VMID in place.
 *  - stage 1 of EL1&0: TLBI VAE1IS, or VALE1IS if `nodes` is false, or ASIDE1IS; of EL2: VAE2IS.
 *  - DSB ISHST before, so that the walker sees the new entry.
 *  - From absent to present nothing is flushed, but a DSB ISHST must come before the access.
 *  - Where permissions are added nothing is flushed either, and a permission fault drops nothing: a
 *    processor whose fault finds that all is allowed (MZ_RETRY) drops its own entries for the page,
 *    by the same instructions without IS, before it tries again.
 *  - The access flag and the dirty state may be cached: flush after they are cleared.
 *
 * Break before make (section "Using break-before-make when updating translation table entries"): a
 * valid entry that changes its output address, memory type, shareability or size (a leaf split to a
 * node, or put together again), or becomes global, must be made invalid and be flushed before the
 * new one is written, if more than one processor may walk it. Permissions and AF may change in
 * place. The library does so: its formats have `break_before_make`, so that the flush hook is also
 * called with nodes locked, and a query in between finds nothing. With MZ_LIVE_SPLITS (FEAT_BBM
 * level 2) a leaf becomes a node in one store; a TLB conflict abort may come until the flush is
 * done: flush everything of the VMID or regime, and retry. Level 1 takes nT, which these formats do
 * not set.
 */
#ifndef MZ_ARCH_ARM_ARM_H
#define MZ_ARCH_ARM_ARM_H

#include "core/error.h"
#include "core/fault.h"
#include "core/table.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Stage 2: 4 KiB pages with 48 and 40 bits, 16 KiB and 64 KiB with 48, without options. */
extern const struct mz_format mz_arm_s2_4k;
extern const struct mz_format mz_arm_s2_4k_40;
extern const struct mz_format mz_arm_s2_16k;
extern const struct mz_format mz_arm_s2_64k;
/* 4 KiB, 48 bits, with MZ_ARM_XNX, MZ_ARM_FWB and MZ_ARM_DBM. */
extern const struct mz_format mz_arm_s2_4k_full;
/* Stage 1 of EL1&0: 4 KiB, 48 bits. */
extern const struct mz_format mz_arm_s1_4k;

enum mz_arm_option {
	MZ_ARM_WIDE = 1, /* entries for 52-bit addresses: LPA with 64 KiB, else LPA2 (DS = 1) */
	MZ_ARM_DBM = 2,  /* dirty state by the MMU */
	MZ_ARM_XNX = 4,  /* stage 2: execution at EL1 and EL0 told apart */
	MZ_ARM_FWB = 8,  /* stage 2: HCR_EL2.FWB = 1 */
	MZ_ARM_EL2 = 16, /* stage 1: of EL2 */
};

struct mz_arm_s2 {
	unsigned page_lg2; /* 12, 14, 16 */
	unsigned ia_bits;  /* 32 to oa_bits */
	unsigned oa_bits;  /* 32, 36, 40, 42, 44, 48; 52 with MZ_ARM_WIDE */
	unsigned options;  /* enum mz_arm_option but MZ_ARM_EL2 */
};

struct mz_arm_s1 {
	unsigned page_lg2;
	unsigned ia_bits; /* 25 to 48, 52 with MZ_ARM_WIDE */
	unsigned oa_bits;
	unsigned options; /* MZ_ARM_WIDE, MZ_ARM_DBM, MZ_ARM_EL2 */
};

/*
 * Makes a format of what is wanted, with the fewest levels: a stage 2 has a root of up to 16
 * concatenated tables. One that is compiled in gets its instance. There is none, and the first that
 * is wrong is told: MZ_BAD_GRANULE, pages of no such size; MZ_BAD_FEATURES, options that the stage
 * does not have; MZ_BAD_WIDTH, addresses of no such width.
 */
MZ_MUST_CHECK enum mz_error mz_arm_s2_format(const struct mz_arm_s2 *wanted, struct mz_format *out);
MZ_MUST_CHECK enum mz_error mz_arm_s1_format(const struct mz_arm_s1 *wanted, struct mz_format *out);

/* What a processor has, by its identification registers. */
struct mz_arm_hardware {
	uint32_t s1_pages, s2_pages; /* bit L: pages of 2^L bytes, by stage */
	uint32_t s1_wide, s2_wide;   /* bit L: 52-bit addresses with these pages */
	uint32_t s1_wide_ia;         /* bit L: what stage 1 translates has 52 bits, too */
	unsigned oa_bits;
	uint32_t features;  /* of a configuration: MZ_HW_ACCESSED_DIRTY where the MMU sets AF,
			       MZ_LIVE_SPLITS */
	unsigned options;   /* enum mz_arm_option: MZ_ARM_DBM, MZ_ARM_XNX, MZ_ARM_FWB */
	unsigned bbm;       /* the level of FEAT_BBM, 0 to 2 */
	unsigned vmid_bits; /* 8, 16 */
};

/* From ID_AA64MMFR0_EL1, ID_AA64MMFR1_EL1 and ID_AA64MMFR2_EL1. */
struct mz_arm_hardware mz_arm_hardware_from(uint64_t mmfr0, uint64_t mmfr1, uint64_t mmfr2);

/* The same errors, of what the format or else the processor lacks. */
MZ_MUST_CHECK enum mz_error mz_arm_s2_supported(const struct mz_arm_hardware *hardware,
						const struct mz_arm_s2 *wanted);
MZ_MUST_CHECK enum mz_error mz_arm_s1_supported(const struct mz_arm_hardware *hardware,
						const struct mz_arm_s1 *wanted);

/*
 * VTCR_EL2 for a format that mz_arm_s2_format() makes: walks are inner shareable and write-back.
 * `features` as in the table's configuration: HA, and with MZ_ARM_DBM HD. VS is `vmid_bits` 16.
 * VTTBR_EL2 is mz_table_root_register() and the VMID in its upper 16 bits. 0: no such format.
 */
uint64_t mz_arm_vtcr(const struct mz_arm_s2 *wanted, uint32_t features, unsigned vmid_bits);

/*
 * TCR_EL1, without walks through TTBR1_EL1, or with MZ_ARM_EL2 TCR_EL2 where HCR_EL2.E2H is 0.
 * TTBR0_ELx is mz_table_root_register() and the ASID in its upper 16 bits. 0: no such format.
 */
uint64_t mz_arm_tcr(const struct mz_arm_s1 *wanted, uint32_t features);

/*
 * MAIR_ELx as stage 1 has it: attribute n is memory type n. Write-back 0xff, nGnRE 0x04,
 * write-through 0xbb, none (0), nGRE 0x08, GRE 0x0c, nGnRnE 0x00, Non-cacheable 0x44.
 */
#define MZ_ARM_MAIR UINT64_C(0x44000c0800bb04ff)

/*
 * An abort that came to EL2 from a lower exception level, by ESR_EL2, FAR_EL2 and HPFAR_EL2.
 * HPFAR_EL2 says nothing for a permission fault that was no walk's: `has_ia` is false, and the
 * embedder asks with AT S1E1R. A walk that lacks permission wanted to set a flag, and counts as a
 * write; where leaves may lack MZ_READ, mz_table_query() tells whether it wanted to read. An
 * address beyond the table is absent at Arm's level 0, whatever the root's is. Cache maintenance
 * says "write" of itself (CM), and counts as a read. Whether it was EL0 is in SPSR_EL2: MZ_EXEC is
 * MZ_EXEC_USER then, with MZ_ARM_XNX. MZ_FAULT_UNKNOWN: not an abort.
 */
struct mz_fault_record mz_arm_s2_fault(uint64_t esr, uint64_t far, uint64_t hpfar);

/* An abort of a stage 1 by its ESR_ELx and FAR_ELx; `user` if it came from a lower level. */
struct mz_fault_record mz_arm_s1_fault(uint64_t esr, uint64_t far);

#ifdef __cplusplus
}
#endif

#endif
