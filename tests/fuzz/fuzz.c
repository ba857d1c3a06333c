// SPDX-License-Identifier: MPL-2.0
/*
 * A harness for libFuzzer and AFL++: the input chooses a format, a variant and a sequence of
 * operations, which is held against the flat model. With MZ_FUZZ_PRINT in the environment the
 * operations are shown, as the C that does the same.
 */
#include <stdlib.h>

#include "core/cursor.h"
#include "tests/fixture.h"
#include "tests/op.h"
#include "tests/tree.h"

/* An operation is three bytes of the input: two that choose it, and how it is done. */
enum {
	HOW_FAIL = 7,    /* this many-th allocation fails; 0: none */
	HOW_CURSOR = 8,  /* by a cursor, if one can */
	HOW_SETTLE = 16, /* flush and end all grace periods after it */
};

static struct fixture x;
static struct model model;
static bool print;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Unmaps or protects with a cursor, step by step. */
static enum mz_error by_cursor(const struct op *op)
{
	struct mz_fragment fragment;
	struct mz_cursor cursor;
	struct mz_gather gather;
	enum mz_error error;

	mz_gather_init(&gather, &x.table);
	error = mz_cursor_open(&cursor, &x.table, mz_ia_from(op->ia), op->bytes, &gather);
	if (error != MZ_OK)
		return error;
	do
		error = op->kind == OP_UNMAP
			? mz_cursor_take_next(&cursor, op->bytes, &fragment)
			: mz_cursor_protect_next(&cursor, op->bytes, op->prop.perm, &fragment);
	while (error == MZ_OK && fragment.kind != MZ_ABSENT);
	mz_cursor_close(&cursor);
	mz_gather_finish(&gather);
	return error;
}

static void check_address(uint64_t ia)
{
	const struct model_range *range = model_find(&model, ia);
	struct mz_item item = mz_table_query(&x.table, mz_ia_from(ia));

	must_equal(item.level != 0, range != NULL);
	if (!range)
		return;
	must_equal(item.oa.addr, range->oa + ia - range->first);
	must_equal(item.prop.perm, range->prop.perm);
	must_equal(item.prop.memory, range->prop.memory);
	must_equal(item.prop.flags, range->prop.flags);
}

static void step(const struct op *op, unsigned how)
{
	bool cursor = how & HOW_CURSOR && (op->kind == OP_UNMAP || op->kind == OP_PROTECT);
	unsigned argument_errors = op_argument_errors(op, &x);
	enum mz_error error;

	if (print)
		op_print(op);
	if (!cursor)
		track_fail(&x.track, how & HOW_FAIL);
	error = cursor ? by_cursor(op) : op_apply(op, &x.table, x.shared);
	track_fail(&x.track, 0);
	if (argument_errors != 0)
		must(argument_errors >> error & 1);
	else if (error == MZ_NO_MEMORY)
		must(!cursor && (how & HOW_FAIL) != 0);
	else
		must_equal(error, op_model(op, &model, &x.table));
	expect_sound(&x);
	check_address(op->ia);
	check_address(op->ia - 1);
	check_address(op->ia + op->bytes);
	check_address(op->ia + op->bytes - 1);
	if (how & HOW_SETTLE || op->kind == OP_SETTLE)
		fixture_settle(&x);
}

/* The table as its nodes tell it, against the model. */
static void check_everything(void)
{
	struct model read;
	struct tree tree;

	model_init(&read);
	tree_init(&tree);
	tree_read(&tree, &x.table);
	tree_model(&tree, x.format, &read);
	model_join(&model);
	must(model_equal(&model, &read));
	tree_destroy(&tree);
	model_destroy(&read);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct op_source source;

	if (size == 0)
		return 0;
	print = getenv("MZ_FUZZ_PRINT") != NULL;
	fixture_begin(&x, data[0] % EACH_VARIANT);
	op_source_init(&source, &x, 0, 1);
	model_init(&model);
	for (size_t at = 1; at + 3 <= size; at += 3) {
		struct op op;

		source.rng.state = (uint64_t)data[at] << 8 | data[at + 1];
		op = op_next(&source);
		step(&op, data[at + 2]);
	}
	check_everything();
	model_destroy(&model);
	fixture_end(&x);
	return 0;
}
