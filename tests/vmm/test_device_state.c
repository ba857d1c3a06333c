// SPDX-License-Identifier: MPL-2.0
/* The devices' states: a guest finds each as it was, whatever happened in between. */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/must.h"
#include "tests/rng.h"
#include "tests/vmm/saved.h"
#include "tests/suite.h"
#include "vmm/device/acpi_pm.h"
#include "vmm/device/debug_exit.h"
#include "vmm/device/fw_cfg.h"
#include "vmm/device/pc_test.h"
#include "vmm/device/power.h"
#include "vmm/device/reset.h"
#include "vmm/device/rtc.h"
#include "vmm/device/serial.h"
#include "vmm/device/test_device.h"

#define TIMER_HZ 3579545u

static struct mz_failure failure;
static struct mz_bus ports, memory;
static struct mz_ram ram;
static struct mz_console console;
static int input[2], output[2];
static struct mz_irq irq;

static struct mz_power power;
static struct mz_acpi_pm acpi_pm;
static struct mz_debug_exit debug_exit;
static struct mz_fw_cfg fw_cfg;
static struct mz_pc_test pc_test;
static struct mz_reset reset;
static struct mz_rtc rtc;
static struct mz_serial serial;
static struct mz_test_device test_device;

static void forget(void *context, uint64_t gpa)
{
	(void)context;
	(void)gpa;
}

static void set_level(void *context, unsigned line, bool high)
{
	(void)context;
	(void)line;
	(void)high;
}

static void set_up(void)
{
	const struct mz_rtc_sizes sizes = {.low_bytes = 1 << 20, .cpus = 1};
	const struct mz_pc_test_hooks hooks = {.forget = forget, .set_level = set_level};

	must(!pipe(input) && !pipe(output));
	must(!mz_console_init(&console, input[0], output[1], &failure));
	must(!mz_ram_init(&ram, 1 << 20, &failure));
	irq.fd = eventfd(0, EFD_NONBLOCK);
	mz_bus_init(&ports, "port");
	mz_bus_init(&memory, "memory");
	power.request = MZ_POWER_ON;
	must(!mz_acpi_pm_init(&acpi_pm, &ports, &power, &failure));
	must(!mz_debug_exit_init(&debug_exit, &ports, MZ_DEBUG_EXIT_BASE, &failure));
	must(!mz_fw_cfg_init(&fw_cfg, &ports, &ram, 1, &failure));
	must(!mz_pc_test_init(&pc_test, &ports, &memory, &hooks, &failure));
	must(!mz_reset_init(&reset, &ports, &power, &failure));
	must(!mz_rtc_init(&rtc, &ports, &sizes, &failure));
	must(!mz_serial_init(&serial, &ports, MZ_SERIAL_BASE, &console, &irq, &failure));
	must(!mz_test_device_init(&test_device, &memory, MZ_TEST_DEVICE_BASE, &failure));
}

static void tear_down(void)
{
	mz_console_destroy(&console);
	mz_ram_destroy(&ram);
	close(irq.fd);
	for (unsigned i = 0; i < 2; i++) {
		close(input[i]);
		close(output[i]);
	}
}

static uint64_t in(uint64_t port, unsigned bytes)
{
	return mz_bus_read(&ports, port, bytes);
}

static void out(uint64_t port, uint64_t data, unsigned bytes)
{
	mz_bus_write(&ports, port, data, bytes);
}

static bool edge_came(void)
{
	eventfd_t edges;

	return eventfd_read(irq.fd, &edges) == 0;
}

/* ---- What a guest sees of each device, folded into a number, and what changes it ---- */

static uint64_t fold(uint64_t seen, uint64_t more)
{
	return (seen ^ more) * 0x100000001b3u;
}

static void change_acpi_pm(unsigned how)
{
	out(MZ_ACPI_PM_EVENT + 2, 0x1234 + how, 2);
	out(MZ_ACPI_PM_CONTROL, 0x0802 * how, 2);
}

static uint64_t see_acpi_pm(void)
{
	return fold(in(MZ_ACPI_PM_EVENT, 4), in(MZ_ACPI_PM_CONTROL, 2));
}

static void change_debug_exit(unsigned how)
{
	if (how == 1)
		out(MZ_DEBUG_EXIT_BASE, 77, 4);
}

static uint64_t see_debug_exit(void)
{
	return fold(debug_exit.requested, debug_exit.value);
}

static void change_fw_cfg(unsigned how)
{
	out(MZ_FW_CFG_BASE, 0, 2);
	for (unsigned i = 0; i < how; i++)
		in(MZ_FW_CFG_BASE + 1, 1);
}

