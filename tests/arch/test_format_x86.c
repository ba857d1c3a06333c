/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The formats of x86 by their manuals: variants bit by bit, what hardware says of itself, faults,
 * and addresses beyond the hardware's.
 */
#include "arch/x86/ept.h"
#include "arch/x86/ia32e.h"
#include "arch/x86/npt.h"
#include "core/child.h"
#include "core/cursor.h"
#include "core/walk.h"
#include "tests/fixture.h"
#include "tests/literal.h"
#include "tests/rng.h"
#include "tests/suite.h"
#include "tests/tree.h"

static bool can(const struct mz_format *f, unsigned perm, unsigned memory, unsigned flags,
		uint32_t features)
{
	struct mz_prop prop = {(uint8_t)perm, (uint8_t)memory, (uint16_t)flags};

	return f->encodable(prop, 1, features);
}

START_TEST(five_levels_are_four_and_one)
{
	static const struct mz_format *const pairs[][2] = {
		{&mz_ept, &mz_ept5}, {&mz_ept_mbe, &mz_ept5_mbe},   {&mz_ia32e, &mz_ia32e5},
		{&mz_npt, &mz_npt5}, {&mz_npt_gmet, &mz_npt5_gmet}, {&mz_ept_soft, &mz_ept5_soft},
	};
	const struct mz_format *four = pairs[_i][0], *five = pairs[_i][1];

	must_equal(four->levels, 4);
	must_equal(four->ia_lg2, 48);
	must_equal(five->levels, 5);
	must_equal(five->ia_lg2, 57);
	must_equal(five->shift[5], 48);
	must_equal(five->index_lg2[5], 9);
	must_equal(four->ia_signed, five->ia_signed);
	must_equal(four->features, five->features);
	must_equal(four->flags, five->flags);
	/* Sections 4.5.4 and 29.3.2: no leaves of 512 GiB. */
	must_equal(four->leaf_levels, 1u << 1 | 1u << 2 | 1u << 3);
	must_equal(five->leaf_levels, four->leaf_levels);
	must_equal(five->make_node(mz_oa_from(0x1000), 5), four->make_node(mz_oa_from(0x1000), 4));
}
END_TEST

/* SDM volume 3C, tables 29-5 to 29-7, bits 57, 58, 60, 63 of leaves. */
START_TEST(ept_flags_are_those_of_the_manual)
{
	const struct mz_format *f = &mz_ept;

	must_equal(leaf(f, 0x1000, 1, RW, 0, MZ_VERIFY_PAGING), BIT(57) | 0x1033);
	must_equal(leaf(f, 0x1000, 1, RW, 0, MZ_PAGING_WRITE), BIT(58) | 0x1033);
	must_equal(leaf(f, 0x1000, 1, RW, 0, MZ_SHADOW_STACK), BIT(60) | 0x1033);
	must_equal(leaf(f, 0x1000, 1, RW, 0, MZ_SUPPRESS_VE), BIT(63) | 0x1033);
	must_equal(leaf(f, 0x40000000, 3, RWX, 0, MZ_SUPPRESS_VE | MZ_DIRTY), BIT(63) | 0x400002b7);
	must_equal(f->prop(BIT(57) | BIT(58) | BIT(60) | BIT(63) | 0x2000b3, 2).flags,
		   MZ_VERIFY_PAGING | MZ_PAGING_WRITE | MZ_SHADOW_STACK | MZ_SUPPRESS_VE);
	/* Other high bits are ignored, and so are all of them in a link. */
	must_equal(f->prop(BIT(59) | BIT(61) | BIT(62) | 0x2000b3, 2).flags, 0);
	must_equal(f->prop(BIT(57) | BIT(58) | BIT(60) | BIT(63) | 0x1007, 2).flags, 0);
	must(!can(f, RW, 0, MZ_VERIFY_PAGING, 0));
	must(!can(f, RW, 0, MZ_PAGING_WRITE, MZ_SHADOW_STACKS));
	must(!can(f, RW, 0, MZ_SHADOW_STACK, MZ_GUEST_PAGING));
	must(can(f, RW, 0, MZ_SUPPRESS_VE, 0));
}
END_TEST

