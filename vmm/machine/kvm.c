// SPDX-License-Identifier: MPL-2.0
/* KVM's front door. Source: virt/kvm/api of the Linux documentation. */
#include "vmm/machine/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

/*
 * Where KVM may keep pages of its own on processors that can't run real mode by themselves: one,
 * and three behind it.
 */
#define IDENTITY_MAP_ADDRESS 0xfffbc000u
#define TSS_ADDRESS          0xfffbd000u

void mz_kvm_explain(int error, char *text, size_t size)
{
	const char *help = "";

	if (error == ENOENT || error == ENXIO || error == ENODEV)
		help = ": switch virtualization on in the firmware, then modprobe kvm_intel or "
		       "kvm_amd";
	else if (error == EACCES || error == EPERM)
		help = ": add the user to the group that owns it (usually: adduser USER kvm)";
	snprintf(text, size, "%s: %s%s", MZ_KVM_DEVICE, strerror(error), help);
}

static int check_interface(const struct mz_kvm *kvm, struct mz_failure *failure)
{
	static const struct {
		int number;
		const char *name;
	} needed[] = {
		{KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY"},
		{KVM_CAP_READONLY_MEM, "KVM_CAP_READONLY_MEM"},
		{KVM_CAP_EXT_CPUID, "KVM_CAP_EXT_CPUID"},
		{KVM_CAP_IRQCHIP, "KVM_CAP_IRQCHIP"},
		{KVM_CAP_PIT2, "KVM_CAP_PIT2"},
		{KVM_CAP_IRQFD, "KVM_CAP_IRQFD"},
		{KVM_CAP_MP_STATE, "KVM_CAP_MP_STATE"},
	};
	int version = ioctl(kvm->fd, KVM_GET_API_VERSION, 0);

	if (version != KVM_API_VERSION)
		return mz_fail(failure, MZ_STATUS_HOST_LACKS,
			       "%s speaks version %d of KVM's interface, not %d", MZ_KVM_DEVICE,
			       version, KVM_API_VERSION);
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (ioctl(kvm->fd, KVM_CHECK_EXTENSION, needed[i].number) <= 0)
			return mz_fail(failure, MZ_STATUS_HOST_LACKS, "%s lacks %s", MZ_KVM_DEVICE,
				       needed[i].name);
	return 0;
}

/*
 * An instruction that KVM can't emulate ends the run; by itself, KVM would send the guest an
 * exception for some of them. Kernels before 5.14 know no other way.
 */
static void ask_for_failures(const struct mz_kvm *kvm)
{
	struct kvm_enable_cap cap = {.cap = KVM_CAP_EXIT_ON_EMULATION_FAILURE, .args = {1}};

	ioctl(kvm->vm, KVM_ENABLE_CAP, &cap);
}

static int place_own_pages(const struct mz_kvm *kvm)
{
	uint64_t identity_map = IDENTITY_MAP_ADDRESS;

	if (ioctl(kvm->vm, KVM_SET_TSS_ADDR, TSS_ADDRESS))
		return -1;
	return ioctl(kvm->vm, KVM_SET_IDENTITY_MAP_ADDR, &identity_map);
}

static int make_vm(struct mz_kvm *kvm, struct mz_failure *failure)
{
	int run_bytes = ioctl(kvm->fd, KVM_GET_VCPU_MMAP_SIZE, 0);

	do
		kvm->vm = ioctl(kvm->fd, KVM_CREATE_VM, 0);
	while (kvm->vm < 0 && errno == EINTR);
	if (kvm->vm < 0 || run_bytes < 0 || place_own_pages(kvm))
		return mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "KVM cannot make a virtual machine: %s", strerror(errno));
	ask_for_failures(kvm);
	kvm->run_bytes = (size_t)run_bytes;
	return 0;
}

int mz_kvm_init(struct mz_kvm *kvm, struct mz_failure *failure)
{
	*kvm = (struct mz_kvm) {.fd = -1, .vm = -1};
	kvm->fd = open(MZ_KVM_DEVICE, O_RDWR | O_CLOEXEC);
	if (kvm->fd < 0) {
		failure->status = errno == EMFILE || errno == ENFILE || errno == ENOMEM
			? MZ_STATUS_HOST_FAILED
			: MZ_STATUS_HOST_LACKS;
		mz_kvm_explain(errno, failure->text, sizeof(failure->text));
		return -1;
	}
	if (check_interface(kvm, failure) || make_vm(kvm, failure)) {
		mz_kvm_destroy(kvm);
		return -1;
	}
	return 0;
}

void mz_kvm_destroy(struct mz_kvm *kvm)
{
	if (kvm->vm >= 0)
		close(kvm->vm);
	if (kvm->fd >= 0)
		close(kvm->fd);
	*kvm = (struct mz_kvm) {.fd = -1, .vm = -1};
}

/* The first `bytes` of it: none remove it. */
static int set_part_of_slot(const struct mz_kvm *kvm, unsigned index, uint64_t bytes,
			    struct mz_failure *failure)
{
	const struct mz_kvm_slot *slot = &kvm->slots[index];
	struct kvm_userspace_memory_region region = {
		.slot = index,
		.flags = slot->flags,
		.guest_phys_addr = slot->gpa,
		.memory_size = bytes,
		.userspace_addr = (uintptr_t)slot->at,
	};

