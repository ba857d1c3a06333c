/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Boot protocols: put an image and what its protocol asks for into guest memory, and say how the processor begins.
 *
 * 64-bit images begin in long mode with the lowest 4 GiB mapped to themselves by page tables that libmezz's x86-64
 * stage-1 instance builds inside guest memory: readable, writable, executable, reachable from user mode.
 */
#ifndef MZ_VMM_BOOT_H
#define MZ_VMM_BOOT_H

#include "core/table.h"
#include "vmm/image.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A file for the guest beside its image; `command` is the file's name and what the user put behind it. */
struct mz_module {
	const char *path;
	const char *command;
};

struct mz_boot_request {
	const char *command_line; /* NULL: none */
	const struct mz_module *modules;
	unsigned module_count;
};

/* How the processor begins. */
struct mz_boot_state {
	bool long_mode;    /* else 32-bit protected mode without paging */
	uint64_t rip, rsp; /* rsp 0: none */
	uint64_t rax, rbx, rdi, rsi;
	uint64_t cr3;      /* long mode */
	uint64_t gdt;      /* gpa of the table; selectors are those below */
	uint16_t gdt_bytes;
};

#define MZ_BOOT_CODE64 0x08
#define MZ_BOOT_DATA   0x10
#define MZ_BOOT_CODE32 0x18

/* The image has been checked by mz_image_fits(). A module that does not fit or can't be read is MZ_STATUS_BAD_IMAGE. */
int mz_boot_load(const struct mz_image *image, const struct mz_boot_request *request, struct mz_ram *ram,
		 struct mz_boot_state *state, struct mz_failure *failure);

#ifdef __cplusplus
}
#endif

#endif
