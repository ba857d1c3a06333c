/* SPDX-License-Identifier: MPL-2.0 */
/* RISC-V's formats: their shapes, and their bits by the privileged specification. */
#include "arch/riscv/riscv.h"
#include "core/check.h"
#include "core/geometry.h"
#include "tests/must.h"
#include "tests/rng.h"
#include "tests/literal.h"
#include "tests/suite.h"
#include "tests/track.h"
#include "tests/tree.h"

#define AD (MZ_ACCESSED | MZ_DIRTY)

/* The G-stage's first, each with the stage 1 of as many levels after it. */
static const struct mz_format *const formats[] = {
	&mz_riscv_sv39x4, &mz_riscv_sv39,   &mz_riscv_sv48x4,
	&mz_riscv_sv48,   &mz_riscv_sv57x4, &mz_riscv_sv57,
};

#define FORMATS ((int)(sizeof(formats) / sizeof(formats[0])))

static bool can(const struct mz_format *f, unsigned perm, unsigned memory, unsigned flags,
		uint32_t features)
{
	struct mz_prop prop = {(uint8_t)perm, (uint8_t)memory, (uint16_t)flags};

	return f->encodable(prop, 1, features);
}

START_TEST(every_format_keeps_the_laws)
{
	for (uint64_t seed = 1; seed <= 32; seed++)
		must_say(mz_format_check(formats[_i], seed) == 0, "%s, seed %u: law %d",
			 formats[_i]->name, (unsigned)seed, mz_format_check(formats[_i], seed));
}
END_TEST

START_TEST(shapes_are_those_of_the_manual)
{
	const struct mz_format *f = formats[_i];
	unsigned levels = 3 + (unsigned)_i / 2;
	bool g_stage = _i % 2 == 0;

	must_equal(f->levels, levels);
	must_equal(f->page_lg2, 12);
	/* 39, 48 and 57 bits; 41, 50 and 59 with a root of 16 KiB. */
	must_equal(f->ia_lg2, 12 + 9 * levels + (g_stage ? 2 : 0));
	must_equal(f->oa_lg2, 56);
	must_equal(f->ia_signed, !g_stage);
	for (unsigned level = 1; level <= levels; level++)
		must_equal(f->index_lg2[level], level == levels && g_stage ? 11 : 9);
	/* 4 KiB, 2 MiB, 1 GiB, 512 GiB, 256 TiB: a leaf can be at any level. */
	must_equal(f->leaf_levels, (2u << levels) - 2);
	must_equal(f->flags, g_stage ? AD : AD | MZ_USER | MZ_GLOBAL);
	must_equal(mz_span(f, levels), 1ull << (12 + 9 * (levels - 1)));
}
END_TEST

START_TEST(g_stage_entries_are_those_of_the_manual)
{
	const struct mz_format *f = formats[_i * 2];
	unsigned top = f->levels;

	/* V 0, R 1, W 2, X 3, U 4 always, A 6, D 7, PPN 53:10. */
	must_equal(leaf(f, 0x1000, 1, MZ_READ, 0, 0), 0x413);
	must_equal(leaf(f, 0x1000, 1, RW, 0, AD), 0x4d7);
	must_equal(leaf(f, 0x1000, 1, RX, 0, MZ_ACCESSED), 0x45b);
	must_equal(leaf(f, 0x1000, 1, RWX, 0, MZ_DIRTY), 0x49f);
	must_equal(leaf(f, 0x1000, 1, MZ_EXEC, 0, 0), 0x419);
	must_equal(leaf(f, 0xfffffffffff000, 1, RWX, 0, 0), 0x3ffffffffffc1f);
	must_equal(leaf(f, 0x200000, 2, RW, 0, 0), 0x80017);
	must_equal(leaf(f, 0x40000000, 3, RW, 0, 0), 0x10000017);
	must_equal(leaf(f, (uint64_t)1 << f->shift[top], top, RW, 0, 0),
		   (uint64_t)1 << (f->shift[top] - 2) | 0x17);
	/* A link: V alone, for U, A and D are reserved in it. */
	must_equal(f->make_node(mz_oa_from(0xfffffffffff000), top), 0x3ffffffffffc01);
	/* Svpbmt: 62:61, NC 1, IO 2. */
	must_equal(leaf(f, 0x1000, 1, RW, MZ_MEM_WRITE_COMBINING, 0), 0x2000000000000417);
	must_equal(leaf(f, 0x1000, 1, RW, MZ_MEM_UNCACHED, 0), 0x4000000000000417);
	/* Reserved: a link at level 1. Without V nothing counts. */
	must_equal(f->kind(0x401, 1), MZ_ABSENT);
	must_equal(f->kind(0x401, 2), MZ_NODE);
	must_equal(f->kind(~(uint64_t)1, top), MZ_ABSENT);
}
END_TEST

