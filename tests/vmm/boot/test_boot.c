// SPDX-License-Identifier: MPL-2.0
/* Boot: what fits guest memory, and what a guest finds there when its processor begins. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/vmm/boot/booted.h"
#include "tests/vmm/boot/images.h"
#include "tests/suite.h"

/* ---- What fits ---- */

/* An image as mz_image_open() would leave it, of `count` segments. */
static void use_segments(const struct mz_segment *segments, unsigned count)
{
	memset(&image, 0, sizeof(image));
	image.path = "image";
	image.fd = -1;
	image.kind = MZ_IMAGE_ELF;
	image.mode = MZ_MODE_LONG;
	memcpy(image.segments, segments, count * sizeof(*segments));
	image.segment_count = count;
	image.entry = segments[0].gpa;
}

static void use_range(uint64_t gpa, uint64_t bytes)
{
	const struct mz_segment segment = {.gpa = gpa, .memory_bytes = bytes};

	use_segments(&segment, 1);
}

static void assert_fits_not(const char *words)
{
	ck_assert_int_eq(mz_image_fits(&image, &ram, &failure), -1);
	ck_assert_int_eq(failure.status, MZ_STATUS_BAD_IMAGE);
	ck_assert_msg(strstr(failure.text, words) != NULL, "\"%s\" is not in: %s", words,
		      failure.text);
}

START_TEST(a_segment_must_be_inside_memory)
{
	ram_begin(4 * MIB);
	use_range(MIB, 3 * MIB);
	assert_fits();
	use_range(MIB, 3 * MIB + 1);
	assert_fits_not("segment 0: [0x100000, 0x400000] is not inside the guest's memory of "
			"4194304 bytes");
	use_range(4 * MIB - 1, 1);
	assert_fits();
	use_range(4 * MIB, 1);
	assert_fits_not("segment 0: [0x400000, 0x400000] is not inside");
	use_range(UINT64_MAX, 1);
	assert_fits_not("[0xffffffffffffffff, 0xffffffffffffffff] is not inside");
	use_range(0, UINT64_MAX);
	assert_fits_not("[0x0, 0xfffffffffffffffe] is not inside");
	ram_end();
}
END_TEST

START_TEST(a_segment_must_be_inside_one_bank)
{
	struct mz_segment segments[2] = {
		{.gpa = MIB, .memory_bytes = 1},
		{.gpa = MZ_RAM_HIGH_BASE, .memory_bytes = GIB},
	};

	large_ram_begin();
	use_segments(segments, 2);
	assert_fits();
	segments[1].memory_bytes++;
	use_segments(segments, 2);
	assert_fits_not("segment 1: [0x100000000, 0x140000000] is not inside");
	use_range(MZ_RAM_LOW_END - 1, 1);
	assert_fits();
	use_range(MZ_RAM_LOW_END - 1, 2);
	assert_fits_not("segment 0: [0xbfffffff, 0xc0000000] is not inside");
	use_range(MZ_RAM_LOW_END - 1, GIB + 2);
	assert_fits_not("segment 0: [0xbfffffff, 0x100000000] is not inside");
	large_ram_end();
}
END_TEST

START_TEST(an_entry_beyond_the_boot_page_tables_is_refused)
{
	large_ram_begin();
	use_range(MZ_RAM_HIGH_BASE, 16);
	assert_fits_not("entry point 0x100000000 is beyond 4 GiB");
	large_ram_end();
}
END_TEST

START_TEST(segments_must_leave_room_for_the_boot_area)
{
	const uint64_t least = MZ_BOOT_AREA_LEAST, end = MZ_BOOT_LOW_END;
	struct mz_segment segments[2] = {
		{.gpa = 0, .memory_bytes = end - least},
		{.gpa = end, .memory_bytes = MIB},
	};

	ram_begin(4 * MIB);
	use_range(0x8000, 0x2000);
	assert_fits();
	use_segments(segments, 2);
	assert_fits();
	segments[0].memory_bytes++;
	use_segments(segments, 2);
	assert_fits_not("leave 65535 bytes in one piece of [0x1000, 0xa0000): the boot structures "
			"need 65536");
	use_range(MZ_BOOT_LOW_BASE + least, end - least);
	assert_fits();
	use_range(MZ_BOOT_LOW_BASE + least - 1, end - least);
	assert_fits_not("leave 65535 bytes");
	use_range(0, 2 * MIB);
	assert_fits_not("leave 0 bytes");
	ram_end();
}
END_TEST

