// SPDX-License-Identifier: MPL-2.0
/*
 * Guests by Intel's VMX, with extended page tables. Sections are those of the Intel SDM, volume 3C,
 * in the edition of September 2023.
 */
#include "guest/lib/guest.h"
#include "guest/mmu/ept/cpu.h"
#include "guest/mmu/ept/enter.h"
#include "guest/mmu/ept/vmcs.h"
#include "guest/nested/nested.h"

#define MSR_LSTAR   0xc0000082u
#define MSR_FS_BASE 0xc0000100u

/* Section 25.4.1, table 25-2: 64-bit code, data, a busy task, each present and of level 0. */
#define RIGHTS_CODE 0xa09bu
#define RIGHTS_DATA 0xc093u
#define RIGHTS_TASK 0x008bu

/* A task segment is never looked into, but there must be one: sections 27.2.3 and 27.3.1.2. */
#define TASK       0x38u
#define TASK_LIMIT 0x67u

#define DR7 0x400u /* volume 3B, section 18.2.4: the bit that is always set */

/* Section 25.6.11: write-back, 4 levels. */
#define EPT_POINTER_BITS (6u | 3u << 3)

#define TASK_PRIORITY 0x80u /* section 30.1.1: in the virtual-APIC page */

#define OUTER_PRIORITY 9u /* that of its interrupt, which exits otherwise: section 26.2 */

#define PROCESSOR_CONTROLS (PROCESSOR_TPR_SHADOW | PROCESSOR_MSR_BITMAPS | PROCESSOR_SECONDARY)

/* Section 25.7.2. */
struct msr {
	uint64_t index, value;
};

static PAGE_ALIGNED uint32_t vmxon_region[1024], vmcs[1024];
static PAGE_ALIGNED uint8_t msr_bitmaps[4096]; /* no access to an MSR exits */
static PAGE_ALIGNED uint8_t virtual_apic[4096];
static __attribute__((aligned(16))) struct msr inner_lstar, outer_lstar;
static struct vmx_registers registers;
static bool launched;

static uint64_t get(uint32_t field)
{
	uint64_t value = 0;

	expect("VMREAD", vmread(field, &value), true);
	return value;
}

static void set(uint32_t field, uint64_t value)
{
	expect("VMWRITE", vmwrite(field, value), true);
}

/* ---- The processor -------------------------------------------------------------------------- */

static const char *lacking(void)
{
	uint64_t feature = msr_read(MSR_FEATURE_CONTROL);

	if ((feature & FEATURE_LOCKED) && !(feature & FEATURE_VMX))
		return "the firmware has disabled VMX";
	if (!(vmx_true_controls(MSR_PROCESSOR, PROCESSOR_SECONDARY) & PROCESSOR_SECONDARY) ||
	    !(vmx_controls(MSR_SECONDARY, SECONDARY_EPT) & SECONDARY_EPT))
		return "the processor has no EPT";
	return NULL;
}

/* Sections 24.7 "Enabling and entering VMX operation" and 25.11.3 "Initializing a VMCS". */
static void turn_on(void)
{
	if (cr4_read() & CR4_VMXE)
		return;
	if (!(msr_read(MSR_FEATURE_CONTROL) & FEATURE_LOCKED))
		msr_write(MSR_FEATURE_CONTROL, FEATURE_LOCKED | FEATURE_VMX);
	cr0_write(cr0_read() | msr_read(MSR_CR0_FIXED_0));
	cr4_write(cr4_read() | msr_read(MSR_CR4_FIXED_0));
	vmxon_region[0] = vmcs[0] = (uint32_t)msr_read(MSR_VMX_BASIC);
	launched = false;
	expect("VMXON", vmxon((uintptr_t)vmxon_region), true);
	expect("VMCLEAR", vmclear((uintptr_t)vmcs), true);
	expect("VMPTRLD", vmptrld((uintptr_t)vmcs), true);
}

/* VMCLEAR writes to memory what the processor keeps of a VMCS: section 25.11.1. */
static void turn_off(void)
{
	expect("VMCLEAR", vmclear((uintptr_t)vmcs), true);
	expect("VMXOFF", vmxoff(), true);
	cr4_write(cr4_read() & ~(uint64_t)CR4_VMXE);
}

