// SPDX-License-Identifier: MPL-2.0
#include "tests/states/step.h"

#include "core/cursor.h"
#include "core/geometry.h"

static const unsigned perms[] = {MZ_READ, MZ_READ | MZ_WRITE};

#define PERMS (sizeof(perms) / sizeof(perms[0]))

uint32_t step_end(const struct world *w)
{
	return STEP_KINDS * w->page_count * w->page_count * WORLD_SHIFTS * (uint32_t)PERMS;
}

bool step_at(const struct world *w, uint32_t number, struct step *step)
{
	unsigned perm = number % PERMS, pages_lg2 = w->format.ia_lg2 - w->format.page_lg2;
	bool any_perm, any_shift;

	number /= PERMS;
	step->shift = number % WORLD_SHIFTS;
	number /= WORLD_SHIFTS;
	step->first = number & (w->page_count - 1);
	number >>= pages_lg2;
	step->count = 1 + (number & (w->page_count - 1));
	step->kind = number >> pages_lg2;
	step->perm = perms[perm];
	any_shift = step->kind == STEP_MAP || step->kind == STEP_CURSOR_REPLACE;
	any_perm = any_shift || step->kind == STEP_PROTECT || step->kind == STEP_CURSOR_PROTECT;
	if (step->kind == STEP_TOUCH &&
	    (step->count != 1 || (w->table.config.features & MZ_HW_ACCESSED_DIRTY) == 0))
		return false;
	return step->first + step->count <= w->page_count &&
		step->shift < (any_shift ? w->shifts : 1) && (any_perm || perm == 0);
}

static mz_ia ia_of(const struct world *w, unsigned page)
{
	return mz_ia_from(world_bytes(w, page));
}

static mz_oa oa_of(const struct world *w, const struct step *step)
{
	return mz_oa_from(WORLD_OA + world_bytes(w, step->first + step->shift));
}

/* ---- On the table --------------------------------------------------------------------------- */

static enum mz_error replace(struct mz_cursor *cursor, const struct world *w,
			     const struct step *step)
{
	uint64_t bytes = world_bytes(w, step->count);
	struct mz_fragment fragment;
	enum mz_error error;

	do {
		error = mz_cursor_take_next(cursor, bytes, &fragment);
		if (error != MZ_OK)
			return error;
	} while (fragment.kind != MZ_ABSENT);
	error = mz_cursor_jump(cursor, ia_of(w, step->first));
	if (error != MZ_OK)
		return error;
	return mz_cursor_map(cursor, oa_of(w, step), 1, mz_prop_from(step->perm));
}

static enum mz_error protect_each(struct mz_cursor *cursor, const struct world *w,
				  const struct step *step)
{
	struct mz_fragment fragment;
	enum mz_error error;

	do
		error = mz_cursor_protect_next(cursor, world_bytes(w, step->count), step->perm,
					       &fragment);
	while (error == MZ_OK && fragment.kind != MZ_ABSENT);
	return error;
}

/* `taken` is what a STEP_CURSOR_TAKE has taken. */
static enum mz_error with_cursor(struct world *w, const struct step *step,
				 struct mz_fragment *taken)
{
	uint64_t bytes = world_bytes(w, step->count);
	struct mz_gather gather;
	struct mz_cursor cursor;
	enum mz_error error;

	mz_gather_init(&gather, &w->table);
	error = mz_cursor_open(&cursor, &w->table, ia_of(w, step->first), bytes, &gather);
	if (error != MZ_OK)
		return error;
	if (step->kind == STEP_CURSOR_TAKE)
		error = mz_cursor_take_next(&cursor, bytes, taken);
	else if (step->kind == STEP_CURSOR_PROTECT)
		error = protect_each(&cursor, w, step);
	else
		error = replace(&cursor, w, step);
	mz_cursor_close(&cursor);
	mz_gather_finish(&gather);
	return error;
}