	if (ioctl(kvm->vm, KVM_SET_USER_MEMORY_REGION, &region))
		return mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "KVM refuses guest memory of 0x%llx bytes at 0x%llx: %s",
			       (unsigned long long)bytes, (unsigned long long)slot->gpa,
			       strerror(errno));
	return 0;
}

static int set_slot(const struct mz_kvm *kvm, unsigned index, struct mz_failure *failure)
{
	return set_part_of_slot(kvm, index, kvm->slots[index].bytes, failure);
}

static int add_bank(struct mz_kvm *kvm, const struct mz_ram *ram, const struct mz_bank *bank,
		    uint32_t flags, struct mz_failure *failure)
{
	struct mz_kvm_slot *slot = &kvm->slots[kvm->slot_count];

	slot->gpa = bank->gpa;
	slot->bytes = bank->bytes;
	slot->at = ram->guest + bank->offset;
	slot->flags = flags;
	return set_slot(kvm, kvm->slot_count++, failure);
}

static int add_share(struct mz_kvm *kvm, const struct mz_ram *ram, const struct mz_share *share,
		     struct mz_failure *failure)
{
	kvm->slots[kvm->slot_count].shared = true;
	return add_bank(kvm, ram, &share->bank, share->read_only ? KVM_MEM_READONLY : 0, failure);
}

int mz_kvm_add_ram(struct mz_kvm *kvm, const struct mz_ram *ram, struct mz_failure *failure)
{
	for (unsigned i = 0; i < ram->bank_count; i++)
		if (add_bank(kvm, ram, &ram->banks[i], 0, failure))
			return -1;
	for (unsigned i = 0; i < ram->share_count; i++)
		if (add_share(kvm, ram, &ram->shares[i], failure))
			return -1;
	return add_bank(kvm, ram, &ram->rom, KVM_MEM_READONLY, failure);
}

int mz_kvm_log_writes(struct mz_kvm *kvm, struct mz_failure *failure)
{
	for (unsigned i = 0; i < kvm->slot_count; i++) {
		if (kvm->slots[i].shared || kvm->slots[i].flags & KVM_MEM_READONLY)
			continue;
		kvm->slots[i].flags |= KVM_MEM_LOG_DIRTY_PAGES;
		if (set_slot(kvm, i, failure))
			return -1;
	}
	return 0;
}

int mz_kvm_make_chips(const struct mz_kvm *kvm, struct mz_failure *failure)
{
	struct kvm_pit_config pit = {.flags = KVM_PIT_SPEAKER_DUMMY};

	if (ioctl(kvm->vm, KVM_CREATE_IRQCHIP, 0) || ioctl(kvm->vm, KVM_CREATE_PIT2, &pit))
		return mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "KVM cannot make the interrupt controllers and the timer: %s",
			       strerror(errno));
	return 0;
}

/*
 * When any slot goes, KVM drops all (KVM_X86_QUIRK_SLOT_ZAP_ALL, as it is called since Linux 6.12).
 * The last is that of the ROM, which is small.
 */
int mz_kvm_drop_mappings(const struct mz_kvm *kvm, struct mz_failure *failure)
{
	unsigned last = kvm->slot_count - 1;

	return set_part_of_slot(kvm, last, 0, failure) || set_slot(kvm, last, failure) ? -1 : 0;
}

int mz_kvm_wire(const struct mz_kvm *kvm, struct mz_irq *irq, uint32_t gsi,
		struct mz_failure *failure)
{
	struct kvm_irqfd wire = {.gsi = gsi};

	irq->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (irq->fd < 0)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "cannot make an event descriptor: %s", strerror(errno));
	wire.fd = (uint32_t)irq->fd;
	if (ioctl(kvm->vm, KVM_IRQFD, &wire)) {
		mz_fail(failure, MZ_STATUS_HOST_FAILED, "KVM refuses interrupt line %u: %s", gsi,
			strerror(errno));
		close(irq->fd);
		irq->fd = -1;
		return -1;
	}
	return 0;
}

int mz_kvm_set_level(const struct mz_kvm *kvm, uint32_t gsi, bool high)
{
	struct kvm_irq_level level = {.irq = gsi, .level = high};

	return ioctl(kvm->vm, KVM_IRQ_LINE, &level);
}

const char *mz_kvm_exit_text(uint32_t reason)
{
	switch (reason) {
	case KVM_EXIT_UNKNOWN:
		return "unknown";
	case KVM_EXIT_EXCEPTION:
		return "exception";
	case KVM_EXIT_IO:
		return "io";
	case KVM_EXIT_HYPERCALL:
		return "hypercall";
	case KVM_EXIT_DEBUG:
		return "debug";
	case KVM_EXIT_HLT:
		return "hlt";
	case KVM_EXIT_MMIO:
		return "mmio";
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		return "irq-window";
	case KVM_EXIT_SHUTDOWN:
		return "shutdown";
	case KVM_EXIT_FAIL_ENTRY:
		return "fail-entry";
	case KVM_EXIT_INTR:
		return "interrupted";
	case KVM_EXIT_INTERNAL_ERROR:
		return "internal-error";
	case KVM_EXIT_SYSTEM_EVENT:
		return "system-event";
	case KVM_EXIT_MEMORY_FAULT:
		return "memory-fault";
	default:
		return NULL;
	}
}
