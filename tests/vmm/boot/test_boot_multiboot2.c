// SPDX-License-Identifier: MPL-2.0
/*
 * Multiboot 2: headers, good and hostile, and the information that the image finds. Numbers are
 * those of the Multiboot2 Specification 2.0, sections 3.1 and 3.6.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/vmm/boot/booted.h"
#include "tests/vmm/boot/images.h"
#include "tests/rng.h"
#include "tests/suite.h"

#define RSDP 0xe0010u

/* An ELF64 file, its header behind all else. */
static struct {
	struct elf64_image elf;
	uint32_t header[64];
} file;

static unsigned words; /* of the header so far */

static void add(uint32_t word)
{
	ck_assert_uint_lt(words, 64);
	file.header[words++] = word;
}

static void header_begin(void)
{
	memset(&file, 0, sizeof(file));
	file.elf = image_elf64();
	words = 0;
	add(0xe85250d6);
	add(0);
	words += 2;
}

/* A tag of `count` words of content, which follow by add(). */
static void tag(unsigned type, unsigned flags, unsigned count)
{
	words += words & 1;
	add(type | flags << 16);
	add(8 + 4 * count);
}

static void seal(void)
{
	file.header[2] = 4 * words;
	file.header[3] = -(file.header[0] + file.header[1] + file.header[2]);
}

static void header_end(void)
{
	tag(0, 0, 0);
	seal();
}

static int open_as(const struct mz_image_as *as, size_t count)
{
	struct image_file made = image_file_make(&file, count);
	int result = mz_image_open(&image, made.path, as, &failure);

	if (result)
		ck_assert_int_eq(failure.status, MZ_STATUS_BAD_IMAGE);
	mz_image_close(&image);
	image_file_close(&made);
	return result;
}

static int open_file(void)
{
	return open_as(NULL, sizeof(file));
}

static void assert_opens(void)
{
	ck_assert_msg(open_file() == 0, "%s", failure.text);
	ck_assert_int_eq(image.kind, MZ_IMAGE_MULTIBOOT2);
	ck_assert_int_eq(image.mode, MZ_MODE_PROTECTED);
}

static void assert_refused(const char *text)
{
	ck_assert_int_eq(open_file(), -1);
	ck_assert_msg(strstr(failure.text, text) != NULL, "\"%s\" is not in: %s", text,
		      failure.text);
}

START_TEST(a_header_makes_an_elf_file_a_multiboot_2_image)
{
	const struct mz_image_as as = {.kind = MZ_IMAGE_MULTIBOOT2};

	header_begin();
	header_end();
	assert_opens();
	ck_assert_str_eq(mz_image_text(&image), "multiboot 2");
	ck_assert_uint_eq(image.entry, IMAGE_BASE + 1);
	file.header[3]++;
	ck_assert_int_eq(open_file(), 0);
	ck_assert_int_eq(image.kind, MZ_IMAGE_ELF);
	ck_assert_int_eq(open_as(&as, sizeof(file)), -1);
	ck_assert_ptr_nonnull(strstr(failure.text, "no multiboot 2 header"));

	header_begin();
	file.header[1] = 4;
	header_end();
	assert_refused("the architecture is not 0 (i386) but 4");
}
END_TEST

START_TEST(a_header_must_have_an_end)
{
	header_begin();
	seal();
	assert_refused("has no end tag: length 16");
	tag(6, 0, 0);
	seal();
	assert_refused("has no end tag: length 24");
	header_end();
	assert_opens();
	file.header[2] = sizeof(file.header) + 1;
	file.header[3] = -(file.header[0] + file.header[2]);
	assert_refused("reaches beyond the file");
	file.header[2] = UINT32_MAX;
	file.header[3] = -(file.header[0] + file.header[2]);
	assert_refused("reaches beyond the file");
}
END_TEST

START_TEST(every_prefix_of_a_header_is_refused)
{
	const struct mz_image_as as = {.kind = MZ_IMAGE_MULTIBOOT2};

	header_begin();
	tag(1, 0, 2);
	add(1);
	add(6);
	header_end();
	for (size_t count = 0; count < sizeof(file.elf) + 4 * words - 8; count++)
		ck_assert_int_eq(open_as(&as, count), -1);
	ck_assert_int_eq(open_as(&as, sizeof(file.elf) + 4 * words), 0);
}
END_TEST

