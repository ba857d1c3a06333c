/* SPDX-License-Identifier: MPL-2.0 */
/* Snapshots as they lie in files: see docs/snapshot-format.md. */
#ifndef MZ_VMM_SNAPSHOT_FORMAT_H
#define MZ_VMM_SNAPSHOT_FORMAT_H

#include <string.h>

#include "vmm/snapshot/snapshot.h"
#include "vmm/snapshot/sum.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files and memory hold numbers alike");

/* The first byte is no character, and the last one tells when line ends were converted. */
#define MZ_SNAPSHOT_MAGIC   "\x89mzsnap\n"
#define MZ_SNAPSHOT_VERSION 1u
#define MZ_SNAPSHOT_NAME    256u /* NAME_MAX and a 0 */

struct mz_snapshot_header {
	unsigned char magic[8];
	uint32_t version;
	uint32_t page_bytes;
	struct mz_snapshot_id id;
	struct mz_snapshot_id parent_id;
	uint64_t page_count;
	uint64_t stored_count;
	uint64_t run_count;
	uint64_t machine_bytes;
	uint64_t state_bytes;
	uint32_t runs_sum;
	uint32_t sums_sum;
	uint32_t machine_sum;
	uint32_t state_sum;
	char parent[MZ_SNAPSHOT_NAME];
	unsigned char zero[MZ_SNAPSHOT_PAGE - 364];
	uint32_t sum; /* of all bytes before it */
};

_Static_assert(sizeof(struct mz_snapshot_header) == MZ_SNAPSHOT_PAGE, "no gaps");

/* Where the pages begin. Behind them: runs, sums of the pages, machine, state. */
#define MZ_SNAPSHOT_STORE sizeof(struct mz_snapshot_header)

/* The place of pages that are zero. */
#define MZ_SNAPSHOT_NOWHERE UINT32_MAX

struct mz_snapshot_run {
	uint32_t first, count;
	uint32_t place; /* which of the stored pages the first one is */
};

_Static_assert(sizeof(struct mz_snapshot_run) == 12, "no gaps");
_Static_assert(MZ_SNAPSHOT_PAGES_MAX < MZ_SNAPSHOT_NOWHERE, "pages and places fit");

/* A file of a snapshot. */
struct mz_snapshot_file {
	char *path;
	int fd;
	struct mz_snapshot_header header;
	/* What lies behind the pages, in one piece that begins with the runs. */
	const struct mz_snapshot_run *runs;
	const uint32_t *sums;
	const unsigned char *machine, *state;
};

struct mz_snapshot {
	struct mz_snapshot_file *files[MZ_SNAPSHOT_FILES_MAX]; /* each one's parent behind it */
	unsigned file_count;
};

/* Checks all but the pages. NULL: it failed, and there is nothing to close. */
struct mz_snapshot_file *mz_snapshot_file_open_(const char *path, struct mz_failure *failure);
void mz_snapshot_file_close_(struct mz_snapshot_file *file);

static inline bool mz_snapshot_id_equal_(const struct mz_snapshot_id *a,
					 const struct mz_snapshot_id *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* At least one byte. */
static inline bool mz_is_zero_(const void *bytes, size_t count)
{
	const unsigned char *byte = bytes;

	return byte[0] == 0 && memcmp(byte, byte + 1, count - 1) == 0;
}

#endif
