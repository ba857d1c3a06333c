/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The laws of core/format.h as claims about free values: every level, every 64-bit entry, every
 * aligned output address, every property, every set of features. A proof of one format includes
 * its source, then this file, and calls prove_format() from main().
 *
 * Bound: none. What core/format_check.c samples, and its loops over properties, are free here.
 */
#ifndef MZ_TESTS_PROOF_FORMAT_H
#define MZ_TESTS_PROOF_FORMAT_H

#include "core/geometry.h"
#include "tests/proof/prove.h"

static uint64_t low_bits(unsigned count)
{
	return count >= 64 ? UINT64_MAX : ((uint64_t)1 << count) - 1;
}

static mz_oa free_oa(const struct mz_format *f, unsigned aligned_lg2)
{
	uint64_t oa = nondet_u64();

	ASSUME((oa & ~low_bits(f->oa_lg2)) == 0 && (oa & low_bits(aligned_lg2)) == 0);
	return mz_oa_from(oa);
}

static struct mz_prop free_prop(void)
{
	struct mz_prop prop = {nondet_u8(), nondet_u8(), nondet_u16()};

	return prop;
}

static uint32_t free_features(const struct mz_format *f)
{
	uint32_t features = nondet_u32();

	ASSUME((features & ~f->features) == 0);
	return features;
}

static bool same_prop(struct mz_prop a, struct mz_prop b)
{
	return a.perm == b.perm && a.memory == b.memory && a.flags == b.flags;
}

static void geometry_law(const struct mz_format *f)
{
	CLAIM(f->levels >= 1 && f->levels <= MZ_LEVELS_MAX, "law 1: the levels are not too many");
	CLAIM(f->shift[1] == f->page_lg2, "law 1: level 1 maps base pages");
	for (unsigned level = 1; level < f->levels; level++)
		CLAIM(f->shift[level + 1] == f->shift[level] + f->index_lg2[level],
		      "law 1: shifts are sums of widths");
	CLAIM(f->shift[f->levels] + f->index_lg2[f->levels] == f->ia_lg2 && f->ia_lg2 <= 64,
	      "law 1: the root's sum is the address's width");
	CLAIM(f->oa_lg2 <= 64 && mz_leaf_allowed(f->leaf_levels, 1) &&
		      f->leaf_levels >> (f->levels + 1) == 0,
	      "law 1: leaves are at level 1 and not beyond the root");
}

static void leaf_laws(const struct mz_format *f, unsigned level)
{
	mz_oa oa = free_oa(f, f->shift[level]);
	struct mz_prop prop = free_prop(), other;
	uint32_t features = free_features(f);
	uint64_t leaf;

	if (!mz_leaf_allowed(f->leaf_levels, level) || !f->encodable(prop, level, features))
		return;
	leaf = f->make_leaf(oa, level, prop);
	CLAIM(f->kind(leaf, level) == MZ_LEAF, "law 3: a leaf is a leaf");
	CLAIM(f->oa(leaf, level).addr == oa.addr, "law 5: a leaf's oa comes back");
	CLAIM(same_prop(f->prop(leaf, level), prop), "law 6: a leaf's properties come back");

	other = prop;
	other.perm = nondet_u8();
	if (f->encodable(other, level, features))
		CLAIM(f->with_perm(leaf, level, other.perm) == f->make_leaf(oa, level, other),
		      "law 9: other permissions make the leaf that has them");
}

static void node_laws(const struct mz_format *f, unsigned level)
{
	mz_oa oa = free_oa(f, f->page_lg2);
	uint64_t link = f->make_node(oa, level);
	struct mz_prop prop = free_prop();

	if (level == 1)
		return;
	CLAIM(f->kind(link, level) == MZ_NODE, "law 4: a link is a link");
	CLAIM(f->oa(link, level).addr == oa.addr, "law 5: a link's oa comes back");
	if (f->hierarchical && f->encodable(prop, level, f->features))
		CLAIM((prop.perm & ~f->prop(link, level).perm) == 0,
		      "law 6: a link takes no permission away");
}

