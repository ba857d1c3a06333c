/* SPDX-License-Identifier: MPL-2.0 */
/* Arm's formats: every one that can be asked for, and their bits by the manual. */
#include "arch/arm/arm.h"
#include "core/check.h"
#include "core/geometry.h"
#include "tests/must.h"
#include "tests/literal.h"
#include "tests/suite.h"

#define ALL (RWX | MZ_EXEC_USER)

static const unsigned oa_sizes[] = {32, 36, 40, 42, 44, 48, 52};

static struct mz_format s2(unsigned page_lg2, unsigned ia, unsigned oa, unsigned options)
{
	struct mz_format f;

	must_equal(mz_arm_s2_format(&(struct mz_arm_s2) {page_lg2, ia, oa, options}, &f), MZ_OK);
	return f;
}

static struct mz_format s1(unsigned page_lg2, unsigned ia, unsigned oa, unsigned options)
{
	struct mz_format f;

	must_equal(mz_arm_s1_format(&(struct mz_arm_s1) {page_lg2, ia, oa, options}, &f), MZ_OK);
	return f;
}

START_TEST(every_stage_2_keeps_the_laws)
{
	unsigned made = 0;

	for (unsigned options = 0; options < 16; options++)
		for (unsigned page = 12; page <= 16; page += 2)
			for (unsigned i = 0; i < 7; i++)
				for (unsigned ia = 32; ia <= oa_sizes[i]; ia++) {
					struct mz_format f;

					if (oa_sizes[i] == 52 && (options & MZ_ARM_WIDE) == 0)
						continue;
					if (ia % 4 != 0 && options != 0)
						continue;
					f = s2(page, ia, oa_sizes[i], options);
					must_say(mz_format_check(&f, ia) == 0,
						 "page %u ia %u oa %u options %u: law %d", page, ia,
						 oa_sizes[i], options, mz_format_check(&f, ia));
					/* 16 concatenated tables at most. */
					must(f.index_lg2[f.levels] <= page - 3 + 4);
					made++;
				}
	must(made > 400);
}
END_TEST

START_TEST(every_stage_1_keeps_the_laws)
{
	for (unsigned options = 0; options < 32; options++) {
		if ((options & (MZ_ARM_XNX | MZ_ARM_FWB)) != 0)
			continue;
		for (unsigned page = 12; page <= 16; page += 2)
			for (unsigned ia = 25; ia <= (options & MZ_ARM_WIDE ? 52 : 48); ia++) {
				struct mz_format f = s1(page, ia, options & MZ_ARM_WIDE ? 52 : 48,
							options);

				must_say(mz_format_check(&f, ia) == 0,
					 "page %u ia %u options %u: law %d", page, ia, options,
					 mz_format_check(&f, ia));
				must(f.index_lg2[f.levels] <= page - 3);
			}
	}
}
END_TEST

START_TEST(roots_are_concatenated_where_that_saves_a_level)
{
	static const struct {
		unsigned page, ia, levels, root;
	} cases[] = {
		{12, 32, 2, 11}, {12, 34, 2, 13}, {12, 35, 3, 5}, {12, 40, 3, 10}, {12, 43, 3, 13},
		{12, 44, 4, 5},  {12, 48, 4, 9},  {14, 32, 2, 7}, {14, 40, 2, 15}, {14, 48, 3, 12},
		{16, 32, 2, 3},  {16, 46, 2, 17}, {16, 48, 3, 6},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mz_format f;
		enum mz_error error = mz_arm_s2_format(
			&(struct mz_arm_s2) {cases[i].page, cases[i].ia, 48, 0}, &f);

		/* The library's roots have 15 bits at most: 64 KiB takes four tables, not 16. */
		if (cases[i].root > 15) {
			must_equal(error, MZ_OK);
			must_equal(f.levels, cases[i].levels + 1);
			continue;
		}
		must_equal(error, MZ_OK);
		must_equal(f.levels, cases[i].levels);
		must_equal(f.index_lg2[f.levels], cases[i].root);
	}
}
END_TEST

