// SPDX-License-Identifier: MPL-2.0
/*
 * Nested virtualization as state. Source: "KVM_GET_NESTED_STATE" and "KVM_SET_NESTED_STATE" of
 * KVM's interface description.
 */
#include "vmm/machine/nested_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define BYTES_MAX 0x10000u /* that it may have here */

/* Of a processor that is not inside of a guest of its own. */
#define HEADER_BYTES ((uint32_t)sizeof(struct kvm_nested_state))

static void fail(struct mz_state *state, const char *what)
{
	char text[128];

	snprintf(text, sizeof(text), "KVM %s a vCPU's nested virtualization: %s", what,
		 strerror(errno));
	mz_state_fail(state, MZ_STATUS_HOST_FAILED, text);
}

/* NULL: there is no memory. */
static struct kvm_nested_state *make(uint32_t bytes, struct mz_state *state)
{
	struct kvm_nested_state *nested = calloc(1, bytes);

	if (nested)
		nested->size = bytes;
	else
		mz_state_fail(state, MZ_STATUS_HOST_FAILED, "no memory");
	return nested;
}

/*
 * As large as it is; `size` is 0 where KVM has no such state. NULL: it has failed. There must be
 * room for all that there can be, whatever `size` says: KVM does not look at it before it writes
 * what an AMD processor has (svm_get_nested_state()).
 */
static struct kvm_nested_state *get(const struct mz_vcpu *vcpu, const struct mz_kvm *kvm,
				    struct mz_state *state)
{
	int room = ioctl(kvm->vm, KVM_CHECK_EXTENSION, KVM_CAP_NESTED_STATE);
	struct kvm_nested_state *nested =
		make(room > (int)HEADER_BYTES ? (uint32_t)room : HEADER_BYTES, state);

	if (nested && room <= 0) {
		nested->size = 0;
	} else if (nested && ioctl(vcpu->fd, KVM_GET_NESTED_STATE, nested)) {
		fail(state, "does not give");
		free(nested);
		return NULL;
	}
	return nested;
}

static bool is_used(const struct kvm_nested_state *nested)
{
	if (nested->size == 0)
		return false;
	return nested->format == KVM_STATE_NESTED_FORMAT_SVM
		? nested->flags != KVM_STATE_NESTED_GIF_SET
		: nested->hdr.vmx.vmxon_pa != UINT64_MAX;
}

static void clear(struct kvm_nested_state *nested)
{
	uint16_t format = nested->format;

	memset(nested, 0, HEADER_BYTES);
	nested->format = format;
	nested->size = HEADER_BYTES;
	if (format == KVM_STATE_NESTED_FORMAT_SVM) {
		nested->flags = KVM_STATE_NESTED_GIF_SET;
	} else {
		nested->hdr.vmx.vmxon_pa = UINT64_MAX;
		nested->hdr.vmx.vmcs12_pa = UINT64_MAX;
	}
}

/*
 * When a processor leaves a guest of its own, KVM notes that the guest's segments are still to be
 * copied to its VMCS (nested_vmx_vmexit()). When it is told to forget the VMCS, it keeps the note
 * (free_nested()), and the copy would spoil the VMCS that is loaded next. So the processor is taken
 * outside first, and asked for its state: that makes the copy.
 */
static bool step_outside(const struct mz_vcpu *vcpu, struct kvm_nested_state *nested)
{
	nested->flags = 0;
	return !ioctl(vcpu->fd, KVM_SET_NESTED_STATE, nested) &&
		!ioctl(vcpu->fd, KVM_GET_NESTED_STATE, nested);
}

static bool is_inside_by_vmx(const struct kvm_nested_state *nested)
{
	return nested->format == KVM_STATE_NESTED_FORMAT_VMX &&
		(nested->flags & KVM_STATE_NESTED_GUEST_MODE);
}

void mz_nested_leave(const struct mz_vcpu *vcpu, const struct mz_kvm *kvm, struct mz_state *state)
{
	struct kvm_nested_state *nested = get(vcpu, kvm, state);

	if (nested && is_used(nested)) {
		bool done = !is_inside_by_vmx(nested) || step_outside(vcpu, nested);

		clear(nested);
		if (!done || ioctl(vcpu->fd, KVM_SET_NESTED_STATE, nested))
			fail(state, "does not end");
	}
	free(nested);
}

static void save(const struct mz_vcpu *vcpu, const struct mz_kvm *kvm, struct mz_state *state)
{
	struct kvm_nested_state *nested = get(vcpu, kvm, state);

	if (!nested)
		return;
	mz_state_u32(state, &nested->size);
	mz_state_bytes(state, nested, nested->size);
	free(nested);
}

/* What is not used is what mz_nested_leave() has left. */
static void load(const struct mz_vcpu *vcpu, struct mz_state *state)
{
	struct kvm_nested_state *nested;
	uint32_t bytes = 0;

	mz_state_u32(state, &bytes);
	if (bytes == 0 ||
	    !mz_state_check(state, bytes >= HEADER_BYTES && bytes <= BYTES_MAX,
			    "nested state of a size that there is not"))
		return;
	nested = make(bytes, state);
	if (!nested)
		return;
	mz_state_bytes(state, nested, bytes);
	if (mz_state_check(state, nested->size == bytes, "nested state of another size") &&
	    is_used(nested) && ioctl(vcpu->fd, KVM_SET_NESTED_STATE, nested))
		fail(state, "refuses");
	free(nested);
}

void mz_nested_state(const struct mz_vcpu *vcpu, const struct mz_kvm *kvm, struct mz_state *state)
{
	if (state->loading)
		load(vcpu, state);
	else
		save(vcpu, kvm, state);
}