/* The largest gap of [10, 100) that the segments leave. */
static void assert_gap(struct mz_segment *segments, unsigned count, uint64_t base, uint64_t end)
{
	struct mz_image_gap gap;

	use_segments(segments, count);
	gap = mz_image_largest_gap(&image, 10, 100);
	ck_assert_uint_eq(gap.base, base);
	ck_assert_uint_eq(gap.end, end);
}

START_TEST(the_boot_area_is_the_largest_gap)
{
	struct mz_segment segments[3] = {{.gpa = 100, .memory_bytes = 1}};

	assert_gap(segments, 0, 10, 100);
	assert_gap(segments, 1, 10, 100);
	segments[0] = (struct mz_segment) {.gpa = 0, .memory_bytes = 10};
	assert_gap(segments, 1, 10, 100);
	segments[0].memory_bytes = 11;
	assert_gap(segments, 1, 11, 100);
	segments[0] = (struct mz_segment) {.gpa = 99, .memory_bytes = 1};
	assert_gap(segments, 1, 10, 99);
	segments[0] = (struct mz_segment) {.gpa = 50, .memory_bytes = 10};
	assert_gap(segments, 1, 10, 50);
	segments[1] = (struct mz_segment) {.gpa = 20, .memory_bytes = 2};
	assert_gap(segments, 2, 60, 100);
	segments[2] = (struct mz_segment) {.gpa = 90, .memory_bytes = UINT64_MAX - 90};
	assert_gap(segments, 3, 60, 90);
	segments[0].gpa = 52;
	segments[0].memory_bytes = 8;
	assert_gap(segments, 3, 22, 52);
	segments[0] = (struct mz_segment) {.gpa = 0, .memory_bytes = 1000};
	assert_gap(segments, 1, 10, 10);
}
END_TEST

START_TEST(segments_must_not_overlap)
{
	struct mz_segment segments[3] = {
		{.gpa = MIB, .memory_bytes = 0x1000},
		{.gpa = 2 * MIB, .memory_bytes = 0x1000},
		{.gpa = MIB + 0x1000, .memory_bytes = MIB - 0x1000},
	};

	ram_begin(4 * MIB);
	use_segments(segments, 3);
	assert_fits();
	segments[2].memory_bytes++;
	use_segments(segments, 3);
	assert_fits_not("segment 2: [0x101000, 0x200000] overlaps segment 1: [0x200000, 0x200fff]");
	segments[2] = (struct mz_segment) {.gpa = MIB + 0xfff, .memory_bytes = 1};
	use_segments(segments, 3);
	assert_fits_not("segment 2: [0x100fff, 0x100fff] overlaps segment 0: [0x100000, 0x100fff]");
	segments[2] = (struct mz_segment) {.gpa = MIB - 1, .memory_bytes = 2 * MIB};
	use_segments(segments, 3);
	assert_fits_not("segment 2: [0xfffff, 0x2ffffe] overlaps segment 0");
	ram_end();
}
END_TEST

START_TEST(memory_without_room_for_the_boot_area_is_refused)
{
	use_range(0, 16);
	ram_begin(MZ_BOOT_LOW_END);
	assert_fits();
	ram_end();
	ram_begin(MZ_BOOT_LOW_END - 0x1000);
	ck_assert_int_eq(mz_image_fits(&image, &ram, &failure), -1);
	ck_assert_int_eq(failure.status, MZ_STATUS_BAD_ARGUMENT);
	ck_assert_ptr_nonnull(strstr(failure.text, "memory of 651264 bytes is too small"));
	ram_end();
}
END_TEST

/* ---- Loading ---- */

static void open_elf64(void)
{
	const struct elf64_image elf = image_elf64();

	open_image(&elf, sizeof(elf), NULL);
}

static void open_elf32(void)
{
	const struct elf32_image elf = image_elf32();

	open_image(&elf, sizeof(elf), NULL);
}

START_TEST(segments_arrive_with_zeros_behind_their_data)
{
	const struct elf64_image elf = image_elf64();
	const unsigned char zeros[sizeof(elf.data)] = {0};

	ram_begin(4 * MIB);
	open_elf64();
	load(&(struct mz_boot_request) {0});
	ck_assert_mem_eq(at(IMAGE_BASE, sizeof(elf.code)), elf.code, sizeof(elf.code));
	ck_assert_mem_eq(at(IMAGE_DATA, sizeof(elf.data)), elf.data, sizeof(elf.data));
	ck_assert_mem_eq(at(IMAGE_DATA + sizeof(elf.data), sizeof(zeros)), zeros, sizeof(zeros));
	mz_image_close(&image);
	ram_end();
}
END_TEST