/* Bit 10, and tables 29-1 to 29-7 under mode-based execute control. */
START_TEST(mode_based_execute_has_a_bit_for_users)
{
	const struct mz_format *f = _i == 0 ? &mz_ept_mbe : &mz_ept5_mbe;

	must_equal(f->make_node(mz_oa_from(0x1000), 4), 0x1407);
	must_equal(leaf(f, 0x1000, 1, RX, 0, 0), 0x1035);
	must_equal(leaf(f, 0x1000, 1, MZ_READ | MZ_EXEC_USER, 0, 0), 0x1431);
	must_equal(leaf(f, 0x200000, 2, RWX | MZ_EXEC_USER, 0, 0), 0x2004b7);
	must_equal(leaf(f, 0x1000, 1, MZ_EXEC_USER, 0, 0), 0x1430);
	must_equal(f->kind(0x1430, 1), MZ_LEAF);
	must_equal(f->kind(0x1400, 2), MZ_NODE);
	must_equal(f->prop(0x1430, 1).perm, MZ_EXEC_USER);
	/* Without the control, bit 10 is ignored. */
	must_equal(mz_ept.kind(0x1430, 1), MZ_ABSENT);
	must_equal(mz_ept.prop(0x1431, 1).perm, MZ_READ);
	must(!can(&mz_ept, MZ_READ | MZ_EXEC_USER, 0, 0, mz_ept.features));
	for (unsigned perm = 0; perm < 32; perm++) {
		bool readable = (perm & MZ_READ) != 0;

		must_equal(can(f, perm, 0, 0, 0), perm < 16 && readable);
		must_equal(can(f, perm, 0, 0, MZ_EXEC_ONLY),
			   perm < 16 && (readable || (perm != 0 && (perm & MZ_WRITE) == 0)));
	}
}
END_TEST

/* Section 29.3.3.1: what a marker is to the processor, and to tables. */
START_TEST(a_marker_is_a_misconfigured_leaf)
{
	static const struct mz_format *const formats[] = {
		&mz_ept, &mz_ept5, &mz_ept_mbe, &mz_ept5_mbe, &mz_ept_soft, &mz_ept5_soft};
	const struct mz_format *f = formats[_i];
	struct mz_prop marker = mz_ept_mmio_marker();
	uint64_t entry = f->make_leaf(mz_oa_from(0xfee00000), 1, marker);

	must_equal(entry, (_i < 4 ? 0 : BIT(53) | BIT(54)) | 0xfee00006);
	must_equal(f->kind(entry, 1), MZ_LEAF);
	must(mz_ept_is_mmio_marker(f->prop(entry, 1)));
	must(!mz_ept_is_mmio_marker(mz_prop_from(RWX)));
	must(f->encodable(marker, 1, MZ_MMIO_MARKERS));
	must(!f->encodable(marker, 1, f->features & ~(uint32_t)MZ_MMIO_MARKERS));
	for (uint32_t features = 0; features <= f->features; features++)
		must(mz_ept_is_misconfigured(f, features, 52, entry, 1));
}
END_TEST

START_TEST(misconfigurations_are_those_of_the_manual)
{
	const struct mz_format *f = &mz_ept;

	must(!mz_ept_is_misconfigured(f, 0, 46, 0, 1));
	must(!mz_ept_is_misconfigured(f, 0, 46, 0x1037, 1));
	must(mz_ept_is_misconfigured(f, 0, 46, 0x1032, 1));
	must(mz_ept_is_misconfigured(f, 0, 46, 0x1034, 1));
	must(!mz_ept_is_misconfigured(f, MZ_EXEC_ONLY, 46, 0x1034, 1));
	must(mz_ept_is_misconfigured(&mz_ept_mbe, 0, 46, 0x1430, 1));
	must(!mz_ept_is_misconfigured(&mz_ept_mbe, MZ_EXEC_ONLY, 46, 0x1430, 1));
	/* Memory types 2, 3 and 7. */
	must(mz_ept_is_misconfigured(f, 0, 46, 0x1017, 1));
	must(mz_ept_is_misconfigured(f, 0, 46, 0x101f, 1));
	must(mz_ept_is_misconfigured(f, 0, 46, 0x103f, 1));
	/* Address bits beyond the processor's, and below a large leaf's. */
	must(mz_ept_is_misconfigured(f, 0, 46, BIT(46) | 0x1037, 1));
	must(!mz_ept_is_misconfigured(f, 0, 47, BIT(46) | 0x1037, 1));
	must(mz_ept_is_misconfigured(f, 0, 46, BIT(46) | 0x1007, 2));
	must(mz_ept_is_misconfigured(f, 0, 46, 0x2010b7, 2));
	must(!mz_ept_is_misconfigured(f, 0, 46, 0x2000b7, 2));
	/* Bits 7:3 of a link; bit 7 where no leaf may be. */
	must(!mz_ept_is_misconfigured(f, 0, 46, 0x1107, 2));
	must(mz_ept_is_misconfigured(f, 0, 46, 0x1037, 2));
	must(mz_ept_is_misconfigured(f, 0, 46, 0x87, 4));
}
END_TEST

static struct fixture x;

