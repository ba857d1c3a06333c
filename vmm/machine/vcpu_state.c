// SPDX-License-Identifier: MPL-2.0
/*
 * The state of a virtual processor. Source: "4. API description" of KVM's interface description,
 * for what there is, and which of it must be set before what else.
 */
#include "vmm/machine/vcpu_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm/machine/nested_state.h"

#define XSAVE_MAX 0x10000u /* bytes that a processor's extended state may have here */
#define MSRS_MAX  512u

static bool fail(struct mz_state *state, const char *what)
{
	char text[128];

	snprintf(text, sizeof(text), "KVM %s a vCPU's %s: %s",
		 state->loading ? "refuses" : "does not give", what, strerror(errno));
	return mz_state_fail(state, MZ_STATUS_HOST_FAILED, text);
}

/* A struct of KVM's that one request gets and another sets. */
struct piece {
	const char *name;
	unsigned long get, set;
	void *at;
	size_t bytes;
};

static void piece_state(const struct mz_vcpu *vcpu, const struct piece *piece,
			struct mz_state *state)
{
	if (!state->loading && ioctl(vcpu->fd, piece->get, piece->at)) {
		fail(state, piece->name);
		return;
	}
	mz_state_bytes(state, piece->at, piece->bytes);
	if (state->loading && !state->failed && ioctl(vcpu->fd, piece->set, piece->at))
		fail(state, piece->name);
}

/* A guest that knows the features of one processor can't go on with those of another. */
static void check_features(const struct mz_vcpu *vcpu, struct mz_state *state)
{
	uint32_t count = vcpu->cpuid->nent;
	char text[80];

	mz_state_u32(state, &count);
	mz_state_check(state, count == vcpu->cpuid->nent,
		       "the state is of a processor with other features");
	for (uint32_t i = 0; i < vcpu->cpuid->nent && !state->failed; i++) {
		struct kvm_cpuid_entry2 entry = vcpu->cpuid->entries[i];

		mz_state_bytes(state, &entry, sizeof(entry));
		snprintf(text, sizeof(text),
			 "the state is of a processor with other features: leaf 0x%x",
			 (unsigned)vcpu->cpuid->entries[i].function);
		mz_state_check(state, memcmp(&entry, &vcpu->cpuid->entries[i], sizeof(entry)) == 0,
			       text);
	}
}

static void clock_rate_state(const struct mz_vcpu *vcpu, struct mz_state *state)
{
	int khz = ioctl(vcpu->fd, KVM_GET_TSC_KHZ);
	uint32_t rate = khz > 0 ? (uint32_t)khz : 0;
	uint32_t here = rate;

	mz_state_u32(state, &rate);
	if (!state->failed && rate != here && ioctl(vcpu->fd, KVM_SET_TSC_KHZ, (unsigned long)rate))
		fail(state, "time-stamp counter's rate");
}

static void xsave_state(const struct mz_vcpu *vcpu, const struct mz_kvm *kvm,
			struct mz_state *state)
{
	int wide = ioctl(kvm->vm, KVM_CHECK_EXTENSION, KVM_CAP_XSAVE2);
	uint32_t here = wide > (int)sizeof(struct kvm_xsave) ? (uint32_t)wide
							     : (uint32_t)sizeof(struct kvm_xsave);
	uint32_t bytes = here;
	struct piece piece = {"extended state", wide > 0 ? KVM_GET_XSAVE2 : KVM_GET_XSAVE,
			      KVM_SET_XSAVE, NULL, here};

	mz_state_u32(state, &bytes);
	if (!mz_state_check(state, bytes == here && bytes <= XSAVE_MAX,
			    "the state is of a processor with more or less extended state"))
		return;
	piece.at = calloc(1, here);
	if (piece.at)
		piece_state(vcpu, &piece, state);
	else
		mz_state_fail(state, MZ_STATUS_HOST_FAILED, "no memory");
	free(piece.at);
}

static bool get_msr(const struct mz_vcpu *vcpu, struct kvm_msr_entry *entry, uint32_t index)
{
	_Alignas(struct kvm_msrs) unsigned char buffer[sizeof(struct kvm_msrs) + sizeof(*entry)] = {
		0};
	struct kvm_msrs *one = (struct kvm_msrs *)buffer;

	one->nmsrs = 1;
	one->entries[0].index = index;
	if (ioctl(vcpu->fd, KVM_GET_MSRS, one) != 1)
		return false;
	*entry = one->entries[0];
	return true;
}

