/* SPDX-License-Identifier: MPL-2.0 */
/* What the threads of a program share, besides the memory of nodes. */
#ifndef MZ_TESTS_EXPLORE_WORLD_H
#define MZ_TESTS_EXPLORE_WORLD_H

#include "tests/explore/memory.h"
#include "tests/explore/program.h"
#include "tests/explore/tiny.h"

struct world {
	struct mz_space spaces[2];                    /* the second is a clone of the first */
	struct mz_worker workers[2][THREADS_MAX + 1]; /* the last begins and ends the program */
	struct mz_region regions[2];
	struct mz_processor processor;
	unsigned on[THREADS_MAX + 1];   /* by thread: the space that it works on */
	unsigned flags;                 /* of the program */
	bool destroyed;                 /* the first space's table */
	bool cloned, clone_works;       /* there is a second; and it has workers, or had */
	int items[MEMORY_CONTENTS];     /* by output page: how often it is taken, */
	bool touched[MEMORY_CONTENTS];  /* did the MMU write to it, */
	bool reported[MEMORY_CONTENTS]; /* and was that told when it was unmapped */
};

extern struct world world;

/* What a thread works on. */
static inline struct mz_table *table_of(unsigned thread)
{
	return &world.spaces[world.on[thread]].table;
}

/* Every thread maps to memory of its own: who mapped a page can be told from its address. */
static inline mz_oa world_oa(unsigned thread, uint64_t ia)
{
	return mz_oa_from((thread + 1) * PAGES_MAX * TINY_PAGE + ia);
}

/* `count` consecutive leaves are no longer mapped, of which this was the first. */
void world_note_dirty(struct mz_item item, unsigned count);

/* Reads an action such as "map 0+4 rw"; the text is used up. False: it is none. */
bool action_parse(struct action *action, char *text);

#endif
