// SPDX-License-Identifier: MPL-2.0
/*
 * Images: what is recognised, what is refused and in which words, and that nothing in a file is
 * believed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/vmm/boot/images.h"
#include "tests/vmm/boot/opened.h"
#include "tests/rng.h"
#include "tests/suite.h"
#include "vmm/base/file.h"

static struct mz_image_as flat_at(uint64_t address)
{
	return (struct mz_image_as) {MZ_IMAGE_FLAT, MZ_MODE_LONG, address};
}

START_TEST(an_elf64_file_is_loaded_at_its_physical_addresses)
{
	struct elf64_image elf = image_elf64();

	elf.programs[0].p_vaddr = 0xffffffff80000000;
	elf.header.e_entry = 0xffffffff80000003;
	ASSERT_OPENS(elf);
	ck_assert_int_eq(image.kind, MZ_IMAGE_ELF);
	ck_assert_int_eq(image.mode, MZ_MODE_LONG);
	ck_assert_uint_eq(image.segment_count, 2);
	ck_assert_uint_eq(image.segments[0].gpa, IMAGE_BASE);
	ck_assert_uint_eq(image.segments[0].data_bytes, sizeof(elf.code));
	ck_assert_uint_eq(image.segments[1].gpa, IMAGE_DATA);
	ck_assert_uint_eq(image.segments[1].data_bytes, sizeof(elf.data));
	ck_assert_uint_eq(image.segments[1].memory_bytes, 2 * sizeof(elf.data));
	ck_assert_uint_eq(image.entry, IMAGE_BASE + 3);
}
END_TEST

START_TEST(a_virtual_entry_wins_over_a_physical_one)
{
	struct elf64_image elf = image_elf64();

	/* IMAGE_DATA is a physical address of the second segment and a virtual one of the first. */
	elf.programs[0].p_vaddr = IMAGE_DATA;
	elf.programs[1].p_vaddr = 0x40000000;
	elf.header.e_entry = IMAGE_DATA + 1;
	ASSERT_OPENS(elf);
	ck_assert_uint_eq(image.entry, IMAGE_BASE + 1);

	elf.programs[0].p_vaddr = 0x50000000;
	ASSERT_OPENS(elf);
	ck_assert_uint_eq(image.entry, IMAGE_DATA + 1);
}
END_TEST

START_TEST(an_entry_at_the_last_byte_is_inside_and_one_behind_it_is_not)
{
	struct elf64_image elf = image_elf64();

	elf.header.e_entry = IMAGE_DATA + 2 * sizeof(elf.data) - 1;
	ASSERT_OPENS(elf);
	elf.header.e_entry++;
	ASSERT_REFUSED(elf, "the entry point 0x200020 lies in no segment");
	elf.header.e_entry = IMAGE_BASE - 1;
	ASSERT_REFUSED(elf, "the entry point 0xfffff lies in no segment");
	elf.header.e_entry = UINT64_MAX;
	ASSERT_REFUSED(elf, "the entry point 0xffffffffffffffff lies in no segment");
}
END_TEST

START_TEST(any_file_is_a_flat_image_when_asked_for)
{
	struct elf64_image elf = image_elf64();
	struct image_file file = image_file_make(&elf, sizeof(elf));
	struct mz_image_as as = flat_at(0x7c001);
	unsigned char loaded[sizeof(elf)];

	ck_assert_int_eq(mz_image_open(&image, file.path, &as, &failure), 0);
	assert_sound(sizeof(elf));
	ck_assert_int_eq(image.kind, MZ_IMAGE_FLAT);
	ck_assert_uint_eq(image.entry, 0x7c001);
	ck_assert_uint_eq(image.segments[0].gpa, 0x7c001);
	ck_assert_uint_eq(image.segments[0].memory_bytes, sizeof(elf));
	ck_assert_int_eq(mz_image_read_segment(&image, &image.segments[0], loaded, &failure), 0);
	ck_assert_mem_eq(loaded, &elf, sizeof(elf));
	mz_image_close(&image);
	image_file_close(&file);
}
END_TEST

