// SPDX-License-Identifier: MPL-2.0
/* The virtio disk where the kernel does not do its part of the transfers. */
#include <dlfcn.h>
#include <errno.h>
#include <linux/virtio_blk.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch/linux/arena.h"
#include "arch/x86/ept.h"
#include "ept/change.h"
#include "ept/dirty.h"
#include "tests/must.h"
#include "tests/suite.h"
#include "tests/vmm/virtio/virtio_driver.h"
#include "vmm/virtio/block.h"
#include "vmm/virtio/block_ring.h"

#define SECTOR    512u
#define PATTERN   0x5a /* the second byte of the disk's one sector */
#define HEADER    DRIVER_BUFFERS
#define STATUS    (DRIVER_BUFFERS + 0x800)
#define DATA      (DRIVER_BUFFERS + 0x1000)
#define UNTOUCHED 0xee /* a status that the device never gives */

static struct driver driver;
static struct mz_virtio *disk;
static struct mz_failure failure;

/* What submitting answers instead of doing it, and what waiting does; 0: both do as ever. */
static int submit_answer, wait_error;

#ifdef MZ_HAVE_URING
struct io_uring;
struct io_uring_cqe;

/* These stand before those of the library. */
int io_uring_submit(struct io_uring *ring);
int __io_uring_get_cqe(struct io_uring *ring, struct io_uring_cqe **cqe, unsigned submit,
		       unsigned wait_nr, sigset_t *mask);

int io_uring_submit(struct io_uring *ring)
{
	int (*real)(struct io_uring *);

	*(void **)&real = dlsym(RTLD_NEXT, __func__);
	return submit_answer ? submit_answer : real(ring);
}

int __io_uring_get_cqe(struct io_uring *ring, struct io_uring_cqe **cqe, unsigned submit,
		       unsigned wait_nr, sigset_t *mask)
{
	int (*real)(struct io_uring *, struct io_uring_cqe **, unsigned, unsigned, sigset_t *);

	*(void **)&real = dlsym(RTLD_NEXT, __func__);
	return wait_error ? wait_error : real(ring, cqe, submit, wait_nr, mask);
}
#endif

static void set_up(void)
{
	char path[] = "/tmp/mezz-disk-XXXXXX";
	const struct mz_disk config = {.path = path};
	int file = mkstemp(path);

	must(file >= 0);
	must(!ftruncate(file, SECTOR));
	must(pwrite(file, &(char) {PATTERN}, 1, 1) == 1);
	close(file);
	driver_open(&driver);
	must(!mz_block_open(&disk, &config, &driver.place, &failure));
	unlink(path);
	driver_attach_idle(&driver, disk);
	driver_begin(&driver, UINT64_MAX);
	submit_answer = wait_error = 0;
}

static void tear_down(void)
{
	mz_virtio_close(disk);
	driver_close(&driver);
}

/* check calls the function of a test by its name and _fn. */
static bool have_ring(const char *function)
{
	struct mz_block_ring *ring = mz_block_ring_open();

	if (!ring)
		printf("# SKIP %.*s: no io_uring\n", (int)strlen(function) - 3, function);
	mz_block_ring_close(ring);
	return ring != NULL;
}

/* Reads of a sector each. */
static void put_reads(unsigned first, unsigned end)
{
	static const struct virtio_blk_outhdr header = {.type = VIRTIO_BLK_T_IN};

	memcpy(driver_at(&driver, HEADER), &header, sizeof(header));
	for (unsigned i = first; i < end; i++) {
		const struct driver_part parts[] = {{HEADER, sizeof(header), false},
						    {DATA + SECTOR * i, SECTOR, true},
						    {STATUS + i, 1, true}};

		*(uint8_t *)driver_at(&driver, STATUS + i) = UNTOUCHED;
		driver_send(&driver, 0, parts, 3);
	}
}

static void send_reads(unsigned first, unsigned end)
{
	put_reads(first, end);
	mz_virtio_turn_(disk);
}

static void expect_given(unsigned count)
{
	uint32_t written;
	uint16_t head;

	for (unsigned i = 0; i < count; i++)
		must(driver_given(&driver, 0, &head, &written));
	must(!driver_given(&driver, 0, &head, &written));
}

