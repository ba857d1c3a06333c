/* SPDX-License-Identifier: MPL-2.0 */
/*
 * EPT entries, once for all variants: a source defines EPT_VARIANT (the format's symbol), EPT_NAME,
 * EPT_LEVELS, EPT_MODES (1: mode-based execute control) and EPT_SOFT (1: the accessed flag is
 * software's), then includes this file. Section numbers are those of the Intel SDM, volume 3C
 * (12.3: 3A), in the edition of September 2023.
 */
#include "arch/x86/ept.h"
#include "core/format.h"

/* The tables of entries in section 29.3.2 "EPT translation mechanism". */
enum {
	EPT_READ = 1 << 0,
	EPT_WRITE = 1 << 1,
	EPT_EXEC = 1 << 2,       /* supervisor fetches only, under mode-based execute control */
	EPT_MEMORY_SHIFT = 3,    /* leaf: bits 5:3, the memory type */
	EPT_IGNORE_PAT = 1 << 6, /* leaf */
	EPT_LEAF = 1 << 7,       /* a leaf above level 1; ignored at level 1 */
	EPT_ACCESSED = 1 << 8,   /* section 29.3.5 "Accessed and dirty flags for EPT" */
	EPT_DIRTY = 1 << 9,      /* leaf */
	EPT_EXEC_USER = 1 << 10, /* under mode-based execute control; else ignored */
	EPT_SHOWN = EPT_READ | EPT_WRITE | EPT_EXEC, /* what settled() shows or hides */
};

/* Bits of leaves; each is ignored unless its VM-execution control is 1. */
#define EPT_VERIFY_PAGING ((uint64_t)1 << 57)
#define EPT_PAGING_WRITE  ((uint64_t)1 << 58)
#define EPT_SHADOW_STACK  ((uint64_t)1 << 60)
#define EPT_SUPPRESS_VE   ((uint64_t)1 << 63)

/*
 * Where the permissions stand. With a soft flag, in bits 54:52, which every entry ignores whatever
 * the controls are; bits 2:0 show them to the processor while the entry is accessed, and are 0
 * while it is not. An entry whose bits 2:0 are 0 is not present, whatever else it says, so any
 * access is a violation then, and never a misconfiguration. Bit 8 is ignored where bit 6 of the EPT
 * pointer is 0; links have it set for good.
 */
#define PERM_SHIFT (EPT_SOFT ? 52 : 0)
#define EPT_PERM   ((uint64_t)EPT_SHOWN << PERM_SHIFT | (EPT_MODES ? (uint64_t)EPT_EXEC_USER : 0u))
#define EPT_MEMORY ((uint64_t)7 << EPT_MEMORY_SHIFT)
#define EPT_HIGH   (EPT_VERIFY_PAGING | EPT_PAGING_WRITE | EPT_SHADOW_STACK | EPT_SUPPRESS_VE)
#define EPT_OA \
	0x000ffffffffff000u /* bits 51:12, of which the processor has those below MAXPHYADDR */

_Static_assert((int)EPT_READ == MZ_READ && (int)EPT_WRITE == MZ_WRITE && (int)EPT_EXEC == MZ_EXEC,
	       "permissions are copied, not translated");
_Static_assert(((EPT_PERM | EPT_EXEC_USER | EPT_MEMORY | EPT_IGNORE_PAT | EPT_LEAF | EPT_ACCESSED |
		 EPT_DIRTY | EPT_HIGH) &
		EPT_OA) == 0,
	       "fields must not overlap");
_Static_assert((EPT_MEMORY & (EPT_PERM | EPT_SHOWN | EPT_IGNORE_PAT | EPT_LEAF)) == 0 &&
		       (EPT_PERM & EPT_HIGH) == 0,
	       "fields must not overlap");
_Static_assert(!(EPT_SOFT && EPT_MODES), "bit 10 would have to be shown and hidden as well");

/* With mode-based execute control, a user's fetches have a bit of their own. */
#define USER_SHIFT 7
#define USER       (uint32_t)(EPT_MODES ? MZ_EXEC_USER : 0)
#define ALL_PERM   (uint32_t)(MZ_READ | MZ_WRITE | MZ_EXEC | USER)

_Static_assert((int)EPT_EXEC_USER == MZ_EXEC_USER << USER_SHIFT,
	       "the user's execute is shifted, not translated");

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

static inline uint64_t perm_bits(unsigned perm)
{
	return (uint64_t)(perm & EPT_SHOWN) << PERM_SHIFT | (uint64_t)(perm & USER) << USER_SHIFT;
}

static inline uint32_t perm_of(uint64_t entry)
{
	return ((uint32_t)(entry >> PERM_SHIFT) & EPT_SHOWN) |
		((uint32_t)entry >> USER_SHIFT & USER);
}

