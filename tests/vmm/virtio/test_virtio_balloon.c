// SPDX-License-Identifier: MPL-2.0
/* The virtio balloon, over a real table and a real memory file. */
#include <linux/virtio_balloon.h>
#include <string.h>
#include <sys/stat.h>

#include "arch/linux/arena.h"
#include "arch/x86/ept.h"
#include "ept/change.h"
#include "ept/dirty.h"
#include "tests/must.h"
#include "tests/suite.h"
#include "tests/vmm/virtio/virtio_driver.h"
#include "tests/vmm/virtio/virtio_hostile.h"
#include "vmm/virtio/balloon.h"

#define ALL     UINT64_MAX
#define PAGE    4096u
#define PFNS    DRIVER_BUFFERS
#define PAGES   ((uint64_t)8 << 20) /* guest memory that is given away */
#define TARGET  ((uint64_t)3 << 20)
#define REPORTS 3

static struct driver driver;
static struct mz_virtio *balloon;
static struct mz_failure failure;
static struct mz_arena arena;
static struct mz_space space;
static struct mz_region regions[2];
static struct mz_worker worker;

static void open_space(void)
{
	struct mz_config config = {.format = &mz_ept};
	const struct mz_region ram = {
		.bytes = DRIVER_RAM, .kind = MZ_REGION_RAM, .leaf_level_max = 2};

	must(!mz_arena_init(&arena, (uint64_t)1 << 20, mz_ept.page_lg2));
	config.memory = arena.memory;
	must(!mz_space_init(&space, &config, NULL, regions, 2));
	must(!mz_space_add(&space, &ram));
	mz_worker_begin(&worker, &space);
	must(!mz_space_populate(&worker, mz_ia_from(0), DRIVER_RAM));
}

static void set_up(void)
{
	driver_open(&driver);
	open_space();
	driver.place.memory.space = &space;
	must(!mz_balloon_open(&balloon, TARGET + 5, &driver.place, &failure));
	driver_attach(&driver, balloon);
	driver_begin(&driver, ALL);
}

static void tear_down(void)
{
	mz_virtio_close(balloon);
	mz_worker_end(&worker);
	mz_space_destroy(&space);
	mz_arena_destroy(&arena);
	driver_close(&driver);
}

static bool mapped(uint64_t gpa)
{
	return mz_table_query(&space.table, mz_ia_from(gpa)).level != 0;
}

static uint64_t file_pages(void)
{
	struct stat stat;

	must(!fstat(driver.ram.fd, &stat));
	return (uint64_t)stat.st_blocks * 512 / PAGE;
}

/* Gives these pages to the device, by this queue. */
static void give(unsigned queue, const uint32_t *pfns, uint32_t count)
{
	const struct driver_part parts[] = {{PFNS, 4 * count, false}};

	memcpy(driver_at(&driver, PFNS), pfns, 4 * count);
	must_equal(driver_do(&driver, queue, parts, 1), 0);
}

START_TEST(the_balloon_asks_for_pages)
{
	must_equal(driver_read(&driver, REG_DEVICE_ID), 5);
	must_equal(driver_read(&driver, REG_CONFIG), TARGET / PAGE);
	driver_write(&driver, REG_CONFIG + 4, 77);
	driver_write(&driver, REG_CONFIG, 78); /* not the driver's to write */
	must_equal(driver_read(&driver, REG_CONFIG), TARGET / PAGE);
	must_equal(mz_balloon_stats(balloon).actual_bytes, 77 * PAGE);
	mz_balloon_set(balloon, 0);
	driver_wait_interrupt(&driver, 2);
	must_equal(driver_read(&driver, REG_CONFIG), 0);
	driver_write(&driver, REG_STATUS, 0);
	must_equal(mz_balloon_stats(balloon).actual_bytes, 0);
}
END_TEST

START_TEST(pages_that_are_given_leave_the_table_and_the_file)
{
	const uint32_t first = PAGES / PAGE;
	const uint32_t pfns[] = {first + 1, first + 2, first + 5, first + 4, first + 600};
	unsigned char *data = driver_at(&driver, PAGES);
	uint64_t before;

	memset(data, 0x77, 700 * PAGE);
	*(char *)driver_at(&driver, PFNS) = 0; /* its page is not to count */
	before = file_pages();
	give(0, pfns, 5);
	must_equal(file_pages(), before - 5);
	must_equal(mz_balloon_stats(balloon).taken_bytes, 5 * PAGE);
	for (unsigned i = 0; i < 700; i++) {
		bool given = i == 1 || i == 2 || i == 4 || i == 5 || i == 600;

		must_equal(mapped(PAGES + (uint64_t)i * PAGE), !given);
		must_equal(data[i * PAGE], given ? 0 : 0x77);
	}
}
END_TEST

