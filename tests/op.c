/* SPDX-License-Identifier: MPL-2.0 */
/* Random operations. */
#include "tests/op.h"

#include <stdio.h>

#include "tests/tree.h"

/* A range of single pages touches no more than this many. */
#define PAGES_MAX 1024

static void add_window(struct op_source *source, uint64_t first, uint64_t bytes)
{
	must(source->window_count < OP_WINDOWS_MAX);
	source->windows[source->window_count++] = (struct op_window) {first, bytes};
}

/* Windows in the root entries [first, end), all in one half of the space. */
static void add_windows(struct op_source *source, uint64_t first, uint64_t end)
{
	const struct fixture *x = source->x;
	unsigned level = x->top > 2 ? x->top : 2;
	uint64_t bytes = 4 * fixture_span(x, level);
	uint64_t span = fixture_span(x, x->format->levels);
	uint64_t border = (first + (end - first + 1) / 2) * span;

	add_window(source, tree_canonical(x->format, first * span), bytes);
	add_window(source, tree_canonical(x->format, end * span - bytes), bytes);
	add_window(source, tree_canonical(x->format, border - bytes / 2), bytes);
}

void op_source_init(struct op_source *source, const struct fixture *x, uint64_t seed,
		    unsigned table_count)
{
	uint64_t count = mz_entry_count(x->format, x->format->levels);
	uint64_t first = x->config.root_first;
	uint64_t end = x->config.root_end ? x->config.root_end : count;

	*source = (struct op_source) {.rng = {seed}, .x = x, .table_count = table_count};
	if (x->format->ia_signed && first < count / 2 && end > count / 2) {
		add_windows(source, first, count / 2);
		add_windows(source, count / 2, end);
	} else {
		add_windows(source, first, end);
	}
}

static bool chance(struct op_source *source, unsigned percent)
{
	return rng_below(&source->rng, 100) < percent;
}

static unsigned random_level(struct op_source *source)
{
	unsigned top = source->x->top > 2 ? source->x->top : 2;

	return 1 + (unsigned)rng_below(&source->rng, top);
}

static void choose_range(struct op_source *source, struct op *op)
{
	const struct op_window *window =
		&source->windows[rng_below(&source->rng, source->window_count)];
	uint64_t unit = fixture_span(source->x, random_level(source));
	uint64_t off = rng_below(&source->rng, window->bytes / unit) * unit;

	/* Near the end of the unit as often as at its beginning. */
	if (chance(source, 30))
		off += rng_below(&source->rng, 4) * source->x->page;
	if (chance(source, 30))
		off -= rng_below(&source->rng, 4) * source->x->page;
	if (off >= window->bytes)
		off = 0;
	unit = fixture_span(source->x, random_level(source));
	op->ia = window->first + off;
	op->bytes = (1 + rng_below(&source->rng, 4)) * unit;
	if (chance(source, 30))
		op->bytes += rng_below(&source->rng, 4) * source->x->page;
	if (op->bytes > window->bytes - off)
		op->bytes = window->bytes - off;
}

/* The highest level that leaves from ia to oa can have. */
static unsigned level_for(const struct fixture *x, uint64_t distance)
{
	unsigned level = x->top;

	while (level > 1 &&
	       (!fixture_leaf_allowed(x, level) || distance % fixture_span(x, level) != 0))
		level--;
	return level;
}

static void choose_oa(struct op_source *source, struct op *op)
{
	const struct fixture *x = source->x;
	uint64_t end = (uint64_t)1 << x->format->oa_lg2;
	uint64_t unit = fixture_span(x, x->format->levels);
	unsigned level;

	if (!chance(source, 70))
		unit = fixture_span(x, random_level(source));
	op->oa = rng_below(&source->rng, end / unit / 2) * unit + op->ia % unit;
	level = level_for(x, op->oa - op->ia);
	while (op->bytes / fixture_span(x, level) > PAGES_MAX) {
		if (level > 1)
			op->bytes /= 2;
		else
			op->bytes = PAGES_MAX * x->page;
	}
	op->bytes -= op->bytes % x->page;
}

static void choose_prop(struct op_source *source, struct op *op)
{
	const struct mz_format *f = source->x->format;

	do {
		op->prop.perm = (uint8_t)(1 + rng_below(&source->rng, 7));
		op->prop.memory = chance(source, 80)
			? MZ_MEM_WRITE_BACK
			: (uint8_t)rng_below(&source->rng, MZ_MEM_TYPES);
		op->prop.flags = chance(source, 80) ? 0
						    : (uint16_t)(rng_next(&source->rng) & f->flags);
	} while (!f->encodable(op->prop, 1, source->x->config.features));
}