/* A table of a format that may be no case of the fixture's. */
static void begin(const struct mz_format *f, uint32_t features, unsigned oa_lg2)
{
	fixture_prepare(&x, CASE_EPT);
	x.config.format = f;
	x.config.features = features;
	x.config.oa_lg2 = (uint8_t)oa_lg2;
	expect_ok(mz_table_init(&x.table, &x.config));
}

static void end(struct fixture *of)
{
	mz_table_destroy(&of->table);
	of->destroyed = true;
	fixture_end(of);
}

START_TEST(markers_are_mapped_as_anything_else)
{
	struct mz_item item;

	begin(&mz_ept, MZ_MMIO_MARKERS, 0);
	expect_ok(mz_table_map(&x.table, mz_ia_from(0x40000000), 0x200000, mz_oa_from(0),
			       mz_ept_mmio_marker()));
	item = mz_table_query(&x.table, mz_ia_from(0x40001000));
	must_equal(item.level, 2);
	must(mz_ept_is_mmio_marker(item.prop));
	end(&x);

	begin(&mz_ept, 0, 0);
	must_equal(mz_table_map(&x.table, mz_ia_from(0x40000000), 0x200000, mz_oa_from(0),
				mz_ept_mmio_marker()),
		   MZ_NOT_ENCODABLE);
	end(&x);
}
END_TEST

/* It has more bits than a page that may be executed alone, and allows less: that is flushed. */
START_TEST(a_marker_takes_what_a_page_allowed)
{
	struct mz_gather gather;

	begin(&mz_ept, MZ_MMIO_MARKERS | MZ_EXEC_ONLY, 0);
	mz_gather_init(&gather, &x.table);
	expect_ok(mz_table_map(&x.table, mz_ia_from(0x1000), 0x1000, mz_oa_from(0),
			       mz_prop_from(MZ_EXEC)));
	expect_ok(
		mz_table_protect(&x.table, mz_ia_from(0x1000), 0x1000, MZ_EPT_MMIO_PERM, &gather));
	must_equal(gather.first, 0x1000);
	must_equal(gather.last, 0x1fff);
	mz_gather_finish(&gather);
	expect_ok(mz_table_protect(&x.table, mz_ia_from(0x1000), 0x1000, RWX, &gather));
	must(gather.first > gather.last);
	mz_gather_finish(&gather);
	end(&x);
}
END_TEST

START_TEST(a_walk_keeps_what_the_user_may_execute)
{
	static const struct mz_format *const formats[] = {&mz_ept_mbe, &mz_ept5_mbe, &mz_npt_gmet};
	struct mz_walk walk;

	for (unsigned i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		begin(formats[i], 0, 0);
		expect_ok(mz_table_map(&x.table, mz_ia_from(0x1000), 0x1000, mz_oa_from(0),
				       mz_prop_from(RX | MZ_EXEC_USER)));
		expect_ok(mz_table_walk(&x.table, mz_ia_from(0x1000), &walk));
		must_equal(walk.item.prop.perm, RX | MZ_EXEC_USER);
		end(&x);
	}
}
END_TEST

START_TEST(addresses_beyond_the_hardware_are_refused)
{
	static const struct mz_format *const formats[] = {&mz_ept, &mz_npt5, &mz_ia32e};
	static struct mz_format runtime;
	const struct mz_prop rw = mz_prop_from(RW);
	struct mz_child child = {.kind = MZ_LEAF, .item = {mz_oa_from(BIT(45)), rw, 1}};
	uint64_t entry;

	runtime = *formats[_i / 2];
	if (_i % 2 == 1)
		runtime.ops = NULL;
	begin(&runtime, 0, 45);
	must_equal(mz_table_map(&x.table, mz_ia_from(0), 0x1000, mz_oa_from(BIT(45)), rw),
		   MZ_OUT_OF_RANGE);
	must_equal(mz_table_map(&x.table, mz_ia_from(0), 0x2000, mz_oa_from(BIT(45) - 0x1000), rw),
		   MZ_OUT_OF_RANGE);
	expect_ok(mz_table_map(&x.table, mz_ia_from(0), 0x1000, mz_oa_from(BIT(45) - 0x1000), rw));
	must_equal(mz_child_into_entry(&x.table.config, child, 1, &entry), MZ_OUT_OF_RANGE);
	mz_table_destroy(&x.table);

	x.config.oa_lg2 = 53;
	must_equal(mz_table_init(&x.table, &x.config), MZ_BAD_WIDTH);
	x.config.oa_lg2 = 12;
	must_equal(mz_table_init(&x.table, &x.config), MZ_BAD_WIDTH);
	x.config.oa_lg2 = 52;
	expect_ok(mz_table_init(&x.table, &x.config));
	end(&x);
}
END_TEST