/* ---- The VMCS ------------------------------------------------------------------------------- */

/* Section 28.5 "Loading host state". */
static void set_outer(const struct beginning *inner)
{
	set(VMCS_HOST_SELECTOR(VMCS_CS), inner->code);
	set(VMCS_HOST_SELECTOR(VMCS_SS), inner->data);
	set(VMCS_HOST_SELECTOR(VMCS_DS), inner->data);
	set(VMCS_HOST_SELECTOR(VMCS_ES), inner->data);
	set(VMCS_HOST_SELECTOR_TASK, TASK);
	set(VMCS_HOST_EFER, msr_read(MSR_EFER));
	set(VMCS_HOST_CR0, cr0_read());
	set(VMCS_HOST_CR3, cr3_read());
	set(VMCS_HOST_CR4, cr4_read());
	set(VMCS_HOST_FS_BASE, msr_read(MSR_FS_BASE));
	set(VMCS_HOST_GDTR_BASE, inner->gdt.base);
	set(VMCS_HOST_IDTR_BASE, inner->idt.base);
	set(VMCS_HOST_RIP, (uintptr_t)vmx_exit);
}

static void set_segment(unsigned s, uint16_t selector, uint32_t limit, uint32_t rights)
{
	set(VMCS_GUEST_SELECTOR(s), selector);
	set(VMCS_GUEST_BASE(s), 0);
	set(VMCS_GUEST_LIMIT(s), limit);
	set(VMCS_GUEST_RIGHTS(s), rights);
}

static void set_segments(const struct beginning *inner)
{
	for (unsigned s = VMCS_ES; s <= VMCS_GS; s++)
		set_segment(s, inner->data, UINT32_MAX, RIGHTS_DATA);
	set_segment(VMCS_CS, inner->code, UINT32_MAX, RIGHTS_CODE);
	set_segment(VMCS_LDTR, 0, 0, RIGHTS_UNUSABLE);
	set_segment(VMCS_TR, TASK, TASK_LIMIT, RIGHTS_TASK);
	set(VMCS_GUEST_GDTR_BASE, inner->gdt.base);
	set(VMCS_GUEST_GDTR_LIMIT, inner->gdt.limit);
	set(VMCS_GUEST_IDTR_BASE, inner->idt.base);
	set(VMCS_GUEST_IDTR_LIMIT, inner->idt.limit);
}

static void set_inner(const struct beginning *inner)
{
	set_segments(inner);
	set(VMCS_LINK_POINTER, UINT64_MAX); /* section 25.4.2: there is no shadow VMCS */
	set(VMCS_GUEST_EFER, inner->efer);
	set(VMCS_GUEST_CR0, inner->cr0);
	set(VMCS_GUEST_CR3, inner->cr3);
	set(VMCS_GUEST_CR4, inner->cr4);
	set(VMCS_GUEST_DR7, DR7);
	set(VMCS_GUEST_RFLAGS, inner->rflags);
	set(VMCS_GUEST_RIP, inner->rip);
	set(VMCS_GUEST_RSP, inner->rsp);
}

/* For LSTAR, which VMX leaves alone otherwise. */
static void set_msrs(void)
{
	inner_lstar = outer_lstar = (struct msr) {MSR_LSTAR, msr_read(MSR_LSTAR)};
	set(VMCS_ENTRY_MSRS, (uintptr_t)&inner_lstar);
	set(VMCS_EXIT_STORED_MSRS, (uintptr_t)&inner_lstar);
	set(VMCS_EXIT_LOADED_MSRS, (uintptr_t)&outer_lstar);
	set(VMCS_ENTRY_MSR_LOADS, 1);
	set(VMCS_EXIT_MSR_STORES, 1);
	set(VMCS_EXIT_MSR_LOADS, 1);
}