static bool is_page(void *context, mz_ia ia, uint64_t bytes)
{
	bool *found = context;
	const uint64_t page = PAGES + 3 * PAGE;

	*found |= page >= ia.addr && page - ia.addr < bytes;
	return true;
}

/* Who puts pages back to what they were must know that they went. */
START_TEST(pages_that_leave_are_told_of_as_written)
{
	const uint32_t pfn = PAGES / PAGE + 3;
	struct mz_dirty dirty;
	bool found = false;

	mz_space_log_writes(&space);
	must(!mz_dirty_start(&dirty, &space, 0));
	give(0, &pfn, 1);
	must(!mz_dirty_collect(&dirty, mz_ia_from(0), DRIVER_RAM));
	must(mz_dirty_each(&dirty, mz_ia_from(0), DRIVER_RAM, is_page, &found));
	must(found);
	mz_dirty_stop(&dirty);
}
END_TEST

START_TEST(pages_that_are_taken_back_come_with_the_next_touch)
{
	const uint32_t pfns[] = {PAGES / PAGE};
	struct mz_fault_record record = mz_fault_record_of(mz_ia_from(PAGES), MZ_WRITE);
	struct mz_fault fault;

	give(0, pfns, 1);
	give(1, pfns, 1);
	must(!mapped(PAGES));
	must_equal(mz_space_fault(&worker, &record, &fault), MZ_RESOLVED);
	must(mapped(PAGES));
	must_equal(fault.bytes, PAGE);
}
END_TEST

START_TEST(free_pages_that_are_reported_leave_too)
{
	const struct driver_part parts[] = {{PAGES + PAGE, 2 * PAGE, true},
					    {PAGES + 8 * PAGE + 1, 2 * PAGE, true},
					    {PAGES + 16 * PAGE + 1, PAGE, true}};

	memset(driver_at(&driver, PAGES), 1, 20 * PAGE);
	must_equal(driver_do(&driver, 2 + (unsigned)_i, parts, 3), 0);
	must(mapped(PAGES) && !mapped(PAGES + PAGE) && !mapped(PAGES + 2 * PAGE) &&
	     mapped(PAGES + 3 * PAGE));
	must(mapped(PAGES + 8 * PAGE) && !mapped(PAGES + 9 * PAGE) && mapped(PAGES + 10 * PAGE));
	must(mapped(PAGES + 16 * PAGE) && mapped(PAGES + 17 * PAGE));
	must_equal(mz_balloon_stats(balloon).taken_bytes, 3 * PAGE);
}
END_TEST

START_TEST(what_is_no_ram_breaks_the_balloon)
{
	static const uint32_t wrong[] = {MZ_ROM_BASE / PAGE, MZ_VIRTIO_BASE / PAGE,
					 DRIVER_RAM / PAGE, UINT32_MAX};

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct driver_part parts[] = {{PFNS, 8, false}};
		uint32_t *pfns = driver_at(&driver, PFNS);

		driver_begin(&driver, ALL);
		pfns[0] = PAGES / PAGE + i;
		pfns[1] = wrong[i];
		driver_send(&driver, 0, parts, 1);
		driver_expect_broken(&driver);
		must(!mapped(PAGES + (uint64_t)i * PAGE));
	}
	must_equal(balloon->counts.breaks, 4);
}
END_TEST

static void fill_pages(struct driver *d, struct rng *rng)
{
	uint32_t *pfns = driver_at(d, DRIVER_BUFFERS);

	for (unsigned i = 0; i < 4; i++)
		pfns[i] = (uint32_t)rng_below(rng, DRIVER_RAM / PAGE + (rng_below(rng, 64) == 0));
}

START_TEST(a_driver_that_does_anything_harms_nobody)
{
	const uint32_t pfns[] = {PAGES / PAGE};

	hostile_run_seeded(&driver, 20000, fill_pages);
	driver_begin(&driver, ALL);
	give(0, pfns, 1);
	must(!mapped(PAGES));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("virtio balloon");
	TCase *tests = tcase_create("balloon");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, the_balloon_asks_for_pages);
	tcase_add_test(tests, pages_that_are_given_leave_the_table_and_the_file);
	tcase_add_test(tests, pages_that_leave_are_told_of_as_written);
	tcase_add_test(tests, pages_that_are_taken_back_come_with_the_next_touch);
	tcase_add_loop_test(tests, free_pages_that_are_reported_leave_too, 0, REPORTS);
	tcase_add_test(tests, what_is_no_ram_breaks_the_balloon);
	tcase_add_test(tests, a_driver_that_does_anything_harms_nobody);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
