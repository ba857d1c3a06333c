// SPDX-License-Identifier: MPL-2.0
/* Snapshots: a file and its parents, and the pages that they hold together. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/base/file.h"
#include "vmm/snapshot/snapshot_format.h"

/* The path of a file's parent; freed by the caller. */
static char *parent_path(const struct mz_snapshot_file *file)
{
	const char *slash = strrchr(file->path, '/');
	size_t folder = slash ? (size_t)(slash - file->path) + 1 : 0;
	size_t name = strlen(file->header.parent);
	char *path = malloc(folder + name + 1);

	if (!path)
		return NULL;
	memcpy(path, file->path, folder);
	memcpy(path + folder, file->header.parent, name + 1);
	return path;
}

static bool is_incremental(const struct mz_snapshot_file *file)
{
	return file->header.parent[0] != '\0';
}

/* Before it is opened: a chain that loops would come back to a file that is open already. */
static int check_chain(const struct mz_snapshot *snapshot, const struct mz_snapshot_file *child,
		       struct mz_failure *failure)
{
	for (unsigned i = 0; i < snapshot->file_count; i++) {
		if (mz_snapshot_id_equal_(&snapshot->files[i]->header.id, &child->header.parent_id))
			return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
				       "%s: its parents go round in a circle", child->path);
	}
	if (snapshot->file_count == MZ_SNAPSHOT_FILES_MAX)
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE, "%s: has more than %u parents",
			       snapshot->files[0]->path, MZ_SNAPSHOT_FILES_MAX - 1);
	return 0;
}

static int check_parent(const struct mz_snapshot_file *child, const struct mz_snapshot_file *parent,
			struct mz_failure *failure)
{
	if (!mz_snapshot_id_equal_(&parent->header.id, &child->header.parent_id))
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "%s: %s is another snapshot than the parent that it was taken after",
			       child->path, parent->path);
	if (parent->header.page_count != child->header.page_count)
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "%s: has %" PRIu64 " pages, and its parent %s has %" PRIu64,
			       child->path, child->header.page_count, parent->path,
			       parent->header.page_count);
	return 0;
}

/* Opens the parent of the file that was opened last. */
static int open_parent(struct mz_snapshot *snapshot, struct mz_failure *failure)
{
	struct mz_snapshot_file *child = snapshot->files[snapshot->file_count - 1];
	struct mz_snapshot_file *parent;
	struct mz_failure why;
	char *path;

	if (check_chain(snapshot, child, failure))
		return -1;
	path = parent_path(child);
	if (!path)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "%s: no memory to open its parent",
			       child->path);
	parent = mz_snapshot_file_open_(path, &why);
	free(path);
	if (!parent)
		return mz_fail(failure, why.status, "the parent of %s: %s", child->path, why.text);
	snapshot->files[snapshot->file_count++] = parent;
	return check_parent(child, parent, failure);
}

static int open_all(struct mz_snapshot *snapshot, const char *path, struct mz_failure *failure)
{
	snapshot->files[0] = mz_snapshot_file_open_(path, failure);
	if (!snapshot->files[0])
		return -1;
	snapshot->file_count = 1;
	while (is_incremental(snapshot->files[snapshot->file_count - 1])) {
		if (open_parent(snapshot, failure))
			return -1;
	}
	return 0;
}

int mz_snapshot_open(struct mz_snapshot **snapshot, const char *path, struct mz_failure *failure)
{
	*snapshot = NULL;
	if (mz_sum_possible_(path, failure))
		return -1;
	*snapshot = calloc(1, sizeof(**snapshot));
	if (!*snapshot)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "%s: no memory to open it", path);
	if (open_all(*snapshot, path, failure) == 0)
		return 0;
	mz_snapshot_close(*snapshot);
	*snapshot = NULL;
	return -1;
}

void mz_snapshot_close(struct mz_snapshot *snapshot)
{
	if (!snapshot)
		return;
	for (unsigned i = 0; i < snapshot->file_count; i++)
		mz_snapshot_file_close_(snapshot->files[i]);
	free(snapshot);
}

struct mz_snapshot_info mz_snapshot_info(const struct mz_snapshot *snapshot)
{
	const struct mz_snapshot_file *file = snapshot->files[0];

	return (struct mz_snapshot_info) {
		.path = file->path,
		.id = file->header.id,
		.page_count = file->header.page_count,
		.stored_count = file->header.stored_count,
		.file_count = snapshot->file_count,
		.machine = file->machine,
		.machine_bytes = file->header.machine_bytes,
		.state = file->state,
		.state_bytes = file->header.state_bytes,
	};
}

/* Pages that come from one place: a file, or nowhere (`file` is NULL), which makes them zero. */
struct piece {
	uint64_t count;
	const struct mz_snapshot_file *file;
	uint32_t place;
};