START_TEST(stage_1_entries_are_those_of_the_manual)
{
	const struct mz_format *f = formats[_i * 2 + 1];

	/* U 4 and G 5 as they are asked for. */
	must_equal(leaf(f, 0x1000, 1, RX, 0, 0), 0x40b);
	must_equal(leaf(f, 0x1000, 1, RW, 0, MZ_USER), 0x417);
	must_equal(leaf(f, 0x1000, 1, RW, 0, MZ_GLOBAL), 0x427);
	must_equal(leaf(f, 0x1000, 1, RWX, 0, AD | MZ_USER | MZ_GLOBAL), 0x4ff);
	must_equal(leaf(f, 0x200000, 2, RW, MZ_MEM_UNCACHED, 0), 0x4000000000080007);
	must_equal(f->make_node(mz_oa_from(0x1000), 2), 0x401);
	must_equal(f->prop(0x437, 1).flags, MZ_USER | MZ_GLOBAL);
}
END_TEST

START_TEST(what_hardware_sets_is_read_and_cleaned)
{
	const struct mz_format *f = formats[_i];
	uint64_t entry = leaf(f, 0x1000, 1, RW, 0, 0);

	must_equal(f->hw_bits(1), 0xc0);
	must_equal(f->prop(entry | 0x40, 1).flags & AD, MZ_ACCESSED);
	must_equal(f->prop(entry | 0x80, 1).flags & AD, MZ_DIRTY);
	must_equal(f->clean(entry | 0xc0, 1, MZ_DIRTY), entry | 0x40);
	must_equal(f->clean(entry | 0xc0, 1, AD), entry);
	must_equal(f->with_perm(entry | 0xc0, 1, MZ_READ), (entry | 0xc0) & ~(uint64_t)4);
	/* RSW 9:8, PPN and N are nobody's property. */
	must_equal(f->prop(entry | 0x300 | (uint64_t)1 << 63, 1).flags, f->prop(entry, 1).flags);
}
END_TEST

START_TEST(root_registers_are_those_of_the_manual)
{
	const struct mz_format *f = formats[_i];

	/* MODE 63:60: 8, 9, 10. PPN 43:0. */
	must_equal(f->root_register(mz_oa_from(0xffffffffffc000), 0),
		   (uint64_t)(5 + f->levels) << 60 | 0xffffffffffc);
}
END_TEST

START_TEST(what_the_manual_reserves_is_refused)
{
	const struct mz_format *f = formats[_i];
	uint32_t all = f->features;

	/* W without R; nothing at all; a fourth permission. */
	must(!can(f, MZ_WRITE, 0, 0, all) && !can(f, MZ_WRITE | MZ_EXEC, 0, 0, all));
	must(!can(f, 0, 0, 0, all) && !can(f, MZ_READ | MZ_EXEC_USER, 0, 0, all));
	must(can(f, MZ_EXEC, 0, 0, MZ_EXEC_ONLY) && !can(f, MZ_EXEC, 0, 0, 0));
	must(can(f, MZ_READ, MZ_MEM_UNCACHED, 0, MZ_SVPBMT) &&
	     can(f, MZ_READ, MZ_MEM_WRITE_COMBINING, 0, MZ_SVPBMT));
	for (unsigned memory = 0; memory < 16; memory++) {
		bool type = memory == MZ_MEM_UNCACHED || memory == MZ_MEM_WRITE_COMBINING;

		must_equal(can(f, MZ_READ, memory, 0, all), memory == 0 || type);
		must_equal(can(f, MZ_READ, memory, 0, all & ~(uint32_t)MZ_SVPBMT), memory == 0);
	}
	for (unsigned flag = 1; flag <= MZ_CONTIGUOUS; flag <<= 1)
		must_equal(can(f, MZ_READ, 0, flag, all), (f->flags & flag) != 0);
}
END_TEST

