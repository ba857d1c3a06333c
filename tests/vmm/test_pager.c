// SPDX-License-Identifier: MPL-2.0
/* The pager, with this process in the guest's place: it touches the guest's mapping. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ept/change.h"
#include "tests/vmm/paged.h"
#include "tests/suite.h"
#include "vmm/memory/contents.h"
#include "vmm/memory/frozen.h"
#include "vmm/memory/uffd.h"

static enum mz_error no_memory(void *context, unsigned size_lg2, mz_oa *pa)
{
	(void)context;
	(void)size_lg2;
	(void)pa;
	return MZ_NO_MEMORY;
}

static bool begin(const char *function)
{
	return begin_on(function, MZ_HUGE_NONE, NULL);
}

static void assert_leaf(uint64_t gpa, unsigned level)
{
	ck_assert_uint_eq(mz_table_query(&space.table, mz_ia_from(gpa)).level, level);
}

START_TEST(a_touch_brings_in_one_leaf)
{
	if (!begin(__func__))
		return;
	put(5 * MIB, 7);
	assert_leaf(4 * MIB, 2);
	assert_leaf(6 * MIB - 1, 2);
	assert_leaf(2 * MIB, 0);
	assert_leaf(6 * MIB, 0);
	ck_assert_uint_eq(ram.alias[5 * MIB], 7);
	for (uint64_t page = 4 * MIB; page < 6 * MIB; page += MZ_RAM_PAGE)
		ck_assert_uint_eq(touch(page), page == 5 * MIB ? 7 : 0);
	ck_assert_uint_eq(counts[0].by[MZ_FAULT_MISSING][MZ_ACCESS_WRITE][2], 1);
	ck_assert_uint_eq(mz_space_stats(&space).answers[MZ_RESOLVED], 1);
	end();
}
END_TEST

START_TEST(a_touch_finds_what_the_alias_wrote)
{
	if (!begin(__func__))
		return;
	ram.alias[3 * MIB + 5] = 9;
	ck_assert_uint_eq(touch(3 * MIB + 5), 9);
	ck_assert_uint_eq(counts[0].by[MZ_FAULT_MINOR][MZ_ACCESS_READ][2], 1);
	end();
}
END_TEST

START_TEST(the_last_page_and_the_rom_come_by_pages)
{
	if (!begin(__func__))
		return;
	put(8 * MIB, 1);
	assert_leaf(8 * MIB, 1);
	for (uint64_t i = 0; i < MZ_ROM_BYTES; i++)
		ck_assert_uint_eq(touch(ram.rom.offset + i), (i * 7 + 3) & 0xff);
	assert_leaf(MZ_ROM_BASE, 1);
	ck_assert_uint_eq(counts[0].by[MZ_FAULT_MINOR][MZ_ACCESS_READ][1],
			  MZ_ROM_BYTES / MZ_RAM_PAGE);
	end();
}
END_TEST

START_TEST(zeros_do_not_replace_what_is_there)
{
	if (!begin(__func__))
		return;
	ram.alias[8 * MIB] = 9;
	ck_assert_int_eq(mz_uffd_zero(pager.uffd, ram.guest + 8 * MIB, MZ_RAM_PAGE), EEXIST);
	ck_assert_uint_eq(touch(8 * MIB), 9);
	end();
}
END_TEST

START_TEST(a_page_that_the_kernel_took_back_comes_again)
{
	if (!begin(__func__))
		return;
	put(MIB, 3);
	put(MIB + MZ_RAM_PAGE, 4);
	ck_assert_int_eq(madvise(ram.guest + MIB, 2 * MZ_RAM_PAGE, MADV_DONTNEED), 0);
	ck_assert_uint_eq(touch(MIB + MZ_RAM_PAGE), 4);
	ck_assert_uint_eq(touch(MIB), 3);
	ck_assert_uint_eq(mz_space_stats(&space).answers[MZ_RESOLVED], 1);
	ck_assert_uint_eq(mz_space_stats(&space).answers[MZ_RETRY], 2);
	end();
}
END_TEST

static void *touch_all(void *context)
{
	uint64_t step = *(const uint64_t *)context;

	for (uint64_t offset = 0; offset < BYTES; offset += step)
		put(offset, 1);
	return NULL;
}

START_TEST(many_may_touch_at_once)
{
	static uint64_t steps[] = {MZ_RAM_PAGE, 3 * MZ_RAM_PAGE, MIB, 512 * 1024};
	pthread_t threads[4];

	if (!begin(__func__))
		return;
	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, touch_all, &steps[i]), 0);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(mz_space_stats(&space).answers[MZ_RESOLVED], 5);
	ck_assert_uint_eq(mz_space_stats(&space).answers[MZ_DENIED], 0);
	end();
}
END_TEST

static const enum mz_huge kinds[] = {MZ_HUGE_THP, MZ_HUGE_POOL};

START_TEST(a_touch_brings_in_one_huge_page)
{
	if (!begin_on(__func__, kinds[_i], NULL))
		return;
	ram.alias[3 * MIB] = 9;
	put(5 * MIB, 7);
	ck_assert_uint_eq(touch(3 * MIB), 9);
	assert_leaf(4 * MIB, 2);
	assert_leaf(2 * MIB, 2);
	assert_leaf(6 * MIB, 0);
	ck_assert_uint_eq(mz_ram_huge_bytes(&ram), 2 * MZ_HUGE_PAGE);
	ck_assert_uint_eq(ram.alias[5 * MIB], 7);
	ck_assert_uint_eq(touch(ram.rom.offset + 1), 10);
	ck_assert_uint_eq(counts[0].by[MZ_FAULT_MISSING][MZ_ACCESS_WRITE][2], 1);
	ck_assert_uint_eq(counts[0].by[MZ_FAULT_MINOR][MZ_ACCESS_READ][2], 1);
	ck_assert_uint_eq(failures, 0);
	end();
}
END_TEST

START_TEST(a_huge_page_that_the_kernel_took_back_comes_again)
{
	if (!begin_on(__func__, kinds[_i], NULL))
		return;
	put(MIB, 3);
	ck_assert_int_eq(madvise(ram.guest, 2 * MIB, MADV_DONTNEED), 0);
	ck_assert_uint_eq(touch(MIB), 3);
	ck_assert_uint_eq(mz_space_stats(&space).answers[MZ_RESOLVED], 1);
	ck_assert_uint_eq(mz_space_stats(&space).answers[MZ_RETRY], 1);
	end();
}
END_TEST

/* The parts of RAM that are the machine's own are these, in their order. */
static void expect_own(const struct mz_extent *parts, unsigned count)
{
	struct mz_extent part = {0};

	for (unsigned i = 0; i <= count; i++) {
		ck_assert_int_eq(mz_contents_next_own(&ram, part.offset + part.bytes, BYTES, &part),
				 0);
		ck_assert_uint_eq(part.offset, i < count ? parts[i].offset : BYTES);
		ck_assert_uint_eq(part.bytes, i < count ? parts[i].bytes : 0);
	}
}

