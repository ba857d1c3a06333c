/* SPDX-License-Identifier: MPL-2.0 */
/* What the rows of the benchmark share. */
#ifndef MZ_BENCH_H
#define MZ_BENCH_H

#include <stdbool.h>

#include "bench/limits.h"
#include "bench/mezz-bench-memory.h"
#include "bench/mezz-bench-tally.h"
#include "core/gather.h"
#include "core/table.h"
#include "ept/space.h"

/* Who does the work of a row. The limit finds a table that the compiled instance has prepared. */
enum subject { OURS, LIMIT, RUNTIME, SUBJECTS };

/* How the library was built: for a single processor, or with its locks, counts and RCU. */
enum build { SINGLE, LOCKED, BUILDS };

#ifdef MZ_UNIPROCESSOR
#define BUILD SINGLE
#else
#define BUILD LOCKED
#endif

/* Every row works at and above this input address, and maps it to what lies SHIFTED above. */
#define BASE    ((uint64_t)1 << 39)
#define SHIFTED (((uint64_t)1 << 30) + ((uint64_t)1 << 21))

#define PAGE           ((uint64_t)4096)
#define GIB            ((uint64_t)1 << 30)
#define PAGES_GIB      (GIB / PAGE)
#define DENSE_PAGES    65536u  /* 256 MiB */
#define SPARSE_PAGES   262144u /* of 64 GiB */
#define SCATTERED      65536u  /* of 1 GiB */
#define WRITTEN        1000u   /* no two in the same 2 MiB */
#define LARGE_LEAVES   (GIB * 512 >> 21)
#define SPLITS         512u
#define POOL_BYTES     ((uint64_t)192 << 20)
#define LEVEL_1        (1u << 1)
#define LEVELS_1_AND_2 (1u << 1 | 1u << 2)

struct bench {
	struct pool pool;
	enum subject subject;    /* who is at work */
	struct mz_config config; /* of the table that is being measured */
	struct mz_table table;
	struct limit limit;
	/* Page numbers in random order, none twice. */
	uint32_t dense[DENSE_PAGES], sparse[SPARSE_PAGES], scattered[SCATTERED];
	uint32_t written[WRITTEN], written_tib[WRITTEN]; /* of 256 GiB, of 1 TiB */
	uint64_t flush_count;                            /* what the flush hook has to do */
	bool wrong; /* an operation failed, or answered something else than it should */
};

struct row {
	const char *name;
	const char *reference; /* what the limit does */
	double goals[BUILDS];  /* the greatest ratio to the limit; 0: no goal in this build */
	uint64_t op_count;     /* in one work */
	uint32_t leaf_levels;  /* 0: 4 KiB leaves only */
	uint32_t features;     /* of the table */
	bool keeps;            /* work leaves the table as it was */
	const char *unit;      /* NULL: ns an operation */
	void (*prepare)(struct bench *bench); /* untimed; begins with an empty table */
	void (*ours)(struct bench *bench);
	void (*limit)(struct bench *bench);
	void (*expect)(const struct bench *bench, struct tally *tally); /* after the work */
	/* Instead of all these: answers the figure of a subject. NAN: there is none. */
	double (*measure)(struct bench *bench, enum subject subject);
};

/* The rows of one file. */
struct row_set {
	const struct row *rows;
	unsigned count;
};

#define ROW_SET(array)                                    \
	{                                                 \
		array, sizeof(array) / sizeof((array)[0]) \
	}
#define BOTH(goal)         \
	{                  \
		goal, goal \
	}

extern const struct row_set map_rows, query_rows, unmap_rows, protect_rows, bytes_rows, scale_rows,
	format_rows, space_rows, large_rows, live_rows;

void bench_init(struct bench *bench);

/* An empty table in a fresh pool. */
void bench_begin(struct bench *bench, const struct row *row, enum subject subject);

/*
 * A space that can do what the table of bench_begin() can: of `bytes` of RAM, nothing of which is
 * mapped, or of no region. The limit finds its table. `room` is for a region.
 */
void begin_space(struct bench *bench, struct mz_space *space, const struct mz_backing *backing,
		 struct mz_region *room, uint64_t bytes);

/* The guest touches a page for the first time, or writes where it could not. */
bool resolves(struct mz_worker *worker, uint64_t ia, unsigned access);

void expect_ok(struct bench *bench, enum mz_error error);

/* Ends a work that may have cut nodes: flushed, a grace period later, freed. */
void finish(struct mz_gather *gather);

/* 1 GiB, writable, in the largest leaves that the table allows; and what that leaves behind. */
void map_gib(struct bench *bench);
void expect_gib(const struct bench *bench, struct tally *tally);

double now_ns(void);

/* What this thread has had of its processor. */
double spent_ns(void);

/* Binds the thread to the n-th processor from the end that it may use; false: there is none. */
bool pin(unsigned n);

static inline struct mz_prop prop_rwx(void)
{
	return mz_prop_from(MZ_READ | MZ_WRITE | MZ_EXEC);
}

static inline uint64_t page_address(uint32_t number)
{
	return BASE + number * PAGE;
}

#endif
