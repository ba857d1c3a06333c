// SPDX-License-Identifier: MPL-2.0
/*
 * Snapshots are written from front to back but for the header, which comes last: without it,
 * nothing is a snapshot.
 */
#include "vmm/snapshot/snapshot_writer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "vmm/base/new_file.h"
#include "vmm/snapshot/snapshot_format.h"

#define CHUNK ((1u << 20) / MZ_SNAPSHOT_PAGE) /* pages between two tellings of the progress */

/* An array that grows. */
struct list {
	void *items;
	size_t count, room;
};

struct mz_snapshot_writer {
	struct mz_new_file file;
	struct mz_snapshot_header header;
	struct list runs; /* of struct mz_snapshot_run */
	struct list sums; /* of uint32_t */
	uint64_t end;     /* behind the pages that were added */
	uint64_t passed;  /* how many these are */
	struct mz_snapshot_plan plan;
};

static int append(struct mz_snapshot_writer *writer, struct list *list, const void *item,
		  size_t bytes, struct mz_failure *failure)
{
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 256;
		void *items = reallocarray(list->items, room, bytes);

		if (!items)
			return mz_fail(failure, MZ_STATUS_HOST_FAILED,
				       "%s: no memory for its index", writer->file.path);
		list->items = items;
		list->room = room;
	}
	memcpy((unsigned char *)list->items + list->count++ * bytes, item, bytes);
	return 0;
}

static int mistake(const char *path, const char *what, struct mz_failure *failure)
{
	return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "%s: %s", path, what);
}

static bool is_same_file(int folder, const char *name, const struct mz_snapshot_file *file)
{
	struct stat named, opened;

	return !fstatat(folder, name, &named, 0) && !fstat(file->fd, &opened) &&
		named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

static int adopt(struct mz_snapshot_writer *writer, const struct mz_snapshot *parent,
		 struct mz_failure *failure)
{
	const struct mz_snapshot_file *file = parent->files[0];
	const char *slash = strrchr(file->path, '/');
	const char *name = slash ? slash + 1 : file->path;
	const char *path = writer->file.path;

	if (file->header.page_count != writer->header.page_count)
		return mistake(path, "its parent is of a machine with another memory", failure);
	if (parent->file_count == MZ_SNAPSHOT_FILES_MAX)
		return mistake(path, "its parent has so many parents that a full snapshot is due",
			       failure);
	for (unsigned i = 0; i < parent->file_count; i++) {
		if (is_same_file(writer->file.folder, writer->file.name, parent->files[i]))
			return mistake(path, "would replace a parent of its own", failure);
	}
	if (strlen(name) >= MZ_SNAPSHOT_NAME || !is_same_file(writer->file.folder, name, file))
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "%s: its parent %s must lie in the same folder", path, file->path);
	writer->header.parent_id = file->header.id;
	memcpy(writer->header.parent, name, strlen(name));
	return 0;
}

static int begin(struct mz_snapshot_writer *writer, struct mz_failure *failure)
{
	struct mz_snapshot_header *header = &writer->header;

	memcpy(header->magic, MZ_SNAPSHOT_MAGIC, sizeof(header->magic));
	header->version = MZ_SNAPSHOT_VERSION;
	header->page_bytes = MZ_SNAPSHOT_PAGE;
	header->page_count = writer->plan.page_count;
	if (getrandom(&header->id, sizeof(header->id), 0) != sizeof(header->id))
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "%s: no random numbers for it: %s",
			       writer->file.path, strerror(errno));
	return writer->plan.parent ? adopt(writer, writer->plan.parent, failure) : 0;
}

