/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Small valid images for tests to load, or to spoil first; and files that exist for the length of a
 * test only.
 */
#ifndef MZ_TESTS_VMM_BOOT_IMAGES_H
#define MZ_TESTS_VMM_BOOT_IMAGES_H

#include <asm/bootparam.h>
#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#define IMAGE_BASE 0x100000u /* where the templates' first segment goes */
#define IMAGE_DATA 0x200000u /* where the second one goes */

/*
 * Two segments: code at IMAGE_BASE, entered at its second byte, and data at IMAGE_DATA with as many
 * zeros behind it.
 */
struct elf64_image {
	Elf64_Ehdr header;
	Elf64_Phdr programs[2];
	unsigned char code[32];
	unsigned char data[16];
};

struct multiboot_header {
	uint32_t magic, flags, checksum;
};

struct elf32_image {
	Elf32_Ehdr header;
	Elf32_Phdr programs[2];
	struct multiboot_header multiboot;
	unsigned char code[32];
	unsigned char data[16];
};

/* The same in an ELF64 file that has a note with a word for its content, and no data segment. */
struct note_image {
	Elf64_Ehdr header;
	Elf64_Phdr programs[2];
	unsigned char code[32];
	unsigned char before[20]; /* another note */
	unsigned char note[24];
};

struct note_image image_note(const char *name, uint32_t type, uint32_t content);

struct elf64_image image_elf64(void);
struct elf32_image image_elf32(void);

struct multiboot_header image_multiboot(uint32_t flags);

/* A bzImage that prefers IMAGE_DATA: the boot sector, 4 sectors of setup part, the kernel. */
struct linux_image {
	unsigned char before[0x1f1];
	struct setup_header header;
	unsigned char setup[5 * 512 - 0x1f1 - sizeof(struct setup_header)];
	unsigned char kernel[1024];
};

struct linux_image image_linux(void);

/* Lets the header end so many bytes behind the field that says it. */
void image_linux_header_end(struct linux_image *image, unsigned bytes);

/* A regular file without a name, and a path that opens it while the test runs. */
struct image_file {
	int fd;
	char path[32];
};

struct image_file image_file_make(const void *bytes, size_t count);
void image_file_close(struct image_file *file);

#endif
