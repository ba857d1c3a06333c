/* SPDX-License-Identifier: MPL-2.0 */
/* The states that were met, in the order in which they were, and how each was come to. */
#ifndef MZ_TESTS_STATES_SEEN_H
#define MZ_TESTS_STATES_SEEN_H

#include "tests/states/world.h"

/* How many can be kept. Memory follows use. */
#ifndef STATES_MAX
#define STATES_MAX (1u << 23)
#endif

struct seen {
	struct state state;
	uint32_t parent; /* the number of the state before the step; the first is its own */
	uint32_t step;   /* which step led here */
};

/* Forgets all. */
void seen_reset(void);

/* Adds a state unless it is there. False: there is no room for it. */
bool seen_add(const struct state *state, uint32_t parent, uint32_t step);

uint32_t seen_count(void);
const struct seen *seen_at(uint32_t number);

#endif