int mz_snapshot_create(struct mz_snapshot_writer **writer, const char *path,
		       const struct mz_snapshot_plan *plan, struct mz_failure *failure)
{
	*writer = NULL;
	if (mz_sum_possible_(path, failure))
		return -1;
	if (plan->page_count == 0 || plan->page_count > MZ_SNAPSHOT_PAGES_MAX)
		return mistake(path, "no pages, or too many for a snapshot", failure);
	*writer = calloc(1, sizeof(**writer));
	if (!*writer)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "%s: no memory to write it", path);
	(*writer)->plan = *plan;
	if (mz_new_file_begin(&(*writer)->file, path, failure)) {
		free(*writer);
		*writer = NULL;
		return -1;
	}
	if (begin(*writer, failure) == 0)
		return 0;
	mz_snapshot_abandon(*writer);
	*writer = NULL;
	return -1;
}

struct mz_snapshot_id mz_snapshot_writer_id(const struct mz_snapshot_writer *writer)
{
	return writer->header.id;
}

uint64_t mz_snapshot_writer_stored(const struct mz_snapshot_writer *writer)
{
	return writer->header.stored_count;
}

uint64_t mz_snapshot_writer_bytes(const struct mz_snapshot_writer *writer,
				  const struct mz_snapshot_contents *contents)
{
	return MZ_SNAPSHOT_STORE + writer->header.stored_count * MZ_SNAPSHOT_PAGE +
		writer->runs.count * sizeof(struct mz_snapshot_run) +
		writer->sums.count * sizeof(uint32_t) + contents->machine_bytes +
		contents->state_bytes;
}

/* Lists pages; those that lie behind the last ones, here and in the file, belong to their run. */
static int list_pages(struct mz_snapshot_writer *writer, uint64_t first, uint64_t count,
		      uint32_t place, struct mz_failure *failure)
{
	const struct mz_snapshot_run run = {(uint32_t)first, (uint32_t)count, place};
	struct list *runs = &writer->runs;

	if (runs->count > 0) {
		struct mz_snapshot_run *last = (struct mz_snapshot_run *)runs->items + runs->count -
			1;
		bool stored = last->place != MZ_SNAPSHOT_NOWHERE;

		if (last->first + last->count == first &&
		    stored == (place != MZ_SNAPSHOT_NOWHERE)) {
			last->count += (uint32_t)count;
			return 0;
		}
	}
	return append(writer, runs, &run, sizeof(run), failure);
}

/* In a full snapshot, what is not listed is zero. */
static int add_zeros(struct mz_snapshot_writer *writer, uint64_t first, uint64_t count,
		     struct mz_failure *failure)
{
	if (writer->header.parent[0] == '\0')
		return 0;
	return list_pages(writer, first, count, MZ_SNAPSHOT_NOWHERE, failure);
}

static int store(struct mz_snapshot_writer *writer, uint64_t first, uint64_t count,
		 const unsigned char *data, struct mz_failure *failure)
{
	uint64_t place = writer->header.stored_count;

	if (list_pages(writer, first, count, (uint32_t)place, failure))
		return -1;
	for (uint64_t i = 0; i < count; i++) {
		uint32_t sum = mz_sum_(data + i * MZ_SNAPSHOT_PAGE, MZ_SNAPSHOT_PAGE);

		if (append(writer, &writer->sums, &sum, sizeof(sum), failure))
			return -1;
	}
	writer->header.stored_count += count;
	return mz_new_file_write(&writer->file, data, count * MZ_SNAPSHOT_PAGE,
				 MZ_SNAPSHOT_STORE + place * MZ_SNAPSHOT_PAGE, failure);
}

/* Adds as many of the pages as are alike: all zero, or none. Answers how many, or -1. */
static int64_t add_alike(struct mz_snapshot_writer *writer, uint64_t first, uint64_t count,
			 const unsigned char *data, struct mz_failure *failure)
{
	bool zero = mz_is_zero_(data, MZ_SNAPSHOT_PAGE);
	uint64_t alike = 1;
	int error;

	while (alike < count &&
	       mz_is_zero_(data + alike * MZ_SNAPSHOT_PAGE, MZ_SNAPSHOT_PAGE) == zero)
		alike++;
	error = zero ? add_zeros(writer, first, alike, failure)
		     : store(writer, first, alike, data, failure);
	return error ? -1 : (int64_t)alike;
}

