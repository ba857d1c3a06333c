// SPDX-License-Identifier: MPL-2.0
/*
 * The socket device. What needs the kernel's half, /dev/vhost-vsock, is left out where there is
 * none: the nested machine has it (tests/linux/).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_vsock.h>
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/must.h"
#include "tests/suite.h"
#include "tests/vmm/virtio/virtio_driver.h"
#include "tests/vmm/virtio/virtio_hostile.h"
#include "vmm/virtio/request.h"
#include "vmm/virtio/vsock.h"

#define DEVICE   "/dev/vhost-vsock"
#define CID      0x4d455a5au
#define PORT     7003u
#define ALL      UINT64_MAX
#define BUFFER   DRIVER_BUFFERS
#define RECEIVED (DRIVER_BUFFERS + 0x10000)
#define ROOM     0x1000u

enum { RX, TX, EVENT };

static struct driver driver;
static struct mz_virtio *virtio;
static struct mz_failure failure;

static bool have_host(void)
{
	return access(DEVICE, R_OK | W_OK) == 0;
}

static bool lacks_host(const char *function)
{
	if (have_host())
		return false;
	printf("# SKIP %.*s: no " DEVICE "\n", (int)strlen(function) - 3, function);
	return true;
}

static void open_driver(void)
{
	driver_open(&driver);
	virtio = NULL;
}

static void open_device(void)
{
	open_driver();
	if (!have_host())
		return;
	must_say(!mz_vsock_open(&virtio, CID, &driver.place, &failure), "%s", failure.text);
	driver_attach(&driver, virtio);
	driver_begin(&driver, ALL);
}

static void close_device(void)
{
	mz_virtio_close(virtio);
	driver_close(&driver);
}

/* ---- What is refused ---- */

static void expect_refused(enum mz_status status)
{
	must_equal(failure.status, status);
	must(!virtio);
}

START_TEST(reserved_context_identifiers_are_refused)
{
	const uint64_t reserved[] = {0, 1, 2, UINT32_MAX, (uint64_t)UINT32_MAX + 4, UINT64_MAX};

	for (unsigned i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		must(mz_vsock_open(&virtio, reserved[i], &driver.place, &failure));
		expect_refused(MZ_STATUS_BAD_ARGUMENT);
	}
	must(mz_cid_right(3) && mz_cid_right(UINT32_MAX - 1));
}
END_TEST

START_TEST(a_host_without_the_device_is_told)
{
	if (have_host()) {
		printf("# SKIP a_host_without_the_device_is_told: there is a " DEVICE "\n");
		return;
	}
	must(mz_vsock_open(&virtio, CID, &driver.place, &failure));
	expect_refused(MZ_STATUS_HOST_LACKS);
	must_say(strstr(failure.text, DEVICE) != NULL, "%s", failure.text);
}
END_TEST

START_TEST(what_is_no_vhost_is_refused_and_closed)
{
	int fd = memfd_create("no vhost", MFD_CLOEXEC);

	must(mz_vsock_open_descriptor(&virtio, fd, CID, &driver.place, &failure));
	expect_refused(MZ_STATUS_HOST_LACKS);
	must(fcntl(fd, F_GETFD) < 0 && errno == EBADF);
}
END_TEST

START_TEST(a_context_identifier_that_is_taken_is_refused)
{
	struct mz_virtio *other;

	if (lacks_host(__func__))
		return;
	must(mz_vsock_open(&other, CID, &driver.place, &failure));
	must_equal(failure.status, MZ_STATUS_BAD_ARGUMENT);
	must(!mz_vsock_open(&other, CID + 1, &driver.place, &failure));
	mz_virtio_close(other);
}
END_TEST

/* ---- A connection ---- */

/* The guest's half of one, by the packets of 5.10.6. The host keeps those that ended for a while.
 */
static uint32_t guest_port;

static void send_packet(uint16_t op, const void *payload, uint32_t bytes)
{
	const struct driver_part parts[] = {{BUFFER, sizeof(struct virtio_vsock_hdr), false},
					    {BUFFER + 0x100, bytes, false}};
	const struct virtio_vsock_hdr header = {
		.src_cid = CID,
		.dst_cid = VMADDR_CID_HOST,
		.src_port = guest_port,
		.dst_port = PORT,
		.len = bytes,
		.type = VIRTIO_VSOCK_TYPE_STREAM,
		.op = op,
		.buf_alloc = 0x10000,
	};

	memcpy(driver_at(&driver, BUFFER), &header, sizeof(header));
	if (bytes > 0)
		memcpy(driver_at(&driver, BUFFER + 0x100), payload, bytes);
	must_equal(driver_do(&driver, TX, parts, bytes > 0 ? 2 : 1), 0);
}

