// SPDX-License-Identifier: MPL-2.0
/* The laws of core/format.h, each as a function of one level and one sample. */
#include "core/check.h"

#include "core/geometry.h"

#define SAMPLES  256
#define PERM_ALL (unsigned)(MZ_READ | MZ_WRITE | MZ_EXEC | MZ_EXEC_USER)

/*
 * A sample: an output address for leaves, one for nodes, properties that can be encoded, and a word
 * of noise.
 */
struct sample {
	mz_oa leaf_oa, node_oa;
	struct mz_prop prop;
	uint64_t noise;
};

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators", 2016. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1du;
}

static uint64_t oa_mask(const struct mz_format *f, unsigned lg2)
{
	uint64_t all = f->oa_lg2 >= 64 ? UINT64_MAX : ((uint64_t)1 << f->oa_lg2) - 1;

	return all & ~(((uint64_t)1 << lg2) - 1);
}

static bool same_prop(struct mz_prop a, struct mz_prop b)
{
	return a.perm == b.perm && a.memory == b.memory && a.flags == b.flags;
}

static bool geometry(const struct mz_format *f)
{
	if (f->levels < 1 || f->levels > MZ_LEVELS_MAX || f->shift[1] != f->page_lg2 ||
	    !mz_leaf_allowed(f->leaf_levels, 1))
		return false;
	for (unsigned level = 1; level <= f->levels; level++)
		if (f->index_lg2[level] < 1 || f->index_lg2[level] > 15)
			return false;
	for (unsigned level = 1; level < f->levels; level++)
		if (f->shift[level + 1] != f->shift[level] + f->index_lg2[level])
			return false;
	return f->shift[f->levels] + f->index_lg2[f->levels] == f->ia_lg2 && f->ia_lg2 <= 64 &&
		f->oa_lg2 <= MZ_OA_LG2_MAX && f->leaf_levels >> (f->levels + 1) == 0;
}

/* Laws 3, 5, 6 and 9 for a leaf. */
static int leaf_laws(const struct mz_format *f, unsigned level, const struct sample *s)
{
	uint64_t leaf = f->make_leaf(s->leaf_oa, level, s->prop);

	if (f->kind(leaf, level) != MZ_LEAF)
		return 3;
	if (f->oa(leaf, level).addr != s->leaf_oa.addr)
		return 5;
	if (!same_prop(f->prop(leaf, level), s->prop))
		return 6;
	for (unsigned perm = 1; perm <= PERM_ALL; perm++) {
		struct mz_prop other = s->prop;

		other.perm = (uint8_t)perm;
		if (f->encodable(other, level, f->features) &&
		    f->with_perm(leaf, level, perm) != f->make_leaf(s->leaf_oa, level, other))
			return 9;
	}
	return 0;
}

/* What leaves can have, all together. */
static unsigned every_perm(const struct mz_format *f, unsigned level)
{
	unsigned perms = 0;

	for (unsigned perm = 1; perm <= PERM_ALL; perm++)
		if (f->encodable(mz_prop_from(perm), level, f->features))
			perms |= perm;
	return perms;
}

/* Laws 4, 5 and 6 for a link. */
static int node_laws(const struct mz_format *f, unsigned level, const struct sample *s)
{
	uint64_t link = f->make_node(s->node_oa, level);
	unsigned perms = every_perm(f, level);

	if (f->kind(link, level) != MZ_NODE)
		return 4;
	if (f->oa(link, level).addr != s->node_oa.addr)
		return 5;
	if (f->hierarchical && (f->prop(link, level).perm & perms) != perms)
		return 6;
	return 0;
}

/* Law 11 for a link; what the MMU may change of it is noise. */
static bool narrow_law(const struct mz_format *f, unsigned level, const struct sample *s)
{
	uint64_t made = f->make_node(s->node_oa, level), hw = mz_link_hw_bits(f, level);
	uint64_t link = (made & ~hw) | (s->noise & hw);

	for (unsigned on = 0; on <= 1; on++) {
		uint64_t changed = f->link_write(link, level, on);
		unsigned others = ~(unsigned)MZ_WRITE;

		if (f->kind(changed, level) != MZ_NODE ||
		    f->oa(changed, level).addr != s->node_oa.addr || ((changed ^ link) & hw) != 0 ||
		    ((f->prop(changed, level).perm ^ f->prop(link, level).perm) & others) != 0 ||
		    ((f->prop(changed, level).perm & MZ_WRITE) != 0) != on ||
		    f->link_write(changed, level, true) != link)
			return false;
	}
	return f->link_write(made, level, true) == made;
}

/* Law 12 for a leaf, a link or nothing. */
static bool forbid_law(const struct mz_format *f, unsigned level, uint64_t entry)
{
	unsigned perm = f->prop(entry, level).perm;
	uint64_t wanted = entry;

	if (f->kind(entry, level) == MZ_NODE)
		wanted = f->link_write(entry, level, false);
	else if (f->kind(entry, level) == MZ_LEAF && (perm & MZ_READ) != 0 &&
		 (perm & MZ_WRITE) != 0)
		wanted = f->with_perm(entry, level, perm & ~(unsigned)MZ_WRITE);
	return f->forbid_write(entry, level) == wanted;
}

