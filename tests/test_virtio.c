// SPDX-License-Identifier: MPL-2.0
/* The MMIO transport and the rings, driven as they should and as they should not be. */
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "tests/must.h"
#include "tests/suite.h"
#include "tests/virtio_driver.h"
#include "tests/virtio_hostile.h"
#include "vmm/virtio/parts.h"

#define FEATURES    (MZ_VIRTIO_F_VERSION_1 | MZ_VIRTIO_F_INDIRECT_DESC | MZ_VIRTIO_F_EVENT_IDX)
#define OUT         DRIVER_BUFFERS
#define IN          (DRIVER_BUFFERS + 0x10000)
#define OWN_FEATURE ((uint64_t)1 << 3)

/* ---- A device that writes what it reads ---- */

struct echo {
	struct mz_virtio virtio;
	struct mz_chain chain;
	unsigned char buffer[0x8000];
	unsigned char config[8]; /* the last 4 can be written */
	unsigned resets;
	bool closed;
};

static struct echo echo;
static struct driver driver;
static struct mz_failure failure;

static uint32_t echo_serve_one(void *context, struct mz_chain *chain)
{
	struct echo *e = context;
	size_t bytes = mz_chain_copy_out(chain, 0, e->buffer,
					 chain->out_bytes < sizeof(e->buffer) ? chain->out_bytes
									      : sizeof(e->buffer));

	return (uint32_t)mz_chain_copy_in(chain, 0, e->buffer, bytes);
}

static void echo_serve(void *context, const struct mz_watch *watch)
{
	struct echo *e = context;

	(void)watch;
	for (unsigned queue = 0; queue < 2; queue++)
		mz_virtio_drain(&e->virtio, queue, &e->chain, echo_serve_one);
}

static void echo_reset(void *context)
{
	((struct echo *)context)->resets++;
}

static void echo_configure(void *context, uint32_t offset, const void *data, uint32_t bytes)
{
	if (offset >= 4)
		memcpy(((struct echo *)context)->config + offset, data, bytes);
}

static void echo_close(void *context)
{
	((struct echo *)context)->closed = true;
}

static const struct mz_virtio_type echo_type = {
	.name = "echo",
	.id = 42,
	.queue_count = 2,
	.serve = echo_serve,
	.reset = echo_reset,
	.close = echo_close,
	.configure = echo_configure,
};

static void set_up(void)
{
	const struct mz_virtio_setup setup = {
		.type = &echo_type,
		.context = &echo,
		.features = OWN_FEATURE,
		.config = echo.config,
		.config_bytes = sizeof(echo.config),
		.place = &driver.place,
	};
	struct mz_virtio *virtio;

	driver_open(&driver);
	memset(&echo, 0, sizeof(echo));
	memcpy(echo.config, "\1\2\3\4\5\6\7\10", 8);
	must(!mz_virtio_open(&virtio, &echo.virtio, &setup, &failure));
	driver_attach(&driver, virtio);
}

static void tear_down(void)
{
	mz_virtio_close(&echo.virtio);
	must(echo.closed);
	driver_close(&driver);
}

/* The device works: what is sent comes back. */
static void expect_echo(unsigned queue, uint32_t bytes)
{
	const struct driver_part parts[] = {{OUT, bytes, false}, {IN, bytes, true}};
	unsigned char *out = driver_at(&driver, OUT), *in = driver_at(&driver, IN);

	for (unsigned i = 0; i < bytes; i++)
		out[i] = (unsigned char)(i * 3 + bytes);
	memset(in, 0, bytes);
	must_equal(driver_do(&driver, queue, parts, 2), bytes);
	must(memcmp(in, out, bytes) == 0);
}

/* ---- The transport ---- */

