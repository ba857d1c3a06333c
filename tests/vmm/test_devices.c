// SPDX-License-Identifier: MPL-2.0
/* The bus and the devices on it, accessed as guests do: as they should, and as they should not. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/rng.h"
#include "tests/suite.h"
#include "vmm/device/debug_exit.h"
#include "vmm/device/irq.h"
#include "vmm/device/serial.h"
#include "vmm/device/test_device.h"

static struct mz_bus bus;
static struct mz_failure failure;

static const unsigned widths[] = {1, 2, 4, 8};

/* ---- Interrupt lines ---- */

START_TEST(raises_become_one_edge_until_somebody_looks)
{
	struct mz_irq irq = {.fd = eventfd(0, EFD_NONBLOCK)};
	eventfd_t raises;

	mz_irq_raise(&irq);
	mz_irq_raise(&irq);
	ck_assert_int_eq(eventfd_read(irq.fd, &raises), 0);
	ck_assert_uint_eq(raises, 2);
	ck_assert_int_eq(eventfd_read(irq.fd, &raises), -1);
	mz_irq_raise(&irq);
	ck_assert_int_eq(eventfd_read(irq.fd, &raises), 0);
	close(irq.fd);
}
END_TEST

START_TEST(a_line_that_nobody_listens_to_can_be_raised)
{
	const struct mz_irq irq = {.fd = -1};

	errno = 0;
	mz_irq_raise(&irq);
	ck_assert_int_eq(errno, 0);
}
END_TEST

/* ---- The bus ---- */

/* Remembers its last access, and reads as all ones. */
struct probe {
	uint64_t offset, data;
	unsigned bytes;
};

static uint64_t probe_read(void *context, uint64_t offset, unsigned bytes)
{
	*(struct probe *)context = (struct probe) {.offset = offset, .bytes = bytes};
	return UINT64_MAX;
}

static void probe_write(void *context, uint64_t offset, uint64_t data, unsigned bytes)
{
	*(struct probe *)context = (struct probe) {.offset = offset, .data = data, .bytes = bytes};
}

static struct probe probe;

static int add_probe(uint64_t base, uint64_t bytes)
{
	const struct mz_device device = {
		.name = "probe",
		.base = base,
		.bytes = bytes,
		.context = &probe,
		.read = probe_read,
		.write = probe_write,
		.reads = 77,
		.writes = 77,
	};

	return mz_bus_add(&bus, &device, &failure);
}

static void assert_no_room(uint64_t base, uint64_t bytes, const char *words)
{
	ck_assert_int_eq(add_probe(base, bytes), -1);
	ck_assert_int_eq(failure.status, MZ_STATUS_HOST_FAILED);
	ck_assert_msg(strstr(failure.text, words) != NULL, "\"%s\" is not in: %s", words,
		      failure.text);
}

START_TEST(devices_must_not_overlap)
{
	mz_bus_init(&bus, "port");
	ck_assert_int_eq(add_probe(0x100, 0x10), 0);
	assert_no_room(0x10f, 1, "port bus: device probe at 0x10f overlaps device probe at 0x100");
	assert_no_room(0x100, 1, "overlaps");
	assert_no_room(0xff, 2, "overlaps");
	assert_no_room(0, UINT64_MAX, "overlaps");
	ck_assert_int_eq(add_probe(0x110, 1), 0);
	ck_assert_int_eq(add_probe(0xff, 1), 0);
	ck_assert_uint_eq(bus.count, 3);
}
END_TEST

START_TEST(a_device_must_not_be_empty_or_wrap_around)
{
	mz_bus_init(&bus, "memory");
	assert_no_room(0x100, 0, "memory bus: device probe: 0x100+0x0 is empty or wraps around");
	assert_no_room(UINT64_MAX, 2, "0xffffffffffffffff+0x2 is empty or wraps around");
	assert_no_room(2, UINT64_MAX, "0x2+0xffffffffffffffff is empty or wraps around");
	ck_assert_int_eq(add_probe(1, UINT64_MAX), 0);
}
END_TEST

START_TEST(a_full_bus_takes_no_device)
{
	mz_bus_init(&bus, "port");
	for (uint64_t i = 0; i < MZ_BUS_DEVICES; i++)
		ck_assert_int_eq(add_probe(i, 1), 0);
	assert_no_room(0x1000, 1, "no room for device probe: 32 devices are there already");
}
END_TEST

