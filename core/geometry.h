/* SPDX-License-Identifier: MPL-2.0 */
/* Arithmetic on (format, level): indices, spans, sizes. */
#ifndef MZ_CORE_GEOMETRY_H
#define MZ_CORE_GEOMETRY_H

#include "core/format.h"

/* The entries of a node of this level. */
static inline unsigned mz_entry_count(const struct mz_format *f, unsigned level)
{
	return 1u << f->index_lg2[level];
}

/* The bytes of input addresses that one entry of this level maps. */
static inline uint64_t mz_span(const struct mz_format *f, unsigned level)
{
	return (uint64_t)1 << f->shift[level];
}

/* The slot of `addr` in a node of this level. */
static inline unsigned mz_index(const struct mz_format *f, uint64_t addr, unsigned level)
{
	return (unsigned)(addr >> f->shift[level]) & (mz_entry_count(f, level) - 1);
}

/* The last address that the same entry of this level maps. */
static inline uint64_t mz_span_last(const struct mz_format *f, uint64_t addr, unsigned level)
{
	return addr | (mz_span(f, level) - 1);
}

/* log2 of the size of a node: whole pages, more than one for a wide root. */
static inline unsigned mz_node_lg2(const struct mz_format *f, unsigned level)
{
	unsigned lg2 = f->index_lg2[level] + 3u;

	return lg2 < f->page_lg2 ? f->page_lg2 : lg2;
}

static inline bool mz_leaf_allowed(uint32_t leaf_levels, unsigned level)
{
	return (leaf_levels >> level & 1) != 0;
}

static inline bool mz_page_aligned(const struct mz_format *f, uint64_t addr)
{
	return (addr & (((uint64_t)1 << f->page_lg2) - 1)) == 0;
}

/* The bits of a link that the MMU may change. */
static inline uint64_t mz_link_hw_bits(const struct mz_format *f, unsigned level)
{
	return f->links_accessed ? f->hw_bits(level) : 0;
}

/* Is the address one that the format can translate? */
static inline bool mz_ia_valid(const struct mz_format *f, uint64_t addr)
{
	if (f->ia_lg2 >= 64)
		return true;
	if (f->ia_signed) {
		uint64_t top = addr >> (f->ia_lg2 - 1);

		return top == 0 || top == UINT64_MAX >> (f->ia_lg2 - 1);
	}
	return addr >> f->ia_lg2 == 0;
}

#endif
