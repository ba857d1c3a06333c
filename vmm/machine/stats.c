// SPDX-License-Identifier: MPL-2.0
/* A machine's numbers, from wherever they are counted. */
#include "vmm/machine/machine.h"

static void add_vcpu(struct mz_vm_stats *stats, const struct mz_runner *runner)
{
	struct mz_vcpu_stats *mine = &stats->vcpus[stats->vcpu_count++];

	*mine = runner->vcpu.stats;
	stats->all.guest_ns += mine->guest_ns;
	stats->all.out_ns += mine->out_ns;
	for (unsigned i = 0; i <= MZ_KVM_EXIT_MAX; i++)
		stats->all.exits[i] += mine->exits[i];
	stats->rom_writes += runner->counts.rom_writes;
	stats->unclaimed_ports += runner->counts.unclaimed_ports;
	mz_fault_counts_add(&stats->faults, &runner->counts.faults);
}

static void add_devices(struct mz_vm_stats *stats, struct mz_bus *bus)
{
	for (unsigned i = 0; i < bus->count; i++) {
		struct mz_device *device = &bus->devices[i];
		struct mz_device_stats *its = &stats->devices[stats->device_count++];

		*its = (struct mz_device_stats) {
			.bus = bus->name, .name = device->name, .base = device->base};
		/* A device may have its access wait for who reads the guest's output. */
		its->reads = __atomic_load_n(&device->reads, __ATOMIC_RELAXED);
		its->writes = __atomic_load_n(&device->writes, __ATOMIC_RELAXED);
	}
}

void mz_vm_stats(struct mz_vm *vm, struct mz_vm_stats *stats)
{
	*stats = (struct mz_vm_stats) {
		.backend = vm->backend,
		.format = vm->space.table.config.format,
		.space = mz_space_stats(&vm->space),
		.usage = mz_table_usage(&vm->space.table),
		.huge = mz_huge_text(vm->ram.huge),
		.huge_bytes = mz_ram_huge_bytes(&vm->ram),
		.resets = vm->mark.stats,
		.dirty_source = vm->dirty_source.begun ? mz_dirty_kind_text(vm->dirty_source.kind)
						       : NULL,
		.total_ns = mz_now_ns() - vm->tracer.start_ns,
	};
	for (unsigned i = 0; i < MZ_PAGER_THREADS_MAX; i++)
		mz_fault_counts_add(&stats->faults, &vm->faults[i]);
	for (unsigned i = 0; i < vm->vcpu_count; i++)
		add_vcpu(stats, &vm->vcpus[i]);
	add_devices(stats, &vm->ports);
	add_devices(stats, &vm->memory);
	while (stats->virtio_count < vm->virtio.count) {
		stats->virtio[stats->virtio_count] =
			mz_virtio_stats(vm->virtio.devices[stats->virtio_count]);
		stats->virtio_count++;
	}
}
