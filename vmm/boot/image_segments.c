// SPDX-License-Identifier: MPL-2.0
/* The segments of an image: collected by its parsers, checked against a machine. */
#include <inttypes.h>

#include "vmm/boot/boot.h"
#include "vmm/boot/image_format.h"

int mz_image_add_segment_(struct mz_image *image, const struct mz_segment *segment,
			  struct mz_failure *failure)
{
	if (segment->memory_bytes == 0)
		return 0;
	if (image->segment_count == MZ_SEGMENT_MAX)
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE, "%s: more than %d segments to load",
			       image->path, MZ_SEGMENT_MAX);
	image->segments[image->segment_count++] = *segment;
	return 0;
}

int mz_image_check_entry_(const struct mz_image *image, struct mz_failure *failure)
{
	for (unsigned i = 0; i < image->segment_count; i++) {
		if (image->entry - image->segments[i].gpa < image->segments[i].memory_bytes)
			return 0;
	}
	return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
		       "%s: the entry point 0x%" PRIx64 " lies in no segment", image->path,
		       image->entry);
}

static uint64_t last_of(const struct mz_segment *segment)
{
	return segment->gpa + (segment->memory_bytes - 1);
}

static int check_segment(const struct mz_image *image, unsigned index, const struct mz_ram *ram,
			 struct mz_failure *failure)
{
	const struct mz_segment *segment = &image->segments[index];
	uint64_t first = segment->gpa, last = last_of(segment);

	if (!mz_ram_at(ram, first, segment->memory_bytes))
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "%s: segment %u: [0x%" PRIx64 ", 0x%" PRIx64
			       "] is not inside the guest's memory of %" PRIu64 " bytes",
			       image->path, index, first, last, ram->bytes);
	if (image->mode != MZ_MODE_REAL && first < MZ_BOOT_AREA_END && last >= MZ_BOOT_AREA_BASE)
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "%s: segment %u: [0x%" PRIx64 ", 0x%" PRIx64
			       "] overlaps the boot structures in [0x%x, 0x%x)",
			       image->path, index, first, last, MZ_BOOT_AREA_BASE,
			       MZ_BOOT_AREA_END);
	for (unsigned other = 0; other < index; other++) {
		const struct mz_segment *before = &image->segments[other];

		if (first <= last_of(before) && before->gpa <= last)
			return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
				       "%s: segment %u: [0x%" PRIx64 ", 0x%" PRIx64
				       "] overlaps segment %u: [0x%" PRIx64 ", 0x%" PRIx64 "]",
				       image->path, index, first, last, other, before->gpa,
				       last_of(before));
	}
	return 0;
}

/* What the boot page tables map, and what a real-mode processor reaches. */
static int check_reach(const struct mz_image *image, struct mz_failure *failure)
{
	if (image->entry >= MZ_BOOT_MAPPED_BYTES)
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "%s: entry point 0x%" PRIx64
			       " is beyond 4 GiB: the boot page tables "
			       "map nothing there",
			       image->path, image->entry);
	if (image->mode == MZ_MODE_REAL && image->entry >= MZ_BOOT_REAL_END)
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "%s: entry point 0x%" PRIx64
			       " is beyond 1 MiB: 16-bit code does not reach it",
			       image->path, image->entry);
	return 0;
}

int mz_image_fits(const struct mz_image *image, const struct mz_ram *ram,
		  struct mz_failure *failure)
{
	if (!mz_ram_at(ram, 0, MZ_BOOT_AREA_END))
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "the guest's memory of %" PRIu64
			       " bytes is too small: the boot structures alone need %u",
			       ram->bytes, MZ_BOOT_AREA_END);
	for (unsigned i = 0; i < image->segment_count; i++) {
		if (check_segment(image, i, ram, failure))
			return -1;
	}
	return check_reach(image, failure);
}
