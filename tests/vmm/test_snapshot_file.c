// SPDX-License-Identifier: MPL-2.0
/*
 * Snapshots as files: what is written is read, from one file and from a chain, against the memory
 * itself; and what can't be written is refused.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/must.h"
#include "tests/vmm/snapshots.h"
#include "tests/suite.h"
#include "vmm/snapshot/snapshot_format.h"

static struct memory memory;
static struct mz_failure failure;
static struct rng rng;

static void begin(void)
{
	rng.state = rng_seed();
	memset(&memory, 0, sizeof(memory));
	snapshots_begin();
}

static bool zero(unsigned page)
{
	return mz_is_zero_(memory.pages[page], MZ_SNAPSHOT_PAGE);
}

static void assert_presence_is_right(const struct mz_snapshot *snapshot)
{
	struct mz_page_run run = {0, 0};
	uint64_t page = 0;

	while (mz_snapshot_next_run(snapshot, page, &run)) {
		must(run.count > 0 && run.first + run.count <= MEMORY_PAGES);
		for (; page < run.first; page++)
			must(zero((unsigned)page) && !mz_snapshot_page_present(snapshot, page));
		for (; page < run.first + run.count; page++)
			must(!zero((unsigned)page) && mz_snapshot_page_present(snapshot, page));
	}
	for (; page < MEMORY_PAGES; page++)
		must(zero((unsigned)page) && !mz_snapshot_page_present(snapshot, page));
	must(!mz_snapshot_page_present(snapshot, MEMORY_PAGES));
	must(!mz_snapshot_page_present(snapshot, UINT64_MAX));
	must(!mz_snapshot_next_run(snapshot, UINT64_MAX, &run));
}

static void assert_parts_are_right(const struct mz_snapshot *snapshot)
{
	static unsigned char read[MEMORY_PAGES][MZ_SNAPSHOT_PAGE];

	for (unsigned i = 0; i < 50; i++) {
		uint64_t first = rng_below(&rng, MEMORY_PAGES);
		uint64_t count = rng_below(&rng, MEMORY_PAGES - first + 1);

		must(!mz_snapshot_read(snapshot, first, count, read, &failure));
		must(memcmp(read, memory.pages[first], count * MZ_SNAPSHOT_PAGE) == 0);
	}
	must(mz_snapshot_read(snapshot, MEMORY_PAGES, 1, read, &failure) == -1);
	must_equal(failure.status, MZ_STATUS_BAD_ARGUMENT);
	must(mz_snapshot_read(snapshot, 1, UINT64_MAX, read, &failure) == -1);
}

START_TEST(what_is_written_is_read_through_a_chain)
{
	static const char *const names[] = {"full", "first", "second", "third"};

	for (unsigned i = 0; i < 4; i++) {
		struct mz_snapshot *snapshot;

		memory_change(&memory, &rng);
		snapshot_must_write(&memory, names[i], i > 0 ? names[i - 1] : NULL);
		snapshot = snapshot_must_open(names[i]);
		must_equal(mz_snapshot_info(snapshot).file_count, i + 1);
		assert_presence_is_right(snapshot);
		assert_parts_are_right(snapshot);
		mz_snapshot_close(snapshot);
		assert_snapshot_holds(snapshot_path(names[i]), &memory);
	}
	must_equal(snapshot_others(names, 4), 0);
}
END_TEST

/* How many of the stored pages are in the page cache; `forget`: after they were to leave it. */
static unsigned cached(const char *path, bool forget)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned char there[MEMORY_PAGES];
	unsigned count = 0;
	void *pages;

	must(fd >= 0);
	if (forget)
		must(!fsync(fd) && !posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	pages = mmap(NULL, sizeof(memory.pages), PROT_READ, MAP_SHARED, fd, MZ_SNAPSHOT_STORE);
	must(pages != MAP_FAILED && !mincore(pages, sizeof(memory.pages), there));
	for (unsigned i = 0; i < MEMORY_PAGES; i++)
		count += there[i] & 1;
	munmap(pages, sizeof(memory.pages));
	close(fd);
	return count;
}

