// SPDX-License-Identifier: MPL-2.0
/* Making and loading a machine. */
#include "vmm/machine/vm.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "arch/x86/ept.h"
#include "ept/change.h"
#include "ept/dirty.h"
#include "vmm/machine/cpuid.h"
#include "vmm/machine/machine.h"
#include "vmm/machine/virtio.h"
#include "vmm/memory/uffd.h"

/*
 * 2 MiB. One touch brings in this much at most: larger leaves would stop the guest for too long.
 * Nor are huge pages any larger.
 */
#define HUGE_LEAF_LEVEL 2

/* Room for a table that maps everything by pages, twice over. Only what is used takes memory. */
static uint64_t arena_bytes(const struct mz_ram *ram)
{
	uint64_t unit = 16 * MZ_RAM_PAGE;

	return (ram->window_bytes / 256 / unit + 128) * unit;
}

static int fail_space(struct mz_failure *failure, const char *what, enum mz_error error)
{
	return mz_fail(failure, MZ_STATUS_HOST_FAILED, "%s: %s", what, mz_error_text(error));
}

static enum mz_error add_bank(struct mz_vm *vm, const struct mz_bank *bank,
			      enum mz_region_kind kind)
{
	struct mz_region region = {
		.ia = mz_ia_from(bank->gpa),
		.bytes = bank->bytes,
		.oa = mz_oa_from(bank->offset),
		.kind = kind,
		.leaf_level_max = vm->pager.uffd >= 0 || vm->ram.huge ? HUGE_LEAF_LEVEL : 0,
	};

	return mz_space_add(&vm->space, &region);
}

/*
 * Mapped from the start: the kernel reports no touches of files. What is read-only is so by its
 * permission, for a write is the guest's mistake there, and no habit as with ROM.
 */
static enum mz_error add_share(struct mz_vm *vm, const struct mz_share *share)
{
	struct mz_region region = {
		.ia = mz_ia_from(share->bank.gpa),
		.bytes = share->bank.bytes,
		.oa = mz_oa_from(share->bank.offset),
		.kind = MZ_REGION_SHARED,
		.prop = mz_prop_from(share->read_only ? MZ_READ | MZ_EXEC : 0),
		.leaf_level_max = HUGE_LEAF_LEVEL,
		.populate = true,
	};

	return mz_space_add(&vm->space, &region);
}

static enum mz_error add_regions(struct mz_vm *vm)
{
	enum mz_error error = MZ_OK;

	for (unsigned i = 0; i < vm->ram.share_count && !error; i++)
		error = add_share(vm, &vm->ram.shares[i]);

	for (unsigned i = 0; i < vm->ram.bank_count && !error; i++)
		error = add_bank(vm, &vm->ram.banks[i], MZ_REGION_RAM);
	return error ? error : add_bank(vm, &vm->ram.rom, MZ_REGION_ROM);
}

static int make_space(struct mz_vm *vm, struct mz_failure *failure)
{
	struct mz_config config = {.format = &mz_ept};
	enum mz_error error = mz_arena_init(&vm->arena, arena_bytes(&vm->ram), mz_ept.page_lg2);

	if (error)
		return fail_space(failure, "no memory for the second-stage table", error);
	config.memory = vm->arena.memory;
	if (mz_vm_open_to_changes(vm, &config, failure))
		return -1;
	error = mz_space_init(&vm->space, &config, NULL, vm->regions, MZ_REGION_MAX);
	if (error)
		return fail_space(failure, "cannot make the second-stage table", error);
	/* Now is no fault under way. */
	if (mz_vm_may_watch_writes(vm))
		mz_space_log_writes(&vm->space);
	mz_worker_begin(&vm->worker, &vm->space);
	error = add_regions(vm);
	return error ? fail_space(failure, "cannot lay out the guest's memory", error) : 0;
}

static int fail_protecting(struct mz_failure *failure)
{
	return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
		       "write-protect events come by userfaultfd, which plain guest memory does "
		       "without");
}

/* Opens userfaultfd if it is wanted; without it, `pager.uffd` stays -1. */
static int choose_backend(struct mz_vm *vm, struct mz_failure *failure)
{
	bool protects = vm->config.dirty_source == MZ_DIRTY_WP;
	struct mz_uffd_access access;
	char why[256];

	vm->backend = "plain";
	if (vm->config.backend == MZ_BACKEND_PLAIN)
		return protects ? fail_protecting(failure) : 0;
	vm->pager.uffd = mz_uffd_open(&access, vm->ram.huge, protects);
	if (vm->pager.uffd >= 0) {
		vm->backend = "uffd";
		return 0;
	}
	mz_uffd_explain(&access, why, sizeof(why));
	if (vm->config.backend == MZ_BACKEND_UFFD || protects)
		return mz_fail(failure, MZ_STATUS_HOST_LACKS, "%s", why);
	snprintf(vm->note, sizeof(vm->note), "guest memory is populated up front: %s", why);
	return 0;
}

