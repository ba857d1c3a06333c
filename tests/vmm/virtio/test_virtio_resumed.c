// SPDX-License-Identifier: MPL-2.0
/* Each kind of virtio device goes on from its state, with nothing lost and nothing done twice. */
#include <fcntl.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/must.h"
#include "tests/vmm/saved.h"
#include "tests/suite.h"
#include "tests/vmm/virtio/virtio_driver.h"
#include "vmm/memory/frozen.h"
#include "vmm/virtio/balloon.h"
#include "vmm/virtio/block.h"
#include "vmm/virtio/entropy.h"
#include "vmm/virtio/net.h"
#include "vmm/virtio/terminal.h"

#define ALL  UINT64_MAX
#define OUT  DRIVER_BUFFERS
#define IN   (DRIVER_BUFFERS + 0x100000)
#define PAGE 4096u

static struct driver driver;
static struct mz_virtio *virtio;
static struct mz_failure failure;

static void go_over(void *thing, struct mz_state *state)
{
	mz_virtio_state(thing, state);
}

static struct saved_thing it(void)
{
	return (struct saved_thing) {go_over, virtio};
}

static void begin(void)
{
	driver_attach(&driver, virtio);
	driver_begin(&driver, ALL);
}

static void end(void)
{
	mz_virtio_close(virtio);
	driver_close(&driver);
}

/* Saves, lets the driver reset the device, and puts back what was; the thread does not run. */
static void save_reset_and_load(void)
{
	struct saved_thing thing = it();
	struct mz_state saved = saved_of(&thing);

	driver_write(&driver, REG_STATUS, 0);
	saved_put_back(&thing, &saved);
	mz_state_free(&saved);
}

static void restart(void)
{
	must(!mz_virtio_start(virtio, &failure));
}

static void *at(uint64_t gpa)
{
	return driver_at(&driver, gpa);
}

/* Guest memory gets one window instead of two, while the device is stopped. */
static void move_memory(void)
{
	must_say(!mz_ram_share(&driver.ram, &failure), "%s", failure.text);
	mz_virtio_moved(virtio);
	for (unsigned i = 0; i < MZ_VIRTIO_QUEUES; i++) {
		struct driver_queue *queue = &driver.queues[i];

		if (!queue->size)
			continue;
		queue->table = at(queue->table_gpa);
		queue->available = at(queue->available_gpa);
		queue->used = at(queue->used_gpa);
	}
}

/* ---- Entropy ---- */

START_TEST(entropy_goes_on)
{
	const struct driver_part parts[] = {{IN, 64, true}};

	driver_open(&driver);
	must(!mz_entropy_open(&virtio, &driver.place, &failure));
	begin();
	must_equal(driver_do(&driver, 0, parts, 1), 64);
	mz_virtio_stop(virtio);
	save_reset_and_load();
	restart();
	must_equal(driver_do(&driver, 0, parts, 1), 64);
	end();
}
END_TEST

/* ---- Balloon ---- */

START_TEST(a_balloon_goes_on_with_what_it_asked_for_and_was_given)
{
	const struct driver_part parts[] = {{OUT, 4, false}};
	struct saved_thing thing;
	struct mz_state saved;

	driver_open(&driver);
	must(!mz_balloon_open(&virtio, 8 * PAGE, &driver.place, &failure));
	begin();
	driver_write(&driver, REG_CONFIG + 4, 5);
	thing = it();
	saved = saved_of(&thing);
	driver_write(&driver, REG_CONFIG + 4, 6);
	mz_balloon_set(virtio, 9 * PAGE);
	saved_put_back(&thing, &saved);
	must_equal(driver_read(&driver, REG_CONFIG), 8);
	must_equal(driver_read(&driver, REG_CONFIG + 4), 5);
	*(uint32_t *)at(OUT) = IN / PAGE;
	must_equal(driver_do(&driver, 0, parts, 1), 0);
	must_equal(mz_balloon_stats(virtio).taken_bytes, PAGE);
	mz_state_free(&saved);
	end();
}
END_TEST

/* ---- Disk ---- */

#define SECTOR   512u
#define REQUESTS 5u

static char path[] = "/tmp/mezz-disk-XXXXXX";

