// SPDX-License-Identifier: MPL-2.0
/*
 * The notes of ELF files. Source: System V ABI, chapter 5, "Note Section". This looks at files that
 * nobody has checked yet, so it reads nothing without asking where it is.
 */
#include <elf.h>

#include "vmm/boot/image_format.h"

#define BYTES_MAX (UINT64_C(1) << 20) /* of all notes: no kernel has so many */

struct range {
	uint64_t offset, bytes;
};

/* Is that part inside the file, and can it be looked at? */
static bool look(const struct mz_image *image, uint64_t offset, uint64_t bytes)
{
	struct mz_failure ignored;

	return offset <= image->file_bytes && bytes <= image->file_bytes - offset &&
		mz_image_look_(image, offset, bytes, &ignored) == 0;
}

static bool copy(const struct mz_image *image, uint64_t offset, void *to, size_t bytes)
{
	if (!look(image, offset, bytes))
		return false;
	memcpy(to, image->file + offset, bytes);
	return true;
}

/* Program header `index`, if it is that of notes. */
static bool notes_of(const struct mz_image *image, unsigned index, struct range *notes,
		     uint64_t *align)
{
	Elf64_Ehdr file;
	Elf64_Phdr program;

	if (!copy(image, 0, &file, sizeof(file)) ||
	    !copy(image, file.e_phoff + index * sizeof(program), &program, sizeof(program)) ||
	    program.p_type != PT_NOTE)
		return false;
	*notes = (struct range) {program.p_offset, program.p_filesz};
	*align = program.p_align;
	return true;
}

static bool notes_of_32(const struct mz_image *image, unsigned index, struct range *notes,
			uint64_t *align)
{
	Elf32_Ehdr file;
	Elf32_Phdr program;

	if (!copy(image, 0, &file, sizeof(file)) ||
	    !copy(image, file.e_phoff + index * sizeof(program), &program, sizeof(program)) ||
	    program.p_type != PT_NOTE)
		return false;
	*notes = (struct range) {program.p_offset, program.p_filesz};
	*align = program.p_align;
	return true;
}

static unsigned program_count(const struct mz_image *image)
{
	Elf64_Ehdr wide;
	Elf32_Ehdr narrow;

	if (image->file[EI_CLASS] == ELFCLASS64)
		return copy(image, 0, &wide, sizeof(wide)) ? wide.e_phnum : 0;
	return copy(image, 0, &narrow, sizeof(narrow)) ? narrow.e_phnum : 0;
}

static uint64_t up(uint64_t value, uint64_t align)
{
	return (value + align - 1) & ~(align - 1);
}

/* Looks through one run of notes: the lengths of name and content, the type, the two padded. */
static bool find_in(const struct mz_image *image, struct range notes, uint64_t align,
		    const char *name, uint32_t type, struct mz_note *note)
{
	uint64_t at = notes.offset, end = notes.offset + notes.bytes;
	Elf64_Nhdr header;

	if (!look(image, at, notes.bytes))
		return false;
	while (at <= end && sizeof(header) <= end - at) {
		uint64_t content;

		memcpy(&header, image->file + at, sizeof(header));
		content = up(at + sizeof(header) + header.n_namesz, align);
		if (content > end || header.n_descsz > end - content)
			return false;
		if (header.n_type == type && header.n_namesz == strlen(name) + 1 &&
		    memcmp(image->file + at + sizeof(header), name, header.n_namesz) == 0) {
			*note = (struct mz_note) {image->file + content, header.n_descsz};
			return true;
		}
		at = up(content + header.n_descsz, align);
	}
	return false;
}

bool mz_image_find_note_(const struct mz_image *image, const char *name, uint32_t type,
			 struct mz_note *note)
{
	uint64_t align, left = BYTES_MAX;
	struct range notes;
	unsigned count;

	if (!mz_image_is_elf_(image) || image->file_bytes < EI_NIDENT)
		return false;
	count = program_count(image);
	for (unsigned i = 0; i < count; i++) {
		bool found = image->file[EI_CLASS] == ELFCLASS64
			? notes_of(image, i, &notes, &align)
			: notes_of_32(image, i, &notes, &align);

		if (!found)
			continue;
		if (notes.bytes > left)
			return false;
		left -= notes.bytes;
		/* Some linkers align notes to 8; all else means 4. */
		if (find_in(image, notes, align == 8 ? 8 : 4, name, type, note))
			return true;
	}
	return false;
}
