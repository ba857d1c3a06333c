/* SPDX-License-Identifier: MPL-2.0 */
/* Between the parts of boot.c: the boot area and the protocols. Not for users of the library. */
#ifndef MZ_VMM_BOOT_PROTOCOL_H
#define MZ_VMM_BOOT_PROTOCOL_H

#include "vmm/boot/boot.h"

/* Everything a protocol works on. The boot area is handed out from its base up. */
struct mz_boot {
	const struct mz_image *image;
	const struct mz_boot_request *request;
	struct mz_ram *ram;
	struct mz_image_gap area;
	uint64_t next;        /* gpa of the first byte of the boot area that is free */
	uint64_t next_module; /* gpa from which on there is neither the image nor a module */
};

/*
 * Takes `bytes` bytes of the boot area, aligned to `align`, a power of 2 of at most a page. Answers
 * the VMM's view of them, or NULL: MZ_STATUS_BAD_ARGUMENT, for only texts vary in size.
 */
void *mz_boot_take_(struct mz_boot *boot, uint64_t bytes, uint64_t align, uint64_t *gpa,
		    struct mz_failure *failure);

/* Puts a string, and the 0 at its end, into the boot area. */
int mz_boot_put_text_(struct mz_boot *boot, const char *text, uint64_t *gpa,
		      struct mz_failure *failure);

/* Builds the boot page tables. */
int mz_boot_put_page_tables_(struct mz_boot *boot, uint64_t *cr3, struct mz_failure *failure);

/* A file in guest memory. */
struct mz_boot_file {
	uint64_t gpa, bytes;
};

/* Loads a file behind the image and the files before it, on a page of its own. */
int mz_boot_load_module_(struct mz_boot *boot, const char *path, struct mz_boot_file *file,
			 struct mz_failure *failure);

/*
 * Loads a file as high as it fits behind the image and below `last`, in the low bank or, with
 * `above_4g`, beyond 4 GiB if it does not fit there.
 */
int mz_boot_load_high_(struct mz_boot *boot, const char *path, uint64_t last, bool above_4g,
		       struct mz_boot_file *file, struct mz_failure *failure);

/* Fails where there are modules or an initrd and the protocol has no place for them. */
int mz_boot_refuse_modules_(const struct mz_boot *boot, struct mz_failure *failure);
int mz_boot_refuse_initrd_(const struct mz_boot *boot, struct mz_failure *failure);

/*
 * The protocols: each fills in its part of a state that is all 0 but for mode, rip, code, data and
 * the gdt.
 */
int mz_boot_plain_(struct mz_boot *boot, struct mz_boot_state *state, struct mz_failure *failure);
int mz_boot_linux_(struct mz_boot *boot, struct mz_boot_state *state, struct mz_failure *failure);
int mz_boot_pvh_(struct mz_boot *boot, struct mz_boot_state *state, struct mz_failure *failure);
int mz_boot_multiboot2_(struct mz_boot *boot, struct mz_boot_state *state,
			struct mz_failure *failure);
int mz_boot_multiboot_(struct mz_boot *boot, struct mz_boot_state *state,
		       struct mz_failure *failure);

#endif