START_TEST(a_segment_of_zeros_alone_is_loaded)
{
	struct elf64_image elf = image_elf64();

	elf.programs[1].p_filesz = 0;
	ram_begin(4 * MIB);
	open_image(&elf, sizeof(elf), NULL);
	load(&(struct mz_boot_request) {0});
	ck_assert_uint_eq(long_at(IMAGE_DATA), 0);
	mz_image_close(&image);
	ram_end();
}
END_TEST

START_TEST(a_flat_image_arrives_at_its_address)
{
	const struct mz_image_as as = {MZ_IMAGE_FLAT, MZ_MODE_LONG, 3 * MIB + 7};

	ram_begin(4 * MIB);
	open_image("flat!", 5, &as);
	load(&(struct mz_boot_request) {0});
	ck_assert_mem_eq(at(3 * MIB + 7, 6), "flat!", 6);
	ck_assert_int_eq(state.mode, MZ_MODE_LONG);
	ck_assert_uint_eq(state.rip, 3 * MIB + 7);
	mz_image_close(&image);
	ram_end();
}
END_TEST

/* The fields of a segment descriptor: Intel SDM, volume 3, section 3.4.5. */
static void assert_descriptor(uint16_t selector, unsigned type, bool code64, bool size32)
{
	uint64_t descriptor = long_at(state.gdt + selector);

	ck_assert_uint_lt(selector + 7u, state.gdt_bytes);
	ck_assert_uint_eq(descriptor & 0xffff, 0xffff);    /* limit 15:0 */
	ck_assert_uint_eq(descriptor >> 16 & 0xffffff, 0); /* base 23:0 */
	ck_assert_uint_eq(descriptor >> 40 & 0xf, type);   /* type, with the accessed bit */
	ck_assert_uint_eq(descriptor >> 44 & 1, 1);        /* code or data */
	ck_assert_uint_eq(descriptor >> 45 & 3, 0);        /* ring 0 */
	ck_assert_uint_eq(descriptor >> 47 & 1, 1);        /* present */
	ck_assert_uint_eq(descriptor >> 48 & 0xf, 0xf);    /* limit 19:16 */
	ck_assert_uint_eq(descriptor >> 53 & 1, code64);   /* L */
	ck_assert_uint_eq(descriptor >> 54 & 1, size32);   /* D/B */
	ck_assert_uint_eq(descriptor >> 55 & 1, 1);        /* limit in pages */
	ck_assert_uint_eq(descriptor >> 56, 0);            /* base 31:24 */
}

START_TEST(plain_and_multiboot_images_have_descriptors_for_every_mode)
{
	for (int protocol = 0; protocol < 2; protocol++) {
		ram_begin(4 * MIB);
		if (protocol == 0)
			open_elf64();
		else
			open_elf32();
		load(&(struct mz_boot_request) {0});
		ck_assert(in_boot_area(state.gdt, state.gdt_bytes));
		ck_assert_uint_eq(state.gdt % 8, 0);
		ck_assert_uint_eq(long_at(state.gdt), 0);
		assert_descriptor(MZ_BOOT_CODE64, 0xb, true, false);
		assert_descriptor(MZ_BOOT_DATA, 0x3, false, true);
		assert_descriptor(MZ_BOOT_CODE32, 0xb, false, true);
		mz_image_close(&image);
		ram_end();
	}
}
END_TEST

/* ---- The 64-bit protocol ---- */

START_TEST(a_64_bit_image_begins_in_long_mode)
{
	const struct mz_boot_request request = {.command_line = "one two  three"};

	ram_begin(4 * MIB);
	open_elf64();
	load(&request);
	ck_assert_int_eq(state.mode, MZ_MODE_LONG);
	ck_assert_uint_eq(state.rip, IMAGE_BASE + 1);
	ck_assert_uint_eq(state.rsp, 0);
	ck_assert_uint_eq(state.rax, 0);
	ck_assert_uint_eq(state.rbx, 0);
	ck_assert_uint_eq(state.rsi, 0);
	ck_assert(in_boot_area(state.rdi, sizeof("one two  three")));
	ck_assert_str_eq(at(state.rdi, sizeof("one two  three")), "one two  three");
	mz_image_close(&image);
	ram_end();
}
END_TEST