START_TEST(the_device_introduces_itself)
{
	must_equal(driver_read(&driver, REG_MAGIC), 0x74726976);
	must_equal(driver_read(&driver, REG_VERSION), 2);
	must_equal(driver_read(&driver, REG_DEVICE_ID), 42);
	must_equal(driver_offered(&driver), FEATURES | OWN_FEATURE);
	driver_write(&driver, REG_DEVICE_FEATURES_SEL, 2);
	must_equal(driver_read(&driver, REG_DEVICE_FEATURES), 0);
	driver_write(&driver, REG_QUEUE_SEL, 1);
	must_equal(driver_read(&driver, REG_QUEUE_NUM_MAX), MZ_QUEUE_MAX);
	driver_write(&driver, REG_QUEUE_SEL, 2);
	must_equal(driver_read(&driver, REG_QUEUE_NUM_MAX), 0);
	must_equal(driver_read(&driver, REG_QUEUE_READY), 0);
	must_equal(driver_read(&driver, REG_SHM_LEN), UINT32_MAX);
	must_equal(driver_read(&driver, REG_SHM_LEN + 4), UINT32_MAX);
}
END_TEST

START_TEST(control_registers_take_aligned_words_only)
{
	must_equal(mz_bus_read(&driver.bus, MZ_VIRTIO_BASE, 1), 0);
	must_equal(mz_bus_read(&driver.bus, MZ_VIRTIO_BASE, 8), 0);
	must_equal(mz_bus_read(&driver.bus, MZ_VIRTIO_BASE + 2, 4), 0);
	mz_bus_write(&driver.bus, MZ_VIRTIO_BASE + REG_STATUS, 1, 1);
	must_equal(driver_read(&driver, REG_STATUS), 0);
	must_equal(mz_bus_read(&driver.bus, MZ_VIRTIO_BASE + REG_CONFIG + 1, 1), 2);
	must_equal(mz_bus_read(&driver.bus, MZ_VIRTIO_BASE + REG_CONFIG, 8), 0x0807060504030201);
	must_equal(mz_bus_read(&driver.bus, MZ_VIRTIO_BASE + REG_CONFIG + 6, 4), 0);
	mz_bus_write(&driver.bus, MZ_VIRTIO_BASE + REG_CONFIG + 4, 0xaabb, 2);
	must_equal(driver_read(&driver, REG_CONFIG + 4), 0x0807aabb);
	mz_bus_write(&driver.bus, MZ_VIRTIO_BASE + REG_CONFIG + 6, 0, 4);
	must_equal(driver_read(&driver, REG_CONFIG + 4), 0x0807aabb);
}
END_TEST

static void choose_features(uint64_t features)
{
	driver_write(&driver, REG_STATUS, 0);
	driver_write(&driver, REG_STATUS, 3);
	driver_write(&driver, REG_DRIVER_FEATURES_SEL, 0);
	driver_write(&driver, REG_DRIVER_FEATURES, (uint32_t)features);
	driver_write(&driver, REG_DRIVER_FEATURES_SEL, 1);
	driver_write(&driver, REG_DRIVER_FEATURES, (uint32_t)(features >> 32));
	driver_write(&driver, REG_STATUS, 0xb);
}

START_TEST(features_that_do_not_fit_are_refused)
{
	choose_features(FEATURES | (uint64_t)1 << 5);
	must_equal(driver_read(&driver, REG_STATUS), 3);
	choose_features(FEATURES & ~MZ_VIRTIO_F_VERSION_1);
	must_equal(driver_read(&driver, REG_STATUS), 3);
	driver_write(&driver, REG_STATUS, 0xf); /* not without features */
	must_equal(driver_read(&driver, REG_STATUS), 3);
	choose_features(MZ_VIRTIO_F_VERSION_1);
	must_equal(driver_read(&driver, REG_STATUS), 0xb);
	driver_write(&driver, REG_DRIVER_FEATURES, 0); /* too late */
	driver_write(&driver, REG_STATUS, 0xf);
	must_equal(driver_read(&driver, REG_STATUS), 0xf);
}
END_TEST

START_TEST(a_reset_forgets_everything)
{
	unsigned before = echo.resets;

	driver_begin(&driver, FEATURES);
	expect_echo(0, 100);
	driver_write(&driver, REG_STATUS, 0);
	must_equal(echo.resets, before + 2);
	must_equal(driver_read(&driver, REG_STATUS), 0);
	must_equal(driver_read(&driver, REG_INTERRUPT_STATUS), 0);
	driver_write(&driver, REG_QUEUE_SEL, 0);
	must_equal(driver_read(&driver, REG_QUEUE_READY), 0);
	driver_begin(&driver, FEATURES);
	expect_echo(0, 100);
}
END_TEST