static void spoil(struct op_source *source, struct op *op)
{
	const struct fixture *x = source->x;

	switch (rng_below(&source->rng, 7)) {
	case 0:
		op->ia += 1 + rng_below(&source->rng, x->page - 1);
		break;
	case 1:
		op->bytes += 1 + rng_below(&source->rng, x->page - 1);
		break;
	case 2:
		op->bytes = 0;
		break;
	case 3:
		op->ia = (uint64_t)1 << 62;
		break;
	case 4:
		op->bytes = x->page - op->ia;
		break;
	case 5:
		op->oa = (uint64_t)1 << x->format->oa_lg2;
		break;
	default:
		op->prop.perm = 0;
		break;
	}
}

/* Has it arguments that can be wrong? */
static bool takes_arguments(const struct op *op)
{
	return op->kind != OP_QUERY && op->kind != OP_TOUCH && op->kind != OP_SETTLE;
}

static bool has_oa(const struct op *op)
{
	return op->kind == OP_MAP || op->kind == OP_FILL;
}

static bool is_of_one_address(const struct op *op)
{
	return op->kind == OP_FILL || op->kind == OP_WRITE_ENABLE;
}

struct op op_next(struct op_source *source)
{
	static const uint8_t few[OP_KINDS] = {45, 25, 20, 4, 4, 2};
	static const uint8_t all[OP_KINDS] = {32, 16, 12, 4, 4, 2, 12, 9, 9};
	const uint8_t *weights = source->all_kinds ? all : few;
	uint64_t draw = rng_below(&source->rng, 100);
	struct op op = {OP_MAP, 0, 0, 0, 0, {0, 0, 0}, 0};

	while (draw >= weights[op.kind])
		draw -= weights[op.kind++];
	op.table = (unsigned)rng_below(&source->rng, source->table_count);
	choose_range(source, &op);
	choose_prop(source, &op);
	if (has_oa(&op))
		choose_oa(source, &op);
	if (is_of_one_address(&op)) {
		op.bytes = source->x->page;
		op.level = random_level(source);
	}
	if (takes_arguments(&op) && chance(source, 4))
		spoil(source, &op);
	return op;
}

static bool managed(const struct fixture *x, uint64_t ia)
{
	const struct mz_format *f = x->format;
	uint64_t index = ia >> f->shift[f->levels] & (mz_entry_count(f, f->levels) - 1);
	uint64_t kept = ia & (UINT64_MAX >> (64 - f->ia_lg2));

	return tree_canonical(f, kept) == ia && index >= x->config.root_first &&
		(x->config.root_end == 0 || index < x->config.root_end);
}

/* The output address of the page around ia. */
static uint64_t page_oa(const struct op *op, const struct fixture *x)
{
	return op->oa - op->ia % x->page;
}

static unsigned address_errors(const struct op *op, const struct fixture *x)
{
	const struct mz_format *f = x->format;
	unsigned errors = managed(x, op->ia) ? 0 : 1u << MZ_OUT_OF_RANGE;

	if (op->kind != OP_FILL)
		return errors;
	if ((op->oa - op->ia) % x->page != 0)
		errors |= 1u << MZ_MISALIGNED;
	if (page_oa(op, x) >> f->oa_lg2 != 0)
		errors |= 1u << MZ_OUT_OF_RANGE;
	if (!f->encodable(op->prop, 1, x->config.features))
		errors |= 1u << MZ_NOT_ENCODABLE;
	return errors;
}

unsigned op_argument_errors(const struct op *op, const struct fixture *x)
{
	const struct mz_format *f = x->format;
	uint64_t last = op->ia + op->bytes - 1;
	uint64_t oa_last = op->oa + op->bytes - 1;
	struct mz_prop prop = has_oa(op) ? op->prop : mz_prop_from(op->prop.perm);
	unsigned errors = 0;

	if (!takes_arguments(op))
		return 0;
	if (is_of_one_address(op))
		return address_errors(op, x);
	if ((op->ia | op->bytes | (op->kind == OP_MAP ? op->oa : 0)) % x->page != 0)
		errors |= 1u << MZ_MISALIGNED;
	if (op->bytes == 0 || last < op->ia || !managed(x, op->ia) || !managed(x, last) ||
	    (f->ia_signed && (op->ia ^ last) >> 63 != 0))
		errors |= 1u << MZ_OUT_OF_RANGE;
	if (op->kind == OP_MAP && (oa_last < op->oa || oa_last >> f->oa_lg2 != 0))
		errors |= 1u << MZ_OUT_OF_RANGE;
	if (op->kind <= OP_PROTECT && op->kind != OP_UNMAP &&
	    !f->encodable(prop, 1, x->config.features))
		errors |= 1u << MZ_NOT_ENCODABLE;
	return errors;
}

