/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The entries of VMSAv8-64, stage 1 and stage 2, as functions of a variant that is a constant
 * wherever they are used. Private to arch/arm. Source: Arm ARM (DDI 0487), section "Translation
 * table descriptor formats". The library's level is 4 less Arm's: Arm's level 3 is 1.
 */
#ifndef MZ_ARCH_ARM_ENTRY_H
#define MZ_ARCH_ARM_ENTRY_H

#include "core/format.h"

/* What tells the variants apart. */
enum arm_variant {
	ARM_4K = 0,
	ARM_16K = 1,
	ARM_64K = 2,
	ARM_GRANULE = 3,
	ARM_WIDE = 1 << 2,   /* 52-bit addresses: LPA with 64 KiB, LPA2 (DS = 1) with the others */
	ARM_DBM = 1 << 3,    /* the MMU tells dirty leaves by the permission to write */
	ARM_STAGE1 = 1 << 4, /* otherwise stage 2 */
	ARM_XNX = 1 << 5,    /* stage 2: XN has two bits */
	ARM_FWB = 1 << 6,    /* stage 2: MemAttr overrides stage 1 (HCR_EL2.FWB = 1) */
	ARM_EL2 = 1 << 5,    /* stage 1: of EL2, otherwise of EL1&0 */
	ARM_VARIANTS = 1 << 7,
};

/* Any descriptor. At level 1 a leaf is TABLE | VALID, and VALID alone is invalid. */
#define ARM_VALID      (uint64_t)1
#define ARM_TABLE      (uint64_t)2
#define ARM_ATTR_SHIFT 2 /* MemAttr, bits 5:2, or AttrIndx, bits 4:2 */
#define ARM_SH_SHIFT   8 /* bits 9:8; with LPA2 output address bits 51:50 */
#define ARM_AF         ((uint64_t)1 << 10)
#define ARM_DBM_BIT    ((uint64_t)1 << 51)
#define ARM_CONTIGUOUS ((uint64_t)1 << 52)
#define ARM_SOFT_DIRTY ((uint64_t)1 << 56) /* for software in both stages, as 57 is */

/* Stage 2. */
#define ARM_S2_ATTR  ((uint64_t)15 << ARM_ATTR_SHIFT)
#define ARM_S2_READ  ((uint64_t)1 << 6)  /* S2AP[0] */
#define ARM_S2_WRITE ((uint64_t)1 << 7)  /* S2AP[1] */
#define ARM_S2_XN0   ((uint64_t)1 << 53) /* with XNX: EL1 differs from EL0 */
#define ARM_S2_XN    ((uint64_t)1 << 54) /* with XNX: of EL0 */

/* Stage 1. */
#define ARM_S1_ATTR      ((uint64_t)7 << ARM_ATTR_SHIFT)
#define ARM_S1_USER      ((uint64_t)1 << 6)  /* AP[1]; RES1 at EL2 */
#define ARM_S1_READ_ONLY ((uint64_t)1 << 7)  /* AP[2] */
#define ARM_S1_NG        ((uint64_t)1 << 11) /* not global; RES0 at EL2 */
#define ARM_S1_PXN       ((uint64_t)1 << 53) /* RES0 at EL2 */
#define ARM_S1_UXN       ((uint64_t)1 << 54) /* XN at EL2 */

#define ARM_OA_48  0x0000fffffffff000u
#define ARM_OA_50  0x0003fffffffff000u
#define ARM_COMMON (ARM_VALID | ARM_TABLE | ARM_AF | ARM_DBM_BIT | ARM_CONTIGUOUS | ARM_SOFT_DIRTY)

_Static_assert((ARM_COMMON &
		(ARM_OA_50 | ARM_S2_ATTR | ARM_S2_READ | ARM_S2_WRITE | ARM_S2_XN0 | ARM_S2_XN |
		 (uint64_t)3 << ARM_SH_SHIFT)) == 0 &&
		       (ARM_OA_50 &
			(ARM_S2_ATTR | ARM_S2_READ | ARM_S2_WRITE | ARM_S2_XN0 | ARM_S2_XN |
			 (uint64_t)3 << ARM_SH_SHIFT)) == 0 &&
		       (ARM_S2_ATTR & (ARM_S2_READ | ARM_S2_WRITE)) == 0,
	       "fields of stage 2 must not overlap");
_Static_assert((ARM_S1_NG & (ARM_COMMON | ARM_OA_50 | ARM_S1_USER | ARM_S1_READ_ONLY)) == 0 &&
		       (ARM_S1_ATTR & (ARM_S1_USER | ARM_S1_READ_ONLY)) == 0 &&
		       ((ARM_S1_PXN | ARM_S1_UXN) & (ARM_COMMON | ARM_OA_50)) == 0,
	       "fields of stage 1 must not overlap");

