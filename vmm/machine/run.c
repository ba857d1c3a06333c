// SPDX-License-Identifier: MPL-2.0
/* Running a machine: the vCPU's thread, and the loop of the thread that waits for it. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "vmm/machine/machine.h"
#include "vmm/base/thread.h"

/* How soon a guest that makes room for input gets more. */
#define FULL_WAIT_NS 5000000u

static int stop_status(const struct mz_vm *vm)
{
	return __atomic_load_n(&vm->stop_status, __ATOMIC_ACQUIRE);
}

static bool fail_entry(struct mz_vm *vm, int error)
{
	struct mz_failure failure;

	mz_fail(&failure, MZ_STATUS_HOST_FAILED, "KVM cannot run the guest: %s", strerror(error));
	mz_vm_fail(vm, &failure);
	return false;
}

/* Runs the guest up to its next exit and serves that. */
static bool step(struct mz_vm *vm)
{
	int error = mz_vcpu_enter(&vm->vcpu);

	if (error == EINTR || error == EAGAIN)
		return true;
	return error ? fail_entry(vm, error) : mz_vm_serve_exit(vm);
}

static void *vcpu_main(void *context)
{
	struct mz_vm *vm = context;
	int error = mz_vcpu_open_to_kicks(&vm->vcpu);

	if (error)
		fail_entry(vm, error);
	while (!stop_status(vm) && step(vm))
		;
	eventfd_write(vm->done, 1);
	return NULL;
}

static struct timespec until(uint64_t deadline_ns, bool full)
{
	uint64_t now = mz_now_ns();
	uint64_t wait = deadline_ns > now ? deadline_ns - now : 0;

	if (full && wait > FULL_WAIT_NS)
		wait = FULL_WAIT_NS;
	return (struct timespec) {.tv_sec = (time_t)(wait / 1000000000u),
				  .tv_nsec = (long)(wait % 1000000000u)};
}

/* Feeds the console until the vCPU's thread has ended or is to end. */
static void attend(struct mz_vm *vm)
{
	uint64_t timeout = vm->config.timeout_ns;
	uint64_t deadline = timeout ? mz_now_ns() + timeout : UINT64_MAX;
	bool more = vm->config.in >= 0;

	for (;;) {
		bool room = mz_console_has_room(&vm->console);
		struct timespec wait = until(deadline, more && !room);
		struct pollfd fds[] = {
			{.fd = vm->done, .events = POLLIN},
			{.fd = vm->stop, .events = POLLIN},
			{.fd = more && room ? vm->config.in : -1, .events = POLLIN},
		};
		int ready = ppoll(fds, 3, timeout || (more && !room) ? &wait : NULL, NULL);

		if (ready > 0 && (fds[0].revents || fds[1].revents))
			return;
		if (mz_now_ns() >= deadline)
			mz_vm_stop(vm, MZ_STATUS_TIMEOUT);
		else if (ready > 0 && fds[2].revents)
			more = mz_console_feed(&vm->console);
	}
}

/* The outcome of a run that somebody stopped. */
static void describe_stop(struct mz_vm *vm, int status)
{
	struct mz_outcome *outcome = &vm->outcome;

	outcome->status = (enum mz_status)status;
	if (status == MZ_STATUS_TIMEOUT)
		snprintf(outcome->text, sizeof(outcome->text), "the guest ran out of time: %g s",
			 (double)vm->config.timeout_ns / 1e9);
	else
		snprintf(outcome->text, sizeof(outcome->text), "the run was stopped");
}

static int start_vcpu(struct mz_vm *vm, struct mz_failure *failure)
{
	int error = mz_thread_start(&vm->vcpu_thread, vcpu_main, vm);

	if (error)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "cannot start the vCPU's thread: %s",
			       strerror(error));
	return 0;
}

static int close_console(struct mz_vm *vm, struct mz_failure *failure)
{
	int error;

	mz_console_flush(&vm->console);
	error = vm->console.out_error;
	mz_console_destroy(&vm->console);
	if (error)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "the guest's output was lost: standard output: %s", strerror(error));
	return 0;
}

int mz_vm_run(struct mz_vm *vm, struct mz_outcome *outcome, struct mz_failure *failure)
{
	int lost;

	if (mz_console_init(&vm->console, vm->config.in, vm->config.out, failure))
		return -1;
	vm->console.cancel = vm->stop;
	if (start_vcpu(vm, failure)) {
		mz_console_destroy(&vm->console);
		return -1;
	}
	attend(vm);
	if (stop_status(vm))
		mz_vcpu_kick(vm->vcpu_thread);
	pthread_join(vm->vcpu_thread, NULL);
	mz_pager_stop(&vm->pager);
	lost = close_console(vm, failure);
	if (vm->failed)
		*failure = vm->failure;
	if (lost || vm->failed)
		return -1;
	if (!vm->outcome.status && !vm->outcome.exited)
		describe_stop(vm, stop_status(vm));
	*outcome = vm->outcome;
	return 0;
}