/* SDM volume 3A, sections 4.9.2 and 12.12: the number that PAT, PCD and PWT make. */
START_TEST(memory_types_are_those_of_the_documented_pat)
{
	/* By the PAT's own numbers: 0 UC, 1 WC, 4 WT, 5 WP, 6 WB, 7 UC-. */
	static const uint8_t types[8] = {
		[0] = MZ_MEM_UNCACHED,      [1] = MZ_MEM_WRITE_COMBINING,
		[4] = MZ_MEM_WRITE_THROUGH, [5] = MZ_MEM_WRITE_PROTECTED,
		[6] = MZ_MEM_WRITE_BACK,    [7] = MZ_MEM_UNCACHED,
	};
	static const uint64_t power_on = 0x0007040600070406;
	const struct mz_format *f = _i == 0 ? &mz_ia32e : &mz_npt;

	/* What does not need MZ_PAT is as after power-on. */
	must_equal(MZ_PAT_VALUE & UINT32_MAX, power_on & UINT32_MAX);
	for (unsigned level = 1; level <= 3; level++) {
		for (unsigned number = 0; number < 8; number++) {
			uint64_t entry = 1 | (number & 3) << 3 | (level > 1 ? 0x80u : 0u) |
				(number & 4 ? BIT(level > 1 ? 12 : 7) : 0);
			struct mz_prop prop = f->prop(entry, level);
			uint64_t made = f->make_leaf(mz_oa_from(0), level, prop);
			uint64_t where = 0x18 | BIT(level > 1 ? 12 : 7);

			must_equal(f->kind(entry, level), MZ_LEAF);
			must_equal(prop.memory, types[MZ_PAT_VALUE >> 8 * number & 7]);
			must_equal(f->prop(made, level).memory, prop.memory);
			if (prop.memory != MZ_MEM_UNCACHED)
				must_equal(made & where, entry & where);
		}
	}
	must_equal(leaf(f, 0x1000, 1, RX, MZ_MEM_WRITE_COMBINING, 0) & ~4u, 0x1081);
	must_equal(leaf(f, 0x1000, 1, RX, MZ_MEM_WRITE_PROTECTED, 0) & ~4u, 0x1089);
	must_equal(leaf(f, 0x200000, 2, RX, MZ_MEM_WRITE_COMBINING, 0) & ~4u, 0x201081);
	must(can(f, RW, MZ_MEM_WRITE_COMBINING, 0, MZ_PAT));
	must(!can(f, RW, MZ_MEM_WRITE_COMBINING, 0, 0));
	must(!can(f, RW, MZ_MEM_DEVICE, 0, f->features));
}
END_TEST

START_TEST(protection_keys_are_bits_62_to_59)
{
	const struct mz_format *f = &mz_ia32e;

	must_equal(leaf(f, 0x1000, 1, RX, 0, 1u << MZ_KEY_SHIFT), BIT(59) | 0x1001);
	must_equal(leaf(f, 0x1000, 1, RX, 0, MZ_KEY), (uint64_t)15 << 59 | 0x1001);
	must_equal(f->prop((uint64_t)10 << 59 | 0x1001, 1).flags, 10u << MZ_KEY_SHIFT);
	must(!can(f, RX, 0, MZ_KEY, MZ_PAT));
	must(!can(&mz_npt, RX, 0, MZ_KEY, mz_npt.features));
}
END_TEST

/* APM volume 2, section 15.25: stage-1 entries, of which a user's access asks. */
START_TEST(npt_entries_are_those_of_the_manual)
{
	const struct mz_format *f = _i == 0 ? &mz_npt : &mz_npt5;

	must(!f->ia_signed);
	must(f->hierarchical);
	must_equal(f->make_node(mz_oa_from(0x000ffffffffff000), 4), 0x000ffffffffff007);
	must_equal(leaf(f, 0x1000, 1, RWX, 0, 0), 0x1007);
	must_equal(leaf(f, 0x1000, 1, RX, 0, 0), 0x1005);
	must_equal(leaf(f, 0x1000, 1, RW, 0, 0), BIT(63) | 0x1007);
	must_equal(leaf(f, 0x1000, 1, MZ_READ, 0, 0), BIT(63) | 0x1005);
	must_equal(leaf(f, 0x200000, 2, RWX, 0, 0), 0x200087);
	must_equal(leaf(f, 0x40000000, 3, RX, MZ_MEM_UNCACHED, 0), 0x4000009d);
	must_equal(leaf(f, 0x1000, 1, RWX, 0, MZ_ACCESSED | MZ_DIRTY), 0x1067);
	must_equal(f->hw_bits(1), 0x60);
	must_equal(f->kind(0x1006, 1), MZ_ABSENT);
	must_equal(f->root_register(mz_oa_from(0x5000), f->features), 0x5000);
	must(!can(f, RW, 0, MZ_USER, f->features));
	must(!can(f, RW, 0, MZ_GLOBAL, f->features));
	must(!can(f, MZ_EXEC, 0, 0, f->features));
	must(!can(f, RX | MZ_EXEC_USER, 0, 0, f->features));
}
END_TEST

