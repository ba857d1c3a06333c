// SPDX-License-Identifier: MPL-2.0
/* The multiboot header. Source: Multiboot Specification version 0.6.96, section 3.1. */
#include "vmm/boot/image_format.h"

#include <endian.h>
#include <string.h>

#define HEADER_MAGIC  0x1badb002u /* 3.1.2 */
#define HEADER_BYTES  12u         /* 3.1.1: magic, flags and checksum; the rest goes with flags */
#define SEARCH_BYTES  8192u       /* 3.1: the header lies wholly in the first 8192 bytes */
#define FLAG_ALIGN    (1u << 0)   /* 3.1.2: modules begin on pages */
#define FLAG_MEMORY   (1u << 1)   /* 3.1.2: memory information is wanted */
#define FLAG_VIDEO    (1u << 2)   /* 3.1.2: a video mode is wanted */
#define FLAGS_DEMAND  0xffffu     /* 3.1.2: a loader that does not know one of these must refuse */
#define FLAGS_HONORED (FLAG_ALIGN | FLAG_MEMORY)

static uint32_t word_at(const struct mz_image *image, size_t offset)
{
	uint32_t word;

	memcpy(&word, image->file + offset, sizeof(word));
	return le32toh(word);
}

/*
 * The flags above bit 15 may be ignored; bit 16 (load addresses in the header) must be for ELF
 * files (3.1.3).
 */
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

int mz_image_parse_multiboot_(struct mz_image *image, struct mz_failure *failure)
{
	size_t end = image->file_bytes < SEARCH_BYTES ? image->file_bytes : SEARCH_BYTES;
	bool magic_seen = false;

	for (size_t offset = 0; offset + HEADER_BYTES <= end; offset += 4) {
		if (word_at(image, offset) != HEADER_MAGIC)
			continue;
		magic_seen = true;
		image->multiboot_flags = word_at(image, offset + 4);
		if (HEADER_MAGIC + image->multiboot_flags + word_at(image, offset + 8) == 0)
			return check_flags(image, failure);
	}
	return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
		       "%s: 32-bit ELF file %s multiboot header in its first %u bytes", image->path,
		       magic_seen ? "whose checksum is wrong in the" : "without a", SEARCH_BYTES);
}
