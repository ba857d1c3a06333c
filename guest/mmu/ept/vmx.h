/* SPDX-License-Identifier: MPL-2.0 */
/*
 * VMX: the processor as a host, and the way into one guest and back. Source: Intel SDM volumes 3C
 * and 3D, in the edition of September 2023.
 */
#ifndef GUEST_MMU_EPT_VMX_H
#define GUEST_MMU_EPT_VMX_H

#include "arch/x86/ept.h"
#include "guest/mmu/ept/vmcs.h"
#include "guest/mmu/x86/x86.h"

/* Makes the processor a host, with a guest: NULL, or what it lacks. */
const char *vmx_begin(void);

/* What the capability MSRs and CPUID say, for mz_ept_configure(). */
struct mz_ept_hardware vmx_hardware(void);

/* Can all of these secondary controls be 1? */
bool vmx_can(uint32_t secondary);

uint64_t vmx_read(uint32_t field);
void vmx_write(uint32_t field, uint64_t value);

/*
 * The guest walks these tables from now on: an EPT pointer and a CR3, with these secondary controls
 * beyond those for EPT. Nothing that was cached before counts any more.
 */
void vmx_guest_use(uint64_t ept_pointer, uint64_t cr3, uint32_t secondary);

/* Of privilege level 0 or 3. */
void vmx_guest_level(unsigned level);

/* Single-context INVEPT on the EPT pointer in use; INVVPID on the guest. */
void vmx_flush(void);
void vmx_flush_linear(void);

/*
 * Runs the guest until it exits. False, if the processor does not enter it: VMCS_INSTRUCTION_ERROR
 * says why.
 */
bool vmx_guest_run(struct x86_registers *registers);

#endif