/*
 * MemAttr of stage 2 by memory type, four bits each, and back. Uncached is nGnRnE, and write
 * combining is Normal Non-cacheable. Sections "Stage 2 memory type and Cacheability attributes when
 * FWB is disabled" and "when FWB is enabled". What is not made here reads as uncached; only 7 under
 * FWB, by which stage 1 has the word, reads as write-back.
 */
#define ARM_ATTR_OF     0x50320a1fu
#define ARM_TYPE_OF     0x0666626666765416u
#define ARM_FWB_ATTR_OF 0x50320016u
#define ARM_FWB_TYPE_OF 0x6666666600765416u

#define ARM_MEMORY_TYPES ((1u << MZ_MEM_TYPES) - 1 - (1u << MZ_MEM_WRITE_PROTECTED))

static inline unsigned arm_page_lg2(unsigned v)
{
	return 12 + 2 * (v & ARM_GRANULE);
}

static inline bool arm_lpa2(unsigned v)
{
	return (v & ARM_WIDE) != 0 && (v & ARM_GRANULE) != ARM_64K;
}

/* Is MZ_EXEC_USER told apart? */
static inline bool arm_exec_user(unsigned v)
{
	return v & ARM_STAGE1 ? (v & ARM_EL2) == 0 : (v & ARM_XNX) != 0;
}

/* Blocks are one level up, with 4 KiB two; one further with 52-bit addresses. */
#define ARM_LEAF_LAST(v) (2u + (((v)&ARM_GRANULE) == ARM_4K ? 1 : 0) + ((v)&ARM_WIDE ? 1 : 0))

static inline enum mz_kind arm_kind(unsigned v, uint64_t entry, unsigned level)
{
	if ((entry & ARM_VALID) == 0)
		return MZ_ABSENT;
	if ((entry & ARM_TABLE) != 0)
		return level == 1 ? MZ_LEAF : MZ_NODE;
	return level > 1 && level <= ARM_LEAF_LAST(v) ? MZ_LEAF : MZ_ABSENT;
}

/* Where the address is. 64 KiB with LPA: bits 51:48 in 15:12. LPA2: bits 51:50 in 9:8. */
static inline uint64_t arm_address(unsigned v, uint64_t oa)
{
	if ((v & ARM_WIDE) == 0)
		return oa;
	if (arm_lpa2(v))
		return (oa & ARM_OA_50) | (oa >> 50 & 3) << ARM_SH_SHIFT;
	return (oa & ARM_OA_48) | (oa >> 48 & 15) << 12;
}

static inline mz_oa arm_oa(unsigned v, uint64_t entry)
{
	uint64_t page = ((uint64_t)1 << arm_page_lg2(v)) - 1;

	if ((v & ARM_WIDE) == 0)
		return mz_oa_from(entry & ARM_OA_48 & ~page);
	if (arm_lpa2(v))
		return mz_oa_from((entry & ARM_OA_50 & ~page) | (entry >> ARM_SH_SHIFT & 3) << 50);
	return mz_oa_from((entry & ARM_OA_48 & ~page) | (entry >> 12 & 15) << 48);
}

/* All of a table descriptor's limits are left at none. */
static inline uint64_t arm_make_node(unsigned v, mz_oa node)
{
	return arm_address(v, node.addr) | ARM_TABLE | ARM_VALID;
}

/* The permissions, and with them what says dirty. */
static inline uint64_t arm_s2_perm(unsigned v, unsigned perm, bool dirty)
{
	uint64_t bits = (perm & MZ_READ ? ARM_S2_READ : 0);
	bool exec = (perm & MZ_EXEC) != 0;
	bool user = (perm & MZ_EXEC_USER) != 0;

	if ((v & ARM_XNX) == 0)
		bits |= exec ? 0 : ARM_S2_XN;
	else
		bits |= (user ? 0 : ARM_S2_XN) | (user != exec ? ARM_S2_XN0 : 0);
	if ((v & ARM_DBM) == 0)
		return bits | (perm & MZ_WRITE ? ARM_S2_WRITE : 0) | (dirty ? ARM_SOFT_DIRTY : 0);
	if ((perm & MZ_WRITE) != 0)
		return bits | ARM_DBM_BIT | (dirty ? ARM_S2_WRITE : 0);
	return bits | (dirty ? ARM_SOFT_DIRTY : 0);
}

