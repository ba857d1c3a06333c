// SPDX-License-Identifier: MPL-2.0
/* Marks, and going back to them. */
#include "vmm/machine/mark.h"

#include "vmm/machine/machine.h"
#include "vmm/machine/vm_state.h"
#include "vmm/memory/written.h"

int mz_mark_take(struct mz_vm *vm, struct mz_failure *failure)
{
	struct mz_mark *mark = &vm->mark;

	mz_mark_drop(mark);
	if (mz_vm_watch_writes(vm, &mark->dirty, failure))
		return -1;
	mark->taken = true;
	mz_shadow_pages_init(&mark->shadow_pages, &vm->kvm);
	if (mz_baseline_take(&mark->baseline, &vm->ram, failure))
		return -1;
	mz_state_save(&mark->state);
	mz_vm_state(vm, &mark->state);
	return mz_state_end(&mark->state, failure);
}

void mz_mark_drop(struct mz_mark *mark)
{
	if (mark->taken) {
		mz_dirty_stop(&mark->dirty);
		mz_shadow_pages_destroy(&mark->shadow_pages);
	}
	mark->taken = false;
	mz_baseline_drop(&mark->baseline);
	mz_state_free(&mark->state);
}

static bool put_back(void *context, mz_ia ia, uint64_t bytes)
{
	struct mz_vm *vm = context;

	mz_baseline_put_back(&vm->mark.baseline, ia.addr, bytes);
	if (vm->since.tracking)
		mz_tell_written(&vm->space, ia.addr, bytes);
	vm->mark.stats.pages += bytes / MZ_RAM_PAGE;
	return true;
}

static int put_memory_back(struct mz_vm *vm, struct mz_failure *failure)
{
	struct mz_dirty *dirty = &vm->mark.dirty;

	if (mz_vm_collect_writes(vm, dirty, failure))
		return -1;
	for (unsigned i = 0; i < vm->ram.bank_count; i++)
		mz_dirty_each(dirty, mz_ia_from(vm->ram.banks[i].gpa), vm->ram.banks[i].bytes,
			      put_back, vm);
	/* What others were told of going back was told to the mark too, for which it is no news. */
	if ((vm->since.tracking || mz_dirty_source_hears_vmm(&vm->dirty_source)) &&
	    mz_vm_collect_writes(vm, dirty, failure))
		return -1;
	mz_dirty_commit(dirty);
	return 0;
}

int mz_mark_go_back(struct mz_vm *vm, struct mz_failure *failure)
{
	struct mz_mark *mark = &vm->mark;
	uint64_t begun = mz_now_ns();
	struct mz_state state;

	if (put_memory_back(vm, failure) ||
	    mz_shadow_pages_drop(&mark->shadow_pages, &vm->kvm, failure))
		return -1;
	mz_state_load(&state, mark->state.bytes, mark->state.size);
	mz_vm_state(vm, &state);
	mark->stats.count++;
	mark->stats.ns += mz_now_ns() - begun;
	return mz_state_end(&state, failure);
}
