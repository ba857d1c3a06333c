/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A recording of what happens to guest memory during a run, in memory that is bounded however long
 * the run is and however large the guest.
 *
 * Guest-physical addresses that are of interest lie in areas, one a bank or device, and an area is
 * cut into rows. Time is cut into columns; when there is no column left, two and two become one,
 * and columns last twice as long from then on. What happens is counted by row and column. Faults
 * tell of themselves when they are answered; all else is found by looking from time to time, and is
 * told of between two calls of mz_recorder_looked(). Beside that, the first faults are kept as they
 * are, and all are counted by how long the answer took.
 *
 * Faults may be told of by any thread. One thread looks.
 */
#ifndef MZ_VMM_RECORDER_H
#define MZ_VMM_RECORDER_H

#include <pthread.h>

#include "vmm/base/failure.h"
#include "vmm/base/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MZ_RECORD_AREAS   64
#define MZ_RECORD_ROWS    192 /* that all memory shares; every area has one at least */
#define MZ_RECORD_COLUMNS 256
#define MZ_RECORD_EVENTS  100000
#define MZ_RECORD_UNITS   (1u << 20)        /* that are counted one by one */
#define MZ_RECORD_COLUMN  UINT64_C(1048576) /* ns that a column lasts in the beginning */

/* Of times, in ns: four steps double it. */
#define MZ_RECORD_BINS 160

struct mz_record_area {
	const char *name; /* must stay */
	const char *kind; /* "ram", "rom", "shared", "device" */
	uint64_t gpa, bytes;
	/* The recorder's own: */
	unsigned row, rows;
	uint64_t row_bytes; /* whole pages; the last row may have fewer */
	uint64_t unit;      /* of its first page, among those that are counted one by one */
};

struct mz_record_cell {
	uint32_t faults;
	uint32_t present; /* pages that the table maps; the last look knows */
	uint32_t
		written; /* pages that one look, and the one before, have found written; the most */
	uint16_t samples; /* pages that were picked and watched until the next look, */
	uint16_t used;    /* and those of them that were used meanwhile */
};

/* A fault that is kept as it was. */
struct mz_record_event {
	uint64_t ns, address, took_ns;
	uint8_t source, answer, level; /* 0: no leaf */
	bool write;
};

/* Of the pages of one unit. */
struct mz_record_unit {
	uint32_t faults, looks; /* that found it written, */
	uint32_t last;          /* and the last one that did, counted from 1 */
};

struct mz_record_latency {
	uint64_t bins[MZ_RECORD_BINS];
	uint64_t count, sum_ns, max_ns;
};

/* What one look finds in a row. */
struct mz_record_row {
	uint64_t mapped[MZ_LEVELS_MAX + 1]; /* bytes, by the level of their leaves; 0: not mapped */
	uint32_t written;
	uint16_t samples, used;
};

struct mz_recorder {
	uint64_t start_ns;
	struct mz_record_area areas[MZ_RECORD_AREAS];
	unsigned area_count, row_count;
	struct mz_record_cell *cells; /* row by row, MZ_RECORD_COLUMNS each */
	uint64_t column_ns;
	unsigned columns;           /* that have begun */
	struct mz_record_row *look; /* a row each: what the look under way, or the last, found */
	unsigned looked_column;     /* up to here, looks have filled the columns in */
	uint64_t looks;
	const char *blind; /* why it is not known what is used; NULL: it is */
	struct mz_record_event *events;
	uint64_t event_count; /* all that there were; no more than MZ_RECORD_EVENTS are kept */
	uint64_t elsewhere;   /* of these, at addresses that lie in no area */
	struct mz_record_latency latency[MZ_FAULT_SOURCES];
	struct mz_record_unit *units;
	uint64_t unit_count, unit_bytes;
	uint64_t end_ns; /* of the last look, since the start */
	pthread_mutex_t mutex;
};

/*
 * Makes a recorder of these areas, which don't overlap and come in the order in which they are to
 * be shown. Time begins at `start_ns`. MZ_STATUS_HOST_FAILED: no memory.
 */
int mz_recorder_make(struct mz_recorder **recorder, const struct mz_record_area *areas,
		     unsigned area_count, uint64_t start_ns, struct mz_failure *failure);
void mz_recorder_free(struct mz_recorder *recorder);

/* A fault that is answered by now and began to be at `begun_ns` of mz_now_ns(). */
void mz_recorder_add(struct mz_recorder *recorder, const struct mz_event *event, uint64_t begun_ns);

/* Both for whoever may have no recorder, NULL: then they do nothing. */
static inline uint64_t mz_record_begin(const struct mz_recorder *recorder)
{
	return recorder ? mz_now_ns() : 0;
}

static inline void mz_record_fault(struct mz_recorder *recorder, const struct mz_event *event,
				   uint64_t begun_ns)
{
	if (recorder)
		mz_recorder_add(recorder, event, begun_ns);
}

/* ---- Looks ---- */

/* The pages of [gpa, gpa + bytes) were written since the last look. */
void mz_recorder_written(struct mz_recorder *recorder, uint64_t gpa, uint64_t bytes);

/* So many bytes of a row are mapped by leaves of each level, and at 0, are not. */
void mz_recorder_mapped(struct mz_recorder *recorder, unsigned row,
			const uint64_t bytes[MZ_LEVELS_MAX + 1]);

/* A page of the row was watched since the last look, and was used or not. */
void mz_recorder_sampled(struct mz_recorder *recorder, unsigned row, bool used);

/* Ends the look: what it has found stands for the time since the last one. */
void mz_recorder_looked(struct mz_recorder *recorder);

/* ---- What there is to see ---- */

/* The area that an address lies in, or NULL. */
const struct mz_record_area *mz_recorder_area(const struct mz_recorder *recorder, uint64_t gpa);

const struct mz_record_cell *mz_recorder_cell(const struct mz_recorder *recorder, unsigned row,
					      unsigned column);

/* The greatest number of ns that is counted in this bin. */
uint64_t mz_record_bin_last(unsigned bin);

/*
 * The units with the most faults and looks that found them written, the most first, those with none
 * left out: their addresses and what was counted. Answers how many there are, `count` at most.
 */
struct mz_record_hot {
	uint64_t gpa;
	struct mz_record_unit counts;
};

unsigned mz_recorder_hottest(const struct mz_recorder *recorder, struct mz_record_hot *hot,
			     unsigned count);

#ifdef __cplusplus
}
#endif

#endif
