// SPDX-License-Identifier: MPL-2.0
/* Running a machine: the vCPUs' threads, and the loop of the thread that waits for them. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "vmm/machine/halt.h"
#include "vmm/machine/machine.h"
#include "vmm/base/thread.h"

/* How soon a guest that makes room for input gets more. */
#define FULL_WAIT_NS 5000000u

/* How long to wait for vCPUs that may wait for who waits for them. */
#define EXPEL_NS 100000000u

/* EFAULT: there is no page for a touch of the guest's. */
void mz_vm_fail_entry(struct mz_vm *vm, int error)
{
	const struct mz_share *share = error == EFAULT ? mz_ram_shrunk(&vm->ram) : NULL;
	struct mz_failure failure;

	if (share)
		mz_fail(&failure, MZ_STATUS_HOST_FAILED,
			"share %s: %s has become shorter, and the guest touched what is gone",
			share->name, share->path);
	else
		mz_fail(&failure, MZ_STATUS_HOST_FAILED, "KVM cannot run the guest: %s",
			strerror(error));
	mz_vm_fail(vm, &failure);
}

/* Runs the guest up to its next exit and serves that. */
static void step(struct mz_runner *runner)
{
	int error = mz_vcpu_enter(&runner->vcpu);

	if (!error)
		mz_vm_serve_exit(runner);
	else if (error != EINTR && error != EAGAIN)
		mz_vm_fail_entry(runner->vm, error);
}

/*
 * Completes the access that the last exit was about: the registers are those of before until KVM is
 * called again. See KVM's documentation of KVM_RUN, "immediate_exit".
 */
static void settle(struct mz_runner *runner)
{
	runner->vcpu.run->immediate_exit = 1;
	while (!mz_vm_over(runner->vm) && !mz_vcpu_enter(&runner->vcpu))
		mz_vm_serve_exit(runner);
	runner->vcpu.run->immediate_exit = 0;
}

static void *runner_main(void *context)
{
	struct mz_runner *runner = context;
	struct mz_vm *vm = runner->vm;
	int error = mz_vcpu_open_to_kicks(&runner->vcpu);

	if (error)
		mz_vm_fail_entry(vm, error);
	while (!mz_vm_over(vm)) {
		if (!mz_pause_wanted(&vm->pause, runner->vcpu.index)) {
			step(runner);
			continue;
		}
		/* The kick that is taken here may be that of the run's end: so it is looked for. */
		settle(runner);
		mz_pause_heed(&vm->pause, runner->vcpu.index);
	}
	mz_pause_leave(&vm->pause);
	return NULL;
}

void mz_vm_kick(struct mz_vm *vm)
{
	for (unsigned i = 0; i < vm->vcpu_count; i++)
		mz_vcpu_kick(vm->vcpus[i].thread);
}

static void set_running(struct mz_vm *vm, bool running)
{
	pthread_mutex_lock(&vm->end_mutex);
	vm->running = running;
	pthread_mutex_unlock(&vm->end_mutex);
}

void mz_vm_expel(struct mz_vm *vm)
{
	pthread_mutex_lock(&vm->end_mutex);
	if (vm->running)
		mz_vm_kick(vm);
	pthread_mutex_unlock(&vm->end_mutex);
	mz_pause_await(&vm->pause, mz_now_ns() + EXPEL_NS);
}

bool mz_vm_hold(struct mz_vm *vm, uint64_t deadline_ns)
{
	mz_pause_wish(&vm->pause);
	mz_vm_kick(vm);
	return mz_pause_await(&vm->pause, deadline_ns);
}

void mz_vm_let_go(struct mz_vm *vm)
{
	mz_pause_end(&vm->pause);
}

static struct timespec until(uint64_t when_ns)
{
	uint64_t now = mz_now_ns();
	uint64_t wait = when_ns > now ? when_ns - now : 0;

