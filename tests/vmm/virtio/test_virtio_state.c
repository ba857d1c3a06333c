// SPDX-License-Identifier: MPL-2.0
/* The state of virtio devices: the driver finds all as it was, and goes on. */
#include <string.h>
#include <unistd.h>

#include "tests/must.h"
#include "tests/rng.h"
#include "tests/vmm/saved.h"
#include "tests/suite.h"
#include "tests/vmm/virtio/virtio_echo.h"
#include "vmm/virtio/set.h"

/* Where values are in a state of the echo device. */
enum {
	AT_FEATURES = MZ_STATE_NAME + 4 + 16,
	AT_DRIVER_FEATURES = AT_FEATURES + 8,
	AT_STATUS = AT_DRIVER_FEATURES + 8,
	AT_QUEUE = AT_STATUS + 4, /* its size, */
	AT_TABLE = AT_QUEUE + 4,  /* three addresses, */
	AT_FLAGS = AT_TABLE + 24, /* four flags, and positions */
	QUEUE_BYTES = 38,
	AT_INTERRUPT = AT_QUEUE + 2 * QUEUE_BYTES,
};

static struct mz_failure failure;

static void go_over_echo(void *thing, struct mz_state *state)
{
	mz_virtio_state(thing, state);
}

static const struct saved_thing the_echo = {go_over_echo, &echo.virtio};

static const uint64_t ring_features[] = {
	MZ_VIRTIO_F_VERSION_1,
	MZ_VIRTIO_F_VERSION_1 | MZ_VIRTIO_F_INDIRECT_DESC,
	MZ_VIRTIO_F_VERSION_1 | MZ_VIRTIO_F_EVENT_IDX,
	FEATURES,
};

static void start(void)
{
	must(!mz_virtio_start(&echo.virtio, &failure));
}

/* All that can be read, of every queue; first of the one that is selected. */
static uint64_t see(void)
{
	uint64_t seen = 0;

	for (unsigned queue = 0; queue < 3; queue++) {
		for (uint32_t offset = 0; offset < REG_CONFIG + 8; offset += 4)
			seen = (seen ^ driver_read(&driver, offset)) * 0x100000001b3u;
		driver_write(&driver, REG_QUEUE_SEL, queue);
	}
	return seen;
}

/* ---- Stops and starts ---- */

START_TEST(a_device_can_be_stopped_and_started_again)
{
	driver_begin(&driver, ring_features[_i]);
	for (unsigned i = 0; i < 50; i++) {
		mz_virtio_stop(&echo.virtio);
		mz_virtio_stop(&echo.virtio);
		start();
		expect_echo(i % 2, 1 + i * 37);
	}
}
END_TEST

START_TEST(what_comes_while_it_is_stopped_is_done_then)
{
	const struct driver_part parts[] = {{OUT, 16, false}, {IN, 16, true}};
	eventfd_t notifications;
	uint32_t written;

	driver_begin(&driver, ring_features[_i]);
	expect_echo(0, 100);
	mz_virtio_stop(&echo.virtio);
	driver_send(&driver, 0, parts, 2);
	eventfd_read(echo.virtio.kick,
		     &notifications); /* the thread may have read it as it ended */
	start();
	driver_wait(&driver, 0, &written);
	must_equal(written, 16);
}
END_TEST

/* ---- Saving and loading ---- */

START_TEST(the_driver_goes_on_after_loading)
{
	struct mz_state saved;

	driver_begin(&driver, ring_features[_i]);
	for (unsigned i = 0; i < 40; i++)
		expect_echo(i % 2, 1 + i);
	for (unsigned round = 0; round < 2; round++) {
		mz_virtio_stop(&echo.virtio);
		saved = saved_of(&the_echo);
		driver_write(&driver, REG_STATUS, 0);
		saved_put_back(&the_echo, &saved);
		start();
		for (unsigned i = 0; i < 40; i++)
			expect_echo(i % 2, 1 + i);
		mz_state_free(&saved);
	}
}
END_TEST