/* APM volume 2, section 15.25.13, table 15-21. */
START_TEST(the_execute_trap_is_the_user_bit_of_leaves)
{
	const struct mz_format *f = _i == 0 ? &mz_npt_gmet : &mz_npt5_gmet;

	must(!f->ia_signed);
	must_equal(f->make_node(mz_oa_from(0x1000), 4), 0x1007);
	must_equal(f->prop(0x1007, 2).perm, RWX | MZ_EXEC_USER);
	must_equal(leaf(f, 0x1000, 1, RX | MZ_EXEC_USER, 0, 0), 0x1001);
	must_equal(leaf(f, 0x1000, 1, MZ_READ | MZ_EXEC_USER, 0, 0), 0x1005);
	must_equal(leaf(f, 0x200000, 2, RW | MZ_EXEC_USER, 0, 0), 0x200087);
	must_equal(leaf(f, 0x40000000, 3, RWX | MZ_EXEC_USER, 0, 0), 0x40000083);
	/* No supervisor's shadow stack: section 15.25.14. */
	must_equal(leaf(f, 0x1000, 1, RW, 0, 0), BIT(63) | 0x1007);
	must_equal(f->prop(BIT(63) | 0x1003, 1).perm, RW);
	must_equal(f->with_perm(0x1003, 1, MZ_READ | MZ_EXEC_USER), 0x1005);
	must_equal(f->with_perm(BIT(63) | 0x1007, 1, RX | MZ_EXEC_USER), 0x1001);
	must_equal(f->root_register(mz_oa_from(0x5000), f->features), 0x5000);
	for (unsigned perm = 0; perm < 32; perm++)
		must_equal(can(f, perm, 0, 0, f->features),
			   perm < 16 && (perm & MZ_READ) != 0 &&
				   (perm & (MZ_EXEC | MZ_EXEC_USER)) != MZ_EXEC);
	must(!can(f, RW, 0, MZ_USER, f->features));
}
END_TEST

/* SDM volume 3C, section 25.6.11. */
START_TEST(ept_pointers_tell_levels_and_controls)
{
	must_equal(mz_ept.root_register(mz_oa_from(0x5000), 0), 0x501e);
	must_equal(mz_ept5.root_register(mz_oa_from(0x5000), 0), 0x5026);
	must_equal(mz_ept5_mbe.root_register(mz_oa_from(0x5000), MZ_HW_ACCESSED_DIRTY), 0x5066);
	must_equal(mz_ept_mbe.root_register(mz_oa_from(0x5000), MZ_SHADOW_STACKS), 0x509e);
	must_equal(mz_ept_soft.root_register(mz_oa_from(0x5000), mz_ept_soft.features), 0x509e);
	must_equal(mz_ept5_soft.root_register(mz_oa_from(0x5000), 0), 0x5026);
}
END_TEST

/* Bits of IA32_VMX_EPT_VPID_CAP that EPT cannot do without: 4 levels, write-back walks. */
#define EPT_LEAST (BIT(6) | BIT(14))

