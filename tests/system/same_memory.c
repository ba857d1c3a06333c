// SPDX-License-Identifier: MPL-2.0
/*
 * tests/system/same_memory SNAPSHOT SNAPSHOT: do both hold the same memory, page by page, with all
 * their parents? Prints how many pages differ. Status: 0; 1 if some do; 2 if it can't be told.
 */
#include <stdio.h>
#include <string.h>

#include "vmm/snapshot/snapshot.h"

static struct mz_snapshot *open_one(const char *path)
{
	struct mz_snapshot *snapshot;
	struct mz_failure failure;

	if (!mz_snapshot_open(&snapshot, path, &failure))
		return snapshot;
	fprintf(stderr, "%s\n", failure.text);
	return NULL;
}

/* Answers how many pages differ; -1: they can't be read. */
static long compare(const struct mz_snapshot *a, const struct mz_snapshot *b, uint64_t count)
{
	static unsigned char left[MZ_SNAPSHOT_PAGE], right[MZ_SNAPSHOT_PAGE];
	struct mz_failure failure;
	long different = 0;

	for (uint64_t page = 0; page < count; page++) {
		if (mz_snapshot_read(a, page, 1, left, &failure) ||
		    mz_snapshot_read(b, page, 1, right, &failure)) {
			fprintf(stderr, "%s\n", failure.text);
			return -1;
		}
		different += memcmp(left, right, sizeof(left)) != 0;
	}
	return different;
}

int main(int argc, char **argv)
{
	struct mz_snapshot *a = argc == 3 ? open_one(argv[1]) : NULL;
	struct mz_snapshot *b = a ? open_one(argv[2]) : NULL;
	long different = -1;

	if (b && mz_snapshot_info(a).page_count == mz_snapshot_info(b).page_count)
		different = compare(a, b, mz_snapshot_info(a).page_count);
	if (different >= 0)
		printf("%ld pages differ\n", different);
	mz_snapshot_close(b);
	mz_snapshot_close(a);
	return different < 0 ? 2 : different > 0;
}
