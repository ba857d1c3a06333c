/* SPDX-License-Identifier: MPL-2.0 */
/* Guest images: recognised and checked here, without touching guest memory. The file is hostile input. */
#ifndef MZ_VMM_IMAGE_H
#define MZ_VMM_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/failure.h"
#include "vmm/ram.h"

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
	uint64_t gpa, memory_bytes;
	const unsigned char *data;
	uint64_t data_bytes;
};

#define MZ_SEGMENT_MAX 64

struct mz_image {
	const char *path; /* borrowed, for messages */
	unsigned char *file;
	size_t file_bytes;
	enum mz_image_kind kind;
	uint64_t entry; /* guest-physical */
	uint32_t multiboot_flags;
	struct mz_segment segments[MZ_SEGMENT_MAX];
	unsigned segment_count;
};

/* Maps the file and finds out what it is; `flat` loads it at `flat_address` whatever it holds. */
int mz_image_open(struct mz_image *image, const char *path, bool flat, uint64_t flat_address,
		  struct mz_failure *failure);
void mz_image_close(struct mz_image *image);

/* Are all segments inside one bank each, without overlap, and is the entry inside a segment? */
int mz_image_fits(const struct mz_image *image, const struct mz_ram *ram, struct mz_failure *failure);

const char *mz_image_kind_text(enum mz_image_kind kind);

#ifdef __cplusplus
}
#endif

#endif
