/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A mark: the moment that a machine is put back to, in place, again and again. A reset touches what
 * was written since the last one and nothing else.
 */
#ifndef MZ_VMM_MARK_H
#define MZ_VMM_MARK_H

#include "ept/dirty.h"
#include "vmm/base/state.h"
#include "vmm/machine/shadow_pages.h"
#include "vmm/machine/vm.h"
#include "vmm/memory/baseline.h"

struct mz_mark {
	bool taken;
	struct mz_state state;
	struct mz_baseline baseline;
	struct mz_dirty dirty;
	struct mz_shadow_pages shadow_pages;
	struct mz_reset_stats stats;
};

/*
 * Takes the mark, in place of an earlier one, or puts the machine back to it. All vCPUs are held or
 * not started, and the virtio devices stopped. After a failure the machine can't go on.
 */
int mz_mark_take(struct mz_vm *vm, struct mz_failure *failure);
int mz_mark_go_back(struct mz_vm *vm, struct mz_failure *failure);

void mz_mark_drop(struct mz_mark *mark);

#endif
