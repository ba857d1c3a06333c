/* SPDX-License-Identifier: MPL-2.0 */
/* The way into a guest and back: enter.S. */
#ifndef GUEST_MMU_EPT_ENTER_H
#define GUEST_MMU_EPT_ENTER_H

#include <stdint.h>

/* The guest's general registers; rsp and rip are in its VMCS. enter.S knows the order. */
struct vmx_registers {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15;
};

/*
 * Until it exits: 0; or 1, if the processor did not enter it, and VMCS_INSTRUCTION_ERROR says why.
 * `launched` is 0 the first time after VMCLEAR. VMCS_HOST_RIP must be vmx_exit.
 */
uint32_t vmx_enter(struct vmx_registers *registers, uint32_t launched);
extern const char vmx_exit[];

#endif
