// SPDX-License-Identifier: MPL-2.0
/* Images of the multiboot and Linux protocols: what of their headers is taken, and what refused. */
#include <stdio.h>
#include <string.h>

#include "tests/vmm/boot/images.h"
#include "tests/vmm/boot/opened.h"
#include "tests/rng.h"
#include "tests/suite.h"

START_TEST(an_elf32_file_with_a_multiboot_header_is_a_multiboot_image)
{
	struct elf32_image elf = image_elf32();

	elf.multiboot = image_multiboot(3);
	ASSERT_OPENS(elf);
	ck_assert_int_eq(image.kind, MZ_IMAGE_MULTIBOOT);
	ck_assert_uint_eq(image.multiboot_flags, 3);
	ck_assert_uint_eq(image.segment_count, 2);
	ck_assert_uint_eq(image.segments[1].gpa, IMAGE_DATA);
	ck_assert_uint_eq(image.entry, IMAGE_BASE + 1);
}
END_TEST

START_TEST(an_elf64_file_with_a_multiboot_header_is_a_multiboot_image)
{
	struct elf64_image elf = image_elf64();
	struct multiboot_header header = image_multiboot(0);

	memcpy(elf.code, &header, sizeof(header));
	ASSERT_OPENS(elf);
	ck_assert_int_eq(image.kind, MZ_IMAGE_MULTIBOOT);
	ck_assert_int_eq(image.mode, MZ_MODE_PROTECTED);
	open_as = &as_elf;
	ASSERT_OPENS(elf);
	ck_assert_int_eq(image.kind, MZ_IMAGE_ELF);
	ck_assert_int_eq(image.mode, MZ_MODE_LONG);
	open_as = NULL;
}
END_TEST

/* An ELF32 file with a multiboot header at `offset`. */
static void place_multiboot(unsigned char *file, size_t count, size_t offset,
			    struct multiboot_header header)
{
	struct elf32_image elf = image_elf32();

	memset(file, 0, count);
	memset(&elf.multiboot, 0, sizeof(elf.multiboot));
	memcpy(file, &elf, sizeof(elf));
	memcpy(file + offset, &header, sizeof(header));
}

START_TEST(a_multiboot_header_is_found_at_every_aligned_place)
{
	static unsigned char file[8192 + 64];
	const size_t first = offsetof(struct elf32_image, multiboot);

	open_as = &as_multiboot;
	for (size_t offset = first; offset + sizeof(struct multiboot_header) <= 8192; offset += 4) {
		place_multiboot(file, sizeof(file), offset, image_multiboot(1));
		ASSERT_OPENS(file);
	}
	for (size_t offset = 8192 - 8; offset <= 8192 + 32; offset += 4) {
		place_multiboot(file, sizeof(file), offset, image_multiboot(1));
		ASSERT_REFUSED(file, "no multiboot header in its first 8192 bytes");
	}
	for (size_t offset = first; offset < first + 64; offset++) {
		if (offset % 4 == 0)
			continue;
		place_multiboot(file, sizeof(file), offset, image_multiboot(1));
		ASSERT_REFUSED(file, "no multiboot header");
	}
	open_as = NULL;
}
END_TEST

START_TEST(a_multiboot_header_at_the_very_end_of_a_file_is_found)
{
	unsigned char file[256];

	place_multiboot(file, sizeof(file), sizeof(file) - 12, image_multiboot(0));
	ASSERT_OPENS(file);
	ck_assert_int_eq(image.kind, MZ_IMAGE_MULTIBOOT);
	open_as = &as_multiboot;
	ck_assert_int_eq(open_bytes(file, sizeof(file) - 1), -1);
	open_as = NULL;
}
END_TEST

START_TEST(a_multiboot_header_with_a_wrong_checksum_is_passed_over)
{
	unsigned char file[256];
	struct multiboot_header wrong = image_multiboot(1), right = image_multiboot(2);

	wrong.checksum++;
	place_multiboot(file, sizeof(file), 164, wrong);
	ASSERT_OPENS(file);
	ck_assert_int_eq(image.kind, MZ_IMAGE_ELF);
	open_as = &as_multiboot;
	ASSERT_REFUSED(file, "checksum is wrong");
	memcpy(file + 200, &right, sizeof(right));
	ASSERT_OPENS(file);
	ck_assert_uint_eq(image.multiboot_flags, 2);
	open_as = NULL;
}
END_TEST