START_TEST(a_flat_image_must_not_wrap_around)
{
	struct image_file file = image_file_make("12345678", 8);
	struct mz_image_as as = flat_at(UINT64_MAX - 7);

	ck_assert_int_eq(mz_image_open(&image, file.path, &as, &failure), 0);
	assert_sound(8);
	mz_image_close(&image);
	as = flat_at(UINT64_MAX - 6);
	ck_assert_int_eq(mz_image_open(&image, file.path, &as, &failure), -1);
	ck_assert_int_eq(failure.status, MZ_STATUS_BAD_IMAGE);
	ck_assert_ptr_nonnull(strstr(failure.text, "8 bytes at 0xfffffffffffffff9 wrap"));
	image_file_close(&file);
}
END_TEST

static void assert_path_refused(const char *path, const char *words)
{
	memset(&failure, 0, sizeof(failure));
	ck_assert_int_eq(mz_image_open(&image, path, NULL, &failure), -1);
	ck_assert_int_eq(failure.status, MZ_STATUS_BAD_IMAGE);
	ck_assert_msg(strncmp(failure.text, path, strlen(path)) == 0, "no path: %s", failure.text);
	ck_assert_msg(strstr(failure.text, words) != NULL, "\"%s\" is not in: %s", words,
		      failure.text);
}

/* ---- Large files ---- */

#define FAR_HEADERS ((size_t)0x20000)
#define FAR_DATA    ((size_t)0x30000)

/* An ELF file that has its program headers and its data far from its beginning. */
static unsigned char *far_image(size_t *count)
{
	struct elf64_image elf = image_elf64();
	unsigned char *bytes;

	*count = FAR_DATA + sizeof(elf.code) + sizeof(elf.data);
	bytes = calloc(1, *count);
	elf.header.e_phoff = FAR_HEADERS;
	elf.programs[0].p_offset = FAR_DATA;
	elf.programs[1].p_offset = FAR_DATA + sizeof(elf.code);
	memset(elf.code, 0x90, sizeof(elf.code));
	memset(elf.data, 0xda, sizeof(elf.data));
	memcpy(bytes, &elf.header, sizeof(elf.header));
	memcpy(bytes + FAR_HEADERS, elf.programs, sizeof(elf.programs));
	memcpy(bytes + FAR_DATA, elf.code, sizeof(elf.code));
	memcpy(bytes + FAR_DATA + sizeof(elf.code), elf.data, sizeof(elf.data));
	return bytes;
}

static void open_far(struct image_file *file)
{
	size_t count;
	unsigned char *bytes = far_image(&count);

	*file = image_file_make(bytes, count);
	free(bytes);
	ck_assert_msg(mz_image_open(&image, file->path, NULL, &failure) == 0, "%s", failure.text);
	assert_sound(count);
	ck_assert_uint_eq(image.segment_count, 2);
}

START_TEST(what_goes_to_the_guest_is_read_when_it_goes_there)
{
	struct image_file file;
	unsigned char data[sizeof(((struct elf64_image *)NULL)->data)];

	open_far(&file);
	ck_assert_uint_eq(image.file[FAR_DATA], 0);
	ck_assert_int_eq(mz_image_read_segment(&image, &image.segments[1], data, &failure), 0);
	ck_assert_uint_eq(data[0], 0xda);
	ck_assert_mem_eq(data, data + 1, sizeof(data) - 1);
	mz_image_close(&image);
	image_file_close(&file);
}
END_TEST

