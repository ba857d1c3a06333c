// SPDX-License-Identifier: MPL-2.0
/* The virtio disk, driven through its registers and its ring, against the file behind it. */
#include <fcntl.h>
#include <linux/virtio_blk.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/must.h"
#include "tests/suite.h"
#include "tests/vmm/virtio/virtio_driver.h"
#include "tests/vmm/virtio/virtio_hostile.h"
#include "vmm/virtio/block.h"

#define SECTORS   2048u
#define SECTOR    512u
#define ALL       UINT64_MAX
#define HEADER    DRIVER_BUFFERS
#define STATUS    (DRIVER_BUFFERS + 0x800)
#define DATA      (DRIVER_BUFFERS + 0x1000)
#define UNTOUCHED 0xee /* a status that the device never gives */

static struct driver driver;
static struct mz_virtio *disk;
static struct mz_failure failure;
static char path[] = "/tmp/mezz-disk-XXXXXX";
static int file;
static unsigned flushes;

/* This stands before that of the library. */
int fdatasync(int fd)
{
	__atomic_fetch_add(&flushes, 1, __ATOMIC_RELAXED);
	return (int)syscall(SYS_fdatasync, fd);
}

static unsigned char byte_of(uint64_t offset)
{
	return (unsigned char)(offset / SECTOR * 7 + offset % SECTOR);
}

static void make_file(void)
{
	unsigned char sector[SECTOR];

	strcpy(path + strlen(path) - 6, "XXXXXX");
	file = mkstemp(path);
	must(file >= 0);
	for (unsigned s = 0; s < SECTORS; s++) {
		for (unsigned i = 0; i < SECTOR; i++)
			sector[i] = byte_of((uint64_t)s * SECTOR + i);
		must(write(file, sector, SECTOR) == SECTOR);
	}
}

static void begin(bool read_only)
{
	const struct mz_disk config = {.path = path, .read_only = read_only};

	make_file();
	driver_open(&driver);
	must(!mz_block_open(&disk, &config, &driver.place, &failure));
	driver_attach(&driver, disk);
	driver_begin(&driver, ALL);
}

static void set_up(void)
{
	begin(false);
}

static void set_up_read_only(void)
{
	begin(true);
}

static void tear_down(void)
{
	mz_virtio_close(disk);
	driver_close(&driver);
	close(file);
	unlink(path);
}

static void *at(uint64_t gpa)
{
	return driver_at(&driver, gpa);
}

/* Does a request with data in two unequal parts; answers its status. */
static uint8_t request(uint32_t type, uint64_t sector, uint32_t bytes, bool in)
{
	const struct virtio_blk_outhdr header = {.type = type, .sector = sector};
	struct driver_part parts[4] = {{HEADER, sizeof(header), false}};
	uint32_t first = bytes > 100 ? 100 : bytes;
	uint8_t *status = at(STATUS);

	memcpy(at(HEADER), &header, sizeof(header));
	*status = UNTOUCHED;
	parts[1] = (struct driver_part) {DATA, first, in};
	parts[2] = (struct driver_part) {DATA + first, bytes - first, in};
	parts[3] = (struct driver_part) {STATUS, 1, true};
	must_equal(driver_do(&driver, 0, parts, 4), (in ? bytes : 0) + 1);
	return *status;
}

static void expect_file(uint64_t offset, const void *expected, size_t bytes)
{
	unsigned char *found = malloc(bytes);

	must(pread(file, found, bytes, (off_t)offset) == (ssize_t)bytes);
	must(memcmp(found, expected, bytes) == 0);
	free(found);
}

/* ---- What a driver should do ---- */

START_TEST(the_disk_describes_itself)
{
	must_equal(driver_read(&driver, REG_DEVICE_ID), 2);
	must_equal(driver_read(&driver, REG_CONFIG), SECTORS);
	must_equal(driver_read(&driver, REG_CONFIG + 4), 0);
	must_equal(driver.features >> VIRTIO_BLK_F_RO & 1, _i);
	must_equal(driver.features >> VIRTIO_BLK_F_DISCARD & 1, !_i);
	must_equal(driver.features >> VIRTIO_BLK_F_FLUSH & 1, 1);
}
END_TEST

