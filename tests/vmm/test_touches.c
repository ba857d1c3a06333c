// SPDX-License-Identifier: MPL-2.0
/* Records of first touches: what is written is read, for the snapshot that it belongs to. */
#include <string.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/must.h"
#include "tests/vmm/snapshots.h"
#include "tests/suite.h"
#include "vmm/snapshot/sum.h"
#include "vmm/snapshot/touches.h"

static struct memory memory;
static struct mz_failure failure;
static struct mz_snapshot *snapshot;

static void begin(void)
{
	snapshots_begin();
	must(!snapshot_write(&memory, snapshot_path("full"), NULL, &failure));
	must(!mz_snapshot_open(&snapshot, snapshot_path("full"), &failure));
}

static void end(void)
{
	mz_snapshot_close(snapshot);
	snapshots_end();
}

/* 7, then 3 to 5, then all of them. */
static const char *write_example(void)
{
	const char *path = snapshot_path("touches");
	struct mz_touches touches = {0};

	must(!mz_touches_add(&touches, 7, 1));
	for (unsigned page = 3; page < 6; page++)
		must(!mz_touches_add(&touches, page, 1));
	must(!mz_touches_add(&touches, 0, MEMORY_PAGES));
	must_equal(touches.count, 3);
	must(!mz_touches_write(&touches, snapshot, path, &failure));
	mz_touches_free(&touches);
	ck_assert_ptr_null(touches.runs);
	return path;
}

static void assert_example(const char *path)
{
	static const struct mz_page_run expected[] = {{7, 1}, {3, 3}, {0, MEMORY_PAGES}};
	struct mz_touches touches;

	must_say(!mz_touches_read(&touches, snapshot, path, &failure), "%s", failure.text);
	must_equal(touches.count, 3);
	must(memcmp(touches.runs, expected, sizeof(expected)) == 0);
	mz_touches_free(&touches);
}

static void assert_refused(const char *path, const char *words)
{
	struct mz_touches touches;

	must(mz_touches_read(&touches, snapshot, path, &failure) == -1);
	must_equal(failure.status, MZ_STATUS_BAD_IMAGE);
	must_say(strstr(failure.text, words), "\"%s\" is not in: %s", words, failure.text);
	must(!touches.runs && touches.count == 0);
}

START_TEST(what_is_written_is_read)
{
	static const char *const names[] = {"full", "touches"};

	assert_example(write_example());
	must_equal(snapshot_others(names, 2), 0);
}
END_TEST

START_TEST(there_may_be_many_and_none)
{
	const char *path = snapshot_path("touches");
	struct mz_touches touches = {0}, read;

	must(!mz_touches_write(&touches, snapshot, path, &failure));
	must(!mz_touches_read(&read, snapshot, path, &failure));
	must_equal(read.count, 0);
	mz_touches_free(&read);

	for (unsigned i = 0; i < 5000; i++)
		must(!mz_touches_add(&touches, i % 2 * 5, 1));
	must_equal(touches.count, 5000);
	must(mz_touches_write(&touches, snapshot, path, &failure) == -1);
	must_equal(failure.status, MZ_STATUS_BAD_ARGUMENT);
	touches.count = MEMORY_PAGES;
	must(!mz_touches_write(&touches, snapshot, path, &failure));
	must(!mz_touches_read(&read, snapshot, path, &failure));
	must_equal(read.count, MEMORY_PAGES);
	must(memcmp(read.runs, touches.runs, MEMORY_PAGES * sizeof(*read.runs)) == 0);
	mz_touches_free(&read);
	mz_touches_free(&touches);
}
END_TEST

START_TEST(spoilt_records_are_refused)
{
	const char *path = write_example();
	size_t count;
	unsigned char *bytes = file_bytes(path, &count);

	must_equal(count, 40 + 3 * 16);
	for (size_t length = 0; length < count; length++) {
		file_replace(path, bytes, length);
		assert_refused(path, "/touches: ");
	}
	bytes[count] = 0;
	file_replace(path, bytes, count + 1);
	assert_refused(path, "is not as long as it should be");
	for (size_t bit = 0; bit < 8 * count; bit++) {
		bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
		file_replace(path, bytes, count);
		assert_refused(path, "/touches: ");
		bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
	file_replace(path, bytes, count);
	assert_example(path);
	free(bytes);
}
END_TEST

START_TEST(what_a_record_says_is_checked)
{
	static const struct {
		size_t offset, bytes;
		uint64_t value;
		const char *words;
	} cases[] = {
		{0, 1, 'M', "is not a record of touches"},
		{8, 4, 2, "is a record of version 2; this program reads version 1"},
		{16, 1, 0, "was recorded from another snapshot than "},
		{32, 8, UINT64_MAX / 16 + 2, "is not as long as it should be"},
		{40, 8, MEMORY_PAGES, "lists pages that do not exist"},
		{40, 8, UINT64_MAX, "lists pages that do not exist"},
		{48, 8, 0, "lists pages that do not exist"},
		{48, 8, UINT64_MAX, "lists pages that do not exist"},
	};
	const char *path = write_example();
	size_t count;
	unsigned char *bytes = file_bytes(path, &count);

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned char spoilt[88];
		uint64_t value = cases[i].value;
		uint32_t sum;

		memcpy(spoilt, bytes, sizeof(spoilt));
		if (cases[i].offset == 16) /* in the id, where any value may be right */
			value = bytes[16] ^ 1u;
		memcpy(spoilt + cases[i].offset, &value, cases[i].bytes);
		sum = mz_sum_(spoilt + 16, sizeof(spoilt) - 16);
		memcpy(spoilt + 12, &sum, sizeof(sum));
		file_replace(path, spoilt, sizeof(spoilt));
		assert_refused(path, cases[i].words);
	}
	free(bytes);
	must(unlink(path) == 0);
	assert_refused(path, "cannot open it: No such file");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("touches");
	TCase *tests = tcase_create("touches");

	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, what_is_written_is_read);
	tcase_add_test(tests, there_may_be_many_and_none);
	tcase_add_test(tests, spoilt_records_are_refused);
	tcase_add_test(tests, what_a_record_says_is_checked);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
