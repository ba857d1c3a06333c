/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A virtual processor: making it, setting it up, entering it. What its exits mean is exits.c's.
 */
#ifndef MZ_VMM_VCPU_H
#define MZ_VMM_VCPU_H

#include <linux/kvm.h>
#include <pthread.h>

#include "vmm/boot/boot.h"
#include "vmm/memory/guest_memory.h"
#include "vmm/machine/kvm.h"
#include "vmm/machine/stats.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mz_vcpu {
	unsigned index; /* also the id of its local APIC */
	int fd;
	struct kvm_run *run;
	size_t run_bytes;
	struct kvm_cpuid2 *cpuid; /* its features */
	struct mz_vcpu_stats stats;
	uint64_t left_ns; /* when the guest was last left; 0: never entered */
};

/* One of `count`. The first begins to run; the others wait for it to start them (INIT, SIPI). */
int mz_vcpu_init(struct mz_vcpu *vcpu, const struct mz_kvm *kvm, unsigned index, unsigned count,
		 struct mz_failure *failure);
void mz_vcpu_destroy(struct mz_vcpu *vcpu);

/* Puts the processor where the boot protocol says. */
int mz_vcpu_set_boot_state(struct mz_vcpu *vcpu, const struct mz_boot_state *state,
			   struct mz_failure *failure);

/*
 * Makes mz_vcpu_kick() work for the thread that will enter the guest, which blocks all signals: the
 * kick signal is open only inside KVM_RUN, so it interrupts that and nothing else, it needs no
 * handler, and one that comes too early waits. 0 or an errno value.
 */
int mz_vcpu_open_to_kicks(struct mz_vcpu *vcpu);
void mz_vcpu_kick(pthread_t thread);

/*
 * Runs the guest until its next exit, in `run`. 0 or an errno value; EINTR: kicked, and the kick is
 * taken, so whatever it was for must be looked at before the next call.
 */
int mz_vcpu_enter(struct mz_vcpu *vcpu);

/* While nobody is inside: where a linear address leads. False: nowhere. */
bool mz_vcpu_translate(const struct mz_vcpu *vcpu, uint64_t address, uint64_t *gpa);

/* The registers, while nobody is inside. */
int mz_vcpu_registers(const struct mz_vcpu *vcpu, struct kvm_regs *regs, struct kvm_sregs *sregs);

/*
 * While nobody is inside: can nothing but another processor wake this one? It is halted with
 * interrupts off, or was never started.
 */
bool mz_vcpu_is_dead(const struct mz_vcpu *vcpu);
struct mz_guest_paging mz_vcpu_paging(const struct kvm_sregs *sregs);

#ifdef __cplusplus
}
#endif

#endif
