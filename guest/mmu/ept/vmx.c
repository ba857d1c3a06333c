// SPDX-License-Identifier: MPL-2.0
#include "guest/mmu/ept/vmx.h"

#include "guest/mmu/ept/cpu.h"
#include "guest/mmu/ept/enter.h"

#define BIT(n) ((uint64_t)1 << (n))

/* IA32_VMX_EPT_VPID_CAP; appendix A.10. */
#define CAP_INVEPT         BIT(20)
#define CAP_INVEPT_SINGLE  BIT(25)
#define CAP_INVEPT_ALL     BIT(26)
#define CAP_INVVPID        BIT(32)
#define CAP_INVVPID_SINGLE BIT(41)

#define GUEST_VPID 1 /* 0 is the host's: section 29.1 */

#define PAGE_ALIGNED __attribute__((aligned(4096)))

static PAGE_ALIGNED uint32_t vmxon_region[1024], guest_region[1024];
static uint64_t capabilities;
static uint32_t secondary_always; /* of the secondary controls */
static uint64_t ept_pointer_in_use;
static bool launched;

uint64_t vmx_read(uint32_t field)
{
	uint64_t value;

	if (!vmread(field, &value))
		x86_give_up("VMREAD failed");
	return value;
}

void vmx_write(uint32_t field, uint64_t value)
{
	if (!vmwrite(field, value))
		x86_give_up("VMWRITE failed");
}

/* ---- The host ------------------------------------------------------------------------------- */

static uint64_t cr0_fixed(uint64_t value)
{
	return (value | msr_read(MSR_CR0_FIXED_0)) & msr_read(MSR_CR0_FIXED_1);
}

static uint64_t cr4_fixed(uint64_t value)
{
	return (value | msr_read(MSR_CR4_FIXED_0)) & msr_read(MSR_CR4_FIXED_1);
}

/* Section 24.7 "Enabling and entering VMX operation". */
static const char *enable(void)
{
	uint64_t feature;

	if (!(cpuid(1, 0).ecx & CPUID_ECX_VMX))
		return "the processor has no VMX";
	feature = msr_read(MSR_FEATURE_CONTROL);
	if (!(feature & FEATURE_LOCKED))
		msr_write(MSR_FEATURE_CONTROL, feature | FEATURE_LOCKED | FEATURE_VMX);
	else if (!(feature & FEATURE_VMX))
		return "the firmware has disabled VMX";
	cr0_write(cr0_fixed(cr0_read()));
	cr4_write(cr4_fixed(cr4_read() | CR4_VMXE));
	vmxon_region[0] = (uint32_t)msr_read(MSR_VMX_BASIC);
	return vmxon((uintptr_t)vmxon_region) ? NULL : "VMXON failed";
}

bool vmx_can(uint32_t secondary)
{
	return (vmx_true_controls(MSR_PROCESSOR, PROCESSOR_SECONDARY) & PROCESSOR_SECONDARY) != 0 &&
		(vmx_controls(MSR_SECONDARY, secondary) & secondary) == secondary;
}

struct mz_ept_hardware vmx_hardware(void)
{
	struct mz_ept_hardware hardware = {
		.ept_vpid_cap = capabilities,
		.procbased_ctls2 = msr_read(MSR_SECONDARY),
		.address_sizes = cpuid(0x80000008, 0).eax,
	};

	return hardware;
}

/* The descriptor-table registers, and what they lead to: sections 3.5.1 and 8.2.3 of volume 3A. */
struct __attribute__((packed)) table_register {
	uint16_t last;
	uint64_t base;
};

static uint64_t task_base(uint64_t gdt)
{
	const uint64_t *descriptor = (const uint64_t *)(uintptr_t)(gdt + X86_TASK);

	return (descriptor[0] >> 16 & 0xffffff) | (descriptor[0] >> 56) << 24 | descriptor[1] << 32;
}