START_TEST(an_access_reaches_the_device_that_holds_all_of_it)
{
	mz_bus_init(&bus, "memory");
	ck_assert_int_eq(add_probe(UINT64_MAX - 0xf, 0x10), 0);
	ck_assert_int_eq(add_probe(0x1000, 0x10), 0);
	for (unsigned i = 0; i < 4; i++) {
		unsigned bytes = widths[i];
		uint64_t mask = UINT64_MAX >> (64 - 8 * bytes);

		for (uint64_t offset = 0; offset + bytes <= 0x10; offset++) {
			ck_assert_uint_eq(mz_bus_read(&bus, 0x1000 + offset, bytes), mask);
			ck_assert_uint_eq(probe.offset, offset);
			ck_assert_uint_eq(probe.bytes, bytes);
			mz_bus_write(&bus, UINT64_MAX - 0xf + offset, UINT64_MAX - 1, bytes);
			ck_assert_uint_eq(probe.offset, offset);
			ck_assert_uint_eq(probe.bytes, bytes);
			ck_assert_uint_eq(probe.data, mask - 1);
		}
	}
	ck_assert_uint_eq(bus.devices[0].reads, 0);
	ck_assert_uint_eq(bus.devices[0].writes, 16 + 15 + 13 + 9);
	ck_assert_uint_eq(bus.devices[1].reads, 16 + 15 + 13 + 9);
	ck_assert_uint_eq(bus.devices[1].writes, 0);
}
END_TEST

static void assert_unclaimed(uint64_t address, unsigned bytes, uint64_t ones)
{
	ck_assert_ptr_null(mz_bus_find(&bus, address, bytes));
	ck_assert_uint_eq(mz_bus_read(&bus, address, bytes), ones);
	mz_bus_write(&bus, address, 0, bytes);
	ck_assert_uint_eq(probe.bytes, 0);
}

START_TEST(where_no_device_is_reads_are_ones_and_writes_vanish)
{
	memset(&probe, 0, sizeof(probe));
	mz_bus_init(&bus, "memory");
	ck_assert_int_eq(add_probe(0x1000, 0x10), 0);
	ck_assert_int_eq(add_probe(0x1010, 0x10), 0);
	assert_unclaimed(0xfff, 1, 0xff);
	assert_unclaimed(0x1020, 2, 0xffff);
	assert_unclaimed(0xffe, 4, 0xffffffff);
	assert_unclaimed(0x100c, 8, UINT64_MAX); /* across two devices */
	assert_unclaimed(0x101d, 4, 0xffffffff);
	assert_unclaimed(UINT64_MAX, 8, UINT64_MAX);
	assert_unclaimed(0x1000, 0, 0);
	assert_unclaimed(0x1000, 3, 0xffffff);
	assert_unclaimed(0x1000, 16, UINT64_MAX);
	assert_unclaimed(0x1000, 1u << 31, UINT64_MAX);
}
END_TEST

/* ---- Debug exit ---- */

static struct mz_debug_exit debug_exit;

static void debug_exit_begin(void)
{
	memset(&debug_exit, 0xff, sizeof(debug_exit));
	mz_bus_init(&bus, "port");
	ck_assert_int_eq(mz_debug_exit_init(&debug_exit, &bus, MZ_DEBUG_EXIT_BASE, &failure), 0);
	ck_assert(!debug_exit.requested);
}

START_TEST(a_write_of_any_width_ends_the_run)
{
	for (unsigned i = 0; i < 3; i++) {
		uint32_t mask = UINT32_MAX >> (32 - 8 * widths[i]);

		debug_exit_begin();
		mz_bus_write(&bus, 0xf4, 0x1122334455667788, widths[i]);
		ck_assert(debug_exit.requested);
		ck_assert_uint_eq(debug_exit.value, 0x55667788 & mask);
	}
}
END_TEST

START_TEST(the_first_debug_exit_decides)
{
	debug_exit_begin();
	mz_bus_write(&bus, 0xf4, 7, 1);
	mz_bus_write(&bus, 0xf4, 8, 4);
	ck_assert_uint_eq(debug_exit.value, 7);
}
END_TEST

