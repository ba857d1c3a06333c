/* SPDX-License-Identifier: MPL-2.0 */
/* The state of a virtual processor. */
#ifndef MZ_VMM_VCPU_STATE_H
#define MZ_VMM_VCPU_STATE_H

#include "vmm/base/state.h"
#include "vmm/machine/vcpu.h"

/*
 * While nobody is inside, and the access that the last exit was about is complete. What was saved
 * can be loaded into a vCPU with the same features alone, and after the interrupt controllers.
 */
void mz_vcpu_state(struct mz_vcpu *vcpu, const struct mz_kvm *kvm, struct mz_state *state);

#endif
