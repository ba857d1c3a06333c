// SPDX-License-Identifier: MPL-2.0
/* The small virtio devices: entropy and console. */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "tests/must.h"
#include "tests/suite.h"
#include "tests/vmm/virtio/virtio_driver.h"
#include "tests/vmm/virtio/virtio_hostile.h"
#include "vmm/virtio/entropy.h"
#include "vmm/virtio/terminal.h"

#define ALL    UINT64_MAX
#define BUFFER DRIVER_BUFFERS

static struct driver driver;
static struct mz_virtio *virtio;
static struct mz_failure failure;

static void close_device(void)
{
	mz_virtio_close(virtio);
	driver_close(&driver);
}

/* ---- Entropy ---- */

static void open_entropy(void)
{
	driver_open(&driver);
	must(!mz_entropy_open(&virtio, &driver.place, &failure));
	driver_attach(&driver, virtio);
	driver_begin(&driver, ALL);
}

START_TEST(entropy_differs_each_time)
{
	const struct driver_part first[] = {{BUFFER, 10, true}, {BUFFER + 10, 54, true}};
	const struct driver_part second[] = {{BUFFER + 64, 64, true}};

	must_equal(driver_read(&driver, REG_DEVICE_ID), 4);
	must_equal(driver_do(&driver, 0, first, 2), 64);
	must_equal(driver_do(&driver, 0, second, 1), 64);
	must(memcmp(driver_at(&driver, BUFFER), driver_at(&driver, BUFFER + 64), 64) != 0);
}
END_TEST

START_TEST(a_chain_without_room_breaks_entropy)
{
	const struct driver_part readable[] = {{BUFFER, 64, false}};
	const struct driver_part writable[] = {{BUFFER, 64, true}};

	driver_send(&driver, 0, readable, 1);
	driver_expect_broken(&driver);
	driver_begin(&driver, ALL);
	must_equal(driver_do(&driver, 0, writable, 1), 64);
}
END_TEST

START_TEST(a_driver_of_entropy_that_does_anything_harms_nobody)
{
	const struct driver_part parts[] = {{BUFFER, 64, true}};

	hostile_run_seeded(&driver, 20000, NULL);
	driver_begin(&driver, ALL);
	must_equal(driver_do(&driver, 0, parts, 1), 64);
}
END_TEST

/* ---- Console ---- */

static struct mz_console console;
static int input[2], output[2];

static void open_console_with(bool has_input)
{
	driver_open(&driver);
	must(!pipe2(input, O_CLOEXEC) && !pipe2(output, O_CLOEXEC));
	must(!mz_console_init(&console, input[0], output[1], &failure));
	must(!mz_terminal_open(&virtio, &console, has_input, &driver.place, &failure));
	driver_attach(&driver, virtio);
	driver_begin(&driver, ALL);
}

static void open_console(void)
{
	open_console_with(true);
}

static void open_console_without_input(void)
{
	open_console_with(false);
}

static void close_console(void)
{
	close_device();
	mz_console_destroy(&console);
	for (unsigned i = 0; i < 2; i++) {
		close(input[i]);
		close(output[i]);
	}
}

static void type(const char *text)
{
	must(write(input[1], text, strlen(text)) == (ssize_t)strlen(text));
	must(mz_console_feed(&console));
	mz_virtio_wake(virtio);
}

static void expect_output(const char *text)
{
	char seen[256] = "";
	size_t count = 0;

	while (count < strlen(text)) {
		struct pollfd fd = {.fd = output[0], .events = POLLIN};

		must(poll(&fd, 1, 10000) == 1);
		count += (size_t)read(output[0], seen + count, sizeof(seen) - 1 - count);
	}
	must_say(strcmp(seen, text) == 0, "%s", seen);
}

START_TEST(what_is_sent_is_seen)
{
	const struct driver_part parts[] = {{BUFFER, 6, false}, {BUFFER + 100, 8, false}};

	must_equal(driver_read(&driver, REG_DEVICE_ID), 3);
	memcpy(driver_at(&driver, BUFFER), "hello,", 6);
	memcpy(driver_at(&driver, BUFFER + 100), " world\n>", 8);
	must_equal(driver_do(&driver, 1, parts, 2), 0);
	expect_output("hello, world\n>");
}
END_TEST

static void count_spotted(void *context)
{
	++*(unsigned *)context;
}

START_TEST(a_text_is_spotted_across_what_is_sent)
{
	const struct driver_part first = {BUFFER, 6, false}, second = {BUFFER + 6, 7, false};
	unsigned count = 0;

	console.spotter.text = "o, w";
	console.spotted = count_spotted;
	console.context = &count;
	memcpy(driver_at(&driver, BUFFER), "hello, world\n", 13);
	must_equal(driver_do(&driver, 1, &first, 1), 0);
	must_equal(count, 0);
	must_equal(driver_do(&driver, 1, &second, 1), 0);
	must_equal(count, 1);
}
END_TEST

/* Fills the pipe but for one line. */
static size_t fill_output(void)
{
	static const char nothing[4096];
	size_t filled = 0;
	ssize_t got;

	must(!fcntl(output[1], F_SETFL, O_NONBLOCK));
	while ((got = write(output[1], nothing, sizeof(nothing))) > 0)
		filled += (size_t)got;
	must(!fcntl(output[1], F_SETFL, 0));
	must(read(output[0], (char[4096]) {0}, 4096) == 4096);
	return filled - 4096;
}

