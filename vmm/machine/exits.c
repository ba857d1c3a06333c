// SPDX-License-Identifier: MPL-2.0
/*
 * What the guest's exits mean. Source: "5. The kvm_run structure" of KVM's interface description.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vmm/machine/machine.h"

__attribute__((format(printf, 3, 4))) static bool end(struct mz_vm *vm, enum mz_status status,
						      const char *format, ...)
{
	va_list arguments;

	vm->outcome.status = status;
	va_start(arguments, format);
	vsnprintf(vm->outcome.text, sizeof(vm->outcome.text), format, arguments);
	va_end(arguments);
	return false;
}

static bool end_unhandled(struct mz_vm *vm, const char *access, uint64_t gpa, const char *why)
{
	vm->outcome.gpa = gpa;
	return end(vm, MZ_STATUS_UNHANDLED, "the guest %s guest-physical 0x%" PRIx64 ", where %s",
		   access, gpa, why);
}

static bool end_exited(struct mz_vm *vm, uint32_t value)
{
	vm->outcome.exited = true;
	vm->outcome.guest_status = value;
	return end(vm, value < MZ_STATUS_GUEST_MAX ? (enum mz_status)value : MZ_STATUS_GUEST_MAX,
		   "the guest exited with status %" PRIu32, value);
}

/*
 * One access to a device on a bus; `data` is little-endian, as the guest's memory and this host's
 * are.
 */
static void access_device(struct mz_vm *vm, struct mz_bus *bus, uint64_t address, void *data,
			  unsigned bytes, bool write)
{
	const struct mz_device *device = mz_bus_find(bus, address, bytes);
	struct mz_event event = {
		.kind = bus == &vm->ports ? MZ_TRACE_IO : MZ_TRACE_MMIO,
		.address = address,
		.write = write,
		.bytes = bytes,
		.device = device ? device->name : NULL,
	};

	if (write) {
		memcpy(&event.data, data, bytes);
		mz_bus_write(bus, address, event.data, bytes);
	} else {
		event.data = mz_bus_read(bus, address, bytes);
		memcpy(data, &event.data, bytes);
	}
	mz_trace(&vm->tracer, &event);
}

/* A string instruction comes as one exit for many accesses to the same port. */
static bool serve_port(struct mz_vm *vm)
{
	struct kvm_run *run = vm->vcpu.run;
	unsigned char *data = (unsigned char *)run + run->io.data_offset;

	for (uint32_t i = 0; i < run->io.count && !vm->debug_exit.requested; i++)
		access_device(vm, &vm->ports, run->io.port, data + (size_t)i * run->io.size,
			      run->io.size, run->io.direction == KVM_EXIT_IO_OUT);
	if (vm->debug_exit.requested)
		return end_exited(vm, vm->debug_exit.value);
	if (vm->console.out_error)
		return end(vm, MZ_STATUS_HOST_FAILED, "standard output is gone");
	return true;
}

/*
 * KVM asks us to do an access that reaches memory: to bytes that the table maps, as the answer
 * says.
 */
static void access_memory(struct mz_vm *vm, const struct mz_fault *fault, struct kvm_run *run)
{
	unsigned char *at = vm->ram.alias + fault->item.oa.addr +
		(run->mmio.phys_addr - fault->ia.addr);

	if (run->mmio.is_write)
		memcpy(at, run->mmio.data, run->mmio.len);
	else
		memcpy(run->mmio.data, at, run->mmio.len);
}

static bool end_exhausted(struct mz_vm *vm)
{
	struct mz_failure failure;

	mz_fail(&failure, MZ_STATUS_HOST_FAILED, "no memory for the second-stage table");
	mz_vm_fail(vm, &failure);
	return false;
}