START_TEST(compiled_formats_are_those_that_are_asked_for)
{
	const struct {
		struct mz_format made;
		const struct mz_format *compiled;
	} cases[] = {
		{s2(12, 48, 48, 0), &mz_arm_s2_4k},
		{s2(12, 40, 48, 0), &mz_arm_s2_4k_40},
		{s2(12, 48, 48, MZ_ARM_XNX | MZ_ARM_FWB | MZ_ARM_DBM), &mz_arm_s2_4k_full},
		{s2(14, 48, 48, 0), &mz_arm_s2_16k},
		{s2(16, 48, 48, 0), &mz_arm_s2_64k},
		{s1(12, 48, 48, 0), &mz_arm_s1_4k},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct mz_format *a = &cases[i].made, *b = cases[i].compiled;

		must(b->ops != NULL && a->ops == b->ops);
		must_equal(mz_format_check(b, 1), 0);
		must(a->levels == b->levels && a->page_lg2 == b->page_lg2 &&
		     a->ia_lg2 == b->ia_lg2 && a->oa_lg2 == b->oa_lg2 &&
		     a->leaf_levels == b->leaf_levels && a->flags == b->flags &&
		     a->features == b->features && a->absent == b->absent);
		for (unsigned level = 1; level <= a->levels; level++) {
			must_equal(a->shift[level], b->shift[level]);
			must_equal(a->index_lg2[level], b->index_lg2[level]);
			must_equal(a->make_node(mz_oa_from(0x7654u << 16), level),
				   b->make_node(mz_oa_from(0x7654u << 16), level));
			must_equal(leaf(a, 1ull << 42, level, RW, MZ_MEM_DEVICE, MZ_DIRTY),
				   leaf(b, 1ull << 42, level, RW, MZ_MEM_DEVICE, MZ_DIRTY));
		}
	}
	must(s2(12, 39, 48, 0).ops == NULL);
}
END_TEST

START_TEST(stage_2_entries_are_those_of_the_manual)
{
	const struct mz_format *f = &mz_arm_s2_4k;

	/* Valid, page; MemAttr 0b1111 in 5:2; S2AP 7:6; SH 9:8; AF 10; XN 54. */
	must_equal(leaf(f, 0x1000, 1, RWX, 0, MZ_ACCESSED | MZ_SHARED_INNER), 0x17ff);
	must_equal(leaf(f, 0x1000, 1, RW, 0, MZ_ACCESSED | MZ_SHARED_INNER), 0x400000000017ff);
	must_equal(leaf(f, 0x1000, 1, MZ_READ | MZ_EXEC, 0, MZ_ACCESSED | MZ_SHARED_OUTER), 0x167f);
	must_equal(leaf(f, 0x1000, 1, MZ_EXEC, 0, 0), 0x103f);
	must_equal(leaf(f, 0x1000, 1, MZ_WRITE | MZ_EXEC, 0, 0), 0x10bf);
	must_equal(leaf(f, 0xfffffffff000, 1, RWX, 0, 0), 0xfffffffff0ff);
	/* A block is not a table. */
	must_equal(leaf(f, 0x200000, 2, RWX, 0, 0), 0x2000fd);
	must_equal(leaf(f, 0x40000000, 3, RWX, 0, 0), 0x400000fd);
	must_equal(f->make_node(mz_oa_from(0xfffffffff000), 4), 0xfffffffff003);
	/* nGnRnE, nGnRE, nGRE, GRE, Normal Non-cacheable, write-through. */
	must_equal(leaf(f, 0x1000, 1, RWX, MZ_MEM_UNCACHED, 0), 0x10c3);
	must_equal(leaf(f, 0x1000, 1, RWX, MZ_MEM_DEVICE, 0), 0x10c7);
	must_equal(leaf(f, 0x1000, 1, RWX, MZ_MEM_DEVICE_REORDERED, 0), 0x10cb);
	must_equal(leaf(f, 0x1000, 1, RWX, MZ_MEM_DEVICE_GATHERED, 0), 0x10cf);
	must_equal(leaf(f, 0x1000, 1, RWX, MZ_MEM_WRITE_COMBINING, 0), 0x10d7);
	must_equal(leaf(f, 0x1000, 1, RWX, MZ_MEM_WRITE_THROUGH, 0), 0x10eb);
	/* Contiguous 52, software 56; in stage 2, 55 is NS in Realm state. */
	must_equal(leaf(f, 0x1000, 1, RWX, 0, MZ_CONTIGUOUS), 0x100000000010ff);
	must_equal(leaf(f, 0x1000, 1, RWX, 0, MZ_DIRTY), 0x1000000000010ff);
	/* Reserved: a block at Arm's levels 3 and 0. Invalid: bit 0. */
	must_equal(f->kind(0x10fd, 1), MZ_ABSENT);
	must_equal(f->kind(0x10fd, 4), MZ_ABSENT);
	must_equal(f->kind(0xfffe, 1), MZ_ABSENT);
	must_equal(mz_arm_s2_16k.kind(0xfd, 3), MZ_ABSENT);
	must_equal(mz_arm_s2_64k.kind(0xfd, 3), MZ_ABSENT);
}
END_TEST