/*
 * The entry as the processor is to see it: with a soft flag, permissions are shown or hidden. A
 * marker, which permits nothing, is shown always.
 */
static inline uint64_t settled(uint64_t entry)
{
	uint64_t perm = entry >> PERM_SHIFT & EPT_SHOWN;
	bool shown = (entry & EPT_ACCESSED) != 0 || (perm & (MZ_READ | MZ_WRITE)) == MZ_WRITE;

	if (!EPT_SOFT)
		return entry;
	return (entry & ~(uint64_t)EPT_SHOWN) | (shown ? perm : 0);
}

/*
 * Section 29.3.2: an entry is present if any of bits 2:0 is set; mode-based execute control adds
 * bit 10. A misconfigured entry is so, too: a leaf without read.
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
	return settled(node.addr | EPT_PERM | (EPT_SOFT ? (uint64_t)EPT_ACCESSED : 0));
}

/* The flags stand in a leaf as they stand in a property, in two groups. */
#define LOW_FLAGS  (uint32_t)(MZ_IGNORE_PAT | MZ_ACCESSED | MZ_DIRTY)
#define LOW_SHIFT  6
#define HIGH_FLAGS (uint32_t)(MZ_VERIFY_PAGING | MZ_PAGING_WRITE | MZ_SHADOW_STACK | MZ_SUPPRESS_VE)
#define HIGH_SHIFT 53

_Static_assert((int)EPT_IGNORE_PAT == MZ_IGNORE_PAT << LOW_SHIFT &&
		       (int)EPT_ACCESSED == MZ_ACCESSED << LOW_SHIFT &&
		       (int)EPT_DIRTY == MZ_DIRTY << LOW_SHIFT,
	       "flags are shifted, not translated");
_Static_assert(EPT_VERIFY_PAGING == (uint64_t)MZ_VERIFY_PAGING << HIGH_SHIFT &&
		       EPT_PAGING_WRITE == (uint64_t)MZ_PAGING_WRITE << HIGH_SHIFT &&
		       EPT_SHADOW_STACK == (uint64_t)MZ_SHADOW_STACK << HIGH_SHIFT &&
		       EPT_SUPPRESS_VE == (uint64_t)MZ_SUPPRESS_VE << HIGH_SHIFT,
	       "flags are shifted, not translated");

static inline uint64_t ept_make_leaf(mz_oa oa, unsigned level, struct mz_prop prop)
{
	uint64_t bits = settled(
		perm_bits(prop.perm) | (uint64_t)(prop.memory ^ EPT_WB) << EPT_MEMORY_SHIFT |
		(uint64_t)(prop.flags & LOW_FLAGS) << LOW_SHIFT |
		(uint64_t)(prop.flags & HIGH_FLAGS) << HIGH_SHIFT | (level > 1 ? EPT_LEAF : 0u));

	/* In a run only the address changes: a sum keeps the compiler from mixing the rest in. */
	return oa.addr + bits;
}

static inline mz_oa ept_oa(uint64_t entry, unsigned level)
{
	(void)level;
	return mz_oa_from(entry & EPT_OA);
}

static inline struct mz_prop ept_prop(uint64_t entry, unsigned level)
{
	uint32_t low = (uint32_t)entry;
	uint32_t flags = low >> LOW_SHIFT & LOW_FLAGS;

	if (ept_kind(entry, level) != MZ_LEAF)
		return mz_prop_pack(perm_of(entry), MZ_MEM_WRITE_BACK,
				    EPT_SOFT ? 0 : flags & MZ_ACCESSED);
	return mz_prop_pack(perm_of(entry), (low >> EPT_MEMORY_SHIFT & 7) ^ EPT_WB,
			    flags | ((uint32_t)(entry >> HIGH_SHIFT) & HIGH_FLAGS));
}

static inline uint64_t ept_with_perm(uint64_t leaf, unsigned level, unsigned perm)
{
	(void)level;
	return settled((leaf & ~EPT_PERM) | perm_bits(perm));
}

/* Section 29.3.3.2: what one entry on the way forbids is forbidden. */
static inline uint64_t ept_link_write(uint64_t link, unsigned level, bool on)
{
	const uint64_t write = (uint64_t)EPT_WRITE << PERM_SHIFT;

	(void)level;
	return settled(on ? link | write : link & ~write);
}

/* A marker, or what may only be executed, can't be read. */
static inline uint64_t ept_forbid_write(uint64_t entry, unsigned level)
{
	const uint64_t write = (uint64_t)EPT_WRITE << PERM_SHIFT;
	const uint64_t both = (uint64_t)EPT_READ << PERM_SHIFT | write;

	(void)level;
	if (EPT_SOFT)
		return (entry & both) == both ? settled(entry & ~write) : entry;
	return entry ^ (entry & entry << 1 & MZ_WRITE);
}