static bool serve_memory(struct mz_vm *vm)
{
	struct kvm_run *run = vm->vcpu.run;
	struct mz_event event = {
		.kind = MZ_TRACE_FAULTS,
		.address = run->mmio.phys_addr,
		.write = run->mmio.is_write,
		.source = MZ_FAULT_EXIT,
	};
	struct mz_fault_record record;

	record = mz_fault_record_of(mz_ia_from(event.address), event.write ? MZ_WRITE : MZ_READ);
	event.answer = mz_space_fault(&vm->worker, &record, &event.fault);
	mz_count_fault(&vm->faults, &event);
	mz_trace(&vm->tracer, &event);
	switch (event.answer) {
	case MZ_MMIO:
		access_device(vm, &vm->memory, event.address, run->mmio.data, run->mmio.len,
			      event.write);
		return true;
	case MZ_RESOLVED:
	case MZ_RETRY:
		access_memory(vm, &event.fault, run);
		return true;
	case MZ_DENIED:
		if (event.fault.cause == MZ_DENIAL_READ_ONLY) {
			vm->rom_writes++;
			return true;
		}
		return end_unhandled(vm, event.write ? "wrote to" : "read from", event.address,
				     "nothing is");
	default:
		return end_exhausted(vm);
	}
}

/* KVM can't emulate what it can't fetch: a jump to where no memory is ends here too. */
static bool runs_nowhere(struct mz_vm *vm, uint64_t *gpa)
{
	struct mz_guest_paging paging;
	struct mz_region region;
	struct kvm_sregs sregs;
	struct kvm_regs regs;

	if (mz_vcpu_registers(&vm->vcpu, &regs, &sregs))
		return false;
	paging = mz_vcpu_paging(&sregs);
	if (!mz_guest_translate(&vm->ram, &paging, sregs.cs.base + regs.rip, gpa))
		return false;
	return !mz_space_find(&vm->space, mz_ia_from(*gpa), &region) ||
		region.kind == MZ_REGION_MMIO;
}

static bool serve_internal_error(struct mz_vm *vm)
{
	uint32_t suberror = vm->vcpu.run->internal.suberror;
	uint64_t gpa;

	switch (suberror) {
	case KVM_INTERNAL_ERROR_EMULATION:
		if (runs_nowhere(vm, &gpa))
			return end_unhandled(vm, "jumped to", gpa, "no memory is");
		return end(vm, MZ_STATUS_CRASH,
			   "the guest crashed: an instruction that KVM cannot emulate");
	case KVM_INTERNAL_ERROR_SIMUL_EX:
		return end(vm, MZ_STATUS_CRASH,
			   "the guest crashed: two exceptions at once that KVM cannot combine");
	case KVM_INTERNAL_ERROR_DELIVERY_EV:
		return end(vm, MZ_STATUS_CRASH,
			   "the guest crashed: an exception that KVM could not deliver");
	default:
		return end(vm, MZ_STATUS_CRASH,
			   "the guest crashed: internal error %" PRIu32 " of KVM", suberror);
	}
}

bool mz_vm_serve_exit(struct mz_vm *vm)
{
	const struct kvm_run *run = vm->vcpu.run;
	const char *reason;

	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		return serve_port(vm);
	case KVM_EXIT_MMIO:
		return serve_memory(vm);
	case KVM_EXIT_INTR:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		return true;
	case KVM_EXIT_HLT:
		return end(vm, MZ_STATUS_HALTED,
			   "the guest halted, and nothing is there that could wake it");
	case KVM_EXIT_SHUTDOWN:
		return end(vm, MZ_STATUS_CRASH, "the guest crashed: triple fault");
	case KVM_EXIT_FAIL_ENTRY:
		return end(vm, MZ_STATUS_CRASH,
			   "the guest crashed: the processor refused its state, reason 0x%llx",
			   (unsigned long long)run->fail_entry.hardware_entry_failure_reason);
	case KVM_EXIT_INTERNAL_ERROR:
		return serve_internal_error(vm);
	default:
		reason = mz_kvm_exit_text(run->exit_reason);
		return end(vm, MZ_STATUS_CRASH,
			   "the guest crashed: unexpected exit %" PRIu32 " from KVM (%s)",
			   run->exit_reason, reason ? reason : "unknown");
	}
}
