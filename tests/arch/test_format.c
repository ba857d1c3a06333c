/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Formats: their laws, that a broken law is noticed, and every bit of the real ones by the manuals.
 */
#include "arch/x86/ept.h"
#include "arch/x86/ia32e.h"
#include "tests/fixture.h"
#include "tests/hostile.h"
#include "tests/rng.h"
#include "tests/suite.h"

#define RW  (MZ_READ | MZ_WRITE)
#define RX  (MZ_READ | MZ_EXEC)
#define RWX (MZ_READ | MZ_WRITE | MZ_EXEC)

START_TEST(every_format_keeps_the_laws)
{
	const struct test_case *test_case = case_at(_i);

	for (uint64_t seed = 0; seed < 20; seed++)
		must_say(mz_format_check(test_case->format, seed) == 0, "%s: law %d",
			 test_case->name, mz_format_check(test_case->format, seed));
}
END_TEST

START_TEST(the_laws_hold_for_random_seeds)
{
	struct rng rng = {rng_seed()};

	for (int i = 0; i < 50; i++) {
		uint64_t seed = rng_next(&rng);

		must_say(mz_format_check(case_at(_i)->format, seed) == 0, "%s: law %d, seed %#llx",
			 case_at(_i)->name, mz_format_check(case_at(_i)->format, seed),
			 (unsigned long long)seed);
	}
}
END_TEST

/* The format that a lawbreaker below was made from. */
static const struct mz_format *good;

static enum mz_kind leaf_for_absent(uint64_t entry, unsigned level)
{
	return entry == good->absent ? MZ_LEAF : good->kind(entry, level);
}

static enum mz_kind node_for_large_leaf(uint64_t entry, unsigned level)
{
	enum mz_kind kind = good->kind(entry, level);

	return level > 1 && kind == MZ_LEAF ? MZ_NODE : kind;
}

static enum mz_kind absent_for_leaf(uint64_t entry, unsigned level)
{
	enum mz_kind kind = good->kind(entry, level);

	return kind == MZ_LEAF ? MZ_ABSENT : kind;
}

static enum mz_kind leaf_for_node(uint64_t entry, unsigned level)
{
	enum mz_kind kind = good->kind(entry, level);

	return kind == MZ_NODE ? MZ_LEAF : kind;
}

static mz_oa leaf_oa_without_high_bits(uint64_t entry, unsigned level)
{
	uint64_t oa = good->oa(entry, level).addr;

	return mz_oa_from(good->kind(entry, level) == MZ_LEAF ? oa & UINT32_MAX : oa);
}

static mz_oa leaf_oa_without_its_last_bit(uint64_t entry, unsigned level)
{
	uint64_t oa = good->oa(entry, level).addr;

	if (good->kind(entry, level) == MZ_LEAF)
		oa &= ~mz_span(good, level);
	return mz_oa_from(oa);
}

static mz_oa node_oa_off_by_a_page(uint64_t entry, unsigned level)
{
	uint64_t oa = good->oa(entry, level).addr;

	if (good->kind(entry, level) == MZ_NODE)
		oa ^= (uint64_t)1 << good->page_lg2;
	return mz_oa_from(oa);
}

static struct mz_prop prop_without_write(uint64_t entry, unsigned level)
{
	struct mz_prop prop = good->prop(entry, level);

	if (good->kind(entry, level) == MZ_LEAF)
		prop.perm &= (uint8_t)~MZ_WRITE;
	return prop;
}

static struct mz_prop prop_without_type(uint64_t entry, unsigned level)
{
	struct mz_prop prop = good->prop(entry, level);

	prop.memory = MZ_MEM_WRITE_BACK;
	return prop;
}

static struct mz_prop prop_without_dirty(uint64_t entry, unsigned level)
{
	struct mz_prop prop = good->prop(entry, level);

	prop.flags &= (uint16_t)~MZ_DIRTY;
	return prop;
}

