/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The hostile formats. An entry is scrambled by its level; unscrambled it reads:
 *
 *   1:0     1 a link, 2 a leaf, otherwise absent
 *   4:2     the level; an entry of another level reads as absent
 *   7:5     denied: read, write, execute
 *   8       denied: user mode
 *   43:9    the output address
 *   46:44   the memory type, inverted
 *   48+L    accessed, and 56+L dirty, at level L
 */
#include "tests/hostile.h"

#define OA_LG2      44
#define OA_MASK     0x00000ffffffffe00
#define KIND_MASK   3
#define KIND_LINK   1
#define KIND_LEAF   2
#define LEVEL_SHIFT 2
#define DENY_SHIFT  5
#define NO_USER     0x100
#define TYPE_SHIFT  44
#define FLAGS       (MZ_ACCESSED | MZ_DIRTY | MZ_USER)
#define ABSENT      0x5eed0fabb1e5c0de

static uint64_t key(unsigned level)
{
	return level * 0x9e3779b97f4a7c15;
}

static uint64_t scramble(uint64_t plain, unsigned level)
{
	plain ^= key(level);
	return plain << 7 * level | plain >> (64 - 7 * level);
}

static uint64_t unscramble(uint64_t entry, unsigned level)
{
	return (entry >> 7 * level | entry << (64 - 7 * level)) ^ key(level);
}

static uint64_t accessed(unsigned level)
{
	return (uint64_t)1 << (48 + level);
}

static uint64_t dirty(unsigned level)
{
	return (uint64_t)1 << (56 + level);
}

static enum mz_kind hostile_kind(uint64_t entry, unsigned level)
{
	uint64_t plain = unscramble(entry, level);

	if (entry == ABSENT || (plain >> LEVEL_SHIFT & 7) != level)
		return MZ_ABSENT;
	if ((plain & KIND_MASK) == KIND_LINK)
		return MZ_NODE;
	return (plain & KIND_MASK) == KIND_LEAF ? MZ_LEAF : MZ_ABSENT;
}

static uint64_t hostile_make_node(mz_oa node, unsigned level)
{
	return scramble(node.addr | (uint64_t)7 << TYPE_SHIFT | level << LEVEL_SHIFT | KIND_LINK,
			level);
}

static uint64_t hostile_make_leaf(mz_oa oa, unsigned level, struct mz_prop prop)
{
	uint64_t plain = oa.addr | level << LEVEL_SHIFT | KIND_LEAF;

	plain |= (uint64_t)(~prop.perm & 7) << DENY_SHIFT;
	plain |= (uint64_t)(~prop.memory & 7) << TYPE_SHIFT;
	plain |= prop.flags & MZ_USER ? 0 : NO_USER;
	plain |= prop.flags & MZ_ACCESSED ? accessed(level) : 0;
	plain |= prop.flags & MZ_DIRTY ? dirty(level) : 0;
	return scramble(plain, level);
}

static mz_oa hostile_oa(uint64_t entry, unsigned level)
{
	return mz_oa_from(unscramble(entry, level) & OA_MASK);
}

static struct mz_prop hostile_prop(uint64_t entry, unsigned level)
{
	uint64_t plain = unscramble(entry, level);
	struct mz_prop prop = mz_prop_from(~(plain >> DENY_SHIFT) & 7);

	prop.memory = ~(plain >> TYPE_SHIFT) & 7;
	prop.flags = (uint16_t)((plain & NO_USER ? 0 : MZ_USER) |
				(plain & accessed(level) ? MZ_ACCESSED : 0) |
				(plain & dirty(level) ? MZ_DIRTY : 0));
	return prop;
}

static uint64_t hostile_with_perm(uint64_t leaf, unsigned level, unsigned perm)
{
	uint64_t plain = unscramble(leaf, level) & ~((uint64_t)7 << DENY_SHIFT);

	return scramble(plain | (uint64_t)(~perm & 7) << DENY_SHIFT, level);
}

