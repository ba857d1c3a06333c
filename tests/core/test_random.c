/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Random operations on two tables that share their memory, held against the flat model after every
 * step. A sequence that fails is made as short as it goes before it is shown.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/walk.h"
#include "tests/fixture.h"
#include "tests/op.h"
#include "tests/sound.h"
#include "tests/suite.h"
#include "tests/tree.h"

#define TABLES 2

struct world {
	struct fixture x;
	struct mz_table *tables[TABLES];
	struct mz_gather *gathers[TABLES]; /* NULL but in the witnessed variant */
	struct mz_table second_table;
	struct mz_gather second_gather;
	struct model models[TABLES];
	struct tree tree;  /* scratch */
	struct model read; /* scratch */
	struct sound sound;
};

static void world_begin(struct world *w, int loop)
{
	fixture_begin(&w->x, loop);
	expect_ok(mz_table_init(&w->second_table, &w->x.config));
	w->tables[0] = &w->x.table;
	w->tables[1] = &w->second_table;
	w->gathers[0] = w->x.shared;
	w->gathers[1] = w->x.shared ? &w->second_gather : NULL;
	mz_gather_init(&w->second_gather, &w->second_table);
	for (unsigned i = 0; i < TABLES; i++)
		model_init(&w->models[i]);
	model_init(&w->read);
	tree_init(&w->tree);
}

static void world_settle(struct world *w)
{
	mz_gather_finish(&w->second_gather);
	fixture_settle(&w->x);
}

static void world_end(struct world *w)
{
	world_settle(w);
	sound_destroy(&w->sound);
	mz_table_destroy(&w->second_table);
	fixture_end(&w->x);
	for (unsigned i = 0; i < TABLES; i++)
		model_destroy(&w->models[i]);
	model_destroy(&w->read);
	tree_destroy(&w->tree);
}

static void check_address(struct world *w, unsigned table, uint64_t ia)
{
	const struct model_range *range = model_find(&w->models[table], ia);
	struct mz_item item = mz_table_query(w->tables[table], mz_ia_from(ia));
	struct mz_walk walk;

	must_say((item.level != 0) == (range != NULL), "%s: %#llx: level %u", w->x.test_case->name,
		 (unsigned long long)ia, item.level);
	if (!range)
		return;
	must_equal(item.oa.addr, range->oa + ia - range->first);
	/* What an MMU finds; of what is no memory, what the entry says. */
	expect_ok(mz_table_walk(w->tables[table], mz_ia_from(ia), &walk));
	must_equal(range->prop.perm & MZ_READ ? walk.item.prop.perm : item.prop.perm,
		   range->prop.perm);
	must_equal(item.prop.memory, range->prop.memory);
	must_equal(item.prop.flags, range->prop.flags);
}

static void check_invariants(struct world *w, unsigned table)
{
	struct mz_violation violation = sound_check(&w->sound, w->tables[table]);

	must_say(violation.rule == MZ_RULE_NONE, "%s: %s: level %u index %u entry %#llx",
		 w->x.test_case->name, mz_rule_text(violation.rule), violation.level,
		 violation.index, (unsigned long long)violation.entry);
}

static void check_everything(struct world *w)
{
	for (unsigned i = 0; i < TABLES; i++) {
		tree_read(&w->tree, w->tables[i]);
		tree_model(&w->tree, w->x.format, &w->read);
		model_join(&w->models[i]);
		must_say(model_equal(&w->models[i], &w->read), "%s: table %u, by its nodes",
			 w->x.test_case->name, i);
	}
}

/* How many mappings lead to oa. */
static int64_t owners(const struct world *w, uint64_t oa)
{
	int64_t count = 0;

	for (unsigned i = 0; i < TABLES; i++)
		for (size_t j = 0; j < w->models[i].count; j++) {
			const struct model_range *range = &w->models[i].ranges[j];

			count += oa - range->oa <= range->last - range->first;
		}
	return count;
}

static void check_references(struct world *w)
{
	if (!w->x.shared)
		return;
	for (size_t i = 0; i < w->x.witness.step_count; i++) {
		uint64_t oa = w->x.witness.steps[i].addr;

		must_equal(witness_refs(&w->x.witness, oa), owners(w, oa));
	}
	for (size_t j = 0; j < w->models[0].count; j++)
		must(witness_refs(&w->x.witness, w->models[0].ranges[j].oa) >= 1);
}