START_TEST(nothing_else_ends_the_run)
{
	debug_exit_begin();
	for (uint64_t port = 0xf0; port < 0xfc; port++) {
		for (unsigned i = 0; i < 4; i++) {
			mz_bus_read(&bus, port, widths[i]);
			if (port != 0xf4 || widths[i] == 8)
				mz_bus_write(&bus, port, 1, widths[i]);
		}
	}
	ck_assert(!debug_exit.requested);
	ck_assert_uint_eq(mz_bus_read(&bus, 0xf4, 4), 0);
}
END_TEST

/* ---- The test device ---- */

static struct mz_test_device test_device;

static void test_device_begin(void)
{
	memset(&test_device, 0xff, sizeof(test_device));
	mz_bus_init(&bus, "memory");
	ck_assert_int_eq(mz_test_device_init(&test_device, &bus, MZ_TEST_DEVICE_BASE, &failure), 0);
}

static uint64_t device_read(uint64_t offset, unsigned bytes)
{
	return mz_bus_read(&bus, MZ_TEST_DEVICE_BASE + offset, bytes);
}

static void device_write(uint64_t offset, uint64_t data, unsigned bytes)
{
	mz_bus_write(&bus, MZ_TEST_DEVICE_BASE + offset, data, bytes);
}

START_TEST(the_id_spells_a_word)
{
	test_device_begin();
	ck_assert_uint_eq(device_read(0, 8), 0x545345545a5a454d);
	for (uint64_t i = 0; i < 8; i++)
		ck_assert_uint_eq(device_read(i, 1), (uint64_t) "MEZZTEST"[i]);
	device_write(0, 0, 8);
	ck_assert_uint_eq(device_read(0, 4), 0x5a5a454d);
}
END_TEST

START_TEST(accesses_are_counted_but_for_reads_of_the_count)
{
	test_device_begin();
	ck_assert_uint_eq(device_read(8, 8), 0);
	ck_assert_uint_eq(device_read(8, 8), 0);
	device_read(0, 1);
	device_read(0x10, 8);
	device_read(0xff8, 8);
	device_write(0x20, 1, 2);
	ck_assert_uint_eq(device_read(8, 8), 4);
	ck_assert_uint_eq(device_read(8, 1), 4);
	ck_assert_uint_eq(device_read(9, 4), 0);
	device_write(8, 99, 8);
	ck_assert_uint_eq(device_read(8, 8), 5);
	device_read(7, 2);
	device_read(15, 2);
	ck_assert_uint_eq(device_read(8, 8), 7);
	test_device.access_count = 0x1122334455667788;
	ck_assert_uint_eq(device_read(8, 8), 0x1122334455667788);
	ck_assert_uint_eq(device_read(0xc, 2), 0x3344);
}
END_TEST

START_TEST(the_scratch_keeps_what_is_written_at_every_width_and_place)
{
	for (unsigned i = 0; i < 4; i++) {
		unsigned bytes = widths[i];

		for (uint64_t offset = 0x10; offset + bytes <= 0x20; offset++) {
			uint64_t mask = UINT64_MAX >> (64 - 8 * bytes);

			test_device_begin();
			device_write(offset, 0x8877665544332211, bytes);
			ck_assert_uint_eq(device_read(offset, bytes), 0x8877665544332211 & mask);
			for (uint64_t byte = 0x10; byte < 0x20; byte++) {
				uint64_t inside = byte - offset;

				ck_assert_uint_eq(device_read(byte, 1),
						  inside < bytes ? 0x11 * (inside + 1) : 0);
			}
		}
	}
}
END_TEST

START_TEST(an_access_over_an_end_of_the_scratch_reaches_what_is_inside)
{
	test_device_begin();
	device_write(0xc, 0x8877665544332211, 8);
	ck_assert_uint_eq(device_read(0x10, 8), 0x88776655);
	device_write(0x1c, 0x8877665544332211, 8);
	ck_assert_uint_eq(device_read(0x1c, 8), 0x44332211);
	ck_assert_uint_eq(device_read(0x18, 8), 0x4433221100000000);
}
END_TEST

START_TEST(the_rest_of_the_test_device_is_0)
{
	test_device_begin();
	for (uint64_t offset = 0x20; offset <= 0xff8; offset += 8) {
		device_write(offset, UINT64_MAX, 8);
		ck_assert_uint_eq(device_read(offset, 8), 0);
	}
	ck_assert_uint_eq(device_read(0xffc, 8), UINT64_MAX); /* over the device's end */
}
END_TEST

/* ---- The serial port ---- */