static struct mz_prop link_that_denies(uint64_t entry, unsigned level)
{
	struct mz_prop prop = good->prop(entry, level);

	if (good->kind(entry, level) == MZ_NODE)
		prop.perm &= (uint8_t)~MZ_EXEC;
	return prop;
}

static uint64_t hw_bits_everywhere(unsigned level)
{
	(void)level;
	return UINT64_MAX;
}

static uint64_t hw_bits_with_write(unsigned level)
{
	return good->hw_bits(level) |
		(good->make_leaf(mz_oa_from(0), level, mz_prop_from(MZ_READ)) ^
		 good->make_leaf(mz_oa_from(0), level, mz_prop_from(RW)));
}

static uint64_t hw_bits_with_an_address_bit(unsigned level)
{
	uint64_t oa = mz_span(good, level);

	return good->hw_bits(level) |
		(good->make_leaf(mz_oa_from(0), level, mz_prop_from(RW)) ^
		 good->make_leaf(mz_oa_from(oa), level, mz_prop_from(RW)));
}

static uint64_t clean_nothing(uint64_t entry, unsigned level, unsigned flags)
{
	(void)level;
	(void)flags;
	return entry;
}

static uint64_t clean_both(uint64_t entry, unsigned level, unsigned flags)
{
	(void)flags;
	return good->clean(entry, level, MZ_ACCESSED | MZ_DIRTY);
}

static uint64_t clean_write_too(uint64_t entry, unsigned level, unsigned flags)
{
	entry = good->clean(entry, level, flags);
	if (flags & MZ_DIRTY && good->kind(entry, level) == MZ_LEAF)
		entry = good->with_perm(entry, level, MZ_READ);
	return entry;
}

/* A bit of a leaf that means nothing to the format, nor to hardware. */
static uint64_t meaningless_bit(uint64_t leaf, unsigned level)
{
	struct mz_prop prop = good->prop(leaf, level);

	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t changed = leaf ^ (uint64_t)1 << bit;
		struct mz_prop read = good->prop(changed, level);

		if (good->kind(changed, level) == MZ_LEAF && read.perm == prop.perm &&
		    read.memory == prop.memory && read.flags == prop.flags &&
		    good->oa(changed, level).addr == good->oa(leaf, level).addr &&
		    (good->hw_bits(level) >> bit & 1) == 0)
			return (uint64_t)1 << bit;
	}
	return 0;
}

static uint64_t clean_with_a_meaningless_bit(uint64_t entry, unsigned level, unsigned flags)
{
	entry = good->clean(entry, level, flags);
	if (good->kind(entry, level) == MZ_LEAF)
		entry ^= meaningless_bit(entry, level);
	return entry;
}

static uint64_t link_write_nothing(uint64_t link, unsigned level, bool on)
{
	(void)level, (void)on;
	return link;
}

static uint64_t forbid_nothing(uint64_t entry, unsigned level)
{
	(void)level;
	return entry;
}

static uint64_t forbid_links(uint64_t entry, unsigned level)
{
	return good->kind(entry, level) == MZ_NODE ? good->link_write(entry, level, false) : entry;
}

static uint64_t link_write_cleaned(uint64_t link, unsigned level, bool on)
{
	return good->link_write(good->clean(link, level, MZ_ACCESSED), level, on);
}

static uint64_t with_perm_unchanged(uint64_t leaf, unsigned level, unsigned perm)
{
	(void)level;
	(void)perm;
	return leaf;
}

static uint64_t with_perm_cleaned(uint64_t leaf, unsigned level, unsigned perm)
{
	return good->clean(good->with_perm(leaf, level, perm), level, MZ_DIRTY);
}

static bool everything_encodable(struct mz_prop prop, unsigned level, uint32_t features)
{
	(void)prop;
	(void)level;
	(void)features;
	return true;
}

static bool nothing_at_all_encodable(struct mz_prop prop, unsigned level, uint32_t features)
{
	return prop.perm == 0 || good->encodable(prop, level, features);
}

