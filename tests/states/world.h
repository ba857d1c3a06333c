/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A table in a memory so small that all of it can be written down as a state: one byte an entry, a
 * node before its children. A state is put into memory and read back without the library's help.
 */
#ifndef MZ_TESTS_STATES_WORLD_H
#define MZ_TESTS_STATES_WORLD_H

#include "core/gather.h"
#include "core/table.h"

#define WORLD_PAGES 16 /* no geometry has more */
#define WORLD_NODES 32
#define STATE_BYTES 20 /* nor more entries, in all nodes that it can have */

/* Page n is mapped to page n or n + 1 from here on: the one can have large leaves. */
#define WORLD_OA     0x500000000u
#define WORLD_SHIFTS 2

struct state {
	uint8_t codes[STATE_BYTES];
};

/* What a page translates to: the flat model. */
struct flat {
	uint8_t codes[WORLD_PAGES]; /* CODE_ABSENT, or that of a leaf */
};

/* The code of an entry. Of a leaf: CODE_LEAF + shift + 2 * permissions + 16 * flags. */
enum { CODE_ABSENT, CODE_LINK, CODE_LEAF };

static inline uint8_t code_of(unsigned shift, unsigned perm, unsigned flags)
{
	return (uint8_t)(CODE_LEAF + shift + 2 * perm + 16 * flags);
}

static inline unsigned code_perm(unsigned code)
{
	return (code - CODE_LEAF) / 2 % 8;
}

static inline unsigned code_shift(unsigned code)
{
	return (code - CODE_LEAF) % 2;
}

struct world {
	struct mz_format format;
	unsigned page_count;
	unsigned shifts; /* how many of them steps use */
	struct mz_table table;
	bool live[WORLD_NODES];
	unsigned alloc_count;                 /* allocations since the last restore */
	unsigned fail_at;                     /* the number of the one that fails; 0: none */
	int refs[WORLD_PAGES + WORLD_SHIFTS]; /* to mapped memory, by output page */
	bool flushed[WORLD_PAGES];            /* since the last restore */
};

/* Bits of what a table has. */
enum {
	WORLD_HARDWARE_FLAGS = 1, /* an MMU that sets accessed and dirty by itself */
	WORLD_TRACKED = 2,        /* references to what it maps */
};

/* Makes the empty table. */
void world_init(struct world *w, const struct mz_format *format, unsigned has, unsigned shifts);

uint64_t world_bytes(const struct world *w, unsigned page_count);

/* Puts a state into memory: all that is not part of it is free, and full of a pattern. */
void world_restore(struct world *w, const struct state *state);

/*
 * Reads the state back. Answers what is wrong with it: a count, a lock, a reference, a node that
 * was lost, or written to when it was free. NULL: nothing.
 */
const char *world_read(const struct world *w, struct state *state, struct flat *flat);

/* Sets accessed and dirty in the leaf that maps the page, as an MMU would; false: there is none. */
bool world_touch(struct world *w, unsigned page);

#endif
