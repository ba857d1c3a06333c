/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The virtual-machine control structure. Source: Intel SDM volume 3D, appendix B "Field encoding in
 * VMCS", and chapter 25 of volume 3C for the bits of the controls, in the edition of September
 * 2023.
 */
#ifndef GUEST_MMU_EPT_VMCS_H
#define GUEST_MMU_EPT_VMCS_H

/* Segments, in the order in which each table of appendix B has them: one every two. */
#define VMCS_ES   0
#define VMCS_CS   1
#define VMCS_SS   2
#define VMCS_DS   3
#define VMCS_FS   4
#define VMCS_GS   5
#define VMCS_LDTR 6
#define VMCS_TR   7

/* B.1: fields of 16 bits. */
#define VMCS_VPID               0x0000
#define VMCS_EPTP_INDEX         0x0004
#define VMCS_GUEST_SELECTOR(s)  (0x0800 + 2 * (s))
#define VMCS_PML_INDEX          0x0812
#define VMCS_HOST_SELECTOR(s)   (0x0c00 + 2 * (s)) /* of ES to GS */
#define VMCS_HOST_SELECTOR_TASK 0x0c0c

/* B.2: fields of 64 bits. */
#define VMCS_MSR_BITMAPS      0x2004
#define VMCS_EXIT_STORED_MSRS 0x2006 /* and how many there are, each: B.3 */
#define VMCS_EXIT_LOADED_MSRS 0x2008
#define VMCS_ENTRY_MSRS       0x200a
#define VMCS_PML_ADDRESS      0x200e
#define VMCS_VIRTUAL_APIC     0x2012
#define VMCS_EPT_POINTER      0x201a
#define VMCS_VE_INFORMATION   0x202a
#define VMCS_GUEST_PHYSICAL   0x2400
#define VMCS_LINK_POINTER     0x2800
#define VMCS_GUEST_DEBUGCTL   0x2802
#define VMCS_GUEST_EFER       0x2806
#define VMCS_HOST_EFER        0x2c02

/* B.3: fields of 32 bits. */
#define VMCS_PIN_CONTROLS       0x4000
#define VMCS_PROCESSOR_CONTROLS 0x4002
#define VMCS_EXCEPTION_BITMAP   0x4004
#define VMCS_FAULT_CODE_MASK    0x4006
#define VMCS_FAULT_CODE_MATCH   0x4008
#define VMCS_CR3_TARGET_COUNT   0x400a
#define VMCS_EXIT_CONTROLS      0x400c
#define VMCS_EXIT_MSR_STORES    0x400e
#define VMCS_EXIT_MSR_LOADS     0x4010
#define VMCS_ENTRY_CONTROLS     0x4012
#define VMCS_ENTRY_MSR_LOADS    0x4014
#define VMCS_ENTRY_INTERRUPTION 0x4016
#define VMCS_TPR_THRESHOLD      0x401c
#define VMCS_SECONDARY_CONTROLS 0x401e
#define VMCS_INSTRUCTION_ERROR  0x4400
#define VMCS_EXIT_REASON        0x4402
#define VMCS_EXIT_INTERRUPTION  0x4404
#define VMCS_EXIT_BYTES         0x440c /* of the instruction that exited */
#define VMCS_GUEST_LIMIT(s)     (0x4800 + 2 * (s))
#define VMCS_GUEST_GDTR_LIMIT   0x4810
#define VMCS_GUEST_IDTR_LIMIT   0x4812
#define VMCS_GUEST_RIGHTS(s)    (0x4814 + 2 * (s))
#define VMCS_INTERRUPTIBILITY   0x4824
#define VMCS_ACTIVITY           0x4826
#define VMCS_GUEST_SYSENTER_CS  0x482a
#define VMCS_HOST_SYSENTER_CS   0x4c00