static void skip_output(size_t bytes)
{
	char skipped[4096];
	ssize_t got;

	for (; bytes > 0; bytes -= (size_t)got) {
		got = read(output[0], skipped, bytes < 4096 ? bytes : 4096);
		must(got > 0);
	}
}

START_TEST(a_console_that_nobody_reads_can_be_stopped)
{
	static const char text[] = "first\nsecond\nthird\nfourth";
	const struct driver_part part = {BUFFER, sizeof(text) - 1, false};
	size_t filled = fill_output();
	uint32_t written;
	uint16_t head;

	memcpy(driver_at(&driver, BUFFER), text, sizeof(text));
	driver_send(&driver, 1, &part, 1);
	poll(NULL, 0, 50);
	mz_virtio_stop(virtio);
	must(!driver_given(&driver, 1, &head, &written));
	must(!mz_virtio_start(virtio, &failure));
	skip_output(filled);
	expect_output(text);
	driver_wait(&driver, 1, &written);
}
END_TEST

START_TEST(what_is_typed_is_received)
{
	const struct driver_part parts[] = {{BUFFER, 4, true}};
	uint32_t written;

	for (unsigned i = 0; i < 3; i++)
		driver_send(&driver, 0, parts, 1);
	type("abcdefg");
	driver_wait(&driver, 0, &written);
	must_equal(written, 4);
	driver_wait(&driver, 0, &written);
	must_equal(written, 3);
	must(memcmp(driver_at(&driver, BUFFER), "efg", 3) == 0);
	type("x");
	driver_wait(&driver, 0, &written);
	must_equal(written, 1);
}
END_TEST

START_TEST(what_was_typed_early_waits_for_room)
{
	const struct driver_part parts[] = {{BUFFER, 16, true}};

	type("early");
	poll(NULL, 0, 20);
	must_equal(driver_do(&driver, 0, parts, 1), 5);
	must(memcmp(driver_at(&driver, BUFFER), "early", 5) == 0);
}
END_TEST

START_TEST(input_that_is_somebody_elses_stays)
{
	const struct driver_part parts[] = {{BUFFER, 16, true}};
	uint32_t written;
	uint16_t head;

	driver_send(&driver, 0, parts, 1);
	type("not for it");
	mz_virtio_stop(virtio);
	mz_virtio_turn_(virtio);
	must(!driver_given(&driver, 0, &head, &written));
	must_equal(mz_console_take(&console), 'n');
}
END_TEST

START_TEST(numbers_do_not_wait_for_who_reads_the_output)
{
	static char full[4096];
	const struct driver_part parts[] = {{BUFFER, MZ_CONSOLE_LINE, false}};
	uint32_t written;

	must(fcntl(output[1], F_SETPIPE_SZ, sizeof(full)) == sizeof(full));
	must(write(output[1], full, sizeof(full)) == sizeof(full));
	driver_send(&driver, 1, parts, 1);
	/* Until the device has come to wait for its reader. */
	while (mz_virtio_stats(virtio).counts.chains == 0)
		poll(NULL, 0, 5);
	poll(NULL, 0, 50);
	must_equal(mz_virtio_stats(virtio).counts.chains, 1);
	must(read(output[0], full, sizeof(full)) == sizeof(full));
	driver_wait(&driver, 1, &written);
}
END_TEST

START_TEST(a_driver_of_a_console_that_does_anything_harms_nobody)
{
	const struct driver_part parts[] = {{BUFFER, 16, true}};

	close(console.out);
	output[1] = console.out = open("/dev/null", O_WRONLY | O_CLOEXEC);
	type("some input");
	hostile_run_seeded(&driver, 20000, NULL);
	driver_begin(&driver, ALL);
	type("more");
	must(driver_do(&driver, 0, parts, 1) > 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("small virtio devices");
	TCase *entropy = tcase_create("entropy");
	TCase *terminal = tcase_create("console");
	TCase *deaf = tcase_create("a console without input");

	tcase_add_checked_fixture(entropy, open_entropy, close_device);
	tcase_set_timeout(entropy, 120);
	tcase_add_test(entropy, entropy_differs_each_time);
	tcase_add_test(entropy, a_chain_without_room_breaks_entropy);
	tcase_add_test(entropy, a_driver_of_entropy_that_does_anything_harms_nobody);
	suite_add_tcase(suite, entropy);

	tcase_add_checked_fixture(terminal, open_console, close_console);
	tcase_set_timeout(terminal, 120);
	tcase_add_test(terminal, what_is_sent_is_seen);
	tcase_add_test(terminal, a_text_is_spotted_across_what_is_sent);
	tcase_add_test(terminal, what_is_typed_is_received);
	tcase_add_test(terminal, what_was_typed_early_waits_for_room);
	tcase_add_test(terminal, a_console_that_nobody_reads_can_be_stopped);
	tcase_add_test(terminal, numbers_do_not_wait_for_who_reads_the_output);
	tcase_add_checked_fixture(deaf, open_console_without_input, close_console);
	tcase_add_test(deaf, what_is_sent_is_seen);
	tcase_add_test(deaf, input_that_is_somebody_elses_stays);
	suite_add_tcase(suite, deaf);
	tcase_add_test(terminal, a_driver_of_a_console_that_does_anything_harms_nobody);
	suite_add_tcase(suite, terminal);
	return suite_run(suite);
}
