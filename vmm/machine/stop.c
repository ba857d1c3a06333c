// SPDX-License-Identifier: MPL-2.0
/* Ending a run. */
#include <errno.h>
#include <sys/eventfd.h>

#include "vmm/machine/machine.h"

void mz_vm_stop(struct mz_vm *vm, int status)
{
	int nobody = 0;

	if (__atomic_compare_exchange_n(&vm->stop_status, &nobody, status, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE)) {
		int saved = errno;

		eventfd_write(vm->stop, 1);
		errno = saved;
	}
}

void mz_vm_fail(struct mz_vm *vm, const struct mz_failure *failure)
{
	pthread_mutex_lock(&vm->end_mutex);
	if (!vm->failed) {
		vm->failed = true;
		vm->failure = *failure;
	}
	pthread_mutex_unlock(&vm->end_mutex);
	mz_vm_stop(vm, (int)failure->status);
}

/* The end's mutex is held. */
static void end(struct mz_vm *vm, unsigned ender, const struct mz_outcome *outcome)
{
	if (mz_vm_over(vm) || vm->turn & MZ_TURN_END)
		return;
	vm->outcome = *outcome;
	vm->ender = ender;
	if (mz_vm_holds_end(vm))
		return;
	__atomic_store_n(&vm->ended, true, __ATOMIC_RELEASE);
	eventfd_write(vm->done, 1);
}

void mz_vm_end(struct mz_vm *vm, unsigned ender, const struct mz_outcome *outcome)
{
	pthread_mutex_lock(&vm->end_mutex);
	end(vm, ender, outcome);
	pthread_mutex_unlock(&vm->end_mutex);
}

void mz_vm_limit(struct mz_vm *vm)
{
	static const struct mz_outcome outcome = {
		.status = MZ_STATUS_TIMEOUT,
		.text = "the guest ran out of time",
	};

	pthread_mutex_lock(&vm->end_mutex);
	if (vm->turn == MZ_TURN_NONE)
		end(vm, 0, &outcome);
	pthread_mutex_unlock(&vm->end_mutex);
}

bool mz_vm_over(const struct mz_vm *vm)
{
	return __atomic_load_n(&vm->ended, __ATOMIC_ACQUIRE) ||
		__atomic_load_n(&vm->stop_status, __ATOMIC_ACQUIRE);
}
