// SPDX-License-Identifier: MPL-2.0
/* Pauses of vCPUs: who wishes has all of them, and each wish has an end of its own. */
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/suite.h"
#include "vmm/base/trace.h"
#include "vmm/machine/pause.h"

#define VCPUS     3
#define LONG_NS   20000000000u /* only what is wrong takes so long */
#define MOMENT_NS 20000000u

static struct mz_pause pause_;
static struct vcpu {
	unsigned index;
	uint64_t rounds;
	pthread_t thread;
} vcpus[VCPUS];
static int over;

static void *go_round(void *context)
{
	struct vcpu *vcpu = context;

	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
		mz_pause_heed(&pause_, vcpu->index);
		__atomic_fetch_add(&vcpu->rounds, 1, __ATOMIC_RELAXED);
	}
	mz_pause_leave(&pause_);
	return NULL;
}

static void begin(void)
{
	mz_pause_init(&pause_);
	over = 0;
	for (unsigned i = 0; i < VCPUS; i++) {
		vcpus[i] = (struct vcpu) {.index = i};
		mz_pause_join(&pause_);
		ck_assert_int_eq(pthread_create(&vcpus[i].thread, NULL, go_round, &vcpus[i]), 0);
	}
}

static void end(void)
{
	__atomic_store_n(&over, 1, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < VCPUS; i++)
		pthread_join(vcpus[i].thread, NULL);
	mz_pause_destroy(&pause_);
}

static bool all_come(uint64_t ns)
{
	return mz_pause_await(&pause_, mz_now_ns() + ns);
}

static uint64_t rounds_of(unsigned i)
{
	return __atomic_load_n(&vcpus[i].rounds, __ATOMIC_RELAXED);
}

/* Does the vCPU come on? For what must not, a moment has to do. */
static bool goes_on(unsigned i, uint64_t ns)
{
	uint64_t before = rounds_of(i), until = mz_now_ns() + ns;

	while (rounds_of(i) == before)
		if (mz_now_ns() > until)
			return false;
	return true;
}

START_TEST(a_wish_stops_all_and_its_end_lets_them_go)
{
	begin();
	mz_pause_wish(&pause_);
	ck_assert(all_come(LONG_NS));
	for (unsigned i = 0; i < VCPUS; i++)
		ck_assert(!goes_on(i, MOMENT_NS));
	mz_pause_end(&pause_);
	for (unsigned i = 0; i < VCPUS; i++)
		ck_assert(goes_on(i, LONG_NS));
	end();
}
END_TEST

START_TEST(each_wish_has_an_end_of_its_own)
{
	begin();
	mz_pause_wish(&pause_);
	mz_pause_wish(&pause_);
	ck_assert(all_come(LONG_NS));
	mz_pause_end(&pause_);
	ck_assert(all_come(LONG_NS));
	for (unsigned i = 0; i < VCPUS; i++)
		ck_assert(!goes_on(i, MOMENT_NS));
	mz_pause_end(&pause_);
	for (unsigned i = 0; i < VCPUS; i++)
		ck_assert(goes_on(i, LONG_NS));
	end();
}
END_TEST

START_TEST(who_is_exempt_goes_on_until_another_wishes)
{
	begin();
	mz_pause_wish(&pause_);
	ck_assert(all_come(LONG_NS));
	mz_pause_exempt(&pause_, 1u << 1);
	ck_assert(goes_on(1, LONG_NS));
	ck_assert(!goes_on(0, MOMENT_NS));
	ck_assert(!goes_on(2, MOMENT_NS));
	mz_pause_wish(&pause_);
	ck_assert(all_come(LONG_NS));
	ck_assert(!goes_on(1, MOMENT_NS));
	mz_pause_end(&pause_);
	ck_assert(goes_on(1, LONG_NS));
	ck_assert(!goes_on(0, MOMENT_NS));
	mz_pause_exempt(&pause_, 0);
	ck_assert(all_come(LONG_NS));
	mz_pause_end(&pause_);
	for (unsigned i = 0; i < VCPUS; i++)
		ck_assert(goes_on(i, LONG_NS));
	end();
}
END_TEST

START_TEST(who_has_left_is_not_waited_for)
{
	begin();
	end();
	mz_pause_init(&pause_);
	mz_pause_wish(&pause_);
	ck_assert(all_come(LONG_NS));
	mz_pause_join(&pause_);
	ck_assert(!all_come(MOMENT_NS));
	mz_pause_leave(&pause_);
	ck_assert(all_come(LONG_NS));
	mz_pause_end(&pause_);
	mz_pause_destroy(&pause_);
}
END_TEST

START_TEST(who_is_told_need_not_wait)
{
	eventfd_t count;
	int told = eventfd(0, EFD_NONBLOCK);

	begin();
	mz_pause_wish_told(&pause_, told);
	ck_assert(all_come(LONG_NS));
	ck_assert_int_eq(eventfd_read(told, &count), 0);
	/* Once; and at once where all have come before. */
	mz_pause_wish(&pause_);
	ck_assert(all_come(LONG_NS));
	ck_assert_int_ne(eventfd_read(told, &count), 0);
	mz_pause_wish_told(&pause_, told);
	ck_assert_int_eq(eventfd_read(told, &count), 0);
	for (unsigned i = 0; i < 3; i++)
		mz_pause_end(&pause_);
	end();

	/* Not while one is missing, and then also if it leaves. */
	mz_pause_init(&pause_);
	mz_pause_join(&pause_);
	mz_pause_wish_told(&pause_, told);
	ck_assert_int_ne(eventfd_read(told, &count), 0);
	mz_pause_leave(&pause_);
	ck_assert_int_eq(eventfd_read(told, &count), 0);
	mz_pause_end(&pause_);
	mz_pause_destroy(&pause_);
	close(told);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pause");
	TCase *tcase = tcase_create("pause");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_wish_stops_all_and_its_end_lets_them_go);
	tcase_add_test(tcase, each_wish_has_an_end_of_its_own);
	tcase_add_test(tcase, who_is_exempt_goes_on_until_another_wishes);
	tcase_add_test(tcase, who_has_left_is_not_waited_for);
	tcase_add_test(tcase, who_is_told_need_not_wait);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
