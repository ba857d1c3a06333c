// SPDX-License-Identifier: MPL-2.0
/* Turns: what is done between two moments of the guest, while all vCPUs are held. */
#include "vmm/machine/machine.h"

/*
 * Once a run is over, nobody would let the vCPUs go again; and a guest that has ended asks for
 * nothing more. The end's mutex is held.
 */
static bool may_ask(const struct mz_vm *vm)
{
	return !mz_vm_over(vm) && !(vm->turn & MZ_TURN_END);
}

/* A vCPU that asks needs no kick: it is held like the others, once it has completed its access. */
static void kick_others(struct mz_vm *vm)
{
	for (unsigned i = 0; i < vm->vcpu_count && vm->running; i++)
		if (!pthread_equal(vm->vcpus[i].thread, pthread_self()))
			mz_vcpu_kick(vm->vcpus[i].thread);
}

/*
 * Nobody waits for the vCPUs: one of them may be writing to somebody slow, and meanwhile the run
 * may be asked for other things, or run out of time.
 */
static void ask(struct mz_vm *vm, unsigned turn)
{
	if (turn == MZ_TURN_NONE)
		return;
	if (vm->turn == MZ_TURN_NONE) {
		vm->turn_ns = mz_now_ns();
		mz_pause_wish_told(&vm->pause, vm->done);
		kick_others(vm);
	}
	vm->turn |= turn;
}

static bool may_be_put_back(const struct mz_vm *vm)
{
	enum mz_resets resets = vm->config.resets;

	return vm->config.ended && resets != MZ_RESETS_NONE &&
		(resets != MZ_RESETS_OK || vm->outcome.status == MZ_STATUS_OK);
}

/* The snapshot is taken once. The end's mutex is held. */
static unsigned snapshot_turn(struct mz_vm *vm)
{
	if (vm->saved || !vm->config.snapshot.path)
		return MZ_TURN_NONE;
	vm->saved = true;
	return MZ_TURN_SNAPSHOT;
}

/* Is it this end that the snapshot waits for? */
static bool is_awaited(const struct mz_outcome *outcome, enum mz_snapshot_event event)
{
	switch (event) {
	case MZ_SNAPSHOT_ON_PANIC:
		return outcome->status == MZ_STATUS_PANIC;
	case MZ_SNAPSHOT_ON_EXIT:
		return outcome->exited || outcome->status == MZ_STATUS_OK ||
			outcome->status == MZ_STATUS_RESET;
	default:
		return false;
	}
}

bool mz_vm_holds_end(struct mz_vm *vm)
{
	unsigned turn = MZ_TURN_NONE;

	if (is_awaited(&vm->outcome, vm->config.snapshot.event))
		turn |= snapshot_turn(vm);
	if (may_be_put_back(vm) || turn != MZ_TURN_NONE)
		turn |= MZ_TURN_END;
	ask(vm, turn);
	return turn != MZ_TURN_NONE;
}

void mz_vm_want_mark(struct mz_vm *vm)
{
	unsigned turn = MZ_TURN_NONE;

	pthread_mutex_lock(&vm->end_mutex);
	if (may_ask(vm)) {
		if (vm->config.resets != MZ_RESETS_NONE)
			turn |= MZ_TURN_MARK;
		if (vm->config.snapshot.event == MZ_SNAPSHOT_ON_MARK)
			turn |= snapshot_turn(vm);
	}
	ask(vm, turn);
	pthread_mutex_unlock(&vm->end_mutex);
}

void mz_vm_want_snapshot(struct mz_vm *vm)
{
	pthread_mutex_lock(&vm->end_mutex);
	if (may_ask(vm))
		ask(vm, snapshot_turn(vm));
	pthread_mutex_unlock(&vm->end_mutex);
}

/* A snapshot that can't be written is no reason for the guest to end. */
static void take_snapshot(struct mz_vm *vm, struct mz_saved *saved, struct mz_failure *failure)
{
	const struct mz_snapshot_request request = {
		.path = vm->config.snapshot.path,
		.progress = vm->config.progress,
		.context = vm->config.context,
	};

	if (mz_vm_write_snapshot(vm, &request, saved, failure))
		saved->failure = failure;
}