START_TEST(options_of_stage_2_are_those_of_the_manual)
{
	struct mz_format xnx = s2(12, 48, 48, MZ_ARM_XNX), fwb = s2(12, 48, 48, MZ_ARM_FWB);
	struct mz_prop through = {MZ_READ, MZ_MEM_WRITE_THROUGH, 0};

	/* XN, 54:53: 0b00 both, 0b01 EL0, 0b10 none, 0b11 EL1. */
	must_equal(leaf(&xnx, 0, 1, ALL, 0, 0) >> 53, 0);
	must_equal(leaf(&xnx, 0, 1, RW | MZ_EXEC_USER, 0, 0) >> 53, 1);
	must_equal(leaf(&xnx, 0, 1, RW, 0, 0) >> 53, 2);
	must_equal(leaf(&xnx, 0, 1, RWX, 0, 0) >> 53, 3);
	/* FWB: 0b0110 write-back, 0b0101 Non-cacheable, 0b00xx Device; no write-through. */
	must_equal(leaf(&fwb, 0, 1, RWX, 0, 0), 0xdb);
	must_equal(leaf(&fwb, 0, 1, RWX, MZ_MEM_WRITE_COMBINING, 0), 0xd7);
	must_equal(leaf(&fwb, 0, 1, RWX, MZ_MEM_DEVICE, 0), 0xc7);
	must(!fwb.encodable(through, 1, fwb.features));
}
END_TEST

START_TEST(wide_addresses_are_those_of_the_manual)
{
	struct mz_format lpa = s2(16, 52, 52, MZ_ARM_WIDE), lpa2 = s2(12, 52, 52, MZ_ARM_WIDE);
	struct mz_format lpa2_16k = s2(14, 52, 52, MZ_ARM_WIDE);

	/* LPA: 51:48 in 15:12. LPA2: 51:50 in 9:8, 49:48 in place. */
	must_equal(lpa.make_node(mz_oa_from(0xa123456780000), 2), 0x123456780000 | 0xa003);
	must_equal(lpa2.make_node(mz_oa_from(0xe123456789000), 2), 0x2123456789303);
	must_equal(lpa2_16k.make_node(mz_oa_from(0xe123456788000), 2), 0x2123456788303);
	must_equal(leaf(&lpa2, 0x8000000001000, 1, RWX, 0, MZ_ACCESSED), 0x16ff);
	/* 512 GiB, 64 GiB and 4 TiB blocks come with them. */
	must_equal(lpa2.leaf_levels, 0x1e);
	must_equal(lpa2_16k.leaf_levels, 0xe);
	must_equal(lpa.leaf_levels, 0xe);
	must_equal(lpa2.levels, 4);
	must_equal(lpa2.index_lg2[4], 13);
	/* BADDR: 51:48 in 5:2. */
	must_equal(lpa2.root_register(mz_oa_from(0xe123456780000), 0), 0x123456780000 | 0xe << 2);
	must_equal(mz_arm_s2_4k.root_register(mz_oa_from(0x123456780000), 0), 0x123456780000);
	must((lpa2.flags & (MZ_SHARED_INNER | MZ_SHARED_OUTER)) == 0);
}
END_TEST

