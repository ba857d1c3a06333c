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
	uint64_t next; /* gpa of the first byte of the boot area that is free */
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

/* The protocols: each fills in its part of a state that is all 0 but for gdt and rip. */
int mz_boot_long_(struct mz_boot *boot, struct mz_boot_state *state, struct mz_failure *failure);
int mz_boot_multiboot_(struct mz_boot *boot, struct mz_boot_state *state,
		       struct mz_failure *failure);

#endif