/* Section 28.5 "Loading host state". */
static void write_host(void)
{
	struct table_register gdt, idt;

	__asm__ volatile("sgdt %0" : "=m"(gdt));
	__asm__ volatile("sidt %0" : "=m"(idt));
	for (unsigned s = VMCS_ES; s <= VMCS_GS; s++)
		vmx_write(VMCS_HOST_SELECTOR(s),
			  s == VMCS_CS           ? X86_CODE
				  : s >= VMCS_FS ? 0
						 : X86_DATA);
	vmx_write(VMCS_HOST_SELECTOR_TASK, X86_TASK);
	vmx_write(VMCS_HOST_EFER, msr_read(MSR_EFER));
	vmx_write(VMCS_HOST_SYSENTER_CS, 0);
	vmx_write(VMCS_HOST_CR0, cr0_read());
	vmx_write(VMCS_HOST_CR3, cr3_read());
	vmx_write(VMCS_HOST_CR4, cr4_read());
	vmx_write(VMCS_HOST_FS_BASE, 0);
	vmx_write(VMCS_HOST_GS_BASE, 0);
	vmx_write(VMCS_HOST_TASK_BASE, task_base(gdt.base));
	vmx_write(VMCS_HOST_GDTR_BASE, gdt.base);
	vmx_write(VMCS_HOST_IDTR_BASE, idt.base);
	vmx_write(VMCS_HOST_SYSENTER_ESP, 0);
	vmx_write(VMCS_HOST_SYSENTER_EIP, 0);
	vmx_write(VMCS_HOST_RIP, (uintptr_t)vmx_exit);
}

/* ---- The guest ------------------------------------------------------------------------------ */

/* The 12 bits of a descriptor as section 25.4.1 has them: four unused ones are in between. */
static uint32_t rights(uint32_t bits)
{
	return (bits & 0xff) | (bits & 0xf00) << 4;
}

static void write_segment(unsigned s, uint16_t selector, uint32_t limit, uint32_t bits)
{
	vmx_write(VMCS_GUEST_SELECTOR(s), selector);
	vmx_write(VMCS_GUEST_BASE(s), 0);
	vmx_write(VMCS_GUEST_LIMIT(s), limit);
	vmx_write(VMCS_GUEST_RIGHTS(s), bits);
}

void vmx_guest_level(unsigned level)
{
	static unsigned last = ~0u;
	uint16_t code = level == 0 ? X86_GUEST_CODE : X86_GUEST_USER_CODE;
	uint16_t data = level == 0 ? X86_GUEST_DATA : X86_GUEST_USER_DATA;

	if (level == last)
		return;
	last = level;
	for (unsigned s = VMCS_ES; s <= VMCS_DS; s++)
		write_segment(s, data, UINT32_MAX, rights(X86_GUEST_DATA_BITS(level)));
	write_segment(VMCS_CS, code, UINT32_MAX, rights(X86_GUEST_CODE_BITS(level)));
}

static void write_guest_segments(void)
{
	vmx_guest_level(0);
	write_segment(VMCS_FS, 0, 0, RIGHTS_UNUSABLE);
	write_segment(VMCS_GS, 0, 0, RIGHTS_UNUSABLE);
	write_segment(VMCS_LDTR, 0, 0, RIGHTS_UNUSABLE);
	write_segment(VMCS_TR, X86_GUEST_TASK, X86_TASK_BYTES - 1, rights(X86_GUEST_TASK_BITS));
	vmx_write(VMCS_GUEST_GDTR_BASE, 0);
	vmx_write(VMCS_GUEST_GDTR_LIMIT, 0);
	vmx_write(VMCS_GUEST_IDTR_BASE, 0);
	vmx_write(VMCS_GUEST_IDTR_LIMIT, 0);
}

static void write_guest(void)
{
	write_guest_segments();
	vmx_write(VMCS_LINK_POINTER, UINT64_MAX);
	vmx_write(VMCS_GUEST_DEBUGCTL, 0);
	vmx_write(VMCS_GUEST_EFER, X86_GUEST_EFER);
	vmx_write(VMCS_INTERRUPTIBILITY, 0);
	vmx_write(VMCS_ACTIVITY, 0);
	vmx_write(VMCS_GUEST_SYSENTER_CS, 0);
	vmx_write(VMCS_GUEST_SYSENTER_ESP, 0);
	vmx_write(VMCS_GUEST_SYSENTER_EIP, 0);
	vmx_write(VMCS_GUEST_CR0, cr0_fixed(X86_GUEST_CR0));
	vmx_write(VMCS_GUEST_CR4, cr4_fixed(X86_GUEST_CR4));
	vmx_write(VMCS_GUEST_DR7, 0x400); /* the bit that is always set: section 18.2.4 */
	vmx_write(VMCS_GUEST_RSP, 0);
	vmx_write(VMCS_GUEST_RFLAGS, 2);
	vmx_write(VMCS_PENDING_DEBUG, 0);
}