/* The leaf at ia: its entry, and its level. */
static uint64_t *find_leaf(const struct mz_table *table, uint64_t ia, unsigned *level)
{
	const struct mz_format *f = table->config.format;

	for (*level = 1; *level <= f->levels; (*level)++) {
		uint64_t *slot = tree_slot(table, ia, *level, NULL);

		if (slot)
			return f->kind(*slot, *level) == MZ_LEAF ? slot : NULL;
	}
	return NULL;
}

static void touch(const struct mz_table *table, uint64_t ia)
{
	const struct mz_format *f = table->config.format;
	unsigned level;
	uint64_t *slot = find_leaf(table, ia, &level);
	struct mz_prop prop;
	uint64_t hw;

	if (!slot)
		return;
	hw = f->hw_bits(level);
	prop = f->prop(*slot, level);
	prop.flags |= MZ_ACCESSED | MZ_DIRTY;
	*slot = (*slot & ~hw) | (f->make_leaf(f->oa(*slot, level), level, prop) & hw);
}

static enum mz_error fill(const struct op *op, struct mz_table *table)
{
	struct mz_fill fill = {.offset = op->oa - op->ia, .prop = op->prop, .level_max = op->level};

	return mz_table_fill(table, mz_ia_from(op->ia), &fill);
}

static enum mz_error write_enable(const struct op *op, struct mz_table *table,
				  struct mz_gather *gather)
{
	struct mz_writable writable = {.level_max = op->level, .gather = gather};

	return mz_table_write_enable(table, mz_ia_from(op->ia), &writable);
}

enum mz_error op_apply(const struct op *op, struct mz_table *table, struct mz_gather *gather)
{
	switch (op->kind) {
	case OP_MAP:
		return mz_table_map(table, mz_ia_from(op->ia), op->bytes, mz_oa_from(op->oa),
				    op->prop);
	case OP_UNMAP:
		return mz_table_unmap(table, mz_ia_from(op->ia), op->bytes, gather);
	case OP_PROTECT:
		return mz_table_protect(table, mz_ia_from(op->ia), op->bytes, op->prop.perm,
					gather);
	case OP_TOUCH:
		touch(table, op->ia);
		return MZ_OK;
	case OP_FILL:
		return fill(op, table);
	case OP_WRITE_PROTECT:
		return mz_table_write_protect(table, mz_ia_from(op->ia), op->bytes, gather);
	case OP_WRITE_ENABLE:
		return write_enable(op, table, gather);
	default:
		return MZ_OK;
	}
}

/* Do links forbid writing at ia? Answers up to where it is so, or is not. */
static bool is_narrow(const struct mz_table *table, uint64_t ia, uint64_t *last)
{
	const struct mz_format *f = table->config.format;

	*last = UINT64_MAX;
	for (unsigned level = f->levels; level > 1; level--) {
		const uint64_t *slot = tree_slot(table, ia, level, NULL);

		if (!slot)
			return false;
		*last = mz_span_last(f, ia, level);
		if (f->kind(*slot, level) == MZ_NODE && f->hierarchical &&
		    !(f->prop(*slot, level).perm & MZ_WRITE))
			return true;
	}
	return false;
}

/* What links forbid in [ia, ia + bytes), whatever was asked for there. */
static void narrow_model(struct model *model, const struct mz_table *table, uint64_t ia,
			 uint64_t bytes)
{
	uint64_t last = ia + bytes - 1, piece_last;

	for (;; ia = piece_last + 1) {
		bool narrow = is_narrow(table, ia, &piece_last);

		if (piece_last > last)
			piece_last = last;
		if (narrow)
			model_write(model, ia, piece_last - ia + 1, false);
		if (piece_last == last)
			return;
	}
}

/* The level of the largest leaf that can be put around ia. */
static unsigned fill_level(const struct op *op, const struct mz_table *table)
{
	const struct mz_format *f = table->config.format;
	unsigned best = 1;

	for (unsigned level = 1; level <= f->levels && level <= op->level; level++) {
		const uint64_t *slot = tree_slot(table, op->ia, level, NULL);

		if (slot && f->kind(*slot, level) == MZ_NODE)
			break;
		if (mz_leaf_allowed(table->config.leaf_levels, level) &&
		    (op->oa - op->ia) % mz_span(f, level) == 0 &&
		    f->encodable(op->prop, level, table->config.features))
			best = level;
	}
	return best;
}

static enum mz_error model_fill(const struct op *op, struct model *model,
				const struct mz_table *table)
{
	uint64_t span = mz_span(table->config.format, fill_level(op, table));
	uint64_t ia = op->ia & ~(span - 1);
	enum mz_error error;

	if (model_find(model, op->ia))
		return MZ_OCCUPIED;
	error = model_map(model, ia, span, ia + (op->oa - op->ia), op->prop);
	narrow_model(model, table, ia, span);
	return error;
}