static void offer_room(void)
{
	const struct driver_part parts[] = {{RECEIVED, ROOM, true}};

	driver_send(&driver, RX, parts, 1);
}

/*
 * The next packet must be this one, but for news of the host's buffers and of connections that have
 * ended; answers its payload.
 */
static const void *expect_packet(uint16_t op, uint32_t bytes)
{
	const struct virtio_vsock_hdr *header = driver_at(&driver, RECEIVED);
	uint32_t written;

	driver_wait(&driver, RX, &written);
	while (header->op == VIRTIO_VSOCK_OP_CREDIT_UPDATE || header->dst_port != guest_port) {
		offer_room();
		driver_wait(&driver, RX, &written);
	}
	must_equal(header->op, op);
	must_equal(header->dst_cid, CID);
	must_equal(header->len, bytes);
	must_equal(written, sizeof(*header) + bytes);
	return header + 1;
}

static int listen_on_host(void)
{
	const struct sockaddr_vm address = {
		.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = PORT};
	const struct timeval patience = {.tv_sec = 10};
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0 && !bind(fd, (const struct sockaddr *)&address, sizeof(address)));
	must(!setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)));
	must(!listen(fd, 1));
	return fd;
}

static int connect_to_host(void)
{
	int listening = listen_on_host(), fd;

	guest_port = (uint32_t)getpid();
	offer_room();
	send_packet(VIRTIO_VSOCK_OP_REQUEST, NULL, 0);
	expect_packet(VIRTIO_VSOCK_OP_RESPONSE, 0);
	fd = accept(listening, NULL, NULL);
	must(fd >= 0);
	close(listening);
	return fd;
}

static void expect_both_ways(int fd)
{
	char got[8] = "";

	send_packet(VIRTIO_VSOCK_OP_RW, "hello", 5);
	must(recv(fd, got, sizeof(got), 0) == 5 && memcmp(got, "hello", 5) == 0);
	offer_room();
	must(send(fd, "world", 5, 0) == 5);
	must(memcmp(expect_packet(VIRTIO_VSOCK_OP_RW, 5), "world", 5) == 0);
}

START_TEST(the_device_is_a_socket_with_its_identifier)
{
	if (lacks_host(__func__))
		return;
	must_equal(driver_read(&driver, REG_DEVICE_ID), 19);
	must_equal(driver_read(&driver, REG_CONFIG), CID);
	must_equal(driver_read(&driver, REG_CONFIG + 4), 0);
}
END_TEST

START_TEST(bytes_go_both_ways)
{
	int fd;

	if (lacks_host(__func__))
		return;
	fd = connect_to_host();
	expect_both_ways(fd);
	close(fd);
}
END_TEST

START_TEST(without_events_bytes_go_both_ways)
{
	int fd;

	if (lacks_host(__func__))
		return;
	driver_begin(&driver, MZ_VIRTIO_F_VERSION_1);
	fd = connect_to_host();
	expect_both_ways(fd);
	close(fd);
}
END_TEST

START_TEST(a_connection_outlasts_a_stop)
{
	uint32_t written;
	uint16_t head;
	int fd;

	if (lacks_host(__func__))
		return;
	fd = connect_to_host();
	for (unsigned i = 0; i < 20; i++) {
		expect_both_ways(fd);
		offer_room();
		mz_virtio_stop(virtio);
		must(send(fd, "while it stood still", 20, 0) == 20);
		usleep(1000);
		must(!driver_given(&driver, RX, &head, &written));
		must(!mz_virtio_start(virtio, &failure));
		expect_packet(VIRTIO_VSOCK_OP_RW, 20);
	}
	close(fd);
}
END_TEST

START_TEST(what_came_before_the_start_is_done)
{
	const struct driver_part parts[] = {{BUFFER, sizeof(struct virtio_vsock_hdr), false}};
	uint32_t written;

	if (lacks_host(__func__))
		return;
	mz_virtio_stop(virtio);
	memset(driver_at(&driver, BUFFER), 0, parts[0].bytes);
	driver_send(&driver, TX, parts, 1);
	must(!mz_virtio_start(virtio, &failure));
	driver_wait(&driver, TX, &written);
}
END_TEST