START_TEST(tags_must_have_possible_sizes)
{
	header_begin();
	tag(6, 0, 0);
	header_end();
	for (uint32_t bytes = 0; bytes < 8; bytes++) {
		file.header[5] = bytes;
		assert_refused("a tag has an impossible size");
	}
	file.header[5] = UINT32_MAX;
	assert_refused("a tag has an impossible size: 4294967295");
	file.header[5] = 17;
	assert_refused("a tag has an impossible size: 17");
	file.header[5] = 16;
	assert_refused("has no end tag");
	for (unsigned type = 2; type <= 4; type++) {
		header_begin();
		tag(type, 0, 0);
		header_end();
		assert_refused("is too short: 8");
	}
}
END_TEST

START_TEST(what_cannot_be_given_is_refused_unless_it_is_optional)
{
	static const unsigned good[] = {6, 7, 8, 9, 10};

	for (unsigned type = 5; type < 40; type++) {
		bool is_good = false;

		for (unsigned i = 0; i < 5; i++)
			is_good |= type == good[i];
		header_begin();
		tag(type, 0, 4);
		words += 4;
		header_end();
		if (is_good)
			assert_opens();
		else
			assert_refused("demands what is not supported: tag ");
		header_begin();
		tag(type, 1, 4);
		words += 4;
		header_end();
		assert_opens();
	}
}
END_TEST

START_TEST(a_text_console_is_refused_where_it_is_demanded)
{
	for (unsigned flags = 0; flags < 4; flags++) {
		header_begin();
		tag(4, 0, 1);
		add(flags);
		header_end();
		if (flags & 1)
			assert_refused("demands a text console: flags ");
		else
			assert_opens();
	}
	header_begin();
	tag(4, 1, 1);
	add(3);
	header_end();
	assert_opens();
}
END_TEST

START_TEST(information_that_is_not_given_is_refused_unless_it_is_optional)
{
	for (unsigned type = 0; type < 30; type++) {
		const uint64_t given = 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4 | 1u << 6 | 1u << 14 |
			1u << 15 | 1u << 21;

		header_begin();
		tag(1, 0, 2);
		add(1);
		add(type);
		header_end();
		if (given >> type & 1)
			assert_opens();
		else
			assert_refused("demands information that is not given: type ");
		ck_assert_int_eq(image.multiboot2.wants_rsdp, type == 14 || type == 15);
		header_begin();
		tag(1, 1, 1);
		add(type);
		header_end();
		assert_opens();
		ck_assert(!image.multiboot2.wants_rsdp);
	}
}
END_TEST

START_TEST(addresses_in_the_header_say_where_the_file_goes)
{
	const uint32_t header = offsetof(__typeof__(file), header);

	header_begin();
	tag(2, 0, 4);
	add(IMAGE_BASE + header);
	add(UINT32_MAX); /* from the file's beginning */
	add(0);
	add(IMAGE_BASE + 0x1000);
	header_end();
	assert_refused("has addresses but no entry");
	words -= 2;
	tag(3, 0, 1);
	add(IMAGE_BASE + 4);
	header_end();
	assert_opens();
	ck_assert_uint_eq(image.segment_count, 1);
	ck_assert_uint_eq(image.segments[0].gpa, IMAGE_BASE);
	ck_assert_uint_eq(image.segments[0].data_bytes, sizeof(file));
	ck_assert_uint_eq(image.segments[0].memory_bytes, 0x1000);
	ck_assert_uint_eq(image.entry, IMAGE_BASE + 4);
	file.header[6] = header - 1;
	assert_refused("is below the load address");
}
END_TEST

START_TEST(an_entry_in_the_header_goes_before_that_of_the_file)
{
	header_begin();
	tag(3, 0, 1);
	add(IMAGE_BASE + 9);
	header_end();
	assert_opens();
	ck_assert_uint_eq(image.entry, IMAGE_BASE + 9);
	file.header[6] = 0;
	assert_refused("the entry point 0x0 lies in no segment");
}
END_TEST

