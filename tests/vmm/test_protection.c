// SPDX-License-Identifier: MPL-2.0
/* What is written is known by write-protect events. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "ept/dirty.h"
#include "tests/vmm/paged.h"
#include "tests/rng.h"
#include "tests/suite.h"
#include "vmm/memory/frozen.h"
#include "vmm/memory/uffd.h"

#define PAGES     (BYTES / MZ_RAM_PAGE)
#define CONSUMERS 3u

static const enum mz_huge kinds[] = {MZ_HUGE_NONE, MZ_HUGE_THP, MZ_HUGE_POOL};

static struct mz_protection protection;
static struct mz_dirty consumers[CONSUMERS];

static void watch(struct mz_dirty *consumer)
{
	ck_assert_int_eq(mz_dirty_start(consumer, &space, 0), MZ_OK);
}

static bool begin(const char *function, enum mz_huge huge)
{
	if (!begin_on(function, huge, &protection))
		return false;
	watch(&consumers[0]);
	return true;
}

static void protect(void)
{
	ck_assert_int_eq(mz_protection_begin(&protection, pager.uffd), 0);
}

static void stop(void)
{
	ck_assert_uint_eq(failures, 0);
	mz_dirty_stop(&consumers[0]);
	end();
}

static uint64_t file_pages(void)
{
	return ram.file_bytes / MZ_RAM_PAGE;
}

/* Collects what was written, into a byte a page. */
static bool mark(void *context, mz_ia ia, uint64_t bytes)
{
	memset((bool *)context + ia.addr / MZ_RAM_PAGE, true, bytes / MZ_RAM_PAGE);
	return true;
}

static void collect(struct mz_dirty *consumer, bool *told)
{
	memset(told, false, PAGES);
	ck_assert_int_eq(mz_protection_tell(&protection, pager.uffd, &space), MZ_OK);
	ck_assert_int_eq(mz_dirty_collect(consumer, mz_ia_from(0), ram.file_bytes), MZ_OK);
	mz_dirty_each(consumer, mz_ia_from(0), ram.file_bytes, mark, told);
	mz_dirty_commit(consumer);
}

/* The first consumer is told of so many pages, from this one on. */
static void assert_told(uint64_t page, uint64_t count)
{
	bool told[PAGES];

	collect(&consumers[0], told);
	for (uint64_t i = 0; i < file_pages(); i++)
		ck_assert_msg(told[i] == (i >= page && i < page + count), "page %u", (unsigned)i);
}

/* The pages that are told of at a time. */
static uint64_t grain(void)
{
	return mz_ram_grain(&ram) / MZ_RAM_PAGE;
}

START_TEST(each_write_is_told_of_once)
{
	if (!begin(__func__, kinds[_i]))
		return;
	put(5 * MIB, 1);
	put(2 * MIB, 1);
	protect();
	assert_told(0, 0);
	put(5 * MIB, 2);
	put(5 * MIB + 1, 2);
	assert_told(1280 / grain() * grain(), grain());
	assert_told(0, 0);
	ck_assert_uint_eq(touch(5 * MIB), 2);
	assert_told(0, 0);
	put(5 * MIB, 3);
	assert_told(1280 / grain() * grain(), grain());
	ck_assert_uint_eq(ram.alias[5 * MIB], 3);
	stop();
}
END_TEST

START_TEST(of_a_leaf_that_comes_in_what_is_written_is_told_of)
{
	if (!begin(__func__, kinds[_i]))
		return;
	protect();
	ck_assert_uint_eq(touch(3 * MIB), 0);
	assert_told(0, 0);
	put(4 * MIB + MZ_RAM_PAGE, 1);
	assert_told((1024 + 1) / grain() * grain(), grain());
	ck_assert_uint_eq(counts[0].by[MZ_FAULT_PROTECTED][MZ_ACCESS_WRITE][2] +
				  counts[1].by[MZ_FAULT_PROTECTED][MZ_ACCESS_WRITE][2],
			  1);
	stop();
}
END_TEST

START_TEST(what_others_write_is_not_told_of)
{
	if (!begin(__func__, MZ_HUGE_NONE))
		return;
	protect();
	ram.alias[MIB] = 1;
	ck_assert_uint_eq(touch(MIB), 1);
	ram.alias[MIB] = 2;
	assert_told(0, 0);
	stop();
}
END_TEST

START_TEST(a_page_that_the_kernel_took_back_is_told_of)
{
	if (!begin(__func__, kinds[_i]))
		return;
	protect();
	put(3 * MIB, 1);
	ck_assert_int_eq(madvise(ram.guest + 2 * MIB, 2 * MIB, MADV_DONTNEED), 0);
	assert_told(768 / grain() * grain(), grain());
	ck_assert_uint_eq(touch(3 * MIB), 1);
	assert_told(0, 0);
	put(3 * MIB, 2);
	assert_told(768 / grain() * grain(), grain());
	stop();
}
END_TEST

START_TEST(memory_that_is_shared_is_told_of)
{
	struct mz_uffd_access access;

	if (!begin(__func__, MZ_HUGE_NONE))
		return;
	put(MIB, 1);
	protect();
	put(2 * MIB, 2);
	mz_pager_stop(&pager);
	ck_assert_int_eq(mz_ram_share(&ram, &failure), 0);
	pager.uffd = mz_uffd_open(&access, ram.huge, true);
	ck_assert_int_eq(mz_pager_start(&pager, &failure), 0);
	assert_told(512, 1);
	ck_assert_uint_eq(touch(2 * MIB), 2);
	assert_told(0, 0);
	put(2 * MIB, 3);
	assert_told(512, 1);
	put(2 * MIB, 4);
	assert_told(512, 1);
	put(8 * MIB, 4);
	assert_told(2048, 1);
	stop();
}
END_TEST