static bool unknown_permission_encodable(struct mz_prop prop, unsigned level, uint32_t features)
{
	prop.perm &= 7;
	return good->encodable(prop, level, features);
}

static bool unknown_flag_encodable(struct mz_prop prop, unsigned level, uint32_t features)
{
	prop.flags &= good->flags;
	return good->encodable(prop, level, features);
}

static bool unknown_type_encodable(struct mz_prop prop, unsigned level, uint32_t features)
{
	if (prop.memory >= MZ_MEM_TYPES)
		prop.memory = MZ_MEM_WRITE_BACK;
	return good->encodable(prop, level, features);
}

START_TEST(a_broken_law_is_named)
{
	struct mz_format bad;

	good = case_at(_i)->format;

#define BROKEN(law, change)                                                             \
	do {                                                                            \
		bad = *good;                                                            \
		bad.ops = NULL;                                                         \
		change;                                                                 \
		for (uint64_t seed = 0; seed < 8; seed++)                               \
			must_say(mz_format_check(&bad, seed) == law,                    \
				 "%s: law %d is broken by %s, seed %d; reported is %d", \
				 good->name, law, #change, (int)seed,                   \
				 mz_format_check(&bad, seed));                          \
	} while (0)

	BROKEN(1, bad.levels = 0);
	BROKEN(1, bad.levels = MZ_LEVELS_MAX + 1);
	BROKEN(1, bad.levels--);
	BROKEN(1, bad.ia_lg2++);
	BROKEN(1, bad.page_lg2++);
	BROKEN(1, bad.shift[1]++);
	BROKEN(1, bad.shift[bad.levels]--);
	if (good->levels > 1) {
		BROKEN(1, bad.shift[2]++);
		BROKEN(1, bad.index_lg2[2]++);
		BROKEN(3, bad.kind = node_for_large_leaf);
		BROKEN(4, bad.kind = leaf_for_node);
		BROKEN(5, bad.oa = node_oa_off_by_a_page);
	}
	BROKEN(1, bad.index_lg2[bad.levels]++);
	/* Counts of entries have 16 bits. */
	BROKEN(1,
	       (bad.index_lg2[1] = 16, bad.levels = 1, bad.ia_lg2 = bad.page_lg2 + 16u,
		bad.leaf_levels = 2));
	BROKEN(1,
	       (bad.index_lg2[1] = 0, bad.levels = 1, bad.ia_lg2 = bad.page_lg2,
		bad.leaf_levels = 2));
	BROKEN(1, bad.leaf_levels &= ~2u);
	BROKEN(1, bad.leaf_levels |= 1u << (bad.levels + 1));
	BROKEN(2, bad.kind = leaf_for_absent);
	BROKEN(2, bad.absent = good->make_leaf(mz_oa_from(0), 1, mz_prop_from(RWX)));
	BROKEN(3, bad.kind = absent_for_leaf);
	BROKEN(5, bad.oa = leaf_oa_without_high_bits);
	BROKEN(5, bad.oa = leaf_oa_without_its_last_bit);
	BROKEN(6, bad.prop = prop_without_write);
	BROKEN(6, bad.prop = prop_without_type);
	BROKEN(6, bad.prop = prop_without_dirty);
	if (good->hierarchical)
		BROKEN(6, bad.prop = link_that_denies);
	BROKEN(7, bad.hw_bits = hw_bits_everywhere);
	BROKEN(7, bad.hw_bits = hw_bits_with_write);
	BROKEN(7, bad.hw_bits = hw_bits_with_an_address_bit);
	BROKEN(8, bad.clean = clean_nothing);
	BROKEN(8, bad.clean = clean_both);
	BROKEN(8, bad.clean = clean_write_too);
	BROKEN(8, bad.clean = clean_with_a_meaningless_bit);
	BROKEN(9, bad.with_perm = with_perm_unchanged);
	BROKEN(9, bad.with_perm = with_perm_cleaned);
	if (good->hierarchical) {
		BROKEN(11, bad.link_write = link_write_nothing);
		BROKEN(11, bad.link_write = link_write_cleaned);
		BROKEN(12, bad.forbid_write = forbid_nothing);
		BROKEN(12, bad.forbid_write = forbid_links);
	}
	BROKEN(10, bad.encodable = nothing_at_all_encodable);
	BROKEN(10, bad.encodable = unknown_permission_encodable);
	BROKEN(10, bad.encodable = unknown_flag_encodable);
	BROKEN(10, bad.encodable = unknown_type_encodable);
#undef BROKEN
	/*
	 * What the other functions make of properties that they cannot hold depends on the format.
	 */
	bad = *good;
	bad.encodable = everything_encodable;
	must(mz_format_check(&bad, 0) != 0);
}
END_TEST

