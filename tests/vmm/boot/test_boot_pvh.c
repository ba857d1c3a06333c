// SPDX-License-Identifier: MPL-2.0
/*
 * ELF images with notes: the PVH entry point and what begins there, and a vmlinux without one.
 * Offsets are those of Xen's start_info.h and of Linux's zero-page.rst.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/vmm/boot/booted.h"
#include "tests/vmm/boot/images.h"
#include "tests/rng.h"
#include "tests/suite.h"

#define NOTE_PVH  18u    /* of "Xen" */
#define NOTE_SALT 0x100u /* of "Linux" */

enum {
	INFO_MAGIC = 0,
	INFO_VERSION = 4,
	INFO_FLAGS = 8,
	INFO_MODULE_COUNT = 12,
	INFO_MODULES = 16,
	INFO_COMMAND_LINE = 24,
	INFO_RSDP = 32,
	INFO_MEMORY_MAP = 40,
	INFO_MEMORY_RUNS = 48,
	INFO_BYTES = 56,
};

static uint64_t info(unsigned offset)
{
	ck_assert(in_boot_area(state.rbx, INFO_BYTES));
	return long_at(state.rbx + offset);
}

static uint32_t info32(unsigned offset)
{
	return (uint32_t)info(offset);
}

static void open_pvh(void)
{
	const struct note_image elf = image_note("Xen", NOTE_PVH, IMAGE_BASE + 5);

	open_image(&elf, sizeof(elf), NULL);
}

START_TEST(a_file_with_the_note_begins_where_it_says)
{
	ram_begin(4 * MIB);
	open_pvh();
	load(&(struct mz_boot_request) {.rsdp = 0xe1000});
	ck_assert_int_eq(image.kind, MZ_IMAGE_PVH);
	ck_assert_str_eq(mz_image_text(&image), "PVH");
	ck_assert_int_eq(state.mode, MZ_MODE_PROTECTED);
	ck_assert_uint_eq(state.rip, IMAGE_BASE + 5);
	ck_assert_uint_eq(state.code, MZ_BOOT_CODE32);
	ck_assert_uint_eq(info32(INFO_MAGIC), 0x336ec578);
	ck_assert_uint_eq(info32(INFO_VERSION), 1);
	ck_assert_uint_eq(info32(INFO_FLAGS), 0);
	ck_assert_uint_eq(info32(INFO_MODULE_COUNT), 0);
	ck_assert_uint_eq(info(INFO_MODULES), 0);
	ck_assert_uint_eq(info(INFO_COMMAND_LINE), 0);
	ck_assert_uint_eq(info(INFO_RSDP), 0xe1000);
	mz_image_close(&image);
	ram_end();
}
END_TEST

START_TEST(the_start_information_lists_memory)
{
	ram_begin(4 * MIB);
	open_pvh();
	load(&(struct mz_boot_request) {.command_line = "a b"});
	ck_assert_str_eq(at(info(INFO_COMMAND_LINE), 4), "a b");
	ck_assert_uint_eq(info32(INFO_MEMORY_RUNS), 5);
	ck_assert_uint_eq(long_at(info(INFO_MEMORY_MAP) + 3 * 24), MIB);
	ck_assert_uint_eq(long_at(info(INFO_MEMORY_MAP) + 3 * 24 + 8), 3 * MIB);
	ck_assert_uint_eq(word_at(info(INFO_MEMORY_MAP) + 3 * 24 + 16), 1);
	ck_assert_uint_eq(word_at(info(INFO_MEMORY_MAP) + 4 * 24 + 16), 2);
	mz_image_close(&image);
	ram_end();
}
END_TEST

static void assert_module(unsigned index, const char *bytes, const char *command)
{
	uint64_t module = info(INFO_MODULES) + index * 32u;

	ck_assert_uint_eq(long_at(module) % 4096, 0);
	ck_assert_uint_eq(long_at(module + 8), strlen(bytes));
	ck_assert_mem_eq(at(long_at(module), strlen(bytes)), bytes, strlen(bytes));
	if (command)
		ck_assert_str_eq(at(long_at(module + 16), strlen(command) + 1), command);
	else
		ck_assert_uint_eq(long_at(module + 16), 0);
}