static void step(struct world *w, const struct op *op)
{
	unsigned argument_errors = op_argument_errors(op, &w->x);
	enum mz_error expected = MZ_OK, error;

	if (argument_errors == 0)
		expected = op_model(op, &w->models[op->table], w->tables[op->table]);
	error = op_apply(op, w->tables[op->table], w->gathers[op->table]);
	if (argument_errors != 0)
		must_say(argument_errors >> error & 1, "%s: %s for bad arguments",
			 w->x.test_case->name, mz_error_text(error));
	else
		must_say(error == expected, "%s: %s instead of: %s", w->x.test_case->name,
			 mz_error_text(error), mz_error_text(expected));
	check_invariants(w, op->table);
	check_address(w, op->table, op->ia);
	check_address(w, op->table, op->ia - 1);
	check_address(w, op->table, op->ia + op->bytes);
	check_address(w, op->table, op->ia + op->bytes - 1);
	check_address(w, op->table, op->ia + op->bytes / 2);
	if (op->kind == OP_SETTLE) {
		world_settle(w);
		check_references(w);
		check_everything(w);
		track_check(&w->x.track);
	}
}

static void run(int loop, const struct op *ops, size_t count)
{
	static struct world w;

	memset(&w, 0, sizeof(w));
	world_begin(&w, loop);
	for (size_t i = 0; i < count; i++)
		step(&w, &ops[i]);
	world_settle(&w);
	check_everything(&w);
	check_references(&w);
	world_end(&w);
}

/* Whether the sequence fails, tried in a process of its own: it may crash or never end. */
static bool fails(int loop, const struct op *ops, size_t count)
{
	int status = 0;
	pid_t child;

	fflush(NULL);
	child = fork();
	must(child >= 0);
	if (child == 0) {
		alarm(60);
		run(loop, ops, count);
		_exit(0);
	}
	must_equal(waitpid(child, &status, 0), child);
	return status != 0;
}

/* Leaves out ever smaller parts for as long as the rest still fails; answers how much is left. */
static size_t shrink(int loop, struct op *ops, size_t count)
{
	struct op *fewer = malloc(count * sizeof(*ops));

	if (!fewer)
		return count;
	for (size_t part = count; part > 0; part = part / 2) {
		for (size_t at = 0; at + part <= count;) {
			memcpy(fewer, ops, at * sizeof(*ops));
			memcpy(fewer + at, ops + at + part, (count - at - part) * sizeof(*ops));
			if (count > part && fails(loop, fewer, count - part)) {
				count -= part;
				memcpy(ops, fewer, count * sizeof(*ops));
			} else {
				at += part;
			}
		}
	}
	free(fewer);
	return count;
}

START_TEST(random_operations_agree_with_the_model)
{
	static struct fixture x;
	struct op_source source;
	uint64_t seed = rng_seed();
	size_t count = rng_steps(500);
	struct op *ops = malloc(count * sizeof(*ops));

	must(ops != NULL);
	fixture_begin(&x, _i);
	op_source_init(&source, &x, seed ^ (uint64_t)_i << 32, TABLES);
	source.all_kinds = true;
	for (size_t i = 0; i < count; i++)
		ops[i] = op_next(&source);
	fixture_end(&x);
	if (fails(_i, ops, count)) {
		printf("# %s, variant %u: MZ_SEED=%#llx MZ_STEPS=%zu fails; so does:\n",
		       x.test_case->name, x.variant, (unsigned long long)seed, count);
		count = shrink(_i, ops, count);
		for (size_t i = 0; i < count; i++)
			op_print(&ops[i]);
		fflush(stdout);
		run(_i, ops, count);
		ck_abort_msg("the sequence failed, but not when it was repeated");
	}
	free(ops);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("random");
	TCase *tcase = tcase_create("against the model");

	/* A failed try must end its process. */
	setenv("CK_FORK", "yes", 1);
	tcase_set_timeout(tcase, 250);
	tcase_add_loop_test(tcase, random_operations_agree_with_the_model, 0, EACH_VARIANT_ALL);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
