// SPDX-License-Identifier: MPL-2.0
/* The virtio network device: its frames, the user's network, and tap interfaces. */
#include <arpa/inet.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/must.h"
#include "tests/suite.h"
#include "tests/vmm/virtio/virtio_driver.h"
#include "tests/vmm/virtio/virtio_hostile.h"
#include "vmm/virtio/net.h"

#define ALL    UINT64_MAX
#define HEADER sizeof(struct virtio_net_hdr_v1)
#define OUT    DRIVER_BUFFERS
#define IN     (DRIVER_BUFFERS + 0x10000)
#define ROOM   2048u

enum { RECEIVE, TRANSMIT };

static struct driver driver;
static struct mz_virtio *net;
static struct mz_failure failure;
static int wire; /* the other end of what the device has */

static void set_up(void)
{
	int ends[2];

	driver_open(&driver);
	must(!socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends));
	wire = ends[0];
	must(!mz_net_open_descriptor(&net, ends[1], 3, &driver.place, &failure));
	driver_attach(&driver, net);
	driver_begin(&driver, ALL);
}

static void tear_down(void)
{
	mz_virtio_close(net);
	close(wire);
	driver_close(&driver);
}

/* Sends a frame, whose header lies in a part of its own if `apart`. */
static void transmit(const void *frame, uint32_t bytes, bool apart)
{
	const struct driver_part parts[] = {{OUT, HEADER, false}, {OUT + HEADER, bytes, false}};
	const struct driver_part whole[] = {{OUT, (uint32_t)HEADER + bytes, false}};

	memset(driver_at(&driver, OUT), 0, HEADER);
	memcpy(driver_at(&driver, OUT + HEADER), frame, bytes);
	must_equal(driver_do(&driver, TRANSMIT, apart ? parts : whole, apart ? 2 : 1), 0);
}

static void post(unsigned index)
{
	const struct driver_part parts[] = {{IN + index * ROOM, ROOM, true}};

	driver_send(&driver, RECEIVE, parts, 1);
}

static size_t read_wire(void *frame, size_t room)
{
	struct pollfd fd = {.fd = wire, .events = POLLIN};
	ssize_t got;

	must(poll(&fd, 1, 10000) == 1);
	got = read(wire, frame, room);
	must(got > 0);
	return (size_t)got;
}

START_TEST(the_device_has_an_address_and_a_link)
{
	must_equal(driver_read(&driver, REG_DEVICE_ID), 1);
	must_equal(driver_read(&driver, REG_CONFIG), 0x7a656d02);
	must_equal(driver_read(&driver, REG_CONFIG + 4), 0x0001037a);
}
END_TEST

START_TEST(frames_are_sent)
{
	char frame[2048];

	for (unsigned apart = 0; apart < 2; apart++) {
		memset(frame, 'a' + (int)apart, 1514);
		transmit(frame, 1514, apart);
		memset(frame, 0, sizeof(frame));
		must_equal(read_wire(frame, sizeof(frame)), 1514);
		must_equal(frame[1513], 'a' + apart);
	}
}
END_TEST

START_TEST(frames_are_received_in_order)
{
	uint32_t written;

	for (unsigned i = 0; i < 3; i++)
		post(i);
	for (unsigned i = 0; i < 5; i++) {
		char frame[100];

		memset(frame, 'p' + (int)i, sizeof(frame));
		must(write(wire, frame, 60 + i) == 60 + i);
	}
	for (unsigned i = 0; i < 5; i++) {
		const struct virtio_net_hdr_v1 *header = driver_at(&driver, IN + i % 3 * ROOM);

		driver_wait(&driver, RECEIVE, &written);
		must_equal(written, HEADER + 60 + i);
		must_equal(header->num_buffers, 1);
		must_equal(header->gso_type, 0);
		must_equal(*((const char *)header + HEADER + 59 + i), 'p' + i);
		if (i < 2)
			post(i); /* those that waited on the wire come when there is room */
	}
}
END_TEST

START_TEST(a_frame_without_room_is_dropped_alone)
{
	const struct driver_part small[] = {{IN, HEADER + 10, true}};
	char frame[60] = "";
	uint32_t written;

	driver_send(&driver, RECEIVE, small, 1);
	post(1);
	must(write(wire, frame, 60) == 60);
	must(write(wire, frame, 50) == 50);
	driver_wait(&driver, RECEIVE, &written);
	must_equal(written, 0);
	driver_wait(&driver, RECEIVE, &written);
	must_equal(written, HEADER + 50);
}
END_TEST