START_TEST(a_file_that_is_shortened_before_it_is_loaded_is_told)
{
	struct image_file file;
	unsigned char data[sizeof(((struct elf64_image *)NULL)->code)];

	open_far(&file);
	ck_assert_int_eq(ftruncate(file.fd, FAR_DATA + 3), 0);
	ck_assert_int_eq(mz_image_read_segment(&image, &image.segments[0], data, &failure), -1);
	ck_assert_int_eq(failure.status, MZ_STATUS_BAD_IMAGE);
	ck_assert_ptr_nonnull(strstr(failure.text, "ended after 196611 of 196640 bytes"));
	mz_image_close(&image);
	image_file_close(&file);
}
END_TEST

START_TEST(a_path_without_a_readable_regular_file_is_refused)
{
	struct image_file file = image_file_make("", 0);
	char pipe_path[32];
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	snprintf(pipe_path, sizeof(pipe_path), "/proc/self/fd/%d", ends[0]);
	assert_path_refused("/nonexistent/image", "No such file or directory");
	assert_path_refused("", "No such file or directory");
	assert_path_refused("/", "is a directory");
	assert_path_refused(pipe_path, "is not a regular file");
	assert_path_refused("/dev/zero", "is not a regular file");
	assert_path_refused(file.path, "is empty");
	close(ends[0]);
	close(ends[1]);
	image_file_close(&file);
}
END_TEST

START_TEST(a_file_without_read_permission_is_refused)
{
	char path[] = P_tmpdir "/test_image.XXXXXX";
	int fd = mkstemp(path);
	uid_t user = geteuid();

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fchmod(fd, 0), 0);
	/* root may read every file: be someone else meanwhile. */
	if (user == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	assert_path_refused(path, "Permission denied");
	if (user == 0)
		ck_assert_int_eq(seteuid(0), 0);
	close(fd);
	unlink(path);
}
END_TEST

START_TEST(a_file_of_more_than_the_limit_is_refused_unread)
{
	struct image_file file = image_file_make("\177ELF", 4);

	ck_assert_int_eq(ftruncate(file.fd, (off_t)MZ_IMAGE_BYTES_MAX + 1), 0);
	assert_path_refused(file.path, "is too large for an image: 1073741825 bytes");
	image_file_close(&file);
}
END_TEST

START_TEST(a_file_that_has_become_shorter_is_refused)
{
	struct image_file file = image_file_make("12345678", 8);
	char buffer[16];

	ck_assert_int_eq(mz_file_read(file.fd, "name", buffer, 8, 0, &failure), 0);
	ck_assert_mem_eq(buffer, "12345678", 8);
	ck_assert_int_eq(mz_file_read(file.fd, "name", buffer, 3, 5, &failure), 0);
	ck_assert_mem_eq(buffer, "678", 3);
	ck_assert_int_eq(mz_file_read(file.fd, "name", buffer, 9, 0, &failure), -1);
	ck_assert_int_eq(failure.status, MZ_STATUS_BAD_IMAGE);
	ck_assert_ptr_nonnull(strstr(failure.text, "name: ended after 8 of 9 bytes"));
	ck_assert_int_eq(mz_file_read(file.fd, "name", buffer, 3, 6, &failure), -1);
	ck_assert_ptr_nonnull(strstr(failure.text, "name: ended after 8 of 9 bytes"));
	image_file_close(&file);
	ck_assert_int_eq(mz_file_read(file.fd, "name", buffer, 8, 0, &failure), -1);
	ck_assert_ptr_nonnull(strstr(failure.text, "name: cannot read it: Bad file descriptor"));
}
END_TEST

START_TEST(a_file_that_is_no_elf_file_is_refused)
{
	assert_refused("\177ELG5678901234567890", 20, "is not a Linux, multiboot or ELF image");
	assert_refused("#!/bin/sh\n", 10, "is not a Linux, multiboot or ELF image");
	assert_refused("\177EL", 3, "is not a Linux, multiboot or ELF image");
	assert_refused("\177ELF", 4, "cut off in its header");
}
END_TEST

