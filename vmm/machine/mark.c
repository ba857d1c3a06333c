// SPDX-License-Identifier: MPL-2.0
/* Marks, and going back to them. */
#include "vmm/machine/mark.h"

#include "vmm/machine/machine.h"
#include "vmm/machine/vm_state.h"

static int fail_tracking(struct mz_failure *failure, enum mz_error error)
{
	return mz_fail(failure, MZ_STATUS_HOST_FAILED, "cannot track what the guest writes: %s",
		       mz_error_text(error));
}

static int begin_tracking(struct mz_vm *vm, struct mz_failure *failure)
{
	const struct mz_vcpu *vcpus[MZ_VM_CPUS_MAX];
	enum mz_error error;

	for (unsigned i = 0; i < vm->vcpu_count; i++)
		vcpus[i] = &vm->vcpus[i].vcpu;
	if (mz_dirty_source_begin(&vm->dirty_source, vcpus, vm->vcpu_count, failure) ||
	    mz_dirty_source_tell(&vm->dirty_source, failure))
		return -1;
	if (!vm->space.logged)
		mz_space_log_writes(&vm->space);
	error = mz_dirty_start(&vm->mark.dirty, &vm->space, 0);
	if (error)
		return fail_tracking(failure, error);
	vm->mark.taken = true;
	return 0;
}

int mz_mark_take(struct mz_vm *vm, struct mz_failure *failure)
{
	struct mz_mark *mark = &vm->mark;

	mz_mark_drop(mark);
	if (begin_tracking(vm, failure) || mz_baseline_take(&mark->baseline, &vm->ram, failure))
		return -1;
	mz_state_save(&mark->state);
	mz_vm_state(vm, &mark->state);
	return mz_state_end(&mark->state, failure);
}

void mz_mark_drop(struct mz_mark *mark)
{
	if (mark->taken)
		mz_dirty_stop(&mark->dirty);
	mark->taken = false;
	mz_baseline_drop(&mark->baseline);
	mz_state_free(&mark->state);
}

static bool put_back(void *context, mz_ia ia, uint64_t bytes)
{
	struct mz_mark *mark = context;

	mz_baseline_put_back(&mark->baseline, ia.addr, bytes);
	mark->stats.pages += bytes / MZ_RAM_PAGE;
	return true;
}

static int put_memory_back(struct mz_vm *vm, struct mz_failure *failure)
{
	const struct mz_bank *last = &vm->ram.banks[vm->ram.bank_count - 1];
	struct mz_mark *mark = &vm->mark;
	enum mz_error error;

	if (mz_dirty_source_tell(&vm->dirty_source, failure))
		return -1;
	error = mz_dirty_collect(&mark->dirty, mz_ia_from(0), last->gpa + last->bytes);
	if (error)
		return fail_tracking(failure, error);
	for (unsigned i = 0; i < vm->ram.bank_count; i++)
		mz_dirty_each(&mark->dirty, mz_ia_from(vm->ram.banks[i].gpa),
			      vm->ram.banks[i].bytes, put_back, mark);
	mz_dirty_commit(&mark->dirty);
	return 0;
}

int mz_mark_go_back(struct mz_vm *vm, struct mz_failure *failure)
{
	struct mz_mark *mark = &vm->mark;
	uint64_t begun = mz_now_ns();
	struct mz_state state;

	if (put_memory_back(vm, failure))
		return -1;
	mz_state_load(&state, mark->state.bytes, mark->state.size);
	mz_vm_state(vm, &state);
	mark->stats.count++;
	mark->stats.ns += mz_now_ns() - begun;
	return mz_state_end(&state, failure);
}
