// SPDX-License-Identifier: MPL-2.0
/* The regions that a guest shares with its fuzzer: whose memory they are, and what fills them. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#include "tests/must.h"
#include "tests/suite.h"
#include "vmm/fuzz/regions.h"

static struct mz_fuzz_regions regions;
static struct mz_failure failure;
static struct mz_ram ram;

static int make(const char *input, const char *map)
{
	const char *const ids[MZ_FUZZ_REGIONS] = {[MZ_FUZZ_INPUT] = input, [MZ_FUZZ_MAP] = map};

	return mz_fuzz_regions_make(&regions, ids, &failure);
}

static void must_make(const char *input, const char *map)
{
	const struct mz_ram_config config = {
		.bytes = 1 << 20, .shares = regions.shares, .share_count = MZ_FUZZ_REGIONS};

	must_say(!make(input, map), "%s", failure.text);
	must_say(!mz_ram_make(&ram, &config, &failure), "%s", failure.text);
	must_equal(ram.shares[MZ_FUZZ_INPUT].bank.gpa, 0xe0200000);
	must_equal(ram.shares[MZ_FUZZ_MAP].bank.gpa, 0xe0400000);
}

static void drop(void)
{
	mz_ram_destroy(&ram);
	mz_fuzz_regions_drop(&regions);
}

static const unsigned char *guest_sees(int kind)
{
	return ram.guest + ram.shares[kind].bank.offset;
}

static void must_refuse(const char *input, const char *map, const char *words)
{
	must(make(input, map));
	must_equal(failure.status, MZ_STATUS_BAD_ARGUMENT);
	must_say(strstr(failure.text, words), "%s", failure.text);
}

struct segment {
	int id;
	unsigned char *at;
	char text[16];
};

static struct segment segment(size_t bytes)
{
	struct segment made = {.id = shmget(IPC_PRIVATE, bytes, IPC_CREAT | 0600)};

	must(made.id >= 0);
	made.at = shmat(made.id, NULL, 0);
	must(made.at != (void *)-1);
	snprintf(made.text, sizeof(made.text), "%d", made.id);
	return made;
}

static void remove_segment(const struct segment *segment)
{
	shmctl(segment->id, IPC_RMID, NULL);
	shmdt(segment->at);
}

START_TEST(a_segment_is_the_guests_memory)
{
	struct segment input = segment((1 << 20) + 4), map = segment(8 << 20);
	unsigned char byte = 7;

	must_make(input.text, map.text);
	must(!regions.filled);
	memcpy(input.at, "\3\0\0\0abc", 7);
	must(!memcmp(guest_sees(MZ_FUZZ_INPUT), "\3\0\0\0abc", 7));
	must(mz_ram_access(&ram, ram.shares[MZ_FUZZ_MAP].bank.offset + 65535, &byte, 1, true));
	must_equal(map.at[65535], 7);
	must_equal(guest_sees(MZ_FUZZ_MAP)[65535], 7);
	must(!mz_ram_access(&ram, ram.shares[MZ_FUZZ_INPUT].bank.offset, &byte, 1, true));
	must(!mz_ram_shrunk(&ram));
	drop();
	remove_segment(&input);
	remove_segment(&map);
}
END_TEST

START_TEST(a_name_is_shared_memory_too)
{
	char name[40];
	int fd;
	unsigned char byte = 9;

	snprintf(name, sizeof(name), "/mezz-test-%d", (int)getpid());
	fd = shm_open(name, O_CREAT | O_RDWR, 0600);
	must(fd >= 0 && !ftruncate(fd, 65536));
	must_make(NULL, name);
	must(pwrite(fd, &byte, 1, 3) == 1);
	must_equal(guest_sees(MZ_FUZZ_MAP)[3], 9);
	drop();
	shm_unlink(name);
	must_refuse(NULL, name, "No such file");
	close(fd);
}
END_TEST

START_TEST(what_afl_offers_must_fit)
{
	struct segment small = segment(65535), large = segment((2 << 20) + 1);

	must_refuse(NULL, small.text, "AFL_MAP_SIZE");
	must_refuse(large.text, NULL, "fuzz-input");
	remove_segment(&small);
	remove_segment(&large);
	must_refuse(NULL, small.text, "no System V segment");
	must_refuse(NULL, "nonsense", "'nonsense'");
	must_refuse(NULL, "", "''");
}
END_TEST

static char *file_of(size_t bytes)
{
	static char path[] = "/tmp/mezz-input-XXXXXX";
	int fd;

	memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
	fd = mkstemp(path);
	must(fd >= 0 && !ftruncate(fd, (off_t)bytes));
	if (bytes)
		must(pwrite(fd, "x", 1, (off_t)bytes - 1) == 1);
	close(fd);
	return path;
}

START_TEST(a_file_fills_the_input)
{
	static const size_t sizes[] = {MZ_FUZZ_INPUT_MAX, 5, 0};

	must_make(NULL, NULL);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const char *path = file_of(sizes[i]);
		const struct mz_fuzz_input *input = (const void *)guest_sees(MZ_FUZZ_INPUT);

		must_say(!mz_fuzz_regions_fill(&regions, path, &failure), "%s", failure.text);
		must_equal(input->bytes, sizes[i]);
		must(!sizes[i] || input->data[sizes[i] - 1] == 'x');
		unlink(path);
	}
	drop();
}
END_TEST

START_TEST(files_that_can_not_be_read_are_refused)
{
	const char *path = file_of(MZ_FUZZ_INPUT_MAX + 1);

	must_make(NULL, NULL);
	must(mz_fuzz_regions_fill(&regions, path, &failure));
	must_say(strstr(failure.text, "1048576"), "%s", failure.text);
	unlink(path);
	must(mz_fuzz_regions_fill(&regions, path, &failure));
	must_say(strstr(failure.text, "No such file"), "%s", failure.text);
	must(mz_fuzz_regions_fill(&regions, "/", &failure));
	must_equal(failure.status, MZ_STATUS_BAD_ARGUMENT);
	drop();
}
END_TEST

/* AFL++ writes the file behind it anew for each case. */
START_TEST(standard_input_is_read_from_its_beginning)
{
	char *path = file_of(3);

	must(freopen(path, "r", stdin));
	must_make(NULL, NULL);
	for (int i = 0; i < 2; i++) {
		must(!mz_fuzz_regions_fill(&regions, NULL, &failure));
		must_equal(regions.filled->bytes, 3);
		must_equal(regions.filled->data[2], 'x');
	}
	unlink(path);
	drop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fuzz_regions");
	TCase *tests = tcase_create("fuzz_regions");

	tcase_add_test(tests, a_segment_is_the_guests_memory);
	tcase_add_test(tests, a_name_is_shared_memory_too);
	tcase_add_test(tests, what_afl_offers_must_fit);
	tcase_add_test(tests, a_file_fills_the_input);
	tcase_add_test(tests, files_that_can_not_be_read_are_refused);
	tcase_add_test(tests, standard_input_is_read_from_its_beginning);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