START_TEST(the_initrd_is_the_first_module)
{
	struct image_file initrd = image_file_make("initrd", 6),
			  other = image_file_make("other", 5);
	const struct mz_module module = {.path = other.path, .command = "other words"};
	struct mz_boot_request request = {
		.initrd = initrd.path, .modules = &module, .module_count = 1};

	ram_begin(4 * MIB);
	open_pvh();
	load(&request);
	ck_assert_uint_eq(info32(INFO_MODULE_COUNT), 2);
	assert_module(0, "initrd", NULL);
	assert_module(1, "other", "other words");
	request.initrd = "/nonexistent/initrd";
	assert_load_fails(&request, MZ_STATUS_BAD_IMAGE, "/nonexistent/initrd");
	mz_image_close(&image);
	ram_end();
	image_file_close(&initrd);
	image_file_close(&other);
}
END_TEST

/* Does the file open, and as what? MZ_IMAGE_ANY: it does not. */
static enum mz_image_kind kind_of(const void *bytes, size_t count, const struct mz_image_as *as)
{
	struct image_file file = image_file_make(bytes, count);
	enum mz_image_kind kind = MZ_IMAGE_ANY;

	if (mz_image_open(&image, file.path, as, &failure) == 0)
		kind = image.kind;
	else
		ck_assert_int_eq(failure.status, MZ_STATUS_BAD_IMAGE);
	mz_image_close(&image);
	image_file_close(&file);
	return kind;
}

#define KIND_OF(elf) kind_of(&(elf), sizeof(elf), NULL)

START_TEST(the_note_must_be_whole_and_the_entry_inside)
{
	struct note_image elf = image_note("Xen", NOTE_PVH, IMAGE_BASE + 31);

	ck_assert_int_eq(KIND_OF(elf), MZ_IMAGE_PVH);
	elf = image_note("Xen", NOTE_PVH, IMAGE_BASE + 32);
	ck_assert_int_eq(KIND_OF(elf), MZ_IMAGE_ANY);
	ck_assert_ptr_nonnull(strstr(failure.text, "the entry point 0x100020 lies in no segment"));
	elf = image_note("Xen", NOTE_PVH, IMAGE_BASE);
	elf.header.e_entry = 0; /* is not used */
	ck_assert_int_eq(KIND_OF(elf), MZ_IMAGE_PVH);
	elf.note[4] = 3; /* the content's length */
	ck_assert_int_eq(KIND_OF(elf), MZ_IMAGE_ANY);
	ck_assert_ptr_nonnull(strstr(failure.text, "has 3 bytes, not 4 or 8"));
	elf = image_note("Xen", NOTE_PVH, IMAGE_BASE);
	elf.programs[1].p_filesz--;
	ck_assert_int_eq(KIND_OF(elf), MZ_IMAGE_ELF);
}
END_TEST

START_TEST(other_notes_are_passed_over)
{
	const struct mz_image_as pvh = {.kind = MZ_IMAGE_PVH};
	struct note_image elf = image_note("Xem", NOTE_PVH, IMAGE_BASE);

	ck_assert_int_eq(KIND_OF(elf), MZ_IMAGE_ELF);
	ck_assert_int_eq(kind_of(&elf, sizeof(elf), &pvh), MZ_IMAGE_ANY);
	ck_assert_ptr_nonnull(strstr(failure.text, "has no ELF note of a PVH entry point"));
	elf = image_note("Xen", NOTE_PVH + 1, IMAGE_BASE);
	ck_assert_int_eq(KIND_OF(elf), MZ_IMAGE_ELF);
	elf = image_note("Xen", NOTE_PVH, IMAGE_BASE);
	elf.programs[1].p_type = PT_NULL;
	ck_assert_int_eq(KIND_OF(elf), MZ_IMAGE_ELF);
	elf.programs[1].p_type = PT_NOTE;
	elf.programs[1].p_offset = UINT64_MAX;
	ck_assert_int_eq(KIND_OF(elf), MZ_IMAGE_ELF);
}
END_TEST

START_TEST(a_note_may_lie_far_from_the_beginning)
{
	enum { FAR = 0x20000 };
	struct note_image elf = image_note("Xen", NOTE_PVH, IMAGE_BASE + 5);
	unsigned char *file = calloc(1, FAR + sizeof(elf));

	memcpy(file + FAR, &elf, sizeof(elf));
	for (unsigned i = 0; i < 2; i++)
		elf.programs[i].p_offset += FAR;
	memcpy(file, &elf, offsetof(struct note_image, code));
	ck_assert_int_eq(kind_of(file, FAR + sizeof(elf), NULL), MZ_IMAGE_PVH);
	free(file);
}
END_TEST