static int let_memory_in(struct mz_vm *vm, struct mz_failure *failure)
{
	enum mz_error error;

	if (vm->pager.uffd < 0) {
		error = mz_space_populate(&vm->worker, mz_ia_from(0), UINT64_MAX);
		return error ? fail_space(failure, "cannot populate the table", error) : 0;
	}
	return mz_pager_start(&vm->pager, failure);
}

/*
 * What comes in from now on is not the guest's, and no vCPU may see it. Older kernels do not let
 * one go that waits for memory; but it has been kicked, and does not run on when it has that.
 */
static void pager_failed(void *context, const struct mz_failure *failure)
{
	mz_vm_fail(context, failure);
	mz_vm_expel(context);
}

/* Everything that mz_vm_destroy() looks at gets a value that it can tell from a live one. */
static void start_empty(struct mz_vm *vm, const struct mz_vm_config *config)
{
	vm->config = *config;
	if (vm->config.cpus == 0)
		vm->config.cpus = 1;
	vm->tracer = (struct mz_tracer) {
		.context = config->context,
		.event = config->event,
		.start_ns = mz_now_ns(),
	};
	if (config->event)
		vm->tracer.filter = config->trace;
	vm->pager = (struct mz_pager) {
		.uffd = -1,
		.quit = -1,
		.thread_count = config->pager_threads,
		.ram = &vm->ram,
		.space = &vm->space,
		.tracer = &vm->tracer,
		.counts = vm->faults,
		.context = vm,
		.failed = pager_failed,
	};
	vm->looks.quit = vm->looks.pagemap = -1;
	vm->ram.fd = vm->ram.pagemap = vm->kvm.fd = vm->kvm.vm = vm->devices.serial_irq.fd = -1;
	for (unsigned i = 0; i < MZ_VIRTIO_DEVICES; i++)
		vm->virtio_irqs[i].fd = -1;
	vm->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	vm->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&vm->calls.mutex, NULL);
	pthread_mutex_init(&vm->end_mutex, NULL);
	pthread_mutex_init(&vm->origin.mutex, NULL);
	mz_pause_init(&vm->pause);
	mz_debug_prepare(&vm->debug, vm);
}

static int check_cpus(const struct mz_vm *vm, struct mz_failure *failure)
{
	int most = ioctl(vm->kvm.fd, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS);

	if (most > 0 && vm->config.cpus > (unsigned)most)
		return mz_fail(failure, MZ_STATUS_HOST_LACKS,
			       "%u virtual processors are more than the %d that KVM can make here",
			       vm->config.cpus, most);
	return 0;
}

static int make_vcpus(struct mz_vm *vm, struct mz_failure *failure)
{
	if (check_cpus(vm, failure))
		return -1;
	vm->vcpus = aligned_alloc(_Alignof(struct mz_runner),
				  vm->config.cpus * sizeof(vm->vcpus[0]));
	if (!vm->vcpus)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "no memory for vCPUs");
	memset(vm->vcpus, 0, vm->config.cpus * sizeof(vm->vcpus[0]));
	while (vm->vcpu_count < vm->config.cpus) {
		struct mz_runner *runner = &vm->vcpus[vm->vcpu_count];

		if (mz_vcpu_init(&runner->vcpu, &vm->kvm, vm->vcpu_count, vm->config.cpus, failure))
			return -1;
		runner->vm = vm;
		mz_worker_begin(&runner->worker, &vm->space);
		vm->vcpu_count++;
	}
	return 0;
}

static void destroy_vcpus(struct mz_vm *vm)
{
	for (unsigned i = 0; i < vm->vcpu_count; i++) {
		mz_worker_end(&vm->vcpus[i].worker);
		mz_vcpu_destroy(&vm->vcpus[i].vcpu);
	}
	free(vm->vcpus);
	vm->vcpus = NULL;
	vm->vcpu_count = 0;
}

/* Where the guest's memory ends. */
static uint64_t end_of_memory(const struct mz_ram *ram)
{
	const struct mz_bank *last = &ram->banks[ram->bank_count - 1];
	uint64_t end = last->gpa + last->bytes;

	for (unsigned i = 0; i < ram->share_count; i++) {
		const struct mz_bank *bank = &ram->shares[i].bank;

		if (bank->gpa + bank->bytes > end)
			end = bank->gpa + bank->bytes;
	}
	return end;
}

