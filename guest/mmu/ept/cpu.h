/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The instructions and model-specific registers of VMX. Source: Intel SDM volumes 3C, 3D and 4, in
 * the edition of September 2023.
 */
#ifndef GUEST_MMU_EPT_CPU_H
#define GUEST_MMU_EPT_CPU_H

#include <stdbool.h>

#include "guest/mmu/x86/cpu.h"

/* Volume 4, table 2-2; appendix A of volume 3D. The true controls follow 12 behind the others. */
#define MSR_FEATURE_CONTROL 0x03au
#define FEATURE_LOCKED      (1u << 0)
#define FEATURE_VMX         (1u << 2)
#define MSR_VMX_BASIC       0x480u
#define BASIC_TRUE_CONTROLS ((uint64_t)1 << 55)
#define MSR_PIN             0x481u
#define MSR_PROCESSOR       0x482u
#define MSR_EXIT            0x483u
#define MSR_ENTRY           0x484u
#define MSR_TRUE            12u
#define MSR_CR0_FIXED_0     0x486u
#define MSR_CR0_FIXED_1     0x487u
#define MSR_CR4_FIXED_0     0x488u
#define MSR_CR4_FIXED_1     0x489u
#define MSR_SECONDARY       0x48bu
#define MSR_EPT_VPID_CAP    0x48cu

#define CPUID_ECX_VMX (1u << 5)
#define CR4_VMXE      (1u << 13)

/* Chapter 31, INVEPT and INVVPID. */
#define INVALIDATE_SINGLE 1u
#define INVALIDATE_ALL    2u

/* ---- Instructions: each sets the carry or the zero flag if it fails (section 31.2) ---------- */

static inline bool vmxon(uint64_t region)
{
	bool failed;

	__asm__ volatile("vmxon %1" : "=@ccna"(failed) : "m"(region) : "memory");
	return !failed;
}

static inline bool vmxoff(void)
{
	bool failed;

	__asm__ volatile("vmxoff" : "=@ccna"(failed) : : "memory");
	return !failed;
}

static inline bool vmclear(uint64_t region)
{
	bool failed;

	__asm__ volatile("vmclear %1" : "=@ccna"(failed) : "m"(region) : "memory");
	return !failed;
}

static inline bool vmptrld(uint64_t region)
{
	bool failed;

	__asm__ volatile("vmptrld %1" : "=@ccna"(failed) : "m"(region) : "memory");
	return !failed;
}

/* All ones where there is none. */
static inline uint64_t vmptrst(void)
{
	uint64_t region;

	__asm__ volatile("vmptrst %0" : "=m"(region));
	return region;
}

static inline bool vmread(uint32_t field, uint64_t *value)
{
	bool failed;

	__asm__ volatile("vmread %2, %1" : "=@ccna"(failed), "=r"(*value) : "r"((uint64_t)field));
	return !failed;
}

static inline bool vmwrite(uint32_t field, uint64_t value)
{
	bool failed;

	__asm__ volatile("vmwrite %1, %2" : "=@ccna"(failed) : "r"(value), "r"((uint64_t)field));
	return !failed;
}

static inline bool invept(uint64_t type, uint64_t ept_pointer)
{
	uint64_t descriptor[2] = {ept_pointer, 0};
	bool failed;

	__asm__ volatile("invept %1, %2"
			 : "=@ccna"(failed)
			 : "m"(descriptor), "r"(type)
			 : "memory");
	return !failed;
}

static inline bool invvpid(uint64_t type, uint64_t vpid)
{
	uint64_t descriptor[2] = {vpid, 0};
	bool failed;

	__asm__ volatile("invvpid %1, %2"
			 : "=@ccna"(failed)
			 : "m"(descriptor), "r"(type)
			 : "memory");
	return !failed;
}

/* ---- Controls, with what the processor demands and without what it lacks -------------------- */

/* Appendix A.3.1: bits that must be 1 in the lower half, bits that may be 1 in the upper one. */
static inline uint32_t vmx_controls(uint32_t msr, uint32_t wanted)
{
	uint64_t allowed = msr_read(msr);

	return (wanted | (uint32_t)allowed) & (uint32_t)(allowed >> 32);
}

/* Those but the secondary ones. */
static inline uint32_t vmx_true_controls(uint32_t msr, uint32_t wanted)
{
	return vmx_controls(msr_read(MSR_VMX_BASIC) & BASIC_TRUE_CONTROLS ? msr + MSR_TRUE : msr,
			    wanted);
}

#endif
