// SPDX-License-Identifier: MPL-2.0
/*
 * Linux's boot protocol: what a kernel finds. Offsets in the zero page are those of
 * Documentation/arch/x86/zero-page.rst and boot.rst.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/vmm/boot/booted.h"
#include "tests/vmm/boot/images.h"
#include "tests/suite.h"

enum {
	ZERO_RSDP = 0x070,
	ZERO_EXT_RAMDISK_IMAGE = 0x0c0,
	ZERO_EXT_RAMDISK_SIZE = 0x0c4,
	ZERO_EXT_CMD_LINE = 0x0c8,
	ZERO_E820_ENTRIES = 0x1e8,
	ZERO_BOOT_FLAG = 0x1fe,
	ZERO_MAGIC = 0x202,
	ZERO_LOADER = 0x210,
	ZERO_LOADFLAGS = 0x211,
	ZERO_RAMDISK_IMAGE = 0x218,
	ZERO_RAMDISK_SIZE = 0x21c,
	ZERO_CMD_LINE = 0x228,
	ZERO_INIT_SIZE = 0x260,
	ZERO_E820 = 0x2d0,
};

static struct linux_image bz;

static void open_linux(void)
{
	open_image(&bz, sizeof(bz), NULL);
}

static uint32_t zero(unsigned offset)
{
	return word_at(state.rsi + offset);
}

static void linux_begin(void)
{
	bz = image_linux();
	ram_begin(8 * MIB);
}

static void linux_end(void)
{
	mz_image_close(&image);
	ram_end();
}

START_TEST(a_kernel_begins_at_its_64_bit_entry_point)
{
	linux_begin();
	open_linux();
	load(&(struct mz_boot_request) {0});
	ck_assert_int_eq(state.mode, MZ_MODE_LONG);
	ck_assert_uint_eq(state.rip, IMAGE_DATA + 0x200);
	ck_assert_uint_eq(state.code, 0x10);
	ck_assert_uint_eq(state.data, 0x18);
	ck_assert_uint_eq(long_at(state.gdt + 0x10), 0x00af9b000000ffff);
	ck_assert_uint_eq(long_at(state.gdt + 0x18), 0x00cf93000000ffff);
	ck_assert_uint_eq(state.gdt_bytes, 0x20);
	ck_assert(in_boot_area(state.cr3, 4096));
	ck_assert_mem_eq(at(IMAGE_DATA, sizeof(bz.kernel)), bz.kernel, sizeof(bz.kernel));
	ck_assert_uint_eq(state.rsi % 4096, 0);
	ck_assert(in_boot_area(state.rsi, 4096));
	linux_end();
}
END_TEST

START_TEST(a_kernel_without_that_entry_point_begins_in_32_bit_mode)
{
	linux_begin();
	bz.header.xloadflags = 0;
	open_linux();
	load(&(struct mz_boot_request) {0});
	ck_assert_int_eq(state.mode, MZ_MODE_PROTECTED);
	ck_assert_uint_eq(state.rip, IMAGE_DATA);
	ck_assert_uint_eq(state.code, 0x10);
	ck_assert_uint_eq(state.data, 0x18);
	ck_assert_uint_eq(long_at(state.gdt + 0x10), 0x00cf9b000000ffff);
	ck_assert_uint_eq(long_at(state.gdt + 0x18), 0x00cf93000000ffff);
	ck_assert_uint_eq(state.gdt_bytes, 0x20);
	ck_assert_uint_eq(state.cr3, 0);
	ck_assert_uint_eq(state.rbx | state.rdi, 0);
	ck_assert_uint_eq(zero(ZERO_MAGIC), 0x53726448);
	ck_assert(in_boot_area(state.rsi, 4096));
	linux_end();
}
END_TEST

START_TEST(the_zero_page_holds_the_setup_header)
{
	linux_begin();
	bz.header.loadflags |= CAN_USE_HEAP;
	bz.header.type_of_loader = 3;
	bz.header.setup_data = 4;
	bz.header.ramdisk_image = bz.header.ramdisk_size = 5;
	open_linux();
	load(&(struct mz_boot_request) {.rsdp = 0xe1230});
	ck_assert_uint_eq(zero(ZERO_BOOT_FLAG) & 0xffff, 0xaa55);
	ck_assert_uint_eq(zero(ZERO_MAGIC), 0x53726448);
	ck_assert_uint_eq(zero(ZERO_LOADER) & 0xff, 0xff);
	ck_assert_uint_eq(zero(ZERO_LOADFLAGS) & 0xff, LOADED_HIGH);
	ck_assert_uint_eq(zero(ZERO_INIT_SIZE), bz.header.init_size);
	ck_assert_uint_eq(zero(ZERO_RAMDISK_IMAGE) | zero(ZERO_RAMDISK_SIZE), 0);
	ck_assert_uint_eq(long_at(state.rsi + 0x250), 0); /* setup_data */
	ck_assert_uint_eq(long_at(state.rsi + ZERO_RSDP), 0xe1230);
	ck_assert_uint_eq(zero(0x1ec) >> 24, 0); /* the sentinel */
	linux_end();
}
END_TEST

