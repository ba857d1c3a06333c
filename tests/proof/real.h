/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A real format made small: the functions and properties of the one in the source -DFORMAT, and the
 * geometry under proof. They know a level only as 1 or above, and of the geometry only the size of
 * pages: -DGRANULE_LG2, where it is not 4 KiB. A wide root has no more entries than other nodes.
 *
 * A proof whose name ends with @FORMATS is one of each of these:
 * Format ept: -DFORMAT="arch/x86/ept.c"
 * Long format ept_mbe: -DFORMAT="arch/x86/ept_mbe.c"
 * Long format ept_soft: -DFORMAT="arch/x86/ept_soft.c"
 * Long format ia32e: -DFORMAT="arch/x86/ia32e.c"
 * Long format npt: -DFORMAT="arch/x86/npt.c"
 * Long format npt_gmet: -DFORMAT="arch/x86/npt_gmet.c"
 * Long format arm_s1_4k: -DFORMAT="arch/arm/s1_4k.c"
 * Long format arm_s2_4k: -DFORMAT="arch/arm/s2_4k.c"
 * Long format arm_s2_4k_full: -DFORMAT="arch/arm/s2_4k_full.c"
 * Long format arm_s2_16k: -DFORMAT="arch/arm/s2_16k.c" -DGRANULE_LG2=14
 * Long format arm_s2_64k: -DFORMAT="arch/arm/s2_64k.c" -DGRANULE_LG2=16
 * Long format sv39: -DFORMAT="arch/riscv/sv39.c"
 * Long format sv39x4: -DFORMAT="arch/riscv/sv39x4.c"
 *
 * Formats of more levels differ from these in their geometry and root register. Included where the
 * instance is to be compiled: the source itself does that.
 */
#ifndef MZ_TESTS_PROOF_REAL_H
#define MZ_TESTS_PROOF_REAL_H

/* The instance is one of `small` by now. An Arm format has a PAGE_LG2 of its own. */
#undef PAGE_LG2
#undef MZ_INSTANCE_FORMAT
#include FORMAT
#undef PAGE_LG2
#define PAGE_LG2 GRANULE_LG2

/*
 * Where the MMU sets flags: SDM 29.3.5; SDM 4.8 and APM 5.4.2; RISC-V, "Addressing and Memory
 * Protection".
 */
#if defined(EPT_VARIANT)
#define REAL         EPT_VARIANT
#define ACCESSED_BIT 8
#define DIRTY_BIT    9
#elif defined(PAGING_VARIANT)
#define REAL         PAGING_VARIANT
#define ACCESSED_BIT 5
#define DIRTY_BIT    6
#elif defined(RISCV_VARIANT)
#define REAL         RISCV_VARIANT
#define ACCESSED_BIT 6
#define DIRTY_BIT    7
#else
#define REAL         ARM_FORMAT
#define ACCESSED_BIT 10
#define DIRTY_BIT    7
#endif

/*
 * Arm, "Hardware management of the dirty state": where DBM, bit 51, is set, S2AP[1] becomes 1, or
 * in stage 1 AP[2], the same bit, 0.
 */
#ifdef ARM_FORMAT
#define DIRTY_MARKS(leaf) ((ARM_VARIANT & ARM_DBM) != 0 && ((leaf) >> 51 & 1) != 0)
#define DIRTY_IS_0        ((ARM_VARIANT & ARM_STAGE1) != 0)
#else
#define DIRTY_MARKS(leaf) true
#define DIRTY_IS_0        false
#endif

static unsigned mmu_may_set(uint64_t leaf)
{
	(void)leaf;
	return MZ_ACCESSED | (DIRTY_MARKS(leaf) ? MZ_DIRTY : 0);
}

static uint64_t mmu_sets(uint64_t entry, unsigned flags)
{
	const uint64_t accessed = (uint64_t)1 << ACCESSED_BIT, dirty = (uint64_t)1 << DIRTY_BIT;

	entry |= flags & MZ_ACCESSED ? accessed : 0;
	if ((flags & MZ_DIRTY) == 0)
		return entry;
	return DIRTY_IS_0 ? entry & ~dirty : entry | dirty;
}

#define OA_LG2     REAL.oa_lg2
#define SMALL_WORD UINT64_MAX

/* The words of small.h. */
#define FLAT             (!small.hierarchical)
#define LEAVES_ACCESSED  (!small.links_accessed)
#define small_kind       small.kind
#define small_make_node  small.make_node
#define small_make_leaf  small.make_leaf
#define small_oa         small.oa
#define small_prop       small.prop
#define small_encodable  small.encodable
#define small_link_write small.link_write

static const struct mz_ops small_ops;

const struct mz_format small = {
	.name = REAL.name,
	.levels = SHAPE_LEVELS,
	.page_lg2 = PAGE_LG2,
	.ia_lg2 = IA_LG2,
	.oa_lg2 = REAL.oa_lg2,
	.ia_signed = REAL.ia_signed,
	.hierarchical = REAL.hierarchical,
	.links_accessed = REAL.links_accessed,
	.links_cached_raw = REAL.links_cached_raw,
	.flags_fault = REAL.flags_fault,
	.break_before_make = REAL.break_before_make,
	.index_lg2 = SHAPE_INDICES,
	.shift = SHAPE_SHIFTS,
	.leaf_levels = SHAPE_LEAVES,
	.features = REAL.features,
	.flags = REAL.flags,
	.hw_flags = REAL.hw_flags,
	.absent = REAL.absent,
	.kind = REAL.kind,
	.make_node = REAL.make_node,
	.make_leaf = REAL.make_leaf,
	.oa = REAL.oa,
	.prop = REAL.prop,
	.with_perm = REAL.with_perm,
	.encodable = REAL.encodable,
	.hw_bits = REAL.hw_bits,
	.clean = REAL.clean,
	.link_write = REAL.link_write,
	.forbid_write = REAL.forbid_write,
	.root_register = REAL.root_register,
	.ops = &small_ops,
};

#endif
