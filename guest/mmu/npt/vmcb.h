/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The virtual-machine control block. Source: AMD APM volume 2, appendix B "Layout of VMCB", tables
 * B-1 and B-2; appendix C "SVM intercept exit codes".
 */
#ifndef GUEST_MMU_NPT_VMCB_H
#define GUEST_MMU_NPT_VMCB_H

#include <stddef.h>
#include <stdint.h>

struct vmcb_segment {
	uint16_t selector;
	uint16_t attributes;
	uint32_t limit;
	uint64_t base;
};

struct vmcb {
	/* The control area. */
	uint32_t intercept_control_registers;
	uint32_t intercept_debug_registers;
	uint32_t intercept_exceptions;
	uint32_t intercept_1;
	uint32_t intercept_2;
	uint8_t unused_014[0x040 - 0x014];
	uint64_t iopm;
	uint64_t msrpm;
	uint64_t tsc_offset;
	uint32_t asid;
	uint8_t tlb_control;
	uint8_t unused_05d[3];
	uint64_t virtual_interrupt;
	uint8_t unused_068[8];
	uint64_t exit_code;
	uint64_t exit_info_1;
	uint64_t exit_info_2;
	uint64_t exit_int_info;
	uint64_t nested_control;
	uint8_t unused_098[0x0b0 - 0x098];
	uint64_t nested_cr3;
	uint8_t unused_0b8[0x0c8 - 0x0b8];
	uint64_t next_rip;
	uint8_t unused_0d0[0x400 - 0x0d0];

	/* The state-save area. */
	struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	uint8_t unused_4a0[0x4cb - 0x4a0];
	uint8_t cpl;
	uint8_t unused_4cc[4];
	uint64_t efer;
	uint8_t unused_4d8[0x548 - 0x4d8];
	uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;
	uint8_t unused_580[0x5d8 - 0x580];
	uint64_t rsp;
	uint8_t unused_5e0[0x5f8 - 0x5e0];
	uint64_t rax;
	uint8_t unused_600[0x640 - 0x600];
	uint64_t cr2;
	uint8_t unused_648[0x668 - 0x648];
	uint64_t pat;
	uint8_t unused_670[0x1000 - 0x670];
};

_Static_assert(offsetof(struct vmcb, iopm) == 0x040 && offsetof(struct vmcb, asid) == 0x058 &&
		       offsetof(struct vmcb, virtual_interrupt) == 0x060 &&
		       offsetof(struct vmcb, exit_code) == 0x070 &&
		       offsetof(struct vmcb, nested_control) == 0x090 &&
		       offsetof(struct vmcb, nested_cr3) == 0x0b0 &&
		       offsetof(struct vmcb, next_rip) == 0x0c8 &&
		       offsetof(struct vmcb, es) == 0x400 && offsetof(struct vmcb, tr) == 0x490 &&
		       offsetof(struct vmcb, cpl) == 0x4cb &&
		       offsetof(struct vmcb, efer) == 0x4d0 &&
		       offsetof(struct vmcb, cr4) == 0x548 && offsetof(struct vmcb, rip) == 0x578 &&
		       offsetof(struct vmcb, rsp) == 0x5d8 && offsetof(struct vmcb, rax) == 0x5f8 &&
		       offsetof(struct vmcb, cr2) == 0x640 && offsetof(struct vmcb, pat) == 0x668 &&
		       sizeof(struct vmcb) == 4096,
	       "as in the tables");

enum {
	INTERCEPT_1_CPUID = 1 << 18,
	INTERCEPT_1_HLT = 1 << 24,
	INTERCEPT_1_PORTS = 1 << 27,
	INTERCEPT_1_MSRS = 1 << 28,
};

#define INTERCEPT_1_SHUTDOWN 0x80000000u

enum {
	INTERCEPT_2_VMRUN = 1 << 0, /* must be set: section 15.5.1 */
	INTERCEPT_2_VMMCALL = 1 << 1,
	INTERCEPT_2_VMLOAD = 1 << 2,
	INTERCEPT_2_VMSAVE = 1 << 3,
	INTERCEPT_2_STGI = 1 << 4,
	INTERCEPT_2_CLGI = 1 << 5,
	INTERCEPT_2_SKINIT = 1 << 6,
};

/* Section 15.16.2 "TLB control". */
enum {
	TLB_CONTROL_NOTHING = 0,
	TLB_CONTROL_ALL = 1,
	TLB_CONTROL_GUEST = 3, /* where CPUID has FlushByAsid */
};

#define NESTED_CONTROL_ENABLE       (1u << 0) /* section 15.25.3 "Enabling nested paging" */
#define NESTED_CONTROL_EXECUTE_TRAP (1u << 3) /* section 15.25.13 */

enum {
	EXIT_EXCEPTION = 0x40, /* + the vector */
	EXIT_PAGE_FAULT = 0x4e,
	EXIT_CPUID = 0x72,
	EXIT_HLT = 0x78,
	EXIT_PORT = 0x7b,
	EXIT_MSR = 0x7c,
	EXIT_SHUTDOWN = 0x7f,
	EXIT_VMMCALL = 0x81,
	EXIT_NESTED_PAGE_FAULT = 0x400,
};

#endif