/* For every link, whatever hardware has set in it. */
static void narrow_laws(const struct mz_format *f, unsigned level)
{
	mz_oa oa = free_oa(f, f->page_lg2);
	uint64_t made = f->make_node(oa, level), hw = mz_link_hw_bits(f, level);
	uint64_t link = (made & ~hw) | (nondet_u64() & hw);
	bool on = nondet_bool();
	uint64_t changed;

	if (level == 1 || !f->hierarchical)
		return;
	changed = f->link_write(link, level, on);
	CLAIM(f->kind(changed, level) == MZ_NODE, "law 11: a narrowed link is a link");
	CLAIM(f->oa(changed, level).addr == oa.addr, "law 11: to the same node");
	CLAIM(((changed ^ link) & hw) == 0, "law 11: hardware's bits are kept");
	CLAIM(((f->prop(changed, level).perm ^ f->prop(link, level).perm) & ~(unsigned)MZ_WRITE) ==
		      0,
	      "law 11: the other permissions are kept");
	CLAIM(((f->prop(changed, level).perm & MZ_WRITE) != 0) == on,
	      "law 11: the link says what it was told");
	CLAIM(f->link_write(changed, level, true) == link, "law 11: a link comes back");
	CLAIM(f->link_write(made, level, true) == made, "law 11: a link is made writable");
}

/* For every link and leaf as they are made, with whatever hardware sets, and for absent entries. */
static void forbid_laws(const struct mz_format *f, unsigned level)
{
	mz_oa oa = free_oa(f, f->page_lg2), leaf_oa = free_oa(f, f->shift[level]);
	struct mz_prop prop = free_prop();
	uint64_t hw = mz_link_hw_bits(f, level), noise = nondet_u64();
	uint64_t entry;

	if (!f->hierarchical)
		return;
	CLAIM(f->forbid_write(f->absent, level) == f->absent, "law 12: nothing stays nothing");
	entry = (f->make_node(oa, level) & ~hw) | (noise & hw);
	if (level > 1)
		CLAIM(f->forbid_write(entry, level) == f->link_write(entry, level, false),
		      "law 12: a link is narrowed");
	if (!mz_leaf_allowed(f->leaf_levels, level) || !f->encodable(prop, level, f->features))
		return;
	hw = f->hw_bits(level);
	entry = (f->make_leaf(leaf_oa, level, prop) & ~hw) | (noise & hw);
	CLAIM(f->forbid_write(entry, level) ==
		      ((prop.perm & (MZ_READ | MZ_WRITE)) == (MZ_READ | MZ_WRITE)
			       ? f->with_perm(entry, level, prop.perm & ~(unsigned)MZ_WRITE)
			       : entry),
	      "law 12: a leaf that can be read loses the permission to write");
}

/* For every 64-bit word that reads as present, whoever made it. */
static void hardware_laws(const struct mz_format *f, unsigned level)
{
	uint64_t entry = nondet_u64(), noise = nondet_u64();
	uint64_t hw = f->hw_bits(level), changed = (entry & ~hw) | (noise & hw);
	unsigned flags = nondet_unsigned() & (MZ_ACCESSED | MZ_DIRTY);
	struct mz_prop wanted;
	uint64_t clean;

	if (f->kind(entry, level) == MZ_ABSENT)
		return;
	CLAIM(f->kind(changed, level) == f->kind(entry, level), "law 7: hardware keeps the kind");
	CLAIM(f->oa(changed, level).addr == f->oa(entry, level).addr, "law 7: and the oa");
	CLAIM(f->prop(changed, level).perm == f->prop(entry, level).perm,
	      "law 7: and the permissions");

	wanted = f->prop(entry, level);
	wanted.flags = (uint16_t)(wanted.flags & ~flags);
	clean = f->clean(entry, level, flags);
	CLAIM(same_prop(f->prop(clean, level), wanted), "law 8: clean clears what it is told");
	CLAIM(((clean ^ entry) & ~hw) == 0, "law 8: clean touches hardware's bits only");
}

static void encodable_laws(const struct mz_format *f, unsigned level)
{
	struct mz_prop a = free_prop(), b = free_prop();
	uint32_t features = free_features(f);

	if (!f->encodable(a, level, features))
		return;
	CLAIM(a.perm != 0 && (a.perm & ~(MZ_READ | MZ_WRITE | MZ_EXEC | MZ_EXEC_USER)) == 0,
	      "law 10: some permission, and none unknown");
	CLAIM(a.memory < MZ_MEM_TYPES && (a.flags & ~f->flags) == 0,
	      "law 10: no unknown memory type or flag");
	if (f->encodable(b, level, features)) {
		a.perm = b.perm;
		CLAIM(f->encodable(a, level, features),
		      "law 10: permissions go with every memory type and flag, or with none");
	}
}

static void prove_format(const struct mz_format *f)
{
	unsigned level = nondet_unsigned();

	geometry_law(f);
	ASSUME(level >= 1 && level <= f->levels);
	CLAIM(f->kind(f->absent, level) == MZ_ABSENT, "law 2: absent is absent");
	leaf_laws(f, level);
	node_laws(f, level);
	hardware_laws(f, level);
	narrow_laws(f, level);
	forbid_laws(f, level);
	encodable_laws(f, level);
}

#endif