static void begin_to_share(void)
{
	struct mz_uffd_access access;

	mz_pager_stop(&pager);
	ck_assert_int_eq(mz_ram_share(&ram, &failure), 0);
	pager.uffd = mz_uffd_open(&access, ram.huge, false);
	ck_assert_int_eq(mz_pager_start(&pager, &failure), 0);
}

/* All that is mapped goes, and comes in again by the leaves of the table. */
START_TEST(memory_that_begins_to_be_shared_comes_again)
{
	struct mz_extent last;

	if (!begin(__func__))
		return;
	put(MIB, 3);
	put(5 * MIB, 4);
	begin_to_share();
	ck_assert_uint_eq(touch(MIB), 3);
	for (uint64_t page = 0; page < 2 * MIB; page += MZ_RAM_PAGE)
		put(page, 5);
	ck_assert_uint_eq(touch(5 * MIB), 4);
	put(3 * MIB, 6);
	put(8 * MIB, 7);
	ck_assert_uint_eq(touch(3 * MIB), 6);
	ck_assert_uint_eq(touch(ram.rom.offset + 1), 10);
	ck_assert_uint_eq(mz_space_stats(&space).answers[MZ_RETRY], 2);
	ck_assert_uint_eq(mz_space_stats(&space).answers[MZ_RESOLVED], 5);
	/* Pages that are the machine's own have their place in the file, too. */
	ck_assert_int_eq(mz_contents_next(ram.fd, 8 * MIB, BYTES, &last), 0);
	ck_assert_uint_eq(last.bytes, MZ_RAM_PAGE);
	ck_assert_uint_eq(failures, 0);
	end();
}
END_TEST

static bool touched; /* atomic */

static void *give_back(void *context)
{
	(void)context;
	while (!__atomic_load_n(&touched, __ATOMIC_RELAXED))
		mz_ram_drop(&ram, MIB, MZ_RAM_PAGE);
	return NULL;
}