static void open_disk(unsigned sectors)
{
	const struct mz_disk disk = {.path = path};
	int file;

	strcpy(path + strlen(path) - 6, "XXXXXX");
	file = mkstemp(path);
	must(file >= 0 && !ftruncate(file, (off_t)sectors * SECTOR));
	close(file);
	driver_open(&driver);
	must(!mz_block_open(&virtio, &disk, &driver.place, &failure));
	begin();
}

static void end_disk(void)
{
	end();
	unlink(path);
}

/* Writes and reads in turn, each of a sector of its own. */
static void send_requests(uint8_t fill)
{
	for (unsigned i = 0; i < REQUESTS; i++) {
		const struct virtio_blk_outhdr header = {
			.type = fill ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN, .sector = i};
		uint64_t data = (fill ? OUT : IN) + 0x1000 * (i + 1);
		const struct driver_part parts[] = {
			{OUT + 16 * i, 16, false}, {data, SECTOR, !fill}, {IN + i, 1, true}};

		memcpy(at(OUT + 16 * i), &header, sizeof(header));
		memset(at(data), fill + (int)i, SECTOR);
		*(uint8_t *)at(IN + i) = 0xee;
		driver_send(&driver, 0, parts, 3);
	}
}

static void take_answers(void)
{
	uint32_t written;

	for (unsigned i = 0; i < REQUESTS; i++)
		driver_wait(&driver, 0, &written);
	for (unsigned i = 0; i < REQUESTS; i++)
		must_equal(*(uint8_t *)at(IN + i), VIRTIO_BLK_S_OK);
}

/* It is stopped while requests are under way, and each time at another point. */
START_TEST(a_disk_goes_on_with_requests_under_way)
{
	open_disk(64);
	for (unsigned round = 0; round < 100; round++) {
		uint8_t fill = (uint8_t)(1 + round);

		send_requests(fill);
		mz_virtio_stop(virtio);
		save_reset_and_load();
		restart();
		take_answers();
		send_requests(0);
		take_answers();
		for (unsigned i = 0; i < REQUESTS; i++)
			must_equal(*(uint8_t *)at(IN + 0x1000 * (i + 1) + 7), fill + i);
	}
	end_disk();
}
END_TEST

/* Nothing that is under way may point to where memory was. */
START_TEST(a_disk_goes_on_when_memory_has_moved)
{
	open_disk(64);
	for (unsigned i = 0; i < 10; i++) {
		send_requests((uint8_t)(i % 2 ? 0 : i + 1));
		usleep(100 * i);
		mz_virtio_stop(virtio);
		if (i == 4)
			move_memory();
		restart();
		take_answers();
	}
	must(driver.ram.cow);
	end_disk();
}
END_TEST

START_TEST(a_disk_of_another_size_is_refused)
{
	struct saved_thing thing;
	struct mz_state saved;

	open_disk(64);
	thing = it();
	saved = saved_of(&thing);
	end_disk();
	open_disk(65);
	thing = it();
	must_equal(saved_load(&thing, saved.bytes, saved.size, &failure), -1);
	must_say(strcmp(failure.text, "virtio-block: the disk had another size") == 0, "%s",
		 failure.text);
	must_equal(driver_read(&driver, REG_STATUS), 0);
	mz_state_free(&saved);
	end_disk();
}
END_TEST

/* ---- Network ---- */

/* Buffers that the device holds to wait with are the driver's again, and are found again. */
START_TEST(a_network_device_goes_on_with_the_buffers_that_wait)
{
	const struct driver_part parts[] = {{IN, 2048, true}};
	const size_t header = sizeof(struct virtio_net_hdr_v1);
	char frame[60] = "a frame";
	uint32_t written;
	int ends[2];

	must(!socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends));
	driver_open(&driver);
	must(!mz_net_open_descriptor(&virtio, ends[1], 3, &driver.place, &failure));
	begin();
	for (unsigned i = 0; i < 8; i++) {
		driver_send(&driver, 0, parts, 1);
		poll(NULL, 0, (int)i % 3); /* it may have taken the buffer */
		mz_virtio_stop(virtio);
		save_reset_and_load();
		must(write(ends[0], frame, sizeof(frame)) == sizeof(frame));
		restart();
		driver_wait(&driver, 0, &written);
		must_equal(written, header + sizeof(frame));
		must(memcmp((char *)at(IN) + header, frame, sizeof(frame)) == 0);
	}
	end();
	close(ends[0]);
}
END_TEST

/* ---- Console ---- */

#define LONG 0x10000u /* bytes of a chain, as many as a pipe holds by default */

