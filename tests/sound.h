/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The invariants of tables that are looked at after every step of a long run. Answers what
 * mz_table_check() does, but remembers what each node held when its rules were found to hold, and
 * asks for them again only when a byte of that has changed.
 */
#ifndef MZ_TESTS_SOUND_H
#define MZ_TESTS_SOUND_H

#include "core/check.h"

struct sound_node;

/* For tables of one configuration, which may share nodes. Zero to begin with. */
struct sound {
	struct sound_node *nodes; /* by frame */
	uint32_t count;
};

struct mz_violation sound_check(struct sound *sound, const struct mz_table *table);
void sound_destroy(struct sound *sound);

#endif
