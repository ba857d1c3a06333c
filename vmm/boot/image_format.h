/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Between the parts of image.c: what is in the file that `image` holds. Not for users of the
 * library.
 */
#ifndef MZ_VMM_IMAGE_FORMAT_H
#define MZ_VMM_IMAGE_FORMAT_H

#include <endian.h>
#include <string.h>

#include "vmm/boot/image.h"

/* The little-endian word at an offset that is known to be inside the file. */
static inline uint32_t mz_image_word_(const struct mz_image *image, size_t offset)
{
	uint32_t word;

	memcpy(&word, image->file + offset, sizeof(word));
	return le32toh(word);
}

/*
 * The file as it is, and of its content the head, where headers are searched for. On failure, too,
 * it is closed by mz_image_close().
 */
int mz_image_open_file_(struct mz_image *image, struct mz_failure *failure);

/* Lets `bytes` bytes at an offset, which are inside the file, be looked at in image->file. */
int mz_image_look_(const struct mz_image *image, uint64_t offset, uint64_t bytes,
		   struct mz_failure *failure);
int mz_image_look_at_all_(struct mz_image *image, struct mz_failure *failure);

/* Does the file begin like an ELF file? */
bool mz_image_is_elf_(const struct mz_image *image);

/* Fills in mode, entry and segments from an ELF file; whether the entry is in one is not asked. */
int mz_image_parse_elf_(struct mz_image *image, struct mz_failure *failure);

/*
 * Looks through the notes of an ELF file for the first of that name and type. False: there is none,
 * also because the file is no ELF file or not a sound one.
 */
struct mz_note {
	const unsigned char *bytes;
	size_t count;
};

bool mz_image_find_note_(const struct mz_image *image, const char *name, uint32_t type,
			 struct mz_note *note);

/* Unpacks the file in place, if it is compressed. */
int mz_image_unpack_(struct mz_image *image, struct mz_failure *failure);

/* Is it a bzImage, or a vmlinux? */
bool mz_image_is_bzimage_(const struct mz_image *image);
bool mz_image_is_vmlinux_(const struct mz_image *image);

/* Fills in everything from either. */
int mz_image_parse_linux_(struct mz_image *image, struct mz_failure *failure);

/* Does the file hold the note of the PVH entry point? */
bool mz_image_is_pvh_(const struct mz_image *image);

/* Fills in everything from an ELF file with that note. */
int mz_image_parse_pvh_(struct mz_image *image, struct mz_failure *failure);

/* Does the file hold a multiboot header, and something to load by it? */
bool mz_image_is_multiboot_(const struct mz_image *image);

/* Fills in everything from a file with a multiboot header. */
int mz_image_parse_multiboot_(struct mz_image *image, struct mz_failure *failure);

/* The same for multiboot 2. */
bool mz_image_is_multiboot2_(const struct mz_image *image);
int mz_image_parse_multiboot2_(struct mz_image *image, struct mz_failure *failure);

/* Where a multiboot header says that the file goes; `header_offset` is its own place in the file.
 */
struct mz_load_addresses {
	size_t header_offset;
	uint32_t header;            /* where that lands in memory */
	uint32_t load;              /* the first byte */
	uint32_t load_end, bss_end; /* exclusive; 0: the file's end, no zeros */
};

/* Makes the one segment. */
int mz_image_load_by_addresses_(struct mz_image *image, const struct mz_load_addresses *addresses,
				struct mz_failure *failure);

/* Is the entry in a segment? */
int mz_image_check_entry_(const struct mz_image *image, struct mz_failure *failure);

/* Appends a segment; an empty one is left out. Its data lies in the file. */
int mz_image_add_segment_(struct mz_image *image, const struct mz_segment *segment,
			  struct mz_failure *failure);

#endif
