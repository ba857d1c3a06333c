// SPDX-License-Identifier: MPL-2.0
/*
 * A harness for libFuzzer and AFL++: the input is a snapshot file, or a record of touches, behind a
 * byte that says which, and whether its checksums are put right first, so that what they guard is
 * reached. It is opened and read; beside it lies a full snapshot that it may name as its parent.
 * With MZ_FUZZ_SEEDS in the environment, a directory, files of each kind are written there and
 * nothing else is done.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/must.h"
#include "tests/vmm/snapshots.h"
#include "vmm/snapshot/snapshot_format.h"
#include "vmm/snapshot/touches.h"

#define SUMS_RIGHT 1u
#define TOUCHES    2u

#define RUN 8u /* pages that are read at once */

static struct mz_snapshot *parent;
static struct mz_failure failure;
static struct memory memory;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_seed(const char *directory, const char *name, unsigned char prefix)
{
	char path[4096];
	size_t count;
	unsigned char *bytes = file_bytes(snapshot_path(name), &count);
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s-%u", directory, name, prefix);
	out = fopen(path, "wb");
	must(out && fwrite(&prefix, 1, 1, out) == 1 && fwrite(bytes, count, 1, out) == 1);
	must(fclose(out) == 0);
	free(bytes);
}

/* The parent's id is fixed, so that what was found before stays good. */
static void make_parent(void)
{
	size_t count;
	unsigned char *bytes;
	struct mz_snapshot_header *header;

	memset(memory.pages[2], 2, 2 * sizeof(memory.pages[2]));
	must(!snapshot_write(&memory, snapshot_path("parent"), NULL, &failure));
	bytes = file_bytes(snapshot_path("parent"), &count);
	header = (struct mz_snapshot_header *)bytes;
	memset(&header->id, 1, sizeof(header->id));
	header->sum = mz_sum_(header, offsetof(struct mz_snapshot_header, sum));
	file_replace(snapshot_path("parent"), bytes, count);
	free(bytes);
	must(!mz_snapshot_open(&parent, snapshot_path("parent"), &failure));
}

