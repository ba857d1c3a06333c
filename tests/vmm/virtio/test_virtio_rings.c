// SPDX-License-Identifier: MPL-2.0
/* The rings, driven as they should not be. */
#include <string.h>

#include "tests/must.h"
#include "tests/suite.h"
#include "tests/vmm/virtio/virtio_echo.h"
#include "tests/vmm/virtio/virtio_hostile.h"

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
	Suite *suite = suite_create("hostile virtio rings");
	TCase *hostile = tcase_create("hostile rings");

	tcase_add_checked_fixture(hostile, echo_set_up, echo_tear_down);
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
