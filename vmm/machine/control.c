// SPDX-License-Identifier: MPL-2.0
/* What can be asked of a machine while it runs. */
#include <inttypes.h>
#include <sys/eventfd.h>

#include "vmm/base/text.h"
#include "vmm/machine/machine.h"

/* How long to wait for a vCPU that is writing to somebody slow. */
#define PAUSE_NS 1000000000u

bool mz_vm_pause(struct mz_vm *vm)
{
	if (vm->paused)
		return false;
	vm->paused = true;
	mz_vm_hold(vm, mz_now_ns() + PAUSE_NS);
	return true;
}

bool mz_vm_continue(struct mz_vm *vm)
{
	if (!vm->paused)
		return false;
	vm->paused = false;
	mz_vm_let_go(vm);
	return true;
}

int mz_vm_set_balloon(struct mz_vm *vm, uint64_t bytes, struct mz_failure *failure)
{
	if (bytes > vm->ram.bytes)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "the guest has only %s",
			       mz_size_text(vm->ram.bytes).text);
	if (!mz_virtio_set_balloon(&vm->virtio, bytes))
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "the guest has no balloon");
	return 0;
}

/* ---- At rest ---- */

/* All vCPUs are held. A turn that is due comes first: the guest that asked for it waits for it. */
static int rest(struct mz_vm *vm,
		int (*work)(struct mz_vm *vm, void *context, struct mz_failure *failure),
		void *context, struct mz_failure *failure)
{
	struct mz_failure broken;
	int result;

	mz_vm_take_turn(vm);
	if (mz_vm_over(vm))
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "the run is over");
	mz_virtio_set_stop(&vm->virtio);
	result = work(vm, context, failure);
	if (mz_virtio_set_start(&vm->virtio, &broken))
		mz_vm_fail(vm, &broken);
	return result;
}

int mz_vm_at_rest(struct mz_vm *vm,
		  int (*work)(struct mz_vm *vm, void *context, struct mz_failure *failure),
		  void *context, uint64_t *held_ns, struct mz_failure *failure)
{
	uint64_t begun = mz_now_ns();
	int result;

	if (mz_vm_hold(vm, begun + MZ_HOLD_NS))
		result = rest(vm, work, context, failure);
	else
		result = mz_fail(failure, MZ_STATUS_HOST_FAILED,
				 "the guest can't be held: it waits for who reads its output");
	mz_vm_let_go(vm);
	*held_ns = mz_now_ns() - begun;
	return result;
}

/* ---- Snapshots ---- */

struct saving {
	const struct mz_snapshot_request *request;
	struct mz_saved *saved;
};

static int save(struct mz_vm *vm, void *context, struct mz_failure *failure)
{
	const struct saving *saving = context;

	return mz_vm_write_snapshot(vm, saving->request, saving->saved, failure);
}

int mz_vm_snapshot(struct mz_vm *vm, const struct mz_snapshot_request *request,
		   struct mz_saved *saved, struct mz_failure *failure)
{
	struct saving saving = {request, saved};
	uint64_t held_ns;
	int result;

	*saved = (struct mz_saved) {.path = request->path};
	/* What takes long is done while the guest still runs, so that little is left of it. */
	if (mz_virtio_set_flush(&vm->virtio, failure) ||
	    (!request->incremental && mz_vm_bring_all(vm, failure)))
		return -1;
	result = mz_vm_at_rest(vm, save, &saving, &held_ns, failure);
	saved->held_ns = held_ns;
	return result;
}

/* ---- Calls ---- */

void mz_vm_post(struct mz_vm *vm, struct mz_call *call)
{
	struct mz_calls *calls = &vm->calls;
	bool closed;

	call->next = NULL;
	pthread_mutex_lock(&calls->mutex);
	closed = calls->closed;
	if (!closed && calls->last)
		calls->last->next = call;
	else if (!closed)
		calls->first = call;
	if (!closed)
		calls->last = call;
	pthread_mutex_unlock(&calls->mutex);
	if (closed)
		call->run(call, NULL);
	else
		eventfd_write(vm->done, 1);
}

static void answer(struct mz_vm *vm, bool close)
{
	struct mz_calls *calls = &vm->calls;
	struct mz_call *call;

	pthread_mutex_lock(&calls->mutex);
	call = calls->first;
	calls->first = calls->last = NULL;
	calls->closed = close;
	pthread_mutex_unlock(&calls->mutex);
	while (call) {
		struct mz_call *next = call->next;

		call->run(call, close ? NULL : vm);
		call = next;
	}
}

void mz_vm_run_calls(struct mz_vm *vm)
{
	answer(vm, false);
}

void mz_vm_close_calls(struct mz_vm *vm)
{
	answer(vm, true);
}
