// SPDX-License-Identifier: MPL-2.0
/* Guest memory: where banks and shares lie, and what becomes of a file that is cut off. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/suite.h"
#include "vmm/boot/memory_map.h"

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

static struct mz_ram ram;
static struct mz_failure failure;
static char path[64];
static int file;

static int make(const struct mz_place *more, unsigned count)
{
	const struct mz_ram_config config = {.bytes = 64 * MIB, .more = more, .more_count = count};

	return mz_ram_make(&ram, &config, &failure);
}

START_TEST(banks_are_sorted_and_joined)
{
	static const struct mz_place more[] = {
		{5 * GIB + 4096, 8192}, {GIB, MIB}, {64 * MIB, 4096}, {4 * GIB, MIB}};

	ck_assert_msg(!make(more, 4), "%s", failure.text);
	ck_assert_uint_eq(ram.bank_count, 4);
	ck_assert_uint_eq(ram.banks[0].bytes, 64 * MIB + 4096);
	ck_assert_uint_eq(ram.banks[1].gpa, GIB);
	ck_assert_uint_eq(ram.banks[2].gpa, 4 * GIB);
	ck_assert_uint_eq(ram.banks[3].gpa, 5 * GIB + 4096);
	ck_assert_uint_eq(ram.bytes, 66 * MIB + 4096 + 8192);
	for (unsigned i = 0; i < 4; i++) {
		const struct mz_bank *bank = &ram.banks[i];

		ck_assert_uint_eq((bank->gpa - bank->offset) % MZ_HUGE_PAGE, 0);
		ck_assert_uint_eq((uintptr_t)ram.guest % MZ_HUGE_PAGE, 0);
		memset(mz_ram_at(&ram, bank->gpa, bank->bytes), (int)i + 1, bank->bytes);
	}
	for (unsigned i = 0; i < 4; i++) {
		const struct mz_bank *bank = &ram.banks[i];

		ck_assert_uint_eq(ram.guest[bank->offset], i + 1);
		ck_assert_uint_eq(ram.guest[bank->offset + bank->bytes - 1], i + 1);
		ck_assert_ptr_null(mz_ram_at(&ram, bank->gpa + bank->bytes, 1));
	}
	mz_ram_destroy(&ram);
}
END_TEST

START_TEST(no_bank_has_a_wrong_place)
{
	static const struct mz_place wrong[] = {
		{GIB, 0},
		{GIB, 100},
		{GIB + 1, 4096},
		{0, 4096},
		{64 * MIB - 4096, 8192},
		{3 * GIB - 4096, 8192},
		{3 * GIB, 4096},
		{4 * GIB - 4096, 4096},
		{4 * GIB - 4096, 8192},
		{UINT64_MAX - 4095, 4096},
		{4096, UINT64_MAX - 4095},
		{(uint64_t)1 << 52, 4096},
	};

	ck_assert_int_eq(make(&wrong[_i], 1), -1);
	ck_assert_int_eq(failure.status, MZ_STATUS_BAD_ARGUMENT);
	ck_assert_ptr_null(ram.guest);
}
END_TEST

/* A file of so many bytes of 'x', shared. */
static void share(off_t bytes, bool read_only)
{
	const struct mz_share_request request = {
		.name = "name", .path = path, .read_only = read_only};
	const struct mz_ram_config config = {.bytes = MIB, .shares = &request, .share_count = 1};

	strcpy(path, "/tmp/mezz-test-XXXXXX");
	file = mkstemp(path);
	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(ftruncate(file, bytes), 0);
	ck_assert_int_eq(pwrite(file, "x", 1, 0), 1);
	ck_assert_int_eq(pwrite(file, "y", 1, bytes - 1), 1);
	ck_assert_msg(!mz_ram_make(&ram, &config, &failure), "%s", failure.text);
}

static void end(void)
{
	mz_ram_destroy(&ram);
	close(file);
	unlink(path);
}

