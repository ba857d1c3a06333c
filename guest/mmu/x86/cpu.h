/* SPDX-License-Identifier: MPL-2.0 */
/* Instructions of x86 that C has no words for. */
#ifndef GUEST_MMU_X86_CPU_H
#define GUEST_MMU_X86_CPU_H

#include <stdint.h>

/* Model-specific registers; Intel SDM volume 4, AMD APM volume 2, appendix A. */
#define MSR_PAT  0x277
#define MSR_EFER 0xc0000080

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

/* All 0 where the processor has no such leaf. */
static inline struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid top, found;

	__asm__ volatile("cpuid"
			 : "=a"(top.eax), "=b"(top.ebx), "=c"(top.ecx), "=d"(top.edx)
			 : "a"(leaf & 0x80000000u), "c"(0));
	if (top.eax < leaf)
		return (struct cpuid) {0};
	__asm__ volatile("cpuid"
			 : "=a"(found.eax), "=b"(found.ebx), "=c"(found.ecx), "=d"(found.edx)
			 : "a"(leaf), "c"(subleaf));
	return found;
}

static inline uint64_t msr_read(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
	return (uint64_t)high << 32 | low;
}

static inline void msr_write(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
}

static inline uint64_t cr0_read(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr0, %0" : "=r"(value));
	return value;
}

static inline void cr0_write(uint64_t value)
{
	__asm__ volatile("mov %0, %%cr0" : : "r"(value) : "memory");
}

static inline uint64_t cr2_read(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr2, %0" : "=r"(value));
	return value;
}

static inline uint64_t cr3_read(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr3, %0" : "=r"(value));
	return value;
}

static inline void cr3_write(uint64_t value)
{
	__asm__ volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}

static inline uint64_t cr4_read(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr4, %0" : "=r"(value));
	return value;
}

static inline void cr4_write(uint64_t value)
{
	__asm__ volatile("mov %0, %%cr4" : : "r"(value) : "memory");
}

#endif