START_TEST(a_reset_forgets_the_buffers)
{
	char frame[60] = "";
	uint32_t written;

	post(0);
	poll(NULL, 0, 20); /* the device has taken it to wait with */
	driver_begin(&driver, ALL);
	post(1);
	must(write(wire, frame, 60) == 60);
	must_equal(driver_wait(&driver, RECEIVE, &written), 0);
	must_equal(written, HEADER + 60);
}
END_TEST

START_TEST(a_buffer_is_not_lost_when_the_driver_touches_the_status)
{
	char frame[60] = "";
	uint32_t written;

	post(0);
	poll(NULL, 0, 20); /* the device has taken it to wait with */
	driver_write(&driver, REG_STATUS, 0xf);
	must(write(wire, frame, 60) == 60);
	must_equal(driver_wait(&driver, RECEIVE, &written), 0);
	must_equal(written, HEADER + 60);
}
END_TEST

START_TEST(a_frame_without_a_header_breaks_the_device)
{
	const struct driver_part parts[] = {{OUT, HEADER - 1, false}};

	driver_send(&driver, TRANSMIT, parts, 1);
	driver_expect_broken(&driver);
	driver_begin(&driver, ALL);
	transmit("frame", 5, false);
	must_equal(read_wire(&(char[10]) {0}, 10), 5);
}
END_TEST

static void fill_wire(struct driver *d, struct rng *rng)
{
	char frame[512];

	(void)d;
	while (read(wire, frame, sizeof(frame)) > 0)
		;
	if (rng_below(rng, 4) == 0) {
		ssize_t sent = write(wire, frame, 1 + rng_below(rng, sizeof(frame)));

		(void)sent;
	}
}

START_TEST(a_driver_that_does_anything_harms_nobody)
{
	char frame[65536];

	hostile_run_seeded(&driver, 20000, fill_wire);
	driver_begin(&driver, ALL);
	while (read(wire, frame, sizeof(frame)) > 0)
		;
	transmit("frame", 5, true);
	must_equal(read_wire(frame, sizeof(frame)), 5);
}
END_TEST

/* ---- The user's network ---- */

/* An Ethernet frame with a question: who has 10.0.2.2? */
static const unsigned char arp_question[42] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,  'm', 'e', 'z', 'z', 0, 8, 6, /* Ethernet */
	0,    1,    8,    0,    6,    4,    0,  1,                           /* a question */
	2,    'm',  'e',  'z',  'z',  0,    10, 0,   2,   15,                /* of the guest */
	0,    0,    0,    0,    0,    0,    10, 0,   2,   2,
};

static uint16_t forwarded_port;

static bool open_user(void)
{
	struct mz_net_config config = {.forwards = {{.host_address = 0x7f000001, .guest_port = 22}},
				       .forward_count = 1};
	int probe = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof(address);

	must(!bind(probe, (struct sockaddr *)&address, sizeof(address)));
	must(!getsockname(probe, (struct sockaddr *)&address, &bytes));
	close(probe);
	forwarded_port = config.forwards[0].host_port = ntohs(address.sin_port);
	driver_open(&driver);
	if (mz_net_open_user(&net, &config, 0, &driver.place, &failure)) {
		printf("# SKIP %s\n", failure.text);
		must_equal(failure.status, MZ_STATUS_HOST_LACKS);
		driver_close(&driver);
		return false;
	}
	driver_attach(&driver, net);
	driver_begin(&driver, ALL);
	return true;
}

static void close_user(void)
{
	mz_virtio_close(net);
	driver_close(&driver);
}

static const unsigned char *receive(unsigned index, uint32_t *bytes)
{
	driver_wait(&driver, RECEIVE, bytes);
	*bytes -= (uint32_t)HEADER;
	return (const unsigned char *)driver_at(&driver, IN + index * ROOM) + HEADER;
}

START_TEST(the_host_answers_in_the_users_network)
{
	const unsigned char *answer;
	uint32_t bytes;

	if (!open_user())
		return;
	post(0);
	transmit(arp_question, sizeof(arp_question), true);
	answer = receive(0, &bytes);
	must(bytes >= 42);
	must_equal(answer[21], 2); /* an answer */
	must(memcmp(answer + 28, "\12\0\2\2", 4) == 0);
	close_user();
}
END_TEST