START_TEST(a_page_may_be_given_back_while_it_comes_in)
{
	const struct mz_request all = {
		.change = MZ_CHANGE_INVALIDATE, .ia = mz_ia_from(0), .bytes = 2 * MIB};
	pthread_t thread;

	if (!begin(__func__))
		return;
	ck_assert_int_eq(pthread_create(&thread, NULL, give_back, NULL), 0);
	for (unsigned i = 0; i < 400; i++) {
		ck_assert_uint_eq(touch(0), 0);
		ck_assert_int_eq(mz_space_change(&space, &all, NULL), MZ_OK);
		ck_assert_int_eq(mz_ram_drop(&ram, 0, all.bytes), 0);
	}
	__atomic_store_n(&touched, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(failures, 0);
	end();
}
END_TEST

/* Between the table's answer and the pages, a balloon takes one of them, or the whole leaf. */
static void take(void *context, const struct mz_event *event)
{
	const struct mz_request *page = context;

	(void)event;
	pager.tracer = NULL;
	ck_assert_int_eq(mz_space_change(&space, page, NULL), MZ_OK);
	ck_assert_int_eq(mz_ram_drop(&ram, page->ia.addr, page->bytes), 0);
}

/* Who has touched goes on while that is done: within ten seconds. */
static void await_leaf(uint64_t gpa)
{
	for (unsigned ms = 0;
	     ms < 10000 && mz_table_query(&space.table, mz_ia_from(gpa)).level == 0; ms++)
		poll(NULL, 0, 1);
}

START_TEST(what_is_taken_while_it_comes_in_is_mapped_again)
{
	static const struct mz_request taken[] = {
		{.change = MZ_CHANGE_INVALIDATE, .ia = {MIB}, .bytes = MZ_RAM_PAGE},
		{.change = MZ_CHANGE_INVALIDATE, .ia = {0}, .bytes = 2 * MIB},
	};
	struct mz_request request = taken[_i];
	struct mz_tracer tracer = {
		.filter = {.kinds = MZ_TRACE_FAULTS}, .context = &request, .event = take};

	if (!begin(__func__))
		return;
	pager.tracer = &tracer;
	put(5 * MZ_RAM_PAGE, 1);
	await_leaf(MIB);
	assert_leaf(5 * MZ_RAM_PAGE, _i == 0 ? 1 : 2);
	assert_leaf(MIB, _i == 0 ? 1 : 2);
	ck_assert_uint_eq(touch(MIB), 0);
	ck_assert_uint_eq(failures, 0);
	end();
}
END_TEST

START_TEST(only_where_pages_came_in_are_own_ones_looked_for)
{
	static const struct mz_extent written[] = {{2 * MIB - MZ_RAM_PAGE, 2 * MZ_RAM_PAGE},
						   {7 * MIB, MZ_RAM_PAGE}};

	if (!begin(__func__))
		return;
	begin_to_share();
	expect_own(written, 0);
	touch(MIB);
	put(2 * MIB - MZ_RAM_PAGE, 1);
	put(2 * MIB, 2);
	put(7 * MIB, 3);
	ck_assert_uint_eq(ram.own[0], 1u << 0 | 1u << 1 | 1u << 3);
	expect_own(written, 2);
	/* Without a pager, nobody tells. */
	mz_pager_stop(&pager);
	put(4 * MIB, 4);
	put(7 * MIB, 3);
	expect_own((const struct mz_extent[]) {written[0], {4 * MIB, MZ_RAM_PAGE}, written[1]}, 3);
	end();
}
END_TEST

START_TEST(without_memory_for_nodes_it_fails_and_nobody_waits)
{
	if (!begin(__func__))
		return;
	space.table.config.memory.alloc = no_memory;
	put(MIB, 1);
	put(5 * MIB, 1);
	mz_pager_stop(&pager);
	ck_assert_uint_eq(failures, 1);
	ck_assert_int_eq(failure.status, MZ_STATUS_HOST_FAILED);
	ck_assert_ptr_nonnull(strstr(failure.text, "0x100000"));
	space.table.config.memory.alloc = arena.memory.alloc;
	end();
}
END_TEST

START_TEST(a_write_to_rom_fails_and_nobody_waits)
{
	if (!begin(__func__))
		return;
	put(ram.rom.offset, 1);
	mz_pager_stop(&pager);
	ck_assert_uint_eq(failures, 1);
	ck_assert_ptr_nonnull(strstr(failure.text, "0xe0000000"));
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pager");
	TCase *tcase = tcase_create("touches");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_touch_brings_in_one_leaf);
	tcase_add_test(tcase, a_touch_finds_what_the_alias_wrote);
	tcase_add_test(tcase, the_last_page_and_the_rom_come_by_pages);
	tcase_add_test(tcase, zeros_do_not_replace_what_is_there);
	tcase_add_test(tcase, a_page_that_the_kernel_took_back_comes_again);
	tcase_add_test(tcase, many_may_touch_at_once);
	tcase_add_loop_test(tcase, a_touch_brings_in_one_huge_page, 0, 2);
	tcase_add_loop_test(tcase, a_huge_page_that_the_kernel_took_back_comes_again, 0, 2);
	tcase_add_test(tcase, memory_that_begins_to_be_shared_comes_again);
	tcase_add_test(tcase, a_page_may_be_given_back_while_it_comes_in);
	tcase_add_loop_test(tcase, what_is_taken_while_it_comes_in_is_mapped_again, 0, 2);
	tcase_add_test(tcase, only_where_pages_came_in_are_own_ones_looked_for);
	tcase_add_test(tcase, without_memory_for_nodes_it_fails_and_nobody_waits);
	tcase_add_test(tcase, a_write_to_rom_fails_and_nobody_waits);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
