// SPDX-License-Identifier: MPL-2.0
/* The MMIO transport and the rings, driven as they should be. */
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "tests/must.h"
#include "tests/suite.h"
#include "tests/vmm/virtio/virtio_echo.h"

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

int main(void)
{
	Suite *suite = suite_create("virtio");
	TCase *transport = tcase_create("transport");
	TCase *rings = tcase_create("rings");

	tcase_add_checked_fixture(transport, echo_set_up, echo_tear_down);
	tcase_add_test(transport, the_device_introduces_itself);
	tcase_add_test(transport, control_registers_take_aligned_words_only);
	tcase_add_test(transport, features_that_do_not_fit_are_refused);
	tcase_add_test(transport, a_reset_forgets_everything);
	tcase_add_test(transport, a_change_of_the_configuration_is_told);
	tcase_add_test(transport, nothing_is_done_before_the_driver_begins);
	tcase_add_test(transport, a_queue_that_lies_wrong_breaks_the_device);
	suite_add_tcase(suite, transport);

	tcase_add_checked_fixture(rings, echo_set_up, echo_tear_down);
	tcase_set_timeout(rings, 60);
	tcase_add_loop_test(rings, what_is_sent_comes_back_on_every_queue, 0, 4);
	tcase_add_loop_test(rings, parts_of_any_length_make_one_chain, 0, 4);
	tcase_add_test(rings, a_chain_may_end_in_an_indirect_table);
	tcase_add_loop_test(rings, indices_wrap_around, 0, 4);
	tcase_add_loop_test(rings, interrupts_come_only_where_they_are_wanted, 0, 4);
	suite_add_tcase(suite, rings);
	return suite_run(suite);
}
