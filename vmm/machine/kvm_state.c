// SPDX-License-Identifier: MPL-2.0
/* The state of what KVM keeps for a whole machine. */
#include "vmm/machine/kvm_state.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

static void fail(struct mz_state *state, const char *what)
{
	char text[96];

	snprintf(text, sizeof(text), "KVM %s the state of the %s: %s",
		 state->loading ? "refuses" : "does not give", what, strerror(errno));
	mz_state_fail(state, MZ_STATUS_HOST_FAILED, text);
}

static void chip_state(const struct mz_kvm *kvm, uint32_t id, const char *name,
		       struct mz_state *state)
{
	struct kvm_irqchip chip = {.chip_id = id};

	if (!state->loading && ioctl(kvm->vm, KVM_GET_IRQCHIP, &chip))
		fail(state, name);
	mz_state_bytes(state, &chip.chip, sizeof(chip.chip));
	if (state->loading && !state->failed && ioctl(kvm->vm, KVM_SET_IRQCHIP, &chip))
		fail(state, name);
}

static void timer_state(const struct mz_kvm *kvm, struct mz_state *state)
{
	struct kvm_pit_state2 timer = {0};

	if (!state->loading && ioctl(kvm->vm, KVM_GET_PIT2, &timer))
		fail(state, "interval timer");
	mz_state_bytes(state, &timer, sizeof(timer));
	if (state->loading && !state->failed && ioctl(kvm->vm, KVM_SET_PIT2, &timer))
		fail(state, "interval timer");
}

static void clock_state(const struct mz_kvm *kvm, struct mz_state *state)
{
	struct kvm_clock_data clock = {0};
	uint64_t ns;

	if (!state->loading && ioctl(kvm->vm, KVM_GET_CLOCK, &clock))
		fail(state, "clock");
	ns = clock.clock;
	mz_state_u64(state, &ns);
	clock = (struct kvm_clock_data) {.clock = ns};
	if (state->loading && !state->failed && ioctl(kvm->vm, KVM_SET_CLOCK, &clock))
		fail(state, "clock");
}

void mz_kvm_state(struct mz_kvm *kvm, struct mz_state *state)
{
	mz_state_part(state, "kvm", 1);
	chip_state(kvm, KVM_IRQCHIP_PIC_MASTER, "first PIC", state);
	chip_state(kvm, KVM_IRQCHIP_PIC_SLAVE, "second PIC", state);
	chip_state(kvm, KVM_IRQCHIP_IOAPIC, "I/O APIC", state);
	timer_state(kvm, state);
	clock_state(kvm, state);
}