START_TEST(dirty_is_what_the_mmu_permits_itself)
{
	struct mz_format f = s2(12, 48, 48, MZ_ARM_DBM), g = s1(12, 48, 48, MZ_ARM_DBM);
	uint64_t clean = leaf(&f, 0x1000, 1, RW, 0, 0), dirty = clean | 1 << 7, kept;

	/* Stage 2: DBM, bit 51, and S2AP[1], bit 7, which the MMU sets. */
	must_equal(clean, 0x4800000000107f);
	must_equal(dirty, leaf(&f, 0x1000, 1, RW, 0, MZ_DIRTY));
	must_equal(f.prop(dirty, 1).flags, MZ_DIRTY);
	must_equal(f.prop(dirty, 1).perm, RW);
	/* Without the permission the MMU may not write, and it is dirty still. */
	kept = f.with_perm(dirty, 1, MZ_READ);
	must_equal(kept, 0x14000000000107f);
	must_equal(f.prop(kept, 1).flags, MZ_DIRTY);
	must_equal(f.with_perm(kept, 1, RW), dirty);
	must_equal(f.clean(dirty, 1, MZ_DIRTY), clean);
	/* Stage 1: AP[2], bit 7, which the MMU clears. */
	clean = leaf(&g, 0x1000, 1, RW, 0, 0);
	must_equal(clean, 0x68000000001883);
	must_equal(g.prop(clean & ~(uint64_t)0x80, 1).flags, MZ_DIRTY);
	must_equal(g.clean(clean & ~(uint64_t)0x80, 1, MZ_DIRTY), clean);
	must_equal(g.with_perm(clean & ~(uint64_t)0x80, 1, MZ_READ), 0x160000000001883);
}
END_TEST

START_TEST(stage_1_entries_are_those_of_the_manual)
{
	const struct mz_format *f = &mz_arm_s1_4k;
	struct mz_format el2 = s1(12, 48, 48, MZ_ARM_EL2);
	struct mz_prop unreadable = mz_prop_from(MZ_EXEC);

	/* AttrIndx 4:2; AP[1] 6; AP[2] 7; SH 9:8; AF 10; nG 11; PXN 53; UXN 54. */
	must_equal(leaf(f, 0x1000, 1, ALL, 0, MZ_ACCESSED | MZ_SHARED_INNER | MZ_GLOBAL), 0x1703);
	must_equal(leaf(f, 0x1000, 1, RW, 0, MZ_USER), 0x60000000001843);
	must_equal(leaf(f, 0x1000, 1, MZ_READ | MZ_EXEC, 0, MZ_GLOBAL), 0x40000000001083);
	must_equal(leaf(f, 0x1000, 1, ALL & ~MZ_EXEC, MZ_MEM_DEVICE, MZ_GLOBAL), 0x20000000001007);
	must_equal(leaf(f, 0x200000, 2, ALL, MZ_MEM_WRITE_COMBINING, MZ_GLOBAL), 0x20001d);
	must(!f->encodable(unreadable, 1, f->features));
	/* EL2: AP[1] is RES1, XN is 54, nothing is global and nobody is a user. */
	must_equal(leaf(&el2, 0x1000, 1, RWX, 0, 0), 0x1043);
	must_equal(leaf(&el2, 0x1000, 1, MZ_READ, 0, 0), 0x400000000010c3);
	must_equal(el2.flags & (MZ_USER | MZ_GLOBAL), 0);
}
END_TEST