START_TEST(it_has_no_state)
{
	struct mz_state state;

	if (lacks_host(__func__))
		return;
	mz_state_save(&state);
	mz_virtio_state(virtio, &state);
	must_equal(mz_state_end(&state, &failure), -1);
	must_equal(failure.status, MZ_STATUS_BAD_ARGUMENT);
	mz_state_free(&state);
}
END_TEST

/* ---- Drivers that do what can't be right ---- */

static void expect_it_works(void)
{
	int fd;

	driver_begin(&driver, ALL);
	fd = connect_to_host();
	expect_both_ways(fd);
	close(fd);
}

START_TEST(a_buffer_that_is_not_in_ram_breaks_it)
{
	const struct driver_part outside[] = {{DRIVER_RAM, 64, false}};

	if (lacks_host(__func__))
		return;
	driver_send(&driver, TX, outside, 1);
	driver_expect_broken(&driver);
	expect_it_works();
}
END_TEST

START_TEST(an_index_that_jumps_breaks_it)
{
	if (lacks_host(__func__))
		return;
	driver.queues[TX].available[1] = 1000;
	driver_notify(&driver, TX);
	driver_expect_broken(&driver);
	expect_it_works();
}
END_TEST

START_TEST(a_ring_that_is_not_in_ram_breaks_it)
{
	if (lacks_host(__func__))
		return;
	driver_write(&driver, REG_QUEUE_SEL, RX);
	driver_write(&driver, REG_QUEUE_READY, 0);
	driver_write(&driver, REG_QUEUE_DEVICE, (uint32_t)DRIVER_RAM);
	driver_write(&driver, REG_QUEUE_READY, 1);
	driver_expect_broken(&driver);
	expect_it_works();
}
END_TEST

START_TEST(a_queue_that_is_missing_stops_it)
{
	const struct driver_part parts[] = {{BUFFER, sizeof(struct virtio_vsock_hdr), false}};
	uint32_t written;
	uint16_t head;

	if (lacks_host(__func__))
		return;
	driver_write(&driver, REG_QUEUE_SEL, RX);
	driver_write(&driver, REG_QUEUE_READY, 0);
	driver_send(&driver, TX, parts, 1);
	usleep(20000);
	must(!driver_given(&driver, TX, &head, &written));
	must_equal(driver_read(&driver, REG_STATUS) & 0x40, 0);
	expect_it_works();
}
END_TEST

START_TEST(a_reset_stops_it)
{
	uint32_t written;
	uint16_t head;
	int fd;

	if (lacks_host(__func__))
		return;
	fd = connect_to_host();
	offer_room();
	driver_write(&driver, REG_STATUS, 0);
	must(send(fd, "nobody", 6, 0) == 6);
	usleep(20000);
	must(!driver_given(&driver, RX, &head, &written));
	close(fd);
}
END_TEST

START_TEST(a_driver_that_does_anything_harms_nobody)
{
	if (lacks_host(__func__))
		return;
	hostile_run_seeded(&driver, 5000, NULL);
	expect_it_works();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("virtio_vsock");
	TCase *refused = tcase_create("refused");
	TCase *host = tcase_create("host");

	tcase_add_checked_fixture(refused, open_driver, close_device);
	tcase_add_test(refused, reserved_context_identifiers_are_refused);
	tcase_add_test(refused, a_host_without_the_device_is_told);
	tcase_add_test(refused, what_is_no_vhost_is_refused_and_closed);
	suite_add_tcase(suite, refused);
	tcase_add_checked_fixture(host, open_device, close_device);
	tcase_set_timeout(host, 120);
	tcase_add_test(host, a_context_identifier_that_is_taken_is_refused);
	tcase_add_test(host, the_device_is_a_socket_with_its_identifier);
	tcase_add_test(host, bytes_go_both_ways);
	tcase_add_test(host, without_events_bytes_go_both_ways);
	tcase_add_test(host, a_connection_outlasts_a_stop);
	tcase_add_test(host, what_came_before_the_start_is_done);
	tcase_add_test(host, it_has_no_state);
	tcase_add_test(host, a_buffer_that_is_not_in_ram_breaks_it);
	tcase_add_test(host, an_index_that_jumps_breaks_it);
	tcase_add_test(host, a_ring_that_is_not_in_ram_breaks_it);
	tcase_add_test(host, a_queue_that_is_missing_stops_it);
	tcase_add_test(host, a_reset_stops_it);
	tcase_add_test(host, a_driver_that_does_anything_harms_nobody);
	suite_add_tcase(suite, host);
	return suite_run(suite);
}