static int add_chunk(struct mz_snapshot_writer *writer, uint64_t first, uint64_t count,
		     const unsigned char *data, struct mz_failure *failure)
{
	if (!data)
		return add_zeros(writer, first, count, failure);
	for (uint64_t done = 0; done < count;) {
		int64_t alike = add_alike(writer, first + done, count - done,
					  data + done * MZ_SNAPSHOT_PAGE, failure);

		if (alike < 0)
			return -1;
		done += (uint64_t)alike;
	}
	return 0;
}

int mz_snapshot_add(struct mz_snapshot_writer *writer, uint64_t first, uint64_t count,
		    const void *data, struct mz_failure *failure)
{
	const struct mz_snapshot_plan *plan = &writer->plan;
	const unsigned char *from = data;

	if (first < writer->end || first > plan->page_count || count > plan->page_count - first)
		return mistake(writer->file.path, "pages out of order, or that do not exist",
			       failure);
	writer->end = first + count;
	for (uint64_t done = 0; done < count;) {
		uint64_t chunk = count - done < CHUNK ? count - done : CHUNK;

		if (add_chunk(writer, first + done, chunk,
			      from ? from + done * MZ_SNAPSHOT_PAGE : NULL, failure))
			return -1;
		done += chunk;
		writer->passed += chunk;
		if (plan->progress)
			plan->progress(plan->context, writer->passed, plan->adding);
	}
	return 0;
}

/* Writes what comes next behind the pages, and answers its checksum by `sum`. */
static int write_part(struct mz_snapshot_writer *writer, const void *bytes, size_t count,
		      uint64_t *offset, uint32_t *sum, struct mz_failure *failure)
{
	*sum = mz_sum_(bytes, count);
	if (mz_new_file_write(&writer->file, bytes, count, *offset, failure))
		return -1;
	*offset += count;
	return 0;
}

static int write_rest(struct mz_snapshot_writer *writer,
		      const struct mz_snapshot_contents *contents, struct mz_failure *failure)
{
	struct mz_snapshot_header *header = &writer->header;
	uint64_t offset = MZ_SNAPSHOT_STORE + header->stored_count * MZ_SNAPSHOT_PAGE;

	if (contents->machine_bytes > MZ_SNAPSHOT_BYTES_MAX ||
	    contents->state_bytes > MZ_SNAPSHOT_BYTES_MAX)
		return mistake(writer->file.path, "its machine or its state is too large", failure);
	header->run_count = writer->runs.count;
	header->machine_bytes = contents->machine_bytes;
	header->state_bytes = contents->state_bytes;
	if (write_part(writer, writer->runs.items,
		       writer->runs.count * sizeof(struct mz_snapshot_run), &offset,
		       &header->runs_sum, failure) ||
	    write_part(writer, writer->sums.items, writer->sums.count * sizeof(uint32_t), &offset,
		       &header->sums_sum, failure) ||
	    write_part(writer, contents->machine, contents->machine_bytes, &offset,
		       &header->machine_sum, failure) ||
	    write_part(writer, contents->state, contents->state_bytes, &offset, &header->state_sum,
		       failure))
		return -1;
	header->sum = mz_sum_(header, offsetof(struct mz_snapshot_header, sum));
	return mz_new_file_write(&writer->file, header, sizeof(*header), 0, failure);
}

static void forget(struct mz_snapshot_writer *writer)
{
	free(writer->runs.items);
	free(writer->sums.items);
	free(writer);
}

int mz_snapshot_commit(struct mz_snapshot_writer *writer,
		       const struct mz_snapshot_contents *contents, struct mz_failure *failure)
{
	int result;

	if (write_rest(writer, contents, failure)) {
		mz_snapshot_abandon(writer);
		return -1;
	}
	result = mz_new_file_commit(&writer->file, failure);
	forget(writer);
	return result;
}

void mz_snapshot_abandon(struct mz_snapshot_writer *writer)
{
	mz_new_file_drop(&writer->file);
	forget(writer);
}