START_TEST(formats_that_no_hardware_has_are_refused)
{
	static const struct {
		struct mz_arm_s2 wanted;
		enum mz_error error;
	} bad2[] = {
		{{13, 40, 48, 0}, MZ_BAD_GRANULE},   {{0, 40, 48, 0}, MZ_BAD_GRANULE},
		{{13, 40, 41, 32}, MZ_BAD_GRANULE},  {{12, 40, 48, MZ_ARM_EL2}, MZ_BAD_FEATURES},
		{{12, 40, 48, 32}, MZ_BAD_FEATURES}, {{12, 40, 41, 32}, MZ_BAD_FEATURES},
		{{12, 31, 48, 0}, MZ_BAD_WIDTH},     {{12, 49, 52, 0}, MZ_BAD_WIDTH},
		{{12, 48, 52, 0}, MZ_BAD_WIDTH},     {{12, 44, 40, 0}, MZ_BAD_WIDTH},
		{{12, 40, 41, 0}, MZ_BAD_WIDTH},     {{12, 53, 52, MZ_ARM_WIDE}, MZ_BAD_WIDTH},
	};
	static const struct {
		struct mz_arm_s1 wanted;
		enum mz_error error;
	} bad1[] = {
		{{18, 40, 48, 0}, MZ_BAD_GRANULE},
		{{12, 48, 48, MZ_ARM_XNX}, MZ_BAD_FEATURES},
		{{12, 48, 48, MZ_ARM_FWB}, MZ_BAD_FEATURES},
		{{12, 48, 48, 32}, MZ_BAD_FEATURES},
		{{12, 24, 48, 0}, MZ_BAD_WIDTH},
		{{12, 49, 48, 0}, MZ_BAD_WIDTH},
		{{12, 48, 52, 0}, MZ_BAD_WIDTH},
		{{12, 53, 52, MZ_ARM_WIDE}, MZ_BAD_WIDTH},
		{{12, 48, 47, 0}, MZ_BAD_WIDTH},
	};
	struct mz_format f;

	for (unsigned i = 0; i < sizeof(bad2) / sizeof(bad2[0]); i++)
		must_say(mz_arm_s2_format(&bad2[i].wanted, &f) == bad2[i].error, "stage 2, %u", i);
	for (unsigned i = 0; i < sizeof(bad1) / sizeof(bad1[0]); i++)
		must_say(mz_arm_s1_format(&bad1[i].wanted, &f) == bad1[i].error, "stage 1, %u", i);
}
END_TEST

START_TEST(identification_tells_what_hardware_has)
{
	/* 48 bits; 4 KiB with LPA2, 16 KiB none, 64 KiB; stage 2 the same. No features. */
	struct mz_arm_hardware plain = mz_arm_hardware_from(0x10000005, 0, 0);
	/* 52 bits; every granule wide for stage 1; stage 2: 4 KiB narrow, 16 KiB none, 64 KiB. */
	struct mz_arm_hardware rich = mz_arm_hardware_from(
		0x22110200006 | 1ull << 28, 1u << 28 | 2 << 4 | 2, 2ull << 52 | 1ull << 40);
	struct mz_arm_hardware none = mz_arm_hardware_from(0xff000007, 1, 0);
	/* The ID registers of QEMU 7.2's `max`. */
	struct mz_arm_hardware max = mz_arm_hardware_from(0x32310201126, 0x11010211122,
							  0x1021011010011011);
	struct mz_arm_s1 wide = {16, 52, 52, MZ_ARM_WIDE};
	struct mz_arm_s2 wanted = {12, 40, 48, 0};

	must_equal(plain.oa_bits, 48);
	must_equal(plain.s1_pages, 0x11000);
	must_equal(plain.s2_pages, 0x11000);
	must_equal(plain.s2_wide, 0x1000);
	must(plain.features == 0 && plain.options == 0 && plain.bbm == 0 && plain.vmid_bits == 8);
	must_equal(rich.oa_bits, 52);
	must_equal(rich.s1_pages, 0x15000);
	must_equal(rich.s1_wide, 0x15000);
	must_equal(rich.s2_pages, 0x11000);
	must_equal(rich.s2_wide, 0x10000);
	must_equal(rich.features, MZ_HW_ACCESSED_DIRTY | MZ_LIVE_SPLITS);
	must_equal(rich.options, MZ_ARM_DBM | MZ_ARM_XNX | MZ_ARM_FWB);
	must(rich.bbm == 2 && rich.vmid_bits == 16);
	must_equal(rich.s1_wide_ia, 0x5000);
	must(none.s1_pages == 0 && none.s2_pages == 0);
	must_equal(none.features, MZ_HW_ACCESSED_DIRTY);
	must_equal(none.options, 0);
	must(max.s1_pages == 0x15000 && max.s2_pages == 0x15000 && max.oa_bits == 52);
	must(max.s1_wide == 0x15000 && max.s2_wide == 0x15000 && max.s1_wide_ia == 0x15000);
	must(max.options == (MZ_ARM_DBM | MZ_ARM_XNX | MZ_ARM_FWB) && max.bbm == 2);

	must_equal(mz_arm_s2_supported(&plain, &wanted), MZ_OK);
	wanted.options = MZ_ARM_FWB;
	must_equal(mz_arm_s2_supported(&plain, &wanted), MZ_BAD_FEATURES);
	must_equal(mz_arm_s2_supported(&rich, &wanted), MZ_OK);
	wanted.options = MZ_ARM_WIDE;
	must_equal(mz_arm_s2_supported(&rich, &wanted), MZ_BAD_WIDTH);
	must_equal(mz_arm_s2_supported(&plain, &wanted), MZ_OK);
	wanted = (struct mz_arm_s2) {14, 40, 48, 0};
	must_equal(mz_arm_s2_supported(&plain, &wanted), MZ_BAD_GRANULE);
	wanted = (struct mz_arm_s2) {16, 52, 52, MZ_ARM_WIDE};
	must_equal(mz_arm_s2_supported(&plain, &wanted), MZ_BAD_WIDTH);
	must_equal(mz_arm_s2_supported(&rich, &wanted), MZ_OK);
	must_equal(mz_arm_s1_supported(&max, &wide), MZ_OK);
	must_equal(mz_arm_s1_supported(&rich, &wide), MZ_BAD_WIDTH);
	wide.ia_bits = 48;
	must_equal(mz_arm_s1_supported(&rich, &wide), MZ_OK);
	wide = (struct mz_arm_s1) {12, 52, 52, MZ_ARM_WIDE};
	must_equal(mz_arm_s1_supported(&rich, &wide), MZ_OK);
	must_equal(mz_arm_s1_supported(&plain, &(struct mz_arm_s1) {12, 48, 48, 0}), MZ_OK);
	must_equal(mz_arm_s1_supported(&plain, &(struct mz_arm_s1) {14, 48, 48, 0}),
		   MZ_BAD_GRANULE);
	must_equal(mz_arm_s1_supported(&plain, &(struct mz_arm_s1) {12, 48, 48, MZ_ARM_DBM}),
		   MZ_BAD_FEATURES);
	must_equal(mz_arm_s1_supported(&plain, &(struct mz_arm_s1) {12, 20, 48, 0}), MZ_BAD_WIDTH);
}
END_TEST

