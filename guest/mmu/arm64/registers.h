/* SPDX-License-Identifier: MPL-2.0 */
/* System registers, by their names in the assembler, and barriers. */
#ifndef GUEST_MMU_ARM64_REGISTERS_H
#define GUEST_MMU_ARM64_REGISTERS_H

#include <stdint.h>

#define READ_REGISTER(name)                                                     \
	__extension__({                                                         \
		uint64_t read_value;                                            \
		__asm__ volatile("mrs %0, " name : "=r"(read_value)::"memory"); \
		read_value;                                                     \
	})

#define WRITE_REGISTER(name, value) \
	__asm__ volatile("msr " name ", %x0" ::"rZ"((uint64_t)(value)) : "memory")

/* An instruction of SYS with an operand, such as TLBI or AT; `text` is all but the register. */
#define SYSTEM(text, value) __asm__ volatile(text ", %x0" ::"rZ"((uint64_t)(value)) : "memory")

/* ID_AA64MMFR2_EL1, which older assemblers do not know by name. */
#define ID_AA64MMFR2_EL1 "s3_0_c0_c7_2"

static inline void isb(void)
{
	__asm__ volatile("isb" ::: "memory");
}

static inline void dsb(void)
{
	__asm__ volatile("dsb ish" ::: "memory");
}

#endif