/* The first run of a file that ends behind a page, or NULL. */
static const struct mz_snapshot_run *run_at_or_behind(const struct mz_snapshot_file *file,
						      uint64_t page)
{
	uint64_t low = 0, high = file->header.run_count;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		const struct mz_snapshot_run *run = &file->runs[middle];

		if ((uint64_t)run->first + run->count > page)
			high = middle;
		else
			low = middle + 1;
	}
	return low < file->header.run_count ? &file->runs[low] : NULL;
}

/* Where a page comes from: the youngest file that lists it. At most `most` pages from there. */
static struct piece find(const struct mz_snapshot *snapshot, uint64_t page, uint64_t most)
{
	struct piece piece = {.count = most};

	for (unsigned i = 0; i < snapshot->file_count; i++) {
		const struct mz_snapshot_file *file = snapshot->files[i];
		const struct mz_snapshot_run *run = run_at_or_behind(file, page);
		bool here = run && run->first <= page;
		uint64_t end = !run ? UINT64_MAX : here ? run->first + run->count : run->first;

		if (end - page < piece.count)
			piece.count = end - page;
		if (!here)
			continue;
		if (run->place != MZ_SNAPSHOT_NOWHERE) {
			piece.file = file;
			piece.place = run->place + (uint32_t)(page - run->first);
		}
		break;
	}
	return piece;
}

bool mz_snapshot_page_present(const struct mz_snapshot *snapshot, uint64_t page)
{
	return page < snapshot->files[0]->header.page_count && find(snapshot, page, 1).file != NULL;
}

bool mz_snapshot_next_run(const struct mz_snapshot *snapshot, uint64_t from,
			  struct mz_page_run *run)
{
	uint64_t end = snapshot->files[0]->header.page_count;

	while (from < end) {
		struct piece piece = find(snapshot, from, end - from);

		if (piece.file) {
			*run = (struct mz_page_run) {from, piece.count};
			return true;
		}
		from += piece.count;
	}
	return false;
}

/* Where in its file a piece begins. */
static uint64_t offset_of(const struct piece *piece)
{
	return MZ_SNAPSHOT_STORE + (uint64_t)piece->place * MZ_SNAPSHOT_PAGE;
}

static int read_piece(const struct piece *piece, uint64_t page, unsigned char *to,
		      struct mz_failure *failure)
{
	const struct mz_snapshot_file *file = piece->file;
	uint64_t bytes = piece->count * MZ_SNAPSHOT_PAGE;
	int64_t got = mz_file_read_at(file->fd, to, bytes, offset_of(piece));

	if (got < 0)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "%s: cannot read page %" PRIu64 ": %s", file->path, page,
			       strerror(errno));
	for (uint64_t i = 0; i < (uint64_t)got / MZ_SNAPSHOT_PAGE; i++) {
		if (mz_sum_(to + i * MZ_SNAPSHOT_PAGE, MZ_SNAPSHOT_PAGE) !=
		    file->sums[piece->place + i])
			return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
				       "%s: is damaged: the checksum of page %" PRIu64 " is wrong",
				       file->path, page + i);
	}
	if ((uint64_t)got < bytes)
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "%s: ends before page %" PRIu64 ": it was cut off meanwhile",
			       file->path, page + (uint64_t)got / MZ_SNAPSHOT_PAGE);
	return 0;
}

int mz_snapshot_read(const struct mz_snapshot *snapshot, uint64_t first, uint64_t count,
		     void *buffer, struct mz_failure *failure)
{
	uint64_t end = snapshot->files[0]->header.page_count;
	unsigned char *to = buffer;

	if (first > end || count > end - first)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "%s: has %" PRIu64 " pages; there are none at %" PRIu64
			       " to %" PRIu64,
			       snapshot->files[0]->path, end, first, first + count - 1);
	while (count > 0) {
		struct piece piece = find(snapshot, first, count);

		if (!piece.file)
			memset(to, 0, piece.count * MZ_SNAPSHOT_PAGE);
		else if (read_piece(&piece, first, to, failure))
			return -1;
		first += piece.count;
		count -= piece.count;
		to += piece.count * MZ_SNAPSHOT_PAGE;
	}
	return 0;
}

void mz_snapshot_expect(const struct mz_snapshot *snapshot, uint64_t first, uint64_t count)
{
	uint64_t all = snapshot->files[0]->header.page_count;
	uint64_t end = first < all && count < all - first ? first + count : all;

	while (first < end) {
		struct piece piece = find(snapshot, first, end - first);

		if (piece.file)
			posix_fadvise(piece.file->fd, (off_t)offset_of(&piece),
				      (off_t)(piece.count * MZ_SNAPSHOT_PAGE), POSIX_FADV_WILLNEED);
		first += piece.count;
	}
}
