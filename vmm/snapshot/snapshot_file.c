// SPDX-License-Identifier: MPL-2.0
/* One file of a snapshot: opened, and checked but for its pages. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/base/file.h"
#include "vmm/snapshot/snapshot_format.h"

static int refuse(const struct mz_snapshot_file *file, const char *why, struct mz_failure *failure)
{
	return mz_fail(failure, MZ_STATUS_BAD_IMAGE, "%s: %s", file->path, why);
}

/* [offset, offset + bytes) of the file. */
static int read_part(const struct mz_snapshot_file *file, void *to, uint64_t bytes, uint64_t offset,
		     struct mz_failure *failure)
{
	int64_t got = mz_file_read_at(file->fd, to, bytes, offset);

	if (got < 0)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "%s: cannot read it: %s", file->path,
			       strerror(errno));
	if ((uint64_t)got < bytes)
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "%s: ends after %" PRIu64 " bytes, too early for a snapshot",
			       file->path, offset + (uint64_t)got);
	return 0;
}

/* A full snapshot names no parent; an incremental one names a file of its own folder. */
static bool parent_is_right(const struct mz_snapshot_header *header)
{
	size_t length = strnlen(header->parent, MZ_SNAPSHOT_NAME);

	if (length == MZ_SNAPSHOT_NAME ||
	    !mz_is_zero_(header->parent + length, MZ_SNAPSHOT_NAME - length))
		return false;
	if (mz_is_zero_(&header->parent_id, sizeof(header->parent_id)))
		return length == 0;
	return length > 0 && !memchr(header->parent, '/', length) &&
		strcmp(header->parent, ".") != 0 && strcmp(header->parent, "..") != 0;
}

static const char *wrong_in_header(const struct mz_snapshot_header *header)
{
	if (header->sum != mz_sum_(header, offsetof(struct mz_snapshot_header, sum)))
		return "is damaged: the checksum of its header is wrong";
	if (header->page_bytes != MZ_SNAPSHOT_PAGE)
		return "has pages of another size than 4096 bytes";
	if (header->page_count == 0 || header->page_count > MZ_SNAPSHOT_PAGES_MAX)
		return "says it has no pages, or more than there can be";
	if (header->stored_count > header->page_count || header->run_count > header->page_count)
		return "says it stores more pages than there are";
	if (header->machine_bytes > MZ_SNAPSHOT_BYTES_MAX ||
	    header->state_bytes > MZ_SNAPSHOT_BYTES_MAX)
		return "says its machine or its state is larger than one can be";
	if (!parent_is_right(header))
		return "does not name its parent as it should";
	if (!mz_is_zero_(header->zero, sizeof(header->zero)))
		return "says what this program does not know";
	return NULL;
}

static int read_header(struct mz_snapshot_file *file, struct mz_failure *failure)
{
	struct mz_snapshot_header *header = &file->header;
	const char *wrong;

	if (read_part(file, header, sizeof(*header), 0, failure))
		return -1;
	if (memcmp(header->magic, MZ_SNAPSHOT_MAGIC, sizeof(header->magic)) != 0)
		return refuse(file, "is not a snapshot", failure);
	if (header->version != MZ_SNAPSHOT_VERSION)
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "%s: is a snapshot of version %" PRIu32
			       "; this program reads version %u",
			       file->path, header->version, MZ_SNAPSHOT_VERSION);
	wrong = wrong_in_header(header);
	return wrong ? refuse(file, wrong, failure) : 0;
}

static uint64_t tail_offset(const struct mz_snapshot_header *header)
{
	return MZ_SNAPSHOT_STORE + header->stored_count * MZ_SNAPSHOT_PAGE;
}

static uint64_t tail_bytes(const struct mz_snapshot_header *header)
{
	return header->run_count * sizeof(struct mz_snapshot_run) +
		header->stored_count * sizeof(uint32_t) + header->machine_bytes +
		header->state_bytes;
}

static const char *wrong_in_tail(const struct mz_snapshot_file *file)
{
	const struct mz_snapshot_header *header = &file->header;

	if (header->runs_sum != mz_sum_(file->runs, header->run_count * sizeof(*file->runs)) ||
	    header->sums_sum != mz_sum_(file->sums, header->stored_count * sizeof(*file->sums)))
		return "is damaged: a checksum of its index is wrong";
	if (header->machine_sum != mz_sum_(file->machine, header->machine_bytes))
		return "is damaged: the checksum of its machine is wrong";
	if (header->state_sum != mz_sum_(file->state, header->state_bytes))
		return "is damaged: the checksum of its state is wrong";
	return NULL;
}

/* Runs rise, and their pages are stored in their order, each once. */
static const char *wrong_in_runs(const struct mz_snapshot_file *file)
{
	const struct mz_snapshot_header *header = &file->header;
	uint64_t end = 0, stored = 0;

	for (uint64_t i = 0; i < header->run_count; i++) {
		const struct mz_snapshot_run *run = &file->runs[i];

		if (run->first < end || run->count == 0)
			return "lists its pages out of order";
		end = (uint64_t)run->first + run->count;
		if (end > header->page_count)
			return "lists pages that do not exist";
		if (run->place == MZ_SNAPSHOT_NOWHERE)
			continue;
		if (run->place != stored)
			return "does not store its pages in their order";
		stored += run->count;
	}
	return stored == header->stored_count ? NULL : "stores other pages than it lists";
}

static int read_tail(struct mz_snapshot_file *file, struct mz_failure *failure)
{
	const struct mz_snapshot_header *header = &file->header;
	/* One byte at least: malloc() may answer NULL for none. */
	unsigned char *tail = malloc(tail_bytes(header) + 1);
	const char *wrong;

	file->runs = (const void *)tail;
	if (!tail)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "%s: no memory for its index",
			       file->path);
	if (read_part(file, tail, tail_bytes(header), tail_offset(header), failure))
		return -1;
	file->sums = (const void *)(file->runs + header->run_count);
	file->machine = (const void *)(file->sums + header->stored_count);
	file->state = file->machine + header->machine_bytes;
	wrong = wrong_in_tail(file);
	if (!wrong)
		wrong = wrong_in_runs(file);
	return wrong ? refuse(file, wrong, failure) : 0;
}

static int check_length(const struct mz_snapshot_file *file, uint64_t bytes,
			struct mz_failure *failure)
{
	uint64_t right = tail_offset(&file->header) + tail_bytes(&file->header);

	if (bytes == right)
		return 0;
	return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
		       "%s: is %" PRIu64 " bytes long, and should be %" PRIu64, file->path, bytes,
		       right);
}

static int open_file(struct mz_snapshot_file *file, struct mz_failure *failure)
{
	uint64_t bytes;

	file->fd = mz_file_open(file->path, &bytes, failure);
	if (file->fd < 0 || read_header(file, failure) || check_length(file, bytes, failure))
		return -1;
	return read_tail(file, failure);
}

struct mz_snapshot_file *mz_snapshot_file_open_(const char *path, struct mz_failure *failure)
{
	struct mz_snapshot_file *file = calloc(1, sizeof(*file));
	char *copy = strdup(path);

	if (!file || !copy) {
		mz_fail(failure, MZ_STATUS_HOST_FAILED, "%s: no memory to open it", path);
		free(file);
		free(copy);
		return NULL;
	}
	file->path = copy;
	if (open_file(file, failure) == 0)
		return file;
	mz_snapshot_file_close_(file);
	return NULL;
}

void mz_snapshot_file_close_(struct mz_snapshot_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	free(file->path);
	free((void *)file->runs);
	free(file);
}
