// SPDX-License-Identifier: MPL-2.0
#include "tests/explore/tiny.h"

enum {
	TINY_PERM = MZ_READ | MZ_WRITE | MZ_EXEC, /* bits 2:0; none: absent */
	TINY_LEAF = 1 << 3,
};
#define TINY_OA     0x000000ffffffffe0u
#define TINY_ABSENT ((uint64_t)1 << 63)

static inline enum mz_kind tiny_kind(uint64_t entry, unsigned level)
{
	(void)level;
	if ((entry & TINY_PERM) == 0)
		return MZ_ABSENT;
	return (entry & TINY_LEAF) != 0 ? MZ_LEAF : MZ_NODE;
}

static inline uint64_t tiny_make_node(mz_oa node, unsigned level)
{
	(void)level;
	return node.addr | TINY_PERM;
}

static inline uint64_t tiny_make_leaf(mz_oa oa, unsigned level, struct mz_prop prop)
{
	(void)level;
	return oa.addr | prop.perm | TINY_LEAF | (prop.flags & MZ_ACCESSED ? TINY_ACCESSED : 0) |
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
	return (leaf & ~(uint64_t)TINY_PERM) | perm;
}

static inline bool tiny_encodable(struct mz_prop prop, unsigned level, uint32_t features)
{
	(void)level, (void)features;
	return prop.perm != 0 && prop.perm <= TINY_PERM && prop.memory == MZ_MEM_WRITE_BACK &&
		(prop.flags & ~(MZ_ACCESSED | MZ_DIRTY)) == 0;
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

static inline uint64_t tiny_link_write(uint64_t link, unsigned level, bool on)
{
	(void)level;
	return on ? link | MZ_WRITE : link & ~(uint64_t)MZ_WRITE;
}

static inline uint64_t tiny_forbid_write(uint64_t entry, unsigned level)
{
	unsigned perm = tiny_prop(entry, level).perm;

	if (tiny_kind(entry, level) == MZ_NODE)
		return tiny_link_write(entry, level, false);
	if (tiny_kind(entry, level) == MZ_LEAF && (perm & MZ_READ) != 0)
		return tiny_with_perm(entry, level, perm & ~(unsigned)MZ_WRITE);
	return entry;
}

static inline uint64_t tiny_root_register(mz_oa root, uint32_t features)
{
	(void)features;
	return root.addr;
}

#define MZ_INSTANCE_FORMAT tiny_2x4
#include "core/instance.h"

static const struct mz_ops tiny_ops = MZ_INSTANCE_OPS;

#define TINY_FUNCTIONS                                                                     \
	.page_lg2 = TINY_PAGE_LG2, .oa_lg2 = 40, .features = MZ_HW_ACCESSED_DIRTY,         \
	.flags = MZ_ACCESSED | MZ_DIRTY, .hw_flags = MZ_ACCESSED | MZ_DIRTY,               \
	.absent = TINY_ABSENT, .kind = tiny_kind, .make_node = tiny_make_node,             \
	.make_leaf = tiny_make_leaf, .oa = tiny_oa, .prop = tiny_prop,                     \
	.with_perm = tiny_with_perm, .encodable = tiny_encodable, .hw_bits = tiny_hw_bits, \
	.clean = tiny_clean, .root_register = tiny_root_register

#define TINY_2X4                                                              \
	.levels = 2, .ia_lg2 = 9, .index_lg2 = {0, 2, 2}, .shift = {0, 5, 7}, \
	.leaf_levels = 1 << 1 | 1 << 2

const struct mz_format tiny_2x4 = {.name = "tiny_2x4", TINY_2X4, TINY_FUNCTIONS, .ops = &tiny_ops};

const struct mz_format tiny_2x4_runtime = {.name = "tiny_2x4_runtime", TINY_2X4, TINY_FUNCTIONS};

const struct mz_format tiny_2x4_breaking = {
	.name = "tiny_2x4_breaking",
	TINY_2X4,
	TINY_FUNCTIONS,
	.break_before_make = true,
};

#define TINY_3X2                                                                    \
	.levels = 3, .ia_lg2 = 8, .index_lg2 = {0, 1, 1, 1}, .shift = {0, 5, 6, 7}, \
	.leaf_levels = 1 << 1 | 1 << 2

const struct mz_format tiny_3x2 = {.name = "tiny_3x2", TINY_3X2, TINY_FUNCTIONS};

const struct mz_format tiny_3x2_breaking = {
	.name = "tiny_3x2_breaking",
	TINY_3X2,
	TINY_FUNCTIONS,
	.break_before_make = true,
};

#define TINY_NARROW \
	.hierarchical = true, .link_write = tiny_link_write, .forbid_write = tiny_forbid_write

const struct mz_format tiny_2x4_narrow = {
	.name = "tiny_2x4_narrow",
	TINY_2X4,
	TINY_FUNCTIONS,
	TINY_NARROW,
};

const struct mz_format tiny_3x2_narrow = {
	.name = "tiny_3x2_narrow",
	TINY_3X2,
	TINY_FUNCTIONS,
	TINY_NARROW,
};

const struct mz_format tiny_2x4_marking = {
	.name = "tiny_2x4_marking",
	TINY_2X4,
	TINY_FUNCTIONS,
	.links_accessed = true,
};

const struct mz_format tiny_3x2_marking = {
	.name = "tiny_3x2_marking",
	TINY_3X2,
	TINY_FUNCTIONS,
	TINY_NARROW,
	.links_accessed = true,
};

const struct mz_format tiny_3x4 = {
	.name = "tiny_3x4",
	.levels = 3,
	.ia_lg2 = 11,
	.index_lg2 = {0, 2, 2, 2},
	.shift = {0, 5, 7, 9},
	.leaf_levels = 1 << 1 | 1 << 2,
	TINY_FUNCTIONS,
};