static struct mz_console console;
static struct mz_serial serial;
static struct mz_irq serial_irq = {-1};
static int input[2], output[2];

static void serial_begin(void)
{
	memset(&serial, 0xff, sizeof(serial));
	ck_assert_int_eq(pipe(input), 0);
	ck_assert_int_eq(pipe(output), 0);
	ck_assert_int_eq(mz_console_init(&console, input[0], output[1], &failure), 0);
	mz_bus_init(&bus, "port");
	ck_assert_int_eq(
		mz_serial_init(&serial, &bus, MZ_SERIAL_BASE, &console, &serial_irq, &failure), 0);
}

static void serial_end(void)
{
	mz_console_destroy(&console);
	for (int i = 0; i < 2; i++) {
		close(input[i]);
		close(output[i]);
	}
}

static unsigned in8(unsigned port)
{
	return (unsigned)mz_bus_read(&bus, MZ_SERIAL_BASE + port, 1);
}

static void out8(unsigned port, unsigned data)
{
	mz_bus_write(&bus, MZ_SERIAL_BASE + port, data, 1);
}

/* What the user types. */
static void type(const char *text)
{
	ck_assert_int_eq(write(input[1], text, strlen(text)), (int)strlen(text));
	ck_assert(mz_console_feed(&console));
}

/* What the user sees that was not seen before. */
static void assert_seen(const char *text)
{
	struct pollfd pollfd = {.fd = output[0], .events = POLLIN};
	char seen[512] = "";

	if (poll(&pollfd, 1, 0) > 0)
		ck_assert_int_ge(read(output[0], seen, sizeof(seen) - 1), 0);
	ck_assert_str_eq(seen, text);
}

START_TEST(what_is_sent_is_seen)
{
	serial_begin();
	for (const char *c = "hello\n"; *c; c++) {
		ck_assert_uint_eq(in8(5) & 0x20, 0x20);
		out8(0, (unsigned char)*c);
	}
	assert_seen("hello\n");
	serial_end();
}
END_TEST

START_TEST(a_prompt_is_seen_once_the_guest_waits)
{
	serial_begin();
	for (const char *c = "name? "; *c; c++) {
		in8(5);
		out8(0, (unsigned char)*c);
	}
	assert_seen("");
	in8(5);
	assert_seen("");
	in8(5);
	assert_seen("name? ");
	serial_end();
}
END_TEST

START_TEST(what_is_typed_can_be_read)
{
	serial_begin();
	ck_assert_uint_eq(in8(5), 0x60);
	ck_assert_uint_eq(in8(0), 0);
	type("ab");
	ck_assert_uint_eq(in8(5), 0x61);
	ck_assert_uint_eq(in8(0), 'a');
	out8(2, 0x07); /* resetting the FIFOs loses nothing that is still on the line */
	ck_assert_uint_eq(in8(5), 0x61);
	ck_assert_uint_eq(in8(0), 'b');
	ck_assert_uint_eq(in8(5), 0x60);
	serial_end();
}
END_TEST

START_TEST(a_port_whose_input_is_somebody_elses_gets_none)
{
	serial_begin();
	serial.deaf = true;
	type("ab");
	ck_assert_uint_eq(in8(5), 0x60);
	ck_assert_uint_eq(in8(0), 0);
	ck_assert_int_eq(mz_console_take(&console), 'a');
	out8(4, 0x10);
	out8(0, 'l'); /* but what it sends itself */
	ck_assert_uint_eq(in8(5), 0x61);
	ck_assert_uint_eq(in8(0), 'l');
	serial_end();
}
END_TEST

START_TEST(the_divisor_latch_covers_data_and_interrupt_enable)
{
	serial_begin();
	type("x");
	out8(1, 0xff);
	out8(3, 0x83);
	out8(0, 0x0c);
	out8(1, 0xab);
	ck_assert_uint_eq(in8(0), 0x0c);
	ck_assert_uint_eq(in8(1), 0xab);
	out8(3, 0x03);
	ck_assert_uint_eq(in8(3), 0x03);
	ck_assert_uint_eq(in8(1), 0x0f);
	ck_assert_uint_eq(in8(0), 'x');
	mz_console_flush(&console);
	assert_seen("");
	serial_end();
}
END_TEST

