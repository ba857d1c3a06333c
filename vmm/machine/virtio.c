// SPDX-License-Identifier: MPL-2.0
/* A machine's virtio devices. */
#include "vmm/machine/virtio.h"

#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ept/change.h"
#include "vmm/base/text.h"
#include "vmm/machine/machine.h"

/* Those of a PC that its own devices leave free, then those that only an I/O APIC has. */
uint32_t mz_vm_virtio_gsi(unsigned index)
{
	static const uint32_t gsis[MZ_VIRTIO_DEVICES] = {5,  6,  7,  10, 11, 12, 14, 15,
							 16, 17, 18, 19, 20, 21, 22, 23};

	return gsis[index];
}

static int add_window(struct mz_vm *vm, uint64_t base, struct mz_failure *failure)
{
	const struct mz_region window = {
		.ia = mz_ia_from(base), .bytes = MZ_VIRTIO_BYTES, .kind = MZ_REGION_MMIO};
	enum mz_error error = mz_space_add(&vm->space, &window);

	if (error)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "no place for a virtio device: %s",
			       mz_error_text(error));
	return 0;
}

/* Where KVM does not take it, notifications come as exits. */
static void notify_by_descriptor(const struct mz_vm *vm, uint64_t base, int fd)
{
	struct kvm_ioeventfd notify = {
		.addr = base + MZ_VIRTIO_NOTIFY, .len = sizeof(uint32_t), .fd = fd};

	(void)ioctl(vm->kvm.vm, KVM_IOEVENTFD, &notify);
}

/* What a device is may exclude what the machine is asked for. */
static int check_device(const struct mz_vm *vm, const struct mz_virtio_request *request,
			struct mz_failure *failure)
{
	if (request->kind == MZ_VIRTIO_BALLOON && mz_ram_grain(&vm->ram) != MZ_RAM_PAGE)
		return mz_fail(
			failure, MZ_STATUS_BAD_ARGUMENT,
			"a balloon takes pages of 4 KiB, which are not to be had of memory on "
			"%s pages",
			mz_huge_text(vm->ram.huge));
	if (request->kind == MZ_VIRTIO_BALLOON && request->balloon_bytes > vm->ram.bytes)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "a balloon asks for %s, and the guest has only %s",
			       mz_size_text(request->balloon_bytes).text,
			       mz_size_text(vm->ram.bytes).text);
	if (request->kind == MZ_VIRTIO_VSOCK && mz_vm_may_watch_writes(vm))
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			       "a machine with a socket device can't be reset, tracked or "
			       "recorded: nobody knows what the device writes");
	return 0;
}

static int add_device(struct mz_vm *vm, const struct mz_virtio_request *request,
		      struct mz_failure *failure)
{
	unsigned index = vm->virtio.count;
	uint64_t base = MZ_VIRTIO_BASE + (uint64_t)index * MZ_VIRTIO_BYTES;
	struct mz_virtio_place place = {.memory = {.ram = &vm->ram, .space = &vm->space}};

	if (check_device(vm, request, failure) ||
	    mz_kvm_wire(&vm->kvm, &vm->virtio_irqs[index], mz_vm_virtio_gsi(index), failure))
		return -1;
	place.irq = vm->virtio_irqs[index];
	/* Where the kernel supplies pages by itself, the table stays as it was populated. */
	place.memory.populated = vm->pager.uffd < 0;
	if (add_window(vm, base, failure) ||
	    mz_virtio_set_add(&vm->virtio, request, &place, &vm->memory, &vm->console, failure))
		return -1;
	notify_by_descriptor(vm, base, vm->virtio.devices[index]->kick);
	return 0;
}

int mz_vm_add_virtio(struct mz_vm *vm, struct mz_failure *failure)
{
	if (vm->config.virtio_count > MZ_VIRTIO_DEVICES)
		return mz_fail(failure, MZ_STATUS_BAD_ARGUMENT, "more than %d virtio devices",
			       MZ_VIRTIO_DEVICES);
	for (unsigned i = 0; i < vm->config.virtio_count; i++)
		if (add_device(vm, &vm->config.virtio[i], failure))
			return -1;
	return 0;
}

void mz_vm_close_virtio(struct mz_vm *vm)
{
	mz_virtio_set_close(&vm->virtio);
	for (unsigned i = 0; i < MZ_VIRTIO_DEVICES; i++)
		if (vm->virtio_irqs[i].fd >= 0)
			close(vm->virtio_irqs[i].fd);
}
