/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A nested guest and its two stages of tables, made anew for every few tests. The second stage maps
 * the guest's memory one to one with all permissions; the guest's stage 1 maps its code page. What
 * is tested is added to both, far from these.
 */
#ifndef GUEST_MMU_WORLD_H
#define GUEST_MMU_WORLD_H

#include "guest/mmu/memory.h"
#include "guest/mmu/platform.h"

#define WORLD_PATCHES 16
#define WORLD_RANGES  16

/* An entry that was written past the library. */
struct patch {
	uint64_t *slot;
	uint64_t was;
	uint8_t cause; /* of the fault that the architecture wants; MZ_FAULT_UNKNOWN: none */
};

/* Without a nested guest: what stands for its stage 1. */
struct range {
	uint64_t va, end;
	mz_ia to;
};

struct world {
	const struct platform *platform;
	const struct stage *stage;
	const struct mz_format *stage1_format; /* NULL: there is no nested guest */
	struct mz_table *stage2;               /* what the guest runs under */
	struct mz_table own; /* which is this one, unless a space has it: tenant.h */
	struct mz_table stage1;
	bool flushing; /* changes of the second stage are flushed */
	bool flushed;  /* one has been, since this was cleared */
	/* Called when one has been, in the midst of a change; NULL: nobody wants to know. */
	void (*watch)(struct world *world);
	struct patch patches[WORLD_PATCHES];
	unsigned patch_count;
	struct range ranges[WORLD_RANGES];
	unsigned range_count;
};

/* Where the guest's code page is to the kernel. */
uint64_t world_code_va(const struct world *world);

/* Where the tests' own addresses begin: a subtree of the guest's tables that the code page is not
 * in. */
uint64_t world_va(const struct world *world);

/* Ends the run if there is an error: the scenarios ask for nothing that could fail. */
void must(enum mz_error error, const char *what);

void world_begin(struct world *world, const struct platform *platform, const struct stage *stage);

/*
 * The same in steps, for whoever brings the table: a world without one; what it must be made from;
 * with it in place, what the processor or the guest cannot be without.
 */
void world_open(struct world *world, const struct platform *platform, const struct stage *stage);
struct mz_config world_config(const struct world *world);
void world_furnish(struct world *world);

/* Undoes the patches, and destroys the tables; reports a failure if a node was lost. */
void world_end(struct world *world);

/* In steps: nothing walks the tables any more; all but the second stage goes. */
void world_leave(struct world *world);
void world_close(struct world *world);

/* The guest runs with these tables from now on. */
void world_use(struct world *world);

/* All permissions that a leaf of this stage can have. */
unsigned world_all_perm(const struct stage *stage);

/*
 * The properties of a leaf of the second stage: ordinary memory, for the user too where that is
 * said, with all flags that the MMU may ask for; and the same without accessed and dirty.
 */
struct mz_prop world_prop(const struct stage *stage, unsigned perm);
struct mz_prop world_clean_prop(const struct stage *stage, unsigned perm);

/* Adds to the second stage. */
void world_map(struct world *world, mz_ia gpa, uint64_t bytes, mz_oa oa, struct mz_prop prop);

/* Adds a page to the guest's stage 1; without a nested guest, notes what `va` stands for. */
void world_guest_map(struct world *world, uint64_t va, mz_ia gpa, unsigned perm, bool user);

/* What an address that was noted stands for. */
uint64_t world_noted(const struct world *world, uint64_t va);

/* log2 of the input addresses that can be tried: what the stage reaches, and the guest. */
unsigned world_limit_lg2(const struct platform *platform, const struct stage *stage);

/* The slot of the second stage that decides on gpa at this level; NULL: the walk ends above. */
uint64_t *world_slot(const struct world *world, mz_ia gpa, unsigned level);
/* The same of the guest's stage 1. */
uint64_t *world_guest_slot(const struct world *world, uint64_t va, unsigned level);

/* Writes an entry past the library, until world_end() or world_unpatch(). */
void world_patch(struct world *world, uint64_t *slot, uint64_t entry, uint8_t cause);
void world_unpatch(struct world *world);
/* The same, but for the first `count` patches. */
void world_unpatch_to(struct world *world, unsigned count);

/*
 * Moves the node of this level of the guest's tables, on the way to va, to the data frame `to`,
 * which the guest finds at `gpa`. It lies there until world_unpatch().
 */
void world_guest_move(struct world *world, uint64_t va, unsigned level, mz_oa to, mz_ia gpa);

/*
 * A guest-physical address that a leaf of this level would map to `oa`, in a subtree that nothing
 * else is in: apart at every level that has leaves, and at level `apart`. False: the guest's
 * addresses are too narrow for there to be one.
 */
bool world_target(const struct world *world, unsigned level, unsigned apart, mz_oa oa, mz_ia *gpa);

/* Maps a target by one leaf of this level. */
void world_map_target(struct world *world, unsigned level, mz_ia gpa, mz_oa oa,
		      struct mz_prop prop);

/* Maps the page at this address one to one, unless everything is mapped so already. */
void world_map_same(struct world *world, uint64_t at);

/* Maps the first data frame one to one, with all permissions, for what is not under test. */
mz_ia world_map_scratch(struct world *world);

/* Has the stage leaves at this level? */
bool stage_leaf_allowed(const struct stage *stage, unsigned level);

#endif