START_TEST(a_header_of_random_words_does_no_harm)
{
	uint64_t seed = rng_seed();
	struct rng rng = {.state = seed};

	for (unsigned step = 0; step < rng_steps(4000); step++) {
		header_begin();
		tag(1, 0, 2);
		add(1);
		add(6);
		tag(2, 0, 4);
		for (unsigned i = 0; i < 4; i++)
			add(IMAGE_BASE + (uint32_t)rng_below(&rng, 0x400));
		tag(3, 0, 1);
		add(IMAGE_BASE);
		header_end();
		for (uint64_t i = rng_below(&rng, 4); i < 4; i++)
			file.header[4 + rng_below(&rng, words - 4)] = (uint32_t)rng_next(&rng) >>
				rng_below(&rng, 32);
		seal();
		open_file();
	}
}
END_TEST

/* ---- What the image finds ---- */

static void open_default(void)
{
	header_begin();
	tag(10, 0, 4);
	words += 4;
	header_end();
	open_image(&file, sizeof(file), NULL);
}

static uint32_t info_bytes(void)
{
	ck_assert(in_boot_area(state.rbx, 8));
	ck_assert_uint_eq(state.rbx % 8, 0);
	ck_assert_uint_eq(word_at(state.rbx + 4), 0);
	return word_at(state.rbx);
}

/* The index-th tag of that type, or 0; all of them are looked at. */
static uint64_t find(unsigned type, unsigned index)
{
	uint64_t found = 0, end = state.rbx + info_bytes();
	uint64_t at = state.rbx + 8;

	while (word_at(at) != 0) {
		ck_assert_uint_lt(at, end);
		if (word_at(at) == type && index-- == 0)
			found = at;
		at += (word_at(at + 4) + 7u) & ~7u;
	}
	ck_assert_uint_eq(word_at(at + 4), 8);
	ck_assert_uint_eq(at + 8, end);
	return found;
}

static void assert_text(unsigned type, const char *text)
{
	uint64_t at_tag = find(type, 0);

	ck_assert_uint_ne(at_tag, 0);
	ck_assert_uint_eq(word_at(at_tag + 4), 8 + strlen(text) + 1);
	ck_assert_str_eq(at(at_tag + 8, strlen(text) + 1), text);
}

START_TEST(an_image_begins_in_protected_mode_with_information)
{
	ram_begin(4 * MIB);
	open_default();
	load(&(struct mz_boot_request) {.command_line = "a b"});
	ck_assert_int_eq(state.mode, MZ_MODE_PROTECTED);
	ck_assert_uint_eq(state.rax, 0x36d76289);
	ck_assert_uint_eq(state.rip, IMAGE_BASE + 1);
	ck_assert_uint_eq(state.code, MZ_BOOT_CODE32);
	assert_text(1, "a b");
	assert_text(2, "mezz");
	ck_assert_uint_eq(word_at(find(4, 0) + 8), 639);
	ck_assert_uint_eq(word_at(find(4, 0) + 12), 3 * 1024);
	ck_assert_uint_eq(word_at(find(21, 0) + 8), IMAGE_BASE);
	ck_assert_uint_eq(find(3, 0), 0);
	ck_assert_uint_eq(find(14, 0), 0);
	load(&(struct mz_boot_request) {0});
	assert_text(1, "");
	mz_image_close(&image);
	ram_end();
}
END_TEST

START_TEST(the_memory_map_is_a_tag)
{
	uint64_t map;

	ram_begin(4 * MIB);
	open_default();
	load(&(struct mz_boot_request) {0});
	map = find(6, 0);
	ck_assert_uint_eq(word_at(map + 4), 16 + 5 * 24);
	ck_assert_uint_eq(word_at(map + 8), 24);
	ck_assert_uint_eq(word_at(map + 12), 0);
	ck_assert_uint_eq(long_at(map + 16), 0);
	ck_assert_uint_eq(long_at(map + 24), 0x9fc00);
	ck_assert_uint_eq(word_at(map + 32), 1);
	ck_assert_uint_eq(long_at(map + 16 + 3 * 24), MIB);
	ck_assert_uint_eq(long_at(map + 24 + 3 * 24), 3 * MIB);
	mz_image_close(&image);
	ram_end();
}
END_TEST