static void set_controls(const struct beginning *inner)
{
	set(VMCS_PIN_CONTROLS, vmx_true_controls(MSR_PIN, PIN_INTERRUPTS_EXIT));
	set(VMCS_SECONDARY_CONTROLS, vmx_controls(MSR_SECONDARY, SECONDARY_EPT));
	set(VMCS_EXIT_CONTROLS,
	    vmx_true_controls(MSR_EXIT, EXIT_SAVE_DEBUG | EXIT_HOST_64 | EXIT_LOAD_EFER));
	set(VMCS_ENTRY_CONTROLS,
	    vmx_true_controls(MSR_ENTRY, ENTRY_LOAD_DEBUG | ENTRY_GUEST_64 | ENTRY_LOAD_EFER));
	set(VMCS_EPT_POINTER, inner->stage | EPT_POINTER_BITS);
	set(VMCS_MSR_BITMAPS, (uintptr_t)msr_bitmaps);
	set(VMCS_VIRTUAL_APIC, (uintptr_t)virtual_apic);
	virtual_apic[TASK_PRIORITY] = INNER_PRIORITY << 4;
	set_msrs();
}

static void make(const struct beginning *inner)
{
	static const uint16_t zeros[] = {
		VMCS_HOST_SELECTOR(VMCS_FS),
		VMCS_HOST_SELECTOR(VMCS_GS),
		VMCS_GUEST_DEBUGCTL,
		VMCS_EXCEPTION_BITMAP,
		VMCS_FAULT_CODE_MASK,
		VMCS_FAULT_CODE_MATCH,
		VMCS_CR3_TARGET_COUNT,
		VMCS_ENTRY_INTERRUPTION,
		VMCS_TPR_THRESHOLD,
		VMCS_INTERRUPTIBILITY,
		VMCS_ACTIVITY,
		VMCS_GUEST_SYSENTER_CS,
		VMCS_HOST_SYSENTER_CS,
		VMCS_CR0_MASK,
		VMCS_CR4_MASK,
		VMCS_PENDING_DEBUG,
		VMCS_GUEST_SYSENTER_ESP,
		VMCS_GUEST_SYSENTER_EIP,
		VMCS_HOST_GS_BASE,
		VMCS_HOST_TASK_BASE,
		VMCS_HOST_SYSENTER_ESP,
		VMCS_HOST_SYSENTER_EIP,
	};

	for (unsigned i = 0; i < sizeof(zeros) / sizeof(zeros[0]); i++)
		set(zeros[i], 0);
	set_outer(inner);
	set_inner(inner);
	set_controls(inner);
}

/* ---- The inner guest ------------------------------------------------------------------------ */

/* Its interrupt is injected as soon as it lets interrupts in: sections 25.6.2 and 25.8.3. */
static void await_window(bool await)
{
	set(VMCS_PROCESSOR_CONTROLS,
	    vmx_true_controls(MSR_PROCESSOR,
			      PROCESSOR_CONTROLS | (await ? PROCESSOR_WINDOW_EXITS : 0)));
}

static void inject(void)
{
	await_window(false);
	set(VMCS_ENTRY_INTERRUPTION, INTERRUPTION_VALID | VECTOR_INNER);
}

/* Why has it exited? */
static uint64_t enter(void)
{
	uint32_t failed = vmx_enter(&registers, launched);

	launched = true;
	if (failed)
		expect("VM-instruction error", get(VMCS_INSTRUCTION_ERROR), 0);
	return get(VMCS_EXIT_REASON);
}

static enum request run(bool interrupt)
{
	uint64_t reason;

	await_window(interrupt);
	while ((reason = enter()) == REASON_WINDOW)
		inject();
	expect("exit reason", reason, REASON_VMCALL);
	expect("the current VMCS", vmptrst(), (uintptr_t)vmcs);
	set(VMCS_GUEST_RIP, get(VMCS_GUEST_RIP) + get(VMCS_EXIT_BYTES));
	return (enum request)registers.rax;
}

static void flush(void)
{
	expect("INVEPT", invept(INVALIDATE_SINGLE, get(VMCS_EPT_POINTER)), true);
}

static void ask(enum request request)
{
	uint64_t rax = request;

	__asm__ volatile("vmcall" : "+a"(rax) : : "memory");
}

const struct extension vmx = {
	.link = 0x007,       /* section 29.3.2: readable, writable, executable */
	.leaf = 0x037,       /* write-back, too */
	.large_leaf = 0x0b7, /* and large */
	.outer_priority = OUTER_PRIORITY,
	.lacking = lacking,
	.turn_on = turn_on,
	.turn_off = turn_off,
	.make = make,
	.run = run,
	.flush = flush,
	.ask = ask,
};
