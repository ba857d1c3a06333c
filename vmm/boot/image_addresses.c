// SPDX-License-Identifier: MPL-2.0
/* Images that say in a multiboot header where they are to be loaded. */
#include <inttypes.h>

#include "vmm/boot/image_format.h"

static int bad(const struct mz_image *image, struct mz_failure *failure, const char *what,
	       uint64_t value, const char *why, uint64_t other)
{
	return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
		       "%s: multiboot header: %s 0x%" PRIx64 " %s 0x%" PRIx64, image->path, what,
		       value, why, other);
}

int mz_image_load_by_addresses_(struct mz_image *image, const struct mz_load_addresses *addresses,
				struct mz_failure *failure)
{
	uint64_t load = addresses->load, behind = (uint64_t)addresses->header - load;
	uint64_t offset = addresses->header_offset - behind, in_file, bytes;
	struct mz_segment segment;

	if (addresses->header < load)
		return bad(image, failure, "the header's address", addresses->header,
			   "is below the load address", load);
	if (addresses->header_offset < behind)
		return bad(image, failure, "the load address", load,
			   "lies before the file's beginning: the header is at offset",
			   addresses->header_offset);
	in_file = image->file_bytes - offset;
	bytes = addresses->load_end ? addresses->load_end - load : in_file;
	if (addresses->load_end && addresses->load_end <= load)
		return bad(image, failure, "the end", addresses->load_end,
			   "is not behind the load address", load);
	if (bytes > in_file)
		return bad(image, failure, "the end", load + bytes,
			   "reaches beyond the file, which ends at", load + in_file);
	if (addresses->bss_end && addresses->bss_end < load + bytes)
		return bad(image, failure, "the end of zeros", addresses->bss_end,
			   "is below the end of data", load + bytes);
	segment = (struct mz_segment) {
		.gpa = load,
		.memory_bytes = addresses->bss_end ? addresses->bss_end - load : bytes,
		.data_offset = offset,
		.data_bytes = bytes,
	};
	return mz_image_add_segment_(image, &segment, failure);
}