START_TEST(geometry_agrees_with_itself)
{
	const struct mz_format *f = case_at(_i)->format;

	for (unsigned level = 1; level <= f->levels; level++) {
		uint64_t span = mz_span(f, level);

		must_equal(mz_index(f, 0, level), 0);
		must_equal(mz_index(f, span, level), 1);
		must_equal(mz_index(f, span - 1, level), 0);
		must_equal(mz_index(f, UINT64_MAX, level), mz_entry_count(f, level) - 1);
		must_equal(mz_span_last(f, span + 1, level), 2 * span - 1);
		must(mz_node_lg2(f, level) >= f->page_lg2);
		must(mz_entry_count(f, level) * 8u <= (1u << mz_node_lg2(f, level)));
	}
	must(mz_ia_valid(f, 0));
	must(!mz_ia_valid(f, (uint64_t)1 << 62));
	must_equal(mz_ia_valid(f, UINT64_MAX), f->ia_signed);
	must_equal(mz_ia_valid(f, (uint64_t)1 << (f->ia_lg2 - 1)), !f->ia_signed);
	must(mz_ia_valid(f, ((uint64_t)1 << (f->ia_lg2 - 1)) - 1));
	must(!mz_ia_valid(f, (uint64_t)1 << f->ia_lg2));
}
END_TEST

static uint64_t leaf(const struct mz_format *f, uint64_t oa, unsigned level, unsigned perm,
		     unsigned memory, unsigned flags)
{
	struct mz_prop prop = {(uint8_t)perm, (uint8_t)memory, (uint16_t)flags};

	must(f->encodable(prop, level, f->features));
	return f->make_leaf(mz_oa_from(oa), level, prop);
}