START_TEST(sectors_are_read)
{
	const unsigned char *data = at(DATA);

	must_equal(request(VIRTIO_BLK_T_IN, 5, 3 * SECTOR, true), VIRTIO_BLK_S_OK);
	for (unsigned i = 0; i < 3 * SECTOR; i++)
		must_equal(data[i], byte_of(5 * SECTOR + i));
	must_equal(request(VIRTIO_BLK_T_IN, SECTORS - 1, SECTOR, true), VIRTIO_BLK_S_OK);
	must_equal(data[17], byte_of((uint64_t)(SECTORS - 1) * SECTOR + 17));
	must_equal(request(VIRTIO_BLK_T_IN, 0, SECTORS * SECTOR, true), VIRTIO_BLK_S_OK);
	must_equal(data[SECTORS * SECTOR - 1], byte_of(SECTORS * SECTOR - 1));
}
END_TEST

START_TEST(sectors_are_written)
{
	driver_begin(&driver, _i ? ALL : MZ_VIRTIO_F_VERSION_1); /* without flush: for good */
	memset(at(DATA), 0x5a, 2 * SECTOR);
	must_equal(request(VIRTIO_BLK_T_OUT, 7, 2 * SECTOR, false), VIRTIO_BLK_S_OK);
	expect_file(7 * SECTOR, at(DATA), 2 * SECTOR);
	must_equal(request(VIRTIO_BLK_T_FLUSH, 0, 0, false), VIRTIO_BLK_S_OK);
	must_equal(request(VIRTIO_BLK_T_IN, 6, SECTOR, true), VIRTIO_BLK_S_OK);
	must_equal(*(unsigned char *)at(DATA), byte_of(6 * SECTOR));
}
END_TEST

START_TEST(requests_may_be_cut_anywhere)
{
	const struct virtio_blk_outhdr header = {.type = VIRTIO_BLK_T_IN, .sector = 9};
	const struct driver_part parts[] = {{HEADER, 3, false},
					    {HEADER + 3, 13, false},
					    {DATA, SECTOR - 1, true},
					    {DATA + SECTOR - 1, 2, true}};
	const unsigned char *data = at(DATA);

	memcpy(at(HEADER), &header, sizeof(header));
	must_equal(driver_do(&driver, 0, parts, 4), SECTOR + 1);
	must_equal(data[SECTOR - 1], byte_of(10 * SECTOR - 1));
	must_equal(data[SECTOR], VIRTIO_BLK_S_OK);
}
END_TEST

START_TEST(many_requests_are_under_way_at_once)
{
	uint32_t written;

	for (unsigned round = 0; round < 50; round++) {
		for (unsigned i = 0; i < 5; i++) {
			const struct virtio_blk_outhdr header = {.type = VIRTIO_BLK_T_IN,
								 .sector = round + i};
			const struct driver_part parts[] = {{HEADER + 64 * i, 16, false},
							    {DATA + SECTOR * i, SECTOR, true},
							    {STATUS + i, 1, true}};

			memcpy(at(HEADER + 64 * i), &header, sizeof(header));
			driver_send(&driver, 0, parts, 3);
		}
		for (unsigned i = 0; i < 5; i++)
			driver_wait(&driver, 0, &written);
		for (unsigned i = 0; i < 5; i++)
			must_equal(*(unsigned char *)at(DATA + SECTOR * i),
				   byte_of((uint64_t)(round + i) * SECTOR));
	}
}
END_TEST

#define READS       5u
#define READ_BYTES  (SECTORS / READS * SECTOR)
#define READ_ROUNDS 30u

/* From the disk itself, for else the kernel has done all of it at once. */
static void send_long_reads(void)
{
	must(!fsync(file) && !posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED));
	for (unsigned i = 0; i < READS; i++) {
		const struct virtio_blk_outhdr header = {.type = VIRTIO_BLK_T_IN,
							 .sector = i * (SECTORS / READS)};
		const struct driver_part parts[] = {
			{HEADER + 64 * i, sizeof(header), false},
			{DATA + (uint64_t)READ_BYTES * i, READ_BYTES, true},
			{STATUS + i, 1, true}};

		memcpy(at(HEADER + 64 * i), &header, sizeof(header));
		*(uint8_t *)at(STATUS + i) = UNTOUCHED;
		driver_send(&driver, 0, parts, 3);
	}
}