/* The last segment's data ends the file, so that every prefix lacks something. */
START_TEST(every_prefix_of_an_image_is_refused)
{
	struct elf64_image elf64 = image_elf64();
	struct elf32_image elf32 = image_elf32();

	for (size_t count = 0; count < sizeof(elf64); count++)
		ck_assert_int_eq(open_bytes(&elf64, count), -1);
	for (size_t count = 0; count < sizeof(elf32); count++)
		ck_assert_int_eq(open_bytes(&elf32, count), -1);
	ASSERT_OPENS(elf64);
	ASSERT_OPENS(elf32);
}
END_TEST

START_TEST(files_for_other_machines_are_refused)
{
	struct elf64_image elf64 = image_elf64();
	struct elf32_image elf32 = image_elf32();

	elf64.header.e_machine = EM_AARCH64;
	ASSERT_REFUSED(elf64, "the machine of this 64-bit file is 183, not 62 (x86-64)");
	elf64.header.e_machine = EM_386;
	ASSERT_REFUSED(elf64, "the machine of this 64-bit file is 3");
	elf32.header.e_machine = EM_X86_64;
	ASSERT_REFUSED(elf32, "the machine of this 32-bit file is 62, not 3 (i386)");
	elf64 = image_elf64();
	elf64.header.e_ident[EI_DATA] = ELFDATA2MSB;
	ASSERT_REFUSED(elf64, "the data encoding is 2, not 1 (little-endian)");
}
END_TEST

START_TEST(files_that_are_no_executables_are_refused)
{
	struct elf64_image elf = image_elf64();

	elf.header.e_type = ET_DYN;
	ASSERT_REFUSED(elf, "position-independent");
	elf.header.e_type = ET_REL;
	ASSERT_REFUSED(elf, "the type is 1, not 2");
	elf.header.e_type = ET_CORE;
	ASSERT_REFUSED(elf, "the type is 4, not 2");
}
END_TEST

START_TEST(program_headers_must_be_there_and_inside_the_file)
{
	struct elf64_image elf = image_elf64();

	elf.header.e_phnum = 0;
	ASSERT_REFUSED(elf, "there are no program headers");
	elf.header.e_phnum = PN_XNUM;
	ASSERT_REFUSED(elf, "the number of program headers is 65535");
	elf.header.e_phnum = PN_XNUM - 1;
	ASSERT_REFUSED(elf, "65534 program headers at 0x40 reach beyond the file (0xe0 bytes)");
	elf.header.e_phnum = 2;
	elf.header.e_phoff = sizeof(elf) - 2 * sizeof(Elf64_Phdr) + 1;
	ASSERT_REFUSED(elf, "2 program headers at 0x71 reach beyond the file");
	elf.header.e_phoff = UINT64_MAX;
	ASSERT_REFUSED(elf, "reach beyond the file");
	elf.header.e_phoff = UINT64_MAX - 2 * sizeof(Elf64_Phdr) + 1;
	ASSERT_REFUSED(elf, "reach beyond the file");
	elf = image_elf64();
	elf.header.e_phentsize = sizeof(Elf32_Phdr);
	ASSERT_REFUSED(elf, "the size of a program header is 32, not 56");
}
END_TEST

START_TEST(a_file_with_nothing_to_load_is_refused)
{
	struct elf64_image elf = image_elf64();

	elf.programs[0].p_type = PT_NOTE;
	elf.programs[1].p_memsz = 0;
	elf.programs[1].p_filesz = 0;
	ASSERT_REFUSED(elf, "without anything to load");
}
END_TEST

START_TEST(segments_that_are_not_loaded_may_hold_anything)
{
	struct elf64_image elf = image_elf64();

	memset(&elf.programs[1], 0xff, sizeof(elf.programs[1]));
	elf.programs[1].p_type = PT_NOTE;
	ASSERT_OPENS(elf);
	ck_assert_uint_eq(image.segment_count, 1);
	memset(&elf.programs[1], 0xff, sizeof(elf.programs[1]));
	elf.programs[1].p_type = PT_LOAD;
	elf.programs[1].p_filesz = 0;
	elf.programs[1].p_memsz = 0;
	ASSERT_OPENS(elf);
	ck_assert_uint_eq(image.segment_count, 1);
}
END_TEST

