/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The entry format of tables under proof, compiled in as every other: a plain one, so that all the
 * effort goes into the algorithms, but absent is not 0 and hardware has its bits.
 *
 *   1:0    1 a leaf, 2 a link, otherwise absent
 *   2      accessed; 3: dirty
 *   15:4   the output address; the page's offset bits are 0
 *   18:16  permissions
 *   21:19  the memory type
 *
 * Links can forbid writing, and hardware has its bits in them too. With -DFLAT they cannot, and
 * with -DLEAVES_ACCESSED hardware's bits are in leaves alone.
 */
#ifndef MZ_TESTS_PROOF_SMALL_H
#define MZ_TESTS_PROOF_SMALL_H

#include "core/format.h"

#ifndef FLAT
#define FLAT 0
#endif
#ifndef LEAVES_ACCESSED
#define LEAVES_ACCESSED 0
#endif

#define SMALL_ACCESSED 4u
#define SMALL_DIRTY    8u
#define SMALL_OA       ((1u << OA_LG2) - 16)
#define SMALL_PERM     ((uint64_t)7 << 16)
#define SMALL_WORD     ((1u << 22) - 1)

static enum mz_kind small_kind(uint64_t entry, unsigned level)
{
	(void)level;
	return (entry & 3) == 1 ? MZ_LEAF : (entry & 3) == 2 ? MZ_NODE : MZ_ABSENT;
}

static uint64_t small_make_node(mz_oa node, unsigned level)
{
	(void)level;
	return node.addr | SMALL_PERM | 2;
}

static uint64_t small_make_leaf(mz_oa oa, unsigned level, struct mz_prop prop)
{
	(void)level;
	return oa.addr | (uint64_t)prop.perm << 16 | (uint64_t)prop.memory << 19 |
		(prop.flags & MZ_ACCESSED ? SMALL_ACCESSED : 0) |
		(prop.flags & MZ_DIRTY ? SMALL_DIRTY : 0) | 1;
}

static mz_oa small_oa(uint64_t entry, unsigned level)
{
	(void)level;
	return mz_oa_from(entry & SMALL_OA);
}

static struct mz_prop small_prop(uint64_t entry, unsigned level)
{
	struct mz_prop prop = mz_prop_from((unsigned)(entry >> 16 & 7));

	(void)level;
	prop.memory = (uint8_t)(entry >> 19 & 7);
	prop.flags = (uint16_t)((entry & SMALL_ACCESSED ? MZ_ACCESSED : 0) |
				(entry & SMALL_DIRTY ? MZ_DIRTY : 0));
	return prop;
}

static uint64_t small_with_perm(uint64_t leaf, unsigned level, unsigned perm)
{
	(void)level;
	return (leaf & ~SMALL_PERM) | (uint64_t)perm << 16;
}

static uint64_t small_link_write(uint64_t link, unsigned level, bool on)
{
	(void)level;
	return on ? link | MZ_WRITE << 16 : link & ~((uint64_t)MZ_WRITE << 16);
}

static uint64_t small_forbid_write(uint64_t entry, unsigned level)
{
	(void)level;
	return (entry & 3) != 3 && (entry >> 16 & MZ_READ) != 0
		? entry & ~((uint64_t)MZ_WRITE << 16)
		: entry;
}

static bool small_encodable(struct mz_prop prop, unsigned level, uint32_t features)
{
	(void)level;
	return prop.perm != 0 && prop.perm <= 7 && prop.memory < MZ_MEM_TYPES &&
		(prop.flags & ~(MZ_ACCESSED | MZ_DIRTY)) == 0 &&
		(prop.perm != MZ_EXEC || (features & MZ_EXEC_ONLY) != 0);
}

static uint64_t small_hw_bits(unsigned level)
{
	(void)level;
	return SMALL_ACCESSED | SMALL_DIRTY;
}

static uint64_t small_clean(uint64_t entry, unsigned level, unsigned flags)
{
	(void)level;
	return entry &
		~(uint64_t)((flags & MZ_ACCESSED ? SMALL_ACCESSED : 0) |
			    (flags & MZ_DIRTY ? SMALL_DIRTY : 0));
}

/* The flags that the MMU may set in a leaf, and how it does. */
static unsigned mmu_may_set(uint64_t leaf)
{
	(void)leaf;
	return MZ_ACCESSED | MZ_DIRTY;
}

static uint64_t mmu_sets(uint64_t entry, unsigned flags)
{
	return entry | (flags & MZ_ACCESSED ? SMALL_ACCESSED : 0) |
		(flags & MZ_DIRTY ? SMALL_DIRTY : 0);
}

static uint64_t small_root_register(mz_oa root, uint32_t features)
{
	return root.addr | features;
}

static const struct mz_ops small_ops;

const struct mz_format small = {
	.name = "small",
	.levels = SHAPE_LEVELS,
	.page_lg2 = PAGE_LG2,
	.ia_lg2 = IA_LG2,
	.oa_lg2 = OA_LG2,
	.hierarchical = !FLAT,
	.links_accessed = !LEAVES_ACCESSED,
	.index_lg2 = SHAPE_INDICES,
	.shift = SHAPE_SHIFTS,
	.leaf_levels = SHAPE_LEAVES,
	.features = MZ_HW_ACCESSED_DIRTY | MZ_EXEC_ONLY,
	.flags = MZ_ACCESSED | MZ_DIRTY,
	.hw_flags = MZ_ACCESSED | MZ_DIRTY,
	.absent = 3,
	.kind = small_kind,
	.make_node = small_make_node,
	.make_leaf = small_make_leaf,
	.oa = small_oa,
	.prop = small_prop,
	.with_perm = small_with_perm,
	.encodable = small_encodable,
	.hw_bits = small_hw_bits,
	.clean = small_clean,
	.link_write = FLAT ? NULL : small_link_write,
	.forbid_write = FLAT ? NULL : small_forbid_write,
	.root_register = small_root_register,
	.ops = &small_ops,
};

#endif
