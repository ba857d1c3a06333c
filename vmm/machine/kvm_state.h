/* SPDX-License-Identifier: MPL-2.0 */
/* The state of what KVM keeps for a whole machine: interrupt controllers, timer, clock. */
#ifndef MZ_VMM_KVM_STATE_H
#define MZ_VMM_KVM_STATE_H

#include "vmm/base/state.h"
#include "vmm/machine/kvm.h"

/* While no vCPU runs. The guest's paravirtual clock goes on from where it was saved. */
void mz_kvm_state(struct mz_kvm *kvm, struct mz_state *state);

#endif
