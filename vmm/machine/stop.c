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

void mz_vm_end(struct mz_vm *vm, unsigned ender, const struct mz_outcome *outcome)
{
	pthread_mutex_lock(&vm->end_mutex);
	/* What comes while a reset is due is undone by it. */
	if (!vm->ended && !(vm->turn & MZ_TURN_RESET) && !mz_vm_begins_again(vm, outcome)) {
		vm->outcome = *outcome;
		vm->ender = ender;
		__atomic_store_n(&vm->ended, true, __ATOMIC_RELEASE);
		eventfd_write(vm->done, 1);
	}
	pthread_mutex_unlock(&vm->end_mutex);
}

bool mz_vm_over(const struct mz_vm *vm)
{
	return __atomic_load_n(&vm->ended, __ATOMIC_ACQUIRE) ||
		__atomic_load_n(&vm->stop_status, __ATOMIC_ACQUIRE);
}
