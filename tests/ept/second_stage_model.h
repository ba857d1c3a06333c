/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What spaces should do, told by flat arrays: for each of some pages of a guest, which region it is
 * in, what is mapped there, and what a read must find. Contents are numbers, and frames hold them.
 *
 * There are up to four spaces, clones of one another, and consumers that each listen to one of
 * them. Their processors see them through caches (tests/tlb.h).
 */
#ifndef MZ_TESTS_EPT_SECOND_STAGE_MODEL_H
#define MZ_TESTS_EPT_SECOND_STAGE_MODEL_H

#include "ept/clone.h"
#include "ept/dirty.h"
#include "ept/huge.h"
#include "tests/guest.h"
#include "tests/rng.h"
#include "tests/sound.h"
#include "tests/tlb.h"

#define SPACES     4
#define LISTENERS  4
#define PROBES_MAX 40
#define ZONES      2
#define NOWHERE    UINT64_MAX

/* One of the pages that are looked at. */
struct page {
	bool there; /* a region is */
	bool supplied;
	uint8_t perm; /* of its region, as that says */
	enum mz_region_kind kind, former;
	uint64_t backing;  /* the frame that follows from the address, or NOWHERE */
	uint64_t frame;    /* the frame that is mapped, or NOWHERE */
	uint64_t contents; /* what a read must find */
};

struct member {
	struct guest guest;
	bool alive;
	struct page pages[PROBES_MAX];
};

/* A consumer. Sets of pages are bits by their number. */
struct listener {
	struct mz_dirty dirty;
	struct member *of;  /* NULL: not started */
	uint64_t owed;      /* written since it was collected */
	uint64_t taken;     /* collected of that, and not committed */
	uint64_t may_owe;   /* in leaves that may have been written since */
	uint64_t may_taken; /* and were collected */
};

/* A part of the addresses in which regions are. */
struct zone {
	uint64_t ia, bytes;
	uint64_t offset; /* of the memory that backs it, in that of all zones */
};

struct model_world {
	struct fixture x;
	struct sound sound;
	struct rng rng;
	struct member members[SPACES];
	struct listener listeners[LISTENERS];
	struct zone zones[ZONES];
	uint64_t probes[PROBES_MAX]; /* addresses of pages, in order */
	unsigned probe_count;
	unsigned big_level;     /* of the smallest large leaf, or 1 */
	uint64_t big;           /* its size; where there is none, 16 pages */
	struct member *at_work; /* whose fault is being answered */
	uint64_t written_count; /* numbers that were written so far */
	uint64_t late;          /* pages that were written in this step by a walk of their own */
	unsigned pending;       /* permissions that a change is about to give */
	bool adding;  /* a region is being added and populated, which may come to nothing */
	bool nested;  /* a hook of the backing has done something by itself */
	bool refused; /* and one has had no frame */
};

extern struct model_world world;

enum mode {
	MODE_FAULTS,   /* writes are told by faults */
	MODE_FLAGS,    /* and by flags of the MMU, if there are such */
	MODE_BREAKING, /* the same, and the format breaks before it makes */
	MODES,
};

/* Makes one space. */
void world_begin(int number, enum mode mode, uint64_t seed);
void world_end(void);

/* The pages of [first, last], as bits. */
uint64_t pages_in(uint64_t first, uint64_t last);

bool by_hardware(void);
bool chance(unsigned of);

/* What the region of a page lets the guest do. */
unsigned perm_of(const struct page *page);

/* Nothing is mapped in [first, last] any more. */
void page_dropped(struct page *page);
void pages_dropped(struct member *member, uint64_t first, uint64_t last);

/* A number is written into a frame that `member` has mapped by this page. */
void page_written(struct member *member, unsigned page, uint64_t oa);

/* Leaves of [first, last] may be written now, so they may be told of. */
void may_be_told(const struct member *member, uint64_t first, uint64_t last);

/* Fails the test unless all that can be seen is as it should be. `all`: every node of all spaces.
 */
void world_check(const struct member *touched, bool all);

/* ---- Steps: tests/ept/second_stage_ops.c ---- */

/* Does something, and says in `text` what. Answers in which space. */
struct member *second_stage_step(char *text, size_t bytes);

/* No consumer listens to the space any more, and no processor uses it. */
void retire_member(struct member *member);

/* ---- Memory: tests/ept/second_stage_memory.c ---- */

extern const struct mz_backing world_backing;

void memory_begin(void);
uint64_t contents_of(uint64_t oa);
void set_contents(uint64_t oa, uint64_t contents);

/* Memory behind the zones that no living space has; false: there is none left. */
bool free_memory(uint64_t *oa);

/* Does no living space have a part of this memory by its address? */
bool memory_is_free(uint64_t first, uint64_t bytes);

/* Was this frame handed out for the page at ia? */
bool was_handed_out(uint64_t oa, uint64_t ia);

/* Fails the test if what was handed out in this step is neither mapped nor back. */
void memory_check(void);

#endif
