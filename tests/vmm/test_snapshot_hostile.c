// SPDX-License-Identifier: MPL-2.0
/* Whatever has become of a snapshot's files, nothing wrong is read from them. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/must.h"
#include "tests/vmm/snapshots.h"
#include "tests/suite.h"
#include "vmm/snapshot/snapshot_format.h"

#define HEADER(field) offsetof(struct mz_snapshot_header, field)

static struct memory memory;
static struct mz_failure failure;
static struct rng rng;

static void begin(void)
{
	rng.state = rng_seed();
	memset(&memory, 0, sizeof(memory));
	snapshots_begin();
}

START_TEST(files_of_another_length_are_refused)
{
	const char *path = snapshot_path("small");
	unsigned char *bytes;
	size_t count;

	snapshots_write_small(&memory);
	bytes = file_bytes(path, &count);
	for (size_t length = count; length-- > 0;) {
		must(truncate(path, (off_t)length) == 0);
		assert_snapshot_is_refused(path, "/small: ");
	}
	bytes[count] = 0;
	file_replace(path, bytes, count + 1);
	assert_snapshot_is_refused(path, " bytes long, and should be ");
	file_replace(path, bytes, count);
	assert_snapshot_holds(path, &memory);
	free(bytes);
}
END_TEST

/* In a file that is open, and is opened again unless what is spoilt is a page. */
static void assert_flips_are_noticed(int fd, const char *name, size_t at, unsigned char byte,
				     const struct mz_snapshot *opened)
{
	bool in_page = at >= 4096 && at < 8192;

	for (unsigned bit = 0; bit < 8; bit++) {
		unsigned char flipped = byte ^ (unsigned char)(1u << bit);

		must(pwrite(fd, &flipped, 1, (off_t)at) == 1);
		if (in_page)
			must(snapshot_read_all(opened, &failure) == -1 &&
			     failure.status == MZ_STATUS_BAD_IMAGE);
		else
			assert_snapshot_is_refused(snapshot_path(name), name);
	}
	must(pwrite(fd, &byte, 1, (off_t)at) == 1);
}

/* Each bit counts. */
START_TEST(flipped_bits_are_noticed)
{
	static const char *const names[] = {"small", "full"};
	const char *name = names[_i];
	struct mz_snapshot *opened;
	size_t count;
	unsigned char *bytes;
	int fd;

	snapshots_write_small(&memory);
	bytes = file_bytes(snapshot_path(name), &count);
	opened = snapshot_must_open(name);
	fd = open(snapshot_path(name), O_WRONLY | O_CLOEXEC);
	must(fd >= 0);
	for (size_t at = 0; at < count; at++)
		assert_flips_are_noticed(fd, name, at, bytes[at], opened);
	close(fd);
	mz_snapshot_close(opened);
	free(bytes);
	assert_snapshot_holds(snapshot_path("small"), &memory);
}
END_TEST

/* Spoils a file, whose header then has the right checksum. */
static void spoil(const char *name, size_t offset, const void *value, size_t bytes)
{
	size_t count;
	unsigned char *file = file_bytes(snapshot_path(name), &count);
	uint32_t sum;

	memcpy(file + offset, value, bytes);
	sum = mz_sum_(file, HEADER(sum));
	memcpy(file + HEADER(sum), &sum, sizeof(sum));
	file_replace(snapshot_path(name), file, count);
	free(file);
}

static const struct {
	size_t offset;
	uint64_t value;
	size_t bytes;
	const char *words;
} wrong_headers[] = {
	{HEADER(magic), 'M', 1, "is not a snapshot"},
	{HEADER(version), 2, 4, "is a snapshot of version 2; this program reads version 1"},
	{HEADER(version), 0, 4, "is a snapshot of version 0"},
	{HEADER(page_bytes), 16384, 4, "has pages of another size"},
	{HEADER(page_count), 0, 8, "says it has no pages"},
	{HEADER(page_count), MZ_SNAPSHOT_PAGES_MAX + 1, 8, "or more than there can be"},
	{HEADER(page_count), 5, 8, "lists pages that do not exist"},
	{HEADER(page_count), MEMORY_PAGES + 1, 8, "and its parent"},
	{HEADER(stored_count), MEMORY_PAGES + 1, 8, "stores more pages than there are"},
	{HEADER(stored_count), 0, 8, "bytes long, and should be"},
	{HEADER(run_count), UINT64_MAX, 8, "stores more pages than there are"},
	{HEADER(machine_bytes), UINT64_MAX, 8, "is larger than one can be"},
	{HEADER(state_bytes), MZ_SNAPSHOT_BYTES_MAX + 1, 8, "is larger than one can be"},
	{HEADER(machine_sum), 0, 4, "the checksum of its machine is wrong"},
	{HEADER(state_sum), 0, 4, "the checksum of its state is wrong"},
	{HEADER(runs_sum), 0, 4, "a checksum of its index is wrong"},
	{HEADER(sums_sum), 0, 4, "a checksum of its index is wrong"},
	{HEADER(parent), 0, 8, "does not name its parent as it should"},
	{HEADER(parent), '/', 1, "does not name its parent as it should"},
	{HEADER(parent), '.', 8, "does not name its parent as it should"},
	{HEADER(parent), '.' | '.' << 8, 8, "does not name its parent as it should"},
	{HEADER(parent) + 9, 'x', 1, "does not name its parent as it should"},
	{HEADER(parent), 'F', 1, "the parent of "},
	{HEADER(parent_id), 0, 8, "is another snapshot than the parent that it was taken after"},
	{HEADER(zero), 1, 1, "says what this program does not know"},
};

#define WRONG_HEADERS (int)(sizeof(wrong_headers) / sizeof(wrong_headers[0]))

