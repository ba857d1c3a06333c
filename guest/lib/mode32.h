/* SPDX-License-Identifier: MPL-2.0 */
/* What every protocol that begins in 32-bit mode promises about the processor. */
#ifndef GUEST_LIB_MODE32_H
#define GUEST_LIB_MODE32_H

#include "guest/lib/guest.h"

#define CR0_PROTECTED          (1u << 0) /* Intel SDM volume 3, 2.5 */
#define CR0_PAGING             (1u << 31)
#define FLAGS_INTERRUPTS       (1u << 9) /* Intel SDM volume 1, 3.4.3.3 */
#define DESCRIPTOR_GRANULARITY (1u << 23)

/* Counts and prints what is not as it should be. */
static inline unsigned expect(bool is, const char *what)
{
	if (!is)
		print("wrong: %s\n", what);
	return is ? 0 : 1;
}

static inline const void *at32(uint64_t address)
{
	return (const void *)(uintptr_t)address;
}

/* Intel SDM volume 3, 3.4.5. LSL would tell, but is none of the instructions that KVM emulates. */
static inline uint32_t segment_limit(uint32_t selector)
{
	struct __attribute__((packed)) {
		uint16_t last;
		uint32_t base;
	} gdt;
	const uint32_t *descriptor;
	uint32_t limit;

	__asm__("sgdt %0" : "=m"(gdt));
	descriptor = at32(gdt.base + (selector & ~7u));
	limit = (descriptor[0] & 0xffff) | (descriptor[1] & 0xf0000);
	return descriptor[1] & DESCRIPTOR_GRANULARITY ? limit << 12 | 0xfff : limit;
}

static inline unsigned mode32_failures(void)
{
	uint32_t cr0, flags, cs;

	__asm__("mov %%cr0, %0" : "=r"(cr0));
	__asm__("pushf; pop %0" : "=r"(flags));
	__asm__("mov %%cs, %0" : "=r"(cs));
	return expect((cr0 & CR0_PROTECTED) != 0, "not in protected mode") +
		expect((cr0 & CR0_PAGING) == 0, "paging is on") +
		expect((flags & FLAGS_INTERRUPTS) == 0, "interrupts are on") +
		expect(segment_limit(cs) == UINT32_MAX, "the code segment has a limit");
}

static inline uint32_t sum_of_bytes(uint64_t start, uint64_t bytes)
{
	const unsigned char *byte = at32(start);
	uint32_t sum = 0;

	for (uint32_t i = 0; i < bytes; i++)
		sum += byte[i];
	return sum;
}

#endif