START_TEST(what_waited_when_it_was_saved_is_done_after_loading)
{
	const struct driver_part parts[] = {{OUT, 16, false}, {IN, 16, true}};
	struct mz_state saved;
	uint32_t written;
	uint64_t wakes;

	driver_begin(&driver, ring_features[_i]);
	mz_virtio_stop(&echo.virtio);
	driver_send(&driver, 1, parts, 2);
	saved = saved_of(&the_echo);
	driver_write(&driver, REG_STATUS, 0);
	wakes = mz_virtio_stats(&echo.virtio).counts.wakes;
	start();
	while (mz_virtio_stats(&echo.virtio).counts.wakes == wakes)
		usleep(1000);
	saved_put_back(&the_echo, &saved); /* beside its thread, which it wakes */
	driver_wait(&driver, 1, &written);
	must_equal(written, 16);
	mz_state_free(&saved);
}
END_TEST

static void choose_half(void)
{
	driver_write(&driver, REG_STATUS, 0);
	driver_write(&driver, REG_STATUS, 3);
	driver_write(&driver, REG_DEVICE_FEATURES_SEL, 1);
	driver_write(&driver, REG_DRIVER_FEATURES_SEL, 1);
	driver_write(&driver, REG_DRIVER_FEATURES, 1);
}

static void begin_all(void)
{
	driver_begin(&driver, FEATURES);
	expect_echo(0, 100);
	mz_virtio_config_changed(&echo.virtio);
}

/* The second is chosen to be selected, and only it is ready. */
static void set_up_one_queue(void)
{
	choose_half();
	driver_write(&driver, REG_STATUS, 0xb);
	driver_set_up_queue(&driver, 1, 32);
}

static void break_it(void)
{
	driver_begin(&driver, FEATURES);
	driver_make_available(&driver, 0, 16);
	driver_expect_broken(&driver);
}

static void (*const states[])(void) = {choose_half, begin_all, set_up_one_queue, break_it};

#define STATES ((int)(sizeof(states) / sizeof(states[0])))

START_TEST(the_driver_reads_what_it_read_before)
{
	for (int other = 0; other < STATES; other++) {
		struct mz_state saved;
		uint64_t before;

		states[_i]();
		saved = saved_of(&the_echo);
		before = see();
		states[other]();
		if (other != _i)
			must(see() != before);
		saved_put_back(&the_echo, &saved);
		must_equal(see(), before);
		mz_state_free(&saved);
	}
}
END_TEST

START_TEST(features_can_be_chosen_half_before_and_half_after)
{
	struct mz_state saved;

	choose_half();
	saved = saved_of(&the_echo);
	driver_write(&driver, REG_STATUS, 0);
	saved_put_back(&the_echo, &saved);
	driver_write(&driver, REG_STATUS, 0xb);
	must_equal(driver_read(&driver, REG_STATUS), 0xb);
	mz_state_free(&saved);
}
END_TEST

START_TEST(a_device_that_was_broken_stays_so_until_a_reset)
{
	struct mz_state saved;

	break_it();
	saved = saved_of(&the_echo);
	driver_begin(&driver, FEATURES);
	saved_put_back(&the_echo, &saved);
	must_equal(driver_read(&driver, REG_STATUS), 0x4f);
	must(strcmp(mz_virtio_stats(&echo.virtio).broken, "it was broken when it was saved") == 0);
	driver_write(&driver, REG_QUEUE_SEL, 0);
	driver_write(&driver, REG_QUEUE_READY, 0);
	driver_write(&driver, REG_QUEUE_READY, 1);
	must_equal(driver_read(&driver, REG_QUEUE_READY), 0);
	driver_begin(&driver, FEATURES);
	expect_echo(0, 1000);
	mz_state_free(&saved);
}
END_TEST

static bool edge_came(void)
{
	eventfd_t edges;

	return eventfd_read(driver.place.irq.fd, &edges) == 0;
}