static inline uint64_t arm_s1_perm(unsigned v, unsigned perm, bool dirty)
{
	uint64_t bits = 0;
	bool write = (perm & MZ_WRITE) != 0;

	if ((v & ARM_EL2) != 0)
		bits |= perm & MZ_EXEC ? 0 : ARM_S1_UXN;
	else
		bits |= (perm & MZ_EXEC ? 0 : ARM_S1_PXN) | (perm & MZ_EXEC_USER ? 0 : ARM_S1_UXN);
	if ((v & ARM_DBM) == 0)
		return bits | (write ? 0 : ARM_S1_READ_ONLY) | (dirty ? ARM_SOFT_DIRTY : 0);
	if (write)
		return bits | ARM_DBM_BIT | (dirty ? 0 : ARM_S1_READ_ONLY);
	return bits | ARM_S1_READ_ONLY | (dirty ? ARM_SOFT_DIRTY : 0);
}

static inline uint64_t arm_perm(unsigned v, unsigned perm, bool dirty)
{
	return v & ARM_STAGE1 ? arm_s1_perm(v, perm, dirty) : arm_s2_perm(v, perm, dirty);
}

/* All bits that arm_perm() sets. */
static inline uint64_t arm_perm_bits(unsigned v)
{
	uint64_t bits = ARM_SOFT_DIRTY | (v & ARM_DBM ? ARM_DBM_BIT : 0);

	if ((v & ARM_STAGE1) != 0)
		return bits | ARM_S1_READ_ONLY | ARM_S1_UXN | (v & ARM_EL2 ? 0 : ARM_S1_PXN);
	return bits | ARM_S2_READ | ARM_S2_WRITE | ARM_S2_XN | (v & ARM_XNX ? ARM_S2_XN0 : 0);
}

static inline unsigned arm_perm_of(unsigned v, uint64_t entry)
{
	bool xn = (entry & ARM_S2_XN) != 0;
	bool xn0 = (entry & ARM_S2_XN0) != 0;
	unsigned perm;

	if ((v & ARM_STAGE1) != 0)
		perm = MZ_READ | (entry & ARM_S1_READ_ONLY ? 0u : MZ_WRITE);
	else
		perm = (unsigned)(entry >> 6 & 3);
	if ((v & ARM_DBM) != 0)
		perm = (perm & MZ_READ) | (entry & ARM_DBM_BIT ? MZ_WRITE : 0u);
	if (!arm_exec_user(v))
		return perm | (xn ? 0u : MZ_EXEC);
	if ((v & ARM_STAGE1) != 0)
		return perm | (xn0 ? 0u : MZ_EXEC) | (xn ? 0u : MZ_EXEC_USER);
	return perm | (xn != xn0 ? 0u : MZ_EXEC) | (xn ? 0u : MZ_EXEC_USER);
}

static inline bool arm_dirty(unsigned v, uint64_t entry)
{
	if ((entry & ARM_SOFT_DIRTY) != 0)
		return true;
	if ((v & ARM_DBM) == 0)
		return false;
	return v & ARM_STAGE1 ? (entry & ARM_S1_READ_ONLY) == 0 : (entry & ARM_S2_WRITE) != 0;
}

static inline uint64_t arm_attr(unsigned v, unsigned memory)
{
	if ((v & ARM_STAGE1) != 0)
		return (uint64_t)memory << ARM_ATTR_SHIFT;
	return (uint64_t)((v & ARM_FWB ? ARM_FWB_ATTR_OF : ARM_ATTR_OF) >> 4 * memory & 15)
		<< ARM_ATTR_SHIFT;
}

static inline unsigned arm_memory_of(unsigned v, uint64_t entry)
{
	unsigned attr = (unsigned)(entry >> ARM_ATTR_SHIFT & 15);

	if ((v & ARM_STAGE1) != 0)
		return attr & 7;
	return (unsigned)((v & ARM_FWB ? ARM_FWB_TYPE_OF : ARM_TYPE_OF) >> 4 * attr & 15);
}

/* Shareability: 0b11 inner, 0b10 outer, 0b00 none. */
static inline uint64_t arm_share(unsigned v, unsigned flags)
{
	if (arm_lpa2(v))
		return 0;
	return (uint64_t)(flags & MZ_SHARED_INNER           ? 3
				  : flags & MZ_SHARED_OUTER ? 2
							    : 0)
		<< ARM_SH_SHIFT;
}

static inline unsigned arm_share_of(unsigned v, uint64_t entry)
{
	unsigned share = (unsigned)(entry >> ARM_SH_SHIFT & 3);

	if (arm_lpa2(v))
		return 0;
	return share == 3 ? MZ_SHARED_INNER : share == 2 ? MZ_SHARED_OUTER : 0;
}

