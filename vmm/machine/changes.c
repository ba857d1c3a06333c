// SPDX-License-Identifier: MPL-2.0
/* What it takes for a device to change the second-stage table beside the faults. */
#include <stdlib.h>

#ifdef MZ_HAVE_URCU
#include "arch/linux/rcu.h"
#endif
#include "vmm/machine/machine.h"
#include "vmm/machine/virtio.h"

/* Who watches writes does, and the balloon where pages come in by faults. */
static bool changes(const struct mz_vm *vm)
{
	if (mz_vm_may_watch_writes(vm))
		return true;
	for (unsigned i = 0; i < vm->config.virtio_count; i++)
		if (vm->config.virtio[i].kind == MZ_VIRTIO_BALLOON)
			return vm->pager.uffd >= 0;
	return false;
}

#ifdef MZ_HAVE_URCU

int mz_vm_open_to_changes(struct mz_vm *vm, struct mz_config *config, struct mz_failure *failure)
{
	if (!changes(vm))
		return 0;
	vm->urcu = calloc(1, sizeof(*vm->urcu));
	if (!vm->urcu || mz_urcu_init(vm->urcu) != MZ_OK) {
		free(vm->urcu);
		vm->urcu = NULL;
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "no memory for read-copy-update");
	}
	config->rcu = vm->urcu->hooks;
	return 0;
}

void mz_vm_await_readers(struct mz_vm *vm)
{
	if (vm->urcu)
		mz_urcu_barrier(vm->urcu);
}

void mz_vm_close_to_changes(struct mz_vm *vm)
{
	if (vm->urcu)
		mz_urcu_destroy(vm->urcu);
	free(vm->urcu);
	vm->urcu = NULL;
}

#else

int mz_vm_open_to_changes(struct mz_vm *vm, struct mz_config *config, struct mz_failure *failure)
{
	(void)config;
	if (!changes(vm))
		return 0;
	return mz_fail(
		failure, MZ_STATUS_HOST_LACKS,
		"balloons, resets and tracking: this mezz was built without liburcu (Debian: "
		"liburcu-dev)");
}

void mz_vm_await_readers(struct mz_vm *vm)
{
	(void)vm;
}

void mz_vm_close_to_changes(struct mz_vm *vm)
{
	(void)vm;
}

#endif
