/* SPDX-License-Identifier: MPL-2.0 */
/* SVM: the processor as a host, and the way into a guest and back. */
#ifndef GUEST_MMU_NPT_SVM_H
#define GUEST_MMU_NPT_SVM_H

#include "arch/x86/npt.h"
#include "guest/mmu/npt/enter.h"

/* Makes the processor a host: NULL, or what it lacks. Loads MZ_PAT_VALUE. */
const char *svm_begin(void);

/* What CPUID says, for mz_npt_configure(). */
struct mz_npt_hardware svm_hardware(void);

/*
 * Makes a guest in 64-bit mode at level 0 or 3, at address 0, with paging and its own CR3 (0) as in
 * guest/mmu/x86/x86.h; whatever it does besides ordinary instructions exits: exceptions, CPUID,
 * HLT, ports, MSRs, VMMCALL, shutdown. The VMCB lies at a page, one to one.
 */
void svm_guest_make(struct vmcb *vmcb);
void svm_guest_level(struct vmcb *vmcb, unsigned level);

/*
 * The guest walks this table as its second stage from now on; every cached translation of it is
 * dropped when it is entered.
 */
void svm_guest_use(struct vmcb *vmcb, const struct mz_table *table);

/* Drops every cached translation of the guest when it is entered: arch/x86/npt.h. */
void svm_guest_flush(struct vmcb *vmcb);

/* Every guest may use this port by itself from now on. */
void svm_allow_port(uint16_t port);

/* Runs the guest until it exits. */
void svm_guest_run(struct vmcb *vmcb, struct svm_registers *registers);

#endif
