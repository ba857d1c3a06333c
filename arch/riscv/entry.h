/* SPDX-License-Identifier: MPL-2.0 */
/*
 * RISC-V entries, once for all variants: a source defines RISCV_VARIANT (the format's symbol),
 * RISCV_NAME, RISCV_LEVELS and RISCV_G_STAGE (1: the hypervisor's second stage), then includes this
 * file. Source: RISC-V privileged specification, sections "Sv39", "Sv48", "Sv57" and "Two-Stage
 * Address Translation".
 */
#include "arch/riscv/riscv.h"
#include "core/format.h"

enum {
	PTE_VALID = 1 << 0,
	PTE_READ = 1 << 1, /* without read, write and execute: a link */
	PTE_WRITE = 1 << 2,
	PTE_EXEC = 1 << 3,
	PTE_USER = 1 << 4,   /* the G-stage takes every access for a user's */
	PTE_GLOBAL = 1 << 5, /* the G-stage ignores it */
	PTE_ACCESSED = 1 << 6,
	PTE_DIRTY = 1 << 7,
};

#define PTE_PERM     (uint64_t)(PTE_READ | PTE_WRITE | PTE_EXEC)
#define PTE_OA       0x003ffffffffffc00u /* bits 53:10 are the address's 55:12 */
#define PTE_OA_SHIFT 2
/* Svpbmt, bits 62:61: 0 what the physical memory attributes say, 1 non-cacheable, 2 I/O. */
#define PTE_MEMORY   ((uint64_t)3 << 61)
#define PTE_NC       ((uint64_t)1 << 61)
#define PTE_IO       ((uint64_t)2 << 61)

#define PERM_SHIFT 1
_Static_assert((int)PTE_READ == MZ_READ << PERM_SHIFT && (int)PTE_WRITE == MZ_WRITE << PERM_SHIFT &&
		       (int)PTE_EXEC == MZ_EXEC << PERM_SHIFT,
	       "permissions are shifted, not translated");
_Static_assert((PTE_OA & (PTE_MEMORY | 0x3ffu)) == 0, "fields must not overlap");

#define STAGE_FLAGS (RISCV_G_STAGE ? 0u : (unsigned)(MZ_USER | MZ_GLOBAL))
#define FLAGS       (MZ_ACCESSED | MZ_DIRTY | STAGE_FLAGS)

/* At level 1 a link is reserved, and faults like what is absent. */
static inline enum mz_kind riscv_kind(uint64_t entry, unsigned level)
{
	if ((entry & PTE_VALID) == 0)
		return MZ_ABSENT;
	if ((entry & PTE_PERM) != 0)
		return MZ_LEAF;
	return level > 1 ? MZ_NODE : MZ_ABSENT;
}

static inline uint64_t riscv_make_node(mz_oa node, unsigned level)
{
	(void)level;
	return node.addr >> PTE_OA_SHIFT | PTE_VALID;
}

static inline uint64_t riscv_make_leaf(mz_oa oa, unsigned level, struct mz_prop prop)
{
	bool user = RISCV_G_STAGE || (prop.flags & MZ_USER) != 0;

	(void)level;
	return oa.addr >> PTE_OA_SHIFT | PTE_VALID | (uint64_t)prop.perm << PERM_SHIFT |
		(user ? PTE_USER : 0u) | (prop.flags & MZ_GLOBAL ? PTE_GLOBAL : 0u) |
		(prop.flags & MZ_ACCESSED ? PTE_ACCESSED : 0u) |
		(prop.flags & MZ_DIRTY ? PTE_DIRTY : 0u) |
		(prop.memory == MZ_MEM_WRITE_COMBINING ? PTE_NC : 0u) |
		(prop.memory == MZ_MEM_UNCACHED ? PTE_IO : 0u);
}

static inline mz_oa riscv_oa(uint64_t entry, unsigned level)
{
	(void)level;
	return mz_oa_from((entry & PTE_OA) << PTE_OA_SHIFT);
}

static inline struct mz_prop riscv_prop(uint64_t entry, unsigned level)
{
	uint32_t flags = (entry & PTE_ACCESSED ? MZ_ACCESSED : 0u) |
		(entry & PTE_DIRTY ? MZ_DIRTY : 0u) | (entry & PTE_USER ? MZ_USER : 0u) |
		(entry & PTE_GLOBAL ? MZ_GLOBAL : 0u);
	uint32_t memory = (entry & PTE_MEMORY) == 0 ? MZ_MEM_WRITE_BACK
		: (entry & PTE_MEMORY) == PTE_NC    ? MZ_MEM_WRITE_COMBINING
						    : MZ_MEM_UNCACHED;

	(void)level;
	return mz_prop_pack((uint32_t)(entry & PTE_PERM) >> PERM_SHIFT, memory, flags & FLAGS);
}