static bool reads(uint64_t at, char wanted)
{
	char byte = 0;

	return mz_ram_access(&ram, ram.shares[0].bank.offset + at, &byte, 1, false) &&
		byte == wanted;
}

static bool writes(uint64_t at, char byte)
{
	return mz_ram_access(&ram, ram.shares[0].bank.offset + at, &byte, 1, true);
}

START_TEST(a_share_is_the_file)
{
	char byte;

	share(8193, false);
	ck_assert_uint_eq(ram.shares[0].bank.gpa, MZ_SHARE_LOW_BASE);
	ck_assert_uint_eq(ram.shares[0].bank.bytes, 12288);
	ck_assert_uint_eq(ram.shares[0].bytes, 8193);
	ck_assert(reads(0, 'x') && reads(8192, 'y') && reads(8193, 0));
	ck_assert(writes(8192, 'z') && writes(8193, 'w') && reads(8193, 'w'));
	ck_assert_int_eq(pread(file, &byte, 1, 8192), 1);
	ck_assert_int_eq(byte, 'z');
	ck_assert_int_eq(lseek(file, 0, SEEK_END), 8193);
	ck_assert_int_eq(ram.guest[ram.shares[0].bank.offset + 8192], 'z');
	ck_assert_ptr_null(mz_ram_peek(&ram, MZ_SHARE_LOW_BASE, 1));
	ck_assert_ptr_null(mz_ram_shrunk(&ram));
	end();
}
END_TEST

START_TEST(a_read_only_share_is_not_written)
{
	share(100, true);
	ck_assert(reads(0, 'x') && !writes(0, 'z') && reads(0, 'x'));
	end();
}
END_TEST

START_TEST(what_is_cut_off_is_an_error_and_no_signal)
{
	share(16384, false);
	ck_assert(reads(16383, 'y'));
	ck_assert_int_eq(ftruncate(file, 5000), 0);
	ck_assert(reads(0, 'x') && reads(8191, 0) && writes(8191, 'a'));
	ck_assert(!reads(8192, 0) && !writes(8192, 'a') && !reads(16383, 'y'));
	ck_assert_ptr_eq(mz_ram_shrunk(&ram), &ram.shares[0]);
	ck_assert_int_eq(lseek(file, 0, SEEK_END), 5000);
	end();
}
END_TEST

START_TEST(the_memory_map_has_all_by_address)
{
	static const struct mz_place more[] = {{4 * GIB, MIB}, {GIB, MIB}};
	struct mz_memory_run runs[MZ_MEMORY_RUN_MAX];
	unsigned count;

	ck_assert(!make(more, 2));
	ram.share_count = 1;
	ram.shares[0].fd = -1;
	ram.shares[0].bank = (struct mz_bank) {.gpa = MZ_SHARE_LOW_BASE, .bytes = 4096};
	count = mz_memory_map(&ram, runs);
	ck_assert_uint_eq(count, 8);
	for (unsigned i = 1; i < count; i++)
		ck_assert_uint_le(runs[i - 1].base + runs[i - 1].bytes, runs[i].base);
	ck_assert(runs[4].base == GIB && runs[4].use == MZ_MEMORY_USABLE);
	ck_assert(runs[5].base == MZ_ROM_BASE && runs[5].use == MZ_MEMORY_RESERVED);
	ck_assert(runs[6].base == MZ_SHARE_LOW_BASE && runs[6].use == MZ_MEMORY_RESERVED);
	ck_assert(runs[7].base == 4 * GIB && runs[7].use == MZ_MEMORY_USABLE);
	mz_ram_destroy(&ram);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ram");
	TCase *tcase = tcase_create("layout");

	tcase_add_test(tcase, banks_are_sorted_and_joined);
	tcase_add_loop_test(tcase, no_bank_has_a_wrong_place, 0, 12);
	tcase_add_test(tcase, a_share_is_the_file);
	tcase_add_test(tcase, a_read_only_share_is_not_written);
	tcase_add_test(tcase, what_is_cut_off_is_an_error_and_no_signal);
	tcase_add_test(tcase, the_memory_map_has_all_by_address);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