START_TEST(a_plain_32_bit_image_begins_without_paging)
{
	struct elf32_image elf = image_elf32();

	memset(&elf.multiboot, 0, sizeof(elf.multiboot));
	ram_begin(4 * MIB);
	open_image(&elf, sizeof(elf), NULL);
	load(&(struct mz_boot_request) {.command_line = "words"});
	ck_assert_int_eq(state.mode, MZ_MODE_PROTECTED);
	ck_assert_uint_eq(state.rip, IMAGE_BASE + 1);
	ck_assert_uint_eq(state.code, MZ_BOOT_CODE32);
	ck_assert_uint_eq(state.data, MZ_BOOT_DATA);
	ck_assert_uint_eq(state.cr3, 0);
	ck_assert_str_eq(at(state.rdi, 6), "words");
	mz_image_close(&image);
	ram_end();
}
END_TEST

static void load_real(uint64_t address)
{
	const struct mz_image_as as = {MZ_IMAGE_FLAT, MZ_MODE_REAL, address};

	open_image("x", 1, &as);
	load(&(struct mz_boot_request) {0});
	ck_assert_int_eq(state.mode, MZ_MODE_REAL);
	ck_assert_uint_eq(state.rsp, 0);
	ck_assert_uint_eq(state.gdt_bytes, 0);
	ck_assert_uint_eq(state.code, state.data);
	ck_assert_uint_eq(state.code * UINT64_C(16) + state.rip, address);
	ck_assert_mem_eq(at(address, 1), "x", 1);
	mz_image_close(&image);
}

START_TEST(a_16_bit_image_begins_in_real_mode_anywhere_below_1_mib)
{
	ram_begin(4 * MIB);
	load_real(0x7c00);
	ck_assert_uint_eq(state.code, 0);
	load_real(0xffff);
	ck_assert_uint_eq(state.code, 0);
	load_real(0x10000);
	ck_assert_uint_eq(state.code, 0x1000);
	ck_assert_uint_eq(state.rip, 0);
	load_real(0x20005);
	ck_assert_uint_eq(state.code, 0x2000);
	ck_assert_uint_eq(state.rip, 5);
	load_real(MIB - 1);
	ck_assert_uint_eq(state.code, 0xffff);
	ck_assert_uint_eq(state.rip, 15);
	ram_end();
}
END_TEST

START_TEST(a_16_bit_image_takes_no_more_than_it_can_reach)
{
	const struct mz_image_as low = {MZ_IMAGE_FLAT, MZ_MODE_REAL, 0x7c00};

	ram_begin(4 * MIB);
	use_range(MIB, 1);
	image.mode = MZ_MODE_REAL;
	assert_fits_not("entry point 0x100000 is beyond 1 MiB");
	open_image("x", 1, &low);
	assert_load_fails(&(struct mz_boot_request) {.command_line = ""}, MZ_STATUS_BAD_ARGUMENT,
			  "a 16-bit image takes no command line");
	mz_image_close(&image);
	ram_end();
}
END_TEST

START_TEST(without_a_command_line_there_is_no_address_of_one)
{
	ram_begin(4 * MIB);
	open_elf64();
	load(&(struct mz_boot_request) {0});
	ck_assert_uint_eq(state.rdi, 0);
	load(&(struct mz_boot_request) {.command_line = ""});
	ck_assert(in_boot_area(state.rdi, 1));
	ck_assert_str_eq(at(state.rdi, 1), "");
	mz_image_close(&image);
	ram_end();
}
END_TEST

START_TEST(a_64_bit_image_takes_no_modules)
{
	const struct mz_module module = {.path = "initrd", .command = "initrd"};
	const struct mz_boot_request request = {.modules = &module, .module_count = 1};

	ram_begin(4 * MIB);
	open_elf64();
	assert_load_fails(&request, MZ_STATUS_BAD_ARGUMENT, "module initrd: modules are for");
	mz_image_close(&image);
	ram_end();
}
END_TEST

/* What a processor finds for an address. */
struct translation {
	bool present, writable, executable, user;
	unsigned level;
	uint64_t gpa;
};

/*
 * A walk of its own, after the Intel SDM, volume 3A, section 4.5.4; it shares nothing with the
 * library.
 */
static struct translation translate(uint64_t address)
{
	struct translation t = {
		.present = true, .writable = true, .executable = true, .user = true};
	uint64_t node = state.cr3 & 0x000ffffffffff000;