START_TEST(what_is_under_way_when_the_disk_is_stopped_arrives)
{
	uint32_t written;
	uint16_t head;

	for (unsigned round = 1; round <= READ_ROUNDS; round++) {
		send_long_reads();
		while (mz_virtio_stats(disk).counts.chains < (uint64_t)round * READS)
			sched_yield();
		mz_virtio_stop(disk);
		for (unsigned i = 0; i < READS; i++) {
			must(driver_given(&driver, 0, &head, &written));
			must_equal(*(uint8_t *)at(STATUS + i), VIRTIO_BLK_S_OK);
			must_equal(*(unsigned char *)at(DATA + (uint64_t)READ_BYTES * i),
				   byte_of((uint64_t)READ_BYTES * i));
		}
		must(!mz_virtio_start(disk, &failure));
	}
}
END_TEST

START_TEST(the_disk_has_a_name)
{
	must_equal(request(VIRTIO_BLK_T_GET_ID, 0, 20, true), VIRTIO_BLK_S_OK);
	must(strncmp(at(DATA), path + strlen("/tmp/"), 20) == 0);
	must_equal(request(VIRTIO_BLK_T_GET_ID, 0, 19, true), VIRTIO_BLK_S_IOERR);
}
END_TEST

static uint8_t change(uint32_t type, uint64_t sector, uint32_t sectors, uint32_t flags)
{
	const struct virtio_blk_discard_write_zeroes range = {
		.sector = sector, .num_sectors = sectors, .flags = flags};

	memcpy(at(DATA), &range, sizeof(range));
	return request(type, 0, sizeof(range), false);
}

START_TEST(ranges_are_discarded_and_zeroed)
{
	static const unsigned char zeroes[64 * SECTOR];
	struct stat before, after;

	must(!fstat(file, &before));
	must_equal(change(VIRTIO_BLK_T_DISCARD, 64, 64, 0), VIRTIO_BLK_S_OK);
	must(!fstat(file, &after));
	must(after.st_blocks < before.st_blocks);
	must_equal(after.st_size, before.st_size);
	must_equal(change(VIRTIO_BLK_T_WRITE_ZEROES, 256, 64, 0), VIRTIO_BLK_S_OK);
	expect_file(256 * SECTOR, zeroes, sizeof(zeroes));
	must_equal(change(VIRTIO_BLK_T_WRITE_ZEROES, 512, 64, 1), VIRTIO_BLK_S_OK);
	expect_file(512 * SECTOR, zeroes, sizeof(zeroes));
	must_equal(change(VIRTIO_BLK_T_DISCARD, 0, 0, 0), VIRTIO_BLK_S_OK);
	must_equal(request(VIRTIO_BLK_T_IN, 63, SECTOR, true), VIRTIO_BLK_S_OK);
	must_equal(*(unsigned char *)at(DATA), byte_of(63 * SECTOR));
}
END_TEST

START_TEST(zeroes_are_there_for_good_if_the_driver_cannot_flush)
{
	const uint64_t zero = (uint64_t)1 << VIRTIO_BLK_F_WRITE_ZEROES | MZ_VIRTIO_F_VERSION_1;

	flushes = 0;
	driver_begin(&driver, zero | (uint64_t)1 << VIRTIO_BLK_F_FLUSH);
	must_equal(change(VIRTIO_BLK_T_WRITE_ZEROES, 64, 64, (uint32_t)_i), VIRTIO_BLK_S_OK);
	must_equal(flushes, 0);
	driver_begin(&driver, zero);
	must_equal(change(VIRTIO_BLK_T_WRITE_ZEROES, 64, 64, (uint32_t)_i), VIRTIO_BLK_S_OK);
	must_equal(flushes, 1);
}
END_TEST

/* ---- What it should not ---- */