START_TEST(a_change_of_the_configuration_is_told)
{
	uint32_t before = driver_read(&driver, REG_GENERATION);

	mz_virtio_config_changed(&echo.virtio); /* nobody is there */
	must_equal(driver_read(&driver, REG_INTERRUPT_STATUS), 0);
	driver_begin(&driver, FEATURES);
	mz_virtio_config_changed(&echo.virtio);
	driver_wait_interrupt(&driver, 2);
	must_equal(driver_read(&driver, REG_GENERATION), before + 2);
	must_equal(driver_read(&driver, REG_INTERRUPT_STATUS), 0);
}
END_TEST

START_TEST(nothing_is_done_before_the_driver_begins)
{
	const struct driver_part parts[] = {{OUT, 16, false}, {IN, 16, true}};
	uint16_t head;
	uint32_t written;

	choose_features(MZ_VIRTIO_F_VERSION_1);
	driver.features = MZ_VIRTIO_F_VERSION_1;
	driver_set_up_queue(&driver, 0, 16);
	driver_send(&driver, 0, parts, 2);
	poll(NULL, 0, 20);
	must(!driver_given(&driver, 0, &head, &written));
	driver_write(&driver, REG_STATUS, 0xf);
	must_equal(driver_wait(&driver, 0, &written), 0);
}
END_TEST

START_TEST(a_queue_that_lies_wrong_breaks_the_device)
{
	static const struct {
		uint32_t offset, low, high;
	} wrong[] = {
		{REG_QUEUE_NUM, 0, 0},
		{REG_QUEUE_NUM, 3, 0},
		{REG_QUEUE_NUM, 2 * MZ_QUEUE_MAX, 0},
		{REG_QUEUE_DESC, 0x10008, 0},
		{REG_QUEUE_DESC, 0x10000, 1},
		{REG_QUEUE_DESC, DRIVER_RAM - 16, 0},
		{REG_QUEUE_DRIVER, 0x12001, 0},
		{REG_QUEUE_DRIVER, DRIVER_RAM - 8, 0},
		{REG_QUEUE_DRIVER, MZ_VIRTIO_BASE, 0},
		{REG_QUEUE_DEVICE, 0x14002, 0},
		{REG_QUEUE_DEVICE, MZ_ROM_BASE, 0},
		{REG_QUEUE_DEVICE, UINT32_MAX - 3, UINT32_MAX},
	};

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		driver_begin(&driver, FEATURES);
		driver_write(&driver, REG_QUEUE_SEL, 1);
		driver_write(&driver, REG_QUEUE_READY, 0);
		must_equal(driver_read(&driver, REG_QUEUE_READY), 0);
		driver_write(&driver, wrong[i].offset, wrong[i].low);
		if (wrong[i].offset != REG_QUEUE_NUM)
			driver_write(&driver, wrong[i].offset + 4, wrong[i].high);
		driver_write(&driver, REG_QUEUE_READY, 1);
		must_equal(driver_read(&driver, REG_QUEUE_READY), 0);
		driver_expect_broken(&driver);
		must_equal(echo.virtio.counts.breaks, i + 1);
	}
}
END_TEST

/* ---- Rings ---- */

static const uint64_t ring_features[] = {
	MZ_VIRTIO_F_VERSION_1,
	MZ_VIRTIO_F_VERSION_1 | MZ_VIRTIO_F_INDIRECT_DESC,
	MZ_VIRTIO_F_VERSION_1 | MZ_VIRTIO_F_EVENT_IDX,
	FEATURES,
};

START_TEST(what_is_sent_comes_back_on_every_queue)
{
	driver_begin(&driver, ring_features[_i]);
	for (unsigned i = 0; i < 200; i++)
		expect_echo(i % 2, 1 + i * 37);
	must_equal(mz_virtio_stats(&echo.virtio).counts.chains, 200);
	must(mz_virtio_stats(&echo.virtio).broken == NULL);
}
END_TEST