static enum mz_error apply(struct world *w, const struct step *step, struct mz_fragment *taken)
{
	mz_ia ia = ia_of(w, step->first);
	uint64_t bytes = world_bytes(w, step->count);

	switch (step->kind) {
	case STEP_MAP:
		return mz_table_map(&w->table, ia, bytes, oa_of(w, step), mz_prop_from(step->perm));
	case STEP_UNMAP:
		return mz_table_unmap(&w->table, ia, bytes, NULL);
	case STEP_PROTECT:
		return mz_table_protect(&w->table, ia, bytes, step->perm, NULL);
	case STEP_TOUCH:
		world_touch(w, step->first);
		return MZ_OK;
	default:
		return with_cursor(w, step, taken);
	}
}

/* ---- On the model --------------------------------------------------------------------------- */

static void clear(struct flat *flat, unsigned first, unsigned count)
{
	for (unsigned page = first; page < first + count; page++)
		flat->codes[page] = CODE_ABSENT;
}

static void protect(struct flat *flat, const struct step *step)
{
	for (unsigned page = step->first; page < step->first + step->count; page++) {
		uint8_t *code = &flat->codes[page];

		if (*code != CODE_ABSENT)
			*code = code_of(code_shift(*code), step->perm, (*code - CODE_LEAF) / 16u);
	}
}

/* All pages of the leaf that maps the page: the table says how far it reaches. */
static void touch(struct flat *flat, const struct world *w, unsigned page)
{
	unsigned level = mz_table_query(&w->table, ia_of(w, page)).level;
	unsigned count;

	if (level == 0)
		return;
	count = (unsigned)(mz_span(&w->format, level) >> w->format.page_lg2);
	page &= ~(count - 1);
	for (unsigned end = page + count; page < end; page++) {
		unsigned code = flat->codes[page];

		flat->codes[page] = code_of(code_shift(code), code_perm(code),
					    MZ_ACCESSED | MZ_DIRTY);
	}
}

static enum mz_error expect(struct flat *flat, const struct world *w, const struct step *step)
{
	switch (step->kind) {
	case STEP_MAP:
		for (unsigned i = 0; i < step->count; i++)
			if (flat->codes[step->first + i] != CODE_ABSENT)
				return MZ_OCCUPIED;
		for (unsigned i = 0; i < step->count; i++)
			flat->codes[step->first + i] = code_of(step->shift, step->perm, 0);
		return MZ_OK;
	case STEP_PROTECT:
	case STEP_CURSOR_PROTECT:
		protect(flat, step);
		return MZ_OK;
	case STEP_TOUCH:
		touch(flat, w, step->first);
		return MZ_OK;
	case STEP_CURSOR_REPLACE:
		clear(flat, step->first, step->count);
		flat->codes[step->first] = code_of(step->shift, step->perm, 0);
		return MZ_OK;
	case STEP_UNMAP:
		clear(flat, step->first, step->count);
		return MZ_OK;
	default:
		return MZ_OK; /* what a cursor takes first, it tells */
	}
}

/* Takes out of the model what the cursor says that it took, if that was the first thing there. */
static const char *expect_taken(struct flat *flat, const struct world *w, const struct step *step,
				const struct mz_fragment *taken)
{
	unsigned end = step->first + step->count, page = step->first;
	unsigned first = (unsigned)(taken->ia.addr >> w->format.page_lg2);
	unsigned count = (unsigned)(taken->bytes >> w->format.page_lg2);

	while (page < end && flat->codes[page] == CODE_ABSENT)
		page++;
	if (page == end || taken->kind == MZ_ABSENT)
		return (page == end) == (taken->kind == MZ_ABSENT) ? NULL
								   : "a cursor takes nothing";
	if (page < first || page >= first + count || first < step->first || first + count > end)
		return "a cursor takes something else than the first thing in its range";
	if (taken->kind == MZ_LEAF &&
	    (first != page || taken->item.prop.perm != code_perm(flat->codes[page]) ||
	     taken->item.oa.addr !=
		     WORLD_OA + world_bytes(w, page + code_shift(flat->codes[page]))))
		return "a cursor takes another leaf than it says";
	clear(flat, first, count);
	return NULL;
}