START_TEST(a_segment_must_be_inside_the_file)
{
	struct elf64_image elf = image_elf64();

	elf.programs[1].p_memsz = UINT32_MAX;
	elf.programs[1].p_filesz = sizeof(elf.data) + 1;
	ASSERT_REFUSED(elf,
		       "program header 1: file range 0xd0+0x11 reaches beyond the file "
		       "(0xe0 bytes)");
	elf.programs[1].p_filesz = 1;
	elf.programs[1].p_offset = sizeof(elf);
	ASSERT_REFUSED(elf, "program header 1: file range 0xe0+0x1 reaches beyond the file");
	elf.programs[1].p_offset = UINT64_MAX;
	ASSERT_REFUSED(elf, "file range 0xffffffffffffffff+0x1 reaches beyond the file");
	elf.programs[1].p_filesz = 0;
	ASSERT_REFUSED(elf, "file range 0xffffffffffffffff+0x0 reaches beyond the file");
	elf.programs[1].p_offset = sizeof(elf);
	ASSERT_OPENS(elf);
}
END_TEST

START_TEST(a_segment_must_not_be_larger_in_the_file_than_in_memory)
{
	struct elf64_image elf = image_elf64();

	elf.programs[0].p_memsz--;
	ASSERT_REFUSED(elf, "program header 0: 0x20 bytes in the file but 0x1f in memory");
	elf.programs[0].p_memsz = 0;
	ASSERT_REFUSED(elf, "program header 0: 0x20 bytes in the file but 0x0 in memory");
}
END_TEST

START_TEST(a_segment_must_not_wrap_around)
{
	struct elf64_image elf64 = image_elf64();
	struct elf32_image elf32 = image_elf32();

	elf64.programs[1].p_paddr = -(uint64_t)(2 * sizeof(elf64.data));
	ASSERT_OPENS(elf64);
	elf64.programs[1].p_paddr++;
	ASSERT_REFUSED(elf64, "program header 1: physical range 0xffffffffffffffe1+0x20 wraps");
	elf64.programs[1].p_paddr = 1;
	elf64.programs[1].p_memsz = UINT64_MAX;
	elf64.programs[1].p_vaddr = 0;
	ASSERT_OPENS(elf64);
	elf64.programs[1].p_vaddr = 2;
	ASSERT_REFUSED(elf64, "program header 1: virtual range 0x2+0xffffffffffffffff wraps");

	elf32.programs[1].p_paddr = -(uint32_t)(2 * sizeof(elf32.data));
	ASSERT_OPENS(elf32);
	elf32.programs[1].p_paddr++;
	ASSERT_REFUSED(elf32, "program header 1: physical range 0xffffffe1+0x20 wraps");
}
END_TEST

/* An ELF64 file of `count` segments of a byte each. */
static unsigned char *many_segments(unsigned count, size_t *bytes)
{
	struct elf64_image elf = image_elf64();
	unsigned char *file;

	elf.header.e_phnum = (uint16_t)count;
	*bytes = sizeof(elf.header) + count * sizeof(Elf64_Phdr);
	file = calloc(1, *bytes);
	memcpy(file, &elf.header, sizeof(elf.header));
	for (unsigned i = 0; i < count; i++) {
		Elf64_Phdr program = elf.programs[0];

		program.p_offset = i;
		program.p_paddr += 2 * i;
		program.p_vaddr = 2 * program.p_paddr - 1;
		program.p_filesz = 1;
		program.p_memsz = 2;
		memcpy(file + sizeof(elf.header) + i * sizeof(program), &program, sizeof(program));
	}
	return file;
}

