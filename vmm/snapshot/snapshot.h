/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Snapshots as files: what a machine is, what state it is in, and its memory, page by page. The
 * format is in docs/snapshot-format.md. This is how they are read; vmm/snapshot/snapshot_writer.h
 * is how they are written.
 *
 * An incremental snapshot holds the pages that have changed since its parent was taken, and names
 * that parent, which lies in the same folder. All the files together are one snapshot here.
 *
 * Files are hostile input: nothing in them is believed. What is wrong with one is
 * MZ_STATUS_BAD_IMAGE, also when it has become shorter since it was opened. The host's failures are
 * MZ_STATUS_HOST_FAILED: a page that can't be read, no memory. MZ_STATUS_HOST_LACKS: built without
 * libdeflate. Texts name the file, the page and the cause.
 */
#ifndef MZ_VMM_SNAPSHOT_H
#define MZ_VMM_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/base/failure.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Pages are counted from the beginning of the memory file. */
#define MZ_SNAPSHOT_PAGE      4096u
#define MZ_SNAPSHOT_PAGES_MAX ((uint64_t)1 << 28)
#define MZ_SNAPSHOT_FILES_MAX 256u                /* of one snapshot: itself and all parents */
#define MZ_SNAPSHOT_BYTES_MAX ((uint64_t)1 << 26) /* of a machine, and of a state */

/* Pages [first, first + count). */
struct mz_page_run {
	uint64_t first, count;
};

/* Of 16 random bytes: no two snapshots have the same. */
struct mz_snapshot_id {
	unsigned char bytes[16];
};

/* What a snapshot says about itself. The bytes belong to it. */
struct mz_snapshot_info {
	const char *path; /* it was opened by */
	struct mz_snapshot_id id;
	uint64_t page_count;   /* of the memory file */
	uint64_t stored_count; /* pages that its own file holds */
	unsigned file_count;   /* itself and all parents */
	const void *machine;   /* what kind of machine it is of */
	size_t machine_bytes;
	const void *state; /* for mz_state_load() */
	size_t state_bytes;
};

struct mz_snapshot;

/*
 * Opens a snapshot and all its parents, and checks everything but the pages. That costs about what
 * reading 4 bytes a stored page does.
 */
int mz_snapshot_open(struct mz_snapshot **snapshot, const char *path, struct mz_failure *failure);
void mz_snapshot_close(struct mz_snapshot *snapshot);

struct mz_snapshot_info mz_snapshot_info(const struct mz_snapshot *snapshot);

/*
 * What follows may be called by many threads at once. Pages end at page_count: asking for one
 * beyond is MZ_STATUS_BAD_ARGUMENT, and none is present there.
 */

/* Does a file hold it? If not, it is all zeros. */
bool mz_snapshot_page_present(const struct mz_snapshot *snapshot, uint64_t page);

/*
 * Finds the first pages at or behind `from` that are present, as many as lie together in one file;
 * pages behind them may be present too. False: there are none.
 */
bool mz_snapshot_next_run(const struct mz_snapshot *snapshot, uint64_t from,
			  struct mz_page_run *run);

/*
 * Reads pages, present or not, and checks those that come from a file. After a failure the buffer
 * holds anything.
 */
int mz_snapshot_read(const struct mz_snapshot *snapshot, uint64_t first, uint64_t count,
		     void *buffer, struct mz_failure *failure);

/* Pages that are going to be read soon: the disk may begin. Pages that there are not are none. */
void mz_snapshot_expect(const struct mz_snapshot *snapshot, uint64_t first, uint64_t count);

#ifdef __cplusplus
}
#endif

#endif
