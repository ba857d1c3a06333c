// SPDX-License-Identifier: MPL-2.0
/* The PVH entry point. Source: Xen's xen/include/public/elfnote.h and docs/misc/pvh.pandoc. */
#include <inttypes.h>

#include "vmm/boot/image_format.h"

#define NOTE_NAME  "Xen"
#define NOTE_ENTRY 18u /* XEN_ELFNOTE_PHYS32_ENTRY: a physical address */

bool mz_image_is_pvh_(const struct mz_image *image)
{
	struct mz_note note;

	return mz_image_find_note_(image, NOTE_NAME, NOTE_ENTRY, &note);
}

/* Linkers write the address as wide as the file's class is. */
static int read_entry(struct mz_image *image, struct mz_failure *failure)
{
	struct mz_note note;
	uint64_t entry = 0;

	if (!mz_image_find_note_(image, NOTE_NAME, NOTE_ENTRY, &note))
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "%s: has no ELF note of a PVH entry point", image->path);
	if (note.count != sizeof(uint32_t) && note.count != sizeof(uint64_t))
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "%s: the ELF note of the PVH entry point has %zu bytes, not 4 or 8",
			       image->path, note.count);
	memcpy(&entry, note.bytes, note.count);
	image->entry = le64toh(entry);
	return 0;
}

int mz_image_parse_pvh_(struct mz_image *image, struct mz_failure *failure)
{
	if (mz_image_parse_elf_(image, failure) || read_entry(image, failure))
		return -1;
	image->mode = MZ_MODE_PROTECTED;
	return mz_image_check_entry_(image, failure);
}
