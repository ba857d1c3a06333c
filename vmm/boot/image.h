/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Guest images: recognised and checked here, without touching guest memory. The file is hostile
 * input: nothing in it is believed. Every failure is MZ_STATUS_BAD_IMAGE unless said otherwise, and
 * its text names the file, the field and the value.
 */
#ifndef MZ_VMM_IMAGE_H
#define MZ_VMM_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/base/failure.h"
#include "vmm/memory/ram.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The protocol that starts an image. */
enum mz_image_kind {
	MZ_IMAGE_ANY,   /* not chosen: the content says it */
	MZ_IMAGE_LINUX, /* Linux's boot protocol: a bzImage, or a vmlinux; in 64-bit mode if it can
			 */
	MZ_IMAGE_PVH,   /* Xen's direct boot, which others speak too: an ELF file with a note */
	MZ_IMAGE_MULTIBOOT2,
	MZ_IMAGE_MULTIBOOT,
	MZ_IMAGE_ELF,  /* none: entered at its entry point, in 32-bit or 64-bit mode */
	MZ_IMAGE_FLAT, /* none: loaded as it is at an address, and entered there */
};

/* How a processor begins. */
enum mz_image_mode {
	MZ_MODE_REAL,      /* 16-bit */
	MZ_MODE_PROTECTED, /* 32-bit, without paging */
	MZ_MODE_LONG,      /* 64-bit */
};

/* What to take a file for. `mode` and `address` are for MZ_IMAGE_FLAT. */
struct mz_image_as {
	enum mz_image_kind kind;
	enum mz_image_mode mode;
	uint64_t address;
};

/*
 * Reads what users write for it: linux, pvh, multiboot2, multiboot, elf, flat16@ADDRESS,
 * flat32@ADDRESS, flat64@ADDRESS. MZ_STATUS_BAD_ARGUMENT: none of these.
 */
int mz_image_as_parse(struct mz_image_as *as, const char *text, struct mz_failure *failure);

/* Bytes that go to guest-physical [gpa, gpa + memory_bytes): some of the file, zeros after them. */
struct mz_segment {
	uint64_t gpa, memory_bytes;       /* at least one byte; does not wrap */
	uint64_t data_offset, data_bytes; /* inside the file, unpacked; at most memory_bytes */
};

#define MZ_SEGMENT_MAX 64

/* Larger files are refused, and those that unpack to more. */
#define MZ_IMAGE_BYTES_MAX ((uint64_t)1 << 30)

/* What a Linux image says about itself; its setup header is copied as it is. */
struct mz_linux_image {
	const unsigned char *header; /* in the file; NULL: a vmlinux, which has none */
	unsigned header_bytes;
	uint32_t command_line_max; /* characters */
	uint32_t initrd_last;      /* the last address that an initrd may use */
	bool above_4g;             /* it may even lie beyond 4 GiB */
};

/* What a multiboot 2 image says in its header. */
struct mz_multiboot2_image {
	bool wants_rsdp;  /* does not begin without ACPI's root pointer */
	bool relocatable; /* wants to know where it lies */
};

struct mz_image {
	const char *path;    /* borrowed, for messages */
	int fd;              /* -1: the file was packed, and `file` holds all of it */
	unsigned char *file; /* its content, unpacked, as far as somebody had to look at it */
	size_t file_bytes;
	enum mz_image_kind kind;
	enum mz_image_mode mode;
	uint64_t entry; /* guest-physical; inside a segment */
	struct mz_segment segments[MZ_SEGMENT_MAX];
	unsigned segment_count;

	uint32_t multiboot_flags;
	struct mz_multiboot2_image multiboot2;
	struct mz_linux_image linux_image;
};

/*
 * Opens the file, unpacks it if it is compressed by gzip or zstd (but for flat images, which are
 * taken as they are), and finds out what it is, or takes it for what `as` says (NULL: by its
 * content). MZ_STATUS_HOST_FAILED: no memory for it. MZ_STATUS_HOST_LACKS: built without what
 * unpacks it.
 *
 * ELF files: the segments of type PT_LOAD go to their physical addresses. The entry point is a
 * virtual address: one that lies in a segment's virtual range becomes the physical address of the
 * same byte; any other is taken for a physical address, as images do that are linked to run
 * elsewhere. Section headers are not used.
 */
int mz_image_open(struct mz_image *image, const char *path, const struct mz_image_as *as,
		  struct mz_failure *failure);
void mz_image_close(struct mz_image *image);

/*
 * Reads what a segment takes from the file to `to`, which has room for its `data_bytes`. A file
 * that was shortened since it was opened is told.
 */
int mz_image_read_segment(const struct mz_image *image, const struct mz_segment *segment, void *to,
			  struct mz_failure *failure);

/*
 * Is each segment inside one bank and clear of the others, is there room for the boot area
 * (vmm/boot/boot.h), and can the entry be reached? MZ_STATUS_BAD_ARGUMENT: the memory does not even
 * hold the boot area.
 */
int mz_image_fits(const struct mz_image *image, const struct mz_ram *ram,
		  struct mz_failure *failure);

/* The largest run of [first, end) that no segment lies in; the lowest one of several. */
struct mz_image_gap {
	uint64_t base, end; /* the same: there is none */
};

struct mz_image_gap mz_image_largest_gap(const struct mz_image *image, uint64_t first,
					 uint64_t end);

/* For people: "Linux", "64-bit ELF". */
const char *mz_image_text(const struct mz_image *image);

#ifdef __cplusplus
}
#endif

#endif