static int check_reach(const struct mz_vm *vm, struct mz_failure *failure)
{
	uint64_t end = end_of_memory(&vm->ram);
	unsigned bits = mz_cpuid_address_bits();

	if ((end - 1) >> bits == 0)
		return 0;
	return mz_fail(failure, MZ_STATUS_HOST_LACKS,
		       "guest memory ends at 0x%" PRIx64
		       ", and addresses of this host's processors have %u bits",
		       end, bits);
}

static int make_ram(struct mz_vm *vm, const struct mz_frozen *frozen, struct mz_failure *failure)
{
	const struct mz_ram_config config = {
		.bytes = vm->config.memory_bytes,
		.more = vm->config.more,
		.more_count = vm->config.more_count,
		.huge = vm->config.huge,
		.shares = vm->config.shares,
		.share_count = vm->config.share_count,
		.frozen = frozen,
	};

	if (mz_ram_make(&vm->ram, &config, failure))
		return -1;
	return check_reach(vm, failure);
}

static int fill_machine(struct mz_vm *vm, const struct mz_frozen *frozen,
			struct mz_failure *failure)
{
	if (vm->stop < 0 || vm->done < 0)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "cannot make an event descriptor: %s", strerror(errno));
	if (vm->config.cpus > MZ_VM_CPUS_MAX)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "%u virtual processors are more than %d", vm->config.cpus,
			       MZ_VM_CPUS_MAX);
	if (mz_debug_init(&vm->debug, vm->config.gdb_port, failure) ||
	    make_ram(vm, frozen, failure) || mz_kvm_init(&vm->kvm, failure) ||
	    choose_backend(vm, failure) || make_space(vm, failure) ||
	    mz_kvm_add_ram(&vm->kvm, &vm->ram, failure) ||
	    mz_dirty_source_init(&vm->dirty_source, vm->config.dirty_source, &vm->kvm, &vm->pager,
				 failure) ||
	    mz_kvm_make_chips(&vm->kvm, failure) || mz_vm_add_devices(vm, failure) ||
	    make_vcpus(vm, failure) || mz_looks_init(vm, failure))
		return -1;
	return let_memory_in(vm, failure);
}

int mz_vm_make(struct mz_vm **vm, const struct mz_vm_config *config, const struct mz_frozen *frozen,
	       struct mz_failure *failure)
{
	struct mz_vm *made = aligned_alloc(_Alignof(struct mz_vm), sizeof(*made));

	*vm = NULL;
	if (!made)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "no memory for a machine");
	memset(made, 0, sizeof(*made));
	start_empty(made, config);
	if (fill_machine(made, frozen, failure)) {
		mz_vm_destroy(made);
		return -1;
	}
	*vm = made;
	return 0;
}

int mz_vm_create(struct mz_vm **vm, const struct mz_vm_config *config, struct mz_failure *failure)
{
	return mz_vm_make(vm, config, NULL, failure);
}

void mz_vm_destroy(struct mz_vm *vm)
{
	if (!vm)
		return;
	mz_looks_end(vm);
	destroy_vcpus(vm);
	mz_vm_close_devices(vm);
	mz_pager_stop(&vm->pager);
	mz_dirty_source_destroy(&vm->dirty_source);
	mz_mark_drop(&vm->mark);
	mz_looks_destroy(vm);
	mz_since_end(&vm->since);
	mz_origin_destroy(vm);
	mz_kvm_destroy(&vm->kvm);
	if (vm->space.table.root) {
		mz_worker_end(&vm->worker);
		mz_vm_await_readers(vm);
		mz_space_destroy(&vm->space);
	}
	mz_vm_close_to_changes(vm);
	if (vm->arena.base)
		mz_arena_destroy(&vm->arena);
	mz_ram_destroy(&vm->ram);
	if (vm->stop >= 0)
		close(vm->stop);
	if (vm->done >= 0)
		close(vm->done);
	mz_debug_destroy(&vm->debug);
	mz_pause_destroy(&vm->pause);
	pthread_mutex_destroy(&vm->end_mutex);
	pthread_mutex_destroy(&vm->calls.mutex);
	free(vm);
}

const char *mz_vm_note(const struct mz_vm *vm)
{
	return vm->note;
}

void mz_vm_take_terminal_again(const struct mz_vm *vm)
{
	mz_console_take_terminal_again(&vm->console);
}

int mz_vm_load(struct mz_vm *vm, const struct mz_image *image,
	       const struct mz_boot_request *request, struct mz_failure *failure)
{
	struct mz_boot_request with_firmware = *request;
	struct mz_boot_state state;

	if (mz_image_fits(image, &vm->ram, failure) ||
	    mz_vm_put_firmware(vm, image, &with_firmware.rsdp, failure) ||
	    mz_boot_load(image, &with_firmware, &vm->ram, &state, failure))
		return -1;
	return mz_vcpu_set_boot_state(&vm->vcpus[0].vcpu, &state, failure);
}