START_TEST(an_interrupt_that_was_not_taken_is_raised_again)
{
	struct mz_state quiet, saved;

	driver_begin(&driver, FEATURES);
	quiet = saved_of(&the_echo);
	mz_virtio_config_changed(&echo.virtio);
	must(edge_came());
	saved = saved_of(&the_echo);
	saved_put_back(&the_echo, &quiet);
	must(!edge_came());
	must_equal(driver_read(&driver, REG_INTERRUPT_STATUS), 0);
	saved_put_back(&the_echo, &saved);
	must(edge_came());
	must_equal(driver_read(&driver, REG_INTERRUPT_STATUS), 2);
	mz_state_free(&quiet);
	mz_state_free(&saved);
}
END_TEST

/* ---- What is wrong ---- */

/* A device whose state was refused is as after a reset, and works. */
static void expect_reset(void)
{
	must_equal(driver_read(&driver, REG_STATUS), 0);
	driver_begin(&driver, FEATURES);
	expect_echo(0, 100);
}

START_TEST(a_state_that_is_cut_off_is_refused)
{
	struct mz_state saved;

	begin_all();
	saved = saved_of(&the_echo);
	saved_cut_anywhere(&the_echo, &saved);
	expect_reset();
	mz_state_free(&saved);
}
END_TEST

static const struct {
	unsigned at, value;
	const char *text;
} wrong[] = {
	{0, 'E', "echo: another part is here: the state is of another machine"},
	{MZ_STATE_NAME, 2, "echo: its state is of another version"},
	{AT_FEATURES, 1, "echo: it offered other features"},
	{AT_DRIVER_FEATURES, 1, "echo: a status that can't be"},
	{AT_DRIVER_FEATURES + 4, 0, "echo: a status that can't be"}, /* version 1 is missing */
	{AT_STATUS, 0x1f, "echo: a status that can't be"},
	{AT_STATUS, 0x07, "echo: a status that can't be"}, /* features are not negotiated */
	{AT_STATUS + 3, 1, "echo: a status that can't be"},
	{AT_QUEUE, 17, "echo: a queue is not where one can be"},
	{AT_QUEUE + 1, 2, "echo: a queue is not where one can be"},
	{AT_TABLE, 8, "echo: a queue is not where one can be"},
	{AT_TABLE + 4, 1, "echo: a queue is not where one can be"},
	{AT_TABLE + 8, 1, "echo: a queue is not where one can be"},
	{AT_TABLE + 16, 2, "echo: a queue is not where one can be"},
	{AT_TABLE + QUEUE_BYTES + 20, 0xd0, "echo: a queue is not where one can be"},
	{AT_FLAGS, 2, "echo: neither yes nor no"},
	{AT_FLAGS + 2, 2, "echo: neither yes nor no"},
	{AT_INTERRUPT, 4, "echo: an interrupt for no reason"},
};

START_TEST(what_can_not_be_is_refused_by_name)
{
	struct mz_state saved;

	begin_all();
	saved = saved_of(&the_echo);
	must_equal(saved.size, AT_INTERRUPT + 4);
	saved.bytes[wrong[_i].at] = (unsigned char)wrong[_i].value;
	must_equal(saved_load(&the_echo, saved.bytes, saved.size, &failure), -1);
	must_say(strcmp(failure.text, wrong[_i].text) == 0, "%s", failure.text);
	must_equal(failure.status, MZ_STATUS_BAD_IMAGE);
	expect_reset();
	mz_state_free(&saved);
}
END_TEST

/* The device's thread works beside with whatever was loaded. */
static void use_echo(void)
{
	driver.queues[0].available[1] = driver.queues[0].next;
	driver_notify(&driver, 0);
	see();
}

START_TEST(bits_that_are_turned_do_no_harm)
{
	struct mz_state saved;

	begin_all();
	saved = saved_of(&the_echo);
	saved_turn_bits(&the_echo, &saved, rng_steps(5000), use_echo);
	driver_begin(&driver, FEATURES);
	expect_echo(0, 100);
	mz_state_free(&saved);
}
END_TEST

/* ---- A set of devices ---- */

static struct mz_virtio_set set;
static struct mz_console console;

static void go_over_set(void *thing, struct mz_state *state)
{
	mz_virtio_set_state(thing, state);
}