/* What the header does not cover is the loader's, and 0: the setup part's code must not be there.
 */
START_TEST(no_more_of_the_file_than_the_header_is_in_the_zero_page)
{
	linux_begin();
	memset(bz.before, 0xee, sizeof(bz.before));
	memset(bz.setup, 0xee, sizeof(bz.setup));
	image_linux_header_end(&bz, 0x36);
	open_linux();
	load(&(struct mz_boot_request) {0});
	for (unsigned offset = 0; offset < 4096; offset++)
		ck_assert_uint_ne(*(const unsigned char *)at(state.rsi + offset, 1), 0xee);
	ck_assert_uint_eq(zero(0x238), 0);
	linux_end();
}
END_TEST

static void assert_run(unsigned index, uint64_t base, uint64_t bytes, uint32_t type)
{
	uint64_t entry = state.rsi + ZERO_E820 + 20 * index;

	ck_assert_uint_eq(long_at(entry), base);
	ck_assert_uint_eq(long_at(entry + 8), bytes);
	ck_assert_uint_eq(word_at(entry + 16), type);
}

START_TEST(the_zero_page_holds_the_memory_map)
{
	bz = image_linux();
	large_ram_begin();
	open_linux();
	load(&(struct mz_boot_request) {0});
	ck_assert_uint_eq(zero(ZERO_E820_ENTRIES) & 0xff, 6);
	assert_run(0, 0, 0x9fc00, 1);
	assert_run(1, 0x9fc00, 0x400, 2);
	assert_run(2, 0xe0000, 0x20000, 2);
	assert_run(3, MIB, MZ_RAM_LOW_END - MIB, 1);
	assert_run(4, MZ_ROM_BASE, MZ_ROM_BYTES, 2);
	assert_run(5, MZ_RAM_HIGH_BASE, GIB, 1);
	mz_image_close(&image);
	large_ram_end();
}
END_TEST

START_TEST(a_kernel_is_given_its_command_line_up_to_its_limit)
{
	char *text = long_text(101);
	const struct mz_boot_request request = {.command_line = text};

	linux_begin();
	open_linux();
	assert_load_fails(&request, MZ_STATUS_BAD_ARGUMENT, "101 characters is too long");
	text[100] = 0;
	load(&request);
	ck_assert_str_eq(at(zero(ZERO_CMD_LINE), 101), text);
	ck_assert_uint_eq(zero(ZERO_EXT_CMD_LINE), 0);
	load(&(struct mz_boot_request) {0});
	ck_assert_str_eq(at(zero(ZERO_CMD_LINE), 1), "");
	linux_end();
	free(text);
}
END_TEST

static uint64_t initrd_at(void)
{
	return zero(ZERO_RAMDISK_IMAGE) | (uint64_t)zero(ZERO_EXT_RAMDISK_IMAGE) << 32;
}

START_TEST(an_initrd_lies_at_the_end_of_low_memory)
{
	struct image_file file = image_file_make("initrd", 6);
	const struct mz_boot_request request = {.initrd = file.path};

	linux_begin();
	open_linux();
	load(&request);
	ck_assert_uint_eq(initrd_at(), 8 * MIB - 4096);
	ck_assert_uint_eq(zero(ZERO_RAMDISK_SIZE), 6);
	ck_assert_uint_eq(zero(ZERO_EXT_RAMDISK_SIZE), 0);
	ck_assert_mem_eq(at(initrd_at(), 6), "initrd", 6);
	linux_end();
	image_file_close(&file);
}
END_TEST

START_TEST(an_initrd_lies_below_the_last_address_that_the_kernel_takes)
{
	struct image_file file = image_file_make("initrd", 6);
	const struct mz_boot_request request = {.initrd = file.path};
	const uint32_t behind = IMAGE_DATA + 0x3000;

	linux_begin();
	bz.header.initrd_addr_max = behind + 5;
	open_linux();
	load(&request);
	ck_assert_uint_eq(initrd_at(), behind);
	mz_image_close(&image);
	bz.header.initrd_addr_max--;
	open_linux();
	assert_load_fails(&request, MZ_STATUS_BAD_IMAGE,
			  "6 bytes at 0x203000 do not fit below 0x203005");
	mz_image_close(&image);
	bz.header.initrd_addr_max = 0;
	open_linux();
	assert_load_fails(&request, MZ_STATUS_BAD_IMAGE, "do not fit");
	mz_image_close(&image);
	bz.header.initrd_addr_max = UINT32_MAX;
	open_linux();
	load(&request);
	ck_assert_uint_eq(initrd_at(), 8 * MIB - 4096);
	linux_end();
	image_file_close(&file);
}
END_TEST