START_TEST(a_forwarded_port_leads_to_the_guest)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const unsigned char *frame = NULL;
	uint32_t bytes;
	int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (!open_user())
		return;
	for (unsigned i = 0; i < 4; i++)
		post(i);
	transmit(arp_question, sizeof(arp_question), true); /* tells who 10.0.2.15 is */
	receive(0, &bytes);
	address.sin_port = htons(forwarded_port);
	connect(client, (struct sockaddr *)&address, sizeof(address));
	for (unsigned i = 1; i < 4; i++) { /* the network may have something of its own to say */
		frame = receive(i, &bytes);
		if (frame[12] == 8 && frame[13] == 0)
			break;
	}
	must_say(frame[12] == 8 && frame[13] == 0, "type %02x%02x", frame[12], frame[13]);
	must(bytes >= 54);
	must_equal(frame[23], 6); /* TCP */
	must(memcmp(frame + 30, "\12\0\2\17", 4) == 0);
	must(frame[36] == 0 && frame[37] == 22);
	must_equal(frame[47] & 2, 2); /* SYN */
	close(client);
	close_user();
}
END_TEST

START_TEST(the_users_network_survives_a_driver_that_does_anything)
{
	if (!open_user())
		return;
	hostile_run_seeded(&driver, 5000, NULL);
	close_user();
}
END_TEST

/* ---- Taps ---- */

START_TEST(a_tap_that_cannot_be_had_is_refused)
{
	const struct mz_net_config longest = {.tap = "a-name-that-is-too-long"};
	const struct mz_net_config wrong = {.tap = "with/slash"};

	driver_open(&driver);
	must(mz_net_open_tap(&net, &longest, 0, &driver.place, &failure));
	must_equal(failure.status, MZ_STATUS_BAD_ARGUMENT);
	must(mz_net_open_tap(&net, &wrong, 0, &driver.place, &failure));
	must_equal(failure.status, MZ_STATUS_HOST_LACKS);
	must(strstr(failure.text, "with/slash") != NULL);
	driver_close(&driver);
}
END_TEST

/* So it is of an interface that was removed. */
START_TEST(a_wire_that_is_cut_wakes_nobody)
{
	uint64_t wakes;
	int ends[2];

	driver_open(&driver);
	must(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends));
	must(!mz_net_open_descriptor(&net, ends[1], 3, &driver.place, &failure));
	driver_attach(&driver, net);
	driver_begin(&driver, ALL);
	post(0);
	poll(NULL, 0, 20); /* the device has taken it to wait with */
	close(ends[0]);
	poll(NULL, 0, 20);
	wakes = mz_virtio_stats(net).counts.wakes;
	poll(NULL, 0, 50);
	wakes = mz_virtio_stats(net).counts.wakes - wakes;
	must_say(wakes < 3, "%llu", (unsigned long long)wakes);
	transmit("frame", 5, false);
	mz_virtio_close(net);
	driver_close(&driver);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("virtio net");
	TCase *frames = tcase_create("frames");
	TCase *user = tcase_create("user");
	TCase *tap = tcase_create("tap");

	tcase_add_checked_fixture(frames, set_up, tear_down);
	tcase_set_timeout(frames, 120);
	tcase_add_test(frames, the_device_has_an_address_and_a_link);
	tcase_add_test(frames, frames_are_sent);
	tcase_add_test(frames, frames_are_received_in_order);
	tcase_add_test(frames, a_frame_without_room_is_dropped_alone);
	tcase_add_test(frames, a_reset_forgets_the_buffers);
	tcase_add_test(frames, a_buffer_is_not_lost_when_the_driver_touches_the_status);
	tcase_add_test(frames, a_frame_without_a_header_breaks_the_device);
	tcase_add_test(frames, a_driver_that_does_anything_harms_nobody);
	suite_add_tcase(suite, frames);

	tcase_set_timeout(user, 120);
	tcase_add_test(user, the_host_answers_in_the_users_network);
	tcase_add_test(user, a_forwarded_port_leads_to_the_guest);
	tcase_add_test(user, the_users_network_survives_a_driver_that_does_anything);
	suite_add_tcase(suite, user);

	tcase_add_test(tap, a_tap_that_cannot_be_had_is_refused);
	tcase_add_test(tap, a_wire_that_is_cut_wakes_nobody);
	suite_add_tcase(suite, tap);
	return suite_run(suite);
}
