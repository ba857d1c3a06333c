/* SPDX-License-Identifier: MPL-2.0 */
/* What enter.S and the C sources of this platform share. */
#ifndef GUEST_MMU_KVM_H
#define GUEST_MMU_KVM_H

/* Offsets in struct kvm_access, and selectors: see kvm.c. */
#define KVM_RIP     0
#define KVM_RDI     8
#define KVM_RSI     16
#define KVM_RDX     24
#define KVM_USER    32
#define KVM_VECTOR  40
#define KVM_ERROR   48
#define KVM_RIP_END 56
#define KVM_CR2     64

#define KVM_USER_DATA 0x33
#define KVM_USER_CODE 0x3b

/* The ways into the code page, and where the breakpoint behind each has left the processor. */
#define KVM_READ           0
#define KVM_READ_END       4
#define KVM_WRITE          16
#define KVM_WRITE_END      20
#define KVM_POKE           32
#define KVM_POKE_END       42
#define KVM_POKE_WRITE     48
#define KVM_POKE_WRITE_END 58

#ifndef __ASSEMBLER__

#include "guest/mmu/platform.h"

/* An access by the processor itself: rsi holds what is written, then what was read. */
struct kvm_access {
	uint64_t rip, rdi, rsi, rdx;
	uint64_t user; /* in user mode */
	uint64_t vector, error, rip_end, cr2;
};

void kvm_enter(struct kvm_access *access);
extern const char kvm_breakpoint[], kvm_page_fault[], kvm_stub[], kvm_stub_end[];

bool kvm_syndrome_right(const struct stage *stage, const struct expected *expected,
			const struct outcome *outcome);
const char *kvm_deviation(const struct stage *stage, const char *test,
			  const struct expected *expected, const struct outcome *outcome);
bool kvm_spoil(const struct stage *stage, uint64_t entry, enum mz_kind kind, unsigned level,
	       unsigned n, struct spoilt *out);

#endif
#endif