	for (t.level = 4; t.level >= 1; t.level--) {
		unsigned shift = 12 + 9 * (t.level - 1);
		uint64_t entry;

		ck_assert_msg(in_boot_area(node, 4096), "a node at 0x%jx", (uintmax_t)node);
		entry = long_at(node + (address >> shift & 511) * 8);
		t.present &= (entry & 1) != 0;
		t.writable &= (entry >> 1 & 1) != 0;
		t.user &= (entry >> 2 & 1) != 0;
		t.executable &= entry >> 63 == 0;
		if (!t.present)
			return t;
		ck_assert_uint_eq(entry >> 52 & 0x7ff, 0);
		ck_assert_uint_eq(entry >> 3 & 3, 0); /* write-back */
		if (t.level == 1 || (entry >> 7 & 1)) {
			uint64_t mask = ((uint64_t)1 << shift) - 1;

			ck_assert_uint_eq(entry & 0x000ffffffffff000 & mask, 0);
			t.gpa = (entry & 0x000ffffffffff000) | (address & mask);
			return t;
		}
		node = entry & 0x000ffffffffff000;
	}
	ck_abort_msg("a walk that does not end");
}

static void assert_identity(uint64_t address)
{
	struct translation t = translate(address);

	ck_assert_msg(t.present, "0x%jx is not mapped", (uintmax_t)address);
	ck_assert_uint_eq(t.gpa, address);
	ck_assert(t.writable && t.executable && t.user);
	ck_assert_uint_eq(t.level, 2);
}

START_TEST(the_lowest_4_gib_are_mapped_to_themselves)
{
	ram_begin(4 * MIB);
	open_elf64();
	load(&(struct mz_boot_request) {.command_line = "text"});
	ck_assert_uint_eq(state.cr3 & 0xfff, 0);
	for (uint64_t address = 0; address < 4 * GIB; address += 2 * MIB) {
		assert_identity(address);
		assert_identity(address + 0x1234);
		assert_identity(address + 2 * MIB - 1);
	}
	mz_image_close(&image);
	ram_end();
}
END_TEST

START_TEST(nothing_beyond_4_gib_is_mapped)
{
	static const uint64_t addresses[] = {4 * GIB,   4 * GIB + 2 * MIB, 5 * GIB,
					     8 * GIB,   511 * GIB,         512 * GIB,
					     513 * GIB, 0x7ffffffff000,    0xffff800000000000,
					     UINT64_MAX};

	ram_begin(4 * MIB);
	open_elf64();
	load(&(struct mz_boot_request) {0});
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
		ck_assert(!translate(addresses[i]).present);
	mz_image_close(&image);
	ram_end();
}
END_TEST

START_TEST(page_tables_are_right_in_the_least_memory)
{
	const struct mz_image_as as = {MZ_IMAGE_FLAT, MZ_MODE_LONG, 0x800};

	ram_begin(MZ_BOOT_LOW_END);
	open_image("x", 1, &as);
	load(&(struct mz_boot_request) {0});
	assert_identity(0x800);
	assert_identity(4 * GIB - 1);
	mz_image_close(&image);
	ram_end();
}
END_TEST

START_TEST(a_command_line_that_is_too_long_is_refused)
{
	char *text = long_text(MZ_BOOT_LOW_END);
	struct mz_boot_request request = {.command_line = text};

	ram_begin(4 * MIB);
	open_elf64();
	assert_load_fails(&request, MZ_STATUS_BAD_ARGUMENT, "command line");
	text[500000] = 0;
	load(&request);
	ck_assert_str_eq(at(state.rdi, 500001), text);
	mz_image_close(&image);
	open_elf32();
	load(&request);
	text[500000] = 'x';
	assert_load_fails(&request, MZ_STATUS_BAD_ARGUMENT, "command line");
	mz_image_close(&image);
	ram_end();
	free(text);
}
END_TEST

/* ---- The multiboot protocol: Multiboot Specification 0.6.96, sections 3.2 and 3.3 ---- */

/* Offsets in the information block. */
enum {
	INFO_FLAGS = 0,
	INFO_MEM_LOWER = 4,
	INFO_MEM_UPPER = 8,
	INFO_CMDLINE = 16,
	INFO_MODS_COUNT = 20,
	INFO_MODS_ADDR = 24,
	INFO_MMAP_LENGTH = 44,
	INFO_MMAP_ADDR = 48,
	INFO_LOADER_NAME = 64,
	INFO_BYTES = 68,
};

static uint32_t info(unsigned offset)
{
	ck_assert(in_boot_area(state.rbx, INFO_BYTES));
	return word_at(state.rbx + offset);
}