START_TEST(what_lies_beyond_the_end_fails)
{
	static const uint64_t sectors[] = {
		SECTORS,    SECTORS + 1,         SECTORS - 1,
		UINT64_MAX, UINT64_MAX / SECTOR, (UINT64_MAX - 511) / SECTOR};

	for (unsigned i = 0; i < sizeof(sectors) / sizeof(sectors[0]); i++) {
		must_equal(request(VIRTIO_BLK_T_IN, sectors[i], 2 * SECTOR, true),
			   VIRTIO_BLK_S_IOERR);
		must_equal(request(VIRTIO_BLK_T_OUT, sectors[i], 2 * SECTOR, false),
			   VIRTIO_BLK_S_IOERR);
		must_equal(change(VIRTIO_BLK_T_DISCARD, sectors[i], 2, 0), VIRTIO_BLK_S_IOERR);
		must_equal(change(VIRTIO_BLK_T_WRITE_ZEROES, sectors[i], 2, 0), VIRTIO_BLK_S_IOERR);
	}
	must_equal(lseek(file, 0, SEEK_END), SECTORS * SECTOR);
}
END_TEST

START_TEST(requests_that_make_no_sense_fail)
{
	must_equal(request(VIRTIO_BLK_T_IN, 0, SECTOR + 1, true), VIRTIO_BLK_S_IOERR);
	must_equal(request(VIRTIO_BLK_T_OUT, 0, SECTOR - 1, false), VIRTIO_BLK_S_IOERR);
	must_equal(request(77, 0, SECTOR, true), VIRTIO_BLK_S_UNSUPP);
	must_equal(change(VIRTIO_BLK_T_DISCARD, 0, 1, 1), VIRTIO_BLK_S_UNSUPP);
	must_equal(change(VIRTIO_BLK_T_WRITE_ZEROES, 0, 1, 2), VIRTIO_BLK_S_UNSUPP);
	must_equal(request(VIRTIO_BLK_T_DISCARD, 0, 0, false), VIRTIO_BLK_S_IOERR);
	must_equal(request(VIRTIO_BLK_T_DISCARD, 0, 17, false), VIRTIO_BLK_S_IOERR);
	must_equal(request(VIRTIO_BLK_T_DISCARD, 0, 16 * 33, false), VIRTIO_BLK_S_IOERR);
}
END_TEST

START_TEST(a_request_without_header_or_status_breaks_the_disk)
{
	const struct driver_part no_header[] = {{HEADER, 15, false}, {STATUS, 1, true}};
	const struct driver_part no_status[] = {{HEADER, 16, false}};

	driver_send(&driver, 0, no_header, 2);
	driver_expect_broken(&driver);
	driver_begin(&driver, ALL);
	driver_send(&driver, 0, no_status, 1);
	driver_expect_broken(&driver);
	driver_begin(&driver, ALL);
	must_equal(request(VIRTIO_BLK_T_IN, 0, SECTOR, true), VIRTIO_BLK_S_OK);
}
END_TEST

START_TEST(a_file_that_has_become_shorter_fails_to_read)
{
	must(!ftruncate(file, 10 * SECTOR));
	must_equal(request(VIRTIO_BLK_T_IN, 9, 2 * SECTOR, true), VIRTIO_BLK_S_IOERR);
	must_equal(request(VIRTIO_BLK_T_IN, 9, SECTOR, true), VIRTIO_BLK_S_OK);
}
END_TEST

START_TEST(a_read_only_disk_cannot_be_changed)
{
	must_equal(request(VIRTIO_BLK_T_OUT, 0, SECTOR, false), VIRTIO_BLK_S_IOERR);
	must_equal(change(VIRTIO_BLK_T_DISCARD, 0, 8, 0), VIRTIO_BLK_S_IOERR);
	must_equal(change(VIRTIO_BLK_T_WRITE_ZEROES, 0, 8, 0), VIRTIO_BLK_S_IOERR);
	must_equal(request(VIRTIO_BLK_T_IN, 0, SECTOR, true), VIRTIO_BLK_S_OK);
	must_equal(*(unsigned char *)at(DATA), byte_of(0));
}
END_TEST