	return (struct timespec) {.tv_sec = (time_t)(wait / 1000000000u),
				  .tv_nsec = (long)(wait % 1000000000u)};
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void end_halted(struct mz_vm *vm)
{
	static const struct mz_outcome outcome = {
		.status = MZ_STATUS_HALTED,
		.text = "the guest halted, and nothing is there that could wake it",
	};

	mz_vm_end(vm, 0, &outcome);
}

static void do_what_is_due(struct mz_vm *vm)
{
	eventfd_t count;

	eventfd_read(vm->done, &count);
	mz_vm_take_turn(vm);
	mz_vm_run_calls(vm);
}

/* A guest that has just ended comes first: it may be put back, and then it can be saved. */
static void run_out_of_time(struct mz_vm *vm)
{
	if (vm->config.snapshot.event == MZ_SNAPSHOT_ON_TIMEOUT) {
		mz_vm_await_turn(vm);
		mz_vm_want_snapshot(vm);
		mz_vm_await_turn(vm);
	}
	mz_vm_stop(vm, MZ_STATUS_TIMEOUT);
}

/* Feeds the serial port until the run is over. */
static void attend(struct mz_vm *vm, uint64_t deadline)
{
	uint64_t snapshot = vm->config.snapshot.event == MZ_SNAPSHOT_ON_TIME
		? mz_now_ns() + vm->config.snapshot.after_ns
		: UINT64_MAX;
	bool more = vm->config.in >= 0;
	struct mz_halt_watch watch;

	mz_halt_watch_begin(&watch);
	while (!mz_vm_over(vm)) {
		bool room = mz_console_has_room(&vm->console);
		uint64_t full = more && !room ? mz_now_ns() + FULL_WAIT_NS : UINT64_MAX;
		struct timespec wait = until(
			earliest(earliest(deadline, snapshot), earliest(full, watch.next_ns)));
		struct pollfd fds[] = {
			{.fd = vm->done, .events = POLLIN},
			{.fd = vm->stop, .events = POLLIN},
			{.fd = more && room ? vm->config.in : -1, .events = POLLIN},
			{.fd = vm->config.limit > 0 ? vm->config.limit : -1, .events = POLLIN},
		};
		int ready = ppoll(fds, 4, &wait, NULL);

		if (ready > 0 && fds[0].revents) {
			do_what_is_due(vm);
			mz_halt_watch_begin(&watch);
		} else if (ready > 0 && fds[3].revents) {
			mz_vm_limit(vm);
		}
		if (ready > 0 && fds[2].revents) {
			more = mz_console_feed(&vm->console);
			mz_serial_receive(&vm->devices.serial);
			mz_virtio_set_wake(&vm->virtio);
		}
		if (mz_now_ns() >= snapshot) {
			mz_vm_want_snapshot(vm);
			snapshot = UINT64_MAX;
		}
		if (mz_now_ns() >= deadline)
			run_out_of_time(vm);
		else if (!vm->paused && !mz_debug_holds(&vm->debug) &&
			 mz_halt_watch_look(&watch, vm))
			end_halted(vm);
	}
}

/* The guest has ended. For the rest of its output, the reader has as long as the run has. */
static void await_reader(struct mz_vm *vm, uint64_t deadline)
{
	if (mz_pause_await(&vm->pause, deadline) &&
	    (mz_console_try_flush(&vm->console) ||
	     mz_console_takes(&vm->console, mz_ms_until(deadline))))
		return;
	mz_vm_stop(vm, MZ_STATUS_TIMEOUT);
	__atomic_store_n(&vm->ended, false, __ATOMIC_RELEASE);
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

static void join_runners(struct mz_vm *vm, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		pthread_join(vm->vcpus[i].thread, NULL);
}

/* No vCPU begins before all threads are there, for whatever is kicked is kicked with the others. */
static int start_runners(struct mz_vm *vm, struct mz_failure *failure)
{
	int error = 0;
	unsigned started = 0;

	mz_pause_wish(&vm->pause);
	while (started < vm->vcpu_count && !error) {
		struct mz_runner *runner = &vm->vcpus[started];

		mz_pause_join(&vm->pause);
		error = mz_thread_start(&runner->thread, runner_main, runner);
		if (error)
			mz_pause_leave(&vm->pause);
		else
			started++;
	}
	if (error) {
		mz_fail(failure, MZ_STATUS_HOST_FAILED, "cannot start a vCPU's thread: %s",
			strerror(error));
		mz_vm_fail(vm, failure);
	}
	/* The wish becomes the debugger's. */
	if (!error && mz_debug_on(&vm->debug)) {
		error = mz_debug_start(&vm->debug);
		if (error) {
			mz_fail(failure, MZ_STATUS_HOST_FAILED, "cannot start the debugger: %s",
				strerror(error));
			mz_vm_fail(vm, failure);
		}
	}
	set_running(vm, !error);
	if (error || !mz_debug_on(&vm->debug))
		mz_pause_end(&vm->pause);
	if (error)
		join_runners(vm, started);
	return error ? -1 : 0;
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

static void key_pressed(void *context, enum mz_key key, const char *line)
{
	struct mz_vm *vm = context;

	vm->config.key(vm->config.context, vm, key, line);
}

static void line_printed(void *context)
{
	mz_vm_want_snapshot(context);
}

static int open_console(struct mz_vm *vm, struct mz_failure *failure)
{
	struct mz_console *console = &vm->console;

	if (mz_console_init(console, vm->config.in, vm->config.out, failure))
		return -1;
	console->cancel = vm->stop;
	console->context = vm;
	console->key = vm->config.key ? key_pressed : NULL;
	if (vm->config.snapshot.event == MZ_SNAPSHOT_ON_LINE)
		console->spotter.text = vm->config.snapshot.text;
	console->spotted = line_printed;
	return 0;
}

/* Marks and snapshots that the guest begins with need to know what it writes. */
static int start(struct mz_vm *vm, struct mz_failure *failure)
{
	if (mz_looks_begin(vm, failure) ||
	    (vm->config.resets != MZ_RESETS_NONE && mz_mark_take(vm, failure)) ||
	    mz_since_restored(vm, failure) || mz_virtio_set_start(&vm->virtio, failure) ||
	    start_runners(vm, failure)) {
		mz_virtio_set_stop(&vm->virtio);
		return -1;
	}
	return 0;
}

int mz_vm_run(struct mz_vm *vm, struct mz_outcome *outcome, struct mz_failure *failure)
{
	uint64_t timeout = vm->config.timeout_ns, deadline;
	int lost;

	if (open_console(vm, failure)) {
		mz_vm_close_calls(vm);
		return -1;
	}
	if (start(vm, failure)) {
		mz_vm_close_calls(vm);
		mz_console_destroy(&vm->console);
		return -1;
	}
	deadline = timeout ? mz_now_ns() + timeout : UINT64_MAX;
	attend(vm, deadline);
	mz_vm_drop_turn(vm);
	mz_vm_close_calls(vm);
	mz_vm_continue(vm);
	mz_debug_stop(&vm->debug, vm->ended ? (int)vm->outcome.status : vm->stop_status);
	set_running(vm, false);
	mz_vm_kick(vm);
	if (vm->ended)
		await_reader(vm, deadline);
	join_runners(vm, vm->vcpu_count);
	mz_virtio_set_stop(&vm->virtio);
	mz_looks_end(vm);
	mz_pager_stop(&vm->pager);
	if (mz_origin_stop(vm, failure))
		mz_vm_fail(vm, failure);
	lost = close_console(vm, failure);
	if (vm->failed)
		*failure = vm->failure;
	if (lost || vm->failed)
		return -1;
	if (!vm->ended)
		describe_stop(vm, vm->stop_status);
	*outcome = vm->outcome;
	return 0;
}