START_TEST(registers_keep_the_bits_that_they_have)
{
	serial_begin();
	for (unsigned data = 0; data < 256; data++) {
		out8(7, data);
		out8(4, data);
		out8(1, data);
		out8(5, data);
		out8(6, data);
		ck_assert_uint_eq(in8(7), data);
		ck_assert_uint_eq(in8(4), data & 0x1f);
		ck_assert_uint_eq(in8(1), data & 0x0f);
		ck_assert_uint_eq(in8(5), 0x60);
		out8(3, data);
		ck_assert_uint_eq(in8(3), data);
		out8(3, 0);
	}
	serial_end();
}
END_TEST

START_TEST(fifos_can_be_told)
{
	serial_begin();
	ck_assert_uint_eq(in8(2), 0x01);
	out8(2, 0x01);
	ck_assert_uint_eq(in8(2), 0xc1);
	out8(2, 0xc6); /* without bit 0 the FIFOs are off, whatever else is written */
	ck_assert_uint_eq(in8(2), 0x01);
	serial_end();
}
END_TEST

START_TEST(loopback_returns_what_is_sent)
{
	serial_begin();
	type("typed");
	out8(4, 0x1e);
	ck_assert_uint_eq(in8(5), 0x60);
	out8(0, 0xae);
	ck_assert_uint_eq(in8(5), 0x61);
	ck_assert_uint_eq(in8(0), 0xae);
	ck_assert_uint_eq(in8(5), 0x60);
	out8(0, 1);
	out8(0, 2);
	ck_assert_uint_eq(in8(0), 2);
	out8(0, 3);
	out8(2, 0x02);
	ck_assert_uint_eq(in8(5), 0x60);
	out8(4, 0x0b);
	ck_assert_uint_eq(in8(0), 't');
	mz_console_flush(&console);
	assert_seen("");
	serial_end();
}
END_TEST

START_TEST(loopback_connects_the_modem_lines)
{
	serial_begin();
	ck_assert_uint_eq(in8(6), 0xb0);
	out8(4, 0x10);
	ck_assert_uint_eq(in8(6), 0x00);
	out8(4, 0x11);
	ck_assert_uint_eq(in8(6), 0x20);
	out8(4, 0x12);
	ck_assert_uint_eq(in8(6), 0x10);
	out8(4, 0x14);
	ck_assert_uint_eq(in8(6), 0x40);
	out8(4, 0x18);
	ck_assert_uint_eq(in8(6), 0x80);
	out8(4, 0x1a);
	ck_assert_uint_eq(in8(6), 0x90);
	serial_end();
}
END_TEST

START_TEST(a_wide_access_is_one_of_bytes)
{
	serial_begin();
	type("a");
	mz_bus_write(&bus, MZ_SERIAL_BASE + 3, 0x0903, 2);
	ck_assert_uint_eq(in8(3), 0x03);
	ck_assert_uint_eq(in8(4), 0x09);
	mz_bus_write(&bus, MZ_SERIAL_BASE + 7, 0x5a, 1);
	ck_assert_uint_eq(mz_bus_read(&bus, MZ_SERIAL_BASE + 4, 4), 0x5ab06109);
	ck_assert_uint_eq(mz_bus_read(&bus, MZ_SERIAL_BASE, 2), 'a');
	ck_assert_uint_eq(mz_bus_read(&bus, MZ_SERIAL_BASE + 7, 2), 0xffff);
	serial_end();
}
END_TEST

static void *send_a_line(void *context)
{
	(void)context;
	for (unsigned i = 0; i < MZ_CONSOLE_LINE; i++)
		out8(0, 'x');
	return NULL;
}

START_TEST(input_does_not_wait_for_who_reads_the_output)
{
	static char full[4096];
	char seen[sizeof(full)];
	pthread_t guest;

	serial_begin();
	ck_assert_int_eq(fcntl(output[1], F_SETPIPE_SZ, (int)sizeof(full)), sizeof(full));
	ck_assert_int_eq(write(output[1], full, sizeof(full)), sizeof(full));
	ck_assert_int_eq(pthread_create(&guest, NULL, send_a_line, NULL), 0);
	poll(NULL, 0, 50); /* the guest has come to wait for its reader */
	type("a");
	mz_serial_receive(&serial);
	ck_assert_int_eq(read(output[0], seen, sizeof(seen)), sizeof(seen));
	pthread_join(guest, NULL);
	ck_assert_uint_eq(in8(0), 'a');
	serial_end();
}
END_TEST

