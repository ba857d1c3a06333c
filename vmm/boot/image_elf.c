// SPDX-License-Identifier: MPL-2.0
/*
 * ELF images. Source: System V ABI, chapters 4 (object files) and 5 (program headers). libelf reads
 * the headers; what they say is checked here.
 */
#include "vmm/boot/image_format.h"

#include <elf.h>
#include <gelf.h>
#include <inttypes.h>
#include <libelf.h>
#include <string.h>

bool mz_image_is_elf_(const struct mz_image *image)
{
	return image->file_bytes >= SELFMAG && memcmp(image->file, ELFMAG, SELFMAG) == 0;
}

static int bad(const struct mz_image *image, struct mz_failure *failure, const char *field,
	       uint64_t value, const char *wanted)
{
	return mz_fail(failure, MZ_STATUS_BAD_IMAGE, "%s: ELF header: %s is %" PRIu64 ", not %s",
		       image->path, field, value, wanted);
}

static int cut_off(const struct mz_image *image, struct mz_failure *failure)
{
	return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
		       "%s: ELF file of %zu bytes, cut off in its header", image->path,
		       image->file_bytes);
}

/*
 * libelf would take files of other machines for good ones, and files of unknown classes for no ELF
 * files at all.
 */
static int check_identification(const struct mz_image *image, struct mz_failure *failure)
{
	const unsigned char *ident = image->file;

	if (!mz_image_is_elf_(image))
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE, "%s: is not an ELF file", image->path);
	if (image->file_bytes < EI_NIDENT)
		return cut_off(image, failure);
	if (ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64)
		return bad(image, failure, "the class", ident[EI_CLASS],
			   "1 (32-bit) or 2 (64-bit)");
	if (ident[EI_DATA] != ELFDATA2LSB)
		return bad(image, failure, "the data encoding", ident[EI_DATA],
			   "1 (little-endian)");
	if (ident[EI_VERSION] != EV_CURRENT)
		return bad(image, failure, "the version in the identification", ident[EI_VERSION],
			   "1");
	if (image->file_bytes <
	    (ident[EI_CLASS] == ELFCLASS64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)))
		return cut_off(image, failure);
	return 0;
}

static int check_header(const struct mz_image *image, const GElf_Ehdr *header,
			struct mz_failure *failure)
{
	bool is64 = header->e_ident[EI_CLASS] == ELFCLASS64;
	size_t entry_bytes = is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);

	if (is64 && header->e_machine != EM_X86_64)
		return bad(image, failure, "the machine of this 64-bit file", header->e_machine,
			   "62 (x86-64)");
	if (!is64 && header->e_machine != EM_386)
		return bad(image, failure, "the machine of this 32-bit file", header->e_machine,
			   "3 (i386)");
	if (header->e_type == ET_DYN)
		return bad(image, failure, "the type", header->e_type,
			   "2 (executable): position-independent files are not supported, link "
			   "with -no-pie");
	if (header->e_type != ET_EXEC)
		return bad(image, failure, "the type", header->e_type, "2 (executable)");
	if (header->e_version != EV_CURRENT)
		return bad(image, failure, "the version", header->e_version, "1");
	if (header->e_phnum == 0)
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "%s: ELF header: there are no program headers", image->path);
	if (header->e_phnum == PN_XNUM)
		return bad(image, failure, "the number of program headers", header->e_phnum,
			   "below 65535");
	if (header->e_phentsize != entry_bytes)
		return bad(image, failure, "the size of a program header", header->e_phentsize,
			   is64 ? "56" : "32");
	if (header->e_phoff > image->file_bytes ||
	    header->e_phnum * entry_bytes > image->file_bytes - header->e_phoff)
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "%s: ELF header: %u program headers at 0x%" PRIx64
			       " reach beyond the file (0x%zx bytes)",
			       image->path, header->e_phnum, header->e_phoff, image->file_bytes);
	return mz_image_look_(image, header->e_phoff, header->e_phnum * entry_bytes, failure);
}

