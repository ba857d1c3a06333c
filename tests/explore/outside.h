/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What threads share besides nodes and their metadata: processors, which are busy with one access
 * at a time, what is in the memory that tables map, and a few words and locks of spaces.
 */
#ifndef MZ_TESTS_EXPLORE_OUTSIDE_H
#define MZ_TESTS_EXPLORE_OUTSIDE_H

#include "tests/explore/memory.h"

/* Numbers of objects: a processor for each thread, frames, then words and locks. */
#define OUTSIDE_FRAMES THREADS_MAX
#define OUTSIDE_WORDS  (OUTSIDE_FRAMES + MEMORY_FRAMES)

/* Before a program: no words yet. Before a run: nobody has touched or locked anything. */
void outside_forget(void);
void outside_clear(void);

/* A word, or a lock, that threads share. */
void outside_share(const void *place);

/* The object at this place, or MEMORY_OBJECTS. */
unsigned outside_find(const void *place);

/* A number's object. */
static inline unsigned outside_object(unsigned number)
{
	return MEMORY_OUTSIDE + number;
}

/* Of an object. Loads acquire, and stores release. */
void outside_lock(unsigned object);
void outside_unlock(unsigned object);
void outside_load(unsigned object);
void outside_store(unsigned object);

/* "frame 2", in a buffer of the caller's. */
void outside_text(unsigned object, char *text, unsigned bytes);

/* Can a lock be taken? Has a word that is waited for become 0? */
bool outside_lock_free(unsigned object);
bool outside_is_zero(unsigned object);

/* The running thread has seen a word that is not 0, and spins until it is. */
void outside_wait(void);

#endif
