// SPDX-License-Identifier: MPL-2.0
/*
 * libmezzvm as an embedder uses it: several machines, stopped at any moment, leaving nothing
 * behind.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/vmm/machines.h"
#include "tests/rng.h"
#include "tests/suite.h"

#define STOPPED 77

/* mov $VALUE, %al; out %al, $0xf4 */
#define EXIT_CODE(value) 0xb0, value, 0xe6, 0xf4

static const unsigned char exit_7[] = {EXIT_CODE(7)};
static const unsigned char loop[] = {0xeb, 0xfe}; /* jmp to itself */
/* A loop of output to a port without a device: leaves KVM all the time. */
static const unsigned char busy[] = {0xe6, 0x80, 0xeb, 0xfc};

static struct mz_vm *create_small(const unsigned char *code, size_t bytes)
{
	const struct mz_vm_config config = config_of((uint64_t)4 << 20);

	return create(&config, code, bytes);
}

START_TEST(the_guests_status_is_the_outcome)
{
	struct mz_outcome outcome;
	struct mz_vm *vm;

	if (!have_kvm(__func__))
		return;
	vm = create_small(exit_7, sizeof(exit_7));
	ck_assert_int_eq(mz_vm_run(vm, &outcome, &failure), 0);
	ck_assert_int_eq(outcome.status, 7);
	ck_assert(outcome.exited);
	ck_assert_uint_eq(outcome.guest_status, 7);
	mz_vm_destroy(vm);
}
END_TEST

static void *run_one(void *context)
{
	struct mz_outcome outcome;
	unsigned char code[] = {EXIT_CODE(0)};
	unsigned *value = context;
	struct mz_vm *vm;

	code[1] = (unsigned char)*value;
	vm = create_small(code, sizeof(code));
	*value = mz_vm_run(vm, &outcome, &failure) ? UINT32_MAX : outcome.guest_status;
	mz_vm_destroy(vm);
	return NULL;
}

START_TEST(several_machines_run_side_by_side)
{
	unsigned values[4];
	pthread_t threads[4];

	if (!have_kvm(__func__))
		return;
	for (unsigned i = 0; i < 4; i++) {
		values[i] = i + 1;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, run_one, &values[i]), 0);
	}
	for (unsigned i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		ck_assert_uint_eq(values[i], i + 1);
	}
}
END_TEST

struct stopper {
	struct mz_vm *vm;
	unsigned microseconds;
};

static void *stop_after(void *context)
{
	const struct stopper *stopper = context;

	usleep(stopper->microseconds);
	mz_vm_stop(stopper->vm, STOPPED);
	return NULL;
}

static void stop_at_any_moment(const unsigned char *code, size_t bytes)
{
	struct rng rng = {rng_seed()};
	struct mz_outcome outcome;
	pthread_t thread;

	printf("# MZ_SEED=0x%llx\n", (unsigned long long)rng.state);
	for (unsigned i = 0; i < 20; i++) {
		struct mz_vm *vm = create_small(code, bytes);
		struct stopper stopper = {vm, (unsigned)rng_below(&rng, 5000)};

		ck_assert_int_eq(pthread_create(&thread, NULL, stop_after, &stopper), 0);
		ck_assert_int_eq(mz_vm_run(vm, &outcome, &failure), 0);
		ck_assert_int_eq((int)outcome.status, STOPPED);
		pthread_join(thread, NULL);
		mz_vm_destroy(vm);
	}
}

START_TEST(a_run_can_be_stopped_at_any_moment)
{
	if (!have_kvm(__func__))
		return;
	stop_at_any_moment(loop, sizeof(loop));
	stop_at_any_moment(busy, sizeof(busy));
}
END_TEST

START_TEST(a_stop_before_the_run_counts)
{
	struct mz_outcome outcome;
	struct mz_vm *vm;

	if (!have_kvm(__func__))
		return;
	vm = create_small(loop, sizeof(loop));
	mz_vm_stop(vm, STOPPED);
	mz_vm_stop(vm, STOPPED + 1);
	ck_assert_int_eq(mz_vm_run(vm, &outcome, &failure), 0);
	ck_assert_int_eq((int)outcome.status, STOPPED);
	mz_vm_destroy(vm);
}
END_TEST