static inline uint64_t riscv_with_perm(uint64_t leaf, unsigned level, unsigned perm)
{
	(void)level;
	return (leaf & ~PTE_PERM) | (uint64_t)perm << PERM_SHIFT;
}

/* Write without read is reserved. */
static inline bool riscv_encodable(struct mz_prop prop, unsigned level, uint32_t features)
{
	unsigned perms = 1u << MZ_READ | 1u << (MZ_READ | MZ_WRITE) | 1u << (MZ_READ | MZ_EXEC) |
		1u << (MZ_READ | MZ_WRITE | MZ_EXEC) |
		(features & MZ_EXEC_ONLY ? 1u << MZ_EXEC : 0u);
	unsigned types = 1u << MZ_MEM_WRITE_BACK |
		(features & MZ_SVPBMT ? 1u << MZ_MEM_WRITE_COMBINING | 1u << MZ_MEM_UNCACHED : 0u);

	(void)level;
	return prop.perm < 8 && (perms >> prop.perm & 1) != 0 && prop.memory < MZ_MEM_TYPES &&
		(types >> prop.memory & 1) != 0 && (prop.flags & ~FLAGS) == 0;
}

static inline uint64_t riscv_hw_bits(unsigned level)
{
	(void)level;
	return PTE_ACCESSED | PTE_DIRTY;
}

static inline uint64_t riscv_clean(uint64_t entry, unsigned level, unsigned flags)
{
	(void)level;
	return entry &
		~(uint64_t)((flags & MZ_ACCESSED ? PTE_ACCESSED : 0) |
			    (flags & MZ_DIRTY ? PTE_DIRTY : 0));
}

/* hgatp and satp: MODE in 63:60 is 8 for 3 levels, 9 for 4, 10 for 5; PPN in 43:0. */
static inline uint64_t riscv_root_register(mz_oa root, uint32_t features)
{
	(void)features;
	return root.addr >> 12 | (uint64_t)(RISCV_LEVELS + 5) << 60;
}

#define MZ_INSTANCE_FORMAT RISCV_VARIANT
#include "core/instance.h"

static const struct mz_ops riscv_ops = MZ_INSTANCE_OPS;

_Static_assert(RISCV_LEVELS >= 3 && RISCV_LEVELS <= 5, "Sv39, Sv48 and Sv57");

#define WIDE (RISCV_G_STAGE ? 2 : 0) /* a G-stage's root has four pages */

const struct mz_format RISCV_VARIANT = {
	.name = RISCV_NAME,
	.levels = RISCV_LEVELS,
	.page_lg2 = 12,
	.ia_lg2 = 12 + 9 * RISCV_LEVELS + WIDE,
	.oa_lg2 = 56,
	.ia_signed = !RISCV_G_STAGE,
	.index_lg2 = {0, 9, 9, RISCV_LEVELS == 3 ? 9 + WIDE : 9,
		      RISCV_LEVELS < 4            ? 0
			      : RISCV_LEVELS == 4 ? 9 + WIDE
						  : 9,
		      RISCV_LEVELS < 5 ? 0 : 9 + WIDE},
	.shift = {0, 12, 21, 30, RISCV_LEVELS < 4 ? 0 : 39, RISCV_LEVELS < 5 ? 0 : 48},
	.leaf_levels = (1u << (RISCV_LEVELS + 1)) - 2,
	.features = MZ_HW_ACCESSED_DIRTY | MZ_EXEC_ONLY | MZ_SVPBMT,
	.flags = FLAGS,
	.hw_flags = MZ_ACCESSED | MZ_DIRTY,
	.flags_fault = true,
	.absent = 0,
	.kind = riscv_kind,
	.make_node = riscv_make_node,
	.make_leaf = riscv_make_leaf,
	.oa = riscv_oa,
	.prop = riscv_prop,
	.with_perm = riscv_with_perm,
	.encodable = riscv_encodable,
	.hw_bits = riscv_hw_bits,
	.clean = riscv_clean,
	.root_register = riscv_root_register,
	.ops = &riscv_ops,
};