static int check_program_header(const struct mz_image *image, unsigned index,
				const GElf_Phdr *header, uint64_t address_last,
				struct mz_failure *failure)
{
	if (header->p_filesz > header->p_memsz)
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "%s: program header %u: 0x%" PRIx64
			       " bytes in the file but 0x%" PRIx64 " in memory",
			       image->path, index, header->p_filesz, header->p_memsz);
	if (header->p_offset > image->file_bytes ||
	    header->p_filesz > image->file_bytes - header->p_offset)
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "%s: program header %u: file range 0x%" PRIx64 "+0x%" PRIx64
			       " reaches beyond the file (0x%zx bytes)",
			       image->path, index, header->p_offset, header->p_filesz,
			       image->file_bytes);
	if (header->p_memsz - 1 > address_last - header->p_paddr)
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "%s: program header %u: physical range 0x%" PRIx64 "+0x%" PRIx64
			       " wraps around",
			       image->path, index, header->p_paddr, header->p_memsz);
	if (header->p_memsz - 1 > address_last - header->p_vaddr)
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "%s: program header %u: virtual range 0x%" PRIx64 "+0x%" PRIx64
			       " wraps around",
			       image->path, index, header->p_vaddr, header->p_memsz);
	return 0;
}

static int load_program_header(struct mz_image *image, unsigned index, const GElf_Phdr *header,
			       uint64_t address_last, struct mz_failure *failure)
{
	struct mz_segment segment;

	if (header->p_memsz == 0 && header->p_filesz == 0)
		return 0;
	if (check_program_header(image, index, header, address_last, failure))
		return -1;
	segment.gpa = header->p_paddr;
	segment.memory_bytes = header->p_memsz;
	segment.data_offset = header->p_offset;
	segment.data_bytes = header->p_filesz;
	return mz_image_add_segment_(image, &segment, failure);
}

static int libelf_failed(const struct mz_image *image, const char *what, struct mz_failure *failure)
{
	return mz_fail(failure, MZ_STATUS_BAD_IMAGE, "%s: cannot read the ELF %s: %s", image->path,
		       what, elf_errmsg(-1));
}

/*
 * Loads the segments; the first whose virtual range holds the entry point says where that is in
 * physical memory.
 */
static int load_program_headers(struct mz_image *image, Elf *elf, const GElf_Ehdr *header,
				struct mz_failure *failure)
{
	uint64_t address_last = header->e_ident[EI_CLASS] == ELFCLASS64 ? UINT64_MAX : UINT32_MAX;
	bool translated = false;

	image->entry = header->e_entry;
	for (unsigned i = 0; i < header->e_phnum; i++) {
		GElf_Phdr program;

		if (!gelf_getphdr(elf, (int)i, &program))
			return libelf_failed(image, "program headers", failure);
		if (program.p_type != PT_LOAD)
			continue;
		if (load_program_header(image, i, &program, address_last, failure))
			return -1;
		if (!translated && header->e_entry - program.p_vaddr < program.p_memsz) {
			image->entry = program.p_paddr + (header->e_entry - program.p_vaddr);
			translated = true;
		}
	}
	return 0;
}

static int parse(struct mz_image *image, Elf *elf, struct mz_failure *failure)
{
	GElf_Ehdr header;

	if (!gelf_getehdr(elf, &header))
		return libelf_failed(image, "header", failure);
	if (check_header(image, &header, failure) ||
	    load_program_headers(image, elf, &header, failure))
		return -1;
	if (image->segment_count == 0)
		return mz_fail(failure, MZ_STATUS_BAD_IMAGE,
			       "%s: ELF file without anything to load", image->path);
	image->mode = header.e_ident[EI_CLASS] == ELFCLASS64 ? MZ_MODE_LONG : MZ_MODE_PROTECTED;
	return 0;
}

int mz_image_parse_elf_(struct mz_image *image, struct mz_failure *failure)
{
	Elf *elf;
	int result;

	if (check_identification(image, failure))
		return -1;
	elf_version(EV_CURRENT);
	elf = elf_memory((char *)image->file, image->file_bytes);
	if (!elf)
		return libelf_failed(image, "header", failure);
	result = parse(image, elf, failure);
	elf_end(elf);
	return result;
}
