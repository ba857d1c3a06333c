// SPDX-License-Identifier: MPL-2.0
/*
 * The file of an image. Segments go from it straight to guest memory, so only what parsers look at
 * is held here: as large as a kernel may be, this needs a few pages for it.
 *
 * The file is read and not mapped: a mapped file that someone shortens turns reads into SIGBUS, and
 * one that someone rewrites changes after it was checked.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "vmm/base/file.h"
#include "vmm/boot/image_format.h"

/* Looked at in any case: where all headers are that are searched for. */
#define HEAD_BYTES ((size_t)0x10000)

static int check_size(const struct mz_image *image, uint64_t bytes, struct mz_failure *failure)
{
	if (bytes == 0)
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE, "%s: is empty", image->path);
	if (bytes > MZ_IMAGE_BYTES_MAX)
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "%s: is too large for an image: %" PRIu64 " bytes, at most %" PRIu64,
			       image->path, bytes, MZ_IMAGE_BYTES_MAX);
	return 0;
}

int mz_image_look_(const struct mz_image *image, uint64_t offset, uint64_t bytes,
		   struct mz_failure *failure)
{
	/* The head stays as it was read and checked. */
	uint64_t from = offset < HEAD_BYTES ? HEAD_BYTES : offset, end = offset + bytes;

	if (image->fd < 0 || end <= from)
		return 0;
	return mz_file_read(image->fd, image->path, image->file + from, end - from, from, failure);
}

int mz_image_look_at_all_(struct mz_image *image, struct mz_failure *failure)
{
	if (mz_image_look_(image, 0, image->file_bytes, failure))
		return -1;
	if (image->fd >= 0)
		close(image->fd);
	image->fd = -1;
	return 0;
}

int mz_image_open_file_(struct mz_image *image, struct mz_failure *failure)
{
	uint64_t bytes;

	image->fd = mz_file_open(image->path, &bytes, failure);
	if (image->fd < 0 || check_size(image, bytes, failure))
		return -1;
	/* Pages of it that nobody writes cost nothing. */
	image->file = calloc(1, bytes);
	if (!image->file)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "%s: no memory for its %" PRIu64 " bytes", image->path, bytes);
	image->file_bytes = bytes;
	return mz_file_read(image->fd, image->path, image->file,
			    bytes < HEAD_BYTES ? bytes : HEAD_BYTES, 0, failure);
}

void mz_image_close(struct mz_image *image)
{
	if (image->fd >= 0)
		close(image->fd);
	image->fd = -1;
	free(image->file);
	image->file = NULL;
}

int mz_image_read_segment(const struct mz_image *image, const struct mz_segment *segment, void *to,
			  struct mz_failure *failure)
{
	if (segment->data_bytes == 0)
		return 0;
	if (image->fd >= 0)
		return mz_file_read(image->fd, image->path, to, segment->data_bytes,
				    segment->data_offset, failure);
	memcpy(to, image->file + segment->data_offset, segment->data_bytes);
	return 0;
}
