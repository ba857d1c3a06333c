/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A space: the physical address space of a guest. It owns a second-stage table and knows which
 * regions the guest has; the table holds what the guest may touch at this moment.
 *
 * Faults, populating and queries may run on any number of processors at once, each with a worker of
 * its own, and beside any change of the space if the table has RCU hooks, `wait` among them. A
 * change of regions waits until the faults under way are answered, and holds the next ones up
 * until it is made; it may not be asked for inside a reader's section. Without RCU hooks, changes
 * come when nothing else is under way.
 *
 * Devices are not mapped. But where the table has MZ_MMIO_MARKERS, a fault puts a marker there, a
 * leaf with MZ_WRITE and without MZ_READ, by which the processor tells the next access from one to
 * a hole. Item hooks, and who is told of what is unmapped, meet markers too.
 */
#ifndef MZ_EPT_SPACE_H
#define MZ_EPT_SPACE_H

#include "core/fault.h"
#include "core/gather.h"
#include "core/reserve.h"
#include "core/table.h"
#include "ept/regions.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The answer to an access that the hardware could not do by itself. */
enum mz_answer {
	MZ_RESOLVED,  /* mapped or made writable now: do the access again */
	MZ_RETRY,     /* was allowed already: do the access again; where a fault does not drop what
			 is cached (Arm, RISC-V), drop it first, on this processor */
	MZ_MMIO,      /* `region` is a device: let it answer */
	MZ_DENIED,    /* not allowed: `cause` says why */
	MZ_EXHAUSTED, /* out of memory; what the guest may do has not changed */
	MZ_ANSWERS,
};

enum mz_denial {
	MZ_DENIAL_NONE,
	MZ_DENIAL_NO_REGION,  /* nothing is at that address */
	MZ_DENIAL_READ_ONLY,  /* a write to ROM */
	MZ_DENIAL_PERMISSION, /* the memory is protected against this kind of access */
	MZ_DENIAL_LENT,       /* the memory is lent: in other hands */
	MZ_DENIAL_UNKNOWN,    /* the record has no address, or its cause is none for a page table */
	MZ_DENIALS,
};

/* What mz_space_fault() says beside its answer. */
struct mz_fault {
	enum mz_denial cause;
	enum mz_region_kind kind; /* of the region that the access goes to; MZ_REGION_KINDS: none */
	struct mz_region region; /* MMIO, and denied inside a region: where the access goes; else of
				    0 bytes */
	mz_ia ia;                /* resolved, retry: the first address that the leaf maps, */
	uint64_t bytes;          /* how much it maps; 0: it has changed meanwhile, */
	struct mz_item item;     /* and what; of level 0 then */
};

/* How often each answer was given. */
struct mz_space_stats {
	uint64_t answers[MZ_ANSWERS];
	uint64_t denials[MZ_DENIALS];
	uint64_t mapped[MZ_LEVELS_MAX + 1];    /* leaves that faults have mapped, by level */
	uint64_t written[MZ_LEVELS_MAX + 1];   /* leaves that faults made writable, by level */
	uint64_t split[MZ_LEVELS_MAX + 1];     /* leaves that a write has split, by level */
	uint64_t collapsed[MZ_LEVELS_MAX + 1]; /* leaves that were made of smaller ones, by level */
	uint64_t copied;                       /* pages that were copied before they were written */
};

/*
 * What backs the regions: frames for those that are `supplied`, and copies for clones. The hooks
 * may sleep: no lock is held, and no reader's section is open.
 */
struct mz_backing {
	void *context;
	/*
	 * A frame for the leaf of `*level` around ia, or of any level below it, which is put into
	 * `*level` then; ia is aligned to the level asked for. What is supplied belongs to
	 * the table once it is mapped. An error: the fault is answered with MZ_EXHAUSTED.
	 */
	enum mz_error (*supply)(void *context, const struct mz_region *region, mz_ia ia,
				unsigned *level, mz_oa *oa);
	/*
	 * The guest is about to write to a page that clones may have, too: `from` is mapped at ia.
	 * Answers a frame for the page that is this space's alone: `from.oa` again if nobody else
	 * has it, no space that maps it and none that has a region over it; otherwise another with
	 * the same contents. If what is mapped changes meanwhile, or is let be written, the answer
	 * is released, or the fault done again; `from` must stay readable until then. NULL: the
	 * space can't be cloned.
	 */
	enum mz_error (*copy)(void *context, const struct mz_region *region, mz_ia ia,
			      struct mz_item from, mz_oa *to);
	/* What was supplied or copied and is not going to be mapped: somebody else was faster. */
	void (*release)(void *context, const struct mz_region *region, mz_oa oa, unsigned level);
};