static const struct saved_thing the_set = {go_over_set, &set};

static void make_set(const enum mz_virtio_kind *kinds, unsigned count)
{
	driver_open(&driver);
	must(!mz_console_init(&console, -1, -1, &failure));
	for (unsigned i = 0; i < count; i++) {
		const struct mz_virtio_request request = {.kind = kinds[i]};

		must(!mz_virtio_set_add(&set, &request, &driver.place, &driver.bus, &console,
					&failure));
	}
}

static void end_set(void)
{
	mz_virtio_set_close(&set);
	mz_console_destroy(&console);
	driver_close(&driver);
}

static const enum mz_virtio_kind three[] = {MZ_VIRTIO_ENTROPY, MZ_VIRTIO_CONSOLE,
					    MZ_VIRTIO_BALLOON};
static const enum mz_virtio_kind swapped[] = {MZ_VIRTIO_ENTROPY, MZ_VIRTIO_BALLOON,
					      MZ_VIRTIO_CONSOLE};

START_TEST(a_set_is_loaded_into_one_of_the_same_devices)
{
	const char *texts[] = {"virtio: another number of devices",
			       "virtio-balloon: another part is here: the state is of another "
			       "machine"};
	uint64_t status = MZ_VIRTIO_BASE + MZ_VIRTIO_BYTES + REG_STATUS;
	struct mz_state saved;

	make_set(three, 3);
	mz_bus_write(&driver.bus, status, 3, 4);
	saved = saved_of(&the_set);
	saved_cut_anywhere(&the_set, &saved);
	end_set();
	make_set(three, 3);
	must_equal(mz_bus_read(&driver.bus, status, 4), 0);
	saved_put_back(&the_set, &saved);
	must_equal(mz_bus_read(&driver.bus, status, 4), 3);
	end_set();
	for (unsigned i = 0; i < 2; i++) {
		make_set(swapped, 2 + i);
		must_equal(saved_load(&the_set, saved.bytes, saved.size, &failure), -1);
		must_say(strcmp(failure.text, texts[i]) == 0, "%s", failure.text);
		end_set();
	}
	mz_state_free(&saved);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("states of virtio devices");
	TCase *stops = tcase_create("stops and starts");
	TCase *right = tcase_create("saving and loading");
	TCase *refused = tcase_create("what is wrong");
	TCase *sets = tcase_create("sets");

	tcase_add_checked_fixture(stops, echo_set_up, echo_tear_down);
	tcase_add_loop_test(stops, a_device_can_be_stopped_and_started_again, 0, 4);
	tcase_add_loop_test(stops, what_comes_while_it_is_stopped_is_done_then, 0, 4);
	suite_add_tcase(suite, stops);

	tcase_add_checked_fixture(right, echo_set_up, echo_tear_down);
	tcase_add_loop_test(right, the_driver_goes_on_after_loading, 0, 4);
	tcase_add_loop_test(right, what_waited_when_it_was_saved_is_done_after_loading, 0, 4);
	tcase_add_loop_test(right, the_driver_reads_what_it_read_before, 0, STATES);
	tcase_add_test(right, features_can_be_chosen_half_before_and_half_after);
	tcase_add_test(right, a_device_that_was_broken_stays_so_until_a_reset);
	tcase_add_test(right, an_interrupt_that_was_not_taken_is_raised_again);
	suite_add_tcase(suite, right);

	tcase_add_checked_fixture(refused, echo_set_up, echo_tear_down);
	tcase_set_timeout(refused, 120);
	tcase_add_test(refused, a_state_that_is_cut_off_is_refused);
	tcase_add_loop_test(refused, what_can_not_be_is_refused_by_name, 0,
			    (int)(sizeof(wrong) / sizeof(wrong[0])));
	tcase_add_test(refused, bits_that_are_turned_do_no_harm);
	suite_add_tcase(suite, refused);

	tcase_add_test(sets, a_set_is_loaded_into_one_of_the_same_devices);
	suite_add_tcase(suite, sets);
	return suite_run(suite);
}
