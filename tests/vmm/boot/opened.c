// SPDX-License-Identifier: MPL-2.0
/* Bytes, opened as an image. */
#include "tests/vmm/boot/opened.h"

#include <string.h>

#include "tests/vmm/boot/images.h"
#include "tests/suite.h"

struct mz_image image;
struct mz_failure failure;
const struct mz_image_as *open_as;
const struct mz_image_as as_elf = {.kind = MZ_IMAGE_ELF};
const struct mz_image_as as_multiboot = {.kind = MZ_IMAGE_MULTIBOOT};

void assert_sound(size_t file_bytes)
{
	bool entered = false;

	ck_assert_uint_eq(image.file_bytes, file_bytes);
	ck_assert_uint_gt(image.segment_count, 0);
	ck_assert_uint_le(image.segment_count, MZ_SEGMENT_MAX);
	for (unsigned i = 0; i < image.segment_count; i++) {
		const struct mz_segment *segment = &image.segments[i];

		ck_assert_uint_gt(segment->memory_bytes, 0);
		ck_assert_uint_le(segment->memory_bytes - 1, UINT64_MAX - segment->gpa);
		ck_assert_uint_le(segment->data_bytes, segment->memory_bytes);
		ck_assert_uint_le(segment->data_offset, file_bytes);
		ck_assert_uint_le(segment->data_bytes, file_bytes - segment->data_offset);
		entered |= image.entry >= segment->gpa &&
			image.entry - segment->gpa < segment->memory_bytes;
	}
	ck_assert(entered);
}

int open_bytes(const void *bytes, size_t count)
{
	struct image_file file = image_file_make(bytes, count);
	int result;

	memset(&failure, 0, sizeof(failure));
	result = mz_image_open(&image, file.path, open_as, &failure);
	if (result == 0) {
		assert_sound(count);
	} else {
		ck_assert_int_eq(failure.status, MZ_STATUS_BAD_IMAGE);
		ck_assert_msg(strncmp(failure.text, file.path, strlen(file.path)) == 0,
			      "no path: %s", failure.text);
	}
	mz_image_close(&image);
	image_file_close(&file);
	return result;
}

void assert_refused(const void *bytes, size_t count, const char *words)
{
	ck_assert_int_eq(open_bytes(bytes, count), -1);
	ck_assert_msg(strstr(failure.text, words) != NULL, "\"%s\" is not in: %s", words,
		      failure.text);
}
