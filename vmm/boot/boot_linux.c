// SPDX-License-Identifier: MPL-2.0
/*
 * Linux's 64-bit and 32-bit boot protocols, which differ in how the processor begins. Source: The
 * Linux/x86 Boot Protocol, Documentation/arch/x86/boot.rst, "64-bit Boot Protocol" and "32-bit Boot
 * Protocol", and zero-page.rst.
 */
#include <asm/bootparam.h>
#include <string.h>

#include "vmm/boot/boot_protocol.h"
#include "vmm/boot/memory_map.h"

#define LOADER_UNASSIGNED 0xffu   /* "type_of_loader": none of those that have a number */
#define VIDEO_NORMAL      0xffffu /* "vid_mode" */
#define BOOT_FLAG         0xaa55u
#define HEADER_MAGIC      0x53726448u /* "HdrS" */
#define VERSION           0x020fu     /* that of the fields used here */
#define PAGE_BYTES        4096u

_Static_assert(sizeof(struct boot_params) == PAGE_BYTES, "the zero page is a page");
_Static_assert(MZ_MEMORY_RUN_MAX <= E820_MAX_ENTRIES_ZEROPAGE, "the memory map fits");

/* What a vmlinux finds in place of a header of its own. */
static void make_header(struct setup_header *header)
{
	header->boot_flag = BOOT_FLAG;
	header->header = HEADER_MAGIC;
	header->version = VERSION;
	header->loadflags = LOADED_HIGH;
}

/*
 * The header as it is in the file, but for what the loader says. The heap is the real-mode part's,
 * which does not run, so there is none.
 */
static void put_header(const struct mz_linux_image *image, struct setup_header *header)
{
	if (image->header)
		memcpy(header, image->header, image->header_bytes);
	else
		make_header(header);
	header->type_of_loader = LOADER_UNASSIGNED;
	header->ext_loader_type = header->ext_loader_ver = 0;
	header->loadflags &= (uint8_t)~CAN_USE_HEAP;
	header->heap_end_ptr = 0;
	header->vid_mode = VIDEO_NORMAL;
	header->setup_data = 0;
	header->ramdisk_image = header->ramdisk_size = header->cmd_line_ptr = 0;
}

static void put_memory_map(const struct mz_ram *ram, struct boot_params *zero)
{
	struct mz_memory_run runs[MZ_MEMORY_RUN_MAX];
	unsigned count = mz_memory_map(ram, runs);

	for (unsigned i = 0; i < count; i++) {
		zero->e820_table[i].addr = runs[i].base;
		zero->e820_table[i].size = runs[i].bytes;
		zero->e820_table[i].type = runs[i].use;
	}
	zero->e820_entries = (uint8_t)count;
}

static int put_command_line(struct mz_boot *boot, struct boot_params *zero,
			    struct mz_failure *failure)
{
	const char *text = boot->request->command_line ? boot->request->command_line : "";
	uint32_t most = boot->image->linux_image.command_line_max;
	uint64_t at;

	if (strlen(text) > most)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "the command line of %zu characters is too long: %s takes %u",
			       strlen(text), boot->image->path, most);
	if (mz_boot_put_text_(boot, text, &at, failure))
		return -1;
	zero->hdr.cmd_line_ptr = (uint32_t)at;
	zero->ext_cmd_line_ptr = (uint32_t)(at >> 32);
	return 0;
}

static int load_initrd(struct mz_boot *boot, struct boot_params *zero, struct mz_failure *failure)
{
	const struct mz_linux_image *image = &boot->image->linux_image;
	struct mz_boot_file file;

	if (!boot->request->initrd)
		return 0;
	if (mz_boot_load_high_(boot, boot->request->initrd, image->initrd_last, image->above_4g,
			       &file, failure))
		return -1;
	zero->hdr.ramdisk_image = (uint32_t)file.gpa;
	zero->hdr.ramdisk_size = (uint32_t)file.bytes;
	zero->ext_ramdisk_image = (uint32_t)(file.gpa >> 32);
	zero->ext_ramdisk_size = (uint32_t)(file.bytes >> 32);
	return 0;
}

int mz_boot_linux_(struct mz_boot *boot, struct mz_boot_state *state, struct mz_failure *failure)
{
	struct boot_params *zero;

	if (mz_boot_refuse_modules_(boot, failure))
		return -1;
	if (state->mode == MZ_MODE_LONG && mz_boot_put_page_tables_(boot, &state->cr3, failure))
		return -1;
	zero = mz_boot_take_(boot, sizeof(*zero), PAGE_BYTES, &state->rsi, failure);
	if (!zero)
		return -1;
	put_header(&boot->image->linux_image, &zero->hdr);
	put_memory_map(boot->ram, zero);
	zero->acpi_rsdp_addr = boot->request->rsdp;
	return put_command_line(boot, zero, failure) || load_initrd(boot, zero, failure) ? -1 : 0;
}