/* What the host reads back of the guest's control registers is not its concern: masks are 0. */
static void write_controls(void)
{
	uint32_t processor = PROCESSOR_HLT_EXITS | PROCESSOR_PORTS_EXIT | PROCESSOR_SECONDARY;

	vmx_write(VMCS_PIN_CONTROLS, vmx_true_controls(MSR_PIN, 0));
	vmx_write(VMCS_PROCESSOR_CONTROLS, vmx_true_controls(MSR_PROCESSOR, processor));
	vmx_write(VMCS_SECONDARY_CONTROLS, vmx_controls(MSR_SECONDARY, secondary_always));
	vmx_write(VMCS_EXIT_CONTROLS, vmx_true_controls(MSR_EXIT, EXIT_HOST_64 | EXIT_LOAD_EFER));
	vmx_write(VMCS_ENTRY_CONTROLS,
		  vmx_true_controls(MSR_ENTRY, ENTRY_GUEST_64 | ENTRY_LOAD_EFER));
	vmx_write(VMCS_EXCEPTION_BITMAP, UINT32_MAX);
	vmx_write(VMCS_FAULT_CODE_MASK, 0);
	vmx_write(VMCS_FAULT_CODE_MATCH, 0);
	vmx_write(VMCS_CR3_TARGET_COUNT, 0);
	vmx_write(VMCS_EXIT_MSR_STORES, 0);
	vmx_write(VMCS_EXIT_MSR_LOADS, 0);
	vmx_write(VMCS_ENTRY_MSR_LOADS, 0);
	vmx_write(VMCS_ENTRY_INTERRUPTION, 0);
	vmx_write(VMCS_CR0_MASK, 0);
	vmx_write(VMCS_CR4_MASK, 0);
	vmx_write(VMCS_CR0_SHADOW, 0);
	vmx_write(VMCS_CR4_SHADOW, 0);
	if (secondary_always & SECONDARY_VPID)
		vmx_write(VMCS_VPID, GUEST_VPID);
}

const char *vmx_begin(void)
{
	const char *lacking = enable();

	if (lacking != NULL)
		return lacking;
	if (!vmx_can(SECONDARY_EPT))
		return "the processor has no EPT";
	capabilities = msr_read(MSR_EPT_VPID_CAP);
	if (!(capabilities & CAP_INVEPT) || !(capabilities & (CAP_INVEPT_SINGLE | CAP_INVEPT_ALL)))
		return "the processor has no INVEPT";
	secondary_always = SECONDARY_EPT;
	/* With it, cached translations outlive an exit, and flushes are put to the test. */
	if (vmx_can(SECONDARY_VPID) && (capabilities & CAP_INVVPID) &&
	    (capabilities & CAP_INVVPID_SINGLE))
		secondary_always |= SECONDARY_VPID;
	guest_region[0] = (uint32_t)msr_read(MSR_VMX_BASIC);
	if (!vmclear((uintptr_t)guest_region) || !vmptrld((uintptr_t)guest_region))
		return "VMCLEAR or VMPTRLD failed";
	write_host();
	write_guest();
	write_controls();
	return NULL;
}

void vmx_guest_use(uint64_t ept_pointer, uint64_t cr3, uint32_t secondary)
{
	ept_pointer_in_use = ept_pointer;
	vmx_write(VMCS_EPT_POINTER, ept_pointer);
	vmx_write(VMCS_GUEST_CR3, cr3);
	vmx_write(VMCS_SECONDARY_CONTROLS,
		  vmx_controls(MSR_SECONDARY, secondary_always | secondary));
	vmx_flush();
	vmx_flush_linear();
}

void vmx_flush(void)
{
	if (!invept(capabilities & CAP_INVEPT_SINGLE ? INVALIDATE_SINGLE : INVALIDATE_ALL,
		    ept_pointer_in_use))
		x86_give_up("INVEPT failed");
}

/* Without VPIDs, every entry drops what depends on the guest's tables: section 29.4.3.1. */
void vmx_flush_linear(void)
{
	if ((secondary_always & SECONDARY_VPID) && !invvpid(INVALIDATE_SINGLE, GUEST_VPID))
		x86_give_up("INVVPID failed");
}

bool vmx_guest_run(struct x86_registers *registers)
{
	struct vmx_registers general = {
		.rdi = registers->rdi,
		.rsi = registers->rsi,
		.rdx = registers->rdx,
	};

	vmx_write(VMCS_GUEST_RIP, registers->rip);
	if (vmx_enter(&general, launched) != 0)
		return false;
	launched = true;
	registers->rip = vmx_read(VMCS_GUEST_RIP);
	registers->rsi = general.rsi;
	return true;
}
