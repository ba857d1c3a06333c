// SPDX-License-Identifier: MPL-2.0
/* Small snapshots for tests. */
#include "tests/vmm/snapshots.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/must.h"

static char folder[64];

void snapshots_begin(void)
{
	/* In memory: a disk takes its time to make sure of hundreds of files. */
	strcpy(folder, "/dev/shm/mezz-snapshots-XXXXXX");
	must(mkdtemp(folder));
}

const char *snapshot_path(const char *name)
{
	static char paths[8][128];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

unsigned snapshot_others(const char *const *names, unsigned count)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	unsigned others = 0;

	must(dir);
	while ((entry = readdir(dir))) {
		bool known = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;

		for (unsigned i = 0; i < count; i++)
			known = known || strcmp(entry->d_name, names[i]) == 0;
		others += !known;
	}
	closedir(dir);
	return others;
}

void snapshots_end(void)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	must(dir);
	while ((entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	must(rmdir(folder) == 0);
}

static void change_page(unsigned char *page, struct rng *rng)
{
	switch (rng_below(rng, 3)) {
	case 0:
		memset(page, 0, MZ_SNAPSHOT_PAGE);
		break;
	case 1: /* all zero but for one byte */
		memset(page, 0, MZ_SNAPSHOT_PAGE);
		page[rng_below(rng, MZ_SNAPSHOT_PAGE)] = 1;
		break;
	default:
		for (unsigned i = 0; i < MZ_SNAPSHOT_PAGE; i++)
			page[i] = (unsigned char)rng_next(rng);
	}
}

void memory_change(struct memory *memory, struct rng *rng)
{
	for (unsigned times = 0; times < 6; times++) {
		unsigned page = (unsigned)rng_below(rng, MEMORY_PAGES);
		unsigned end = page + 1 + (unsigned)rng_below(rng, 8);

		for (; page < end && page < MEMORY_PAGES; page++) {
			change_page(memory->pages[page], rng);
			memory->changed[page] = true;
		}
	}
}

static int add_changed(struct mz_snapshot_writer *writer, struct memory *memory,
		       struct mz_failure *failure)
{
	for (unsigned page = 0, end; page < MEMORY_PAGES; page = end) {
		for (end = page; end < MEMORY_PAGES && memory->changed[end]; end++)
			memory->changed[end] = false;
		if (mz_snapshot_add(writer, page, end - page, memory->pages[page], failure))
			return -1;
		end += end == page;
	}
	return 0;
}

static int write_all(struct memory *memory, const char *path, const struct mz_snapshot *parent,
		     struct mz_failure *failure)
{
	const struct mz_snapshot_plan plan = {.page_count = MEMORY_PAGES, .parent = parent};
	const struct mz_snapshot_contents contents = {SNAPSHOT_MACHINE, sizeof(SNAPSHOT_MACHINE),
						      SNAPSHOT_STATE, sizeof(SNAPSHOT_STATE)};
	struct mz_snapshot_writer *writer;
	int error;

	if (mz_snapshot_create(&writer, path, &plan, failure))
		return -1;
	if (parent)
		error = add_changed(writer, memory, failure);
	else
		error = mz_snapshot_add(writer, 0, MEMORY_PAGES, memory->pages, failure);
	if (!error)
		return mz_snapshot_commit(writer, &contents, failure);
	mz_snapshot_abandon(writer);
	return -1;
}

int snapshot_write(struct memory *memory, const char *path, const char *parent,
		   struct mz_failure *failure)
{
	struct mz_snapshot *opened = NULL;
	int result;

	if (parent && mz_snapshot_open(&opened, parent, failure))
		return -1;
	result = write_all(memory, path, opened, failure);
	mz_snapshot_close(opened);
	return result;
}

void snapshot_must_write(struct memory *memory, const char *name, const char *parent)
{
	struct mz_failure failure;
	int error = snapshot_write(memory, snapshot_path(name),
				   parent ? snapshot_path(parent) : NULL, &failure);

	must_say(!error, "%s", failure.text);
}

struct mz_snapshot *snapshot_must_open(const char *name)
{
	struct mz_failure failure;
	struct mz_snapshot *snapshot;

	must_say(!mz_snapshot_open(&snapshot, snapshot_path(name), &failure), "%s", failure.text);
	return snapshot;
}

void snapshots_write_small(struct memory *memory)
{
	memset(memory->pages[3], 3, MZ_SNAPSHOT_PAGE);
	snapshot_must_write(memory, "full", NULL);
	memset(memory->pages[5], 5, MZ_SNAPSHOT_PAGE);
	memory->changed[5] = true;
	memset(memory->pages[3], 0, MZ_SNAPSHOT_PAGE);
	memory->changed[3] = true;
	snapshot_must_write(memory, "small", "full");
}

void assert_snapshot_holds(const char *path, const struct memory *memory)
{
	static unsigned char read[MEMORY_PAGES][MZ_SNAPSHOT_PAGE];
	struct mz_snapshot *snapshot;
	struct mz_snapshot_info info;
	struct mz_failure failure = {0};

	must_say(!mz_snapshot_open(&snapshot, path, &failure), "%s", failure.text);
	info = mz_snapshot_info(snapshot);
	must_equal(info.page_count, MEMORY_PAGES);
	must_equal(info.machine_bytes, sizeof(SNAPSHOT_MACHINE));
	must_equal(info.state_bytes, sizeof(SNAPSHOT_STATE));
	must(memcmp(info.machine, SNAPSHOT_MACHINE, sizeof(SNAPSHOT_MACHINE)) == 0);
	must(memcmp(info.state, SNAPSHOT_STATE, sizeof(SNAPSHOT_STATE)) == 0);
	must_say(!mz_snapshot_read(snapshot, 0, MEMORY_PAGES, read, &failure), "%s", failure.text);
	must(memcmp(read, memory->pages, sizeof(read)) == 0);
	mz_snapshot_close(snapshot);
}

int snapshot_read_all(const struct mz_snapshot *snapshot, struct mz_failure *failure)
{
	static unsigned char pages[MEMORY_PAGES][MZ_SNAPSHOT_PAGE];
	struct mz_page_run run = {0, 0};

	while (mz_snapshot_next_run(snapshot, run.first + run.count, &run)) {
		if (mz_snapshot_read(snapshot, run.first, run.count, pages, failure))
			return -1;
	}
	return 0;
}

void assert_snapshot_is_refused(const char *path, const char *words)
{
	struct mz_snapshot *snapshot;
	struct mz_failure failure = {0};
	int error = mz_snapshot_open(&snapshot, path, &failure);

	if (!error) {
		error = snapshot_read_all(snapshot, &failure);
		mz_snapshot_close(snapshot);
	}
	must_say(error, "%s is taken for a good one", path);
	must_say(failure.status == MZ_STATUS_BAD_IMAGE, "%s", failure.text);
	must_say(strstr(failure.text, words), "\"%s\" is not in: %s", words, failure.text);
}

unsigned char *file_bytes(const char *path, size_t *count)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat stat;
	unsigned char *bytes;

	must(fd >= 0 && !fstat(fd, &stat));
	*count = (size_t)stat.st_size;
	bytes = malloc(*count + 1);
	must(bytes && read(fd, bytes, *count) == stat.st_size);
	close(fd);
	return bytes;
}

void file_replace(const char *path, const void *bytes, size_t count)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd >= 0 && write(fd, bytes, count) == (ssize_t)count);
	close(fd);
}
