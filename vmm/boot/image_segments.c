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

/* The run of [base, end) that begins there, as far as no segment lies in it. */
static struct mz_image_gap gap_at(const struct mz_image *image, uint64_t base, uint64_t end)
{
	struct mz_image_gap gap = {base, end};

	for (unsigned i = 0; i < image->segment_count; i++) {
		const struct mz_segment *segment = &image->segments[i];

		if (segment->gpa < gap.end && last_of(segment) >= base)
			gap.end = segment->gpa < base ? base : segment->gpa;
	}
	return gap;
}

static struct mz_image_gap larger(struct mz_image_gap a, struct mz_image_gap b)
{
	uint64_t of_a = a.end - a.base, of_b = b.end - b.base;

	return of_b > of_a || (of_b == of_a && b.base < a.base) ? b : a;
}

struct mz_image_gap mz_image_largest_gap(const struct mz_image *image, uint64_t first, uint64_t end)
{
	struct mz_image_gap gap = gap_at(image, first, end);

	for (unsigned i = 0; i < image->segment_count; i++) {
		uint64_t last = last_of(&image->segments[i]);

		if (last >= first && last < end - 1)
			gap = larger(gap, gap_at(image, last + 1, end));
	}
	return gap;
}

static int check_boot_area(const struct mz_image *image, struct mz_failure *failure)
{
	struct mz_image_gap gap = mz_image_largest_gap(image, MZ_BOOT_LOW_BASE, MZ_BOOT_LOW_END);

	if (image->mode == MZ_MODE_REAL || gap.end - gap.base >= MZ_BOOT_AREA_LEAST)
		return 0;
	return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
		       "%s: the segments leave %" PRIu64
		       " bytes in one piece of [0x%x, 0x%x): the boot "
		       "structures need %u",
		       image->path, gap.end - gap.base, MZ_BOOT_LOW_BASE, MZ_BOOT_LOW_END,
		       MZ_BOOT_AREA_LEAST);
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
	if (!mz_ram_at(ram, 0, MZ_BOOT_LOW_END))
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "the guest's memory of %" PRIu64
			       " bytes is too small: the boot structures alone need %u",
			       ram->bytes, MZ_BOOT_LOW_END);
	for (unsigned i = 0; i < image->segment_count; i++) {
		if (check_segment(image, i, ram, failure))
			return -1;
	}
	return check_boot_area(image, failure) ? -1 : check_reach(image, failure);
}
