/* SPDX-License-Identifier: MPL-2.0 */
/* KVM's front door: the device node, what must be there, and the names of its exits. */
#ifndef MZ_VMM_KVM_H
#define MZ_VMM_KVM_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/base/failure.h"
#include "vmm/device/irq.h"
#include "vmm/memory/ram.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MZ_KVM_DEVICE "/dev/kvm"

/*
 * KVM could not reach the memory that it has for an address (KVM_CAP_MEMORY_FAULT_INFO, Linux 6.8).
 * Older headers do not name it; `padding` of struct kvm_run holds what it tells.
 */
#ifndef KVM_EXIT_MEMORY_FAULT
#define KVM_EXIT_MEMORY_FAULT 39
#endif
#ifndef KVM_CAP_MEMORY_FAULT_INFO
#define KVM_CAP_MEMORY_FAULT_INFO 232
#endif
struct mz_kvm_memory_fault {
	uint64_t flags, gpa, bytes;
};

/* Exit reasons are counted by number up to here; the last counter takes all beyond. */
#define MZ_KVM_EXIT_MAX 48

#define MZ_KVM_SLOTS (MZ_BANK_MAX + MZ_SHARE_MAX + 1) /* and the ROM */

/* Guest memory as KVM knows it. */
struct mz_kvm_slot {
	uint64_t gpa, bytes;
	void *at;
	uint32_t flags; /* KVM_MEM_... */
	bool shared;    /* with others than the guest */
};

struct mz_kvm {
	int fd;           /* /dev/kvm */
	int vm;           /* the virtual machine */
	size_t run_bytes; /* of the area that a vCPU shares with the kernel */
	struct mz_kvm_slot slots[MZ_KVM_SLOTS];
	unsigned slot_count;
};

/*
 * Opens KVM and makes a virtual machine that has neither memory nor interrupt controllers.
 * MZ_STATUS_HOST_LACKS says what is missing.
 */
int mz_kvm_init(struct mz_kvm *kvm, struct mz_failure *failure);
void mz_kvm_destroy(struct mz_kvm *kvm);

/* Gives all of the guest's window of `ram` to KVM, read-only what is so. */
int mz_kvm_add_ram(struct mz_kvm *kvm, const struct mz_ram *ram, struct mz_failure *failure);

/*
 * KVM keeps account, from now on, of what is written to RAM: nobody asks that of shares, which
 * others write, too.
 */
int mz_kvm_log_writes(struct mz_kvm *kvm, struct mz_failure *failure);

/*
 * Makes KVM's own interrupt controllers (two PICs, an I/O APIC, and a local APIC for each processor
 * that is made after them) and interval timer. Behind the memory and its log: in Linux 6.18, a slot
 * that changes soon after chips have come waits for milliseconds, for their grace period.
 */
int mz_kvm_make_chips(const struct mz_kvm *kvm, struct mz_failure *failure);

/*
 * KVM drops what it has mapped of guest memory, and all shadow pages: vmm/machine/shadow_pages.h.
 * No vCPU runs.
 */
int mz_kvm_drop_mappings(const struct mz_kvm *kvm, struct mz_failure *failure);

/*
 * Makes an interrupt line that raises input `gsi` of the interrupt controllers by an edge. The
 * descriptor is the caller's to close.
 */
int mz_kvm_wire(const struct mz_kvm *kvm, struct mz_irq *irq, uint32_t gsi,
		struct mz_failure *failure);

/* Puts an input of the interrupt controllers on a level. 0, or -1 where there is no such input. */
int mz_kvm_set_level(const struct mz_kvm *kvm, uint32_t gsi, bool high);

/* Why the device node can't be opened, and what would help; `error` is the errno. */
void mz_kvm_explain(int error, char *text, size_t size);

/* An exit reason in words; NULL where it has none. */
const char *mz_kvm_exit_text(uint32_t reason);

#ifdef __cplusplus
}
#endif

#endif
