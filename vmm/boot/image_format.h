/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Between the parts of image.c: what is in the file that `image` holds. Not for users of the
 * library.
 */
#ifndef MZ_VMM_IMAGE_FORMAT_H
#define MZ_VMM_IMAGE_FORMAT_H

#include "vmm/boot/image.h"

/* Does the file begin like an ELF file? */
bool mz_image_is_elf_(const struct mz_image *image);

/* Fills in kind, entry and segments from an ELF file. */
int mz_image_parse_elf_(struct mz_image *image, struct mz_failure *failure);

/* Finds the multiboot header and fills in multiboot_flags. A file without one is refused. */
int mz_image_parse_multiboot_(struct mz_image *image, struct mz_failure *failure);

/* Appends a segment; an empty one is left out. `data` lies in the file. */
int mz_image_add_segment_(struct mz_image *image, const struct mz_segment *segment,
			  struct mz_failure *failure);

#endif
