/* SPDX-License-Identifier: MPL-2.0 */
/* What every state must stand: to be cut off anywhere, and to have any of its bits turned. */
#ifndef MZ_TESTS_VMM_SAVED_H
#define MZ_TESTS_VMM_SAVED_H

#include "vmm/base/state.h"

/* A thing that has a state. */
struct saved_thing {
	void (*go_over)(void *thing, struct mz_state *state);
	void *thing;
};

/* Saves it; mz_state_free() follows. */
struct mz_state saved_of(const struct saved_thing *of);

/* As mz_state_end(). */
int saved_load(const struct saved_thing *into, const void *bytes, size_t size,
	       struct mz_failure *failure);

/* The same, and nothing is wrong. */
void saved_put_back(const struct saved_thing *into, const struct mz_state *saved);

/* Cut off anywhere, it is refused. */
void saved_cut_anywhere(const struct saved_thing *into, const struct mz_state *saved);

/*
 * Turns some bits each time and loads that; what is loaded must be refused or usable, which `use`
 * finds out. The seed is printed.
 */
void saved_turn_bits(const struct saved_thing *into, const struct mz_state *saved, unsigned rounds,
		     void (*use)(void));

#endif
