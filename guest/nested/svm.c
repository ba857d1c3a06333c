// SPDX-License-Identifier: MPL-2.0
/* Guests by AMD's SVM, with nested paging. */
#include "guest/lib/guest.h"
#include "guest/mmu/npt/enter.h"
#include "guest/mmu/x86/cpu.h"
#include "guest/nested/nested.h"

/* Volume 3, appendix E. */
#define EXTENDED_ECX_SVM      (1u << 2)
#define SVM_EDX_NESTED_PAGING (1u << 0)

/* Section 15.30 "SVM related MSRs". */
#define MSR_VM_CR         0xc0010114u
#define VM_CR_SVM_DISABLE (1u << 4)
#define MSR_VM_HSAVE_PA   0xc0010117u

#define EFER_SVME (1u << 12) /* section 3.1.7 */

/* Section 13.1.1: what debug registers hold when nothing is set. */
#define DR6 0xffff0ff0u
#define DR7 0x400u

/* Section 15.21, and the VMCB's field at 0x060. */
#define VIRTUAL_IRQ      ((uint64_t)1 << 8)
#define VIRTUAL_PRIORITY ((uint64_t)(VECTOR_INNER >> 4) << 16)
#define VIRTUAL_MASKING  ((uint64_t)1 << 24)
#define VIRTUAL_VECTOR   ((uint64_t)VECTOR_INNER << 32)

#define VMMCALL_BYTES 3u

static PAGE_ALIGNED struct vmcb vmcb, host;
static PAGE_ALIGNED uint8_t host_save[4096];
static struct svm_registers registers;

static const char *lacking(void)
{
	if (!(cpuid(0x80000001, 0).ecx & EXTENDED_ECX_SVM))
		return "the processor has neither SVM nor VMX";
	if (msr_read(MSR_VM_CR) & VM_CR_SVM_DISABLE)
		return "the firmware has disabled SVM";
	if (!(cpuid(0x8000000a, 0).edx & SVM_EDX_NESTED_PAGING))
		return "the processor has no nested paging";
	return NULL;
}

static void turn_on(void)
{
	msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SVME);
	msr_write(MSR_VM_HSAVE_PA, (uintptr_t)host_save);
}

static void turn_off(void)
{
	msr_write(MSR_EFER, msr_read(MSR_EFER) & ~(uint64_t)EFER_SVME);
}

static void flush(void)
{
	vmcb.tlb_control = TLB_CONTROL_ALL;
}

/* Section 15.5.1. */
static void make(const struct beginning *inner)
{
	vmcb = (struct vmcb) {
		.intercept_2 = INTERCEPT_2_VMRUN | INTERCEPT_2_VMMCALL,
		.asid = 1, /* 0 is the outer one's: section 15.16 */
		.nested_control = NESTED_CONTROL_ENABLE,
		.nested_cr3 = inner->stage,
		.cs = {inner->code, 0xa9b, UINT32_MAX, 0},
		.ss = {inner->data, 0xc93, UINT32_MAX, 0},
		.gdtr = {.limit = inner->gdt.limit, .base = inner->gdt.base},
		.idtr = {.limit = inner->idt.limit, .base = inner->idt.base},
		.efer = inner->efer,
		.cr0 = inner->cr0,
		.cr3 = inner->cr3,
		.cr4 = inner->cr4,
		.dr6 = DR6,
		.dr7 = DR7,
		.rflags = inner->rflags,
		.rip = inner->rip,
		.rsp = inner->rsp,
	};
	vmcb.ds = vmcb.es = vmcb.ss;
	flush();
}

static enum request run(bool interrupt)
{
	vmcb.virtual_interrupt = VIRTUAL_MASKING | INNER_PRIORITY;
	if (interrupt)
		vmcb.virtual_interrupt |= VIRTUAL_IRQ | VIRTUAL_PRIORITY | VIRTUAL_VECTOR;
	svm_enter(&vmcb, &registers, &host);
	expect("exit code", vmcb.exit_code, EXIT_VMMCALL);
	expect("MSR_VM_HSAVE_PA", msr_read(MSR_VM_HSAVE_PA), (uintptr_t)host_save);
	vmcb.tlb_control = TLB_CONTROL_NOTHING;
	vmcb.rip += VMMCALL_BYTES;
	return (enum request)vmcb.rax;
}

static void ask(enum request request)
{
	uint64_t rax = request;

	__asm__ volatile("vmmcall" : "+a"(rax) : : "memory");
}

const struct extension svm = {
	.link = 0x007, /* section 5.4.1: present, writable; user, as nested walks are: 15.25.5 */
	.leaf = 0x007,
	.large_leaf = 0x087, /* large, too */
	.lacking = lacking,
	.turn_on = turn_on,
	.turn_off = turn_off,
	.make = make,
	.run = run,
	.flush = flush,
	.ask = ask,
};