START_TEST(what_a_header_says_is_checked)
{
	snapshots_write_small(&memory);
	spoil("small", wrong_headers[_i].offset, &wrong_headers[_i].value, wrong_headers[_i].bytes);
	assert_snapshot_is_refused(snapshot_path("small"), wrong_headers[_i].words);
}
END_TEST

/* Of the full one, which stores pages 3 and 10 in a run each. */
static const struct {
	struct mz_snapshot_run runs[2];
	const char *words;
} wrong_runs[] = {
	{{{10, 1, 0}, {3, 1, 1}}, "lists its pages out of order"},
	{{{3, 1, 0}, {3, 1, 1}}, "lists its pages out of order"},
	{{{3, 1, 0}, {10, 0, 1}}, "lists its pages out of order"},
	{{{3, 1, 0}, {MEMORY_PAGES, 1, 1}}, "lists pages that do not exist"},
	{{{3, 1, 0}, {10, UINT32_MAX, 1}}, "lists pages that do not exist"},
	{{{3, 1, 1}, {10, 1, 0}}, "does not store its pages in their order"},
	{{{3, 1, 0}, {10, 1, 0}}, "does not store its pages in their order"},
	{{{3, 1, 0}, {10, 2, 1}}, "stores other pages than it lists"},
	{{{3, 1, 0}, {10, 1, MZ_SNAPSHOT_NOWHERE}}, "stores other pages than it lists"},
};

#define WRONG_RUNS (int)(sizeof(wrong_runs) / sizeof(wrong_runs[0]))

START_TEST(what_an_index_says_is_checked)
{
	const struct mz_snapshot_run *runs = wrong_runs[_i].runs;
	uint32_t sum = mz_sum_(runs, 2 * sizeof(*runs));

	memset(memory.pages[3], 3, MZ_SNAPSHOT_PAGE);
	memset(memory.pages[10], 10, MZ_SNAPSHOT_PAGE);
	snapshot_must_write(&memory, "full", NULL);
	spoil("full", MZ_SNAPSHOT_STORE + 2 * MZ_SNAPSHOT_PAGE, runs, 2 * sizeof(*runs));
	spoil("full", HEADER(runs_sum), &sum, sizeof(sum));
	assert_snapshot_is_refused(snapshot_path("full"), wrong_runs[_i].words);
}
END_TEST

START_TEST(a_parent_that_was_replaced_is_refused)
{
	snapshots_write_small(&memory);
	snapshot_must_write(&memory, "full", NULL);
	assert_snapshot_is_refused(snapshot_path("small"), "is another snapshot than the parent");
	must(unlink(snapshot_path("full")) == 0);
	assert_snapshot_is_refused(snapshot_path("small"), "/full: cannot open it: No such file");
}
END_TEST

START_TEST(chains_that_loop_are_refused)
{
	struct mz_snapshot *snapshot;
	struct mz_snapshot_id full, small;

	snapshots_write_small(&memory);
	snapshot = snapshot_must_open("small");
	full = snapshot->files[1]->header.id;
	small = snapshot->files[0]->header.id;
	mz_snapshot_close(snapshot);

	spoil("full", HEADER(parent_id), &small, sizeof(small));
	spoil("full", HEADER(parent), "small", 5);
	assert_snapshot_is_refused(snapshot_path("small"), "its parents go round in a circle");

	spoil("full", HEADER(parent_id), &full, sizeof(full));
	spoil("full", HEADER(parent), "full\0", 5);
	assert_snapshot_is_refused(snapshot_path("full"), "its parents go round in a circle");
}
END_TEST

START_TEST(chains_have_an_end)
{
	char before[16] = "0", name[16];

	snapshot_must_write(&memory, before, NULL);
	for (unsigned i = 1; i < MZ_SNAPSHOT_FILES_MAX; i++) {
		snprintf(name, sizeof(name), "%u", i);
		memory_change(&memory, &rng);
		snapshot_must_write(&memory, name, before);
		strcpy(before, name);
	}
	assert_snapshot_holds(snapshot_path(name), &memory);
	must(snapshot_write(&memory, snapshot_path("last"), snapshot_path(name), &failure) == -1);
	must_equal(failure.status, MZ_STATUS_BAD_ARGUMENT);
	ck_assert_ptr_nonnull(strstr(failure.text, "a full snapshot is due"));

	/* One more than there may be, made by hand: a copy of a chain's end, as the first's parent.
	 */
	{
		struct mz_snapshot *snapshot = snapshot_must_open(name);
		struct mz_snapshot_id id = snapshot->files[1]->header.id;

		id.bytes[0]++;
		mz_snapshot_close(snapshot);
		spoil("0", HEADER(parent_id), &id, sizeof(id));
		spoil("0", HEADER(parent), "more", 5);
	}
	assert_snapshot_is_refused(snapshot_path(name), "has more than 255 parents");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("snapshot hostile");
	TCase *bad = tcase_create("hostile");

	tcase_add_checked_fixture(bad, begin, snapshots_end);
	tcase_set_timeout(bad, 300);
	tcase_add_test(bad, files_of_another_length_are_refused);
	tcase_add_loop_test(bad, flipped_bits_are_noticed, 0, 2);
	tcase_add_loop_test(bad, what_a_header_says_is_checked, 0, WRONG_HEADERS);
	tcase_add_loop_test(bad, what_an_index_says_is_checked, 0, WRONG_RUNS);
	tcase_add_test(bad, a_parent_that_was_replaced_is_refused);
	tcase_add_test(bad, chains_that_loop_are_refused);
	tcase_add_test(bad, chains_have_an_end);
	suite_add_tcase(suite, bad);
	return suite_run(suite);
}
