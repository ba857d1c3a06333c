// SPDX-License-Identifier: MPL-2.0
/* Ending a run from outside the vCPU's thread. */
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
	pthread_mutex_lock(&vm->failure_mutex);
	if (!vm->failed) {
		vm->failed = true;
		vm->failure = *failure;
	}
	pthread_mutex_unlock(&vm->failure_mutex);
	mz_vm_stop(vm, (int)failure->status);
}
