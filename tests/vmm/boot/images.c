// SPDX-License-Identifier: MPL-2.0
/* Small valid images. */
#include "tests/vmm/boot/images.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void fill(unsigned char *bytes, size_t count, unsigned first)
{
	for (size_t i = 0; i < count; i++)
		bytes[i] = (unsigned char)(first + i);
}

struct elf64_image image_elf64(void)
{
	struct elf64_image image = {
		.header =
			{
				.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
					    ELFDATA2LSB, EV_CURRENT},
				.e_type = ET_EXEC,
				.e_machine = EM_X86_64,
				.e_version = EV_CURRENT,
				.e_entry = IMAGE_BASE + 1,
				.e_phoff = offsetof(struct elf64_image, programs),
				.e_ehsize = sizeof(Elf64_Ehdr),
				.e_phentsize = sizeof(Elf64_Phdr),
				.e_phnum = 2,
			},
		.programs =
			{
				{
					.p_type = PT_LOAD,
					.p_flags = PF_R | PF_X,
					.p_offset = offsetof(struct elf64_image, code),
					.p_vaddr = IMAGE_BASE,
					.p_paddr = IMAGE_BASE,
					.p_filesz = sizeof(image.code),
					.p_memsz = sizeof(image.code),
				},
				{
					.p_type = PT_LOAD,
					.p_flags = PF_R | PF_W,
					.p_offset = offsetof(struct elf64_image, data),
					.p_vaddr = IMAGE_DATA,
					.p_paddr = IMAGE_DATA,
					.p_filesz = sizeof(image.data),
					.p_memsz = 2 * sizeof(image.data),
				},
			},
	};

	fill(image.code, sizeof(image.code), 0x40);
	fill(image.data, sizeof(image.data), 0x80);
	return image;
}

struct note_image image_note(const char *name, uint32_t type, uint32_t content)
{
	const struct elf64_image elf = image_elf64();
	const struct {
		Elf64_Nhdr note;
		char name[4];
		uint32_t content;
	} before = {{4, 4, type}, "GNU", 0};
	struct note_image image = {
		.header = elf.header,
		.programs = {elf.programs[0], elf.programs[1]},
	};
	const Elf64_Nhdr note = {(uint32_t)strlen(name) + 1, sizeof(content), type};
	const size_t content_at = sizeof(note) + (note.n_namesz + 3) / 4 * 4;

	_Static_assert(sizeof(before) == sizeof(image.before), "a note of its own");
	memcpy(image.code, elf.code, sizeof(image.code));
	memcpy(image.before, &before, sizeof(before));
	memcpy(image.note, &note, sizeof(note));
	memcpy(image.note + sizeof(note), name, note.n_namesz);
	memcpy(image.note + content_at, &content, sizeof(content));
	image.programs[0].p_offset = offsetof(struct note_image, code);
	image.programs[1] = (Elf64_Phdr) {
		.p_type = PT_NOTE,
		.p_offset = offsetof(struct note_image, before),
		.p_filesz = sizeof(image.before) + content_at + sizeof(content),
		.p_align = 4,
	};
	return image;
}

struct elf32_image image_elf32(void)
{
	struct elf32_image image = {
		.header =
			{
				.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32,
					    ELFDATA2LSB, EV_CURRENT},
				.e_type = ET_EXEC,
				.e_machine = EM_386,
				.e_version = EV_CURRENT,
				.e_entry = IMAGE_BASE + 1,
				.e_phoff = offsetof(struct elf32_image, programs),
				.e_ehsize = sizeof(Elf32_Ehdr),
				.e_phentsize = sizeof(Elf32_Phdr),
				.e_phnum = 2,
			},
		.programs =
			{
				{
					.p_type = PT_LOAD,
					.p_flags = PF_R | PF_X,
					.p_offset = offsetof(struct elf32_image, code),
					.p_vaddr = IMAGE_BASE,
					.p_paddr = IMAGE_BASE,
					.p_filesz = sizeof(image.code),
					.p_memsz = sizeof(image.code),
				},
				{
					.p_type = PT_LOAD,
					.p_flags = PF_R | PF_W,
					.p_offset = offsetof(struct elf32_image, data),
					.p_vaddr = IMAGE_DATA,
					.p_paddr = IMAGE_DATA,
					.p_filesz = sizeof(image.data),
					.p_memsz = 2 * sizeof(image.data),
				},
			},
		.multiboot = image_multiboot(0),
	};

	fill(image.code, sizeof(image.code), 0x40);
	fill(image.data, sizeof(image.data), 0x80);
	return image;
}

struct linux_image image_linux(void)
{
	struct linux_image image = {
		.header =
			{
				.setup_sects = 4,
				.syssize = sizeof(image.kernel) / 16,
				.boot_flag = 0xaa55,
				.jump = (uint16_t)(0xeb | (sizeof(image.header) - 17) << 8),
				.header = 0x53726448,
				.version = 0x20f,
				.loadflags = LOADED_HIGH,
				.initrd_addr_max = 0x7fffffff,
				.kernel_alignment = IMAGE_DATA,
				.xloadflags = XLF_KERNEL_64,
				.cmdline_size = 100,
				.pref_address = IMAGE_DATA,
				.init_size = 0x3000,
			},
	};

	fill(image.kernel, sizeof(image.kernel), 0xc0);
	return image;
}

void image_linux_header_end(struct linux_image *image, unsigned bytes)
{
	image->header.jump = (uint16_t)(0xeb | bytes << 8);
}

struct multiboot_header image_multiboot(uint32_t flags)
{
	struct multiboot_header header = {.magic = 0x1badb002, .flags = flags};

	header.checksum = -(header.magic + header.flags);
	return header;
}

struct image_file image_file_make(const void *bytes, size_t count)
{
	struct image_file file = {.fd = memfd_create("image", MFD_CLOEXEC)};

	if (file.fd < 0 || write(file.fd, bytes, count) != (ssize_t)count)
		abort();
	snprintf(file.path, sizeof(file.path), "/proc/self/fd/%d", file.fd);
	return file;
}

void image_file_close(struct image_file *file)
{
	close(file->fd);
}