static inline uint16_t arm_flags(unsigned v)
{
	unsigned flags = MZ_ACCESSED | MZ_DIRTY | MZ_CONTIGUOUS;

	if (!arm_lpa2(v))
		flags |= MZ_SHARED_INNER | MZ_SHARED_OUTER;
	if ((v & ARM_STAGE1) != 0 && (v & ARM_EL2) == 0)
		flags |= MZ_USER | MZ_GLOBAL;
	return (uint16_t)flags;
}

static inline uint64_t arm_make_leaf(unsigned v, mz_oa oa, unsigned level, struct mz_prop prop)
{
	uint64_t entry = arm_address(v, oa.addr) | ARM_VALID | (level == 1 ? ARM_TABLE : 0) |
		arm_attr(v, prop.memory) | arm_share(v, prop.flags) |
		arm_perm(v, prop.perm, (prop.flags & MZ_DIRTY) != 0) |
		(prop.flags & MZ_ACCESSED ? ARM_AF : 0) |
		(prop.flags & MZ_CONTIGUOUS ? ARM_CONTIGUOUS : 0);

	if ((v & ARM_STAGE1) == 0)
		return entry;
	if ((v & ARM_EL2) != 0)
		return entry | ARM_S1_USER;
	return entry | (prop.flags & MZ_USER ? ARM_S1_USER : 0) |
		(prop.flags & MZ_GLOBAL ? 0 : ARM_S1_NG);
}

static inline struct mz_prop arm_prop(unsigned v, uint64_t entry, unsigned level)
{
	unsigned flags = arm_share_of(v, entry) | (entry & ARM_AF ? MZ_ACCESSED : 0u) |
		(arm_dirty(v, entry) ? MZ_DIRTY : 0u) |
		(entry & ARM_CONTIGUOUS ? MZ_CONTIGUOUS : 0u);

	if (arm_kind(v, entry, level) != MZ_LEAF)
		return mz_prop_from(MZ_READ | MZ_WRITE | MZ_EXEC |
				    (arm_exec_user(v) ? MZ_EXEC_USER : 0u));
	if ((v & ARM_STAGE1) != 0 && (v & ARM_EL2) == 0)
		flags |= (entry & ARM_S1_USER ? MZ_USER : 0u) |
			(entry & ARM_S1_NG ? 0u : MZ_GLOBAL);
	return mz_prop_pack(arm_perm_of(v, entry), arm_memory_of(v, entry), flags);
}

static inline uint64_t arm_with_perm(unsigned v, uint64_t leaf, unsigned perm)
{
	return (leaf & ~arm_perm_bits(v)) | arm_perm(v, perm, arm_dirty(v, leaf));
}

/*
 * Stage 2 can permit each of read, write and execute alone; every processor can, but whoever makes
 * a table grants MZ_EXEC_ONLY, as with other formats. In stage 1 whatever is mapped can be read.
 * Only one shareability at a time.
 */
static inline bool arm_encodable(unsigned v, struct mz_prop prop, uint32_t features)
{
	unsigned perms = MZ_READ | MZ_WRITE | MZ_EXEC | (arm_exec_user(v) ? MZ_EXEC_USER : 0u);
	unsigned shared = MZ_SHARED_INNER | MZ_SHARED_OUTER;
	unsigned types = ARM_MEMORY_TYPES;

	if ((v & ARM_STAGE1) == 0 && (v & ARM_FWB) != 0)
		types &= ~(1u << MZ_MEM_WRITE_THROUGH);
	if (prop.perm == 0 || (prop.perm & ~perms) != 0)
		return false;
	if ((prop.perm & MZ_READ) == 0 &&
	    ((v & ARM_STAGE1) != 0 ||
	     ((prop.perm & (MZ_EXEC | MZ_EXEC_USER)) != 0 && (features & MZ_EXEC_ONLY) == 0)))
		return false;
	return prop.memory < MZ_MEM_TYPES && (types >> prop.memory & 1) != 0 &&
		(prop.flags & ~arm_flags(v)) == 0 && (prop.flags & shared) != shared;
}

static inline uint64_t arm_hw_bits(unsigned v)
{
	return ARM_AF | ARM_SOFT_DIRTY |
		(v & ARM_DBM ? (v & ARM_STAGE1 ? ARM_S1_READ_ONLY : ARM_S2_WRITE) : 0);
}