START_TEST(a_multiboot_image_begins_in_protected_mode)
{
	ram_begin(4 * MIB);
	open_elf32();
	load(&(struct mz_boot_request) {.command_line = "a b"});
	ck_assert_int_eq(state.mode, MZ_MODE_PROTECTED);
	ck_assert_uint_eq(state.rip, IMAGE_BASE + 1);
	ck_assert_uint_eq(state.rax, 0x2badb002);
	ck_assert_uint_eq(info(INFO_FLAGS), 1 << 0 | 1 << 2 | 1 << 3 | 1 << 6 | 1 << 9);
	ck_assert_str_eq(at(info(INFO_LOADER_NAME), 5), "mezz");
	ck_assert_uint_eq(info(INFO_MODS_COUNT), 0);
	mz_image_close(&image);
	ram_end();
}
END_TEST

START_TEST(the_multiboot_command_line_begins_with_the_image)
{
	char wanted[64];

	ram_begin(4 * MIB);
	open_elf32();
	snprintf(wanted, sizeof(wanted), "%s a b", image.path);
	load(&(struct mz_boot_request) {.command_line = "a b"});
	ck_assert_str_eq(at(info(INFO_CMDLINE), strlen(wanted) + 1), wanted);
	load(&(struct mz_boot_request) {.command_line = ""});
	ck_assert_str_eq(at(info(INFO_CMDLINE), strlen(image.path) + 1), image.path);
	load(&(struct mz_boot_request) {0});
	ck_assert_str_eq(at(info(INFO_CMDLINE), strlen(image.path) + 1), image.path);
	mz_image_close(&image);
	ram_end();
}
END_TEST

/* The next entry of the memory map, of which `*offset` is the first byte. */
static void assert_run(uint32_t *offset, uint64_t base, uint64_t bytes, uint32_t type)
{
	uint64_t run = info(INFO_MMAP_ADDR) + *offset;

	ck_assert_uint_lt(*offset, info(INFO_MMAP_LENGTH));
	ck_assert_uint_eq(word_at(run), 20);
	ck_assert_uint_eq(long_at(run + 4), base);
	ck_assert_uint_eq(long_at(run + 12), bytes);
	ck_assert_uint_eq(word_at(run + 20), type);
	*offset += word_at(run) + 4;
}

/* Conventional memory, the extended BIOS data area, the firmware's tables. */
static void assert_low_runs(uint32_t *offset)
{
	assert_run(offset, 0, 0x9fc00, 1);
	assert_run(offset, 0x9fc00, 0x400, 2);
	assert_run(offset, 0xe0000, 0x20000, 2);
}

START_TEST(the_memory_map_lists_what_is_usable)
{
	uint32_t offset = 0;

	ram_begin(4 * MIB);
	open_elf32();
	load(&(struct mz_boot_request) {0});
	assert_low_runs(&offset);
	assert_run(&offset, MIB, 3 * MIB, 1);
	assert_run(&offset, MZ_ROM_BASE, MZ_ROM_BYTES, 2);
	ck_assert_uint_eq(offset, info(INFO_MMAP_LENGTH));
	ck_assert_uint_eq(info(INFO_MEM_LOWER), 639);
	ck_assert_uint_eq(info(INFO_MEM_UPPER), 3 * 1024);
	mz_image_close(&image);
	ram_end();
}
END_TEST

START_TEST(the_memory_map_lists_the_high_bank)
{
	uint32_t offset = 0;

	large_ram_begin();
	open_elf32();
	load(&(struct mz_boot_request) {0});
	assert_low_runs(&offset);
	assert_run(&offset, MIB, MZ_RAM_LOW_END - MIB, 1);
	assert_run(&offset, MZ_ROM_BASE, MZ_ROM_BYTES, 2);
	assert_run(&offset, MZ_RAM_HIGH_BASE, GIB, 1);
	ck_assert_uint_eq(offset, info(INFO_MMAP_LENGTH));
	ck_assert_uint_eq(info(INFO_MEM_UPPER), (MZ_RAM_LOW_END - MIB) / 1024);
	mz_image_close(&image);
	large_ram_end();
}
END_TEST

START_TEST(memory_that_ends_below_1_mib_has_no_upper_part)
{
	struct elf32_image elf = image_elf32();
	uint32_t offset = 0;

	elf.header.e_entry = 0;
	elf.programs[0].p_vaddr = elf.programs[0].p_paddr = 0;
	elf.programs[1].p_vaddr = elf.programs[1].p_paddr = 0x800;
	ram_begin(MZ_BOOT_LOW_END);
	open_image(&elf, sizeof(elf), NULL);
	load(&(struct mz_boot_request) {0});
	assert_run(&offset, 0, 0x9fc00, 1);
	assert_run(&offset, 0x9fc00, 0x400, 2);
	assert_run(&offset, MZ_ROM_BASE, MZ_ROM_BYTES, 2);
	ck_assert_uint_eq(offset, info(INFO_MMAP_LENGTH));
	ck_assert_uint_eq(info(INFO_MEM_LOWER), 639);
	ck_assert_uint_eq(info(INFO_MEM_UPPER), 0);
	mz_image_close(&image);
	ram_end();
}
END_TEST