/* SDM volume 3C, tables 29-1 to 29-7: what each entry of an extended page table holds. */
START_TEST(ept_entries_are_those_of_the_manual)
{
	const struct mz_format *f = &mz_ept;

	must_equal(f->levels, 4);
	must_equal(f->page_lg2, 12);
	must_equal(f->ia_lg2, 48);
	must(!f->ia_signed);
	must(f->hierarchical);
	must_equal(f->leaf_levels, 1u << 1 | 1u << 2 | 1u << 3);
	/* Bits 0, 1, 2: read, write, execute; the address; all else 0. */
	must_equal(f->make_node(mz_oa_from(0x1000), 4), 0x1007);
	must_equal(f->make_node(mz_oa_from(0x000ffffffffff000), 3), 0x000ffffffffff007);
	must_equal(f->make_node(mz_oa_from(0xabcde000), 2), 0xabcde007);
	/* Bits 5:3 of a leaf: the memory type, write-back is 6. Bit 7: a leaf above level 1. */
	must_equal(leaf(f, 0x12345000, 1, RWX, MZ_MEM_WRITE_BACK, 0), 0x12345037);
	must_equal(leaf(f, 0x40200000, 2, RWX, MZ_MEM_WRITE_BACK, 0), 0x402000b7);
	must_equal(leaf(f, 0x40000000, 3, RWX, MZ_MEM_WRITE_BACK, 0), 0x400000b7);
	must_equal(leaf(f, 0x1000, 1, MZ_READ, MZ_MEM_WRITE_BACK, 0), 0x1031);
	must_equal(leaf(f, 0x1000, 1, RW, MZ_MEM_WRITE_BACK, 0), 0x1033);
	must_equal(leaf(f, 0x1000, 1, RX, MZ_MEM_WRITE_BACK, 0), 0x1035);
	must_equal(leaf(f, 0x1000, 1, MZ_EXEC, MZ_MEM_WRITE_BACK, 0), 0x1034);
	must_equal(leaf(f, 0x1000, 1, RW, MZ_MEM_UNCACHED, 0), 0x1003);
	must_equal(leaf(f, 0x1000, 1, RW, MZ_MEM_WRITE_COMBINING, 0), 0x100b);
	must_equal(leaf(f, 0x1000, 1, RW, MZ_MEM_WRITE_THROUGH, 0), 0x1023);
	must_equal(leaf(f, 0x1000, 1, RW, MZ_MEM_WRITE_PROTECTED, 0), 0x102b);
	must_equal(leaf(f, 0x200000, 2, RW, MZ_MEM_UNCACHED, 0), 0x200083);
	/* Bit 6: ignore PAT. Bit 8: accessed. Bit 9: dirty. */
	must_equal(leaf(f, 0x1000, 1, RW, MZ_MEM_WRITE_BACK, MZ_IGNORE_PAT), 0x1073);
	must_equal(leaf(f, 0x1000, 1, RW, MZ_MEM_WRITE_BACK, MZ_ACCESSED), 0x1133);
	must_equal(leaf(f, 0x1000, 1, RW, MZ_MEM_WRITE_BACK, MZ_DIRTY), 0x1233);
	must_equal(leaf(f, 0x200000, 2, RWX, MZ_MEM_WRITE_BACK,
			MZ_ACCESSED | MZ_DIRTY | MZ_IGNORE_PAT),
		   0x2003f7);
	must_equal(f->hw_bits(1), 0x300);
	must_equal(f->hw_bits(2), 0x300);
	must_equal(f->hw_bits(3), 0x300);
	must_equal(f->hw_bits(4) & ~(uint64_t)0x300, 0);
	must((f->hw_bits(4) & 0x100) != 0);
}
END_TEST

START_TEST(ept_reads_what_hardware_wrote)
{
	const struct mz_format *f = &mz_ept;

	must_equal(f->kind(0, 1), MZ_ABSENT);
	/* Any of bits 2:0 makes an entry present. */
	must_equal(f->kind(0x1034, 1), MZ_LEAF);
	must_equal(f->kind(0x1031, 1), MZ_LEAF);
	must_equal(f->kind(0x12345ff8, 1), MZ_ABSENT);
	/* At level 1, bit 7 is ignored. */
	must_equal(f->kind(0x10b7, 1), MZ_LEAF);
	must_equal(f->kind(0x1007, 2), MZ_NODE);
	must_equal(f->kind(0x2000b7, 2), MZ_LEAF);
	must_equal(f->kind(0x1107, 4), MZ_NODE);
	must_equal(f->oa(0x8007fffffffff337, 1).addr, 0x0007fffffffff000);
	must_equal(f->prop(0x1337, 1).flags, MZ_ACCESSED | MZ_DIRTY);
	must_equal(f->prop(0x1001, 3).perm, MZ_READ);
	must_equal(f->prop(0x1007, 3).perm, RWX);
}
END_TEST

