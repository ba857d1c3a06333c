// SPDX-License-Identifier: MPL-2.0
/* The multiboot header. Source: Multiboot Specification version 0.6.96, section 3.1. */
#include <inttypes.h>

#include "vmm/boot/image_format.h"

#define HEADER_MAGIC   0x1badb002u /* 3.1.2 */
#define HEADER_BYTES   12u         /* 3.1.1: magic, flags and checksum; the rest goes with flags */
#define ADDRESS_BYTES  32u         /* 3.1.1: up to the last of the addresses */
#define SEARCH_BYTES   8192u       /* 3.1: the header lies wholly in the first 8192 bytes */
#define FLAG_ALIGN     (1u << 0)   /* 3.1.2: modules begin on pages */
#define FLAG_MEMORY    (1u << 1)   /* 3.1.2: memory information is wanted */
#define FLAG_VIDEO     (1u << 2)   /* 3.1.2: a video mode is wanted */
#define FLAGS_DEMAND   0xffffu     /* 3.1.2: a loader that does not know one of these must refuse */
#define FLAGS_HONORED  (FLAG_ALIGN | FLAG_MEMORY)
#define FLAG_ADDRESSES (1u << 16) /* 3.1.2: where to load is in the header */

enum find { FOUND, NOT_FOUND, WRONG_CHECKSUM };

static enum find find_header(const struct mz_image *image, size_t *at)
{
	size_t end = image->file_bytes < SEARCH_BYTES ? image->file_bytes : SEARCH_BYTES;
	enum find result = NOT_FOUND;

	for (size_t offset = 0; offset + HEADER_BYTES <= end; offset += 4) {
		if (mz_image_word_(image, offset) != HEADER_MAGIC)
			continue;
		*at = offset;
		if (HEADER_MAGIC + mz_image_word_(image, offset + 4) +
			    mz_image_word_(image, offset + 8) ==
		    0)
			return FOUND;
		result = WRONG_CHECKSUM;
	}
	return result;
}

bool mz_image_is_multiboot_(const struct mz_image *image)
{
	size_t at;

	if (find_header(image, &at) != FOUND)
		return false;
	return mz_image_is_elf_(image) || mz_image_word_(image, at + 4) & FLAG_ADDRESSES;
}

/* The other flags above bit 15 may be ignored. */
static int check_flags(const struct mz_image *image, struct mz_failure *failure)
{
	uint32_t refused = image->multiboot_flags & FLAGS_DEMAND & ~FLAGS_HONORED;

	if (!refused)
		return 0;
	return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
		       "%s: multiboot header: flags 0x%08x demand what is not supported: 0x%04x%s",
		       image->path, image->multiboot_flags, refused,
		       refused & FLAG_VIDEO ? " (bit 2 is a video mode)" : "");
}

/* 3.1.3: the addresses in the header go before those of whatever container it lies in. */
static int parse_addresses(struct mz_image *image, size_t at, struct mz_failure *failure)
{
	struct mz_load_addresses addresses;

	if (image->file_bytes - at < ADDRESS_BYTES)
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "%s: multiboot header: cut off in its addresses", image->path);
	addresses = (struct mz_load_addresses) {
		.header_offset = at,
		.header = mz_image_word_(image, at + 12),
		.load = mz_image_word_(image, at + 16),
		.load_end = mz_image_word_(image, at + 20),
		.bss_end = mz_image_word_(image, at + 24),
	};
	image->entry = mz_image_word_(image, at + 28);
	return mz_image_load_by_addresses_(image, &addresses, failure);
}

int mz_image_parse_multiboot_(struct mz_image *image, struct mz_failure *failure)
{
	size_t at = 0;
	enum find result = find_header(image, &at);

	if (result != FOUND)
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "%s: %s multiboot header in its first %u bytes", image->path,
			       result == WRONG_CHECKSUM ? "the checksum is wrong in the" : "no",
			       SEARCH_BYTES);
	image->multiboot_flags = mz_image_word_(image, at + 4);
	if (check_flags(image, failure))
		return -1;
	if (image->multiboot_flags & FLAG_ADDRESSES ? parse_addresses(image, at, failure)
						    : mz_image_parse_elf_(image, failure))
		return -1;
	image->mode = MZ_MODE_PROTECTED;
	return mz_image_check_entry_(image, failure);
}
