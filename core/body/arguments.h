/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What every operation asks of its arguments. One on a page asks behind the reader's hook, so that
 * as little as can be is to be kept across it.
 */
#ifndef MZ_CORE_BODY_ARGUMENTS_H
#define MZ_CORE_BODY_ARGUMENTS_H

#include "core/body/entry.h"

/*
 * The root's slot for an address. False: the table does not manage it. Root entries are counted in
 * the order of addresses, which for canonical ones begins in the middle of the root.
 */
MZ_INLINE bool root_slot(const struct mz_table *table, uint64_t addr, uint64_t **slot)
{
	const struct mz_format *f = format_of(table);
	unsigned shift = f->shift[f->levels], count = mz_entry_count(f, f->levels);
	unsigned begin = f->ia_signed ? count / 2 : 0;
	uint64_t place = (f->ia_signed ? (uint64_t)((int64_t)addr >> shift) : addr >> shift) +
		begin;
	uint64_t index = f->ia_signed ? (place - begin) & (count - 1) : place;

	*slot = &table->root[index];
	/* The whole root is managed, mostly. */
	return MZ_LIKELY(place < table->reach) ||
		(place < count && index >= table->config.root_first &&
		 index < table->config.root_end);
}

/* Does the table manage this address? */
MZ_INLINE bool address_managed(const struct mz_table *table, uint64_t addr)
{
	uint64_t *slot;

	return root_slot(table, addr, &slot);
}

MZ_INLINE enum mz_error check_range(const struct mz_table *table, uint64_t first, uint64_t bytes)
{
	const struct mz_format *f = format_of(table);
	uint64_t last = first + (bytes - 1);

	if (!mz_page_aligned(f, first | bytes))
		return MZ_MISALIGNED;
	/* Of canonical addresses, a range lies in one half. */
	if (bytes == 0 || last < first || !address_managed(table, first) ||
	    !address_managed(table, last) || (f->ia_signed && (first ^ last) >> 63 != 0))
		return MZ_OUT_OF_RANGE;
	return MZ_OK;
}

MZ_INLINE bool oa_valid(const struct mz_table *table, uint64_t oa, uint64_t bytes)
{
	uint64_t last = oa + (bytes - 1);

	return last >= oa && last <= table->oa_last;
}

/* At every level that may hold a leaf: an operation can't know beforehand which it will meet. */
MZ_INLINE bool prop_encodable(const struct mz_table *table, struct mz_prop prop)
{
	const struct mz_format *f = format_of(table);
	bool encodable = true;

	MZ_UNROLL
	for (unsigned level = 1; level <= f->levels; level++)
		if (mz_leaf_allowed(table->config.leaf_levels, level))
			encodable &= f->encodable(prop, level, table->config.features);
	return encodable;
}

MZ_INLINE enum mz_error check_map(const struct mz_table *table, mz_ia ia, uint64_t bytes, mz_oa oa,
				  struct mz_prop prop)
{
	enum mz_error error = check_range(table, ia.addr, bytes);

	if (error != MZ_OK)
		return error;
	if (!mz_page_aligned(format_of(table), oa.addr))
		return MZ_MISALIGNED;
	if (!oa_valid(table, oa.addr, bytes))
		return MZ_OUT_OF_RANGE;
	return prop_encodable(table, prop) ? MZ_OK : MZ_NOT_ENCODABLE;
}

MZ_INLINE enum mz_error check_protect(const struct mz_table *table, mz_ia ia, uint64_t bytes,
				      unsigned perm)
{
	enum mz_error error = check_range(table, ia.addr, bytes);

	if (error != MZ_OK)
		return error;
	return perm <= UINT8_MAX && prop_encodable(table, mz_prop_from(perm)) ? MZ_OK
									      : MZ_NOT_ENCODABLE;
}

/* For a single page, in short; what is refused is looked at again for the reason. */
MZ_INLINE bool check_map_page(const struct mz_table *table, mz_ia ia, mz_oa oa, struct mz_prop prop)
{
	const struct mz_format *f = format_of(table);

	return mz_page_aligned(f, ia.addr | oa.addr) && oa.addr <= table->oa_last &&
		f->encodable(prop, 1, table->config.features);
}

#endif
