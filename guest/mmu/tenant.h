/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A guest that lives in a space: its second stage is a space's table, its own memory and the memory
 * under test are regions, and what the second stage stops goes to mz_space_fault(), as the
 * platform's decoder tells it.
 */
#ifndef GUEST_MMU_TENANT_H
#define GUEST_MMU_TENANT_H

#include "ept/space.h"
#include "guest/mmu/judge.h"

#define TENANT_PAGES 4u /* of the second stage, under test; all may lie in one leaf */
#define TENANT_HOMES 3u

struct home {
	struct mz_space space;
	struct mz_worker worker;
	struct mz_region regions[2];
};

struct tenant {
	struct world world;
	struct stage stage; /* as the space has it */
	struct home homes[TENANT_HOMES];
	struct home *home; /* in which the guest runs; its space has this table */
	unsigned level;    /* of the leaves that map the pages under test */
	uint64_t page;     /* bytes of a page */
	/* The first page under test: where it is, where it is mapped, and what its first frame is
	 * to the guest. Those of the next pages follow. */
	mz_oa oa;
	mz_ia gpa;
	uint64_t va;
};

/* What came of an access, all faults on the way answered. */
struct stay {
	struct verdict verdict; /* of the last try */
	enum mz_answer answer;  /* the last one that was not MZ_RESOLVED, or that */
	const char *known;      /* a known deviation of a try before */
	unsigned faults;        /* of the access itself, */
	unsigned walk_faults;   /* and of the guest's page walk */
};

/*
 * The guest moves into a space with one region of ordinary memory, which leaves of `level` may map.
 * Leaves have the permissions and flags of `prop`. `without`: features that the space does without.
 * Nothing of the region is mapped yet. False: the guest's addresses do not reach so far; there is
 * nothing to end.
 */
bool tenant_begin(struct tenant *tenant, const struct platform *platform, const struct stage *stage,
		  unsigned level, uint32_t without, struct mz_prop prop);

/* The same with what backs the memory, and who owns what is mapped; both may be NULL. */
bool tenant_begin_backed(struct tenant *tenant, const struct platform *platform,
			 const struct stage *stage, unsigned level, struct mz_prop prop,
			 const struct mz_backing *backing, const struct mz_items *items);

/* Destroys what is left of the spaces, and makes the frames under test what they were. */
void tenant_end(struct tenant *tenant);

/* Destroys a home that the guest is not in. */
void home_end(struct home *home);

/* The guest runs in this home from now on. */
void tenant_move(struct tenant *tenant, struct home *home);

/*
 * All pages of a leaf make a set, which takes memory; where all is the processor's own, and a
 * hypervisor may emulate that, also time. Is that to be had for leaves of this level?
 */
bool tenant_has_sets(const struct platform *platform, const struct stage *stage, unsigned level);

/* Where the region under test begins, and its size. */
mz_ia tenant_first(const struct tenant *tenant);
uint64_t tenant_bytes(const struct tenant *tenant);

/* Flags of the region's leaves are cleared, and flushed; nobody is told of them. */
void tenant_forget(struct tenant *tenant, unsigned flags);

/* An access to the n-th page under test; of reads, to the word that writes go to. */
struct access tenant_access(const struct tenant *tenant, unsigned n, unsigned kind);

/* Makes it. */
struct stay tenant_try(struct tenant *tenant, const struct access *access);

/* Reports the named test: the access was carried out after so many faults of its own. */
void tenant_report(const struct stay *stay, unsigned faults);

/* Names a test of the tenant, at its level. */
void tenant_name(const struct tenant *tenant, const char *what);

#endif
