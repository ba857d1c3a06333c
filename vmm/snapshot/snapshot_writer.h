/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Writes snapshots (vmm/snapshot/snapshot.h). The file gets its name when all of it is on the disk:
 * whatever ends the writer before, an older file of that name stays as it is.
 *
 * MZ_STATUS_HOST_FAILED: the host can't write the file; the text names it and the cause.
 * MZ_STATUS_HOST_LACKS: built without libdeflate. MZ_STATUS_BAD_ARGUMENT: the caller's mistake.
 */
#ifndef MZ_VMM_SNAPSHOT_WRITER_H
#define MZ_VMM_SNAPSHOT_WRITER_H

#include "vmm/snapshot/snapshot.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mz_snapshot_plan {
	uint64_t page_count; /* of the memory file; 1 to MZ_SNAPSHOT_PAGES_MAX */
	/*
	 * NULL: a full snapshot; pages that are not added are zero. Else pages that are not added
	 * are the parent's. It is used by mz_snapshot_create() alone, must have as many pages and
	 * fewer than MZ_SNAPSHOT_FILES_MAX files, must lie in the folder of the new file, and
	 * neither it nor one of its parents can be replaced by it.
	 */
	const struct mz_snapshot *parent;
	/* NULL, or told after each mebibyte at the latest how many pages have been passed. */
	void (*progress)(void *context, uint64_t pages_done, uint64_t pages_total);
	void *context;
	uint64_t adding; /* pages_total: how many will be added */
};

struct mz_snapshot_writer;

int mz_snapshot_create(struct mz_snapshot_writer **writer, const char *path,
		       const struct mz_snapshot_plan *plan, struct mz_failure *failure);

/* The id that it will have. */
struct mz_snapshot_id mz_snapshot_writer_id(const struct mz_snapshot_writer *writer);

/*
 * Adds pages [first, first + count), all behind those that were added before. NULL: they are zero.
 * Pages of zeros are not stored. `data` must not change meanwhile.
 */
int mz_snapshot_add(struct mz_snapshot_writer *writer, uint64_t first, uint64_t count,
		    const void *data, struct mz_failure *failure);

/* What goes beside the pages, each at most MZ_SNAPSHOT_BYTES_MAX. */
struct mz_snapshot_contents {
	const void *machine;
	size_t machine_bytes;
	const void *state;
	size_t state_bytes;
};

/* How many pages are stored so far, and how long the file is if it ends with these. */
uint64_t mz_snapshot_writer_stored(const struct mz_snapshot_writer *writer);
uint64_t mz_snapshot_writer_bytes(const struct mz_snapshot_writer *writer,
				  const struct mz_snapshot_contents *contents);

/* Ends the writer, either way: the snapshot is there, or nothing has changed. */
int mz_snapshot_commit(struct mz_snapshot_writer *writer,
		       const struct mz_snapshot_contents *contents, struct mz_failure *failure);

/* Ends it and leaves nothing behind. After a failure of mz_snapshot_add() there is no other way. */
void mz_snapshot_abandon(struct mz_snapshot_writer *writer);

#ifdef __cplusplus
}
#endif

#endif
