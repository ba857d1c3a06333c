/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The instance that is compiled for a format and the run-time instance must leave the same tables,
 * bit by bit.
 */
#include "tests/fixture.h"
#include "tests/op.h"
#include "tests/suite.h"
#include "tests/tree.h"

static void expect_same_events(const struct journal *a, const struct journal *b)
{
	must_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		const struct event *x = &a->events[i], *y = &b->events[i];

		must_equal(x->kind, y->kind);
		must_equal(x->first, y->first);
		must_equal(x->last, y->last);
		must_equal(x->nodes, y->nodes);
		must_equal(x->item.oa.addr, y->item.oa.addr);
		must_equal(x->item.level, y->item.level);
	}
}

static void expect_same_item(struct mz_item a, struct mz_item b)
{
	must_equal(a.oa.addr, b.oa.addr);
	must_equal(a.level, b.level);
	must_equal(a.prop.perm, b.prop.perm);
	must_equal(a.prop.memory, b.prop.memory);
	must_equal(a.prop.flags, b.prop.flags);
}

START_TEST(both_instances_leave_the_same_table)
{
	static struct fixture compiled, runtime;
	static struct mz_format twin;
	struct tree compiled_tree, runtime_tree;
	struct op_source source;
	uint64_t seed = rng_seed();
	unsigned steps = rng_steps(800);

	fixture_begin(&compiled, _i);
	if (!compiled.format->ops) {
		fixture_end(&compiled);
		return;
	}
	fixture_prepare(&runtime, _i);
	twin = *runtime.format;
	twin.ops = NULL;
	runtime.config.format = runtime.format = &twin;
	fixture_make(&runtime);
	must(compiled.table.ops == compiled.format->ops);
	must(compiled.table.ops != (&mz_runtime_ops));
	must(runtime.table.ops == (&mz_runtime_ops));
	tree_init(&compiled_tree);
	tree_init(&runtime_tree);
	op_source_init(&source, &compiled, seed ^ (uint64_t)_i << 32, 1);
	source.all_kinds = true;
	for (unsigned i = 0; i < steps; i++) {
		struct op op = op_next(&source);

		must_equal(op_apply(&op, &compiled.table, compiled.shared),
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
		must(tree_same_shape(compiled.format, &compiled_tree, &runtime_tree));
	}
	fixture_settle(&compiled);
	fixture_settle(&runtime);
	tree_read(&compiled_tree, &compiled.table);
	tree_read(&runtime_tree, &runtime.table);
	must(tree_same_shape(compiled.format, &compiled_tree, &runtime_tree));
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
	tcase_add_loop_test(tcase, both_instances_leave_the_same_table, 0, EACH_VARIANT_ALL);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