START_TEST(as_many_segments_as_there_is_room_for_are_loaded)
{
	size_t bytes;
	unsigned char *file = many_segments(MZ_SEGMENT_MAX, &bytes);

	ck_assert_int_eq(open_bytes(file, bytes), 0);
	ck_assert_uint_eq(image.segment_count, MZ_SEGMENT_MAX);
	free(file);
	file = many_segments(MZ_SEGMENT_MAX + 1, &bytes);
	assert_refused(file, bytes, "more than 64 segments");
	free(file);
	file = many_segments(PN_XNUM - 1, &bytes);
	assert_refused(file, bytes, "more than 64 segments");
	free(file);
}
END_TEST

/*
 * A header field: any other value than the template's must be refused (strict), or is judged by
 * assert_sound().
 */
struct field {
	size_t offset, bytes;
	bool strict;
};

#define FIELD(type, member, strict)                                         \
	{                                                                   \
		offsetof(type, member), sizeof(((type *)0)->member), strict \
	}
#define FIELDS(type)                                                                               \
	FIELD(type, header.e_ident[EI_MAG0], true), FIELD(type, header.e_ident[EI_MAG3], true),    \
		FIELD(type, header.e_ident[EI_DATA], true),                                        \
		FIELD(type, header.e_ident[EI_VERSION], true),                                     \
		FIELD(type, header.e_ident[EI_OSABI], false),                                      \
		FIELD(type, header.e_ident[EI_ABIVERSION], false),                                 \
		FIELD(type, header.e_ident[EI_PAD], false), FIELD(type, header.e_type, true),      \
		FIELD(type, header.e_machine, true), FIELD(type, header.e_version, true),          \
		FIELD(type, header.e_entry, false), FIELD(type, header.e_phoff, true),             \
		FIELD(type, header.e_shoff, false), FIELD(type, header.e_flags, false),            \
		FIELD(type, header.e_ehsize, false), FIELD(type, header.e_phentsize, true),        \
		FIELD(type, header.e_phnum, false), FIELD(type, header.e_shentsize, false),        \
		FIELD(type, header.e_shnum, false), FIELD(type, header.e_shstrndx, false),         \
		FIELD(type, programs[0].p_type, false), FIELD(type, programs[0].p_flags, false),   \
		FIELD(type, programs[0].p_offset, false), FIELD(type, programs[0].p_vaddr, false), \
		FIELD(type, programs[0].p_paddr, false), FIELD(type, programs[0].p_filesz, false), \
		FIELD(type, programs[0].p_memsz, false), FIELD(type, programs[0].p_align, false)

static const struct field fields64[] = {FIELD(struct elf64_image, header.e_ident[EI_CLASS], true),
					FIELDS(struct elf64_image)};
static const struct field fields32[] = {FIELD(struct elf32_image, header.e_ident[EI_CLASS], true),
					FIELD(struct elf32_image, multiboot.magic, false),
					FIELD(struct elf32_image, multiboot.flags, false),
					FIELD(struct elf32_image, multiboot.checksum, false),
					FIELDS(struct elf32_image)};

/* Opens the image with every extreme value in one field. */
static void spoil_field(const void *good, size_t count, const struct field *field)
{
	unsigned char spoilt[sizeof(struct elf64_image)];
	uint64_t max = UINT64_MAX >> (64 - 8 * field->bytes);
	uint64_t was = 0;

	ck_assert_uint_le(count, sizeof(spoilt));
	memcpy(&was, (const unsigned char *)good + field->offset, field->bytes);
	const uint64_t values[] = {0,           1,
				   2,           max,
				   max - 1,     max / 2,
				   max / 2 + 1, was - 1,
				   was + 1,     was ^ (max / 2 + 1),
				   count,       count + 1,
				   -count,      -was,
				   was << 8,    was | max << 4};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		uint64_t value = values[i] & max;
		int result;

		memcpy(spoilt, good, count);
		memcpy(spoilt + field->offset, &value, field->bytes);
		result = open_bytes(spoilt, count);
		if (value == was)
			ck_assert_msg(result == 0, "%s", failure.text);
		else if (field->strict)
			ck_assert_msg(result == -1, "0x%jx in the field at %zu was accepted",
				      (uintmax_t)value, field->offset);
	}
}