static uint64_t hostile_link_write(uint64_t link, unsigned level, bool on)
{
	uint64_t plain = unscramble(link, level);
	uint64_t deny = (uint64_t)MZ_WRITE << DENY_SHIFT;

	return scramble(on ? plain & ~deny : plain | deny, level);
}

static uint64_t hostile_forbid_write(uint64_t entry, unsigned level)
{
	unsigned perm = hostile_prop(entry, level).perm;

	switch (hostile_kind(entry, level)) {
	case MZ_NODE:
		return hostile_link_write(entry, level, false);
	case MZ_LEAF:
		return (perm & MZ_READ) != 0 && (perm & MZ_WRITE) != 0
			? hostile_with_perm(entry, level, perm & ~(unsigned)MZ_WRITE)
			: entry;
	default:
		return entry;
	}
}

static bool hostile_encodable(struct mz_prop prop, unsigned level, uint32_t features)
{
	(void)level;
	if (prop.perm == 0 || prop.perm > 7 || prop.memory >= MZ_MEM_TYPES || prop.flags & ~FLAGS)
		return false;
	return prop.perm != MZ_EXEC || (features & MZ_EXEC_ONLY) != 0;
}

static uint64_t hostile_hw_bits(unsigned level)
{
	return scramble(accessed(level) | dirty(level), level) ^ scramble(0, level);
}

static uint64_t hostile_root_register(mz_oa root, uint32_t features)
{
	return ~root.addr ^ features;
}

static uint64_t hostile_clean(uint64_t entry, unsigned level, unsigned flags)
{
	uint64_t plain = unscramble(entry, level);

	if (flags & MZ_ACCESSED)
		plain &= ~accessed(level);
	if (flags & MZ_DIRTY)
		plain &= ~dirty(level);
	return scramble(plain, level);
}

#define HOSTILE_FUNCTIONS                                                                     \
	.features = MZ_HW_ACCESSED_DIRTY | MZ_EXEC_ONLY, .flags = FLAGS,                      \
	.hw_flags = MZ_ACCESSED | MZ_DIRTY, .absent = ABSENT, .oa_lg2 = OA_LG2,               \
	.kind = hostile_kind, .make_node = hostile_make_node, .make_leaf = hostile_make_leaf, \
	.oa = hostile_oa, .prop = hostile_prop, .with_perm = hostile_with_perm,               \
	.encodable = hostile_encodable, .hw_bits = hostile_hw_bits, .clean = hostile_clean,   \
	.root_register = hostile_root_register, .ops = NULL

const struct mz_format hostile1 = {
	.name = "hostile1",
	.flags_fault = true,
	.levels = 1,
	.page_lg2 = 10,
	.ia_lg2 = 23,
	.index_lg2 = {0, 13},
	.shift = {0, 10},
	.leaf_levels = 1u << 1,
	HOSTILE_FUNCTIONS,
};

const struct mz_format hostile4 = {
	.name = "hostile4",
	.flags_fault = true,
	.levels = 4,
	.page_lg2 = 11,
	.ia_lg2 = 41,
	.index_lg2 = {0, 8, 5, 7, 10},
	.shift = {0, 11, 19, 24, 31},
	.leaf_levels = 1u << 1 | 1u << 3,
	HOSTILE_FUNCTIONS,
};

const struct mz_format hostile5 = {
	.name = "hostile5",
	.levels = 5,
	.page_lg2 = 9,
	.ia_lg2 = 36,
	.ia_signed = true,
	.hierarchical = true,
	.links_accessed = true,
	.links_cached_raw = true,
	.link_write = hostile_link_write,
	.forbid_write = hostile_forbid_write,
	.index_lg2 = {0, 6, 3, 4, 6, 8},
	.shift = {0, 9, 15, 18, 22, 28},
	.leaf_levels = 1u << 1 | 1u << 3 | 1u << 5,
	HOSTILE_FUNCTIONS,
};