/* out %al, $0xf8; incb 0x200000; mov 0x200000, %al; out %al, $0xf4 */
static const unsigned char marked_count[] = {0xe6, 0xf8, 0xfe, 0x04, 0x25, 0x00, 0x00, 0x20, 0x00,
					     0x8a, 0x04, 0x25, 0x00, 0x00, 0x20, 0x00, 0xe6, 0xf4};

/* Somebody who puts a guest back so often. */
struct putter {
	unsigned left, marks, ends;
	uint32_t statuses; /* the sum of the guest's */
};

static void note_mark(void *context, struct mz_vm *vm)
{
	struct putter *putter = context;

	(void)vm;
	putter->marks++;
}

static void put_back(void *context, struct mz_vm *vm, const struct mz_outcome *outcome)
{
	struct putter *putter = context;

	putter->ends++;
	putter->statuses += outcome->guest_status;
	if (putter->left == 0)
		return;
	putter->left--;
	ck_assert_msg(!mz_vm_reset(vm, &failure), "%s", failure.text);
}

static struct mz_outcome run_and_put_back(struct putter *putter, const unsigned char *code,
					  size_t bytes, int limit)
{
	struct mz_vm_config config = config_of((uint64_t)4 << 20);
	struct mz_outcome outcome;
	struct mz_vm *vm;

	config.resets = MZ_RESETS_ANY;
	config.marked = note_mark;
	config.ended = put_back;
	config.context = putter;
	config.limit = limit;
	vm = create(&config, code, bytes);
	ck_assert_msg(!mz_vm_run(vm, &outcome, &failure), "%s", failure.text);
	mz_vm_destroy(vm);
	return outcome;
}

START_TEST(a_guest_is_put_back_as_often_as_one_likes)
{
	struct putter putter = {.left = 20};
	struct mz_outcome outcome;

	if (!have_kvm(__func__))
		return;
	outcome = run_and_put_back(&putter, marked_count, sizeof(marked_count), 0);
	ck_assert_int_eq((int)outcome.status, 1);
	ck_assert_uint_eq(putter.marks, 1);
	ck_assert_uint_eq(putter.ends, 21);
	ck_assert_uint_eq(putter.statuses, 21);
}
END_TEST

START_TEST(a_guest_that_hangs_is_put_back_too)
{
	struct putter putter = {.left = 3};
	struct mz_outcome outcome;
	int ends[2];

	if (!have_kvm(__func__))
		return;
	ck_assert(!pipe(ends) && write(ends[1], "", 1) == 1);
	outcome = run_and_put_back(&putter, loop, sizeof(loop), ends[0]);
	ck_assert_int_eq((int)outcome.status, MZ_STATUS_TIMEOUT);
	ck_assert_uint_eq(putter.marks, 0);
	ck_assert_uint_eq(putter.ends, 4);
}
END_TEST

/* out %al, $0xf8; jmp to it */
static const unsigned char marking[] = {0xe6, 0xf8, 0xeb, 0xfc};

/* Long enough for the guest to ask for its next turn, which is not done meanwhile. */
static void wait_and_stop(struct mz_call *call, struct mz_vm *vm)
{
	(void)call;
	usleep(200000);
	mz_vm_stop(vm, STOPPED);
}

START_TEST(a_guest_that_waits_for_its_turn_can_be_stopped)
{
	struct mz_vm_config config = config_of((uint64_t)4 << 20);
	struct mz_call call = {.run = wait_and_stop};
	struct mz_outcome outcome;
	struct mz_vm *vm;

	if (!have_kvm(__func__))
		return;
	config.resets = MZ_RESETS_ANY;
	vm = create(&config, marking, sizeof(marking));
	mz_vm_post(vm, &call);
	ck_assert_msg(!mz_vm_run(vm, &outcome, &failure), "%s", failure.text);
	ck_assert_int_eq((int)outcome.status, STOPPED);
	mz_vm_destroy(vm);
}
END_TEST

