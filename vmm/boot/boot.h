/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Boot protocols: put an image and what its protocol asks for into guest memory, and say how the
 * processor begins.
 *
 * 64-bit images (ELF64 and flat) begin in long mode with the lowest 4 GiB mapped to themselves by
 * page tables that libmezz's x86-64 stage-1 instance builds inside guest memory: readable,
 * writable, executable, reachable from user mode. rdi is the address of the command line, a string
 * that ends with a 0, or 0 if there is none. rsi is 0.
 *
 * Multiboot images begin as the Multiboot Specification 0.6.96 says: eax is the loader's magic and
 * ebx the address of the information block, which gives the memory sizes, the command line (the
 * image's name, a space and the user's text), the modules, the memory map and the loader's name.
 * Modules lie behind the image, each on a page of its own.
 *
 * What a protocol puts into memory beside the image and the modules lies in the boot area, which no
 * image may use.
 */
#ifndef MZ_VMM_BOOT_H
#define MZ_VMM_BOOT_H

#include "core/table.h"
#include "vmm/boot/image.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MZ_BOOT_AREA_BASE    0x1000u
#define MZ_BOOT_AREA_END     0xa0000u
#define MZ_BOOT_MAPPED_BYTES 0x100000000u /* by the boot page tables */

/*
 * A file for the guest beside its image; `command` is the file's name and what the user put behind
 * it.
 */
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
	uint64_t cr3; /* long mode */
	uint64_t gdt; /* gpa of the table; selectors are those below */
	uint16_t gdt_bytes;
};

#define MZ_BOOT_CODE64 0x08
#define MZ_BOOT_DATA   0x10
#define MZ_BOOT_CODE32 0x18

/*
 * The image has been checked by mz_image_fits(), and the memory is fresh: what an image does not
 * set is 0 already. MZ_STATUS_BAD_IMAGE: a module does not fit or can't be read.
 * MZ_STATUS_BAD_ARGUMENT: the texts are too long for the boot area, or there are modules and the
 * protocol has none.
 */
int mz_boot_load(const struct mz_image *image, const struct mz_boot_request *request,
		 struct mz_ram *ram, struct mz_boot_state *state, struct mz_failure *failure);

#ifdef __cplusplus
}
#endif

#endif