START_TEST(files_that_are_no_disks_are_refused)
{
	static const struct {
		const char *path, *words;
	} wrong[] = {
		{"/nowhere", "cannot open /nowhere read-write: No such file"},
		{"/dev/null", "/dev/null is neither a file nor a block device"},
		{"/tmp", "cannot open /tmp read-write"},
	};

	struct mz_virtio *refused;

	for (unsigned i = 0; i < 3; i++) {
		const struct mz_disk config = {.path = wrong[i].path};

		must(mz_block_open(&refused, &config, &driver.place, &failure));
		must(refused == NULL);
		must_equal(failure.status, MZ_STATUS_BAD_ARGUMENT);
		must_say(strstr(failure.text, wrong[i].words) != NULL, "%s", failure.text);
	}
	must(!ftruncate(file, 100));
	must(mz_block_open(&refused, &(struct mz_disk) {.path = path}, &driver.place, &failure));
	must(strstr(failure.text, "no multiple of 512") != NULL);
}
END_TEST

/* Requests that make some sense, for the hostile driver's chains. */
static void fill_requests(struct driver *d, struct rng *rng)
{
	static const uint32_t types[] = {VIRTIO_BLK_T_IN,      VIRTIO_BLK_T_OUT,
					 VIRTIO_BLK_T_FLUSH,   VIRTIO_BLK_T_GET_ID,
					 VIRTIO_BLK_T_DISCARD, VIRTIO_BLK_T_WRITE_ZEROES};
	struct virtio_blk_outhdr header = {.type = types[rng_below(rng, 6)],
					   .sector = rng_below(rng, SECTORS + 8)};

	if (rng_below(rng, 16) == 0)
		header.sector = rng_next(rng);
	if (header.type == VIRTIO_BLK_T_FLUSH && rng_below(rng, 16) != 0)
		header.type = VIRTIO_BLK_T_OUT;
	memcpy(driver_at(d, DRIVER_BUFFERS), &header, sizeof(header));
}

START_TEST(a_driver_that_does_anything_harms_nobody)
{
	hostile_run_seeded(&driver, 20000, fill_requests);
	must_equal(lseek(file, 0, SEEK_END), SECTORS * SECTOR);
	driver_begin(&driver, ALL);
	must_equal(request(VIRTIO_BLK_T_IN, 0, SECTOR, true), VIRTIO_BLK_S_OK);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("virtio block");
	TCase *writable = tcase_create("a disk");
	TCase *read_only = tcase_create("a read-only disk");
	TCase *refused = tcase_create("files");

	tcase_add_checked_fixture(writable, set_up, tear_down);
	tcase_set_timeout(writable, 120);
	tcase_add_loop_test(writable, the_disk_describes_itself, 0, 1);
	tcase_add_test(writable, sectors_are_read);
	tcase_add_loop_test(writable, sectors_are_written, 0, 2);
	tcase_add_test(writable, requests_may_be_cut_anywhere);
	tcase_add_test(writable, many_requests_are_under_way_at_once);
	tcase_add_test(writable, what_is_under_way_when_the_disk_is_stopped_arrives);
	tcase_add_test(writable, the_disk_has_a_name);
	tcase_add_test(writable, ranges_are_discarded_and_zeroed);
	tcase_add_loop_test(writable, zeroes_are_there_for_good_if_the_driver_cannot_flush, 0, 2);
	tcase_add_test(writable, what_lies_beyond_the_end_fails);
	tcase_add_test(writable, requests_that_make_no_sense_fail);
	tcase_add_test(writable, a_request_without_header_or_status_breaks_the_disk);
	tcase_add_test(writable, a_file_that_has_become_shorter_fails_to_read);
	tcase_add_test(writable, a_driver_that_does_anything_harms_nobody);
	suite_add_tcase(suite, writable);

	tcase_add_checked_fixture(read_only, set_up_read_only, tear_down);
	tcase_add_loop_test(read_only, the_disk_describes_itself, 1, 2);
	tcase_add_test(read_only, a_read_only_disk_cannot_be_changed);
	suite_add_tcase(suite, read_only);

	tcase_add_checked_fixture(refused, set_up, tear_down);
	tcase_add_test(refused, files_that_are_no_disks_are_refused);
	suite_add_tcase(suite, refused);
	return suite_run(suite);
}
