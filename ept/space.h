/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A space: the physical address space of a guest. It owns a second-stage table and knows which
 * regions the guest has; the table holds what the guest may touch at this moment.
 *
 * Regions are added while no other call is under way. Faults, populating and queries may run on any
 * number of processors at once.
 */
#ifndef MZ_EPT_SPACE_H
#define MZ_EPT_SPACE_H

#include "core/table.h"

#ifdef __cplusplus
extern "C" {
#endif

enum mz_region_kind {
	MZ_REGION_RAM,  /* read, write, execute */
	MZ_REGION_ROM,  /* read, execute */
	MZ_REGION_MMIO, /* never mapped: every access is answered by its device */
	MZ_REGION_KINDS,
};

/* A part of the space. For RAM and ROM, [oa, oa + bytes) is what backs it. */
struct mz_region {
	mz_ia ia;
	uint64_t bytes;
	mz_oa oa;
	enum mz_region_kind kind;
	unsigned leaf_level_max; /* the largest leaf that a fault may map; 0: as large as the table
				    allows */
	void *owner;             /* the caller's */
};

/* The answer to an access that the hardware could not do by itself. */
enum mz_answer {
	MZ_RESOLVED,  /* mapped now: do the access again */
	MZ_RETRY,     /* was mapped already: do the access again */
	MZ_MMIO,      /* `region` is a device: let it answer */
	MZ_DENIED,    /* not allowed: `cause` says why */
	MZ_EXHAUSTED, /* out of memory for nodes; nothing has changed */
	MZ_ANSWERS,
};

enum mz_denial {
	MZ_DENIAL_NONE,
	MZ_DENIAL_NO_REGION,  /* nothing is at that address */
	MZ_DENIAL_READ_ONLY,  /* a write to ROM */
	MZ_DENIAL_PERMISSION, /* mapped, but protected against this kind of access */
	MZ_DENIALS,
};

struct mz_fault {
	const struct mz_region *region; /* where the access goes; NULL where nothing is */
	enum mz_denial cause;
	mz_ia ia;            /* resolved, retry: the first address that the leaf maps, */
	uint64_t bytes;      /* how much it maps, */
	struct mz_item item; /* and what */
};

/* How often each answer was given. */
struct mz_space_stats {
	uint64_t answers[MZ_ANSWERS];
	uint64_t denials[MZ_DENIALS];
	uint64_t mapped[MZ_LEVELS_MAX + 1]; /* leaves that faults have mapped, by level */
};

/*
 * Counters are kept apart by 1 GiB of addresses, so that processors that fault in different memory
 * do not wait for each other's cache lines.
 */
#define MZ_SPACE_SHARDS 8

struct mz_space_shard {
	struct mz_space_stats stats;
	uint64_t apart[8]; /* a cache line that nobody uses, wherever the space lies */
};

struct mz_space {
	struct mz_table table;
	struct mz_region *regions; /* sorted by ia */
	size_t region_count, region_max;
	struct mz_space_shard shards[MZ_SPACE_SHARDS];
};

/*
 * Makes a space without regions. `regions` is room for `region_max` of them and stays the caller's;
 * it must outlive the space. Errors as for mz_table_init().
 */
MZ_MUST_CHECK enum mz_error mz_space_init(struct mz_space *space, const struct mz_config *config,
					  struct mz_region *regions, size_t region_max);

/* Drops the table. The regions' memory is the caller's business. */
void mz_space_destroy(struct mz_space *space);

/*
 * Adds a region; the description is copied. MZ_MISALIGNED: ia, bytes or oa is not a multiple of the
 * page. MZ_OUT_OF_RANGE: empty, wraps, or beyond the table or the format. MZ_OVERLAP: meets another
 * region. MZ_FULL. MZ_BAD_CONFIG: no such kind.
 */
MZ_MUST_CHECK enum mz_error mz_space_add(struct mz_space *space, const struct mz_region *region);

/* The region that gpa lies in, or NULL. */
const struct mz_region *mz_space_find(const struct mz_space *space, mz_ia gpa);

/*
 * The one way in for hardware violations, KVM exits and userfaultfd events: the guest wants to do
 * `access` (one of enum mz_perm) at `gpa`. Maps the largest leaf that region, alignment and what is
 * mapped already allow. `fault` says what was done or why not.
 */
enum mz_answer mz_space_fault(struct mz_space *space, mz_ia gpa, enum mz_perm access,
			      struct mz_fault *fault);

/*
 * Maps all of [gpa, gpa + bytes) that lies in RAM and ROM and is not mapped yet, as faults would.
 * MZ_NO_MEMORY: what was mapped until then stays. MZ_OUT_OF_RANGE: empty or wraps.
 */
MZ_MUST_CHECK enum mz_error mz_space_populate(struct mz_space *space, mz_ia gpa, uint64_t bytes);

/* The numbers so far; each is exact when no fault is under way. */
struct mz_space_stats mz_space_stats(const struct mz_space *space);

const char *mz_answer_text(enum mz_answer answer);
const char *mz_denial_text(enum mz_denial cause);
const char *mz_region_kind_text(enum mz_region_kind kind);

#ifdef __cplusplus
}
#endif

#endif
