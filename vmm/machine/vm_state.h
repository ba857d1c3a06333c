/* SPDX-License-Identifier: MPL-2.0 */
/* The state of a machine without its memory: vCPUs, what KVM keeps, and devices. */
#ifndef MZ_VMM_VM_STATE_H
#define MZ_VMM_VM_STATE_H

#include "vmm/base/state.h"
#include "vmm/machine/vm.h"

/*
 * All vCPUs are held or not started, and the virtio devices stopped. A state fits a machine with
 * as much memory, as many vCPUs and the same devices.
 */
void mz_vm_state(struct mz_vm *vm, struct mz_state *state);

#endif
