// SPDX-License-Identifier: MPL-2.0
/*
 * mz_format_check(), which tries samples: what it does with any geometry, and with any
 * sample.
 * Proof check_geometry: -DSHAPE=22 --function check_geometry --unwind 8
 * Proof check_sample: -DSHAPE=22 --function check_sample --unwind 17
 * Proof check_broken: -DSHAPE=22 --function check_broken --unwind 17
 */
#include "tests/proof/geometries.h"
#include "tests/proof/prove.h"

#include "tests/proof/small.h"

#include "core/format_check.c"

static bool is_sum(const struct mz_format *f)
{
	unsigned shift = f->page_lg2;

	for (unsigned level = 1; level <= f->levels; level++) {
		if (f->shift[level] != shift || f->index_lg2[level] < 1 || f->index_lg2[level] > 15)
			return false;
		shift += f->index_lg2[level];
	}
	return shift == f->ia_lg2;
}

/* What law 1 says. */
void check_geometry(void)
{
	struct mz_format f = small;
	bool keeps;

	f.levels = nondet_u8();
	f.page_lg2 = nondet_u8();
	f.ia_lg2 = nondet_u8();
	f.oa_lg2 = nondet_u8();
	f.leaf_levels = nondet_u32();
	for (unsigned level = 0; level <= MZ_LEVELS_MAX; level++) {
		f.index_lg2[level] = nondet_u8();
		f.shift[level] = nondet_u8();
	}
	keeps = f.levels >= 1 && f.levels <= MZ_LEVELS_MAX && is_sum(&f) && f.ia_lg2 <= 64 &&
		f.oa_lg2 <= MZ_OA_LG2_MAX && (f.leaf_levels & 2) != 0 &&
		f.leaf_levels < (uint32_t)2 << f.levels;

	CLAIM(geometry(&f) == keeps, "a geometry passes exactly where it keeps law 1");
	REACHES(keeps && f.levels == MZ_LEVELS_MAX);
	REACHES(keeps && f.levels == 1);
}

static struct sample free_sample(void)
{
	struct sample s = {
		.leaf_oa = mz_oa_from(nondet_u64()),
		.node_oa = mz_oa_from(nondet_u64()),
		.prop = {nondet_u8(), nondet_u8(), nondet_u16()},
		.noise = nondet_u64(),
	};

	return s;
}

/* A format that keeps the laws, with any sample that it can hold. */
void check_sample(void)
{
	unsigned level = nondet_unsigned();
	struct sample s = free_sample();
	uint64_t oa = nondet_u64(), state = nondet_u64(), was = state;

	ASSUME(level >= 1 && level <= SHAPE_LEVELS);
	s.leaf_oa.addr = oa & oa_mask(&small, small.shift[level]);
	s.node_oa.addr = oa & oa_mask(&small, small.page_lg2);
	ASSUME(small_encodable(s.prop, level, small.features));

	CLAIM(sample_laws(&small, level, &s) == 0, "it passes");
	next_random(&state);
	CLAIM(state != 0 || was == 0, "and there are always other samples");
	REACHES(level == 1);
	REACHES(s.prop.perm == 7 && level == 2);
}

/* The format with one function that answers wrong, by any bits; the law that it breaks. */
static unsigned law;
static uint64_t flaw;

static uint64_t flaw_of(unsigned broken)
{
	return law == broken ? flaw : 0;
}

static enum mz_kind flawed_kind(uint64_t entry, unsigned level)
{
	enum mz_kind kind = small_kind(entry, level);

	return (law == 3 && kind == MZ_LEAF) || (law == 4 && kind == MZ_NODE) ? MZ_ABSENT : kind;
}

static mz_oa flawed_oa(uint64_t entry, unsigned level)
{
	return mz_oa_from(small_oa(entry, level).addr ^ flaw_of(5));
}

static struct mz_prop flawed_prop(uint64_t entry, unsigned level)
{
	struct mz_prop prop = small_prop(entry, level);

	prop.memory ^= (uint8_t)flaw_of(6);
	return prop;
}

static uint64_t flawed_clean(uint64_t entry, unsigned level, unsigned flags)
{
	return small_clean(entry, level, flags) ^ flaw_of(8);
}

static uint64_t flawed_with_perm(uint64_t leaf, unsigned level, unsigned perm)
{
	return small_with_perm(leaf, level, perm) ^ flaw_of(9);
}

static uint64_t flawed_link_write(uint64_t link, unsigned level, bool on)
{
	return small_link_write(link, level, on) ^ flaw_of(11);
}

static uint64_t flawed_forbid_write(uint64_t entry, unsigned level)
{
	return small_forbid_write(entry, level) ^ flaw_of(12);
}

void check_broken(void)
{
	struct mz_format f = small;
	struct sample s = free_sample();

	law = nondet_unsigned();
	flaw = nondet_u64();
	ASSUME((law >= 3 && law <= 6) || law == 8 || law == 9 || law == 11 || law == 12);
	ASSUME((flaw & UINT8_MAX) != 0);
	f.kind = flawed_kind;
	f.oa = flawed_oa;
	f.prop = flawed_prop;
	f.clean = flawed_clean;
	f.with_perm = flawed_with_perm;
	f.link_write = flawed_link_write;
	f.forbid_write = flawed_forbid_write;
	s.leaf_oa.addr &= oa_mask(&f, f.shift[2]);
	s.node_oa.addr &= oa_mask(&f, f.page_lg2);
	ASSUME(small_encodable(s.prop, 2, f.features));

	CLAIM(sample_laws(&f, 2, &s) == (int)law, "a broken law is found by any sample");
	REACHES(law == 12);
}