START_TEST(every_header_field_may_hold_any_extreme)
{
	struct elf64_image elf64 = image_elf64();
	struct elf32_image elf32 = image_elf32();

	for (size_t i = 0; i < sizeof(fields64) / sizeof(fields64[0]); i++)
		spoil_field(&elf64, sizeof(elf64), &fields64[i]);
	for (size_t i = 0; i < sizeof(fields32) / sizeof(fields32[0]); i++)
		spoil_field(&elf32, sizeof(elf32), &fields32[i]);
}
END_TEST

/*
 * Section headers are not used, so a file whose section headers are wrong may be refused but must
 * not do harm.
 */
START_TEST(random_bytes_anywhere_do_no_harm)
{
	uint64_t seed = rng_seed();
	struct rng rng = {.state = seed};

	printf("# MZ_SEED=%ju\n", (uintmax_t)seed);
	for (unsigned step = 0; step < rng_steps(4000); step++) {
		struct elf64_image elf64 = image_elf64();
		struct elf32_image elf32 = image_elf32();
		bool wide = step % 2 == 0;
		unsigned char *bytes = wide ? (unsigned char *)&elf64 : (unsigned char *)&elf32;
		size_t count = wide ? sizeof(elf64) : sizeof(elf32);

		for (uint64_t i = rng_below(&rng, 6); i < 6; i++)
			bytes[rng_below(&rng, count)] = (unsigned char)rng_next(&rng);
		open_bytes(bytes, rng_below(&rng, 4) == 0 ? rng_below(&rng, count) : count);
	}
}
END_TEST

/* ---- Names ---- */

START_TEST(what_to_take_a_file_for_has_names)
{
	struct mz_image_as as;

	ck_assert_int_eq(mz_image_as_parse(&as, "linux", &failure), 0);
	ck_assert_int_eq(as.kind, MZ_IMAGE_LINUX);
	ck_assert_int_eq(mz_image_as_parse(&as, "pvh", &failure), 0);
	ck_assert_int_eq(as.kind, MZ_IMAGE_PVH);
	ck_assert_int_eq(mz_image_as_parse(&as, "multiboot2", &failure), 0);
	ck_assert_int_eq(as.kind, MZ_IMAGE_MULTIBOOT2);
	ck_assert_int_eq(mz_image_as_parse(&as, "multiboot", &failure), 0);
	ck_assert_int_eq(as.kind, MZ_IMAGE_MULTIBOOT);
	ck_assert_int_eq(mz_image_as_parse(&as, "elf", &failure), 0);
	ck_assert_int_eq(as.kind, MZ_IMAGE_ELF);
	ck_assert_int_eq(mz_image_as_parse(&as, "flat16@0x7c00", &failure), 0);
	ck_assert_int_eq(as.kind, MZ_IMAGE_FLAT);
	ck_assert_int_eq(as.mode, MZ_MODE_REAL);
	ck_assert_uint_eq(as.address, 0x7c00);
	ck_assert_int_eq(mz_image_as_parse(&as, "flat32@1M", &failure), 0);
	ck_assert_int_eq(as.mode, MZ_MODE_PROTECTED);
	ck_assert_uint_eq(as.address, 1 << 20);
	ck_assert_int_eq(mz_image_as_parse(&as, "flat64@0", &failure), 0);
	ck_assert_int_eq(as.mode, MZ_MODE_LONG);
	ck_assert_uint_eq(as.address, 0);
}
END_TEST

START_TEST(other_names_are_refused)
{
	static const char *const texts[] = {"",        "elf64",   "linux ", "flat",       "flat64",
					    "flat64@", "flat8@1", "elf@1",  "flat64@here"};
	struct mz_image_as as;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		ck_assert_int_eq(mz_image_as_parse(&as, texts[i], &failure), -1);
		ck_assert_int_eq(failure.status, MZ_STATUS_BAD_ARGUMENT);
	}
	ck_assert_str_eq(failure.text, "'here' is not an address");
}
END_TEST

