/* SPDX-License-Identifier: MPL-2.0 */
/* What a virtual processor says of itself: what KVM offers, and its place among the others. */
#ifndef MZ_VMM_CPUID_H
#define MZ_VMM_CPUID_H

#include <linux/kvm.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MZ_CPUID_MAX 256 /* entries */

/* A processor among `count` of one package, one core each; its APIC's id is its index. */
struct mz_cpuid_place {
	unsigned index, count;
	bool deadline_timer; /* KVM's local APIC has one */
};

/*
 * Turns KVM's list of what it supports, with room for MZ_CPUID_MAX entries, into that of one
 * processor.
 */
void mz_cpuid_shape(struct kvm_cpuid2 *cpuid, const struct mz_cpuid_place *place);

/* Bits of a physical address on this host's processors, which are the guest's too. */
unsigned mz_cpuid_address_bits(void);

#ifdef __cplusplus
}
#endif

#endif