START_TEST(parts_of_any_length_make_one_chain)
{
	const struct driver_part parts[] = {
		{OUT, 1, false},     {OUT + 0x100, 0, false}, {OUT + 7, 6, false}, {IN, 3, true},
		{IN + 100, 2, true}, {IN + 200, 0, true},     {IN + 300, 10, true}};

	driver_begin(&driver, ring_features[_i]);
	memcpy(driver_at(&driver, OUT), "a______bcdefg", 13);
	must_equal(driver_do(&driver, 0, parts, 7), 7);
	must(memcmp(driver_at(&driver, IN), "abc", 3) == 0);
	must(memcmp(driver_at(&driver, IN + 100), "de", 2) == 0);
	must(memcmp(driver_at(&driver, IN + 300), "fg", 3) == 0);
}
END_TEST

/* An indirect table in front of whose entries stands a chain of `direct` descriptors. */
static void send_indirect(unsigned direct, uint32_t entries)
{
	struct driver_queue *queue = &driver.queues[0];
	struct driver_descriptor *table = driver_at(&driver, DRIVER_BUFFERS + 0x20000 + 3);

	for (unsigned i = 0; i < direct; i++)
		queue->table[i] = (struct driver_descriptor) {
			.gpa = OUT + i, .bytes = 1, .flags = DESC_NEXT, .next = (uint16_t)(i + 1)};
	queue->table[direct] = (struct driver_descriptor) {.gpa = DRIVER_BUFFERS + 0x20000 + 3,
							   .bytes = 16 * entries,
							   .flags = DESC_INDIRECT | DESC_WRITE};
	for (unsigned i = 0; i < entries; i++) {
		struct driver_descriptor entry = {
			.gpa = i < entries / 2 ? OUT + direct + i : IN + i - entries / 2,
			.bytes = 1,
			.flags = (uint16_t)((i < entries / 2 ? 0 : DESC_WRITE) |
					    (i + 1 < entries ? DESC_NEXT : 0)),
			.next = (uint16_t)(i + 1),
		};

		memcpy((char *)table + (size_t)16 * i, &entry, sizeof(entry));
	}
	driver_make_available(&driver, 0, 0);
}

START_TEST(a_chain_may_end_in_an_indirect_table)
{
	uint32_t written;

	for (unsigned direct = 0; direct < 3; direct++) {
		driver_begin(&driver, FEATURES);
		memcpy(driver_at(&driver, OUT), "0123456789", 10);
		memset(driver_at(&driver, IN), 0, 10);
		send_indirect(direct, 14);
		driver_wait(&driver, 0, &written);
		must_equal(written, 7);
		must(memcmp(driver_at(&driver, IN), "0123456", 7) == 0);
	}
	driver_begin(&driver, FEATURES);
	send_indirect(0, MZ_QUEUE_MAX);
	driver_wait(&driver, 0, &written);
	must_equal(written, MZ_QUEUE_MAX / 2);
}
END_TEST

START_TEST(indices_wrap_around)
{
	driver_begin(&driver, ring_features[_i]);
	for (unsigned i = 0; i < 66000; i++) {
		const struct driver_part parts[] = {{OUT, 4, false}, {IN, 4, true}};

		must_equal(driver_do(&driver, 0, parts, 2), 4);
	}
}
END_TEST

START_TEST(interrupts_come_only_where_they_are_wanted)
{
	const struct driver_part parts[] = {{OUT, 4, false}, {IN, 4, true}};
	struct driver_queue *queue = &driver.queues[0];
	struct pollfd fd = {.fd = driver.place.irq.fd, .events = POLLIN};
	bool event = ring_features[_i] & MZ_VIRTIO_F_EVENT_IDX;

	driver_begin(&driver, ring_features[_i]);
	queue->available[0] = 1; /* has no meaning with events */
	queue->available[2 + queue->size] = 3;
	for (unsigned i = 0; i < 6; i++) {
		uint16_t head;
		uint32_t written;

		driver_send(&driver, 0, parts, 2);
		while (!driver_given(&driver, 0, &head, &written))
			poll(NULL, 0, 1);
		must_equal(poll(&fd, 1, 20), event && i >= 3);
	}
	must_equal(mz_virtio_stats(&echo.virtio).counts.interrupts, event);
}
END_TEST

/* ---- Hostile rings ---- */

#define IN_ROM   MZ_ROM_BASE
#define NOWHERE  ((uint64_t)1 << 40)
#define TABLE_AT (DRIVER_BUFFERS + 0x20000)

