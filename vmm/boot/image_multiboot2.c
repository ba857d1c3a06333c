// SPDX-License-Identifier: MPL-2.0
/* The multiboot 2 header. Source: Multiboot2 Specification version 2.0, section 3.1. */
#include <inttypes.h>

#include "vmm/boot/image_format.h"
#include "vmm/boot/multiboot2.h"

#define HEADER_MAGIC 0xe85250d6u /* 3.1.2 */
#define HEADER_BYTES 16u         /* 3.1.2: magic, architecture, length, checksum */
#define SEARCH_BYTES 32768u      /* 3.1: the header lies wholly in the first 32768 bytes */
#define ARCHITECTURE 0u          /* 3.1.2: 32-bit protected mode of i386 */
#define TAG_BYTES    8u          /* 3.1.3: type, flags and size */
#define TAG_OPTIONAL 1u          /* 3.1.3: flags: a loader may ignore it */

/* 3.1.4 to 3.1.13: types of tags. */
enum {
	TAG_END = 0,
	TAG_INFORMATION = 1,
	TAG_ADDRESSES = 2,
	TAG_ENTRY = 3,
	TAG_CONSOLE = 4,
	TAG_ALIGN = 6,
	TAG_EFI_FIRST = 7, /* these matter only where there is EFI */
	TAG_EFI_LAST = 9,
	TAG_RELOCATABLE = 10,
};

#define CONSOLE_REQUIRED 1u /* 3.1.9: of the console's flags */

/* What the tags come to. */
struct tags {
	bool has_addresses, has_entry;
	struct mz_load_addresses addresses;
	uint32_t entry;
};

struct tag {
	size_t at;
	uint32_t type, bytes;
	bool optional;
};

static bool find_header(const struct mz_image *image, size_t *at)
{
	size_t end = image->file_bytes < SEARCH_BYTES ? image->file_bytes : SEARCH_BYTES;

	for (size_t offset = 0; offset + HEADER_BYTES <= end; offset += 8) {
		uint32_t sum = 0;

		for (unsigned word = 0; word < HEADER_BYTES; word += 4)
			sum += mz_image_word_(image, offset + word);
		*at = offset;
		if (mz_image_word_(image, offset) == HEADER_MAGIC && sum == 0)
			return true;
	}
	return false;
}

bool mz_image_is_multiboot2_(const struct mz_image *image)
{
	size_t at;

	return find_header(image, &at);
}

static int refuse(const struct mz_image *image, struct mz_failure *failure, const char *what,
		  uint32_t value)
{
	return mz_fail(failure, MZ_STATUS_BAD_IMAGE, "%s: multiboot 2 header: %s %u", image->path,
		       what, value);
}

/* 3.1.5: what the image wants to be told. */
static int check_information(struct mz_image *image, const struct tag *tag,
			     struct mz_failure *failure)
{
	for (uint32_t word = TAG_BYTES; word + 4 <= tag->bytes && !tag->optional; word += 4) {
		uint32_t wanted = mz_image_word_(image, tag->at + word);

		switch (wanted) {
		case MZ_MULTIBOOT2_COMMAND_LINE:
		case MZ_MULTIBOOT2_LOADER:
		case MZ_MULTIBOOT2_MODULE:
		case MZ_MULTIBOOT2_MEMORY:
		case MZ_MULTIBOOT2_MEMORY_MAP:
		case MZ_MULTIBOOT2_LOAD_BASE:
			break;
		case MZ_MULTIBOOT2_RSDP_OLD:
		case MZ_MULTIBOOT2_RSDP:
			image->multiboot2.wants_rsdp = true;
			break;
		default:
			return refuse(image, failure, "demands information that is not given: type",
				      wanted);
		}
	}
	return 0;
}

static int take_tag(struct mz_image *image, const struct tag *tag, struct tags *tags,
		    struct mz_failure *failure)
{
	const size_t at = tag->at;

