// SPDX-License-Identifier: MPL-2.0
/* Turns: what is done between two moments of the guest, while all vCPUs are held. */
#include <sys/eventfd.h>

#include "vmm/machine/machine.h"

/* The vCPU that asks is held like the others, once it has completed its access. */
static void ask(struct mz_vm *vm, unsigned turn)
{
	vm->turn = turn;
	vm->turn_ns = mz_now_ns();
	mz_pause_wish(&vm->pause);
	mz_vm_kick(vm);
	eventfd_write(vm->done, 1);
}

bool mz_vm_holds_end(struct mz_vm *vm)
{
	enum mz_resets resets = vm->config.resets;

	if (vm->turn != MZ_TURN_NONE || !vm->config.ended || resets == MZ_RESETS_NONE ||
	    (resets == MZ_RESETS_OK && vm->outcome.status != MZ_STATUS_OK))
		return false;
	ask(vm, MZ_TURN_END);
	return true;
}

/* The snapshot is taken once. The end's mutex is held. */
static unsigned snapshot_turn(struct mz_vm *vm)
{
	if (vm->saved || !vm->config.snapshot.path)
		return MZ_TURN_NONE;
	vm->saved = true;
	return MZ_TURN_SNAPSHOT;
}

void mz_vm_want_mark(struct mz_vm *vm)
{
	unsigned turn = MZ_TURN_NONE;

	pthread_mutex_lock(&vm->end_mutex);
	if (vm->turn == MZ_TURN_NONE) {
		if (vm->config.resets != MZ_RESETS_NONE)
			turn |= MZ_TURN_MARK;
		if (vm->config.snapshot.on_mark)
			turn |= snapshot_turn(vm);
	}
	if (turn)
		ask(vm, turn);
	pthread_mutex_unlock(&vm->end_mutex);
}

void mz_vm_want_snapshot(struct mz_vm *vm)
{
	unsigned turn = MZ_TURN_NONE;

	pthread_mutex_lock(&vm->end_mutex);
	if (vm->turn == MZ_TURN_NONE && !mz_vm_over(vm))
		turn = snapshot_turn(vm);
	if (turn)
		ask(vm, turn);
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

/* The guest ends now, unless it is put back. */
static void take_end(struct mz_vm *vm)
{
	vm->reset = false;
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
	if (turn & MZ_TURN_SNAPSHOT)
		take_snapshot(vm, &saved, &unsaved);
	if (turn & MZ_TURN_MARK)
		result = take_mark(vm, failure);
	if (turn & MZ_TURN_END)
		take_end(vm);
	if (!result)
		result = mz_virtio_set_start(&vm->virtio, failure);
	if ((turn & MZ_TURN_SNAPSHOT) && vm->config.saved) {
		saved.held_ns = mz_now_ns() - vm->turn_ns;
		vm->config.saved(vm->config.context, &saved);
	}
	return result;
}

void mz_vm_take_turn(struct mz_vm *vm)
{
	struct mz_failure failure;
	unsigned turn;

	pthread_mutex_lock(&vm->end_mutex);
	turn = vm->turn;
	pthread_mutex_unlock(&vm->end_mutex);
	if (turn == MZ_TURN_NONE)
		return;
	mz_pause_await(&vm->pause, UINT64_MAX);
	if (!mz_vm_over(vm) && take_turn(vm, turn, &failure))
		mz_vm_fail(vm, &failure);
	pthread_mutex_lock(&vm->end_mutex);
	vm->turn = MZ_TURN_NONE;
	pthread_mutex_unlock(&vm->end_mutex);
	mz_pause_end(&vm->pause);
}
