/* SPDX-License-Identifier: MPL-2.0 */
/* The words about clones: a program has one, of its space, from the beginning or made by a thread.
 */
#ifndef MZ_TESTS_EXPLORE_CLONES_H
#define MZ_TESTS_EXPLORE_CLONES_H

#include "tests/explore/program.h"

/* A thread makes the clone: before the program, the gate of the space becomes one to be explored.
 */
void clones_share_gate(void);

void clones_make(const struct action *action, unsigned thread);
void clones_own(const struct action *action, unsigned thread);
void clones_switch(const struct action *action, unsigned thread);
void clones_drop(const struct action *action, unsigned thread);

#endif