START_TEST(each_module_is_a_tag)
{
	struct image_file one = image_file_make("one", 3), two = image_file_make("two!", 4);
	const struct mz_module modules[] = {{one.path, "first words"}, {two.path, ""}};
	struct mz_boot_request request = {.modules = modules, .module_count = 2};
	uint64_t first, second;

	ram_begin(4 * MIB);
	open_default();
	load(&request);
	first = find(3, 0);
	second = find(3, 1);
	ck_assert_uint_eq(find(3, 2), 0);
	ck_assert_uint_eq(word_at(first + 8), IMAGE_DATA + 0x1000);
	ck_assert_uint_eq(word_at(first + 12), IMAGE_DATA + 0x1003);
	ck_assert_str_eq(at(first + 16, 12), "first words");
	ck_assert_mem_eq(at(word_at(first + 8), 3), "one", 3);
	ck_assert_uint_eq(word_at(second + 8), IMAGE_DATA + 0x2000);
	ck_assert_uint_eq(word_at(second + 4), 17);
	request.initrd = one.path;
	assert_load_fails(&request, MZ_STATUS_BAD_ARGUMENT, "an initrd is for Linux");
	mz_image_close(&image);
	ram_end();
	image_file_close(&one);
	image_file_close(&two);
}
END_TEST

START_TEST(acpi_is_told_where_it_is_and_refused_where_it_is_not)
{
	const struct mz_boot_request request = {.rsdp = RSDP};
	unsigned char *rsdp;

	ram_begin(4 * MIB);
	rsdp = mz_ram_at(&ram, RSDP, 36);
	memcpy(rsdp, "RSD PTR ", 8);
	header_begin();
	tag(1, 0, 1);
	add(15);
	header_end();
	open_image(&file, sizeof(file), NULL);
	assert_load_fails(&(struct mz_boot_request) {0}, MZ_STATUS_BAD_IMAGE,
			  "demands ACPI's root pointer");
	load(&request);
	ck_assert_uint_eq(word_at(find(14, 0) + 4), 28);
	ck_assert_mem_eq(at(find(14, 0) + 8, 8), "RSD PTR ", 8);
	ck_assert_uint_eq(find(15, 0), 0);
	rsdp[15] = 2;
	load(&request);
	ck_assert_uint_eq(word_at(find(14, 0) + 4), 28);
	ck_assert_uint_eq(word_at(find(15, 0) + 4), 44);
	ck_assert_mem_eq(at(find(15, 0) + 8, 36), rsdp, 36);
	mz_image_close(&image);
	ram_end();
}
END_TEST

START_TEST(texts_that_are_too_long_are_refused)
{
	char *text = long_text(MZ_BOOT_LOW_END);

	ram_begin(4 * MIB);
	open_default();
	assert_load_fails(&(struct mz_boot_request) {.command_line = text}, MZ_STATUS_BAD_ARGUMENT,
			  "too long");
	mz_image_close(&image);
	ram_end();
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("boot multiboot 2");
	TCase *headers = tcase_create("headers"), *found = tcase_create("information");

	tcase_add_test(headers, a_header_makes_an_elf_file_a_multiboot_2_image);
	tcase_add_test(headers, a_header_must_have_an_end);
	tcase_add_test(headers, every_prefix_of_a_header_is_refused);
	tcase_add_test(headers, tags_must_have_possible_sizes);
	tcase_add_test(headers, what_cannot_be_given_is_refused_unless_it_is_optional);
	tcase_add_test(headers, a_text_console_is_refused_where_it_is_demanded);
	tcase_add_test(headers, information_that_is_not_given_is_refused_unless_it_is_optional);
	tcase_add_test(headers, addresses_in_the_header_say_where_the_file_goes);
	tcase_add_test(headers, an_entry_in_the_header_goes_before_that_of_the_file);
	tcase_add_test(headers, a_header_of_random_words_does_no_harm);
	suite_add_tcase(suite, headers);

	tcase_add_test(found, an_image_begins_in_protected_mode_with_information);
	tcase_add_test(found, the_memory_map_is_a_tag);
	tcase_add_test(found, each_module_is_a_tag);
	tcase_add_test(found, acpi_is_told_where_it_is_and_refused_where_it_is_not);
	tcase_add_test(found, texts_that_are_too_long_are_refused);
	suite_add_tcase(suite, found);
	return suite_run(suite);
}
