// SPDX-License-Identifier: MPL-2.0
/*
 * Reads of a virtio disk through its rings, as a driver in a guest would do them, against bare
 * preads of the same file in the same process; there is no guest. `make bench-disk` runs it. The
 * file is in the page cache, so what is compared is what the device adds to a read.
 */
#include <linux/virtio_blk.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/must.h"
#include "tests/rng.h"
#include "tests/vmm/virtio/virtio_driver.h"
#include "vmm/base/trace.h"
#include "vmm/virtio/block.h"

#define FILE_BYTES ((uint64_t)64 << 20)
#define SECTOR     512u
#define RUNS       7u
#define DEPTH_MAX  5u /* chains of three descriptors in a ring of sixteen */
#define HEADERS    DRIVER_BUFFERS
#define STATUSES   (DRIVER_BUFFERS + 0x1000)
#define DATA       (DRIVER_BUFFERS + 0x100000)

struct row {
	const char *name;
	uint32_t bytes;
	unsigned reads, depth;
	bool random;
};

static const struct row rows[] = {
	{"sequential-128k", 128 << 10, 512, 1, false},
	{"sequential-128k-deep", 128 << 10, 512, DEPTH_MAX, false},
	{"sequential-4k", 4 << 10, 4096, 1, false},
	{"random-4k", 4 << 10, 4096, 1, true},
	{"random-4k-deep", 4 << 10, 4096, DEPTH_MAX, true},
};

static struct driver driver;
static struct mz_virtio *disk;
static struct mz_failure failure;
static char path[] = "/tmp/mezz-bench-XXXXXX";
static int file;
static unsigned char *buffer;

static void make_file(void)
{
	file = mkstemp(path);
	must(file >= 0);
	for (uint64_t done = 0; done < FILE_BYTES; done += sizeof(buffer[0]) << 17) {
		memset(buffer, (int)(done >> 17), 1 << 17);
		must(write(file, buffer, 1 << 17) == 1 << 17);
	}
}

/* Where read `index` of a run begins. */
static uint64_t place(const struct row *row, struct rng *rng, unsigned index)
{
	uint64_t slots = FILE_BYTES / row->bytes;

	return (row->random ? rng_below(rng, slots) : index % slots) * row->bytes;
}

static void send(const struct row *row, unsigned slot, uint64_t offset)
{
	const struct virtio_blk_outhdr header = {.type = VIRTIO_BLK_T_IN,
						 .sector = offset / SECTOR};
	const struct driver_part parts[] = {
		{HEADERS + 64 * slot, sizeof(header), false},
		{DATA + (uint64_t)slot * row->bytes, row->bytes, true},
		{STATUSES + slot, 1, true},
	};

	memcpy(driver_at(&driver, HEADERS + 64 * slot), &header, sizeof(header));
	driver_send(&driver, 0, parts, 3);
}

static double by_ring(const struct row *row)
{
	struct rng rng = {.state = 1};
	uint64_t start = mz_now_ns();
	unsigned sent = 0;
	uint32_t written;

	while (sent < row->depth) {
		send(row, sent, place(row, &rng, sent));
		sent++;
	}
	for (unsigned done = 0; done < row->reads; done++) {
		driver_wait(&driver, 0, &written);
		must_equal(written, row->bytes + 1);
		if (sent < row->reads) {
			send(row, sent % row->depth, place(row, &rng, sent));
			sent++;
		}
	}
	return (double)(mz_now_ns() - start) / row->reads;
}

static double by_pread(const struct row *row)
{
	struct rng rng = {.state = 1};
	uint64_t start = mz_now_ns();

	for (unsigned i = 0; i < row->reads; i++)
		must(pread(file, buffer, row->bytes, (off_t)place(row, &rng, i)) ==
		     (ssize_t)row->bytes);
	return (double)(mz_now_ns() - start) / row->reads;
}

static int ascending(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static void measure(const struct row *row)
{
	double ring[RUNS], bare[RUNS], ratio[RUNS];

	for (unsigned i = 0; i < RUNS; i++) {
		ring[i] = by_ring(row);
		bare[i] = by_pread(row);
		ratio[i] = ring[i] / bare[i];
	}
	qsort(ring, RUNS, sizeof(ring[0]), ascending);
	qsort(bare, RUNS, sizeof(bare[0]), ascending);
	qsort(ratio, RUNS, sizeof(ratio[0]), ascending);
	printf("%-22s %10.1f %10.1f %8.2f\n", row->name, ring[RUNS / 2] / 1000,
	       bare[RUNS / 2] / 1000, ratio[RUNS / 2]);
}

int main(void)
{
	const struct mz_disk config = {.path = path};

	buffer = malloc(1 << 17);
	must(buffer != NULL);
	make_file();
	driver_open(&driver);
	must(!mz_block_open(&disk, &config, &driver.place, &failure));
	driver_attach(&driver, disk);
	driver_begin(&driver, UINT64_MAX);
	printf("%-22s %10s %10s %8s\n", "read", "ring us", "pread us", "ratio");
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		measure(&rows[i]);
	mz_virtio_close(disk);
	driver_close(&driver);
	close(file);
	unlink(path);
	free(buffer);
	return 0;
}
