// SPDX-License-Identifier: MPL-2.0
/* x86-64 stage-1 entries. Section and table numbers are those of the Intel SDM, volume 3A. */
#include "arch/x86/ia32e.h"

#include "core/format.h"

/*
 * Tables 4-15 to 4-20 in section 4.5.4 "Linear-address translation with 4-level and 5-level
 * paging".
 */
enum {
	IA32E_PRESENT = 1 << 0,
	IA32E_WRITE = 1 << 1,
	IA32E_USER = 1 << 2,
	IA32E_WRITE_THROUGH = 1 << 3, /* PWT */
	IA32E_CACHE_DISABLE = 1 << 4, /* PCD */
	IA32E_ACCESSED = 1 << 5,      /* section 4.8 "Accessed and dirty flags" */
	IA32E_DIRTY = 1 << 6,         /* leaf */
	IA32E_LEAF = 1 << 7,   /* PS: a leaf above level 1. At level 1 this is PAT, which stays 0 */
	IA32E_GLOBAL = 1 << 8, /* leaf; section 4.10.2.4 "Global pages" */
};

#define IA32E_LARGE_PAT ((uint64_t)1 << 12) /* PAT of a leaf above level 1 */
#define IA32E_NO_EXEC   ((uint64_t)1 << 63) /* XD, with IA32_EFER.NXE */
#define IA32E_OA \
	0x000ffffffffff000u /* bits 51:12, of which the processor has those below MAXPHYADDR */

_Static_assert((IA32E_OA & (IA32E_NO_EXEC | 0xfff)) == 0, "fields must not overlap");

/*
 * Section 4.5: bit 0 alone says whether an entry is present. PS is reserved in the root, which has
 * no leaves.
 */
static inline enum mz_kind ia32e_kind(uint64_t entry, unsigned level)
{
	if (level > 1 && (entry & (IA32E_PRESENT | IA32E_LEAF)) == IA32E_PRESENT)
		return MZ_NODE;
	return (entry & IA32E_PRESENT) != 0 ? MZ_LEAF : MZ_ABSENT;
}

static inline uint64_t ia32e_make_node(mz_oa node, unsigned level)
{
	(void)level;
	return node.addr | IA32E_PRESENT | IA32E_WRITE | IA32E_USER;
}

#define MEMORY_TYPES (1u << MZ_MEM_WRITE_BACK | 1u << MZ_MEM_WRITE_THROUGH | 1u << MZ_MEM_UNCACHED)

/* Section 4.9.2 and table 12-12: the power-on PAT maps (PCD, PWT) to WB, WT, UC-, UC. */
static inline uint64_t memory_bits(unsigned memory)
{
	return memory == MZ_MEM_WRITE_BACK       ? 0
		: memory == MZ_MEM_WRITE_THROUGH ? IA32E_WRITE_THROUGH
						 : IA32E_CACHE_DISABLE | IA32E_WRITE_THROUGH;
}

static inline uint64_t perm_bits(unsigned perm)
{
	return IA32E_PRESENT | (perm & MZ_WRITE ? IA32E_WRITE : 0u) |
		(perm & MZ_EXEC ? 0 : IA32E_NO_EXEC);
}

static inline uint64_t ia32e_make_leaf(mz_oa oa, unsigned level, struct mz_prop prop)
{
	return oa.addr | perm_bits(prop.perm) | memory_bits(prop.memory) |
		(level > 1 ? IA32E_LEAF : 0u) | (prop.flags & MZ_USER ? IA32E_USER : 0u) |
		(prop.flags & MZ_GLOBAL ? IA32E_GLOBAL : 0u) |
		(prop.flags & MZ_ACCESSED ? IA32E_ACCESSED : 0u) |
		(prop.flags & MZ_DIRTY ? IA32E_DIRTY : 0u);
}

static inline mz_oa ia32e_oa(uint64_t entry, unsigned level)
{
	/* A large leaf has PAT at bit 12. */
	return mz_oa_from(entry & IA32E_OA &
			  (level > 1 && (entry & IA32E_LEAF) != 0 ? ~IA32E_LARGE_PAT : UINT64_MAX));
}