static void expect_reads(unsigned first, unsigned end, uint8_t status)
{
	for (unsigned i = first; i < end; i++) {
		const unsigned char *data = driver_at(&driver, DATA + SECTOR * i);

		must_equal(*(uint8_t *)driver_at(&driver, STATUS + i), status);
		if (status == VIRTIO_BLK_S_OK)
			must_equal(data[1], PATTERN);
	}
}

START_TEST(what_the_kernel_does_not_take_is_done_without_it)
{
	static const int answers[] = {-EBADF, -EINVAL, -ENOMEM, -EAGAIN, -EBUSY};

	if (!have_ring(__func__))
		return;
	submit_answer = answers[_i];
	send_reads(0, 5);
	expect_given(5);
	expect_reads(0, 5, VIRTIO_BLK_S_OK);
	submit_answer = 0;
	send_reads(0, 5);
	expect_given(5);
	expect_reads(0, 5, VIRTIO_BLK_S_OK);
}
END_TEST

START_TEST(what_the_kernel_never_tells_of_has_failed)
{
	if (!have_ring(__func__))
		return;
	submit_answer = 1;
	wait_error = -EBADF;
	send_reads(0, 3);
	expect_given(0);
	submit_answer = -EBADF;
	send_reads(3, 5);
	expect_given(5);
	expect_reads(0, 3, VIRTIO_BLK_S_IOERR);
	expect_reads(3, 5, VIRTIO_BLK_S_OK);
}
END_TEST

START_TEST(a_disk_that_has_lost_requests_can_be_stopped)
{
	if (!have_ring(__func__))
		return;
	submit_answer = 1;
	wait_error = -EBADF;
	send_reads(0, 5);
	must(!mz_virtio_start(disk, &failure));
	mz_virtio_stop(disk);
	expect_given(5);
	expect_reads(0, 5, VIRTIO_BLK_S_IOERR);
}
END_TEST

/* ---- Who wants to know of writes ---- */

static struct mz_arena arena;
static struct mz_space space;
static struct mz_region regions[1];
static struct mz_dirty dirty;

static void watch_writes(void)
{
	struct mz_config config = {.format = &mz_ept};
	const struct mz_region ram = {.bytes = DRIVER_RAM, .kind = MZ_REGION_RAM};

	must(!mz_arena_init(&arena, (uint64_t)1 << 20, mz_ept.page_lg2));
	config.memory = arena.memory;
	must(!mz_space_init(&space, &config, NULL, regions, 1));
	must(!mz_space_add(&space, &ram));
	mz_space_log_writes(&space);
	must(!mz_dirty_start(&dirty, &space, 0));
	disk->memory.space = &space;
}

static void watch_no_more(void)
{
	disk->memory.space = NULL;
	mz_dirty_stop(&dirty);
	mz_space_destroy(&space);
	mz_arena_destroy(&arena);
}

static bool is_told(uint64_t gpa)
{
	uint64_t word;

	must(!mz_dirty_collect(&dirty, mz_ia_from(gpa), MZ_RAM_PAGE));
	mz_dirty_bitmap(&dirty, mz_ia_from(gpa), MZ_RAM_PAGE, &word);
	return word != 0;
}

START_TEST(what_a_disk_has_read_when_it_breaks_is_told_of)
{
	const struct driver_part no_header = {HEADER, 1, false};
	const unsigned char *data = driver_at(&driver, DATA);

	watch_writes();
	put_reads(0, 1);
	driver_send(&driver, 0, &no_header, 1);
	mz_virtio_turn_(disk);
	must(mz_virtio_stats(disk).broken != NULL);
	driver_write(&driver, REG_STATUS, 0); /* after all that is under way */
	must_equal(data[1], PATTERN);
	must(is_told(DATA));
	watch_no_more();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("virtio block ring");
	TCase *tcase = tcase_create("transfers");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, what_the_kernel_does_not_take_is_done_without_it, 0, 5);
	tcase_add_test(tcase, what_the_kernel_never_tells_of_has_failed);
	tcase_add_test(tcase, a_disk_that_has_lost_requests_can_be_stopped);
	tcase_add_test(tcase, what_a_disk_has_read_when_it_breaks_is_told_of);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