/* Each breaks the device: the first descriptor is the head, the rest follow in the queue's table.
 */
static const struct {
	const char *what;
	struct driver_descriptor table[3];
	struct driver_descriptor indirect[2];
} wrong_chains[] = {
	{"a loop of one", {{OUT, 16, DESC_NEXT, 0}}, {{0}}},
	{"a loop", {{OUT, 16, DESC_NEXT, 1}, {OUT, 16, DESC_NEXT, 0}}, {{0}}},
	{"a loop of nothing", {{OUT, 0, DESC_NEXT, 1}, {OUT, 0, DESC_NEXT, 0}}, {{0}}},
	{"next is beyond", {{OUT, 16, DESC_NEXT, 16}}, {{0}}},
	{"next is far beyond", {{OUT, 16, DESC_NEXT, 0xffff}}, {{0}}},
	{"read after write", {{IN, 1, DESC_NEXT | DESC_WRITE, 1}, {OUT, 1, 0, 0}}, {{0}}},
	{"read from ROM", {{IN_ROM, 16, 0, 0}}, {{0}}},
	{"write to ROM", {{IN_ROM, 16, DESC_WRITE, 0}}, {{0}}},
	{"MMIO", {{MZ_VIRTIO_BASE, 16, DESC_WRITE, 0}}, {{0}}},
	{"nowhere", {{NOWHERE, 16, DESC_WRITE, 0}}, {{0}}},
	{"over the end", {{DRIVER_RAM - 8, 16, DESC_WRITE, 0}}, {{0}}},
	{"wraps", {{UINT64_MAX - 7, 16, DESC_WRITE, 0}}, {{0}}},
	{"all there is", {{0, UINT32_MAX, DESC_WRITE, 0}}, {{0}}},
	{"indirect in indirect",
	 {{TABLE_AT, 32, DESC_INDIRECT, 0}},
	 {{TABLE_AT, 32, DESC_INDIRECT, 0}}},
	{"indirect with next", {{TABLE_AT, 32, DESC_INDIRECT | DESC_NEXT, 1}}, {{OUT, 1, 0, 0}}},
	{"indirect of no size", {{TABLE_AT, 0, DESC_INDIRECT, 0}}, {{0}}},
	{"indirect of an odd size", {{TABLE_AT, 24, DESC_INDIRECT, 0}}, {{0}}},
	{"indirect in ROM", {{IN_ROM, 32, DESC_INDIRECT, 0}}, {{0}}},
	{"indirect nowhere", {{NOWHERE, 32, DESC_INDIRECT, 0}}, {{0}}},
	{"indirect over the end", {{DRIVER_RAM - 16, 32, DESC_INDIRECT, 0}}, {{0}}},
	{"indirect loop", {{TABLE_AT, 32, DESC_INDIRECT, 0}}, {{OUT, 1, DESC_NEXT, 0}}},
	{"indirect beyond", {{TABLE_AT, 32, DESC_INDIRECT, 0}}, {{OUT, 1, DESC_NEXT, 2}}},
};

#define WRONG_CHAINS (sizeof(wrong_chains) / sizeof(wrong_chains[0]))

static void expect_broken_and_then_well(void)
{
	driver_expect_broken(&driver);
	must_equal(mz_virtio_stats(&echo.virtio).counts.breaks, 1);
	must(mz_virtio_stats(&echo.virtio).broken != NULL);
	driver_begin(&driver, FEATURES);
	expect_echo(0, 1000);
	expect_echo(1, 1000);
}

START_TEST(a_chain_that_is_wrong_breaks_the_device_until_a_reset)
{
	driver_begin(&driver, FEATURES);
	memcpy(driver.queues[1].table, wrong_chains[_i].table, sizeof(wrong_chains[0].table));
	memcpy(driver_at(&driver, TABLE_AT), wrong_chains[_i].indirect,
	       sizeof(wrong_chains[0].indirect));
	driver_make_available(&driver, 1, 0);
	expect_broken_and_then_well();
}
END_TEST

START_TEST(an_indirect_table_must_be_negotiated)
{
	driver_begin(&driver, MZ_VIRTIO_F_VERSION_1);
	send_indirect(0, 2);
	expect_broken_and_then_well();
}
END_TEST