/* Laws 7 and 8 for a present entry. */
static int hardware_laws(const struct mz_format *f, unsigned level, uint64_t entry,
			 const struct sample *s)
{
	uint64_t hw = f->hw_bits(level);
	uint64_t changed = (entry & ~hw) | (s->noise & hw);
	struct mz_prop before = f->prop(entry, level);
	struct mz_prop after = f->prop(changed, level);

	if (f->kind(changed, level) != f->kind(entry, level) ||
	    f->oa(changed, level).addr != f->oa(entry, level).addr || after.perm != before.perm)
		return 7;
	for (unsigned which = 1; which <= 3; which++) {
		unsigned flags = (which & 1 ? MZ_ACCESSED : 0u) | (which & 2 ? MZ_DIRTY : 0u);
		uint64_t clean = f->clean(changed, level, flags);
		struct mz_prop wanted = after;

		wanted.flags = (uint16_t)(wanted.flags & ~flags);
		if (!same_prop(f->prop(clean, level), wanted) || ((clean ^ changed) & ~hw) != 0)
			return 8;
	}
	return 0;
}

/* Law 10, for every property there is. */
static bool encodable_law(const struct mz_format *f, unsigned level)
{
	for (unsigned perm = 0; perm <= UINT8_MAX; perm++) {
		bool plain = f->encodable(mz_prop_from(perm), level, f->features);

		if (plain && (perm == 0 || perm > PERM_ALL))
			return false;
		for (unsigned memory = 0; memory <= MZ_MEM_TYPES; memory++) {
			for (unsigned flag = 0; flag <= 16; flag++) {
				struct mz_prop prop = mz_prop_from(perm);
				struct mz_prop readable = mz_prop_from(MZ_READ);
				bool others;

				prop.memory = readable.memory = (uint8_t)memory;
				prop.flags = readable.flags =
					(uint16_t)(flag == 0 ? 0 : 1u << (flag - 1));
				others = f->encodable(readable, level, f->features);
				if (others &&
				    (memory == MZ_MEM_TYPES || (prop.flags & ~f->flags) != 0))
					return false;
				if (f->encodable(prop, level, f->features) != (plain && others))
					return false;
			}
		}
	}
	return true;
}

/*
 * A random property that the format can encode at this level; every format can encode read alone.
 */
static struct mz_prop random_prop(const struct mz_format *f, unsigned level, uint64_t *state)
{
	for (unsigned tries = 0; tries < 64; tries++) {
		uint64_t bits = next_random(state);
		struct mz_prop prop = mz_prop_from((unsigned)(bits >> 32 & PERM_ALL));

		prop.memory = (uint8_t)((unsigned)(bits >> 40 & 0xff) % MZ_MEM_TYPES);
		prop.flags = (uint16_t)(bits & f->flags);
		if (f->encodable(prop, level, f->features))
			return prop;
	}
	return mz_prop_from(MZ_READ);
}

static int sample_laws(const struct mz_format *f, unsigned level, const struct sample *s)
{
	int law = 0;

	if (mz_leaf_allowed(f->leaf_levels, level)) {
		law = leaf_laws(f, level, s);
		if (law == 0)
			law = hardware_laws(f, level, f->make_leaf(s->leaf_oa, level, s->prop), s);
		if (law == 0 && f->hierarchical &&
		    !(forbid_law(f, level, f->make_leaf(s->leaf_oa, level, s->prop)) &&
		      forbid_law(f, level, f->absent)))
			law = 12;
	}
	if (law == 0 && level > 1) {
		law = node_laws(f, level, s);
		if (law == 0)
			law = hardware_laws(f, level, f->make_node(s->node_oa, level), s);
		if (law == 0 && f->hierarchical && !narrow_law(f, level, s))
			law = 11;
		if (law == 0 && f->hierarchical &&
		    !forbid_law(f, level, f->make_node(s->node_oa, level)))
			law = 12;
	}
	return law;
}

int mz_format_check(const struct mz_format *f, uint64_t seed)
{
	uint64_t state = seed * 2 + 1; /* never 0, where xorshift stays */

	if (!geometry(f))
		return 1;
	for (unsigned level = 1; level <= f->levels; level++) {
		if (f->kind(f->absent, level) != MZ_ABSENT)
			return 2;
		if (!encodable_law(f, level))
			return 10;
		for (unsigned i = 0; i < SAMPLES; i++) {
			uint64_t oa = i == 0 ? 0 : i == 1 ? UINT64_MAX : next_random(&state);
			struct sample s = {
				.leaf_oa = mz_oa_from(oa & oa_mask(f, f->shift[level])),
				.node_oa = mz_oa_from(oa & oa_mask(f, f->page_lg2)),
				.prop = random_prop(f, level, &state),
				.noise = next_random(&state),
			};
			int law = sample_laws(f, level, &s);

			if (law != 0)
				return law;
		}
	}
	return 0;
}
