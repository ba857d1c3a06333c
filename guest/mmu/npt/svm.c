// SPDX-License-Identifier: MPL-2.0
/* SVM. Source: AMD APM volume 2, chapter 15 "Secure virtual machine". */
#include "guest/mmu/npt/svm.h"

#include "guest/mmu/x86/cpu.h"
#include "guest/mmu/x86/x86.h"

/* Section 15.30 "SVM related MSRs", 3.1.7 "Extended feature enable register". */
#define MSR_VM_CR         0xc0010114
#define VM_CR_SVM_DISABLE (1u << 4)
#define MSR_VM_HSAVE_PA   0xc0010117
#define EFER_SVME         (1u << 12)

/* Volume 3, appendix E. */
#define EXTENDED_ECX_SVM      (1u << 2)
#define SVM_EDX_NESTED_PAGING (1u << 0)
#define SVM_EDX_FLUSH_BY_ASID (1u << 6)

/* The PAT after power-on (section 7.8.2): the guest's own. */
#define PAT_AT_POWER_ON 0x0007040600070406u

/* Sections 15.10.1 and 15.11: a bit for each port, two for each MSR. */
#define PORT_MAP_BYTES 0x3000
#define MSR_MAP_BYTES  0x2000

#define PAGE_ALIGNED __attribute__((aligned(4096)))

static PAGE_ALIGNED uint8_t port_map[PORT_MAP_BYTES], msr_map[MSR_MAP_BYTES];
static PAGE_ALIGNED uint8_t host_save[4096];
static PAGE_ALIGNED struct vmcb host;

const char *svm_begin(void)
{
	if (!(cpuid(0x80000001, 0).ecx & EXTENDED_ECX_SVM))
		return "the processor has no SVM";
	if (msr_read(MSR_VM_CR) & VM_CR_SVM_DISABLE)
		return "the firmware has disabled SVM";
	if (!(cpuid(0x8000000a, 0).edx & SVM_EDX_NESTED_PAGING))
		return "the processor has no nested paging";
	msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SVME);
	msr_write(MSR_VM_HSAVE_PA, (uintptr_t)host_save);
	msr_write(MSR_PAT, MZ_PAT_VALUE);
	__builtin_memset(port_map, 0xff, sizeof(port_map));
	__builtin_memset(msr_map, 0xff, sizeof(msr_map));
	return NULL;
}

struct mz_npt_hardware svm_hardware(void)
{
	return (struct mz_npt_hardware) {
		.features_edx = cpuid(1, 0).edx,
		.structured_ecx = cpuid(7, 0).ecx,
		.extended_edx = cpuid(0x80000001, 0).edx,
		.address_sizes_eax = cpuid(0x80000008, 0).eax,
		.svm_edx = cpuid(0x8000000a, 0).edx,
	};
}

void svm_guest_make(struct vmcb *vmcb)
{
	*vmcb = (struct vmcb) {
		.intercept_exceptions = UINT32_MAX,
		.intercept_1 = INTERCEPT_1_CPUID | INTERCEPT_1_HLT | INTERCEPT_1_PORTS |
			INTERCEPT_1_MSRS | INTERCEPT_1_SHUTDOWN,
		.intercept_2 = INTERCEPT_2_VMRUN | INTERCEPT_2_VMMCALL | INTERCEPT_2_VMLOAD |
			INTERCEPT_2_VMSAVE | INTERCEPT_2_STGI | INTERCEPT_2_CLGI |
			INTERCEPT_2_SKINIT,
		.iopm = (uintptr_t)port_map,
		.msrpm = (uintptr_t)msr_map,
		.asid = 1, /* 0 is the host's: section 15.16 */
		.nested_control = NESTED_CONTROL_ENABLE,
		.tr = {X86_GUEST_TASK, X86_GUEST_TASK_BITS, X86_TASK_BYTES - 1, 0},
		.efer = X86_GUEST_EFER | EFER_SVME, /* section 15.5.1 demands it */
		.cr4 = X86_GUEST_CR4,
		.cr0 = X86_GUEST_CR0,
		.dr7 = 0x400, /* the bits that are always set: sections 13.1.1.2, 3.1.6 */
		.dr6 = 0xffff0ff0,
		.rflags = 2,
		.pat = PAT_AT_POWER_ON,
	};
	svm_guest_level(vmcb, 0);
	svm_guest_flush(vmcb);
}

void svm_guest_level(struct vmcb *vmcb, unsigned level)
{
	struct vmcb_segment data = {
		level == 0 ? X86_GUEST_DATA : X86_GUEST_USER_DATA,
		(uint16_t)X86_GUEST_DATA_BITS(level),
		UINT32_MAX,
		0,
	};

	vmcb->cs = (struct vmcb_segment) {
		level == 0 ? X86_GUEST_CODE : X86_GUEST_USER_CODE,
		(uint16_t)X86_GUEST_CODE_BITS(level),
		UINT32_MAX,
		0,
	};
	vmcb->ss = vmcb->ds = vmcb->es = data;
	vmcb->cpl = (uint8_t)level;
}

void svm_guest_use(struct vmcb *vmcb, const struct mz_table *table)
{
	vmcb->nested_cr3 = mz_table_root_register(table);
	svm_guest_flush(vmcb);
}

void svm_guest_flush(struct vmcb *vmcb)
{
	vmcb->tlb_control = cpuid(0x8000000a, 0).edx & SVM_EDX_FLUSH_BY_ASID ? TLB_CONTROL_GUEST
									     : TLB_CONTROL_ALL;
}

void svm_allow_port(uint16_t port)
{
	port_map[port / 8] &= (uint8_t) ~(1u << port % 8);
}

void svm_guest_run(struct vmcb *vmcb, struct svm_registers *registers)
{
	svm_enter(vmcb, registers, &host);
	vmcb->tlb_control = TLB_CONTROL_NOTHING;
}