START_TEST(multiboot_flags_that_demand_the_unknown_are_refused)
{
	struct elf32_image elf = image_elf32();

	for (unsigned bit = 0; bit < 32; bit++) {
		char words[64];

		if (bit == 16)
			continue; /* addresses */
		elf.multiboot = image_multiboot(1u << bit);
		snprintf(words, sizeof(words), "not supported: 0x%04x", 1u << bit);
		if (bit >= 2 && bit < 16)
			ASSERT_REFUSED(elf, words);
		else
			ASSERT_OPENS(elf);
	}
	elf.multiboot = image_multiboot(0x2002d);
	ASSERT_REFUSED(elf,
		       "flags 0x0002002d demand what is not supported: 0x002c "
		       "(bit 2 is a video mode)");
}
END_TEST

/* What the address of an image says goes before what its container says. */
START_TEST(multiboot_addresses_say_where_the_file_goes)
{
	uint32_t words[16] = {0};
	struct multiboot_header header = image_multiboot(1u << 16);
	const uint32_t at = IMAGE_BASE;

	memcpy(words + 2, &header, sizeof(header));
	words[5] = at + 8;  /* the header itself */
	words[6] = at + 4;  /* load: all but the first 4 bytes */
	words[7] = 0;       /* up to the end */
	words[8] = at + 99; /* and zeros */
	words[9] = at + 40; /* entry */
	ASSERT_OPENS(words);
	ck_assert_int_eq(image.kind, MZ_IMAGE_MULTIBOOT);
	ck_assert_uint_eq(image.entry, at + 40);
	ck_assert_uint_eq(image.segment_count, 1);
	ck_assert_uint_eq(image.segments[0].gpa, at + 4);
	ck_assert_uint_eq(image.segments[0].data_bytes, sizeof(words) - 4);
	ck_assert_uint_eq(image.segments[0].memory_bytes, 95);

	words[7] = at + 32;
	words[8] = 0;
	words[9] = at + 31;
	ASSERT_OPENS(words);
	ck_assert_uint_eq(image.segments[0].data_bytes, 28);
	ck_assert_uint_eq(image.segments[0].memory_bytes, 28);
	words[9] = at + 32;
	ASSERT_REFUSED(words, "the entry point 0x100020 lies in no segment");
	words[9] = at + 31;
	words[8] = at + 31;
	ASSERT_REFUSED(words, "the end of zeros 0x10001f is below the end of data 0x100020");
	words[8] = 0;
	words[7] = at + 4;
	ASSERT_REFUSED(words, "the end 0x100004 is not behind the load address 0x100004");
	words[7] = at + 65;
	ASSERT_REFUSED(words, "the end 0x100041 reaches beyond the file, which ends at 0x100040");
	words[6] = at - 1;
	ASSERT_REFUSED(words, "the load address 0xfffff lies before the file's beginning");
	words[6] = at + 9;
	ASSERT_REFUSED(words, "the header's address 0x100008 is below the load address 0x100009");
	assert_refused(words, 39, "cut off in its addresses");
}
END_TEST

/* ---- Linux ---- */

START_TEST(a_bzimage_is_loaded_where_it_prefers_to_be)
{
	struct linux_image bz = image_linux();

	ASSERT_OPENS(bz);
	ck_assert_int_eq(image.kind, MZ_IMAGE_LINUX);
	ck_assert_int_eq(image.mode, MZ_MODE_LONG);
	ck_assert_uint_eq(image.segment_count, 1);
	ck_assert_uint_eq(image.segments[0].gpa, IMAGE_DATA);
	ck_assert_uint_eq(image.segments[0].data_bytes, sizeof(bz.kernel));
	ck_assert_uint_eq(image.segments[0].memory_bytes, bz.header.init_size);
	ck_assert_uint_eq(image.entry, IMAGE_DATA + 0x200);
	ck_assert_uint_eq(image.linux_image.command_line_max, bz.header.cmdline_size);
	ck_assert_uint_eq(image.linux_image.initrd_last, bz.header.initrd_addr_max);
	ck_assert(!image.linux_image.above_4g);

	bz.header.xloadflags |= XLF_CAN_BE_LOADED_ABOVE_4G;
	bz.header.init_size = 0;
	ASSERT_OPENS(bz);
	ck_assert(image.linux_image.above_4g);
	ck_assert_uint_eq(image.segments[0].memory_bytes, sizeof(bz.kernel));
}
END_TEST