START_TEST(ept_is_configured_by_its_capabilities)
{
	struct mz_ept_hardware least = {EPT_LEAST, 0, 0, 46};
	struct mz_ept_hardware all = {EPT_LEAST | BIT(0) | BIT(7) | BIT(16) | BIT(17) | BIT(21) |
					      BIT(23),
				      BIT(54), BIT(2) | BIT(3), 0x3934};
	struct mz_ept_hardware hardware;
	struct mz_config config = {.format = &mz_ept};

	expect_ok(mz_ept_configure(&config, &least));
	must_equal(config.leaf_levels, 1u << 1);
	must_equal(config.features, MZ_MMIO_MARKERS);
	must_equal(config.oa_lg2, 46);
	expect_ok(mz_ept_configure(&config, &all));
	must_equal(config.leaf_levels, mz_ept.leaf_levels);
	must_equal(config.features, mz_ept.features);
	must_equal(config.oa_lg2, 52);
	config.format = &mz_ept5_mbe;
	expect_ok(mz_ept_configure(&config, &all));
	hardware = all;
	hardware.procbased_ctls2 = 0;
	must_equal(mz_ept_configure(&config, &hardware), MZ_BAD_FEATURES);
	must_equal(mz_ept_configure(&config, &least), MZ_BAD_LEVEL);
	config.format = &mz_ept5;
	must_equal(mz_ept_configure(&config, &least), MZ_BAD_LEVEL);
	/* The accessed flag is software's whatever the processor has. */
	config.format = &mz_ept_soft;
	expect_ok(mz_ept_configure(&config, &least));
	must_equal(config.features, MZ_MMIO_MARKERS);
	expect_ok(mz_ept_configure(&config, &all));
	must_equal(config.features, mz_ept_soft.features);
	config.format = &mz_ept5_soft;
	must_equal(mz_ept_configure(&config, &least), MZ_BAD_LEVEL);
	expect_ok(mz_ept_configure(&config, &all));
	config.format = &mz_ept;
	hardware = least;
	hardware.ept_vpid_cap = BIT(6);
	must_equal(mz_ept_configure(&config, &hardware), MZ_BAD_CONFIG);
	hardware = least;
	hardware.address_sizes = 53;
	must_equal(mz_ept_configure(&config, &hardware), MZ_BAD_WIDTH);
	hardware.address_sizes = 0;
	must_equal(mz_ept_configure(&config, &hardware), MZ_BAD_WIDTH);
	hardware = all;
	hardware.procbased_ctls3 = BIT(2);
	expect_ok(mz_ept_configure(&config, &hardware));
	must_equal(config.features & MZ_GUEST_PAGING, 0);
	config.format = &mz_npt;
	must_equal(mz_ept_configure(&config, &all), MZ_BAD_FORMAT);
}
END_TEST

START_TEST(paging_is_configured_by_cpuid)
{
	/* PAE and PAT; NX, 1 GiB leaves, long mode. */
	const uint32_t edx = 1u << 6 | 1u << 16, extended = 1u << 20 | 1u << 26 | 1u << 29;
	struct mz_ia32e_hardware host = {edx, 1u << 4 | 1u << 16, extended, 0x3930};
	struct mz_npt_hardware nested = {edx, 1u << 16, extended, 0x3930, 1};
	struct mz_config config = {.format = &mz_ia32e5};

	expect_ok(mz_ia32e_configure(&config, &host));
	must_equal(config.leaf_levels, mz_ia32e.leaf_levels);
	must_equal(config.features, mz_ia32e.features);
	must_equal(config.oa_lg2, 48);
	must_equal(mz_npt_configure(&config, &nested), MZ_BAD_FORMAT);
	config.format = &mz_npt5;
	expect_ok(mz_npt_configure(&config, &nested));
	must_equal(config.features, mz_npt.features);
	must_equal(mz_ia32e_configure(&config, &host), MZ_BAD_FORMAT);

	/* Bit 17: the guest-mode execute trap, which is nothing without nested paging. */
	config.format = &mz_npt5_gmet;
	must_equal(mz_npt_configure(&config, &nested), MZ_BAD_FEATURES);
	nested.svm_edx = 1u << 17;
	must_equal(mz_npt_configure(&config, &nested), MZ_BAD_CONFIG);
	nested.svm_edx |= 1;
	expect_ok(mz_npt_configure(&config, &nested));
	must_equal(config.leaf_levels, mz_npt5_gmet.leaf_levels);
	config.format = &mz_npt_gmet;
	expect_ok(mz_npt_configure(&config, &nested));
	config.format = &mz_npt5;
	expect_ok(mz_npt_configure(&config, &nested));

	nested.svm_edx = 0;
	must_equal(mz_npt_configure(&config, &nested), MZ_BAD_CONFIG);
	nested.svm_edx = 1;
	nested.structured_ecx = host.structured_ecx = 0;
	must_equal(mz_npt_configure(&config, &nested), MZ_BAD_LEVEL);
	config.format = &mz_ia32e5;
	must_equal(mz_ia32e_configure(&config, &host), MZ_BAD_LEVEL);

	config.format = &mz_npt;
	expect_ok(mz_npt_configure(&config, &nested));
	config.format = &mz_ia32e;
	host.features_edx = 1u << 6;
	host.extended_edx = extended & ~(1u << 26);
	expect_ok(mz_ia32e_configure(&config, &host));
	must_equal(config.leaf_levels, 1u << 1 | 1u << 2);
	must_equal(config.features, MZ_HW_ACCESSED_DIRTY);
	host.extended_edx = 1u << 29;
	must_equal(mz_ia32e_configure(&config, &host), MZ_BAD_CONFIG);
	host.extended_edx = 1u << 20;
	must_equal(mz_ia32e_configure(&config, &host), MZ_BAD_CONFIG);
	host.extended_edx = extended;
	host.features_edx = 0;
	must_equal(mz_ia32e_configure(&config, &host), MZ_BAD_CONFIG);
	host.features_edx = edx;
	host.address_sizes_eax = 53;
	must_equal(mz_ia32e_configure(&config, &host), MZ_BAD_WIDTH);
	host.address_sizes_eax = 12;
	must_equal(mz_ia32e_configure(&config, &host), MZ_BAD_WIDTH);
}
END_TEST