START_TEST(control_registers_are_those_of_the_manual)
{
	struct mz_arm_s2 s2_40 = {12, 40, 40, 0}, s2_16k = {14, 48, 48, MZ_ARM_DBM};
	struct mz_arm_s2 s2_lpa2 = {12, 52, 52, MZ_ARM_WIDE}, s2_64k = {16, 48, 48, 0};
	struct mz_arm_s1 s1_48 = {12, 48, 48, 0}, el2 = {16, 48, 48, MZ_ARM_EL2 | MZ_ARM_DBM};

	/* T0SZ 24, SL0 1 (level 1), WB, inner, 4 KiB, PS 2. */
	must_equal(mz_arm_vtcr(&s2_40, 0, 8), 0x80023558);
	/* T0SZ 16, SL0 2 (level 1), TG0 2, PS 5, VS, HA, HD. */
	must_equal(mz_arm_vtcr(&s2_16k, MZ_HW_ACCESSED_DIRTY, 16), 0x806db590);
	/* SL0 2 (level 1), TG0 1, PS 5, HA alone. */
	must_equal(mz_arm_vtcr(&s2_64k, MZ_HW_ACCESSED_DIRTY, 8), 0x80257590);
	/* T0SZ 12, SL0 2 (level 0), PS 6, DS. */
	must_equal(mz_arm_vtcr(&s2_lpa2, 0, 8), 0x18006358c);
	s2_40.page_lg2 = 13;
	must_equal(mz_arm_vtcr(&s2_40, 0, 8), 0);

	must_equal(mz_arm_tcr(&s1_48, MZ_HW_ACCESSED_DIRTY), 0x8500803510);
	must_equal(mz_arm_tcr(&el2, MZ_HW_ACCESSED_DIRTY), 0x80e57510);
	s1_48.ia_bits = 12;
	must_equal(mz_arm_tcr(&s1_48, 0), 0);
}
END_TEST

