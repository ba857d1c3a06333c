// SPDX-License-Identifier: MPL-2.0
/* Guest images: what a file is, and what that says about starting it. */
#include "vmm/boot/image.h"

#include <inttypes.h>
#include <string.h>

#include "vmm/boot/image_format.h"

static int parse_flat(struct mz_image *image, const struct mz_image_as *as,
		      struct mz_failure *failure)
{
	const struct mz_segment segment = {
		.gpa = as->address,
		.memory_bytes = image->file_bytes,
		.data_bytes = image->file_bytes,
	};

	if (image->file_bytes - 1 > UINT64_MAX - as->address)
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "%s: %zu bytes at 0x%" PRIx64 " wrap around the address space",
			       image->path, image->file_bytes, as->address);
	image->mode = as->mode;
	image->entry = as->address;
	return mz_image_add_segment_(image, &segment, failure);
}

static int parse_plain(struct mz_image *image, struct mz_failure *failure)
{
	return mz_image_parse_elf_(image, failure) || mz_image_check_entry_(image, failure) ? -1
											    : 0;
}

/* The header of a protocol says more than the container it lies in. */
static enum mz_image_kind recognise(const struct mz_image *image)
{
	if (mz_image_is_bzimage_(image))
		return MZ_IMAGE_LINUX;
	if (mz_image_is_pvh_(image))
		return MZ_IMAGE_PVH;
	if (mz_image_is_multiboot2_(image))
		return MZ_IMAGE_MULTIBOOT2;
	if (mz_image_is_multiboot_(image))
		return MZ_IMAGE_MULTIBOOT;
	if (mz_image_is_vmlinux_(image))
		return MZ_IMAGE_LINUX;
	return mz_image_is_elf_(image) ? MZ_IMAGE_ELF : MZ_IMAGE_ANY;
}

static int parse(struct mz_image *image, const struct mz_image_as *as, struct mz_failure *failure)
{
	switch (image->kind) {
	case MZ_IMAGE_LINUX:
		return mz_image_parse_linux_(image, failure);
	case MZ_IMAGE_PVH:
		return mz_image_parse_pvh_(image, failure);
	case MZ_IMAGE_MULTIBOOT2:
		return mz_image_parse_multiboot2_(image, failure);
	case MZ_IMAGE_MULTIBOOT:
		return mz_image_parse_multiboot_(image, failure);
	case MZ_IMAGE_ELF:
		return parse_plain(image, failure);
	case MZ_IMAGE_FLAT:
		return parse_flat(image, as, failure);
	case MZ_IMAGE_ANY:
		break;
	}
	return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
		       "%s: is not a Linux, multiboot or ELF image; what is flat must be taken as "
		       "flat16, flat32 or flat64, at an address",
		       image->path);
}

static int parse_file(struct mz_image *image, const struct mz_image_as *as,
		      struct mz_failure *failure)
{
	image->kind = as ? as->kind : MZ_IMAGE_ANY;
	if (image->kind != MZ_IMAGE_FLAT && mz_image_unpack_(image, failure))
		return -1;
	if (image->kind == MZ_IMAGE_ANY)
		image->kind = recognise(image);
	return parse(image, as, failure);
}

int mz_image_open(struct mz_image *image, const char *path, const struct mz_image_as *as,
		  struct mz_failure *failure)
{
	memset(image, 0, sizeof(*image));
	image->path = path;
	if (mz_image_open_file_(image, failure) || parse_file(image, as, failure)) {
		mz_image_close(image);
		return -1;
	}
	return 0;
}
