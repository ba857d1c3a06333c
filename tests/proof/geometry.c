// SPDX-License-Identifier: MPL-2.0
/*
 * core/geometry.h, and the parts of a range in core/body/range.h, for every format geometry that
 * keeps law 1 with index widths of 1 to 15 bits (child_count is 16 bits wide), every level, every
 * address, every range. Bound: MZ_LEVELS_MAX levels.
 * Proof geometry: --unwind 8
 */
#include "core/body/range.h"
#include "tests/proof/prove.h"

static struct mz_format free_geometry(void)
{
	struct mz_format f = {0};

	f.levels = nondet_u8();
	f.page_lg2 = nondet_u8();
	ASSUME(f.levels >= 1 && f.levels <= MZ_LEVELS_MAX && f.page_lg2 >= 3 && f.page_lg2 < 32);
	f.shift[1] = f.page_lg2;
	for (unsigned level = 1; level <= f.levels; level++) {
		f.index_lg2[level] = nondet_u8();
		ASSUME(f.index_lg2[level] >= 1 && f.index_lg2[level] <= 15);
		f.ia_lg2 = (uint8_t)(f.shift[level] + f.index_lg2[level]);
		ASSUME(f.ia_lg2 <= 64);
		if (level < f.levels)
			f.shift[level + 1] = f.ia_lg2;
	}
	f.ia_signed = nondet_bool();
	return f;
}

static uint64_t first_of(const struct mz_format *f, uint64_t addr, unsigned level)
{
	return addr - (addr & (mz_span(f, level) - 1));
}

static void spans(const struct mz_format *f, unsigned level)
{
	uint64_t a = nondet_u64(), b = nondet_u64();
	bool same = b >= first_of(f, a, level) && b <= mz_span_last(f, a, level);

	CLAIM(mz_index(f, a, level) < mz_entry_count(f, level), "an index is in its node");
	CLAIM(mz_span_last(f, a, level) >= a, "an address is not behind its span");
	CLAIM(mz_span_last(f, a, level) - first_of(f, a, level) == mz_span(f, level) - 1,
	      "a span has its length");
	CLAIM((mz_span_last(f, a, level) == mz_span_last(f, b, level)) == same,
	      "the addresses of a span share its last one, and no others do");
	CLAIM(!same || mz_index(f, a, level) == mz_index(f, b, level),
	      "the addresses of a span have one index");
}

/* From level to level: together these make an address the sum of its indices and its offset. */
static void widths(const struct mz_format *f, unsigned level)
{
	uint64_t a = nondet_u64(), low = a & (mz_span(f, level) - 1);
	uint64_t place = (uint64_t)mz_index(f, a, level) << f->shift[level];
	unsigned above = f->shift[level] + f->index_lg2[level];
	uint64_t mask = above == 64 ? UINT64_MAX : ((uint64_t)1 << above) - 1;

	CLAIM((a & mask) == (place | low) && (place & low) == 0,
	      "an address below an entry is an index and what is below that");
	CLAIM(level == f->levels || mz_span(f, level + 1) - 1 == mask,
	      "a node's entries fill the entry above it");
	CLAIM(mz_page_aligned(f, a) == ((a & (mz_span(f, 1) - 1)) == 0), "page alignment");
}

static void validity(const struct mz_format *f)
{
	uint64_t a = nondet_u64();
	unsigned rest = 64u - f->ia_lg2;
	uint64_t low = rest == 0 ? a : a << rest >> rest;
	bool negative = low >> (f->ia_lg2 - 1) != 0;
	uint64_t extended = low |
		(f->ia_signed && negative && rest > 0 ? UINT64_MAX << f->ia_lg2 : 0);

	CLAIM(mz_ia_valid(f, a) == (a == extended),
	      "an address is valid where its width, and its sign, make it");
}

static void node_sizes(const struct mz_format *f, unsigned level)
{
	uint64_t bytes = (uint64_t)1 << mz_node_lg2(f, level);

	CLAIM(bytes >= mz_entry_count(f, level) * sizeof(uint64_t), "a node holds its entries");
	CLAIM(bytes >= (uint64_t)1 << f->page_lg2, "a node is whole pages");
	CLAIM(bytes == (uint64_t)1 << f->page_lg2 ||
		      bytes == (uint64_t)mz_entry_count(f, level) * sizeof(uint64_t),
	      "a node is no larger than needed");
}

/* A range in one node of `level`: its parts tile it, each in one entry, in order. */
static void parts(const struct mz_format *f, unsigned level)
{
	uint64_t first = nondet_u64(), last = nondet_u64();
	struct part p = part_at(f, level, first, last), next = p;

	ASSUME(first <= last);
	CLAIM(p.valid && p.first == first && p.last >= first && p.last <= last,
	      "the first part begins the range");
	CLAIM(mz_span_last(f, p.first, level) == mz_span_last(f, p.last, level),
	      "a part lies in one entry");
	CLAIM(p.last == last || p.last == mz_span_last(f, p.last, level),
	      "a part ends with its entry or the range");
	CLAIM(p.index == mz_index(f, p.first, level), "a part's index is that of its entry");
	CLAIM(p.whole == (p.last - p.first == mz_span(f, level) - 1),
	      "a part is whole where it is all that the entry maps");
	CLAIM(part_base(f, level, &p) == first_of(f, p.last, level),
	      "a part knows its entry's base");
	part_next(f, level, last, &next);
	CLAIM(next.valid == (p.last != last), "parts end with the range");
	CLAIM(!next.valid || next.first == p.last + 1, "the next part follows at once");
}

int main(void)
{
	struct mz_format f = free_geometry();
	unsigned level = nondet_unsigned();

	ASSUME(level >= 1 && level <= f.levels);
	spans(&f, level);
	widths(&f, level);
	validity(&f);
	node_sizes(&f, level);
	parts(&f, level);
	return 0;
}
