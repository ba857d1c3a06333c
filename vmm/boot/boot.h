/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Boot protocols: put an image and what its protocol asks for into guest memory, and say how the
 * processor begins.
 *
 * Plain images (ELF and flat) begin at their entry point. In 64-bit mode the lowest 4 GiB are
 * mapped to themselves by page tables that libmezz's x86-64 stage-1 instance builds inside guest
 * memory: readable, writable, executable, reachable from user mode. In 32-bit mode there is no
 * paging. In both, rdi is the address of the command line, a string that ends with a 0, or 0 if
 * there is none, and rsi is 0. In 16-bit mode all segments are that of the entry: 0 below 64 KiB,
 * as for a boot sector, else the paragraph that it lies in; sp is 0, so that pushes begin at the
 * segment's end.
 *
 * Linux images begin as The Linux/x86 Boot Protocol says for 64 bits: at the 64-bit entry point,
 * rsi being the address of the zero page, which gives the setup header, the memory map, the command
 * line and the initrd. The initrd lies as high as it may below 4 GiB. A vmlinux, which has no setup
 * header, finds one of the loader's. What has no 64-bit entry point begins as the same document
 * says for 32 bits: where it is loaded, without paging, and otherwise the same.
 *
 * PVH images begin as Xen's "x86/HVM direct boot ABI" says: in 32-bit mode, ebx being the address
 * of the start information, version 1, which gives the command line, the modules (the initrd being
 * the first), the memory map and ACPI's root pointer.
 *
 * Multiboot images begin as the Multiboot Specification 0.6.96 says: eax is the loader's magic and
 * ebx the address of the information block, which gives the memory sizes, the command line (the
 * image's name, a space and the user's text), the modules, the memory map and the loader's name.
 * Modules lie behind the image, each on a page of its own.
 *
 * Multiboot 2 images begin as the Multiboot2 Specification 2.0 says: eax is the loader's magic and
 * ebx the address of the information, whose tags are the command line (the user's text alone), the
 * loader's name, the memory sizes, the memory map, the modules, ACPI's root pointer if there is
 * one, and for relocatable images the load address.
 *
 * What a protocol puts into memory beside the image and the modules lies in the boot area: the
 * largest run of low memory that the image leaves. A 16-bit image has none.
 */
#ifndef MZ_VMM_BOOT_H
#define MZ_VMM_BOOT_H

#include "core/table.h"
#include "vmm/boot/image.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MZ_BOOT_LOW_BASE     0x1000u /* of what the boot area is a run of */
#define MZ_BOOT_LOW_END      0xa0000u
#define MZ_BOOT_AREA_LEAST   0x10000u     /* bytes: an image that leaves less is refused */
#define MZ_BOOT_MAPPED_BYTES 0x100000000u /* by the boot page tables */
#define MZ_BOOT_REAL_END     0x100000u    /* of where a 16-bit image can be entered */

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
	const char *initrd;       /* a file's path; NULL: none */
	const struct mz_module *modules;
	unsigned module_count;
	/* Where ACPI's root pointer is in guest memory; 0: there is none. mz_vm_load() sets it. */
	uint64_t rsdp;
};

/* How the processor begins. */
struct mz_boot_state {
	enum mz_image_mode mode;
	uint64_t rip, rsp; /* rsp 0: none */
	uint64_t rax, rbx, rdi, rsi;
	uint16_t code, data; /* selectors, all the data segments being the same */
	uint64_t cr3;        /* long mode */
	uint64_t gdt;        /* gpa of the table */
	uint16_t gdt_bytes;  /* 0: real mode, which has none */
};

/* Selectors of all protocols but Linux's, which has its own. */
#define MZ_BOOT_CODE64 0x08
#define MZ_BOOT_DATA   0x10
#define MZ_BOOT_CODE32 0x18

/*
 * The image has been checked by mz_image_fits(), and the memory is fresh: what an image does not
 * set is 0 already. MZ_STATUS_BAD_IMAGE: a module or the initrd does not fit or can't be read.
 * MZ_STATUS_BAD_ARGUMENT: the texts are too long for the boot area or the protocol, or the protocol
 * has no place for what is requested.
 */
int mz_boot_load(const struct mz_image *image, const struct mz_boot_request *request,
		 struct mz_ram *ram, struct mz_boot_state *state, struct mz_failure *failure);

#ifdef __cplusplus
}
#endif

#endif
