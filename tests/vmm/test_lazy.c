// SPDX-License-Identifier: MPL-2.0
/* Guest memory that comes when it is wanted, and the copy that pages are put back from. */
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/suite.h"
#include "vmm/machine/machine.h"
#include "vmm/memory/baseline.h"
#include "vmm/memory/lazy.h"

#define PAGES 2048u /* four locks' worth */

static struct mz_ram ram;
static struct mz_lazy lazy;
static unsigned reads[PAGES];
static unsigned failures;
static uint64_t bad_page; /* can't be read; PAGES: none */
static struct mz_vm vm;   /* so much of one as has memory, and an end */
static bool ending;       /* the run ends while memory is read */

static bool present(void *context, uint64_t page)
{
	(void)context;
	return page % 3 != 0;
}

static unsigned char byte_of(uint64_t page)
{
	return (unsigned char)(page % 251 + 1);
}

static int read_pages(void *context, uint64_t first, uint64_t count, void *buffer,
		      struct mz_failure *failure)
{
	(void)context;
	if (ending)
		vm.ended = true;
	for (uint64_t i = 0; i < count; i++) {
		if (first + i == bad_page)
			return mz_fail(failure, MZ_STATUS_BAD_IMAGE, "page is bad");
		ck_assert(present(NULL, first + i));
		__atomic_fetch_add(&reads[first + i], 1, __ATOMIC_RELAXED);
		memset((unsigned char *)buffer + i * MZ_RAM_PAGE, byte_of(first + i), MZ_RAM_PAGE);
	}
	return 0;
}

static void failed(void *context, const struct mz_failure *failure)
{
	(void)context;
	ck_assert_str_eq(failure->text, "page is bad");
	failures++;
}

static void begin(void)
{
	static const struct mz_page_source source = {
		.present = present, .read = read_pages, .failed = failed};
	struct mz_failure failure;

	memset(reads, 0, sizeof(reads));
	failures = 0;
	bad_page = PAGES;
	ending = false;
	ck_assert_int_eq(mz_ram_init(&ram, (uint64_t)PAGES * MZ_RAM_PAGE, &failure), 0);
	ck_assert_int_eq(mz_lazy_init(&lazy, &ram, &source, &failure), 0);
	ram.lazy = &lazy;
}

static void end(void)
{
	mz_lazy_destroy(&lazy);
	mz_ram_destroy(&ram);
}

static void check_page(uint64_t page)
{
	const unsigned char *at = mz_ram_at(&ram, page * MZ_RAM_PAGE, MZ_RAM_PAGE);
	unsigned char wanted = present(NULL, page) ? byte_of(page) : 0;

	ck_assert_ptr_nonnull(at);
	ck_assert_uint_eq(at[0], wanted);
	ck_assert_uint_eq(at[MZ_RAM_PAGE - 1], wanted);
}

START_TEST(a_page_comes_when_it_is_looked_at_and_once)
{
	for (unsigned round = 0; round < 2; round++) {
		check_page(700);
		check_page(701);
		check_page(702);
	}
	ck_assert_uint_eq(reads[700] + reads[701], 2);
	ck_assert_uint_eq(reads[699] + reads[703], 0);
	ck_assert(mz_lazy_has(&lazy, 702) && !mz_lazy_has(&lazy, 703));
}
END_TEST

START_TEST(what_was_made_of_a_page_stays)
{
	struct mz_failure failure;
	unsigned char *at = mz_ram_at(&ram, 700 * MZ_RAM_PAGE, MZ_RAM_PAGE);

	at[5] = 0xee;
	ck_assert_int_eq(mz_lazy_bring(&lazy, 0, ram.bytes, &failure), 0);
	ck_assert_uint_eq(at[5], 0xee);
	for (uint64_t page = 0; page < PAGES; page++)
		check_page(page);
	for (uint64_t page = 0; page < PAGES; page++)
		ck_assert_uint_eq(reads[page], present(NULL, page));
}
END_TEST

START_TEST(a_page_that_can_not_be_read_is_not_seen)
{
	struct mz_failure failure;

	bad_page = 701;
	ck_assert_ptr_null(mz_ram_at(&ram, 701 * MZ_RAM_PAGE, 8));
	ck_assert_uint_eq(failures, 1);
	ck_assert(!mz_lazy_has(&lazy, 701));
	ck_assert_int_eq(mz_lazy_bring(&lazy, 701 * MZ_RAM_PAGE, 1, &failure), -1);
	ck_assert_int_eq(failure.status, MZ_STATUS_BAD_IMAGE);
	check_page(703);
	bad_page = PAGES;
	check_page(701);
}
END_TEST

static void *bring_random(void *context)
{
	unsigned seed = (unsigned)(uintptr_t)context;
	struct mz_failure failure;

	for (unsigned i = 0; i < 400; i++) {
		uint64_t first = (uint64_t)rand_r(&seed) % PAGES;
		uint64_t count = (uint64_t)rand_r(&seed) % 40 + 1;

		ck_assert_int_eq(
			mz_lazy_bring(&lazy, first * MZ_RAM_PAGE, count * MZ_RAM_PAGE, &failure),
			0);
		for (uint64_t page = first; page < first + count && page < PAGES; page++)
			ck_assert_uint_eq(ram.alias[page * MZ_RAM_PAGE + 9],
					  present(NULL, page) ? byte_of(page) : 0);
	}
	return NULL;
}

