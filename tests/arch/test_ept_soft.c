// SPDX-License-Identifier: MPL-2.0
/*
 * EPT whose accessed flag is software's, by the manual (SDM volume 3C, September 2023): what its
 * entries say to the library, and what they say to a processor, for which they are plain EPT.
 */
#include "arch/x86/ept.h"
#include "tests/fixture.h"
#include "tests/literal.h"
#include "tests/suite.h"
#include "tests/tree.h"

/*
 * Tables 29-1 to 29-7: bits 56:52 are ignored in every entry, bit 8 without accessed flags; an
 * entry is not present whose bits 2:0 are 0. With read, write and execute in 54:52, shown in 2:0:
 */
START_TEST(a_soft_flag_shows_and_hides_permissions)
{
	const struct mz_format *f = _i == 0 ? &mz_ept_soft : &mz_ept5_soft;
	const uint64_t r = BIT(52), w = BIT(53), e = BIT(54);

	must_equal(f->make_node(mz_oa_from(0x1000), 4), r | w | e | 0x1107);
	must_equal(f->prop(r | w | e | 0x1107, 4).flags, 0);
	must_equal(f->link_write(r | w | e | 0x1107, 4, false), r | e | 0x1105);
	must_equal(f->link_write(r | e | 0x1105, 4, true), r | w | e | 0x1107);
	must_equal(f->forbid_write(r | w | e | 0x1107, 2), r | e | 0x1105);
	must_equal(leaf(f, 0x1000, 1, RWX, 0, 0), r | w | e | 0x1030);
	must_equal(leaf(f, 0x1000, 1, RWX, 0, MZ_ACCESSED), r | w | e | 0x1137);
	must_equal(leaf(f, 0x1000, 1, RX, 0, MZ_ACCESSED), r | e | 0x1135);
	must_equal(leaf(f, 0x1000, 1, MZ_EXEC, 0, 0), e | 0x1030);
	must_equal(leaf(f, 0x1000, 1, MZ_EXEC, 0, MZ_ACCESSED), e | 0x1134);
	must_equal(leaf(f, 0x200000, 2, RW, 0, MZ_DIRTY), r | w | 0x2002b0);
	must_equal(leaf(f, 0x40000000, 3, MZ_READ, MZ_MEM_UNCACHED, MZ_ACCESSED | MZ_SUPPRESS_VE),
		   BIT(63) | r | 0x40000181);
	must_equal(f->clean(r | w | 0x1333, 1, MZ_ACCESSED), r | w | 0x1230);
	must_equal(f->clean(r | w | 0x1333, 1, MZ_DIRTY), r | w | 0x1133);
	must_equal(f->with_perm(r | w | 0x1133, 1, RX), r | e | 0x1135);
	must_equal(f->with_perm(r | w | 0x1030, 1, RX), r | e | 0x1030);
	must_equal(f->forbid_write(r | w | 0x1133, 1), r | 0x1131);
	must_equal(f->forbid_write(r | w | 0x1030, 1), r | 0x1030);
	must_equal(f->forbid_write(e | 0x1134, 1), e | 0x1134);
	/* What it means is in 54:52 alone. */
	must_equal(f->kind(0x1137, 1), MZ_ABSENT);
	must_equal(f->kind(r | 0x1030, 1), MZ_LEAF);
	must_equal(f->kind(r | w | e | 0x1107, 2), MZ_NODE);
	must_equal(f->prop(r | w | 0x1030, 1).perm, RW);
	must_equal(f->hw_bits(2), 0x307);
	must(f->flags_fault && !f->links_accessed && f->hierarchical);
	must_equal(f->hw_flags, MZ_ACCESSED);
	must_equal(f->features, mz_ept.features & ~(uint32_t)MZ_HW_ACCESSED_DIRTY);
	must_equal(f->flags, mz_ept.flags);
}
END_TEST

