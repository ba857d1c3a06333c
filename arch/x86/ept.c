// SPDX-License-Identifier: MPL-2.0
/* EPT entries. Section numbers are those of the Intel SDM, volume 3C. */
#include "arch/x86/ept.h"

#include "core/format.h"

/* Tables 29-1 to 29-6 in section 29.3.2 "EPT translation mechanism". */
enum {
	EPT_READ = 1 << 0,
	EPT_WRITE = 1 << 1,
	EPT_EXEC = 1 << 2,       /* supervisor fetches only, under mode-based execute control */
	EPT_MEMORY_SHIFT = 3,    /* leaf: bits 5:3, the memory type */
	EPT_IGNORE_PAT = 1 << 6, /* leaf */
	EPT_LEAF = 1 << 7,       /* a leaf above level 1; ignored at level 1 */
	EPT_ACCESSED = 1 << 8,   /* section 29.3.5 "Accessed and dirty flags for EPT" */
	EPT_DIRTY = 1 << 9,      /* leaf */
};

#define EPT_PERM   (uint64_t)(EPT_READ | EPT_WRITE | EPT_EXEC)
#define EPT_MEMORY ((uint64_t)7 << EPT_MEMORY_SHIFT)
#define EPT_OA \
	0x000ffffffffff000u /* bits 51:12, of which the processor has those below MAXPHYADDR */

_Static_assert((int)EPT_READ == MZ_READ && (int)EPT_WRITE == MZ_WRITE && (int)EPT_EXEC == MZ_EXEC,
	       "permissions are copied, not translated");
_Static_assert(((EPT_PERM | EPT_MEMORY | EPT_IGNORE_PAT | EPT_LEAF | EPT_ACCESSED | EPT_DIRTY) &
		EPT_OA) == 0,
	       "fields must not overlap");
_Static_assert((EPT_MEMORY & (EPT_PERM | EPT_IGNORE_PAT | EPT_LEAF)) == 0,
	       "fields must not overlap");

/*
 * Section 29.3.7.2 "Memory type used for translated guest-physical addresses"; values of
 * section 12.3. The library's numbers are these, exclusive or that of write-back.
 */
enum { EPT_UC = 0, EPT_WC = 1, EPT_WT = 4, EPT_WP = 5, EPT_WB = 6 };

_Static_assert((EPT_WB ^ EPT_WB) == MZ_MEM_WRITE_BACK && (EPT_UC ^ EPT_WB) == MZ_MEM_UNCACHED &&
		       (EPT_WC ^ EPT_WB) == MZ_MEM_WRITE_COMBINING &&
		       (EPT_WT ^ EPT_WB) == MZ_MEM_WRITE_THROUGH &&
		       (EPT_WP ^ EPT_WB) == MZ_MEM_WRITE_PROTECTED,
	       "memory types are flipped, not translated");

#define EPT_MEMORY_TYPES (1u << EPT_UC | 1u << EPT_WC | 1u << EPT_WT | 1u << EPT_WP | 1u << EPT_WB)

/*
 * Section 29.3.2: an entry is present if any of bits 2:0 is set (mode-based execute control adds
 * bit 10).
 */
static inline enum mz_kind ept_kind(uint64_t entry, unsigned level)
{
	if ((entry & EPT_PERM) == 0)
		return MZ_ABSENT;
	return level == 1 || (entry & EPT_LEAF) != 0 ? MZ_LEAF : MZ_NODE;
}

static inline uint64_t ept_make_node(mz_oa node, unsigned level)
{
	(void)level;
	return node.addr | EPT_PERM;
}

/* The flags stand in a leaf as they stand in a property. */
#define FLAGS       (uint32_t)(MZ_IGNORE_PAT | MZ_ACCESSED | MZ_DIRTY)
#define FLAGS_SHIFT 6

_Static_assert((int)EPT_IGNORE_PAT == MZ_IGNORE_PAT << FLAGS_SHIFT &&
		       (int)EPT_ACCESSED == MZ_ACCESSED << FLAGS_SHIFT &&
		       (int)EPT_DIRTY == MZ_DIRTY << FLAGS_SHIFT,
	       "flags are shifted, not translated");

