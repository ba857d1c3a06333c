// SPDX-License-Identifier: MPL-2.0
/*
 * Has a guest of its own, by AMD's SVM, with nested paging, and looks whether all is as both of
 * them have left it: so it can be saved, restored, put back and cloned while the inner guest runs,
 * or does not.
 *
 * Words: none.
 * Input, which the inner guest reads: c  looks at the processor and at memory
 *                                     w  writes to memory
 *                                     m  asks for the mark
 *                                     p  has an interrupt pending for itself
 *                                     q  lets it in
 *                                     t  has the outer guest change the nested page tables
 *                                     o  leaves to the outer guest
 *                                     .  ends
 *        and the outer one:           c  m  p  q  .  the same
 *                                     x  turns SVM off
 *                                     i  goes on with the inner guest
 * Prints: a line for each.
 * Status: 0; 1 if it ever found something wrong; 77 if the processor can't have guests.
 */
#include "guest/lib/guest.h"
#include "guest/lib/machine.h"
#include "guest/lib/ports.h"
#include "guest/mmu/npt/enter.h"
#include "guest/mmu/x86/cpu.h"
#include "guest/nested/nested.h"

#define STATUS_SKIPPED 77u

/* Volume 3, appendix E. */
#define EXTENDED_ECX_SVM      (1u << 2)
#define SVM_EDX_NESTED_PAGING (1u << 0)

/* Section 15.30 "SVM related MSRs". */
#define MSR_VM_CR         0xc0010114u
#define VM_CR_SVM_DISABLE (1u << 4)
#define MSR_VM_HSAVE_PA   0xc0010117u

/* Sections 3.1.1, 3.1.3 and 3.1.7. */
#define CR0_WP    (1u << 16)
#define CR4_TSD   (1u << 2)
#define EFER_SCE  (1u << 0)
#define EFER_SVME (1u << 12)

/* Section 13.1.1: what debug registers hold when nothing is set. */
#define DR6 0xffff0ff0u
#define DR7 0x400u

#define VMMCALL_BYTES 3u

unsigned wrong;

static PAGE_ALIGNED struct vmcb vmcb, host;
static PAGE_ALIGNED uint8_t host_save[4096], inner_stack[8192];
static PAGE_ALIGNED uint64_t inner_root[512];
static struct svm_registers registers;

void expect(const char *what, uint64_t found, uint64_t wanted)
{
	if (found == wanted)
		return;
	print("%s: 0x%lx, not 0x%lx\n", what, (unsigned long)found, (unsigned long)wanted);
	wrong = 1;
}

/* NULL: it can have guests. */
static const char *lacking(void)
{
	if (!(cpuid(0x80000001, 0).ecx & EXTENDED_ECX_SVM))
		return "the processor has no SVM";
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

/* The inner guest's own paging is the outer one's, from another root. Section 15.5.1. */
static void make_inner(void)
{
	__builtin_memcpy(inner_root, (const void *)(uintptr_t)cr3_read(), sizeof(inner_root));
	vmcb.intercept_2 = INTERCEPT_2_VMRUN | INTERCEPT_2_VMMCALL;
	vmcb.asid = 1; /* 0 is the outer one's: section 15.16 */
	vmcb.tlb_control = TLB_CONTROL_ALL;
	vmcb.nested_control = NESTED_CONTROL_ENABLE;
	vmcb.nested_cr3 = stage_make();
	vmcb.efer = msr_read(MSR_EFER) ^ EFER_SCE;
	vmcb.cr0 = cr0_read() ^ CR0_WP;
	vmcb.cr3 = (uintptr_t)inner_root;
	vmcb.cr4 = cr4_read() ^ CR4_TSD;
	vmcb.dr6 = DR6;
	vmcb.dr7 = DR7;
	vmcb.rip = (uintptr_t)inner_main;
	vmcb.rsp = (uintptr_t)inner_stack + sizeof(inner_stack) - 8;
	interrupts_make(&vmcb);
}

/* Until it asks for something: for what? */
static enum request run_inner(void)
{
	interrupts_enter(&vmcb);
	svm_enter(&vmcb, &registers, &host);
	processor_check(OUTER);
	expect("exit code", vmcb.exit_code, EXIT_VMMCALL);
	expect("MSR_VM_HSAVE_PA", msr_read(MSR_VM_HSAVE_PA), (uintptr_t)host_save);
	vmcb.rip += VMMCALL_BYTES;
	return (enum request)vmcb.rax;
}

static void obey(uint8_t order)
{
	switch (order) {
	case 'c':
		processor_check(OUTER);
		print(wrong ? "wrong, outside\n" : "right, outside\n");
		break;
	case 'm':
		out8(MARK_PORT, 1);
		print("marked, outside\n");
		break;
	case 'p':
		interrupt_send(OUTER);
		print("pending, outside\n");
		break;
	case 'q':
		interrupt_take(OUTER);
		print("interrupted, outside\n");
		break;
	case 'x':
		msr_write(MSR_EFER, msr_read(MSR_EFER) & ~(uint64_t)EFER_SVME);
		print("off\n");
		break;
	default:
		print("?\n");
	}
}

static void leave_inner(void)
{
	uint8_t order;

	print("outside\n");
	while ((order = serial_receive()) != 'i')
		if (order == '.')
			finish(wrong);
		else
			obey(order);
	turn_on();
	print("inside\n");
}

static void grant(enum request request)
{
	switch (request) {
	case REQUEST_LEAVE:
		leave_inner();
		break;
	case REQUEST_TURN:
		stage_turn();
		print("turned\n");
		break;
	case REQUEST_INTERRUPT:
		interrupt_send(INNER);
		print("pending, inside\n");
	}
}

unsigned guest_main(void)
{
	const char *why = lacking();

	if (why) {
		print("skipped: %s\n", why);
		return STATUS_SKIPPED;
	}
	turn_on();
	make_inner();
	processor_set(OUTER);
	processor_note(OUTER);
	for (;;)
		grant(run_inner());
}
