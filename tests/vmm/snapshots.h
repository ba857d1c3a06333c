/* SPDX-License-Identifier: MPL-2.0 */
/* Small snapshots for tests to write, read and spoil, in a folder of the test's own. */
#ifndef MZ_TESTS_VMM_SNAPSHOTS_H
#define MZ_TESTS_VMM_SNAPSHOTS_H

#include <stdbool.h>

#include "tests/rng.h"
#include "vmm/snapshot/snapshot_writer.h"

#define SNAPSHOT_MACHINE "a machine of 96 pages"
#define SNAPSHOT_STATE   "its state"

/* A guest's memory, and which of its pages have changed. */
#define MEMORY_PAGES 96u

struct memory {
	unsigned char pages[MEMORY_PAGES][MZ_SNAPSHOT_PAGE];
	bool changed[MEMORY_PAGES];
};

/* Changes some pages; some of them become zero. */
void memory_change(struct memory *memory, struct rng *rng);

/* A new folder, and the path of a file in it, which stays good for 8 more calls. */
void snapshots_begin(void);
const char *snapshot_path(const char *name);
void snapshots_end(void);

/* The folder's files, but for those whose names are given. */
unsigned snapshot_others(const char *const *names, unsigned count);

/*
 * Writes a snapshot: a full one (`parent` is NULL), or of what has changed, and then nothing has.
 * 0 or -1, as the writer answers.
 */
int snapshot_write(struct memory *memory, const char *path, const char *parent,
		   struct mz_failure *failure);

/* The same by name, and opening by name. */
void snapshot_must_write(struct memory *memory, const char *name, const char *parent);
struct mz_snapshot *snapshot_must_open(const char *name);

/* Writes a full one, "full", and its child, "small", both with few pages. */
void snapshots_write_small(struct memory *memory);

/* Is it there and whole, and does it hold this? */
void assert_snapshot_holds(const char *path, const struct memory *memory);

/* Reads each page that is stored; 0 or -1, as the reader answers. */
int snapshot_read_all(const struct mz_snapshot *snapshot, struct mz_failure *failure);

/* Can't be opened, or not be read: MZ_STATUS_BAD_IMAGE, with words in the text. */
void assert_snapshot_is_refused(const char *path, const char *words);

/* A file as bytes; freed by the caller. */
unsigned char *file_bytes(const char *path, size_t *count);
void file_replace(const char *path, const void *bytes, size_t count);

#endif