/* On a disk, if the build is on one: where files are memory, they never leave it. */
START_TEST(pages_that_are_expected_are_read)
{
	char folder[] = "expected-XXXXXX", path[64];
	struct mz_snapshot *snapshot;

	must(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/snapshot", folder);
	memset(&memory, 7, sizeof(memory));
	must(!snapshot_write(&memory, path, NULL, &failure));
	must(!mz_snapshot_open(&snapshot, path, &failure));
	cached(path, true);
	mz_snapshot_expect(snapshot, MEMORY_PAGES, 1);
	mz_snapshot_expect(snapshot, UINT64_MAX, UINT64_MAX);
	mz_snapshot_expect(snapshot, 1, UINT64_MAX);
	mz_snapshot_expect(snapshot, 0, 1);
	for (unsigned i = 0; i < 300 && cached(path, false) < MEMORY_PAGES; i++)
		usleep(10000);
	must_equal(cached(path, false), MEMORY_PAGES);
	mz_snapshot_close(snapshot);
	must(!unlink(path) && !rmdir(folder));
}
END_TEST

/* A gibibyte that is a page and zeros. */
START_TEST(pages_of_zeros_take_no_room)
{
	const struct mz_snapshot_plan plan = {.page_count = (uint64_t)1 << 18};
	const struct mz_snapshot_contents nothing = {0};
	struct mz_snapshot_writer *writer;
	struct stat stat;

	memset(memory.pages[1], 7, MZ_SNAPSHOT_PAGE);
	must(!mz_snapshot_create(&writer, snapshot_path("zeros"), &plan, &failure));
	must(!mz_snapshot_add(writer, 0, MEMORY_PAGES, memory.pages, &failure));
	must(!mz_snapshot_add(writer, MEMORY_PAGES, plan.page_count - MEMORY_PAGES, NULL,
			      &failure));
	must(!mz_snapshot_commit(writer, &nothing, &failure));
	must(!lstat(snapshot_path("zeros"), &stat));
	must_equal(stat.st_size, 2 * MZ_SNAPSHOT_PAGE + 12 + 4);
	must_equal(stat.st_mode & 0777, 0600);
}
END_TEST

static uint64_t number_at(const unsigned char *bytes, size_t offset, unsigned count)
{
	uint64_t value = 0;

	while (count-- > 0)
		value = value << 8 | bytes[offset + count];
	return value;
}

START_TEST(files_are_as_the_document_says)
{
	unsigned char *bytes;
	size_t count;

	memset(memory.pages[3], 3, 2 * MZ_SNAPSHOT_PAGE);
	snapshot_must_write(&memory, "full", NULL);
	bytes = file_bytes(snapshot_path("full"), &count);
	must(memcmp(bytes, "\x89mzsnap\n\1\0\0\0\0\x10\0", 16) == 0);
	must_equal(number_at(bytes, 48, 8), MEMORY_PAGES);
	must_equal(number_at(bytes, 56, 8), 2);
	must_equal(number_at(bytes, 64, 8), 1);
	must_equal(number_at(bytes, 72, 8), sizeof(SNAPSHOT_MACHINE));
	must_equal(number_at(bytes, 80, 8), sizeof(SNAPSHOT_STATE));
	must_equal(number_at(bytes, 4092, 4), mz_sum_(bytes, 4092));
	must(memcmp(bytes + 4096, memory.pages[3], 8192) == 0);
	must_equal(number_at(bytes, 3 * 4096, 4), 3);
	must_equal(number_at(bytes, 3 * 4096 + 4, 4), 2);
	must_equal(number_at(bytes, 3 * 4096 + 8, 4), 0);
	must_equal(number_at(bytes, 3 * 4096 + 12, 4), mz_sum_(bytes + 4096, 4096));
	must_equal(number_at(bytes, 3 * 4096 + 16, 4), mz_sum_(bytes + 8192, 4096));
	must(memcmp(bytes + 3 * 4096 + 20, SNAPSHOT_MACHINE "\0" SNAPSHOT_STATE,
		    sizeof(SNAPSHOT_MACHINE) + sizeof(SNAPSHOT_STATE)) == 0);
	free(bytes);

	/* What has become zero is listed, at no place. */
	memset(memory.pages[4], 0, MZ_SNAPSHOT_PAGE);
	memory.changed[4] = true;
	snapshot_must_write(&memory, "changes", "full");
	bytes = file_bytes(snapshot_path("changes"), &count);
	must_equal(number_at(bytes, 56, 8), 0);
	must_equal(number_at(bytes, 64, 8), 1);
	must(memcmp(bytes + 104, "full\0", 6) == 0);
	must(memcmp(bytes + 4096, "\4\0\0\0\1\0\0\0\xff\xff\xff\xff", 12) == 0);
	free(bytes);
}
END_TEST

static void refuse_plan(const char *path, const struct mz_snapshot_plan *plan, const char *words)
{
	struct mz_snapshot_writer *writer;

	must(mz_snapshot_create(&writer, path, plan, &failure) == -1);
	must_equal(failure.status, MZ_STATUS_BAD_ARGUMENT);
	ck_assert_msg(strstr(failure.text, words), "%s", failure.text);
	ck_assert_ptr_null(writer);
}

START_TEST(what_can_not_be_written_is_refused_at_once)
{
	static const char *const names[] = {"full", "small"};
	struct mz_snapshot_plan plan = {.page_count = 0};

	snapshots_write_small(&memory);
	refuse_plan(snapshot_path("new"), &plan, "no pages");
	plan.page_count = MZ_SNAPSHOT_PAGES_MAX + 1;
	refuse_plan(snapshot_path("new"), &plan, "too many");
	plan.parent = snapshot_must_open("small");
	plan.page_count = MEMORY_PAGES + 1;
	refuse_plan(snapshot_path("new"), &plan, "a machine with another memory");
	plan.page_count = MEMORY_PAGES;
	refuse_plan(snapshot_path("full"), &plan, "would replace a parent of its own");
	refuse_plan(snapshot_path("small"), &plan, "would replace a parent of its own");
	refuse_plan("/tmp/mezz-elsewhere", &plan, "must lie in the same folder");
	mz_snapshot_close((struct mz_snapshot *)plan.parent);
	must_equal(snapshot_others(names, 2), 0);
	assert_snapshot_holds(snapshot_path("small"), &memory);
}
END_TEST

START_TEST(pages_are_added_in_their_order)
{
	static const struct mz_page_run wrong[] = {
		{0, 1}, {4, 1}, {5, MEMORY_PAGES - 4}, {MEMORY_PAGES + 1, 0}, {UINT64_MAX, 2},
	};
	const struct mz_snapshot_plan plan = {.page_count = MEMORY_PAGES};
	struct mz_snapshot_writer *writer;

	must(!mz_snapshot_create(&writer, snapshot_path("new"), &plan, &failure));
	must(!mz_snapshot_add(writer, 2, 3, memory.pages[2], &failure));
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		must(mz_snapshot_add(writer, wrong[i].first, wrong[i].count, memory.pages,
				     &failure) == -1);
		must_equal(failure.status, MZ_STATUS_BAD_ARGUMENT);
	}
	mz_snapshot_abandon(writer);
	must_equal(snapshot_others(NULL, 0), 0);
}
END_TEST

