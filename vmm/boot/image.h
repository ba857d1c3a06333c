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

enum mz_image_kind {
	MZ_IMAGE_ELF64,     /* entered in 64-bit mode */
	MZ_IMAGE_MULTIBOOT, /* multiboot 1 in an ELF32 file: entered in 32-bit protected mode */
	MZ_IMAGE_FLAT,      /* loaded at an address and entered there in 64-bit mode */
};

/* Bytes that go to guest-physical [gpa, gpa + memory_bytes): `data` first, zeros after it. */
struct mz_segment {
	uint64_t gpa, memory_bytes; /* at least one byte; does not wrap */
	const unsigned char *data;
	uint64_t data_bytes; /* at most memory_bytes */
};

#define MZ_SEGMENT_MAX 64

/* Larger files are refused. */
#define MZ_IMAGE_BYTES_MAX ((uint64_t)1 << 30)

struct mz_image {
	const char *path; /* borrowed, for messages */
	unsigned char *file;
	size_t file_bytes;
	enum mz_image_kind kind;
	uint64_t entry; /* guest-physical; inside a segment */
	uint32_t multiboot_flags;
	struct mz_segment segments[MZ_SEGMENT_MAX];
	unsigned segment_count;
};

/*
 * Reads the file and finds out what it is; `flat` loads it at `flat_address` whatever it holds.
 * MZ_STATUS_HOST_FAILED: no memory for it.
 *
 * ELF files: the segments of type PT_LOAD go to their physical addresses. The entry point is a
 * virtual address: one that lies in a segment's virtual range becomes the physical address of the
 * same byte; any other is taken for a physical address, as images do that are linked to run
 * elsewhere. Section headers are not used.
 */
int mz_image_open(struct mz_image *image, const char *path, bool flat, uint64_t flat_address,
		  struct mz_failure *failure);
void mz_image_close(struct mz_image *image);

/*
 * Is each segment inside one bank, clear of the others and of the boot area (vmm/boot/boot.h), and
 * can the entry be reached? MZ_STATUS_BAD_ARGUMENT: the memory does not even hold the boot area.
 */
int mz_image_fits(const struct mz_image *image, const struct mz_ram *ram,
		  struct mz_failure *failure);

const char *mz_image_kind_text(enum mz_image_kind kind);

#ifdef __cplusplus
}
#endif

#endif
