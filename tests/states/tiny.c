// SPDX-License-Identifier: MPL-2.0
/* Tiny entries. */
#include "tests/states/tiny.h"

#include "core/format.h"

enum {
	TINY_READ = 1 << 0,
	TINY_WRITE = 1 << 1,
	TINY_EXEC = 1 << 2,
	TINY_LINK = 1 << 3, /* a link to a node; without it a leaf */
};

#define TINY_PERM     (uint64_t)(TINY_READ | TINY_WRITE | TINY_EXEC)
#define TINY_OA       0x000000ffffffffe0u /* bits 39:5 */
#define TINY_ACCESSED ((uint64_t)1 << 62)
#define TINY_DIRTY    ((uint64_t)1 << 63)

_Static_assert((int)TINY_READ == MZ_READ && (int)TINY_WRITE == MZ_WRITE &&
		       (int)TINY_EXEC == MZ_EXEC,
	       "permissions are copied, not translated");

static inline enum mz_kind tiny_kind(uint64_t entry, unsigned level)
{
	if ((entry & TINY_PERM) == 0)
		return MZ_ABSENT;
	return level > 1 && (entry & TINY_LINK) != 0 ? MZ_NODE : MZ_LEAF;
}

static inline uint64_t tiny_make_node(mz_oa node, unsigned level)
{
	(void)level;
	return node.addr | TINY_LINK | TINY_PERM;
}

static inline uint64_t tiny_make_leaf(mz_oa oa, unsigned level, struct mz_prop prop)
{
	(void)level;
	return oa.addr | prop.perm | (prop.flags & MZ_ACCESSED ? TINY_ACCESSED : 0) |
		(prop.flags & MZ_DIRTY ? TINY_DIRTY : 0);
}

static inline mz_oa tiny_oa(uint64_t entry, unsigned level)
{
	(void)level;
	return mz_oa_from(entry & TINY_OA);
}

static inline struct mz_prop tiny_prop(uint64_t entry, unsigned level)
{
	struct mz_prop prop = mz_prop_from((unsigned)(entry & TINY_PERM));

	(void)level;
	prop.flags = (uint16_t)((entry & TINY_ACCESSED ? MZ_ACCESSED : 0) |
				(entry & TINY_DIRTY ? MZ_DIRTY : 0));
	return prop;
}

static inline uint64_t tiny_with_perm(uint64_t leaf, unsigned level, unsigned perm)
{
	(void)level;
	return (leaf & ~TINY_PERM) | perm;
}

static inline uint64_t tiny_link_write(uint64_t link, unsigned level, bool on)
{
	(void)level;
	return on ? link | MZ_WRITE : link & ~(uint64_t)MZ_WRITE;
}

static inline uint64_t tiny_forbid_write(uint64_t entry, unsigned level)
{
	(void)level;
	return (entry & MZ_READ) != 0 ? entry & ~(uint64_t)MZ_WRITE : entry;
}

/* Every permission alone and with others; memory is write-back. */
static inline bool tiny_encodable(struct mz_prop prop, unsigned level, uint32_t features)
{
	(void)level;
	(void)features;
	return prop.perm != 0 && (prop.perm & ~TINY_PERM) == 0 &&
		prop.memory == MZ_MEM_WRITE_BACK && (prop.flags & ~(MZ_ACCESSED | MZ_DIRTY)) == 0;
}

static inline uint64_t tiny_hw_bits(unsigned level)
{
	(void)level;
	return TINY_ACCESSED | TINY_DIRTY;
}

static inline uint64_t tiny_clean(uint64_t entry, unsigned level, unsigned flags)
{
	(void)level;
	return entry &
		~((flags & MZ_ACCESSED ? TINY_ACCESSED : 0) | (flags & MZ_DIRTY ? TINY_DIRTY : 0));
}

static inline uint64_t tiny_root_register(mz_oa root, uint32_t features)
{
	return root.addr | features;
}

#define MZ_INSTANCE_FORMAT tiny
#include "core/instance.h"

static const struct mz_ops tiny_ops = MZ_INSTANCE_OPS;

const struct mz_format tiny = {
	.name = "tiny",
	.levels = 2,
	.page_lg2 = 5,
	.ia_lg2 = 9,
	.oa_lg2 = 40,
	.hierarchical = true,
	.index_lg2 = {0, 2, 2},
	.shift = {0, 5, 7},
	.leaf_levels = 1 << 1 | 1 << 2,
	.features = MZ_HW_ACCESSED_DIRTY,
	.flags = MZ_ACCESSED | MZ_DIRTY,
	.hw_flags = MZ_ACCESSED | MZ_DIRTY,
	.absent = 0,
	.kind = tiny_kind,
	.make_node = tiny_make_node,
	.make_leaf = tiny_make_leaf,
	.oa = tiny_oa,
	.prop = tiny_prop,
	.with_perm = tiny_with_perm,
	.encodable = tiny_encodable,
	.hw_bits = tiny_hw_bits,
	.clean = tiny_clean,
	.link_write = tiny_link_write,
	.forbid_write = tiny_forbid_write,
	.root_register = tiny_root_register,
	.ops = &tiny_ops,
};