struct mz_age;
struct mz_dirty;
struct mz_worker;

struct mz_space {
	struct mz_table table;
	struct mz_regions regions;
	struct mz_backing backing;
	uint64_t version;           /* counts the changes that faults wait for */
	uint64_t changing;          /* 1: faults wait for one of them */
	uint32_t change_lock;       /* one change at a time */
	uint32_t list_lock;         /* of what follows */
	struct mz_worker *workers;  /* those at work */
	struct mz_space_stats gone; /* what those counted that are not any more */
	struct mz_dirty *consumers; /* who wants to know what is written */
	bool logged;                /* a log knows that, and faults need not tell */
	struct mz_age *agers;       /* and what is used */
	unsigned leaf_top;          /* the level of the largest leaves */
	unsigned written_level;     /* leaves above are split before they are written; 0: never */
	uint16_t fault_flags;       /* the MMU faults on leaves without these */
};

/*
 * Memory that a worker has met: all that the next fault there has to know of it, until the regions
 * change, or who is to hear of writes does.
 */
struct mz_near {
	uint64_t first, bytes; /* 0 bytes: none */
	uint64_t version;      /* of the space when it was met */
	uint64_t offset;       /* from an address to what backs it */
	struct mz_prop prop;   /* of its leaves; `perm` is all that the guest may do */
	unsigned level_max;    /* of its leaves */
	enum mz_region_kind kind;
};

/*
 * Who works on a space: a processor, or a thread. One call at a time uses a worker. It keeps what
 * others should not wait for: its counters, nodes set aside for its faults, and where it was last.
 */
struct mz_worker {
	struct mz_space *space;
	struct mz_worker *next;
	struct mz_reserve reserve;
	struct mz_space_stats stats;
	struct mz_near near;
	uint64_t copying; /* under the list lock: 1 more than the page that is copied for it; 0:
			     none, or the copy is old: see ept/copies.h */
};

/*
 * Makes a space without regions. `regions` is room for `region_max` of them and stays the caller's;
 * it must outlive the space. `backing` may be NULL if no region is going to be supplied. Errors as
 * for mz_table_init(); MZ_BAD_HOOKS too where there are RCU hooks but no `wait`, or a backing
 * without `release`.
 */
MZ_MUST_CHECK enum mz_error mz_space_init(struct mz_space *space, const struct mz_config *config,
					  const struct mz_backing *backing,
					  struct mz_region *regions, size_t region_max);

/*
 * Drops the table. The regions' memory is the caller's business. No worker, no consumer and nobody
 * who ages is left.
 */
void mz_space_destroy(struct mz_space *space);

void mz_worker_begin(struct mz_worker *worker, struct mz_space *space);

/*
 * Tops the worker's nodes up: with as many as the next `faults` faults can take at most. Outside of
 * faults, for an embedder whose memory hook is slow or may fail. MZ_NO_MEMORY: what could be had is
 * kept.
 */
MZ_MUST_CHECK enum mz_error mz_worker_top_up(struct mz_worker *worker, unsigned faults);

/* Gives the nodes back; what was counted stays in the space's numbers. */
void mz_worker_end(struct mz_worker *worker);

/*
 * The one way in for hardware violations, KVM exits and userfaultfd events: an access as a record
 * tells of it (mz_fault_record_of() makes one of an address and a kind of access). Maps the largest
 * leaf that region, alignment and what is mapped already allow, or lets one be written. `fault`
 * says what was done or why not. A record that does not say what was tried stands for a read.
 */
enum mz_answer mz_space_fault(struct mz_worker *worker, const struct mz_fault_record *record,
			      struct mz_fault *fault);

/*
 * Maps all of [gpa, gpa + bytes) that lies in memory and is not mapped yet, as faults of reading
 * would. MZ_NO_MEMORY, or the supply hook has failed: what was mapped until then stays.
 * MZ_OUT_OF_RANGE: empty or wraps.
 */
MZ_MUST_CHECK enum mz_error mz_space_populate(struct mz_worker *worker, mz_ia gpa, uint64_t bytes);

/* A copy of the region that gpa lies in. False: there is none. */
bool mz_space_find(const struct mz_space *space, mz_ia gpa, struct mz_region *region);

/* The numbers so far; each is exact when no fault is under way. */
struct mz_space_stats mz_space_stats(struct mz_space *space);

const char *mz_answer_text(enum mz_answer answer);
const char *mz_denial_text(enum mz_denial cause);

#ifdef __cplusplus
}
#endif

#endif