static inline uint64_t ept_make_leaf(mz_oa oa, unsigned level, struct mz_prop prop)
{
	return oa.addr | prop.perm | (uint64_t)(prop.memory ^ EPT_WB) << EPT_MEMORY_SHIFT |
		(uint64_t)(prop.flags & FLAGS) << FLAGS_SHIFT | (level > 1 ? EPT_LEAF : 0u);
}

static inline mz_oa ept_oa(uint64_t entry, unsigned level)
{
	(void)level;
	return mz_oa_from(entry & EPT_OA);
}

static inline struct mz_prop ept_prop(uint64_t entry, unsigned level)
{
	uint32_t low = (uint32_t)entry;
	uint32_t flags = low >> FLAGS_SHIFT & FLAGS;

	if (ept_kind(entry, level) != MZ_LEAF)
		return mz_prop_pack(low & EPT_PERM, MZ_MEM_WRITE_BACK, flags & MZ_ACCESSED);
	return mz_prop_pack(low & EPT_PERM, (low >> EPT_MEMORY_SHIFT & 7) ^ EPT_WB, flags);
}

static inline uint64_t ept_with_perm(uint64_t leaf, unsigned level, unsigned perm)
{
	(void)level;
	return (leaf & ~EPT_PERM) | perm;
}

/*
 * Section 29.3.3.1 "EPT misconfigurations": write without read never, execute alone only where
 * supported.
 */
static inline bool ept_encodable(struct mz_prop prop, unsigned level, uint32_t features)
{
	/* Bit p: the permissions p can be encoded. */
	unsigned perms = 1u << MZ_READ | 1u << (MZ_READ | MZ_WRITE) | 1u << (MZ_READ | MZ_EXEC) |
		1u << (MZ_READ | MZ_WRITE | MZ_EXEC) |
		(unsigned)((features & MZ_EXEC_ONLY) != 0) << MZ_EXEC;

	(void)level;
	return prop.perm <= EPT_PERM && (perms >> prop.perm & 1) != 0 &&
		prop.memory < MZ_MEM_TYPES &&
		(EPT_MEMORY_TYPES >> (prop.memory ^ EPT_WB) & 1) != 0 &&
		(prop.flags & ~(MZ_ACCESSED | MZ_DIRTY | MZ_IGNORE_PAT)) == 0;
}

static inline uint64_t ept_hw_bits(unsigned level)
{
	(void)level;
	return EPT_ACCESSED | EPT_DIRTY;
}

static inline uint64_t ept_clean(uint64_t entry, unsigned level, unsigned flags)
{
	(void)level;
	return entry &
		~(uint64_t)((flags & MZ_ACCESSED ? EPT_ACCESSED : 0) |
			    (flags & MZ_DIRTY ? EPT_DIRTY : 0));
}

/*
 * The EPT pointer. Section 25.6.11: bits 2:0 memory type of the walk, 5:3 walk length less 1, 6
 * accessed and dirty flags.
 */
static inline uint64_t ept_root_register(mz_oa root, uint32_t features)
{
	return root.addr | EPT_WB | (4 - 1) << 3 | (features & MZ_HW_ACCESSED_DIRTY ? 1u << 6 : 0u);
}

#define MZ_INSTANCE_FORMAT mz_ept
#include "core/instance.h"

static const struct mz_ops ept_ops = MZ_INSTANCE_OPS;

const struct mz_format mz_ept = {
	.name = "ept",
	.levels = 4,
	.page_lg2 = 12,
	.ia_lg2 = 48,
	.oa_lg2 = 52,
	.hierarchical = true,
	.index_lg2 = {0, 9, 9, 9, 9},
	.shift = {0, 12, 21, 30, 39},
	.leaf_levels = 1 << 1 | 1 << 2 | 1 << 3,
	.features = MZ_HW_ACCESSED_DIRTY | MZ_EXEC_ONLY,
	.flags = MZ_ACCESSED | MZ_DIRTY | MZ_IGNORE_PAT,
	.absent = 0,
	.kind = ept_kind,
	.make_node = ept_make_node,
	.make_leaf = ept_make_leaf,
	.oa = ept_oa,
	.prop = ept_prop,
	.with_perm = ept_with_perm,
	.encodable = ept_encodable,
	.hw_bits = ept_hw_bits,
	.clean = ept_clean,
	.root_register = ept_root_register,
	.ops = &ept_ops,
};