START_TEST(random_accesses_to_all_devices_do_no_harm)
{
	uint64_t seed = rng_seed();
	struct rng rng = {.state = seed};
	uint64_t accesses = 0, answered = 0;

	printf("# MZ_SEED=%ju\n", (uintmax_t)seed);
	serial_begin();
	close(output[1]);
	output[1] = console.out = open("/dev/null", O_WRONLY);
	ck_assert_int_eq(mz_debug_exit_init(&debug_exit, &bus, MZ_DEBUG_EXIT_BASE, &failure), 0);
	ck_assert_int_eq(mz_test_device_init(&test_device, &bus, MZ_TEST_DEVICE_BASE, &failure), 0);
	type("some input");
	for (unsigned step = 0; step < rng_steps(100000); step++) {
		static const uint64_t bases[] = {MZ_SERIAL_BASE, MZ_DEBUG_EXIT_BASE,
						 MZ_TEST_DEVICE_BASE,
						 MZ_TEST_DEVICE_BASE + MZ_TEST_DEVICE_BYTES, 0};
		uint64_t address = bases[rng_below(&rng, 5)] + rng_below(&rng, 40) - 20;
		unsigned bytes = (unsigned)rng_below(&rng, 10);
		uint64_t mask = bytes >= 8 ? UINT64_MAX : ((uint64_t)1 << 8 * bytes) - 1;

		if (mz_bus_find(&bus, address, bytes))
			accesses++;
		if (rng_below(&rng, 2) == 0)
			ck_assert_uint_eq(mz_bus_read(&bus, address, bytes) & ~mask, 0);
		else
			mz_bus_write(&bus, address, rng_next(&rng), bytes);
	}
	for (unsigned i = 0; i < bus.count; i++)
		answered += bus.devices[i].reads + bus.devices[i].writes;
	ck_assert_uint_eq(answered, accesses);
	serial_end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("devices");
	TCase *lines = tcase_create("interrupt lines");
	TCase *buses = tcase_create("bus");
	TCase *small = tcase_create("debug-exit and test device");
	TCase *port = tcase_create("serial");

	tcase_add_test(lines, raises_become_one_edge_until_somebody_looks);
	tcase_add_test(lines, a_line_that_nobody_listens_to_can_be_raised);
	suite_add_tcase(suite, lines);

	tcase_add_test(buses, devices_must_not_overlap);
	tcase_add_test(buses, a_device_must_not_be_empty_or_wrap_around);
	tcase_add_test(buses, a_full_bus_takes_no_device);
	tcase_add_test(buses, an_access_reaches_the_device_that_holds_all_of_it);
	tcase_add_test(buses, where_no_device_is_reads_are_ones_and_writes_vanish);
	suite_add_tcase(suite, buses);

	tcase_add_test(small, a_write_of_any_width_ends_the_run);
	tcase_add_test(small, the_first_debug_exit_decides);
	tcase_add_test(small, nothing_else_ends_the_run);
	tcase_add_test(small, the_id_spells_a_word);
	tcase_add_test(small, accesses_are_counted_but_for_reads_of_the_count);
	tcase_add_test(small, the_scratch_keeps_what_is_written_at_every_width_and_place);
	tcase_add_test(small, an_access_over_an_end_of_the_scratch_reaches_what_is_inside);
	tcase_add_test(small, the_rest_of_the_test_device_is_0);
	suite_add_tcase(suite, small);

	tcase_set_timeout(port, 60);
	tcase_add_test(port, what_is_sent_is_seen);
	tcase_add_test(port, a_prompt_is_seen_once_the_guest_waits);
	tcase_add_test(port, what_is_typed_can_be_read);
	tcase_add_test(port, a_port_whose_input_is_somebody_elses_gets_none);
	tcase_add_test(port, the_divisor_latch_covers_data_and_interrupt_enable);
	tcase_add_test(port, registers_keep_the_bits_that_they_have);
	tcase_add_test(port, fifos_can_be_told);
	tcase_add_test(port, loopback_returns_what_is_sent);
	tcase_add_test(port, loopback_connects_the_modem_lines);
	tcase_add_test(port, a_wide_access_is_one_of_bytes);
	tcase_add_test(port, input_does_not_wait_for_who_reads_the_output);
	tcase_add_test(port, random_accesses_to_all_devices_do_no_harm);
	suite_add_tcase(suite, port);
	return suite_run(suite);
}
