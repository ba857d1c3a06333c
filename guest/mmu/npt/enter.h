/* SPDX-License-Identifier: MPL-2.0 */
/* The way into a guest and back: enter.S. */
#ifndef GUEST_MMU_NPT_ENTER_H
#define GUEST_MMU_NPT_ENTER_H

#include "guest/mmu/npt/vmcb.h"

/* The guest's general registers; rax, rsp and rip are in its VMCB. enter.S knows the order. */
struct svm_registers {
	uint64_t rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15;
};

/* Until it exits. What VMLOAD and VMSAVE take care of is kept in `host`, for this side. */
void svm_enter(struct vmcb *vmcb, struct svm_registers *registers, struct vmcb *host);

#endif