static struct mz_console console;
static int input[2], output[2];
static unsigned char seen[LONG + PAGE];

static void open_console(void)
{
	driver_open(&driver);
	must(!pipe2(input, O_CLOEXEC) && !pipe2(output, O_CLOEXEC));
	must(fcntl(output[1], F_SETPIPE_SZ, (int)PAGE) >= 0);
	must(!mz_console_init(&console, input[0], output[1], &failure));
	must(!mz_terminal_open(&virtio, &console, true, &driver.place, &failure));
	begin();
}

static void close_console(void)
{
	end();
	mz_console_destroy(&console);
	for (unsigned i = 0; i < 2; i++) {
		close(input[i]);
		close(output[i]);
	}
}

static void *stop(void *context)
{
	mz_virtio_stop(context);
	return NULL;
}

/* What is there now, or soon. */
static size_t read_some(size_t count)
{
	struct pollfd fd = {.fd = output[0], .events = POLLIN};
	ssize_t got;

	if (poll(&fd, 1, 1) != 1)
		return count;
	got = read(output[0], seen + count, PAGE);
	must(got > 0);
	return count + (size_t)got;
}

/* Stops a device that waits for who reads its output: that it is to stop, it knows first. */
static size_t stop_and_read(size_t count)
{
	pthread_t stopper;

	must(!pthread_create(&stopper, NULL, stop, virtio));
	while (!__atomic_load_n(&virtio->quit, __ATOMIC_ACQUIRE))
		usleep(1000);
	do
		count = read_some(count);
	while (pthread_tryjoin_np(stopper, NULL));
	return count;
}

START_TEST(a_console_goes_on_in_the_middle_of_a_chain)
{
	const struct driver_part parts[] = {{OUT, LONG - 5, false}, {OUT + LONG - 5, 5, false}};
	struct pollfd fd = {.fd = output[0], .events = POLLIN};
	unsigned char *sent = at(OUT);
	size_t count = 0;
	uint32_t written;

	for (unsigned i = 0; i < LONG; i++)
		sent[i] = (unsigned char)(i * 7 + i / 256);
	driver_send(&driver, 1, parts, 2);
	must(poll(&fd, 1, 10000) == 1);
	for (unsigned i = 0; i < 3; i++) {
		count = stop_and_read(count);
		save_reset_and_load();
		restart();
	}
	must(!driver_given(&driver, 1, &(uint16_t) {0}, &written));
	while (count < LONG)
		count = read_some(count);
	driver_wait(&driver, 1, &written);
	must(memcmp(seen, sent, LONG) == 0);
	must_equal(poll(&fd, 1, 20), 0);
}
END_TEST

START_TEST(what_is_typed_while_a_console_is_away_is_received)
{
	const struct driver_part parts[] = {{IN, 16, true}};
	uint32_t written;

	driver_send(&driver, 0, parts, 1);
	mz_virtio_stop(virtio);
	save_reset_and_load();
	must(write(input[1], "typed", 5) == 5 && mz_console_feed(&console));
	restart();
	driver_wait(&driver, 0, &written);
	must_equal(written, 5);
	must(memcmp(at(IN), "typed", 5) == 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("virtio devices that go on");
	TCase *small = tcase_create("entropy, balloon, network");
	TCase *disk = tcase_create("disk");
	TCase *terminal = tcase_create("console");

	tcase_set_timeout(small, 60);
	tcase_add_test(small, entropy_goes_on);
	tcase_add_test(small, a_balloon_goes_on_with_what_it_asked_for_and_was_given);
	tcase_add_test(small, a_network_device_goes_on_with_the_buffers_that_wait);
	suite_add_tcase(suite, small);

	tcase_set_timeout(disk, 60);
	tcase_add_test(disk, a_disk_goes_on_with_requests_under_way);
	tcase_add_test(disk, a_disk_goes_on_when_memory_has_moved);
	tcase_add_test(disk, a_disk_of_another_size_is_refused);
	suite_add_tcase(suite, disk);

	tcase_add_checked_fixture(terminal, open_console, close_console);
	tcase_set_timeout(terminal, 60);
	tcase_add_test(terminal, a_console_goes_on_in_the_middle_of_a_chain);
	tcase_add_test(terminal, what_is_typed_while_a_console_is_away_is_received);
	suite_add_tcase(suite, terminal);
	return suite_run(suite);
}
