// SPDX-License-Identifier: MPL-2.0
/* The order of first touches, in memory and as a file. */
#include "vmm/snapshot/touches.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/base/file.h"
#include "vmm/base/new_file.h"
#include "vmm/snapshot/snapshot_format.h"

#define MAGIC   "\x89mztouc\n"
#define VERSION 1u

struct header {
	unsigned char magic[8];
	uint32_t version;
	uint32_t sum; /* of all that follows, to the end of the file */
	struct mz_snapshot_id snapshot;
	uint64_t run_count;
};

_Static_assert(sizeof(struct header) == 40, "no gaps");
_Static_assert(sizeof(struct mz_page_run) == 16, "runs lie in files as they are");

#define SUMMED_FROM offsetof(struct header, snapshot)

int mz_touches_add(struct mz_touches *touches, uint64_t first, uint64_t count)
{
	if (touches->count > 0) {
		struct mz_page_run *last = &touches->runs[touches->count - 1];

		if (last->first + last->count == first) {
			last->count += count;
			return 0;
		}
	}
	if (touches->count == touches->room) {
		size_t room = touches->room ? 2 * touches->room : 1024;
		struct mz_page_run *runs = reallocarray(touches->runs, room,
							sizeof(struct mz_page_run));

		if (!runs)
			return -1;
		touches->runs = runs;
		touches->room = room;
	}
	touches->runs[touches->count++] = (struct mz_page_run) {first, count};
	return 0;
}

void mz_touches_free(struct mz_touches *touches)
{
	free(touches->runs);
	*touches = (struct mz_touches) {0};
}

static uint32_t sum_of(const struct header *header, const struct mz_page_run *runs)
{
	uint32_t sum = mz_sum_((const unsigned char *)header + SUMMED_FROM,
			       sizeof(*header) - SUMMED_FROM);

	return mz_sum_more_(sum, runs, header->run_count * sizeof(*runs));
}

int mz_touches_write(const struct mz_touches *touches, const struct mz_snapshot *snapshot,
		     const char *path, struct mz_failure *failure)
{
	struct mz_new_file file;
	struct header header = {
		.magic = MAGIC,
		.version = VERSION,
		.snapshot = snapshot->files[0]->header.id,
		.run_count = touches->count,
	};

	if (mz_sum_possible_(path, failure))
		return -1;
	if (touches->count > snapshot->files[0]->header.page_count)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "%s: more touches than the snapshot has pages", path);
	header.sum = sum_of(&header, touches->runs);
	if (mz_new_file_begin(&file, path, failure))
		return -1;
	if (mz_new_file_write(&file, &header, sizeof(header), 0, failure) ||
	    mz_new_file_write(&file, touches->runs, touches->count * sizeof(*touches->runs),
			      sizeof(header), failure)) {
		mz_new_file_drop(&file);
		return -1;
	}
	return mz_new_file_commit(&file, failure);
}

static int refuse(const char *path, const char *why, struct mz_failure *failure)
{
	return mz_fail(failure, MZ_STATUS_BAD_IMAGE, "%s: %s", path, why);
}

static int check_header(const struct header *header, uint64_t bytes, uint64_t page_count,
			const char *path, struct mz_failure *failure)
{
	if (memcmp(header->magic, MAGIC, sizeof(header->magic)) != 0)
		return refuse(path, "is not a record of touches", failure);
	if (header->version != VERSION)
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "%s: is a record of version %" PRIu32
			       "; this program reads version %u",
			       path, header->version, VERSION);
	if (header->run_count > page_count ||
	    bytes != sizeof(*header) + header->run_count * sizeof(struct mz_page_run))
		return refuse(path, "is not as long as it should be", failure);
	return 0;
}

static int check_runs(const struct mz_touches *touches, uint64_t page_count, const char *path,
		      struct mz_failure *failure)
{
	for (size_t i = 0; i < touches->count; i++) {
		const struct mz_page_run *run = &touches->runs[i];

		if (run->count == 0 || run->count > page_count ||
		    run->first > page_count - run->count)
			return refuse(path, "lists pages that do not exist", failure);
	}
	return 0;
}

/* [offset, offset + bytes) of the file. */
static int read_part(int fd, void *to, uint64_t bytes, uint64_t offset, const char *path,
		     struct mz_failure *failure)
{
	int64_t got = mz_file_read_at(fd, to, bytes, offset);

	if (got < 0)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "%s: cannot read it: %s", path,
			       strerror(errno));
	return (uint64_t)got == bytes ? 0 : refuse(path, "ends too early", failure);
}

static int read_all(struct mz_touches *touches, int fd, uint64_t bytes,
		    const struct mz_snapshot *snapshot, const char *path,
		    struct mz_failure *failure)
{
	const struct mz_snapshot_header *of = &snapshot->files[0]->header;
	struct header header;

	if (read_part(fd, &header, sizeof(header), 0, path, failure) ||
	    check_header(&header, bytes, of->page_count, path, failure))
		return -1;
	touches->count = touches->room = header.run_count;
	touches->runs = calloc(header.run_count + 1, sizeof(*touches->runs));
	if (!touches->runs)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "%s: no memory to read it", path);
	if (read_part(fd, touches->runs, header.run_count * sizeof(*touches->runs), sizeof(header),
		      path, failure))
		return -1;
	if (header.sum != sum_of(&header, touches->runs))
		return refuse(path, "is damaged: its checksum is wrong", failure);
	if (!mz_snapshot_id_equal_(&header.snapshot, &of->id))
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "%s: was recorded from another snapshot than %s", path,
			       snapshot->files[0]->path);
	return check_runs(touches, of->page_count, path, failure);
}

int mz_touches_read(struct mz_touches *touches, const struct mz_snapshot *snapshot,
		    const char *path, struct mz_failure *failure)
{
	uint64_t bytes;
	int fd = mz_file_open(path, &bytes, failure);
	int result;

	*touches = (struct mz_touches) {0};
	if (fd < 0)
		return -1;
	result = read_all(touches, fd, bytes, snapshot, path, failure);
	close(fd);
	if (result)
		mz_touches_free(touches);
	return result;
}