START_TEST(an_initrd_may_lie_beyond_4_gib_where_the_kernel_says_so)
{
	struct image_file file = image_file_make("initrd", 6);
	const struct mz_boot_request request = {.initrd = file.path};

	bz = image_linux();
	bz.header.initrd_addr_max = MIB;
	large_ram_begin();
	open_linux();
	assert_load_fails(&request, MZ_STATUS_BAD_IMAGE, "do not fit");
	mz_image_close(&image);
	bz.header.xloadflags |= XLF_CAN_BE_LOADED_ABOVE_4G;
	open_linux();
	load(&request);
	ck_assert_uint_eq(initrd_at(), MZ_RAM_HIGH_BASE + GIB - 4096);
	ck_assert_mem_eq(at(initrd_at(), 6), "initrd", 6);
	mz_image_close(&image);
	bz.header.initrd_addr_max = 0x7fffffff;
	open_linux();
	load(&request);
	ck_assert_uint_eq(initrd_at(), 0x7ffff000);
	mz_image_close(&image);
	large_ram_end();
	image_file_close(&file);
}
END_TEST

START_TEST(an_initrd_that_cannot_be_had_is_refused)
{
	struct image_file file = image_file_make("", 0);
	struct mz_boot_request request = {.initrd = file.path};
	const uint64_t room = 8 * MIB - (IMAGE_DATA + 0x3000);

	linux_begin();
	open_linux();
	ck_assert_int_eq(ftruncate(file.fd, (off_t)room), 0);
	load(&request);
	ck_assert_uint_eq(initrd_at(), IMAGE_DATA + 0x3000);
	ck_assert_int_eq(ftruncate(file.fd, (off_t)room + 1), 0);
	assert_load_fails(&request, MZ_STATUS_BAD_IMAGE, "do not fit below 0x800000");
	ck_assert_int_eq(ftruncate(file.fd, (off_t)1 << 50), 0);
	assert_load_fails(&request, MZ_STATUS_BAD_IMAGE, "do not fit below 0x800000");
	request.initrd = "/nonexistent/initrd";
	assert_load_fails(&request, MZ_STATUS_BAD_IMAGE, "/nonexistent/initrd: cannot open it");
	linux_end();
	image_file_close(&file);
}
END_TEST

START_TEST(a_kernel_takes_no_modules)
{
	const struct mz_module module = {.path = "module", .command = "module"};
	const struct mz_boot_request request = {.modules = &module, .module_count = 1};

	linux_begin();
	open_linux();
	assert_load_fails(&request, MZ_STATUS_BAD_ARGUMENT,
			  "module module: modules are for multiboot and PVH images");
	linux_end();
}
END_TEST

START_TEST(a_kernel_must_find_room_for_all_of_init_size)
{
	linux_begin();
	bz.header.init_size = 6 * MIB;
	open_linux();
	image.segments[0].memory_bytes++;
	ck_assert_int_eq(mz_image_fits(&image, &ram, &failure), -1);
	ck_assert_ptr_nonnull(strstr(failure.text, "[0x200000, 0x800000] is not inside"));
	linux_end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("boot linux");
	TCase *all = tcase_create("all");

	tcase_add_test(all, a_kernel_begins_at_its_64_bit_entry_point);
	tcase_add_test(all, a_kernel_without_that_entry_point_begins_in_32_bit_mode);
	tcase_add_test(all, the_zero_page_holds_the_setup_header);
	tcase_add_test(all, no_more_of_the_file_than_the_header_is_in_the_zero_page);
	tcase_add_test(all, the_zero_page_holds_the_memory_map);
	tcase_add_test(all, a_kernel_is_given_its_command_line_up_to_its_limit);
	tcase_add_test(all, an_initrd_lies_at_the_end_of_low_memory);
	tcase_add_test(all, an_initrd_lies_below_the_last_address_that_the_kernel_takes);
	tcase_add_test(all, an_initrd_may_lie_beyond_4_gib_where_the_kernel_says_so);
	tcase_add_test(all, an_initrd_that_cannot_be_had_is_refused);
	tcase_add_test(all, a_kernel_takes_no_modules);
	tcase_add_test(all, a_kernel_must_find_room_for_all_of_init_size);
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
