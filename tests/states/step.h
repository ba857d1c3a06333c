/* SPDX-License-Identifier: MPL-2.0 */
/* A step: one operation on the table, what it does to the model, and whether the two agree. */
#ifndef MZ_TESTS_STATES_STEP_H
#define MZ_TESTS_STATES_STEP_H

#include "tests/states/world.h"

enum step_kind {
	STEP_MAP,
	STEP_UNMAP,
	STEP_PROTECT,
	STEP_TOUCH,          /* the MMU sets accessed and dirty; on one page only */
	STEP_CURSOR_TAKE,    /* takes the first thing in the range */
	STEP_CURSOR_PROTECT, /* leaf by leaf */
	STEP_CURSOR_REPLACE, /* takes all, maps the first page */
	STEP_KINDS,
};

struct step {
	unsigned kind, first, count; /* in pages */
	unsigned shift, perm;        /* where they count */
};

/* The step with this number; false: it makes no sense, or repeats another. */
bool step_at(const struct world *w, uint32_t number, struct step *step);

/* Numbers are below this. */
uint32_t step_end(const struct world *w);

/*
 * Takes the step from the state, then again with each of its allocations failing. `state` is the
 * state after. Answers what is wrong, or NULL.
 */
const char *step_take(struct world *w, const struct step *step, struct state *state);

#endif