/* As guests are linked that leave protected mode for real mode. */
START_TEST(a_low_image_has_the_multiboot_structures_behind_it)
{
	const uint32_t base = 0x8000, bytes = 0x3000;
	struct elf32_image elf = image_elf32();

	elf.header.e_entry = base;
	elf.programs[0].p_vaddr = elf.programs[0].p_paddr = base;
	elf.programs[1].p_vaddr = elf.programs[1].p_paddr = base + 0x1000;
	elf.programs[1].p_memsz = bytes - 0x1000;
	ram_begin(4 * MIB);
	open_image(&elf, sizeof(elf), NULL);
	load(&(struct mz_boot_request) {.command_line = "a b"});
	ck_assert_uint_eq(state.rip, base);
	ck_assert_mem_eq(at(base, sizeof(elf.code)), elf.code, sizeof(elf.code));
	ck_assert_uint_ge(state.gdt, base + bytes);
	ck_assert_uint_ge(state.rbx, base + bytes);
	ck_assert_uint_ge(info(INFO_CMDLINE), base + bytes);
	ck_assert_uint_ge(info(INFO_MMAP_ADDR), base + bytes);
	mz_image_close(&image);
	ram_end();
}
END_TEST

/* Module `index` of the list: holds exactly `bytes` at `start`. */
static void assert_module(unsigned index, uint64_t start, const char *bytes, const char *string)
{
	uint64_t module = info(INFO_MODS_ADDR) + index * 16u;

	ck_assert_uint_eq(word_at(module), start);
	ck_assert_uint_eq(word_at(module + 4), start + strlen(bytes));
	ck_assert_str_eq(at(word_at(module + 8), strlen(string) + 1), string);
	ck_assert_uint_eq(word_at(module + 12), 0);
	ck_assert_mem_eq(at(start, strlen(bytes)), bytes, strlen(bytes));
}

START_TEST(modules_lie_behind_the_image_each_on_its_own_page)
{
	struct image_file files[4];
	struct mz_module modules[4];
	char *big = long_text(0x1001);
	const char *contents[4] = {"first", big, "", "last"};
	const struct mz_boot_request request = {.modules = modules, .module_count = 4};

	for (int i = 0; i < 4; i++) {
		files[i] = image_file_make(contents[i], strlen(contents[i]));
		modules[i] = (struct mz_module) {.path = files[i].path, .command = contents[i]};
	}
	modules[0].command = "first with words";
	modules[1].command = "";
	ram_begin(4 * MIB);
	open_elf32();
	load(&request);
	ck_assert_uint_eq(info(INFO_MODS_COUNT), 4);
	assert_module(0, IMAGE_DATA + 0x1000, "first", "first with words");
	assert_module(1, IMAGE_DATA + 0x2000, big, "");
	assert_module(2, IMAGE_DATA + 0x4000, "", "");
	assert_module(3, IMAGE_DATA + 0x4000, "last", "last");
	mz_image_close(&image);
	ram_end();
	for (int i = 0; i < 4; i++)
		image_file_close(&files[i]);
	free(big);
}
END_TEST

START_TEST(a_module_must_fit_behind_the_image)
{
	struct image_file file = image_file_make("", 0);
	struct mz_module module = {.path = file.path, .command = "module"};
	const struct mz_boot_request request = {.modules = &module, .module_count = 1};
	const uint64_t room = 4 * MIB - (IMAGE_DATA + 0x1000);

	ram_begin(4 * MIB);
	open_elf32();
	ck_assert_int_eq(ftruncate(file.fd, (off_t)room), 0);
	load(&request);
	ck_assert_int_eq(ftruncate(file.fd, (off_t)room + 1), 0);
	assert_load_fails(&request, MZ_STATUS_BAD_IMAGE,
			  "2093057 bytes at 0x201000 do not fit below 0x400000");
	ck_assert_int_eq(ftruncate(file.fd, (off_t)1 << 50), 0);
	assert_load_fails(&request, MZ_STATUS_BAD_IMAGE, "do not fit below 0x400000");
	mz_image_close(&image);
	ram_end();
	image_file_close(&file);
}
END_TEST