static uint64_t see_fw_cfg(void)
{
	return fold(in(MZ_FW_CFG_BASE + 1, 1), in(MZ_FW_CFG_BASE + 1, 1));
}

static void change_pc_test(unsigned how)
{
	out(MZ_PC_TEST_PORTS, 0x12345678 + how, 4);
	for (unsigned i = 0; i < MZ_PC_TEST_MEMORY_BYTES; i += 8)
		mz_bus_write(&memory, MZ_PC_TEST_MEMORY + i, i * 7 + how, 8);
}

static uint64_t see_pc_test(void)
{
	uint64_t seen = in(MZ_PC_TEST_PORTS, 4);

	for (unsigned i = 0; i < MZ_PC_TEST_MEMORY_BYTES; i += 8)
		seen = fold(seen, mz_bus_read(&memory, MZ_PC_TEST_MEMORY + i, 8));
	return seen;
}

static void change_power(unsigned how)
{
	if (how == 1)
		out(MZ_I8042_COMMAND, 0xfe, 1);
}

static uint64_t see_power(void)
{
	return mz_power_asked(&power);
}

static void change_reset(unsigned how)
{
	out(MZ_RESET_CONTROL, 2 * (how & 1), 1);
}

static uint64_t see_reset(void)
{
	return in(MZ_RESET_CONTROL, 1);
}

static void change_rtc(unsigned how)
{
	for (unsigned index = 0x40; index < 0x80; index++) {
		out(0x70, index, 1);
		out(0x71, index + how, 1);
	}
	out(0x70, 0x50 + how, 1);
}

static uint64_t see_rtc(void)
{
	uint64_t seen = in(0x71, 1);

	for (unsigned index = 0x0a; index < 0x80; index++) {
		out(0x70, index, 1);
		if (index != MZ_RTC_CENTURY)
			seen = fold(seen, in(0x71, 1));
	}
	return seen;
}

static void change_serial(unsigned how)
{
	out(MZ_SERIAL_BASE + 3, 0x80, 1);
	out(MZ_SERIAL_BASE, 0x1234 + how, 2);
	out(MZ_SERIAL_BASE + 3, how, 1);
	out(MZ_SERIAL_BASE + 2, how, 1);
	out(MZ_SERIAL_BASE + 4, 0x13 + how, 1); /* loopback */
	out(MZ_SERIAL_BASE, 'a' + how, 1);
	out(MZ_SERIAL_BASE + 1, how, 1);
	out(MZ_SERIAL_BASE + 7, 0x60 + how, 1);
}

static uint64_t see_serial(void)
{
	uint64_t seen = in(MZ_SERIAL_BASE, 8);

	out(MZ_SERIAL_BASE + 3, 0x80, 1);
	return fold(seen, in(MZ_SERIAL_BASE, 2));
}

static void change_test_device(unsigned how)
{
	mz_bus_write(&memory, MZ_TEST_DEVICE_BASE + MZ_TEST_DEVICE_SCRATCH, 0x1111 * how, 8);
	mz_bus_write(&memory, MZ_TEST_DEVICE_BASE + MZ_TEST_DEVICE_SCRATCH + 8, 0x2222 * how, 8);
}

static uint64_t see_test_device(void)
{
	uint64_t seen = 0;

	for (unsigned i = MZ_TEST_DEVICE_COUNT; i < MZ_TEST_DEVICE_END; i += 8)
		seen = fold(seen, mz_bus_read(&memory, MZ_TEST_DEVICE_BASE + i, 8));
	return seen;
}

#define GO_OVER(name)                                                   \
	static void go_over_##name(void *thing, struct mz_state *state) \
	{                                                               \
		mz_##name##_state(thing, state);                        \
	}

GO_OVER(acpi_pm)
GO_OVER(debug_exit)
GO_OVER(fw_cfg)
GO_OVER(pc_test)
GO_OVER(power)
GO_OVER(reset)
GO_OVER(rtc)
GO_OVER(serial)
GO_OVER(test_device)