START_TEST(guest_page_faults_are_those_of_the_manual)
{
	static const uint8_t accesses[24] = {[20] = MZ_EXEC, [21] = MZ_READ, [23] = MZ_WRITE,
					     [1] = MZ_EXEC,  [5] = MZ_READ,  [7] = MZ_WRITE};
	struct mz_fault_record r;

	for (unsigned code = 0; code < 64; code++) {
		r = mz_riscv_g_fault(code, 0x7f0000001237, 0x20000048d, 0);
		must_equal(r.access, code < 24 ? accesses[code] : 0);
		must_equal(r.cause, code < 8 && accesses[code] ? MZ_FAULT_OTHER : MZ_FAULT_UNKNOWN);
		must_equal(r.has_ia, code >= 20 && r.access != 0);
		must_equal(r.has_guest_va, r.access != 0);
		must(!r.walk && !r.user && r.level == 0);
		if (!r.has_ia)
			continue;
		/* The address is shifted by two; what is shifted out is in stval. */
		must_equal(r.ia.addr, 0x800001237);
		must_equal(r.guest_va, 0x7f0000001237);
		/* Nothing said of the address. */
		r = mz_riscv_g_fault(code, 0x1237, 0, 0);
		must(!r.has_ia && r.has_guest_va && r.guest_va == 0x1237);
	}
	/* The widest address that Sv57x4 has. */
	r = mz_riscv_g_fault(21, 3, ((uint64_t)1 << 57) - 1, 0);
	must_equal(r.ia.addr, ((uint64_t)1 << 59) - 1);
	/* An interrupt with the same number. */
	must_equal(mz_riscv_g_fault((uint64_t)1 << 63 | 21, 0, 1, 0).access, 0);
}
END_TEST

START_TEST(walks_are_told_by_their_pseudoinstructions)
{
	static const uint64_t reads[] = {0x2000, 0x3000}, writes[] = {0x2020, 0x3020};
	/* LD and its transformation, what is almost a pseudoinstruction, and a wide one. */
	static const uint64_t others[] = {0x3003, 0x3001, 0x3040, 0x2010, 0x100003000};

	for (unsigned code = 20; code <= 23; code++) {
		if (code == 22)
			continue;
		for (unsigned i = 0; i < 2; i++) {
			struct mz_fault_record r = mz_riscv_g_fault(code, 0x1237, 0x402, reads[i]);
			struct mz_fault_record w = mz_riscv_g_fault(code, 0x1237, 0x402, writes[i]);

			must(r.walk && r.access == MZ_READ && w.walk && w.access == MZ_WRITE);
			/* stval is not this address's. */
			must(r.ia.addr == 0x1008 && w.ia.addr == 0x1008);
			must(r.has_guest_va && r.guest_va == 0x1237);
		}
		for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++)
			must(!mz_riscv_g_fault(code, 0x1237, 0x402, others[i]).walk);
	}
	must(!mz_riscv_g_fault(22, 0, 0x402, 0x3000).walk);
}
END_TEST

START_TEST(page_faults_are_those_of_the_manual)
{
	static const uint8_t accesses[64] = {[12] = MZ_EXEC, [13] = MZ_READ, [15] = MZ_WRITE,
					     [1] = MZ_EXEC,  [5] = MZ_READ,  [7] = MZ_WRITE};

	for (unsigned code = 0; code < 64; code++) {
		struct mz_fault_record r = mz_riscv_s1_fault(code, 0xffffffc000000123);

		must_equal(r.access, accesses[code]);
		must_equal(r.has_ia, accesses[code] != 0);
		must_equal(r.ia.addr, accesses[code] ? 0xffffffc000000123 : 0);
		must_equal(r.cause, code < 8 && accesses[code] ? MZ_FAULT_OTHER : MZ_FAULT_UNKNOWN);
		must(!r.walk && !r.has_guest_va);
	}
	/* Address 0 is one. */
	must(mz_riscv_s1_fault(13, 0).has_ia);
}
END_TEST

START_TEST(a_configuration_is_what_the_processor_has)
{
	const struct mz_format *f = formats[_i];
	struct mz_riscv_hardware hardware = {.modes = 1u << (5 + f->levels)};
	struct mz_format copy = *f;
	struct mz_config config = {.format = f, .oa_lg2 = 40};

	must_equal(mz_riscv_configure(&config, &hardware), MZ_OK);
	must_equal(config.features, MZ_EXEC_ONLY);
	hardware.svadu = true;
	must_equal(mz_riscv_configure(&config, &hardware), MZ_OK);
	must_equal(config.features, MZ_EXEC_ONLY | MZ_HW_ACCESSED_DIRTY);
	hardware.svadu = false;
	hardware.svpbmt = true;
	must_equal(mz_riscv_configure(&config, &hardware), MZ_OK);
	must_equal(config.features, MZ_EXEC_ONLY | MZ_SVPBMT);
	must_equal(config.features & ~f->features, 0);
	must(config.oa_lg2 == 40 && config.leaf_levels == 0);

	/* Refused, with nothing changed: every other mode, and another format. */
	hardware.svpbmt = false;
	hardware.modes = ~hardware.modes;
	must_equal(mz_riscv_configure(&config, &hardware), MZ_BAD_LEVEL);
	hardware.modes = ~0u;
	config.format = &copy;
	must_equal(mz_riscv_configure(&config, &hardware), MZ_BAD_FORMAT);
	config.format = NULL;
	must_equal(mz_riscv_configure(&config, &hardware), MZ_BAD_FORMAT);
	must_equal(config.features, MZ_EXEC_ONLY | MZ_SVPBMT);
}
END_TEST