static unsigned event_counts[8];

static void count_event(void *context, const struct mz_event *event)
{
	(void)context;
	__atomic_fetch_add(&event_counts[event->kind], 1, __ATOMIC_RELAXED);
}

START_TEST(events_go_to_who_asked)
{
	struct mz_vm_config config = config_of((uint64_t)4 << 20);
	struct mz_outcome outcome;
	struct mz_vm *vm;

	if (!have_kvm(__func__))
		return;
	memset(event_counts, 0, sizeof(event_counts));
	config.event = count_event;
	config.trace.kinds = MZ_TRACE_IO;
	vm = create(&config, exit_7, sizeof(exit_7));
	ck_assert_int_eq(mz_vm_run(vm, &outcome, &failure), 0);
	mz_vm_destroy(vm);
	ck_assert_uint_eq(event_counts[MZ_TRACE_IO], 1);
	ck_assert_uint_eq(event_counts[MZ_TRACE_FAULTS], 0);
}
END_TEST

static void assert_signals_as_before(const struct sigaction *before)
{
	struct sigaction now;

	for (int number = 1; number < SIGRTMAX; number++)
		if (!sigaction(number, NULL, &now))
			ck_assert(now.sa_handler == before[number].sa_handler);
}

START_TEST(a_machine_leaves_nothing_behind)
{
	struct sigaction before[_NSIG] = {0};
	unsigned descriptors = descriptor_count();
	struct mz_outcome outcome;
	struct mz_vm *vm;
	sigset_t mask;

	if (!have_kvm(__func__))
		return;
	for (int number = 1; number < SIGRTMAX; number++)
		sigaction(number, NULL, &before[number]);
	vm = create_small(exit_7, sizeof(exit_7));
	ck_assert_int_eq(mz_vm_run(vm, &outcome, &failure), 0);
	mz_vm_destroy(vm);
	ck_assert_uint_eq(descriptor_count(), descriptors);
	assert_signals_as_before(before);
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	for (int number = 1; number < SIGRTMAX; number++)
		ck_assert_int_eq(sigismember(&mask, number) == 1, 0);
}
END_TEST

static void assert_not_made(uint64_t bytes, enum mz_status status)
{
	const struct mz_vm_config config = config_of(bytes);
	unsigned descriptors = descriptor_count();
	struct mz_vm *vm;

	ck_assert_int_eq(mz_vm_create(&vm, &config, &failure), -1);
	ck_assert_ptr_null(vm);
	ck_assert_int_eq(failure.status, status);
	ck_assert_str_ne(failure.text, "");
	ck_assert_uint_eq(descriptor_count(), descriptors);
}

START_TEST(a_machine_that_cannot_be_made_leaves_nothing_behind)
{
	assert_not_made(0, MZ_STATUS_BAD_ARGUMENT);
	assert_not_made(4095, MZ_STATUS_BAD_ARGUMENT);
	assert_not_made(UINT64_MAX, MZ_STATUS_BAD_ARGUMENT);
	assert_not_made(UINT64_MAX - 4095, MZ_STATUS_HOST_FAILED);
	assert_not_made((uint64_t)1 << 62, MZ_STATUS_HOST_FAILED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("machine");
	TCase *tcase = tcase_create("machines");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, the_guests_status_is_the_outcome);
	tcase_add_test(tcase, several_machines_run_side_by_side);
	tcase_add_test(tcase, a_run_can_be_stopped_at_any_moment);
	tcase_add_test(tcase, a_stop_before_the_run_counts);
	tcase_add_test(tcase, a_guest_is_put_back_as_often_as_one_likes);
	tcase_add_test(tcase, a_guest_that_hangs_is_put_back_too);
	tcase_add_test(tcase, a_guest_that_waits_for_its_turn_can_be_stopped);
	tcase_add_test(tcase, events_go_to_who_asked);
	tcase_add_test(tcase, a_machine_leaves_nothing_behind);
	tcase_add_test(tcase, a_machine_that_cannot_be_made_leaves_nothing_behind);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
