// SPDX-License-Identifier: MPL-2.0
/*
 * What the guest's exits mean. Source: "5. The kvm_run structure" of KVM's interface description.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vmm/machine/machine.h"
#include "vmm/memory/written.h"

__attribute__((format(printf, 3, 4))) static void end_as(const struct mz_runner *runner,
							 struct mz_outcome *outcome,
							 const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(outcome->text, sizeof(outcome->text), format, arguments);
	va_end(arguments);
	mz_vm_end(runner->vm, runner->vcpu.index, outcome);
}

/* end(runner, status, format, ...) */
#define end(runner, how, ...) end_as(runner, &(struct mz_outcome) {.status = (how)}, __VA_ARGS__)

static void end_unhandled(const struct mz_runner *runner, const char *access, uint64_t gpa,
			  const char *why)
{
	struct mz_outcome outcome = {.status = MZ_STATUS_UNHANDLED, .gpa = gpa};

	end_as(runner, &outcome, "the guest %s guest-physical 0x%" PRIx64 ", where %s", access, gpa,
	       why);
}

static void end_exited(const struct mz_runner *runner, uint32_t value)
{
	struct mz_outcome outcome = {
		.status = value < MZ_STATUS_GUEST_MAX ? (enum mz_status)value : MZ_STATUS_GUEST_MAX,
		.exited = true,
		.guest_status = value,
	};

	end_as(runner, &outcome, "the guest exited with status %" PRIu32, value);
}

static void end_powered(const struct mz_runner *runner, enum mz_power_request request)
{
	if (request == MZ_POWER_OFF)
		end(runner, MZ_STATUS_OK, "the guest powered off");
	else if (request == MZ_POWER_RESET)
		end(runner, MZ_STATUS_RESET, "the guest reset its machine");
	else
		end(runner, MZ_STATUS_PANIC, "the guest's kernel panicked");
}

static void trace_access(struct mz_vm *vm, enum mz_trace_kind kind, uint64_t address,
			 const void *data, unsigned bytes, bool write,
			 const struct mz_device *device)
{
	struct mz_event event = {
		.kind = kind,
		.address = address,
		.write = write,
		.bytes = bytes,
		.device = device ? device->name : NULL,
	};

	memcpy(&event.data, data, bytes);
	mz_trace(&vm->tracer, &event);
}

/*
 * One access to a device, NULL for none; `data` is little-endian, as the guest's memory and this
 * host's are.
 */
static void access_device(struct mz_device *device, uint64_t address, void *data, unsigned bytes,
			  bool write)
{
	uint64_t value = 0;

	if (write) {
		memcpy(&value, data, bytes);
		mz_device_write(device, address, value, bytes);
	} else {
		value = mz_device_read(device, address, bytes);
		memcpy(data, &value, bytes);
	}
}

static void access_port(struct mz_runner *runner, uint64_t port, void *data, unsigned bytes,
			bool write)
{
	struct mz_vm *vm = runner->vm;
	struct mz_device *device = mz_bus_find(&vm->ports, port, bytes);

	if (!device)
		runner->counts.unclaimed_ports++;
	access_device(device, port, data, bytes, write);
	if (mz_trace_wants(&vm->tracer, MZ_TRACE_IO, port, bytes))
		trace_access(vm, MZ_TRACE_IO, port, data, bytes, write, device);
}

static void access_registers(struct mz_vm *vm, struct kvm_run *run)
{
	uint64_t gpa = run->mmio.phys_addr;
	struct mz_device *device = mz_bus_find(&vm->memory, gpa, run->mmio.len);

	access_device(device, gpa, run->mmio.data, run->mmio.len, run->mmio.is_write);
	if (mz_trace_wants(&vm->tracer, MZ_TRACE_MMIO, gpa, run->mmio.len))
		trace_access(vm, MZ_TRACE_MMIO, gpa, run->mmio.data, run->mmio.len,
			     run->mmio.is_write, device);
}

static bool exit_asked(const struct mz_vm *vm)
{
	return __atomic_load_n(&vm->devices.debug_exit.requested, __ATOMIC_ACQUIRE);
}

/* Did the guest ask for its end? */
static bool end_asked(const struct mz_runner *runner)
{
	const struct mz_vm *vm = runner->vm;
	enum mz_power_request request = mz_power_asked(&vm->devices.power);

	if (exit_asked(vm))
		end_exited(runner, vm->devices.debug_exit.value);
	else if (request)
		end_powered(runner, request);
	else
		return false;
	return true;
}