START_TEST(ept_cannot_encode_write_without_read)
{
	const struct mz_format *f = &mz_ept;

	for (unsigned level = 1; level <= 3; level++) {
		must(!f->encodable(mz_prop_from(MZ_WRITE), level, f->features));
		must(!f->encodable(mz_prop_from(MZ_WRITE | MZ_EXEC), level,
				   f->features & ~(uint32_t)MZ_MMIO_MARKERS));
		must(!f->encodable(mz_prop_from(MZ_EXEC), level, 0));
		must(f->encodable(mz_prop_from(MZ_EXEC), level, MZ_EXEC_ONLY));
		must(f->encodable(mz_prop_from(MZ_READ), level, 0));
	}
	must(!f->encodable((struct mz_prop) {RW, 0, MZ_USER}, 1, f->features));
	must(!f->encodable((struct mz_prop) {RW, 0, MZ_GLOBAL}, 1, f->features));
}
END_TEST

/* SDM volume 3A, tables 4-15 to 4-20: what each entry of 4-level paging holds. */
START_TEST(ia32e_entries_are_those_of_the_manual)
{
	const struct mz_format *f = &mz_ia32e;
	const uint64_t xd = (uint64_t)1 << 63;

	must_equal(f->levels, 4);
	must_equal(f->page_lg2, 12);
	must_equal(f->ia_lg2, 48);
	must(f->ia_signed);
	must(f->hierarchical);
	must_equal(f->leaf_levels, 1u << 1 | 1u << 2 | 1u << 3);
	must_equal(f->absent & 1, 0);
	/* Present, writable, user: the leaf decides. */
	must_equal(f->make_node(mz_oa_from(0x1000), 4), 0x1007);
	must_equal(f->make_node(mz_oa_from(0x000ffffffffff000), 2), 0x000ffffffffff007);
	must_equal(leaf(f, 0x12345000, 1, RWX, MZ_MEM_WRITE_BACK, 0), 0x12345003);
	must_equal(leaf(f, 0x12345000, 1, RX, MZ_MEM_WRITE_BACK, 0), 0x12345001);
	must_equal(leaf(f, 0x12345000, 1, RW, MZ_MEM_WRITE_BACK, 0), xd | 0x12345003);
	must_equal(leaf(f, 0x12345000, 1, MZ_READ, MZ_MEM_WRITE_BACK, 0), xd | 0x12345001);
	/* Bit 7: a leaf above level 1. */
	must_equal(leaf(f, 0x40200000, 2, RWX, MZ_MEM_WRITE_BACK, 0), 0x40200083);
	must_equal(leaf(f, 0x40000000, 3, RX, MZ_MEM_WRITE_BACK, 0), 0x40000081);
	/* Bit 2: user. Bit 5: accessed. Bit 6: dirty. Bit 8: global. */
	must_equal(leaf(f, 0x1000, 1, RX, MZ_MEM_WRITE_BACK, MZ_USER), 0x1005);
	must_equal(leaf(f, 0x1000, 1, RX, MZ_MEM_WRITE_BACK, MZ_ACCESSED), 0x1021);
	must_equal(leaf(f, 0x1000, 1, RX, MZ_MEM_WRITE_BACK, MZ_DIRTY), 0x1041);
	must_equal(leaf(f, 0x1000, 1, RX, MZ_MEM_WRITE_BACK, MZ_GLOBAL), 0x1101);
	/* Bits 4 and 3, PCD and PWT, choose from IA32_PAT: after power-on 1 is WT, 3 is UC. */
	must_equal(leaf(f, 0x1000, 1, RX, MZ_MEM_WRITE_THROUGH, 0), 0x1009);
	must_equal(leaf(f, 0x1000, 1, RX, MZ_MEM_UNCACHED, 0), 0x1019);
	must_equal(leaf(f, 0x200000, 2, RX, MZ_MEM_UNCACHED, 0), 0x200099);
	must_equal(f->hw_bits(1), 0x60);
	must_equal(f->hw_bits(2), 0x60);
	must_equal(f->hw_bits(4) & ~(uint64_t)0x60, 0);
	must((f->hw_bits(4) & 0x20) != 0);
}
END_TEST

