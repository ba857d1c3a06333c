/* SPDX-License-Identifier: MPL-2.0 */
/* What of a virtual processor's state is nested virtualization. */
#ifndef MZ_VMM_NESTED_STATE_H
#define MZ_VMM_NESTED_STATE_H

#include "vmm/base/state.h"
#include "vmm/machine/vcpu.h"

/*
 * Takes the processor out of a guest of the guest's, and out of the mode that such guests are run
 * in: before system registers are loaded, which would otherwise be those of the one that it is in,
 * or be refused.
 */
void mz_nested_leave(const struct mz_vcpu *vcpu, const struct mz_kvm *kvm, struct mz_state *state);

/* Whether it is in that mode, and the guest's guest that it is inside of. */
void mz_nested_state(const struct mz_vcpu *vcpu, const struct mz_kvm *kvm, struct mz_state *state);

#endif