/* A string instruction comes as one exit for many accesses to the same port. */
static void serve_port(struct mz_runner *runner)
{
	struct kvm_run *run = runner->vcpu.run;
	unsigned char *data = (unsigned char *)run + run->io.data_offset;
	struct mz_vm *vm = runner->vm;

	for (uint32_t i = 0; i < run->io.count && !exit_asked(vm); i++)
		access_port(runner, run->io.port, data + (size_t)i * run->io.size, run->io.size,
			    run->io.direction == KVM_EXIT_IO_OUT);
	if (!end_asked(runner) && mz_console_failed(&vm->console))
		end(runner, MZ_STATUS_HOST_FAILED, "standard output is gone");
}

/*
 * KVM asks us to do an access that reaches memory: to bytes that the table maps, as the answer
 * says.
 */
static void access_memory(struct mz_vm *vm, const struct mz_fault *fault, struct kvm_run *run)
{
	uint64_t offset = fault->item.oa.addr + (run->mmio.phys_addr - fault->ia.addr);

	if (!mz_ram_bring(&vm->ram, offset, run->mmio.len))
		return;
	if (!mz_ram_access(&vm->ram, offset, run->mmio.data, run->mmio.len, run->mmio.is_write))
		mz_vm_fail_entry(vm, EFAULT);
	else if (run->mmio.is_write)
		mz_tell_written(&vm->space, run->mmio.phys_addr, run->mmio.len);
}

static void end_exhausted(struct mz_vm *vm)
{
	struct mz_failure failure;

	mz_fail(&failure, MZ_STATUS_HOST_FAILED, "no memory for the second-stage table");
	mz_vm_fail(vm, &failure);
}

static void serve_denied(struct mz_runner *runner, const struct mz_event *event)
{
	if (event->fault.cause == MZ_DENIAL_READ_ONLY)
		runner->counts.rom_writes++;
	else
		end_unhandled(runner, event->write ? "wrote to" : "read from", event->address,
			      event->fault.cause == MZ_DENIAL_PERMISSION
				      ? "memory is shared read-only"
				      : "nothing is");
}

/* Asks the space about what KVM gave up. */
static struct mz_event ask(struct mz_runner *runner, uint64_t gpa, bool write)
{
	struct mz_event event = {
		.kind = MZ_TRACE_FAULTS,
		.address = gpa,
		.write = write,
		.source = MZ_FAULT_EXIT,
	};
	struct mz_fault_record record = mz_fault_record_of(mz_ia_from(gpa),
							   write ? MZ_WRITE : MZ_READ);

	event.answer = mz_space_fault(&runner->worker, &record, &event.fault);
	mz_count_fault(&runner->counts.faults, &event);
	mz_trace(&runner->vm->tracer, &event);
	return event;
}

static void serve_memory(struct mz_runner *runner)
{
	struct kvm_run *run = runner->vcpu.run;
	struct mz_vm *vm = runner->vm;
	uint64_t begun = mz_record_begin(vm->looks.recorder);
	struct mz_event event = ask(runner, run->mmio.phys_addr, run->mmio.is_write);

	switch (event.answer) {
	case MZ_MMIO:
		access_registers(vm, run);
		end_asked(runner);
		break;
	case MZ_RESOLVED:
	case MZ_RETRY:
		access_memory(vm, &event.fault, run);
		break;
	case MZ_DENIED:
		serve_denied(runner, &event);
		break;
	default:
		end_exhausted(vm);
	}
	mz_record_fault(vm->looks.recorder, &event, begun);
}

static void end_out_of_reach(struct mz_vm *vm, uint64_t gpa)
{
	struct mz_failure failure;

	if (mz_ram_shrunk(&vm->ram)) {
		mz_vm_fail_entry(vm, EFAULT);
		return;
	}
	mz_fail(&failure, MZ_STATUS_HOST_FAILED,
		"KVM cannot reach the memory behind guest-physical 0x%" PRIx64, gpa);
	mz_vm_fail(vm, &failure);
}

/*
 * The table may have lacked the leaf, or another vCPU's fault has just brought it: that is tried
 * once. What KVM does not tell, such as whether it was a write, is taken for the least.
 */
