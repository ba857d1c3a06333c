// SPDX-License-Identifier: MPL-2.0
/*
 * Images with Linux's setup header: a bzImage, and whatever else keeps to its protocol. Source: The
 * Linux/x86 Boot Protocol, Documentation/arch/x86/boot.rst; what is in quotes is a field of its.
 */
#include <asm/bootparam.h>
#include <inttypes.h>

#include "vmm/boot/image_format.h"

#define HEADER_AT     0x1f1u      /* where the setup header lies in the file, */
#define HEADER_LEAST  0x202u      /* and where its magic number does, before which all is old */
#define HEADER_MAGIC  0x53726448u /* "HdrS" */
#define BOOT_FLAG     0xaa55u
#define END_AT        0x201u /* the byte that says how far behind HEADER_LEAST the header ends */
#define SECTOR_BYTES  512u
#define SETUP_SECTORS 4u     /* what "setup_sects" 0 stands for */
#define PARAGRAPH     16u    /* the unit of "syssize" */
#define ENTRY64       0x200u /* of the 64-bit entry point behind the load address */
#define LOAD_DEFAULT  0x100000u

/* A vmlinux: the note that each has had since 4.19, COMMAND_LINE_SIZE, and "initrd_addr_max". */
#define NOTE_BUILD_SALT  0x100u
#define COMMAND_LINE_MAX 2047u
#define INITRD_LAST      0x7fffffffu

#define VERSION_LEAST   0x0206u /* the first that says how long a command line may be */
#define VERSION_ENTRY64 0x020cu /* the first that says whether there is a 64-bit entry point */

bool mz_image_is_bzimage_(const struct mz_image *image)
{
	return image->file_bytes >= HEADER_LEAST + 4 &&
		mz_image_word_(image, HEADER_LEAST) == HEADER_MAGIC;
}

static int cut_off(const struct mz_image *image, const char *where, struct mz_failure *failure)
{
	return mz_fail(failure, MZ_STATUS_BAD_IMAGE, "%s: Linux image of %zu bytes, cut off in %s",
		       image->path, image->file_bytes, where);
}

static int bad(const struct mz_image *image, struct mz_failure *failure, const char *field,
	       uint64_t value, const char *wanted)
{
	return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
		       "%s: Linux setup header: %s is 0x%" PRIx64 ", %s", image->path, field, value,
		       wanted);
}

/* A header may be longer than what we know, and shorter: what is not in the file is 0. */
static int read_header(struct mz_image *image, struct setup_header *header,
		       struct mz_failure *failure)
{
	struct mz_linux_image *self = &image->linux_image;
	size_t bytes = HEADER_LEAST + image->file[END_AT] - HEADER_AT;

	if (bytes > sizeof(*header))
		bytes = sizeof(*header);
	memset(header, 0, sizeof(*header));
	if (image->file_bytes < HEADER_AT + bytes)
		return cut_off(image, "its setup header", failure);
	memcpy(header, image->file + HEADER_AT, bytes);
	self->header = image->file + HEADER_AT;
	self->header_bytes = (unsigned)bytes;
	return 0;
}

static int check_header(const struct mz_image *image, const struct setup_header *header,
			struct mz_failure *failure)
{
	if (header->boot_flag != BOOT_FLAG)
		return bad(image, failure, "boot_flag", header->boot_flag, "not 0xaa55");
	if (header->version < VERSION_LEAST)
		return bad(image, failure, "version", header->version,
			   "older than 2.6 (0x206), the first that tells all that is asked here");
	if (!(header->loadflags & LOADED_HIGH))
		return bad(image, failure, "loadflags", header->loadflags,
			   "for loading below 1 MiB (bit 0 is clear), where no image lies");
	if (header->relocatable_kernel && header->kernel_alignment != 0 &&
	    header->kernel_alignment & (header->kernel_alignment - 1))
		return bad(image, failure, "kernel_alignment", header->kernel_alignment,
			   "not a power of 2");
	return 0;
}

static bool has_entry64(const struct setup_header *header)
{
	return header->version >= VERSION_ENTRY64 && header->xloadflags & XLF_KERNEL_64;
}

/*
 * A kernel goes where it prefers to be: even a relocatable one that lies lower moves itself up to
 * there.
 */
static uint64_t load_address(const struct setup_header *header)
{
	uint64_t align = header->kernel_alignment ? header->kernel_alignment : 1;
	uint64_t address = header->pref_address ? header->pref_address : LOAD_DEFAULT;
	uint64_t up = (address + align - 1) & ~(align - 1);

	return header->relocatable_kernel && up >= address ? up : address;
}

/* Everything behind the setup part, and the memory that the kernel wants before it looks itself. */
static int load_kernel(struct mz_image *image, const struct setup_header *header,
		       struct mz_failure *failure)
{
	uint64_t sectors = header->setup_sects ? header->setup_sects : SETUP_SECTORS;
	uint64_t offset = (sectors + 1) * SECTOR_BYTES, bytes;
	struct mz_segment segment = {.gpa = load_address(header)};

	if (image->file_bytes <= offset)
		return cut_off(image, "its setup part", failure);
	bytes = image->file_bytes - offset;
	if (bytes + PARAGRAPH - 1 < (uint64_t)header->syssize * PARAGRAPH)
		return cut_off(image, "its kernel", failure);
	segment.data_offset = offset;
	segment.data_bytes = bytes;
	segment.memory_bytes = bytes > header->init_size ? bytes : header->init_size;
	if (segment.memory_bytes - 1 > UINT64_MAX - segment.gpa)
		return bad(image, failure, "pref_address", header->pref_address,
			   "where the kernel would wrap around");
	image->mode = has_entry64(header) ? MZ_MODE_LONG : MZ_MODE_PROTECTED;
	image->entry = segment.gpa + (image->mode == MZ_MODE_LONG ? ENTRY64 : 0);
	return mz_image_add_segment_(image, &segment, failure);
}

static int parse_bzimage(struct mz_image *image, struct mz_failure *failure)
{
	struct setup_header header;

	if (read_header(image, &header, failure) || check_header(image, &header, failure) ||
	    load_kernel(image, &header, failure))
		return -1;
	image->linux_image.command_line_max = header.cmdline_size;
	image->linux_image.initrd_last = header.initrd_addr_max;
	image->linux_image.above_4g = image->mode == MZ_MODE_LONG &&
		header.xloadflags & XLF_CAN_BE_LOADED_ABOVE_4G;
	return mz_image_check_entry_(image, failure);
}

/* What a kernel without a header takes: as those with one have always said. */
static int parse_vmlinux(struct mz_image *image, struct mz_failure *failure)
{
	if (mz_image_parse_elf_(image, failure) || mz_image_check_entry_(image, failure))
		return -1;
	image->linux_image.command_line_max = COMMAND_LINE_MAX;
	image->linux_image.initrd_last = INITRD_LAST;
	return 0;
}

bool mz_image_is_vmlinux_(const struct mz_image *image)
{
	struct mz_note note;

	return mz_image_find_note_(image, "Linux", NOTE_BUILD_SALT, &note);
}

int mz_image_parse_linux_(struct mz_image *image, struct mz_failure *failure)
{
	if (mz_image_is_bzimage_(image))
		return parse_bzimage(image, failure);
	if (mz_image_is_elf_(image))
		return parse_vmlinux(image, failure);
	return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
		       "%s: has no Linux setup header and is not an ELF file", image->path);
}