static int take_mark(struct mz_vm *vm, struct mz_failure *failure)
{
	if (mz_mark_take(vm, failure))
		return -1;
	if (vm->config.marked)
		vm->config.marked(vm->config.context, vm);
	return 0;
}

/* What the guest has ended by has been heard, and is no state. */
static void forget_end(struct mz_devices *devices)
{
	mz_debug_exit_forget(&devices->debug_exit);
	mz_power_forget(&devices->power);
}

/* The guest ends now, unless it is put back. */
static void take_end(struct mz_vm *vm)
{
	vm->reset = false;
	if (may_be_put_back(vm))
		vm->config.ended(vm->config.context, vm, &vm->outcome);
	if (!vm->reset && !mz_vm_over(vm))
		__atomic_store_n(&vm->ended, true, __ATOMIC_RELEASE);
}

int mz_vm_reset(struct mz_vm *vm, struct mz_failure *failure)
{
	if (mz_mark_go_back(vm, failure)) {
		mz_vm_fail(vm, failure);
		return -1;
	}
	vm->reset = true;
	return 0;
}

static int take_turn(struct mz_vm *vm, unsigned turn, struct mz_failure *failure)
{
	struct mz_saved saved;
	struct mz_failure unsaved;
	int result = 0;

	mz_virtio_set_stop(&vm->virtio);
	if (turn & MZ_TURN_END)
		forget_end(&vm->devices);
	if (turn & MZ_TURN_SNAPSHOT)
		take_snapshot(vm, &saved, &unsaved);
	/* Who asked for a mark just then will do so again, if the guest is put back. */
	if (turn & MZ_TURN_END)
		take_end(vm);
	else if (turn & MZ_TURN_MARK)
		result = take_mark(vm, failure);
	if (!result)
		result = mz_virtio_set_start(&vm->virtio, failure);
	if ((turn & MZ_TURN_SNAPSHOT) && vm->config.saved) {
		saved.held_ns = mz_now_ns() - vm->turn_ns;
		vm->config.saved(vm->config.context, &saved);
	}
	return result;
}

/* What is due, without what has been done. */
static unsigned due(struct mz_vm *vm, unsigned done)
{
	unsigned turn;

	pthread_mutex_lock(&vm->end_mutex);
	turn = vm->turn &= ~done;
	pthread_mutex_unlock(&vm->end_mutex);
	return turn;
}

static bool is_due(struct mz_vm *vm)
{
	return due(vm, MZ_TURN_NONE) != MZ_TURN_NONE;
}

void mz_vm_take_turn(struct mz_vm *vm)
{
	struct mz_failure failure;
	unsigned turn;

	if (!is_due(vm) || !mz_pause_await(&vm->pause, 0))
		return;
	for (turn = due(vm, MZ_TURN_NONE); turn != MZ_TURN_NONE; turn = due(vm, turn))
		if (!mz_vm_over(vm) && take_turn(vm, turn, &failure))
			mz_vm_fail(vm, &failure);
	mz_pause_end(&vm->pause);
}

void mz_vm_await_turn(struct mz_vm *vm)
{
	if (is_due(vm))
		mz_pause_await(&vm->pause, mz_now_ns() + MZ_HOLD_NS);
	mz_vm_take_turn(vm);
}

static void tell_unsaved(struct mz_vm *vm)
{
	struct mz_failure failure;
	const struct mz_saved saved = {.path = vm->config.snapshot.path, .failure = &failure};

	mz_fail(&failure, MZ_STATUS_HOST_FAILED, "the run was over before the guest could be held");
	if (vm->config.saved)
		vm->config.saved(vm->config.context, &saved);
}

void mz_vm_drop_turn(struct mz_vm *vm)
{
	unsigned turn = due(vm, MZ_TURN_NONE);

	if (turn == MZ_TURN_NONE)
		return;
	due(vm, turn);
	if (turn & MZ_TURN_SNAPSHOT)
		tell_unsaved(vm);
	mz_pause_end(&vm->pause);
}
