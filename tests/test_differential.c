/* SPDX-License-Identifier: MPL-2.0 */
/* The instance that is compiled for a format and the run-time instance must leave the same tables,
 * bit by bit. */
#include <stdio.h>

#include "tests/fixture.h"
#include "tests/op.h"
#include "tests/suite.h"
#include "tests/tree.h"

/* The formats that have a compiled instance; the case after each is its run-time twin. */
static const int compiled_cases[] = {CASE_EPT, CASE_IA32E};

#define PAIRS ((int)(sizeof(compiled_cases) / sizeof(compiled_cases[0])))

static void expect_same_events(const struct journal *a, const struct journal *b)
{
	ck_assert_uint_eq(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		const struct event *x = &a->events[i], *y = &b->events[i];

		ck_assert_int_eq(x->kind, y->kind);
		ck_assert_uint_eq(x->first, y->first);
		ck_assert_uint_eq(x->last, y->last);
		ck_assert_int_eq(x->nodes, y->nodes);
		ck_assert_uint_eq(x->item.oa.addr, y->item.oa.addr);
		ck_assert_uint_eq(x->item.level, y->item.level);
	}
}

static void expect_same_item(struct mz_item a, struct mz_item b)
{
	ck_assert_uint_eq(a.oa.addr, b.oa.addr);
	ck_assert_uint_eq(a.level, b.level);
	ck_assert_uint_eq(a.prop.perm, b.prop.perm);
	ck_assert_uint_eq(a.prop.memory, b.prop.memory);
	ck_assert_uint_eq(a.prop.flags, b.prop.flags);
}

START_TEST(both_instances_leave_the_same_table)
{
	static struct fixture compiled, runtime;
	struct tree compiled_tree, runtime_tree;
	struct op_source source;
	int number = compiled_cases[_i % PAIRS] + _i / PAIRS * CASES;
	uint64_t seed = rng_seed();
	unsigned steps = rng_steps(600);

	printf("# %d: MZ_SEED=%#llx\n", _i, (unsigned long long)seed);
	fixture_begin(&compiled, number);
	fixture_begin(&runtime, number + 1);
	ck_assert_ptr_eq(compiled.table.ops, compiled.format->ops);
	ck_assert_ptr_ne(compiled.table.ops, &mz_runtime_ops);
	ck_assert_ptr_eq(runtime.table.ops, &mz_runtime_ops);
	tree_init(&compiled_tree);
	tree_init(&runtime_tree);
	op_source_init(&source, &compiled, seed ^ (uint64_t)_i << 32, 1);
	for (unsigned i = 0; i < steps; i++) {
		struct op op = op_next(&source);

		ck_assert_int_eq(op_apply(&op, &compiled.table, compiled.shared),
				 op_apply(&op, &runtime.table, runtime.shared));
		expect_same_item(mz_table_query(&compiled.table, mz_ia_from(op.ia)),
				 mz_table_query(&runtime.table, mz_ia_from(op.ia)));
		if (op.kind == OP_SETTLE) {
			fixture_settle(&compiled);
			fixture_settle(&runtime);
		}
		if (i % 8 != 0)
			continue;
		tree_read(&compiled_tree, &compiled.table);
		tree_read(&runtime_tree, &runtime.table);
		ck_assert(tree_same_shape(compiled.format, &compiled_tree, &runtime_tree));
	}
	fixture_settle(&compiled);
	fixture_settle(&runtime);
	tree_read(&compiled_tree, &compiled.table);
	tree_read(&runtime_tree, &runtime.table);
	ck_assert(tree_same_shape(compiled.format, &compiled_tree, &runtime_tree));
	expect_same_events(&compiled.journal, &runtime.journal);
	tree_destroy(&compiled_tree);
	tree_destroy(&runtime_tree);
	fixture_end(&compiled);
	fixture_end(&runtime);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("differential");
	TCase *tcase = tcase_create("compiled and run-time");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, both_instances_leave_the_same_table, 0, PAIRS * VARIANTS);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