START_TEST(syndromes_are_those_of_the_manual)
{
	const uint64_t data = 0x24ull << 26, fetch = 0x20ull << 26;
	struct mz_fault_record r;

	for (unsigned status = 0; status < 64; status++) {
		static const uint8_t causes[] = {MZ_FAULT_ADDRESS_SIZE, MZ_FAULT_ABSENT,
						 MZ_FAULT_ACCESS_FLAG, MZ_FAULT_DENIED};
		unsigned cause = MZ_FAULT_OTHER, level = 0;

		if (status < 16) {
			cause = causes[status >> 2];
			level = 4 - (status & 3);
		} else if (status >= 0x13 && status <= 0x17) {
			level = 5 - (status - 0x13);
		} else if (status == 0x29 || status == 0x2b) {
			cause = status == 0x29 ? MZ_FAULT_ADDRESS_SIZE : MZ_FAULT_ABSENT;
			level = 5;
		}
		r = mz_arm_s2_fault(data | status, 0x1234, 0x80);
		must_equal(r.cause, cause);
		must_equal(r.level, level);
		must_equal(r.has_ia, cause != MZ_FAULT_OTHER && cause != MZ_FAULT_DENIED);
	}

	/* A write to what is absent at level 3; bits 51:12 of 0x8765432109abc. */
	r = mz_arm_s2_fault(data | 0x47, 0xffff800000000abc, 0x8765432109ull << 4);
	must(r.has_ia && r.has_guest_va && !r.walk && r.access == MZ_WRITE);
	must_equal(r.ia.addr, 0x8765432109abc);
	must_equal(r.guest_va, 0xffff800000000abc);
	/* A fetch; cache maintenance; a walk that may not write. */
	must_equal(mz_arm_s2_fault(fetch | 7, 0, 0).access, MZ_EXEC);
	must_equal(mz_arm_s2_fault(data | 0x147, 0, 0).access, MZ_READ);
	r = mz_arm_s2_fault(data | 0x8f, 0xabc, 0x120);
	must(r.walk && r.has_ia && r.access == MZ_WRITE);
	must_equal(r.ia.addr, 0x12000);
	must_equal(mz_arm_s2_fault(fetch | 0x87, 0, 0).access, MZ_READ);
	/* FnV. */
	must(!mz_arm_s2_fault(data | 0x410, 0xabc, 0).has_guest_va);
	/* A system call. */
	must_equal(mz_arm_s2_fault(0x16ull << 26 | 7, 0, 0).cause, MZ_FAULT_UNKNOWN);

	r = mz_arm_s1_fault(0x25ull << 26 | 0x4f, 0xffff800000000abc);
	must(r.has_ia && !r.user && r.access == MZ_WRITE && r.cause == MZ_FAULT_DENIED);
	must_equal(r.ia.addr, 0xffff800000000abc);
	must(mz_arm_s1_fault(fetch | 4, 0).user);
	must_equal(mz_arm_s1_fault(0, 0).cause, MZ_FAULT_UNKNOWN);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("format_arm");
	TCase *tcase = tcase_create("formats");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, every_stage_2_keeps_the_laws);
	tcase_add_test(tcase, every_stage_1_keeps_the_laws);
	tcase_add_test(tcase, roots_are_concatenated_where_that_saves_a_level);
	tcase_add_test(tcase, compiled_formats_are_those_that_are_asked_for);
	tcase_add_test(tcase, stage_2_entries_are_those_of_the_manual);
	tcase_add_test(tcase, options_of_stage_2_are_those_of_the_manual);
	tcase_add_test(tcase, wide_addresses_are_those_of_the_manual);
	tcase_add_test(tcase, dirty_is_what_the_mmu_permits_itself);
	tcase_add_test(tcase, stage_1_entries_are_those_of_the_manual);
	tcase_add_test(tcase, formats_that_no_hardware_has_are_refused);
	tcase_add_test(tcase, identification_tells_what_hardware_has);
	tcase_add_test(tcase, control_registers_are_those_of_the_manual);
	tcase_add_test(tcase, syndromes_are_those_of_the_manual);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