static void write_seeds(const char *directory)
{
	struct mz_touches touches = {0};

	memset(memory.pages[3], 0, sizeof(memory.pages[3]));
	memory.changed[3] = memory.changed[7] = true;
	memory.pages[7][9] = 7;
	must(!snapshot_write(&memory, snapshot_path("child"), snapshot_path("parent"), &failure));
	must(!mz_touches_add(&touches, 5, 2) && !mz_touches_add(&touches, 1, 1));
	must(!mz_touches_write(&touches, parent, snapshot_path("touches"), &failure));
	mz_touches_free(&touches);
	for (unsigned char prefix = 0; prefix < 2; prefix++) {
		write_seed(directory, "parent", prefix);
		write_seed(directory, "child", prefix);
		write_seed(directory, "touches", prefix | TOUCHES);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *seeds = getenv("MZ_FUZZ_SEEDS");

	(void)argc;
	(void)argv;
	snapshots_begin();
	atexit(snapshots_end);
	make_parent();
	if (seeds) {
		write_seeds(seeds);
		exit(0);
	}
	return 0;
}

/* The checksum of the next part, or anything where the file ends before. */
static uint32_t sum_of_part(const unsigned char *bytes, size_t count, uint64_t *at, uint64_t part)
{
	uint64_t from = *at;

	*at += part;
	return *at <= count ? mz_sum_(bytes + from, part) : 0;
}

static void put_sums_of_pages_right(unsigned char *bytes, size_t count, uint64_t pages, uint64_t at)
{
	for (uint64_t i = 0; i < pages && at + 4 <= count; i++, at += 4) {
		uint32_t sum = mz_sum_(bytes + (i + 1) * MZ_SNAPSHOT_PAGE, MZ_SNAPSHOT_PAGE);

		memcpy(bytes + at, &sum, sizeof(sum));
	}
}

/* Those of the parts, unless the header says that they are larger than any input. */
static void put_sums_right(unsigned char *bytes, size_t count)
{
	struct mz_snapshot_header *header = (struct mz_snapshot_header *)bytes;
	uint64_t at;

	if (count < sizeof(*header))
		return;
	at = MZ_SNAPSHOT_STORE + header->stored_count % count * MZ_SNAPSHOT_PAGE;
	if (header->stored_count < count && header->run_count < count &&
	    header->machine_bytes < count && header->state_bytes < count && at < count) {
		header->runs_sum = sum_of_part(bytes, count, &at, header->run_count * 12);
		put_sums_of_pages_right(bytes, count, header->stored_count, at);
		header->sums_sum = sum_of_part(bytes, count, &at, header->stored_count * 4);
		header->machine_sum = sum_of_part(bytes, count, &at, header->machine_bytes);
		header->state_sum = sum_of_part(bytes, count, &at, header->state_bytes);
	}
	header->sum = mz_sum_(header, offsetof(struct mz_snapshot_header, sum));
}

static void put_sum_of_touches_right(unsigned char *bytes, size_t count)
{
	uint32_t sum;

	if (count < 16)
		return;
	sum = mz_sum_(bytes + 16, count - 16);
	memcpy(bytes + 12, &sum, sizeof(sum));
}

static void expect_bad_file(void)
{
	must(failure.status == MZ_STATUS_BAD_IMAGE && failure.text[0]);
}

/* Goes over what is present, and reads some of each run, and around it. */
static void read_pages(const struct mz_snapshot *snapshot)
{
	static unsigned char pages[RUN][MZ_SNAPSHOT_PAGE];
	struct mz_snapshot_info info = mz_snapshot_info(snapshot);
	struct mz_page_run run = {0, 0};
	uint64_t end = 0;

	while (mz_snapshot_next_run(snapshot, end, &run)) {
		uint64_t from = run.first > 2 ? run.first - 2 : 0;
		uint64_t count = info.page_count - from < RUN ? info.page_count - from : RUN;

		must(run.first >= end && run.count > 0);
		end = run.first + run.count;
		must(end <= info.page_count && end > run.first);
		must(mz_snapshot_page_present(snapshot, run.first));
		must(mz_snapshot_page_present(snapshot, end - 1));
		mz_snapshot_expect(snapshot, from, count);
		if (mz_snapshot_read(snapshot, from, count, pages, &failure))
			expect_bad_file();
	}
}

static void open_and_read(void)
{
	struct mz_snapshot *snapshot;
	struct mz_snapshot_info info;

	if (mz_snapshot_open(&snapshot, snapshot_path("input"), &failure)) {
		expect_bad_file();
		return;
	}
	info = mz_snapshot_info(snapshot);
	must_equal(mz_sum_(info.machine, info.machine_bytes),
		   snapshot->files[0]->header.machine_sum);
	must_equal(mz_sum_(info.state, info.state_bytes), snapshot->files[0]->header.state_sum);
	read_pages(snapshot);
	mz_snapshot_close(snapshot);
}

static void read_touches(void)
{
	struct mz_touches touches;

	if (mz_touches_read(&touches, parent, snapshot_path("input"), &failure)) {
		expect_bad_file();
		return;
	}
	for (size_t i = 0; i < touches.count; i++)
		must(touches.runs[i].count > 0 && touches.runs[i].count <= MEMORY_PAGES &&
		     touches.runs[i].first <= MEMORY_PAGES - touches.runs[i].count);
	mz_touches_free(&touches);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t count = size - 1;
	unsigned char *bytes;

	if (size == 0)
		return 0;
	bytes = malloc(size);
	must(bytes);
	memcpy(bytes, data + 1, count);
	if (data[0] & SUMS_RIGHT && data[0] & TOUCHES)
		put_sum_of_touches_right(bytes, count);
	else if (data[0] & SUMS_RIGHT)
		put_sums_right(bytes, count);
	file_replace(snapshot_path("input"), bytes, count);
	free(bytes);
	if (data[0] & TOUCHES)
		read_touches();
	else
		open_and_read();
	return 0;
}