/* ---- Do they agree? ------------------------------------------------------------------------- */

static bool same_flat(const struct world *w, const struct flat *a, const struct flat *b)
{
	for (unsigned page = 0; page < w->page_count; page++)
		if (a->codes[page] != b->codes[page])
			return false;
	return true;
}

static bool same_state(const struct state *a, const struct state *b)
{
	for (unsigned i = 0; i < STATE_BYTES; i++)
		if (a->codes[i] != b->codes[i])
			return false;
	return true;
}

static bool queries_agree(const struct world *w, const struct flat *flat)
{
	for (unsigned page = 0; page < w->page_count; page++) {
		struct mz_item item = mz_table_query(&w->table, ia_of(w, page));
		unsigned code = flat->codes[page];
		uint64_t oa = WORLD_OA + world_bytes(w, page + code_shift(code));

		if ((item.level != 0) != (code != CODE_ABSENT))
			return false;
		if (code != CODE_ABSENT &&
		    (item.oa.addr != oa || item.prop.perm != code_perm(code)))
			return false;
	}
	return true;
}

/* Is each translation dropped that a processor may have cached and that allows too much now? */
static bool flushed_enough(const struct world *w, const struct flat *before,
			   const struct flat *after)
{
	for (unsigned page = 0; page < w->page_count; page++) {
		unsigned was = before->codes[page], is = after->codes[page];

		if (was == CODE_ABSENT || w->flushed[page])
			continue;
		if (is == CODE_ABSENT || code_shift(was) != code_shift(is) ||
		    (code_perm(was) & ~code_perm(is)) != 0)
			return false;
	}
	return true;
}

/* Once more from `state`, with allocation number `fail_at` failing. */
static const char *fail(struct world *w, const struct step *step, const struct state *state,
			unsigned fail_at)
{
	struct mz_fragment taken;
	struct state after;
	struct flat flat;
	enum mz_error error;
	const char *broken;

	world_restore(w, state);
	w->fail_at = fail_at;
	error = apply(w, step, &taken);
	w->fail_at = 0;
	broken = world_read(w, &after, &flat);
	if (broken != NULL)
		return broken;
	if (error != MZ_NO_MEMORY)
		return "a failed allocation is not reported";
	/* A cursor of several steps keeps those that were done. */
	if (step->kind <= STEP_CURSOR_TAKE && !same_state(state, &after))
		return "an operation that failed has changed something";
	return NULL;
}

const char *step_take(struct world *w, const struct step *step, struct state *state)
{
	struct mz_fragment taken = {.kind = MZ_ABSENT};
	const struct state before = *state;
	struct flat flat_before, model, flat;
	enum mz_error error, expected;
	const char *broken;
	unsigned alloc_count;

	world_restore(w, &before);
	broken = world_read(w, state, &flat_before);
	if (broken != NULL || !same_state(&before, state))
		return "the test itself is wrong";
	model = flat_before;
	expected = expect(&model, w, step);
	error = apply(w, step, &taken);
	alloc_count = w->alloc_count;
	broken = world_read(w, state, &flat);
	if (broken != NULL)
		return broken;
	if (error != expected)
		return "another answer than the model's";
	if (step->kind == STEP_CURSOR_TAKE)
		broken = expect_taken(&model, w, step, &taken);
	if (broken != NULL)
		return broken;
	if (!same_flat(w, &model, &flat))
		return "the table translates otherwise than the model";
	if (!queries_agree(w, &flat))
		return "a query answers otherwise than the table";
	if (!flushed_enough(w, &flat_before, &flat))
		return "a flush is missing";
	for (unsigned i = 1; i <= alloc_count && broken == NULL; i++)
		broken = fail(w, step, &before, i);
	return broken;
}