START_TEST(ia32e_reads_what_hardware_wrote)
{
	const struct mz_format *f = &mz_ia32e;
	const uint64_t xd = (uint64_t)1 << 63;

	/* Without bit 0 all others are software's. */
	must_equal(f->kind(0, 1), MZ_ABSENT);
	must_equal(f->kind(0x12345ffe, 1), MZ_ABSENT);
	must_equal(f->kind(0xfffffffffffffffe, 3), MZ_ABSENT);
	must_equal(f->kind(0x1001, 1), MZ_LEAF);
	/* At level 1, bit 7 chooses a memory type. */
	must_equal(f->kind(0x1081, 1), MZ_LEAF);
	must_equal(f->kind(0x1001, 2), MZ_NODE);
	must_equal(f->kind(0x200081, 2), MZ_LEAF);
	must_equal(f->oa(xd | 0x0007fffffffff063, 1).addr, 0x0007fffffffff000);
	/* Bit 12 of a large leaf is its PAT bit, no part of the address. */
	must_equal(f->oa(0x201083, 2).addr, 0x200000);
	must_equal(f->prop(0x1063, 1).flags, MZ_ACCESSED | MZ_DIRTY);
	must_equal(f->prop(xd | 0x1001, 3).perm, MZ_READ);
	must_equal(f->prop(0x1007, 3).perm, RWX);
}
END_TEST

START_TEST(ia32e_cannot_encode_what_paging_lacks)
{
	const struct mz_format *f = &mz_ia32e;

	for (unsigned perm = 0; perm < 8; perm++)
		must_equal(f->encodable(mz_prop_from(perm), 1, f->features), (perm & MZ_READ) != 0);
	must(!f->encodable((struct mz_prop) {RW, MZ_MEM_WRITE_COMBINING, 0}, 1, 0));
	must(!f->encodable((struct mz_prop) {RW, MZ_MEM_WRITE_PROTECTED, 0}, 1, 0));
	must(!f->encodable((struct mz_prop) {RW, 0, MZ_IGNORE_PAT}, 1, f->features));
}
END_TEST

START_TEST(root_registers_are_those_of_the_manual)
{
	struct fixture x;
	uint64_t root;

	/* Bits 2:0: 6, write-back; 5:3: 3, four levels; 6: accessed and dirty flags. */
	fixture_begin(&x, CASE_EPT);
	root = x.table.root_oa.addr;
	must_equal(mz_table_root_register(&x.table), root | 0x1e);
	fixture_end(&x);
	fixture_prepare(&x, CASE_EPT);
	x.config.features = MZ_HW_ACCESSED_DIRTY;
	expect_ok(mz_table_init(&x.table, &x.config));
	must_equal(mz_table_root_register(&x.table), x.table.root_oa.addr | 0x5e);
	fixture_end(&x);

	fixture_begin(&x, CASE_IA32E);
	must_equal(mz_table_root_register(&x.table), x.table.root_oa.addr);
	fixture_end(&x);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("format");
	TCase *tcase = tcase_create("laws");

	tcase_add_loop_test(tcase, every_format_keeps_the_laws, 0, ALL_CASES);
	tcase_add_loop_test(tcase, the_laws_hold_for_random_seeds, 0, ALL_CASES);
	tcase_add_loop_test(tcase, a_broken_law_is_named, 0, ALL_CASES);
	tcase_add_loop_test(tcase, geometry_agrees_with_itself, 0, ALL_CASES);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("bits");
	tcase_add_test(tcase, ept_entries_are_those_of_the_manual);
	tcase_add_test(tcase, ept_reads_what_hardware_wrote);
	tcase_add_test(tcase, ept_cannot_encode_write_without_read);
	tcase_add_test(tcase, ia32e_entries_are_those_of_the_manual);
	tcase_add_test(tcase, ia32e_reads_what_hardware_wrote);
	tcase_add_test(tcase, ia32e_cannot_encode_what_paging_lacks);
	tcase_add_test(tcase, root_registers_are_those_of_the_manual);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
