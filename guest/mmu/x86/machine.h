/* SPDX-License-Identifier: MPL-2.0 */
/* What start.S calls, and what the parts of guest/mmu/x86/ know of one another. */
#ifndef GUEST_MMU_X86_MACHINE_H
#define GUEST_MMU_X86_MACHINE_H

#include "guest/mmu/x86/x86.h"

/* The stack at the beginning of an exception's handling. */
struct x86_frame {
	uint64_t vector;
	uint64_t error_code;
	uint64_t rip, cs, rflags, rsp, ss;
};

extern const char x86_entries[];

struct multiboot;

_Noreturn void x86_begin(const struct multiboot *information);
_Noreturn void x86_exception(const struct x86_frame *frame);

/* Has this code, from this privilege level on, take the exception instead of x86_exception(). */
void x86_catch(unsigned vector, const char *entry, unsigned level);

struct x86_range {
	uint64_t first, end;
};

/* RAM behind the image, in pages. */
struct x86_range x86_free_memory(void);

/* The loader's first module, somewhere in that RAM; nothing where there is none. */
struct x86_range x86_module(void);

#endif