START_TEST(a_relocatable_bzimage_is_aligned)
{
	struct linux_image bz = image_linux();

	bz.header.pref_address = IMAGE_DATA + 1;
	ASSERT_OPENS(bz);
	ck_assert_uint_eq(image.segments[0].gpa, IMAGE_DATA + 1);
	bz.header.relocatable_kernel = 1;
	ASSERT_OPENS(bz);
	ck_assert_uint_eq(image.segments[0].gpa, 2 * IMAGE_DATA);
	bz.header.pref_address = 0;
	ASSERT_OPENS(bz);
	ck_assert_uint_eq(image.segments[0].gpa, IMAGE_DATA);
	bz.header.kernel_alignment = 3;
	ASSERT_REFUSED(bz, "kernel_alignment is 0x3, not a power of 2");
	bz.header.kernel_alignment = 0;
	ASSERT_OPENS(bz);
	ck_assert_uint_eq(image.segments[0].gpa, IMAGE_BASE);
}
END_TEST

START_TEST(a_setup_part_of_0_sectors_has_4)
{
	struct linux_image bz = image_linux();

	ck_assert_uint_eq(sizeof(bz) - sizeof(bz.kernel), 5 * 512);
	bz.header.setup_sects = 4;
	ASSERT_OPENS(bz);
	ck_assert_uint_eq(image.segments[0].data_bytes, sizeof(bz.kernel));
	bz.header.setup_sects = 0;
	ASSERT_OPENS(bz);
	ck_assert_uint_eq(image.segments[0].data_bytes, sizeof(bz.kernel));
	bz.header.setup_sects = 5;
	bz.header.syssize = 0;
	ASSERT_OPENS(bz);
	ck_assert_uint_eq(image.segments[0].data_bytes, sizeof(bz.kernel) - 512);
	bz.header.setup_sects = 255;
	ASSERT_REFUSED(bz, "cut off in its setup part");
}
END_TEST

START_TEST(every_prefix_of_a_bzimage_is_refused)
{
	struct linux_image bz = image_linux();

	/* "syssize" is in units of 16 bytes, of which the last need not be full. */
	for (size_t count = 0; count <= sizeof(bz) - 16; count++)
		ck_assert_int_eq(open_bytes(&bz, count), -1);
	assert_refused(&bz, sizeof(bz) - 16, "cut off in its kernel");
	assert_refused(&bz, 5 * 512, "cut off in its setup part");
	assert_refused(&bz, 0x220, "cut off in its setup header");
	ck_assert_int_eq(open_bytes(&bz, sizeof(bz) - 15), 0);
}
END_TEST

/* "xloadflags" is a field since version 2.12. */
START_TEST(what_has_no_64_bit_entry_point_begins_in_32_bit_mode)
{
	struct linux_image bz = image_linux();

	bz.header.version = 0x20c;
	ASSERT_OPENS(bz);
	ck_assert_int_eq(image.mode, MZ_MODE_LONG);
	bz.header.version = 0x20b;
	bz.header.xloadflags |= XLF_CAN_BE_LOADED_ABOVE_4G;
	ASSERT_OPENS(bz);
	ck_assert_int_eq(image.mode, MZ_MODE_PROTECTED);
	ck_assert_uint_eq(image.entry, IMAGE_DATA);
	ck_assert(!image.linux_image.above_4g);
	bz = image_linux();
	bz.header.xloadflags = 0;
	ASSERT_OPENS(bz);
	ck_assert_int_eq(image.mode, MZ_MODE_PROTECTED);
	ck_assert_uint_eq(image.entry, IMAGE_DATA);
}
END_TEST

START_TEST(a_setup_header_that_cannot_be_served_is_refused)
{
	struct linux_image bz = image_linux();

	bz.header.version = 0x206;
	ASSERT_OPENS(bz);
	bz.header.version = 0x205;
	ASSERT_REFUSED(bz, "version is 0x205, older than 2.6");
	bz = image_linux();
	bz.header.loadflags = 0;
	ASSERT_REFUSED(bz, "for loading below 1 MiB");
	bz = image_linux();
	bz.header.boot_flag = 0;
	ASSERT_REFUSED(bz, "boot_flag is 0x0, not 0xaa55");
	bz = image_linux();
	bz.header.pref_address = UINT64_MAX - 16;
	ASSERT_REFUSED(bz, "wrap around");
	bz = image_linux();
	image_linux_header_end(&bz, 4);
	ASSERT_REFUSED(bz, "version is 0x0");
	image_linux_header_end(&bz, 255);
	ASSERT_OPENS(bz);
}
END_TEST