/* Leaves that reach over an end of the range lose the permission whole. */
static void model_write_protect(const struct op *op, struct model *model,
				const struct mz_table *table)
{
	const struct mz_format *f = table->config.format;
	uint64_t first = op->ia, last = op->ia + op->bytes - 1;
	unsigned level;

	if (find_leaf(table, first, &level))
		first &= ~(mz_span(f, level) - 1);
	if (find_leaf(table, last, &level))
		last = mz_span_last(f, last, level);
	model_write(model, first, last - first + 1, false);
}

static enum mz_error model_write_enable(const struct op *op, struct model *model,
					const struct mz_table *table)
{
	const struct model_range *range = model_find(model, op->ia);
	uint64_t span;
	unsigned level;

	if (!range || !(range->prop.perm & MZ_READ) || !find_leaf(table, op->ia, &level))
		return MZ_NOT_MAPPED;
	while (level > 1 &&
	       (level > op->level || !mz_leaf_allowed(table->config.leaf_levels, level)))
		level--;
	span = mz_span(table->config.format, level);
	model_write(model, op->ia & ~(span - 1), span, true);
	return MZ_OK;
}

enum mz_error op_model(const struct op *op, struct model *model, const struct mz_table *table)
{
	const struct mz_format *f = table->config.format;
	enum mz_error error;
	unsigned level;

	switch (op->kind) {
	case OP_MAP:
		error = model_map(model, op->ia, op->bytes, op->oa, op->prop);
		if (error == MZ_OK)
			narrow_model(model, table, op->ia, op->bytes);
		return error;
	case OP_UNMAP:
		model_unmap(model, op->ia, op->bytes);
		return MZ_OK;
	case OP_PROTECT:
		model_protect(model, op->ia, op->bytes, op->prop.perm);
		narrow_model(model, table, op->ia, op->bytes);
		return MZ_OK;
	case OP_TOUCH:
		if (find_leaf(table, op->ia, &level))
			model_flag(model, op->ia & ~(mz_span(f, level) - 1), mz_span(f, level),
				   MZ_ACCESSED | MZ_DIRTY);
		return MZ_OK;
	case OP_FILL:
		return model_fill(op, model, table);
	case OP_WRITE_PROTECT:
		model_write_protect(op, model, table);
		return MZ_OK;
	case OP_WRITE_ENABLE:
		return model_write_enable(op, model, table);
	default:
		return MZ_OK;
	}
}

void op_print(const struct op *op)
{
	unsigned long long ia = op->ia, bytes = op->bytes, oa = op->oa;

	switch (op->kind) {
	case OP_MAP:
		printf("mz_table_map(&t[%u], mz_ia_from(%#llx), %#llx, mz_oa_from(%#llx),"
		       " (struct mz_prop){%u, %u, %u});\n",
		       op->table, ia, bytes, oa, op->prop.perm, op->prop.memory, op->prop.flags);
		break;
	case OP_UNMAP:
		printf("mz_table_unmap(&t[%u], mz_ia_from(%#llx), %#llx, g[%u]);\n", op->table, ia,
		       bytes, op->table);
		break;
	case OP_PROTECT:
		printf("mz_table_protect(&t[%u], mz_ia_from(%#llx), %#llx, %u, g[%u]);\n",
		       op->table, ia, bytes, op->prop.perm, op->table);
		break;
	case OP_QUERY:
		printf("mz_table_query(&t[%u], mz_ia_from(%#llx));\n", op->table, ia);
		break;
	case OP_TOUCH:
		printf("touch(&t[%u], %#llx);\n", op->table, ia);
		break;
	case OP_FILL:
		printf("mz_table_fill(&t[%u], mz_ia_from(%#llx), &(struct mz_fill){.offset = %#llx,"
		       " .prop = {%u, %u, %u}, .level_max = %u});\n",
		       op->table, ia, oa - ia, op->prop.perm, op->prop.memory, op->prop.flags,
		       op->level);
		break;
	case OP_WRITE_PROTECT:
		printf("mz_table_write_protect(&t[%u], mz_ia_from(%#llx), %#llx, g[%u]);\n",
		       op->table, ia, bytes, op->table);
		break;
	case OP_WRITE_ENABLE:
		printf("mz_table_write_enable(&t[%u], mz_ia_from(%#llx), &(struct mz_writable)"
		       "{.level_max = %u, .gather = g[%u]});\n",
		       op->table, ia, op->level, op->table);
		break;
	default:
		printf("settle();\n");
		break;
	}
}