struct side {
	struct mz_format format;
	struct track track;
	struct journal journal;
	struct mz_table table;
	struct tree tree;
};

static void side_begin(struct side *side, const struct mz_format *f, const struct mz_ops *ops)
{
	struct mz_config config = {0};

	side->format = *f;
	side->format.ops = ops;
	journal_init(&side->journal);
	track_init(&side->track, f->page_lg2, &side->journal);
	config.format = &side->format;
	config.features = f->features;
	config.memory = side->track.memory;
	must_equal(mz_table_init(&side->table, &config), MZ_OK);
	tree_init(&side->tree);
}

static void side_end(struct side *side)
{
	must_equal(mz_table_check(&side->table).rule, 0);
	mz_table_destroy(&side->table);
	tree_destroy(&side->tree);
	track_destroy(&side->track);
	journal_destroy(&side->journal);
}

/* A step in one of 16 places that differ in every index, the root's two upper bits too. */
static enum mz_error step(struct mz_table *table, struct rng rng)
{
	static const uint8_t perms[] = {MZ_READ, RW, RX, RWX, MZ_EXEC};
	const struct mz_format *f = table->config.format;
	unsigned level = 1 + (unsigned)rng_below(&rng, 3);
	uint64_t place = rng_below(&rng, 4) << (f->ia_lg2 - 2);
	uint64_t ia = tree_canonical(f, place | rng_below(&rng, 4) << f->shift[level]);
	uint64_t bytes = (1 + rng_below(&rng, 3)) << f->shift[level];
	uint64_t oa = rng_below(&rng, 64) << f->shift[3];
	struct mz_prop prop = {perms[rng_below(&rng, 5)],
			       rng_below(&rng, 2) ? MZ_MEM_UNCACHED : MZ_MEM_WRITE_BACK,
			       (uint16_t)(rng_below(&rng, 4) * MZ_ACCESSED)};

	switch (rng_below(&rng, 3)) {
	case 0:
		return mz_table_map(table, mz_ia_from(ia), bytes, mz_oa_from(oa), prop);
	case 1:
		return mz_table_unmap(table, mz_ia_from(ia), bytes, NULL);
	default:
		return mz_table_protect(table, mz_ia_from(ia), bytes, prop.perm, NULL);
	}
}

START_TEST(both_instances_leave_the_same_table)
{
	static struct side compiled, runtime;
	struct rng rng;
	unsigned mapped = 0;

	must(formats[_i]->ops != NULL);
	side_begin(&compiled, formats[_i], formats[_i]->ops);
	side_begin(&runtime, formats[_i], NULL);
	must(compiled.table.ops != runtime.table.ops);
	rng.state = rng_seed() ^ (uint64_t)_i << 32;
	for (unsigned i = 0; i < 2000; i++) {
		struct rng same = rng;
		enum mz_error error = step(&compiled.table, same);

		must_equal(error, step(&runtime.table, same));
		mapped += error == MZ_OK;
		rng_next(&rng);
		if (i % 16 != 0)
			continue;
		tree_read(&compiled.tree, &compiled.table);
		tree_read(&runtime.tree, &runtime.table);
		must(tree_same_shape(formats[_i], &compiled.tree, &runtime.tree));
	}
	must(mapped > 500);
	side_end(&compiled);
	side_end(&runtime);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("format_riscv");
	TCase *tcase = tcase_create("formats");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, every_format_keeps_the_laws, 0, FORMATS);
	tcase_add_loop_test(tcase, shapes_are_those_of_the_manual, 0, FORMATS);
	tcase_add_loop_test(tcase, g_stage_entries_are_those_of_the_manual, 0, FORMATS / 2);
	tcase_add_loop_test(tcase, stage_1_entries_are_those_of_the_manual, 0, FORMATS / 2);
	tcase_add_loop_test(tcase, what_hardware_sets_is_read_and_cleaned, 0, FORMATS);
	tcase_add_loop_test(tcase, root_registers_are_those_of_the_manual, 0, FORMATS);
	tcase_add_loop_test(tcase, what_the_manual_reserves_is_refused, 0, FORMATS);
	tcase_add_test(tcase, guest_page_faults_are_those_of_the_manual);
	tcase_add_test(tcase, walks_are_told_by_their_pseudoinstructions);
	tcase_add_test(tcase, page_faults_are_those_of_the_manual);
	tcase_add_loop_test(tcase, a_configuration_is_what_the_processor_has, 0, FORMATS);
	tcase_add_loop_test(tcase, both_instances_leave_the_same_table, 0, FORMATS);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