/* B.4: fields as wide as an address. */
#define VMCS_CR0_MASK           0x6000
#define VMCS_CR4_MASK           0x6002
#define VMCS_CR0_SHADOW         0x6004
#define VMCS_CR4_SHADOW         0x6006
#define VMCS_EXIT_QUALIFICATION 0x6400
#define VMCS_GUEST_LINEAR       0x640a
#define VMCS_GUEST_CR0          0x6800
#define VMCS_GUEST_CR3          0x6802
#define VMCS_GUEST_CR4          0x6804
#define VMCS_GUEST_BASE(s)      (0x6806 + 2 * (s))
#define VMCS_GUEST_GDTR_BASE    0x6816
#define VMCS_GUEST_IDTR_BASE    0x6818
#define VMCS_GUEST_DR7          0x681a
#define VMCS_GUEST_RSP          0x681c
#define VMCS_GUEST_RIP          0x681e
#define VMCS_GUEST_RFLAGS       0x6820
#define VMCS_PENDING_DEBUG      0x6822
#define VMCS_GUEST_SYSENTER_ESP 0x6824
#define VMCS_GUEST_SYSENTER_EIP 0x6826
#define VMCS_HOST_CR0           0x6c00
#define VMCS_HOST_CR3           0x6c02
#define VMCS_HOST_CR4           0x6c04
#define VMCS_HOST_FS_BASE       0x6c06
#define VMCS_HOST_GS_BASE       0x6c08
#define VMCS_HOST_TASK_BASE     0x6c0a
#define VMCS_HOST_GDTR_BASE     0x6c0c
#define VMCS_HOST_IDTR_BASE     0x6c0e
#define VMCS_HOST_SYSENTER_ESP  0x6c10
#define VMCS_HOST_SYSENTER_EIP  0x6c12
#define VMCS_HOST_RSP           0x6c14
#define VMCS_HOST_RIP           0x6c16

#define PIN_INTERRUPTS_EXIT (1u << 0) /* section 25.6.1 */

/* Section 25.6.2: primary processor-based controls, then secondary ones. */
#define PROCESSOR_WINDOW_EXITS (1u << 2) /* an interrupt can be let in */
#define PROCESSOR_HLT_EXITS    (1u << 7)
#define PROCESSOR_TPR_SHADOW   (1u << 21)
#define PROCESSOR_PORTS_EXIT   (1u << 24)
#define PROCESSOR_MSR_BITMAPS  (1u << 28)
#define PROCESSOR_SECONDARY    (1u << 31)
#define SECONDARY_EPT          (1u << 1)
#define SECONDARY_VPID         (1u << 5)
#define SECONDARY_PML          (1u << 17)
#define SECONDARY_VE           (1u << 18)
#define SECONDARY_MODES        (1u << 22) /* mode-based execute control for EPT */

/* Sections 25.7.1 and 25.8.1. */
#define EXIT_SAVE_DEBUG  (1u << 2)
#define EXIT_HOST_64     (1u << 9)
#define EXIT_LOAD_EFER   (1u << 21)
#define ENTRY_LOAD_DEBUG (1u << 2)
#define ENTRY_GUEST_64   (1u << 9)
#define ENTRY_LOAD_EFER  (1u << 15)

/* Section 25.4.1: a segment that is not usable. */
#define RIGHTS_UNUSABLE (1u << 16)

/* Appendix C "VMX basic exit reasons". */
#define REASON_EXCEPTION         0
#define REASON_WINDOW            7
#define REASON_CPUID             10
#define REASON_VMCALL            18
#define REASON_EPT_VIOLATION     48
#define REASON_EPT_MISCONFIGURED 49
#define REASON_PML_FULL          62

/* Sections 25.8.3 and 25.9.2: the interruption that is injected, and that exited. */
#define INTERRUPTION_VECTOR 0xffu
#define INTERRUPTION_VALID  (1u << 31) /* of type 0: an external interrupt */
#define VECTOR_PAGE_FAULT   14u
#define VECTOR_VE           20u

#endif