START_TEST(an_indirect_chain_has_an_end)
{
	driver_begin(&driver, FEATURES);
	send_indirect(0, MZ_QUEUE_MAX + 1);
	expect_broken_and_then_well();
}
END_TEST

START_TEST(a_chain_of_more_than_4_gib_is_wrong)
{
	struct driver_descriptor *table = driver_at(&driver, TABLE_AT);

	driver_begin(&driver, FEATURES);
	must(MZ_QUEUE_MAX * DRIVER_RAM > (uint64_t)1 << 32);
	for (unsigned i = 0; i < MZ_QUEUE_MAX; i++)
		table[i] = (struct driver_descriptor) {.bytes = DRIVER_RAM,
						       .flags = i + 1 < MZ_QUEUE_MAX ? DESC_NEXT
										     : 0,
						       .next = (uint16_t)(i + 1)};
	driver.queues[0].table[0] = (struct driver_descriptor) {
		.gpa = TABLE_AT, .bytes = 16 * MZ_QUEUE_MAX, .flags = DESC_INDIRECT};
	driver_make_available(&driver, 0, 0);
	expect_broken_and_then_well();
}
END_TEST

START_TEST(a_head_beyond_the_queue_is_wrong)
{
	driver_begin(&driver, FEATURES);
	driver_make_available(&driver, 0, 16);
	expect_broken_and_then_well();
}
END_TEST

START_TEST(an_index_that_jumps_is_wrong)
{
	driver_begin(&driver, FEATURES);
	driver.queues[0].available[1] = 17;
	driver_notify(&driver, 0);
	expect_broken_and_then_well();
	driver_begin(&driver, FEATURES);
	driver.queues[0].available[1] = 0xffff;
	driver_notify(&driver, 0);
	driver_expect_broken(&driver);
}
END_TEST

START_TEST(a_driver_that_does_anything_harms_nobody)
{
	hostile_run_seeded(&driver, 20000, NULL);
	driver_begin(&driver, FEATURES);
	expect_echo(0, 5000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("virtio");
	TCase *transport = tcase_create("transport");
	TCase *rings = tcase_create("rings");
	TCase *hostile = tcase_create("hostile rings");

	tcase_add_checked_fixture(transport, set_up, tear_down);
	tcase_add_test(transport, the_device_introduces_itself);
	tcase_add_test(transport, control_registers_take_aligned_words_only);
	tcase_add_test(transport, features_that_do_not_fit_are_refused);
	tcase_add_test(transport, a_reset_forgets_everything);
	tcase_add_test(transport, a_change_of_the_configuration_is_told);
	tcase_add_test(transport, nothing_is_done_before_the_driver_begins);
	tcase_add_test(transport, a_queue_that_lies_wrong_breaks_the_device);
	suite_add_tcase(suite, transport);

	tcase_add_checked_fixture(rings, set_up, tear_down);
	tcase_set_timeout(rings, 60);
	tcase_add_loop_test(rings, what_is_sent_comes_back_on_every_queue, 0, 4);
	tcase_add_loop_test(rings, parts_of_any_length_make_one_chain, 0, 4);
	tcase_add_test(rings, a_chain_may_end_in_an_indirect_table);
	tcase_add_loop_test(rings, indices_wrap_around, 0, 4);
	tcase_add_loop_test(rings, interrupts_come_only_where_they_are_wanted, 0, 4);
	suite_add_tcase(suite, rings);

	tcase_add_checked_fixture(hostile, set_up, tear_down);
	tcase_set_timeout(hostile, 120);
	tcase_add_loop_test(hostile, a_chain_that_is_wrong_breaks_the_device_until_a_reset, 0,
			    (int)WRONG_CHAINS);
	tcase_add_test(hostile, an_indirect_table_must_be_negotiated);
	tcase_add_test(hostile, an_indirect_chain_has_an_end);
	tcase_add_test(hostile, a_chain_of_more_than_4_gib_is_wrong);
	tcase_add_test(hostile, a_head_beyond_the_queue_is_wrong);
	tcase_add_test(hostile, an_index_that_jumps_is_wrong);
	tcase_add_test(hostile, a_driver_that_does_anything_harms_nobody);
	suite_add_tcase(suite, hostile);
	return suite_run(suite);
}