_Static_assert(MZ_READ << 1 == MZ_WRITE, "the permission to read selects the one to write");

/*
 * Section 29.3.3.1 "EPT misconfigurations": write without read never, execute alone only where
 * supported. The one misconfiguration that is wanted is that of markers.
 */
static inline bool ept_perm_encodable(unsigned perm, uint32_t features)
{
	if (MZ_LIKELY((perm & MZ_READ) != 0))
		return perm <= ALL_PERM;
	if (perm == MZ_EPT_MMIO_PERM)
		return (features & MZ_MMIO_MARKERS) != 0;
	return perm != 0 && (perm & ~(unsigned)(MZ_EXEC | USER)) == 0 &&
		(features & MZ_EXEC_ONLY) != 0;
}

static inline bool ept_flags_encodable(unsigned flags, uint32_t features)
{
	unsigned more = flags &
		~(unsigned)(MZ_ACCESSED | MZ_DIRTY | MZ_IGNORE_PAT | MZ_SUPPRESS_VE);

	return MZ_LIKELY(more == 0) ||
		(more &
		 ~((features & MZ_GUEST_PAGING ? MZ_VERIFY_PAGING | MZ_PAGING_WRITE : 0u) |
		   (features & MZ_SHADOW_STACKS ? (unsigned)MZ_SHADOW_STACK : 0u))) == 0;
}

static inline bool ept_encodable(struct mz_prop prop, unsigned level, uint32_t features)
{
	(void)level;
	return ept_perm_encodable(prop.perm, features) && prop.memory < MZ_MEM_TYPES &&
		(EPT_MEMORY_TYPES >> (prop.memory ^ EPT_WB) & 1) != 0 &&
		ept_flags_encodable(prop.flags, features);
}

static inline uint64_t ept_hw_bits(unsigned level)
{
	(void)level;
	return EPT_ACCESSED | EPT_DIRTY | (EPT_SOFT ? (uint64_t)EPT_SHOWN : 0);
}

static inline uint64_t ept_clean(uint64_t entry, unsigned level, unsigned flags)
{
	(void)level;
	entry &= ~(uint64_t)((flags & MZ_ACCESSED ? EPT_ACCESSED : 0) |
			     (flags & MZ_DIRTY ? EPT_DIRTY : 0));
	return flags & MZ_ACCESSED ? settled(entry) : entry;
}

/*
 * The EPT pointer. Section 25.6.11: bits 2:0 memory type of the walk, 5:3 walk length less 1, 6
 * accessed and dirty flags, 7 supervisor shadow stacks.
 */
static inline uint64_t ept_root_register(mz_oa root, uint32_t features)
{
	return root.addr | EPT_WB | (EPT_LEVELS - 1) << 3 |
		(features & MZ_HW_ACCESSED_DIRTY ? 1u << 6 : 0u) |
		(features & MZ_SHADOW_STACKS ? 1u << 7 : 0u);
}

#define MZ_INSTANCE_FORMAT EPT_VARIANT
#include "core/instance.h"

static const struct mz_ops ept_ops = MZ_INSTANCE_OPS;

_Static_assert(EPT_LEVELS == 4 || EPT_LEVELS == 5, "section 29.3.2: walks of 4 or 5 levels");
_Static_assert(EPT_LEVELS <= MZ_LEVELS_MAX, "geometry has room for the levels");

const struct mz_format EPT_VARIANT = {
	.name = EPT_NAME,
	.levels = EPT_LEVELS,
	.page_lg2 = 12,
	.ia_lg2 = 12 + 9 * EPT_LEVELS,
	.oa_lg2 = 52,
	.hierarchical = true,
	.links_accessed = !EPT_SOFT,
	.flags_fault = EPT_SOFT,
	.index_lg2 = {0, 9, 9, 9, 9, EPT_LEVELS == 5 ? 9 : 0},
	.shift = {0, 12, 21, 30, 39, EPT_LEVELS == 5 ? 48 : 0},
	.leaf_levels = 1 << 1 | 1 << 2 | 1 << 3,
	.features = (EPT_SOFT ? 0 : MZ_HW_ACCESSED_DIRTY) | MZ_EXEC_ONLY | MZ_MMIO_MARKERS |
		MZ_GUEST_PAGING | MZ_SHADOW_STACKS,
	.flags = LOW_FLAGS | HIGH_FLAGS,
	.hw_flags = MZ_ACCESSED | (EPT_SOFT ? 0 : MZ_DIRTY),
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
	.link_write = ept_link_write,
	.forbid_write = ept_forbid_write,
	.root_register = ept_root_register,
	.ops = &ept_ops,
};