START_TEST(a_longer_or_shorter_setup_header_is_taken_as_far_as_it_goes)
{
	struct linux_image bz = image_linux();

	image_linux_header_end(&bz, 0x36); /* up to xloadflags */
	ASSERT_OPENS(bz);
	ck_assert_uint_eq(image.linux_image.header_bytes, 0x202 + 0x36 - 0x1f1);
	ck_assert_uint_eq(image.segments[0].gpa, IMAGE_BASE);
	ck_assert_uint_eq(image.linux_image.command_line_max, 0);
	image_linux_header_end(&bz, 0xff);
	ASSERT_OPENS(bz);
	ck_assert_uint_eq(image.linux_image.header_bytes, sizeof(struct setup_header));
}
END_TEST

START_TEST(a_bzimage_whose_entry_is_outside_is_refused)
{
	struct linux_image bz = image_linux();

	bz.header.init_size = 0;
	bz.header.syssize = 1;
	assert_refused(&bz, sizeof(bz) - sizeof(bz.kernel) + 0x200,
		       "the entry point 0x200200 lies in no segment");
	ck_assert_int_eq(open_bytes(&bz, sizeof(bz) - sizeof(bz.kernel) + 0x201), 0);
}
END_TEST

/* Anything in the setup header, and everywhere else. */
START_TEST(random_bytes_in_a_bzimage_do_no_harm)
{
	uint64_t seed = rng_seed();
	struct rng rng = {.state = seed};

	printf("# MZ_SEED=%ju\n", (uintmax_t)seed);
	for (unsigned step = 0; step < rng_steps(4000); step++) {
		struct linux_image bz = image_linux();
		unsigned char *header = (unsigned char *)&bz.header;

		for (uint64_t i = rng_below(&rng, 4); i < 4; i++)
			header[rng_below(&rng, sizeof(bz.header))] = (unsigned char)rng_next(&rng);
		open_bytes(&bz, rng_below(&rng, 4) == 0 ? rng_below(&rng, sizeof(bz)) : sizeof(bz));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("image protocols");
	TCase *multiboot = tcase_create("multiboot");
	TCase *linuxes = tcase_create("linux");

	tcase_add_test(multiboot, an_elf32_file_with_a_multiboot_header_is_a_multiboot_image);
	tcase_add_test(multiboot, an_elf64_file_with_a_multiboot_header_is_a_multiboot_image);
	tcase_add_test(multiboot, a_multiboot_header_is_found_at_every_aligned_place);
	tcase_add_test(multiboot, a_multiboot_header_at_the_very_end_of_a_file_is_found);
	tcase_add_test(multiboot, a_multiboot_header_with_a_wrong_checksum_is_passed_over);
	tcase_add_test(multiboot, multiboot_flags_that_demand_the_unknown_are_refused);
	tcase_add_test(multiboot, multiboot_addresses_say_where_the_file_goes);
	suite_add_tcase(suite, multiboot);

	tcase_add_test(linuxes, a_bzimage_is_loaded_where_it_prefers_to_be);
	tcase_add_test(linuxes, a_relocatable_bzimage_is_aligned);
	tcase_add_test(linuxes, a_setup_part_of_0_sectors_has_4);
	tcase_add_test(linuxes, every_prefix_of_a_bzimage_is_refused);
	tcase_add_test(linuxes, what_has_no_64_bit_entry_point_begins_in_32_bit_mode);
	tcase_add_test(linuxes, a_setup_header_that_cannot_be_served_is_refused);
	tcase_add_test(linuxes, a_longer_or_shorter_setup_header_is_taken_as_far_as_it_goes);
	tcase_add_test(linuxes, a_bzimage_whose_entry_is_outside_is_refused);
	tcase_add_test(linuxes, random_bytes_in_a_bzimage_do_no_harm);
	suite_add_tcase(suite, linuxes);
	return suite_run(suite);
}