static inline struct mz_prop ia32e_prop(uint64_t entry, unsigned level)
{
	struct mz_prop prop = mz_prop_from(MZ_READ | (entry & IA32E_WRITE ? MZ_WRITE : 0u) |
					   (entry & IA32E_NO_EXEC ? 0u : MZ_EXEC));

	prop.flags = (uint16_t)((entry & IA32E_ACCESSED ? MZ_ACCESSED : 0) |
				(entry & IA32E_USER ? MZ_USER : 0));
	if (ia32e_kind(entry, level) == MZ_LEAF) {
		prop.flags |= (uint16_t)((entry & IA32E_DIRTY ? MZ_DIRTY : 0) |
					 (entry & IA32E_GLOBAL ? MZ_GLOBAL : 0));
		prop.memory = entry & IA32E_CACHE_DISABLE ? MZ_MEM_UNCACHED
			: entry & IA32E_WRITE_THROUGH     ? MZ_MEM_WRITE_THROUGH
							  : MZ_MEM_WRITE_BACK;
	}
	return prop;
}

static inline uint64_t ia32e_with_perm(uint64_t leaf, unsigned level, unsigned perm)
{
	(void)level;
	return (leaf & ~(IA32E_WRITE | IA32E_NO_EXEC)) | perm_bits(perm);
}

static inline bool ia32e_encodable(struct mz_prop prop, unsigned level, uint32_t features)
{
	(void)level;
	(void)features;
	return (prop.perm & MZ_READ) != 0 && (prop.perm & ~(MZ_READ | MZ_WRITE | MZ_EXEC)) == 0 &&
		prop.memory < MZ_MEM_TYPES && (MEMORY_TYPES >> prop.memory & 1) != 0 &&
		(prop.flags & ~(MZ_ACCESSED | MZ_DIRTY | MZ_USER | MZ_GLOBAL)) == 0;
}

static inline uint64_t ia32e_hw_bits(unsigned level)
{
	(void)level;
	return IA32E_ACCESSED | IA32E_DIRTY;
}

static inline uint64_t ia32e_clean(uint64_t entry, unsigned level, unsigned flags)
{
	(void)level;
	return entry &
		~(uint64_t)((flags & MZ_ACCESSED ? IA32E_ACCESSED : 0) |
			    (flags & MZ_DIRTY ? IA32E_DIRTY : 0));
}

/* CR3 without a process-context identifier. Table 4-12 in section 4.5.2. */
static inline uint64_t ia32e_root_register(mz_oa root, uint32_t features)
{
	(void)features;
	return root.addr;
}

#define MZ_INSTANCE_FORMAT mz_ia32e
#include "core/instance.h"

static const struct mz_ops ia32e_ops = MZ_INSTANCE_OPS;

const struct mz_format mz_ia32e = {
	.name = "ia32e",
	.levels = 4,
	.page_lg2 = 12,
	.ia_lg2 = 48,
	.oa_lg2 = 52,
	.ia_signed = true, /* section 3.3.7.1 of volume 1: canonical addresses */
	.hierarchical = true,
	.index_lg2 = {0, 9, 9, 9, 9},
	.shift = {0, 12, 21, 30, 39},
	.leaf_levels = 1 << 1 | 1 << 2 | 1 << 3,
	.features = MZ_HW_ACCESSED_DIRTY,
	.flags = MZ_ACCESSED | MZ_DIRTY | MZ_USER | MZ_GLOBAL,
	.absent = 0,
	.kind = ia32e_kind,
	.make_node = ia32e_make_node,
	.make_leaf = ia32e_make_leaf,
	.oa = ia32e_oa,
	.prop = ia32e_prop,
	.with_perm = ia32e_with_perm,
	.encodable = ia32e_encodable,
	.hw_bits = ia32e_hw_bits,
	.clean = ia32e_clean,
	.root_register = ia32e_root_register,
	.ops = &ia32e_ops,
};