START_TEST(a_module_that_cannot_be_read_is_refused)
{
	struct mz_module module = {.path = "/nonexistent/module", .command = "module"};
	const struct mz_boot_request request = {.modules = &module, .module_count = 1};

	ram_begin(4 * MIB);
	open_elf32();
	assert_load_fails(&request, MZ_STATUS_BAD_IMAGE,
			  "/nonexistent/module: cannot open it: No such file or directory");
	module.path = "/";
	assert_load_fails(&request, MZ_STATUS_BAD_IMAGE, "/: is a directory");
	module.path = "/dev/zero";
	assert_load_fails(&request, MZ_STATUS_BAD_IMAGE, "/dev/zero: is not a regular file");
	mz_image_close(&image);
	ram_end();
}
END_TEST

START_TEST(texts_of_modules_that_are_too_long_are_refused)
{
	struct image_file file = image_file_make("x", 1);
	char *text = long_text(100000);
	struct mz_module modules[7];
	struct mz_boot_request request = {.modules = modules, .module_count = 7};

	for (int i = 0; i < 7; i++)
		modules[i] = (struct mz_module) {.path = file.path, .command = text};
	ram_begin(4 * MIB);
	open_elf32();
	assert_load_fails(&request, MZ_STATUS_BAD_ARGUMENT, "modules' texts are too long");
	request.module_count = 6;
	load(&request);
	mz_image_close(&image);
	ram_end();
	image_file_close(&file);
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("boot");
	TCase *fits = tcase_create("fits");
	TCase *both = tcase_create("both protocols");
	TCase *plain = tcase_create("plain");
	TCase *multiboot = tcase_create("multiboot");

	tcase_add_test(fits, a_segment_must_be_inside_memory);
	tcase_add_test(fits, a_segment_must_be_inside_one_bank);
	tcase_add_test(fits, an_entry_beyond_the_boot_page_tables_is_refused);
	tcase_add_test(fits, segments_must_leave_room_for_the_boot_area);
	tcase_add_test(fits, the_boot_area_is_the_largest_gap);
	tcase_add_test(fits, segments_must_not_overlap);
	tcase_add_test(fits, memory_without_room_for_the_boot_area_is_refused);
	suite_add_tcase(suite, fits);

	tcase_add_test(both, segments_arrive_with_zeros_behind_their_data);
	tcase_add_test(both, a_segment_of_zeros_alone_is_loaded);
	tcase_add_test(both, a_flat_image_arrives_at_its_address);
	tcase_add_test(both, plain_and_multiboot_images_have_descriptors_for_every_mode);
	tcase_add_test(both, a_command_line_that_is_too_long_is_refused);
	suite_add_tcase(suite, both);

	tcase_add_test(plain, a_64_bit_image_begins_in_long_mode);
	tcase_add_test(plain, a_plain_32_bit_image_begins_without_paging);
	tcase_add_test(plain, a_16_bit_image_begins_in_real_mode_anywhere_below_1_mib);
	tcase_add_test(plain, a_16_bit_image_takes_no_more_than_it_can_reach);
	tcase_add_test(plain, without_a_command_line_there_is_no_address_of_one);
	tcase_add_test(plain, a_64_bit_image_takes_no_modules);
	tcase_add_test(plain, the_lowest_4_gib_are_mapped_to_themselves);
	tcase_add_test(plain, nothing_beyond_4_gib_is_mapped);
	tcase_add_test(plain, page_tables_are_right_in_the_least_memory);
	suite_add_tcase(suite, plain);

	tcase_add_test(multiboot, a_multiboot_image_begins_in_protected_mode);
	tcase_add_test(multiboot, the_multiboot_command_line_begins_with_the_image);
	tcase_add_test(multiboot, the_memory_map_lists_what_is_usable);
	tcase_add_test(multiboot, the_memory_map_lists_the_high_bank);
	tcase_add_test(multiboot, memory_that_ends_below_1_mib_has_no_upper_part);
	tcase_add_test(multiboot, a_low_image_has_the_multiboot_structures_behind_it);
	tcase_add_test(multiboot, modules_lie_behind_the_image_each_on_its_own_page);
	tcase_add_test(multiboot, a_module_must_fit_behind_the_image);
	tcase_add_test(multiboot, a_module_that_cannot_be_read_is_refused);
	tcase_add_test(multiboot, texts_of_modules_that_are_too_long_are_refused);
	suite_add_tcase(suite, multiboot);
	return suite_run(suite);
}