START_TEST(every_image_has_a_text_for_people)
{
	static const struct {
		enum mz_image_kind kind;
		enum mz_image_mode mode;
		const char *text;
	} cases[] = {
		{MZ_IMAGE_LINUX, MZ_MODE_LONG, "Linux"},
		{MZ_IMAGE_PVH, MZ_MODE_PROTECTED, "PVH"},
		{MZ_IMAGE_MULTIBOOT2, MZ_MODE_PROTECTED, "multiboot 2"},
		{MZ_IMAGE_MULTIBOOT, MZ_MODE_PROTECTED, "multiboot"},
		{MZ_IMAGE_ELF, MZ_MODE_PROTECTED, "32-bit ELF"},
		{MZ_IMAGE_ELF, MZ_MODE_LONG, "64-bit ELF"},
		{MZ_IMAGE_FLAT, MZ_MODE_REAL, "flat 16-bit"},
		{MZ_IMAGE_FLAT, MZ_MODE_PROTECTED, "flat 32-bit"},
		{MZ_IMAGE_FLAT, MZ_MODE_LONG, "flat 64-bit"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		image.kind = cases[i].kind;
		image.mode = cases[i].mode;
		ck_assert_str_eq(mz_image_text(&image), cases[i].text);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("image");
	TCase *files = tcase_create("files");
	TCase *elf = tcase_create("elf");

	tcase_add_test(files, any_file_is_a_flat_image_when_asked_for);
	tcase_add_test(files, a_flat_image_must_not_wrap_around);
	tcase_add_test(files, a_path_without_a_readable_regular_file_is_refused);
	tcase_add_test(files, what_goes_to_the_guest_is_read_when_it_goes_there);
	tcase_add_test(files, a_file_that_is_shortened_before_it_is_loaded_is_told);
	tcase_add_test(files, a_file_without_read_permission_is_refused);
	tcase_add_test(files, a_file_of_more_than_the_limit_is_refused_unread);
	tcase_add_test(files, a_file_that_has_become_shorter_is_refused);
	tcase_add_test(files, a_file_that_is_no_elf_file_is_refused);
	tcase_add_test(files, what_to_take_a_file_for_has_names);
	tcase_add_test(files, other_names_are_refused);
	tcase_add_test(files, every_image_has_a_text_for_people);
	suite_add_tcase(suite, files);

	tcase_set_timeout(elf, 60);
	tcase_add_test(elf, an_elf64_file_is_loaded_at_its_physical_addresses);
	tcase_add_test(elf, a_virtual_entry_wins_over_a_physical_one);
	tcase_add_test(elf, an_entry_at_the_last_byte_is_inside_and_one_behind_it_is_not);
	tcase_add_test(elf, every_prefix_of_an_image_is_refused);
	tcase_add_test(elf, files_for_other_machines_are_refused);
	tcase_add_test(elf, files_that_are_no_executables_are_refused);
	tcase_add_test(elf, program_headers_must_be_there_and_inside_the_file);
	tcase_add_test(elf, a_file_with_nothing_to_load_is_refused);
	tcase_add_test(elf, segments_that_are_not_loaded_may_hold_anything);
	tcase_add_test(elf, a_segment_must_be_inside_the_file);
	tcase_add_test(elf, a_segment_must_not_be_larger_in_the_file_than_in_memory);
	tcase_add_test(elf, a_segment_must_not_wrap_around);
	tcase_add_test(elf, as_many_segments_as_there_is_room_for_are_loaded);
	tcase_add_test(elf, every_header_field_may_hold_any_extreme);
	tcase_add_test(elf, random_bytes_anywhere_do_no_harm);
	suite_add_tcase(suite, elf);

	return suite_run(suite);
}