static void serve_memory_fault(struct mz_runner *runner, uint64_t before)
{
	struct mz_vm *vm = runner->vm;
	uint64_t begun = mz_record_begin(vm->looks.recorder);
	struct mz_kvm_memory_fault what;
	struct mz_event event;

	memcpy(&what, runner->vcpu.run->padding, sizeof(what));
	event = ask(runner, what.gpa, false);
	switch (event.answer) {
	case MZ_RESOLVED:
	case MZ_RETRY:
		runner->out_of_reach = what.gpa + 1;
		if (before == runner->out_of_reach)
			end_out_of_reach(vm, what.gpa);
		break;
	case MZ_MMIO:
	case MZ_DENIED:
		end_unhandled(runner, "touched", what.gpa, "no memory is");
		break;
	default:
		end_exhausted(vm);
	}
	mz_record_fault(vm->looks.recorder, &event, begun);
}

static void serve_full_ring(struct mz_vm *vm)
{
	struct mz_failure failure;

	if (mz_dirty_source_tell(&vm->dirty_source, &failure))
		mz_vm_fail(vm, &failure);
}

/* KVM can't emulate what it can't fetch: a jump to where no memory is ends here too. */
static bool runs_nowhere(const struct mz_runner *runner, uint64_t *gpa)
{
	const struct mz_vm *vm = runner->vm;
	struct mz_guest_paging paging;
	struct mz_region region;
	struct kvm_sregs sregs;
	struct kvm_regs regs;

	if (mz_vcpu_registers(&runner->vcpu, &regs, &sregs))
		return false;
	paging = mz_vcpu_paging(&sregs);
	if (!mz_guest_translate(&vm->ram, &paging, sregs.cs.base + regs.rip, gpa))
		return false;
	return !mz_space_find(&vm->space, mz_ia_from(*gpa), &region) ||
		region.kind == MZ_REGION_MMIO;
}

static void serve_internal_error(struct mz_runner *runner)
{
	uint32_t suberror = runner->vcpu.run->internal.suberror;
	uint64_t gpa;

	switch (suberror) {
	case KVM_INTERNAL_ERROR_EMULATION:
		if (mz_debug_stumbled(runner))
			break;
		if (runs_nowhere(runner, &gpa))
			end_unhandled(runner, "jumped to", gpa, "no memory is");
		else
			end(runner, MZ_STATUS_CRASH,
			    "the guest crashed: an instruction that KVM cannot emulate");
		break;
	case KVM_INTERNAL_ERROR_SIMUL_EX:
		end(runner, MZ_STATUS_CRASH,
		    "the guest crashed: two exceptions at once that KVM cannot combine");
		break;
	case KVM_INTERNAL_ERROR_DELIVERY_EV:
		end(runner, MZ_STATUS_CRASH,
		    "the guest crashed: an exception that KVM could not deliver");
		break;
	default:
		end(runner, MZ_STATUS_CRASH, "the guest crashed: internal error %" PRIu32 " of KVM",
		    suberror);
	}
}

void mz_vm_serve_exit(struct mz_runner *runner)
{
	const struct kvm_run *run = runner->vcpu.run;
	uint64_t out_of_reach = runner->out_of_reach;
	const char *reason;

	runner->out_of_reach = 0;
	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		serve_port(runner);
		break;
	case KVM_EXIT_MMIO:
		serve_memory(runner);
		break;
	case KVM_EXIT_INTR:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		break;
	case KVM_EXIT_MEMORY_FAULT:
		serve_memory_fault(runner, out_of_reach);
		break;
	case KVM_EXIT_DIRTY_RING_FULL:
		serve_full_ring(runner->vm);
		break;
	case KVM_EXIT_DEBUG:
		mz_debug_hit(runner, &run->debug.arch);
		break;
	case KVM_EXIT_SHUTDOWN:
		end(runner, MZ_STATUS_CRASH, "the guest crashed: triple fault");
		break;
	case KVM_EXIT_FAIL_ENTRY:
		end(runner, MZ_STATUS_CRASH,
		    "the guest crashed: the processor refused its state, reason 0x%llx",
		    (unsigned long long)run->fail_entry.hardware_entry_failure_reason);
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		serve_internal_error(runner);
		break;
	default:
		reason = mz_kvm_exit_text(run->exit_reason);
		end(runner, MZ_STATUS_CRASH,
		    "the guest crashed: unexpected exit %" PRIu32 " from KVM (%s)",
		    run->exit_reason, reason ? reason : "unknown");
	}
}