	switch (tag->type) {
	case TAG_INFORMATION:
		return check_information(image, tag, failure);
	case TAG_ADDRESSES:
		if (tag->bytes < 24)
			return refuse(image, failure,
				      "the tag of addresses is too short:", tag->bytes);
		tags->has_addresses = true;
		tags->addresses.header = mz_image_word_(image, at + 8);
		tags->addresses.load = mz_image_word_(image, at + 12);
		tags->addresses.load_end = mz_image_word_(image, at + 16);
		tags->addresses.bss_end = mz_image_word_(image, at + 20);
		return 0;
	case TAG_ENTRY:
		if (tag->bytes < 12)
			return refuse(image, failure,
				      "the tag of the entry is too short:", tag->bytes);
		tags->has_entry = true;
		tags->entry = mz_image_word_(image, at + 8);
		return 0;
	case TAG_CONSOLE:
		if (tag->bytes < 12)
			return refuse(image, failure,
				      "the tag of the console is too short:", tag->bytes);
		if (mz_image_word_(image, at + 8) & CONSOLE_REQUIRED && !tag->optional)
			return refuse(image, failure, "demands a text console: flags",
				      mz_image_word_(image, at + 8));
		return 0;
	case TAG_ALIGN:
		return 0;
	case TAG_RELOCATABLE:
		image->multiboot2.relocatable = true;
		return 0;
	default:
		if (tag->optional || (tag->type >= TAG_EFI_FIRST && tag->type <= TAG_EFI_LAST))
			return 0;
		return refuse(image, failure, "demands what is not supported: tag", tag->type);
	}
}

/* 3.1.3: tags begin at multiples of 8 bytes; the last says that it is. */
static int read_tags(struct mz_image *image, size_t header, struct tags *tags,
		     struct mz_failure *failure)
{
	size_t room = image->file_bytes < SEARCH_BYTES ? image->file_bytes : SEARCH_BYTES;
	uint32_t length = mz_image_word_(image, header + 8);
	size_t at = header + HEADER_BYTES, end = header + length;

	if (length > room - header)
		return refuse(image, failure, "reaches beyond the file, or 32768 bytes: length",
			      length);
	while (at + TAG_BYTES <= end) {
		struct tag tag = {
			.at = at,
			.type = mz_image_word_(image, at) & 0xffff,
			.optional = mz_image_word_(image, at) >> 16 & TAG_OPTIONAL,
			.bytes = mz_image_word_(image, at + 4),
		};

		if (tag.type == TAG_END)
			return 0;
		if (tag.bytes < TAG_BYTES || tag.bytes > end - at)
			return refuse(image, failure, "a tag has an impossible size:", tag.bytes);
		if (take_tag(image, &tag, tags, failure))
			return -1;
		at += ((size_t)tag.bytes + 7) & ~(size_t)7;
	}
	return refuse(image, failure, "has no end tag: length", length);
}

static int load_by_addresses(struct mz_image *image, size_t header, struct tags *tags,
			     struct mz_failure *failure)
{
	if (!tags->has_entry)
		return refuse(image, failure, "has addresses but no entry: tag", TAG_ENTRY);
	tags->addresses.header_offset = header;
	if (tags->addresses.load == UINT32_MAX) /* 3.1.6: the file's first byte */
		tags->addresses.load = tags->addresses.header - (uint32_t)header;
	return mz_image_load_by_addresses_(image, &tags->addresses, failure);
}

int mz_image_parse_multiboot2_(struct mz_image *image, struct mz_failure *failure)
{
	struct tags tags = {0};
	size_t header;

	if (!find_header(image, &header))
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "%s: no multiboot 2 header in its first %u bytes", image->path,
			       SEARCH_BYTES);
	if (mz_image_word_(image, header + 4) != ARCHITECTURE)
		return refuse(image, failure, "the architecture is not 0 (i386) but",
			      mz_image_word_(image, header + 4));
	if (read_tags(image, header, &tags, failure) ||
	    (tags.has_addresses ? load_by_addresses(image, header, &tags, failure)
				: mz_image_parse_elf_(image, failure)))
		return -1;
	if (tags.has_entry)
		image->entry = tags.entry;
	image->mode = MZ_MODE_PROTECTED;
	return mz_image_check_entry_(image, failure);
}
