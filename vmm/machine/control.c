// SPDX-License-Identifier: MPL-2.0
/* What can be asked of a machine while it runs. */
#include <inttypes.h>

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