START_TEST(threads_bring_each_page_once)
{
	pthread_t threads[4];

	for (uintptr_t i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, bring_random, (void *)(i + 1)),
				 0);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	for (uint64_t page = 0; page < PAGES; page++)
		ck_assert_uint_le(reads[page], 1);
}
END_TEST

/* ---- A source that does not answer ---- */

static sem_t answer, told;
static struct mz_failure told_failure;

static int read_when_told(void *context, uint64_t first, uint64_t count, void *buffer,
			  struct mz_failure *failure)
{
	if (first == 700)
		sem_wait(&answer);
	return read_pages(context, first, count, buffer, failure);
}

static void tell_stuck(void *context, const struct mz_failure *failure)
{
	(void)context;
	ck_assert_int_eq(failure->status, MZ_STATUS_HOST_FAILED);
	told_failure = *failure;
	sem_post(&told);
}

static void *bring_page(void *context)
{
	struct mz_failure failure;

	ck_assert_int_eq(
		mz_lazy_bring(&lazy, (uintptr_t)context * MZ_RAM_PAGE, MZ_RAM_PAGE, &failure), 0);
	return NULL;
}

START_TEST(a_read_that_does_not_end_is_told_once)
{
	static const struct mz_page_source source = {
		.present = present,
		.read = read_when_told,
		.failed = failed,
		.stuck = tell_stuck,
		.patience_ns = 30 * 1000 * 1000,
	};
	struct mz_failure failure;
	pthread_t threads[2];

	mz_lazy_destroy(&lazy);
	sem_init(&answer, 0, 0);
	sem_init(&told, 0, 0);
	ck_assert_int_eq(mz_lazy_init(&lazy, &ram, &source, &failure), 0);
	bring_page((void *)(uintptr_t)1);
	pthread_create(&threads[0], NULL, bring_page, (void *)(uintptr_t)700);
	pthread_create(&threads[1], NULL, bring_page, (void *)(uintptr_t)700);
	sem_wait(&told);
	ck_assert_str_eq(told_failure.text,
			 "pages 700 to 700 of memory have not been read after 0.03 s: "
			 "what holds the file does not answer");
	/* Who waits for another chunk does not wait for this one. */
	bring_page((void *)(uintptr_t)1400);
	sem_post(&answer);
	for (unsigned i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	check_page(700);
	ck_assert_uint_eq(reads[700], 1);
	ck_assert_int_ne(sem_trywait(&told), 0);
}
END_TEST

/* ---- Baselines ---- */

START_TEST(a_baseline_has_all_memory_and_puts_pages_back)
{
	struct mz_baseline baseline;
	struct mz_failure failure;
	unsigned char *at;

	ck_assert_int_eq(mz_baseline_take(&baseline, &ram, &failure), 0);
	at = mz_ram_at(&ram, 0, ram.bytes);
	memset(at, 0xaa, ram.bytes);
	mz_baseline_put_back(&baseline, 0, ram.bytes);
	for (uint64_t page = 0; page < PAGES; page++)
		check_page(page);
	at[4096] = at[8191] = at[8192] = 0xbb;
	mz_baseline_put_back(&baseline, 4096, 4096);
	check_page(1);
	ck_assert_uint_eq(at[8192], 0xbb);
	mz_baseline_drop(&baseline);
	mz_baseline_drop(&baseline);
}
END_TEST

START_TEST(no_baseline_of_memory_that_can_not_be_had)
{
	struct mz_baseline baseline;
	struct mz_failure failure;

	bad_page = 1000;
	ck_assert_int_eq(mz_baseline_take(&baseline, &ram, &failure), -1);
	ck_assert_int_eq(failure.status, MZ_STATUS_HOST_FAILED);
}
END_TEST

START_TEST(not_all_memory_is_read_when_the_run_ends)
{
	struct mz_failure failure;

	vm.ram = ram;
	vm.ended = false;
	ending = true;
	ck_assert_int_eq(mz_vm_bring_all(&vm, &failure), -1);
	ck_assert_int_eq(failure.status, MZ_STATUS_HOST_FAILED);
	ck_assert(mz_lazy_has(&lazy, 0) && !mz_lazy_has(&lazy, PAGES - 1));
	vm.ended = ending = false;
	ck_assert_int_eq(mz_vm_bring_all(&vm, &failure), 0);
	for (uint64_t page = 0; page < PAGES; page++)
		ck_assert_uint_eq(reads[page], present(NULL, page));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lazy");
	TCase *tests = tcase_create("lazy");

	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, a_page_comes_when_it_is_looked_at_and_once);
	tcase_add_test(tests, what_was_made_of_a_page_stays);
	tcase_add_test(tests, a_page_that_can_not_be_read_is_not_seen);
	tcase_add_test(tests, threads_bring_each_page_once);
	tcase_add_test(tests, not_all_memory_is_read_when_the_run_ends);
	tcase_add_test(tests, a_read_that_does_not_end_is_told_once);
	tcase_add_test(tests, a_baseline_has_all_memory_and_puts_pages_back);
	tcase_add_test(tests, no_baseline_of_memory_that_can_not_be_had);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