static inline uint64_t arm_clean(unsigned v, uint64_t entry, unsigned flags)
{
	if ((flags & MZ_ACCESSED) != 0)
		entry &= ~ARM_AF;
	if ((flags & MZ_DIRTY) == 0)
		return entry;
	entry &= ~ARM_SOFT_DIRTY;
	if ((v & ARM_DBM) == 0)
		return entry;
	return v & ARM_STAGE1 ? entry | ARM_S1_READ_ONLY : entry & ~ARM_S2_WRITE;
}

/* VTTBR_EL2 or TTBR0_ELx without VMID, ASID and CnP. Of 52-bit addresses, 51:48 are in 5:2. */
static inline uint64_t arm_root_register(unsigned v, mz_oa root)
{
	if ((v & ARM_WIDE) == 0)
		return root.addr;
	return (root.addr & ~((uint64_t)15 << 48)) | (root.addr >> 48 & 15) << 2;
}

/* The functions of a variant: prefix ## _kind and so on. */
#define ARM_FUNCTIONS(prefix, v)                                                                 \
	static inline enum mz_kind prefix##_kind(uint64_t entry, unsigned level)                 \
	{                                                                                        \
		return arm_kind(v, entry, level);                                                \
	}                                                                                        \
	static inline uint64_t prefix##_make_node(mz_oa node, unsigned level)                    \
	{                                                                                        \
		(void)level;                                                                     \
		return arm_make_node(v, node);                                                   \
	}                                                                                        \
	static inline uint64_t prefix##_make_leaf(mz_oa oa, unsigned level, struct mz_prop prop) \
	{                                                                                        \
		return arm_make_leaf(v, oa, level, prop);                                        \
	}                                                                                        \
	static inline mz_oa prefix##_oa(uint64_t entry, unsigned level)                          \
	{                                                                                        \
		(void)level;                                                                     \
		return arm_oa(v, entry);                                                         \
	}                                                                                        \
	static inline struct mz_prop prefix##_prop(uint64_t entry, unsigned level)               \
	{                                                                                        \
		return arm_prop(v, entry, level);                                                \
	}                                                                                        \
	static inline uint64_t prefix##_with_perm(uint64_t leaf, unsigned level, unsigned perm)  \
	{                                                                                        \
		(void)level;                                                                     \
		return arm_with_perm(v, leaf, perm);                                             \
	}                                                                                        \
	static inline bool prefix##_encodable(struct mz_prop prop, unsigned level,               \
					      uint32_t features)                                 \
	{                                                                                        \
		(void)level;                                                                     \
		return arm_encodable(v, prop, features);                                         \
	}                                                                                        \
	static inline uint64_t prefix##_hw_bits(unsigned level)                                  \
	{                                                                                        \
		(void)level;                                                                     \
		return arm_hw_bits(v);                                                           \
	}                                                                                        \
	static inline uint64_t prefix##_clean(uint64_t entry, unsigned level, unsigned flags)    \
	{                                                                                        \
		(void)level;                                                                     \
		return arm_clean(v, entry, flags);                                               \
	}                                                                                        \
	static inline uint64_t prefix##_root_register(mz_oa root, uint32_t features)             \
	{                                                                                        \
		(void)features;                                                                  \
		return arm_root_register(v, root);                                               \
	}

/* The members of a struct mz_format that follow from the variant alone. */
#define ARM_MEMBERS(prefix, v)                                                                   \
	.page_lg2 = 12 + 2 * ((v)&ARM_GRANULE), .break_before_make = true, .flags_fault = true,  \
	.features = MZ_HW_ACCESSED_DIRTY | MZ_LIVE_SPLITS | ((v)&ARM_STAGE1 ? 0 : MZ_EXEC_ONLY), \
	.flags = MZ_ACCESSED | MZ_DIRTY | MZ_CONTIGUOUS |                                        \
		(((v)&ARM_WIDE) != 0 && ((v)&ARM_GRANULE) != ARM_64K                             \
			 ? 0                                                                     \
			 : MZ_SHARED_INNER | MZ_SHARED_OUTER) |                                  \
		(((v) & (ARM_STAGE1 | ARM_EL2)) == ARM_STAGE1 ? MZ_USER | MZ_GLOBAL : 0),        \
	.hw_flags = MZ_ACCESSED | ((v)&ARM_DBM ? MZ_DIRTY : 0), .absent = 0,                     \
	.kind = prefix##_kind, .make_node = prefix##_make_node, .make_leaf = prefix##_make_leaf, \
	.oa = prefix##_oa, .prop = prefix##_prop, .with_perm = prefix##_with_perm,               \
	.encodable = prefix##_encodable, .hw_bits = prefix##_hw_bits, .clean = prefix##_clean,   \
	.root_register = prefix##_root_register

#endif