static enum mz_error no_memory(void *context, unsigned size_lg2, mz_oa *pa)
{
	(void)context;
	(void)size_lg2;
	(void)pa;
	return MZ_NO_MEMORY;
}

START_TEST(where_there_is_no_memory_to_tell_it_is_told_later)
{
	struct mz_memory *memory = &consumers[0].written.memory;

	if (!begin(__func__, MZ_HUGE_NONE))
		return;
	protect();
	put(MIB, 1);
	memory->alloc = no_memory;
	ck_assert_int_eq(mz_protection_tell(&protection, pager.uffd, &space), MZ_NO_MEMORY);
	memory->alloc = arena.memory.alloc;
	assert_told(256, 1);
	stop();
}
END_TEST

/* ---- At random ---- */

static bool told_model[CONSUMERS][PAGES];

static void model_write(uint64_t page)
{
	page -= page % grain();
	for (unsigned i = 0; i < CONSUMERS; i++)
		memset(told_model[i] + page, true, grain());
}

static void check_consumer(unsigned which)
{
	bool told[PAGES];

	collect(&consumers[which], told);
	for (uint64_t i = 0; i < file_pages(); i++)
		ck_assert_msg(told[i] == told_model[which][i], "page %u of consumer %u: %d",
			      (unsigned)i, which, told[i]);
	memset(told_model[which], false, PAGES);
}

static void step(struct rng *rng)
{
	uint64_t page = rng_below(rng, file_pages()), first = page / 512 * 512;

	switch (rng_below(rng, 8)) {
	case 0:
		check_consumer((unsigned)rng_below(rng, CONSUMERS));
		break;
	case 1:
		madvise(ram.guest + first * MZ_RAM_PAGE, 2 * MIB, MADV_DONTNEED);
		break;
	case 2:
		ram.alias[page * MZ_RAM_PAGE]++;
		break;
	case 3:
		ck_assert_uint_eq(touch(page * MZ_RAM_PAGE), ram.alias[page * MZ_RAM_PAGE]);
		break;
	default:
		put(page * MZ_RAM_PAGE, (unsigned char)rng_next(rng));
		model_write(page);
	}
}

START_TEST(each_consumer_is_told_of_all_and_no_more)
{
	struct rng rng = {rng_seed()};

	if (!begin(__func__, kinds[_i]))
		return;
	memset(told_model, false, sizeof(told_model));
	for (unsigned i = 1; i < CONSUMERS; i++)
		watch(&consumers[i]);
	protect();
	for (unsigned steps = rng_steps(3000); steps > 0; steps--)
		step(&rng);
	for (unsigned i = 0; i < CONSUMERS; i++)
		check_consumer(i);
	for (unsigned i = 1; i < CONSUMERS; i++)
		mz_dirty_stop(&consumers[i]);
	stop();
}
END_TEST

/* ---- While others write ---- */

#define WRITERS 3u

static unsigned writing;

/* Each has bytes of its own on all pages. */
static void *write_at_random(void *context)
{
	uint64_t number = (uintptr_t)context;
	struct rng rng = {rng_seed() + number};

	for (unsigned steps = rng_steps(6000); steps > 0; steps--)
		put(rng_below(&rng, PAGES) * MZ_RAM_PAGE + number, (unsigned char)rng_next(&rng));
	__atomic_fetch_sub(&writing, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* A copy that is kept up with what one consumer is told of. */
struct follower {
	struct mz_dirty *consumer;
	unsigned char copy[BYTES];
};

static void update(struct follower *follower)
{
	bool told[PAGES];

	collect(follower->consumer, told);
	for (uint64_t page = 0; page < PAGES; page++)
		if (told[page])
			memcpy(follower->copy + page * MZ_RAM_PAGE, ram.alias + page * MZ_RAM_PAGE,
			       WRITERS);
}

static void *follow(void *context)
{
	while (__atomic_load_n(&writing, __ATOMIC_ACQUIRE))
		update(context);
	update(context);
	return NULL;
}

START_TEST(no_write_is_lost_while_it_is_collected)
{
	static struct follower followers[2];
	pthread_t writers[WRITERS], threads[2];

	if (!begin(__func__, MZ_HUGE_NONE))
		return;
	watch(&consumers[1]);
	protect();
	writing = WRITERS;
	for (unsigned i = 0; i < 2; i++) {
		followers[i].consumer = &consumers[i];
		ck_assert_int_eq(pthread_create(&threads[i], NULL, follow, &followers[i]), 0);
	}
	for (uintptr_t i = 0; i < WRITERS; i++)
		ck_assert_int_eq(pthread_create(&writers[i], NULL, write_at_random, (void *)i), 0);
	for (unsigned i = 0; i < WRITERS; i++)
		pthread_join(writers[i], NULL);
	for (unsigned i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		ck_assert_mem_eq(followers[i].copy, ram.alias, BYTES);
	}
	mz_dirty_stop(&consumers[1]);
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("protection");
	TCase *tcase = tcase_create("writes");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, each_write_is_told_of_once, 0, 3);
	tcase_add_loop_test(tcase, of_a_leaf_that_comes_in_what_is_written_is_told_of, 0, 3);
	tcase_add_test(tcase, what_others_write_is_not_told_of);
	tcase_add_loop_test(tcase, a_page_that_the_kernel_took_back_is_told_of, 0, 3);
	tcase_add_test(tcase, memory_that_is_shared_is_told_of);
	tcase_add_test(tcase, where_there_is_no_memory_to_tell_it_is_told_later);
	tcase_add_loop_test(tcase, each_consumer_is_told_of_all_and_no_more, 0, 3);
	tcase_add_test(tcase, no_write_is_lost_while_it_is_collected);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