struct told {
	uint64_t done;
	unsigned times;
};

static void tell(void *context, uint64_t done, uint64_t total)
{
	struct told *told = context;

	must(done > told->done && done <= total && done - told->done <= 256);
	told->done = done;
	told->times++;
}

START_TEST(progress_is_told)
{
	struct told told = {0};
	const struct mz_snapshot_plan plan = {
		.page_count = 1000, .adding = 1000, .progress = tell, .context = &told};
	struct mz_snapshot_writer *writer;

	must(!mz_snapshot_create(&writer, snapshot_path("new"), &plan, &failure));
	must(!mz_snapshot_add(writer, 0, MEMORY_PAGES, memory.pages, &failure));
	must(!mz_snapshot_add(writer, MEMORY_PAGES, 1000 - MEMORY_PAGES, NULL, &failure));
	mz_snapshot_abandon(writer);
	must_equal(told.done, 1000);
	must_equal(told.times, 5);
}
END_TEST

static void *read_at_random(void *context)
{
	struct rng own = {.state = (uint64_t)(uintptr_t)&own};
	unsigned char pages[4][MZ_SNAPSHOT_PAGE];
	struct mz_failure why;

	for (unsigned i = 0; i < 2000; i++) {
		uint64_t first = rng_below(&own, MEMORY_PAGES - 3);

		must(!mz_snapshot_read(context, first, 4, pages, &why));
		must(memcmp(pages, memory.pages[first], sizeof(pages)) == 0);
	}
	return NULL;
}

START_TEST(many_threads_read)
{
	struct mz_snapshot *snapshot;
	pthread_t threads[4];

	memory_change(&memory, &rng);
	snapshot_must_write(&memory, "full", NULL);
	memory_change(&memory, &rng);
	snapshot_must_write(&memory, "changes", "full");
	snapshot = snapshot_must_open("changes");
	for (unsigned i = 0; i < 4; i++)
		must(!pthread_create(&threads[i], NULL, read_at_random, snapshot));
	for (unsigned i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	mz_snapshot_close(snapshot);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("snapshot file");
	TCase *good = tcase_create("good"), *bad = tcase_create("bad");

	tcase_add_checked_fixture(good, begin, snapshots_end);
	tcase_add_checked_fixture(bad, begin, snapshots_end);
	tcase_add_test(good, what_is_written_is_read_through_a_chain);
	tcase_add_test(good, pages_that_are_expected_are_read);
	tcase_add_test(good, pages_of_zeros_take_no_room);
	tcase_add_test(good, files_are_as_the_document_says);
	tcase_add_test(good, progress_is_told);
	tcase_add_test(good, many_threads_read);
	tcase_add_test(bad, what_can_not_be_written_is_refused_at_once);
	tcase_add_test(bad, pages_are_added_in_their_order);
	suite_add_tcase(suite, good);
	suite_add_tcase(suite, bad);
	return suite_run(suite);
}