/* Some that KVM names can't be had on this host; they are left out. */
static void get_msrs(const struct mz_vcpu *vcpu, const struct mz_kvm *kvm, struct kvm_msrs *msrs,
		     struct mz_state *state)
{
	struct kvm_msr_list *list = calloc(1, sizeof(*list) + MSRS_MAX * sizeof(list->indices[0]));

	if (!list) {
		mz_state_fail(state, MZ_STATUS_HOST_FAILED, "no memory");
		return;
	}
	list->nmsrs = MSRS_MAX;
	if (ioctl(kvm->fd, KVM_GET_MSR_INDEX_LIST, list))
		fail(state, "list of model-specific registers");
	else
		for (uint32_t i = 0; i < list->nmsrs; i++)
			msrs->nmsrs += get_msr(vcpu, &msrs->entries[msrs->nmsrs], list->indices[i]);
	free(list);
}

/* KVM stops at the first that it refuses. */
static void set_msrs(const struct mz_vcpu *vcpu, const struct kvm_msrs *msrs,
		     struct mz_state *state)
{
	int done = ioctl(vcpu->fd, KVM_SET_MSRS, msrs);
	char text[64];

	if (done < 0 || (uint32_t)done >= msrs->nmsrs)
		return;
	snprintf(text, sizeof(text), "KVM refuses model-specific register 0x%x",
		 msrs->entries[done].index);
	mz_state_fail(state, MZ_STATUS_HOST_FAILED, text);
}

static void msrs_state(const struct mz_vcpu *vcpu, const struct mz_kvm *kvm, struct mz_state *state)
{
	struct kvm_msrs *msrs = calloc(1, sizeof(*msrs) + MSRS_MAX * sizeof(msrs->entries[0]));
	uint32_t count;

	if (!msrs) {
		mz_state_fail(state, MZ_STATUS_HOST_FAILED, "no memory");
		return;
	}
	if (!state->loading)
		get_msrs(vcpu, kvm, msrs, state);
	count = msrs->nmsrs;
	mz_state_u32(state, &count);
	if (mz_state_check(state, count <= MSRS_MAX, "more registers than there are")) {
		msrs->nmsrs = count;
		mz_state_bytes(state, msrs->entries, count * sizeof(msrs->entries[0]));
		if (state->loading && !state->failed)
			set_msrs(vcpu, msrs, state);
	}
	free(msrs);
}

void mz_vcpu_state(struct mz_vcpu *vcpu, const struct mz_kvm *kvm, struct mz_state *state)
{
	struct kvm_mp_state mp_state;
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_xcrs xcrs;
	struct kvm_debugregs debug;
	struct kvm_lapic_state lapic;
	struct kvm_vcpu_events events;
	/* The order in which they can be set. */
	const struct piece first[] = {
		{"run state", KVM_GET_MP_STATE, KVM_SET_MP_STATE, &mp_state, sizeof(mp_state)},
		{"system registers", KVM_GET_SREGS, KVM_SET_SREGS, &sregs, sizeof(sregs)},
		{"registers", KVM_GET_REGS, KVM_SET_REGS, &regs, sizeof(regs)},
	};
	const struct piece second[] = {
		{"extended control registers", KVM_GET_XCRS, KVM_SET_XCRS, &xcrs, sizeof(xcrs)},
		{"debug registers", KVM_GET_DEBUGREGS, KVM_SET_DEBUGREGS, &debug, sizeof(debug)},
		{"local APIC", KVM_GET_LAPIC, KVM_SET_LAPIC, &lapic, sizeof(lapic)},
	};
	const struct piece last = {"pending events", KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS,
				   &events, sizeof(events)};

	mz_state_part(state, "vcpu", 3);
	check_features(vcpu, state);
	clock_rate_state(vcpu, state);
	if (state->loading)
		mz_nested_leave(vcpu, kvm, state);
	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		piece_state(vcpu, &first[i], state);
	xsave_state(vcpu, kvm, state);
	for (size_t i = 0; i < sizeof(second) / sizeof(second[0]); i++)
		piece_state(vcpu, &second[i], state);
	msrs_state(vcpu, kvm, state);
	/* With VMX on, KVM refuses registers that tell what it can do (vmx_set_vmx_msr()). */
	mz_nested_state(vcpu, kvm, state);
	piece_state(vcpu, &last, state);
}
