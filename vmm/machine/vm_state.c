// SPDX-License-Identifier: MPL-2.0
/* The state of a machine without its memory. */
#include "vmm/machine/vm_state.h"

#include "vmm/machine/kvm_state.h"
#include "vmm/machine/machine.h"
#include "vmm/machine/vcpu_state.h"

static void check_shape(const struct mz_vm *vm, struct mz_state *state)
{
	uint64_t bytes = vm->ram.bytes;
	uint32_t cpus = vm->vcpu_count;

	mz_state_part(state, "machine", 1);
	mz_state_u64(state, &bytes);
	mz_state_u32(state, &cpus);
	mz_state_check(state, bytes == vm->ram.bytes,
		       "the state is of a machine with more or less memory");
	mz_state_check(state, cpus == vm->vcpu_count,
		       "the state is of a machine with more or fewer processors");
}

static void devices_state(struct mz_devices *devices, struct mz_state *state)
{
	mz_serial_state(&devices->serial, state);
	mz_debug_exit_state(&devices->debug_exit, state);
	mz_test_device_state(&devices->test_device, state);
	mz_reset_state(&devices->reset, state);
	mz_acpi_pm_state(&devices->acpi_pm, state);
	mz_power_state(&devices->power, state);
	mz_rtc_state(&devices->rtc, state);
	mz_fw_cfg_state(&devices->fw_cfg, state);
	mz_pc_test_state(&devices->pc_test, state);
}

/* Interrupt controllers come first: a local APIC that is loaded looks at them. */
void mz_vm_state(struct mz_vm *vm, struct mz_state *state)
{
	check_shape(vm, state);
	mz_kvm_state(&vm->kvm, state);
	for (unsigned i = 0; i < vm->vcpu_count; i++)
		mz_vcpu_state(&vm->vcpus[i].vcpu, &vm->kvm, state);
	devices_state(&vm->devices, state);
	mz_virtio_set_state(&vm->virtio, state);
}