/* Each as long as the file: to read them all would take hours. */
START_TEST(a_file_of_nothing_but_notes_is_soon_refused)
{
	enum { NOTES = 60000, BYTES = 8 << 20 };
	struct note_image elf = image_note("Xen", NOTE_PVH, IMAGE_BASE);
	unsigned char *file = calloc(1, BYTES);
	Elf64_Phdr *programs = (Elf64_Phdr *)(file + sizeof(elf.header));

	elf.header.e_phnum = NOTES;
	elf.header.e_phoff = sizeof(elf.header);
	memcpy(file, &elf.header, sizeof(elf.header));
	for (unsigned i = 0; i < NOTES; i++)
		programs[i] = (Elf64_Phdr) {
			.p_type = PT_NOTE, .p_offset = BYTES / 2, .p_filesz = BYTES / 2};
	ck_assert_int_eq(kind_of(file, BYTES, NULL), MZ_IMAGE_ANY);
	ck_assert_ptr_nonnull(strstr(failure.text, "without anything to load"));
	free(file);
}
END_TEST

START_TEST(a_note_of_random_bytes_does_no_harm)
{
	uint64_t seed = rng_seed();
	struct rng rng = {.state = seed};

	for (unsigned step = 0; step < rng_steps(4000); step++) {
		struct note_image elf = image_note("Xen", NOTE_PVH, IMAGE_BASE);
		unsigned char *bytes = elf.before;
		size_t count = sizeof(elf.before) + sizeof(elf.note);

		for (uint64_t i = rng_below(&rng, 4); i < 4; i++)
			bytes[rng_below(&rng, count)] = (unsigned char)rng_next(&rng);
		if (rng_below(&rng, 4) == 0)
			elf.programs[1].p_offset += rng_below(&rng, 64) - 32;
		if (rng_below(&rng, 4) == 0)
			elf.programs[1].p_align = rng_below(&rng, 17);
		KIND_OF(elf);
	}
}
END_TEST

START_TEST(a_vmlinux_without_the_note_begins_by_the_64_bit_protocol)
{
	const struct note_image elf = image_note("Linux", NOTE_SALT, 0);
	struct image_file initrd = image_file_make("initrd", 6);

	ram_begin(4 * MIB);
	open_image(&elf, sizeof(elf), NULL);
	ck_assert_int_eq(image.kind, MZ_IMAGE_LINUX);
	load(&(struct mz_boot_request) {.command_line = "quiet", .initrd = initrd.path});
	ck_assert_int_eq(state.mode, MZ_MODE_LONG);
	ck_assert_uint_eq(state.rip, IMAGE_BASE + 1);
	ck_assert_uint_eq(state.code, 0x10);
	ck_assert_uint_eq(word_at(state.rsi + 0x1fe) & 0xffff, 0xaa55);
	ck_assert_uint_eq(word_at(state.rsi + 0x202), 0x53726448);
	ck_assert_uint_eq(word_at(state.rsi + 0x206) & 0xffff, 0x20f);
	ck_assert_uint_eq(word_at(state.rsi + 0x210) & 0xffff, 0x01ff);
	ck_assert_uint_eq(word_at(state.rsi + 0x218), 4 * MIB - 4096);
	ck_assert_str_eq(at(word_at(state.rsi + 0x228), 6), "quiet");
	mz_image_close(&image);
	ram_end();
	image_file_close(&initrd);
}
END_TEST

START_TEST(an_elf_file_can_be_taken_for_a_vmlinux)
{
	const struct elf64_image wide = image_elf64();
	const struct elf32_image narrow = image_elf32();
	const struct mz_image_as as = {.kind = MZ_IMAGE_LINUX};

	ck_assert_int_eq(kind_of(&wide, sizeof(wide), &as), MZ_IMAGE_LINUX);
	ck_assert_int_eq(kind_of(&narrow, sizeof(narrow), &as), MZ_IMAGE_LINUX);
	ck_assert_int_eq(kind_of("text", 4, &as), MZ_IMAGE_ANY);
	ck_assert_ptr_nonnull(strstr(failure.text, "no Linux setup header"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("boot pvh");
	TCase *all = tcase_create("all");

	tcase_add_test(all, a_file_with_the_note_begins_where_it_says);
	tcase_add_test(all, the_start_information_lists_memory);
	tcase_add_test(all, the_initrd_is_the_first_module);
	tcase_add_test(all, the_note_must_be_whole_and_the_entry_inside);
	tcase_add_test(all, other_notes_are_passed_over);
	tcase_add_test(all, a_note_may_lie_far_from_the_beginning);
	tcase_add_test(all, a_file_of_nothing_but_notes_is_soon_refused);
	tcase_add_test(all, a_note_of_random_bytes_does_no_harm);
	tcase_add_test(all, a_vmlinux_without_the_note_begins_by_the_64_bit_protocol);
	tcase_add_test(all, an_elf_file_can_be_taken_for_a_vmlinux);
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