/* SDM volume 3C, section 28.2.1, table 28-7. */
START_TEST(ept_violations_are_told)
{
	/* A write to read-only memory, by an instruction: bits 1, 3, 7, 8. */
	struct mz_fault_record fault = mz_ept_violation(0x18a, 0x5008, 0x7008, false, false);

	must_equal(fault.ia.addr, 0x5008);
	must_equal(fault.guest_va, 0x7008);
	must_equal(fault.access, MZ_WRITE);
	must_equal(fault.cause, MZ_FAULT_DENIED);
	must(fault.has_ia && fault.has_guest_va && !fault.walk && !fault.user);
	/* A guest's walk to memory that is not there, with accessed and dirty flags. */
	fault = mz_ept_violation(0x83, 0x5008, 0x7008, true, false);
	must_equal(fault.access, RW);
	must_equal(fault.cause, MZ_FAULT_ABSENT);
	must(fault.walk && !fault.user);
	/* A fetch from user mode, where only the supervisor may: bits 2, 3, 5, 7, 8, 9. */
	fault = mz_ept_violation(0x3ac, 0x5008, 0x7008, true, true);
	must_equal(fault.access, MZ_EXEC_USER);
	must(fault.user && fault.cause == MZ_FAULT_DENIED);
	must_equal(mz_ept_violation(0x3ac, 0, 0, false, true).access, MZ_EXEC);
	must_equal(mz_ept_violation(0x3ac, 0, 0, true, false).access, MZ_EXEC);
	/* Bit 6 is undefined without mode-based execute control. */
	must_equal(mz_ept_violation(0x1c1, 0, 0, false, true).cause, MZ_FAULT_DENIED);
	must_equal(mz_ept_violation(0x1c1, 0, 0, false, false).cause, MZ_FAULT_ABSENT);
	/* No linear address: bit 8 is undefined. */
	fault = mz_ept_violation(0x101, 0x5008, 0x7008, true, false);
	must(!fault.has_guest_va && !fault.walk && fault.guest_va == 0);
	fault = mz_ept_misconfiguration(0x5008);
	must_equal(fault.ia.addr, 0x5008);
	must_equal(fault.cause, MZ_FAULT_MISCONFIGURED);
	must(fault.has_ia && fault.access == 0);
}
END_TEST

/* SDM volume 3A, section 4.7; APM volume 2, section 15.25.6. */
START_TEST(page_faults_are_told)
{
	struct mz_fault_record fault = mz_ia32e_fault(0x7, 0x1234);

	must_equal(fault.ia.addr, 0x1234);
	must(fault.has_ia && fault.user && !fault.walk && !fault.has_guest_va);
	must_equal(fault.access, MZ_WRITE);
	must_equal(fault.cause, MZ_FAULT_DENIED);
	must_equal(mz_ia32e_fault(0x0, 0).access, MZ_READ);
	must_equal(mz_ia32e_fault(0x0, 0).cause, MZ_FAULT_ABSENT);
	must(!mz_ia32e_fault(0x0, 0).user);
	must_equal(mz_ia32e_fault(0x9, 0).cause, MZ_FAULT_MISCONFIGURED);
	must_equal(mz_ia32e_fault(0x11, 0).access, MZ_EXEC);
	must_equal(mz_ia32e_fault(0x25, 0).cause, MZ_FAULT_DENIED);
	must_equal(mz_ia32e_fault(0x8007, 0).cause, MZ_FAULT_OTHER);

	fault = mz_npt_fault(BIT(32) | 0x15, 0x5678);
	must_equal(fault.ia.addr, 0x5678);
	must(fault.has_ia && !fault.walk && !fault.user);
	must_equal(fault.access, MZ_EXEC);
	must_equal(fault.cause, MZ_FAULT_DENIED);
	fault = mz_npt_fault(BIT(33) | 0x6, 0x5678);
	must(fault.walk && fault.access == MZ_WRITE && fault.cause == MZ_FAULT_ABSENT);
	must_equal(mz_npt_fault(BIT(33) | 0xf, 0).cause, MZ_FAULT_MISCONFIGURED);

	/* Who fetched decides, whatever the user bit says. */
	fault = mz_npt_gmet_fault(BIT(32) | 0x15, 0x5678, 0);
	must_equal(fault.access, MZ_EXEC);
	must_equal(fault.ia.addr, 0x5678);
	must(!fault.user && fault.cause == MZ_FAULT_DENIED);
	fault = mz_npt_gmet_fault(BIT(32) | 0x11, 0x5678, 3);
	must(fault.user && fault.access == MZ_EXEC_USER);
	must_equal(mz_npt_gmet_fault(BIT(32) | 0x7, 0, 3).access, MZ_WRITE);
}
END_TEST