/* Whatever a leaf permits, one that is hidden is a violation and not a misconfiguration. */
START_TEST(the_processor_sees_a_soft_leaf_as_any_other)
{
	const struct mz_format *f = _i == 0 ? &mz_ept_soft : &mz_ept5_soft;

	for (unsigned perm = 1; perm < 8; perm++) {
		struct mz_prop prop = mz_prop_from(perm);
		bool marker = perm == MZ_EPT_MMIO_PERM;
		uint64_t hidden, shown;

		if (!f->encodable(prop, 1, f->features))
			continue;
		hidden = f->make_leaf(mz_oa_from(0x1000), 1, prop);
		prop.flags = MZ_ACCESSED;
		shown = f->make_leaf(mz_oa_from(0x1000), 1, prop);
		must_equal(mz_ept.kind(hidden, 1), marker ? MZ_LEAF : MZ_ABSENT);
		must_equal(mz_ept.prop(shown, 1).perm, perm);
		must_equal(mz_ept_is_misconfigured(f, 0, 46, hidden, 1), marker);
		must_equal(mz_ept_is_misconfigured(f, MZ_EXEC_ONLY, 46, shown, 1), marker);
		must_equal(mz_ept_is_misconfigured(f, 0, 46, shown, 1), (perm & MZ_READ) == 0);
	}
	must(!mz_ept_is_misconfigured(f, 0, 46, f->make_node(mz_oa_from(0x1000), 2), 2));
	must(mz_ept_is_misconfigured(f, 0, 46, f->make_node(mz_oa_from(BIT(46)), 2), 2));
}
END_TEST

static struct fixture x;

static enum mz_error hear_nothing(void *context, mz_ia ia, struct mz_item item)
{
	(void)context, (void)ia, (void)item;
	return MZ_OK;
}

/* Is the leaf at the address there to the processor? It must be mapped for the library. */
static bool is_shown(uint64_t ia, unsigned level, unsigned perm)
{
	uint64_t *slot = tree_slot(&x.table, ia, level, NULL);
	struct mz_item item = mz_table_query(&x.table, mz_ia_from(ia));

	must_equal(item.level, level);
	must_equal(item.prop.perm, perm);
	if (mz_ept.kind(*slot, level) == MZ_ABSENT)
		return false;
	must_equal(mz_ept.prop(*slot, level).perm, perm);
	return true;
}

START_TEST(a_soft_leaf_is_hidden_when_collected_and_shown_when_marked)
{
	struct mz_gather gather;
	struct mz_harvest harvest = {.flags = MZ_ACCESSED, .told = hear_nothing, .gather = &gather};
	struct mz_prop prop = mz_prop_from(RWX);

	fixture_begin(&x, CASE_EPT_SOFT);
	mz_gather_init(&gather, &x.table);
	prop.flags = MZ_ACCESSED;
	expect_ok(mz_table_map(&x.table, mz_ia_from(0), 0x400000, mz_oa_from(0), prop));
	must(is_shown(0, 2, RWX));
	expect_ok(mz_table_harvest(&x.table, mz_ia_from(0), 0x200000, &harvest));
	must_equal(gather.first, 0);
	must_equal(gather.last, 0x1fffff);
	mz_gather_finish(&gather);
	must(!is_shown(0, 2, RWX));
	must(is_shown(0x200000, 2, RWX));
	/* What a split makes of a hidden leaf is hidden, and stays so with other permissions. */
	expect_ok(mz_table_protect(&x.table, mz_ia_from(0x1000), 0x1000, RX, NULL));
	must(!is_shown(0, 1, RWX));
	must(!is_shown(0x1000, 1, RX));
	expect_ok(mz_table_mark(&x.table, mz_ia_from(0x1000), MZ_ACCESSED));
	must(is_shown(0x1000, 1, RX));
	must(!is_shown(0x2000, 1, RWX));
	fixture_end(&x);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ept_soft");
	TCase *tcase = tcase_create("soft");

	tcase_add_loop_test(tcase, a_soft_flag_shows_and_hides_permissions, 0, 2);
	tcase_add_loop_test(tcase, the_processor_sees_a_soft_leaf_as_any_other, 0, 2);
	tcase_add_test(tcase, a_soft_leaf_is_hidden_when_collected_and_shown_when_marked);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