#define DEVICE(name)                                               \
	{                                                          \
		{go_over_##name, &name}, change_##name, see_##name \
	}

static const struct {
	struct saved_thing thing;
	void (*change)(unsigned how);
	uint64_t (*see)(void);
} devices[] = {
	DEVICE(acpi_pm), DEVICE(debug_exit), DEVICE(fw_cfg), DEVICE(pc_test),     DEVICE(power),
	DEVICE(reset),   DEVICE(rtc),        DEVICE(serial), DEVICE(test_device),
};

#define DEVICES ((int)(sizeof(devices) / sizeof(devices[0])))

static const struct saved_thing the_serial = {go_over_serial, &serial};
static const struct saved_thing the_clock = {go_over_rtc, &rtc};
static const struct saved_thing the_timer = {go_over_acpi_pm, &acpi_pm};

/* ---- All of them ---- */

/* To see may change something: both times, it is the first thing that is done. */
START_TEST(a_guest_finds_the_device_as_it_was)
{
	for (unsigned how = 0; how < 2; how++) {
		struct mz_state saved;
		uint64_t before;

		devices[_i].change(2 * how);
		saved = saved_of(&devices[_i].thing);
		before = devices[_i].see();
		devices[_i].change(1);
		must(devices[_i].see() != before);
		saved_put_back(&devices[_i].thing, &saved);
		must_equal(devices[_i].see(), before);
		mz_state_free(&saved);
	}
}
END_TEST

START_TEST(a_state_that_is_cut_off_is_refused)
{
	struct mz_state saved = saved_of(&devices[_i].thing);

	saved_cut_anywhere(&devices[_i].thing, &saved);
	mz_state_free(&saved);
}
END_TEST

static void use_all(void)
{
	static const unsigned widths[] = {1, 2, 4, 8};
	static struct rng rng = {.state = 1};

	for (unsigned i = 0; i < 20; i++) {
		unsigned bytes = widths[rng_below(&rng, 4)];
		const struct mz_device *device = &ports.devices[rng_below(&rng, ports.count)];
		uint64_t port = device->base + rng_below(&rng, device->bytes);

		if (rng_below(&rng, 2) == 0)
			in(port, bytes);
		else
			out(port, rng_next(&rng), bytes);
		mz_bus_read(&memory, MZ_TEST_DEVICE_BASE + rng_below(&rng, 64), bytes);
	}
	mz_serial_receive(&serial);
}

START_TEST(bits_that_are_turned_do_no_harm)
{
	struct mz_state saved;

	close(output[1]);
	output[1] = console.out = open("/dev/null", O_WRONLY);
	saved = saved_of(&devices[_i].thing);
	saved_turn_bits(&devices[_i].thing, &saved, rng_steps(5000), use_all);
	mz_state_free(&saved);
}
END_TEST

static const struct {
	const struct saved_thing thing;
	size_t at; /* behind the name and the version */
	unsigned char value;
	const char *text;
} wrong[] = {
	{{go_over_acpi_pm, &acpi_pm}, 3, 0x20, "acpi: a bit that can't be read"},
	{{go_over_acpi_pm, &acpi_pm}, 7, 1, "acpi: a timer of more than 24 bits"},
	{{go_over_debug_exit, &debug_exit}, 0, 2, "debug-exit: neither yes nor no"},
	{{go_over_power, &power}, 0, 4, "power: an end that there is not"},
	{{go_over_reset, &reset}, 0, 4, "reset: a control that does not stay"},
	{{go_over_rtc, &rtc}, 0, 128, "rtc: an index beyond the memory"},
	{{go_over_serial, &serial}, 0, 0x10, "serial: bits that are always 0 are 1"},
	{{go_over_serial, &serial}, 1, 0x02, "serial: bits that are always 0 are 1"},
	{{go_over_serial, &serial}, 3, 0x20, "serial: bits that are always 0 are 1"},
	{{go_over_serial, &serial}, 7, 2, "serial: neither yes nor no"},
};

START_TEST(what_can_not_be_is_refused_by_name)
{
	struct mz_state saved = saved_of(&wrong[_i].thing);

	saved.bytes[MZ_STATE_NAME + 4 + wrong[_i].at] = wrong[_i].value;
	must_equal(saved_load(&wrong[_i].thing, saved.bytes, saved.size, &failure), -1);
	must_say(strcmp(failure.text, wrong[_i].text) == 0, "%s", failure.text);
	must_equal(rtc.index, 0);
	mz_state_free(&saved);
}
END_TEST

/* ---- Each by itself ---- */

static void type(const char *text)
{
	must(write(input[1], text, strlen(text)) == (ssize_t)strlen(text));
	must(mz_console_feed(&console));
	mz_serial_receive(&serial);
}

/* The transmitter's interrupt is pending, or not. */
static void set_line(bool up)
{
	out(MZ_SERIAL_BASE + 1, 0, 1);
	out(MZ_SERIAL_BASE + 4, 0x08, 1);
	out(MZ_SERIAL_BASE + 1, up ? 0x02 : 0x01, 1);
	(void)edge_came();
}

START_TEST(a_serial_line_that_was_up_is_raised_again)
{
	struct mz_state saved;

	set_line(true);
	saved = saved_of(&the_serial);
	must(!edge_came());
	must_equal(in(MZ_SERIAL_BASE + 2, 1), 0x02); /* takes it back */
	set_line(false);
	saved_put_back(&the_serial, &saved);
	must(edge_came());
	must_equal(in(MZ_SERIAL_BASE + 2, 1), 0x02);
	must_equal(in(MZ_SERIAL_BASE + 2, 1), 0x01);
	mz_state_free(&saved);
}
END_TEST

START_TEST(a_serial_line_that_was_down_stays_down_until_there_is_input)
{
	struct mz_state saved;

	set_line(false);
	saved = saved_of(&the_serial);
	set_line(true);
	saved_put_back(&the_serial, &saved);
	must(!edge_came());
	type("x");
	must(edge_came());
	saved_put_back(&the_serial, &saved); /* there is a reason for it now */
	must(edge_came());
	must_equal(in(MZ_SERIAL_BASE, 1), 'x');
	mz_state_free(&saved);
}
END_TEST

/* Half an address of a copy is kept: what comes with the other half reaches what it should. */
START_TEST(half_an_address_of_a_copy_is_kept)
{
	static const unsigned char select_and_read[16] = {0, 0, 0, 0x0a, 0, 0, 0,    4,
							  0, 0, 0, 0,    0, 0, 0x30, 0};
	const struct saved_thing thing = {go_over_fw_cfg, &fw_cfg};
	struct mz_state saved;

	memcpy(mz_ram_at(&ram, 0x2000, 16), select_and_read, 16);
	out(MZ_FW_CFG_BASE + 4, 0, 4);
	saved = saved_of(&thing);
	out(MZ_FW_CFG_BASE + 4, 1, 4);
	saved_put_back(&thing, &saved);
	out(MZ_FW_CFG_BASE + 8, __builtin_bswap32(0x2000), 4);
	must(memcmp(mz_ram_at(&ram, 0x3000, 4), "QEMU", 4) == 0);
	mz_state_free(&saved);
}
END_TEST

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The guest's timer has counted the time that passed before saving and after loading. */
START_TEST(the_timer_goes_on_from_where_it_was)
{
	uint64_t begun = now_ns(), first = in(MZ_ACPI_PM_TIMER, 4);
	struct mz_state saved = saved_of(&the_timer);
	uint64_t left = now_ns(), back, counted, ticks;

	poll(NULL, 0, 100);
	acpi_pm.ahead += 0x800000; /* as on another host */
	back = now_ns();
	saved_put_back(&the_timer, &saved);
	counted = (in(MZ_ACPI_PM_TIMER, 4) - first) & 0xffffff;
	ticks = (left - begun + (now_ns() - back)) * TIMER_HZ / 1000000000u + 2;
	must_say(counted <= ticks, "%ju of %ju", (uintmax_t)counted, (uintmax_t)ticks);
	mz_state_free(&saved);
}
END_TEST

START_TEST(the_clock_shows_the_time_of_the_host)
{
	struct mz_state saved = saved_of(&the_clock);

	saved.bytes[MZ_STATE_NAME + 4 + 1 + 0x09] = 0x99; /* the year */
	saved_put_back(&the_clock, &saved);
	out(0x70, 0x09, 1);
	must(in(0x71, 1) != 0x99);
	mz_state_free(&saved);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("states of devices");
	TCase *all = tcase_create("all");
	TCase *each = tcase_create("each");

	tcase_add_checked_fixture(all, set_up, tear_down);
	tcase_set_timeout(all, 120);
	tcase_add_loop_test(all, a_guest_finds_the_device_as_it_was, 0, DEVICES);
	tcase_add_loop_test(all, a_state_that_is_cut_off_is_refused, 0, DEVICES);
	tcase_add_loop_test(all, bits_that_are_turned_do_no_harm, 0, DEVICES);
	tcase_add_loop_test(all, what_can_not_be_is_refused_by_name, 0,
			    (int)(sizeof(wrong) / sizeof(wrong[0])));
	suite_add_tcase(suite, all);

	tcase_add_checked_fixture(each, set_up, tear_down);
	tcase_add_test(each, a_serial_line_that_was_up_is_raised_again);
	tcase_add_test(each, a_serial_line_that_was_down_stays_down_until_there_is_input);
	tcase_add_test(each, half_an_address_of_a_copy_is_kept);
	tcase_add_test(each, the_timer_goes_on_from_where_it_was);
	tcase_add_test(each, the_clock_shows_the_time_of_the_host);
	suite_add_tcase(suite, each);
	return suite_run(suite);
}