static const struct mz_format *const compiled[] = {
	&mz_ept,   &mz_ept5,   &mz_ept_mbe, &mz_ept5_mbe, &mz_ept_soft, &mz_ept5_soft,
	&mz_ia32e, &mz_ia32e5, &mz_npt,     &mz_npt5,     &mz_npt_gmet, &mz_npt5_gmet,
};

#define COMPILED ((int)(sizeof(compiled) / sizeof(compiled[0])))

static enum mz_error apply(struct mz_table *table, uint64_t bits, struct mz_prop prop)
{
	struct mz_gather gather;
	mz_ia ia = mz_ia_from((bits & 0x7ff) << 19 & ~(uint64_t)0xfff);
	uint64_t bytes = ((bits >> 12 & 0xf) + 1) << (bits >> 16 & 1 ? 12 : 21);
	enum mz_error error;

	mz_gather_init(&gather, table);
	switch (bits >> 20 & 3) {
	case 0:
		error = mz_table_unmap(table, ia, bytes, &gather);
		break;
	case 1:
		error = mz_table_protect(table, ia, bytes, prop.perm, &gather);
		break;
	default:
		error = mz_table_map(table, ia, bytes, mz_oa_from(ia.addr), prop);
		break;
	}
	mz_gather_finish(&gather);
	return error;
}

/* The instance that is compiled for each, and the run-time instance, bit by bit. */
START_TEST(both_instances_leave_the_same_table)
{
	static struct fixture y;
	struct mz_format runtime = *compiled[_i];
	struct rng rng = {rng_seed()};
	struct tree a, b;

	runtime.ops = NULL;
	begin(&runtime, runtime.features, 0);
	fixture_prepare(&y, CASE_EPT);
	y.config.format = compiled[_i];
	y.config.features = runtime.features;
	expect_ok(mz_table_init(&y.table, &y.config));
	tree_init(&a);
	tree_init(&b);
	for (unsigned i = 0; i < rng_steps(1000); i++) {
		uint64_t bits = rng_next(&rng), more = rng_next(&rng);
		struct mz_prop prop = {more & 15, more >> 8 & 7, (uint16_t)(more >> 16)};

		prop.flags &= (uint16_t)(runtime.flags & more >> 32);
		must_equal(apply(&x.table, bits, prop), apply(&y.table, bits, prop));
	}
	tree_read(&a, &x.table);
	tree_read(&b, &y.table);
	must(tree_same_shape(&runtime, &a, &b));
	tree_destroy(&a);
	tree_destroy(&b);
	end(&x);
	end(&y);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("format_x86");
	TCase *tcase = tcase_create("bits");

	tcase_add_loop_test(tcase, five_levels_are_four_and_one, 0, 6);
	tcase_add_test(tcase, ept_flags_are_those_of_the_manual);
	tcase_add_loop_test(tcase, mode_based_execute_has_a_bit_for_users, 0, 2);
	tcase_add_loop_test(tcase, a_marker_is_a_misconfigured_leaf, 0, 6);
	tcase_add_test(tcase, misconfigurations_are_those_of_the_manual);
	tcase_add_loop_test(tcase, memory_types_are_those_of_the_documented_pat, 0, 2);
	tcase_add_test(tcase, protection_keys_are_bits_62_to_59);
	tcase_add_loop_test(tcase, npt_entries_are_those_of_the_manual, 0, 2);
	tcase_add_loop_test(tcase, the_execute_trap_is_the_user_bit_of_leaves, 0, 2);
	tcase_add_test(tcase, ept_pointers_tell_levels_and_controls);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("hardware");
	tcase_add_test(tcase, ept_is_configured_by_its_capabilities);
	tcase_add_test(tcase, paging_is_configured_by_cpuid);
	tcase_add_test(tcase, ept_violations_are_told);
	tcase_add_test(tcase, page_faults_are_told);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("tables");
	tcase_add_test(tcase, markers_are_mapped_as_anything_else);
	tcase_add_test(tcase, a_marker_takes_what_a_page_allowed);
	tcase_add_test(tcase, a_walk_keeps_what_the_user_may_execute);
	tcase_add_loop_test(tcase, addresses_beyond_the_hardware_are_refused, 0, 6);
	tcase_add_loop_test(tcase, both_instances_leave_the_same_table, 0, COMPILED);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
