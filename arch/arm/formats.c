// SPDX-License-Identifier: MPL-2.0
/* Formats by what is asked for: every variant's functions, and the geometry by arithmetic. */
#include "arch/arm/arm.h"
#include "arch/arm/entry.h"
#include "core/table.h"

#define VARIANT(v) ARM_FUNCTIONS(arm_##v, 0x##v)
#define MEMBERS(v) [0x##v] = {.name = "arm", ARM_MEMBERS(arm_##v, 0x##v)},

/* The granules 0 to 2 of one set of options, narrow and wide: the low half of the variant. */
#define LOW(x, high)                                                                            \
	x(high##0) x(high##1) x(high##2) x(high##4) x(high##5) x(high##6) x(high##8) x(high##9) \
		x(high##a) x(high##c) x(high##d) x(high##e)
#define ALL(x) LOW(x, 0) LOW(x, 1) LOW(x, 2) LOW(x, 3) LOW(x, 4) LOW(x, 6)

ALL(VARIANT)

static const struct mz_format variants[ARM_VARIANTS] = {ALL(MEMBERS)};

/*
 * The fewest levels with a root of up to 2^extra concatenated tables, and of 15 bits as the library
 * has them.
 */
static void shape(struct mz_format *f, unsigned v, unsigned ia_bits, unsigned extra,
		  unsigned levels_min)
{
	unsigned index = f->page_lg2 - 3u, levels = levels_min, shift = f->page_lg2;

	if (index + extra > 15)
		extra = 15 - index;
	while (shift + levels * index + extra < ia_bits)
		levels++;
	MZ_ASSERT(levels < MZ_LEVELS_MAX && ia_bits > shift + (levels - 1) * index);
	f->levels = (uint8_t)levels;
	f->ia_lg2 = (uint8_t)ia_bits;
	for (unsigned level = 1; level <= levels; level++, shift += index) {
		f->shift[level] = (uint8_t)shift;
		f->index_lg2[level] = (uint8_t)(level == levels ? ia_bits - shift : index);
	}
	for (unsigned level = 1; level <= levels && level <= ARM_LEAF_LAST(v); level++)
		f->leaf_levels |= 1u << level;
}

static bool granule_of(unsigned page_lg2, unsigned *v)
{
	if (page_lg2 != 12 && page_lg2 != 14 && page_lg2 != 16)
		return false;
	*v = (page_lg2 - 12) / 2;
	return true;
}

/* ID_AA64MMFR0_EL1.PARange knows no other sizes. */
static bool oa_known(unsigned bits)
{
	return bits == 32 || bits == 36 || bits == 40 || bits == 42 || bits == 44 || bits == 48 ||
		bits == 52;
}

/* A compiled instance for this very format, or NULL. */
static const struct mz_ops *compiled(const struct mz_format *f, unsigned v)
{
	static const struct {
		unsigned variant;
		const struct mz_format *format;
	} all[] = {
		{ARM_4K, &mz_arm_s2_4k},
		{ARM_4K, &mz_arm_s2_4k_40},
		{ARM_4K | ARM_XNX | ARM_FWB | ARM_DBM, &mz_arm_s2_4k_full},
		{ARM_16K, &mz_arm_s2_16k},
		{ARM_64K, &mz_arm_s2_64k},
		{ARM_STAGE1 | ARM_4K, &mz_arm_s1_4k},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].variant == v && all[i].format->ia_lg2 == f->ia_lg2 &&
		    all[i].format->oa_lg2 == f->oa_lg2)
			return all[i].format->ops;
	return NULL;
}

/* What a format of either stage is asked for. The first that is wrong is told. */
static enum mz_error check(unsigned page_lg2, unsigned oa_bits, unsigned options, unsigned known,
			   unsigned *v)
{
	if (!granule_of(page_lg2, v))
		return MZ_BAD_GRANULE;
	if ((options & ~known) != 0)
		return MZ_BAD_FEATURES;
	if (!oa_known(oa_bits) || (oa_bits > 48 && (options & MZ_ARM_WIDE) == 0))
		return MZ_BAD_WIDTH;
	*v |= (options & MZ_ARM_WIDE ? ARM_WIDE : 0u) | (options & MZ_ARM_DBM ? ARM_DBM : 0u);
	return MZ_OK;
}

enum mz_error mz_arm_s2_format(const struct mz_arm_s2 *wanted, struct mz_format *out)
{
	unsigned v;
	enum mz_error error = check(wanted->page_lg2, wanted->oa_bits, wanted->options,
				    MZ_ARM_WIDE | MZ_ARM_DBM | MZ_ARM_XNX | MZ_ARM_FWB, &v);

	if (error != MZ_OK)
		return error;
	if (wanted->ia_bits < 32 || wanted->ia_bits > wanted->oa_bits)
		return MZ_BAD_WIDTH;
	v |= (wanted->options & MZ_ARM_XNX ? ARM_XNX : 0u) |
		(wanted->options & MZ_ARM_FWB ? ARM_FWB : 0u);
	*out = variants[v];
	out->oa_lg2 = (uint8_t)wanted->oa_bits;
	shape(out, v, wanted->ia_bits, 4, 2);
	out->ops = compiled(out, v);
	return MZ_OK;
}

enum mz_error mz_arm_s1_format(const struct mz_arm_s1 *wanted, struct mz_format *out)
{
	unsigned v;
	enum mz_error error = check(wanted->page_lg2, wanted->oa_bits, wanted->options,
				    MZ_ARM_WIDE | MZ_ARM_DBM | MZ_ARM_EL2, &v);

	if (error != MZ_OK)
		return error;
	if (wanted->ia_bits < 25 || wanted->ia_bits > (wanted->options & MZ_ARM_WIDE ? 52 : 48))
		return MZ_BAD_WIDTH;
	v |= ARM_STAGE1 | (wanted->options & MZ_ARM_EL2 ? ARM_EL2 : 0u);
	*out = variants[v];
	out->oa_lg2 = (uint8_t)wanted->oa_bits;
	shape(out, v, wanted->ia_bits, 0, 1);
	out->ops = compiled(out, v);
	return MZ_OK;
}
