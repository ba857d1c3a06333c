// SPDX-License-Identifier: MPL-2.0
/* Knowing what is written to guest memory: for marks, and for incremental snapshots. */
#include "vmm/machine/machine.h"

static int fail(struct mz_failure *failure, enum mz_error error)
{
	return mz_fail(failure, MZ_STATUS_HOST_FAILED, "cannot track what the guest writes: %s",
		       mz_error_text(error));
}

int mz_vm_watch_writes(struct mz_vm *vm, struct mz_dirty *dirty, struct mz_failure *failure)
{
	const struct mz_vcpu *vcpus[MZ_VM_CPUS_MAX];
	enum mz_error error;

	for (unsigned i = 0; i < vm->vcpu_count; i++)
		vcpus[i] = &vm->vcpus[i].vcpu;
	if (mz_dirty_source_begin(&vm->dirty_source, vcpus, vm->vcpu_count, failure) ||
	    mz_dirty_source_tell(&vm->dirty_source, failure))
		return -1;
	error = mz_dirty_start(dirty, &vm->space, 0);
	return error ? fail(failure, error) : 0;
}

int mz_vm_collect_writes(struct mz_vm *vm, struct mz_dirty *dirty, struct mz_failure *failure)
{
	const struct mz_bank *last = &vm->ram.banks[vm->ram.bank_count - 1];
	enum mz_error error;

	if (mz_dirty_source_tell(&vm->dirty_source, failure))
		return -1;
	error = mz_dirty_collect(dirty, mz_ia_from(0), last->gpa + last->bytes);
	return error ? fail(failure, error) : 0;
}
