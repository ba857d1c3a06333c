// SPDX-License-Identifier: MPL-2.0
/*
 * Has a guest of its own, by AMD's SVM or Intel's VMX, with nested paging, and looks whether all is
 * as both of them have left it: so it can be saved, restored, put back and cloned while the inner
 * guest runs, or does not.
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
 *                                     x  turns SVM or VMX off
 *                                     i  goes on with the inner guest
 * Prints: a line for each.
 * Status: 0; 1 if it ever found something wrong; 77 if the processor can't have guests.
 */
#include "guest/lib/guest.h"
#include "guest/lib/machine.h"
#include "guest/lib/ports.h"
#include "guest/mmu/ept/cpu.h"
#include "guest/nested/nested.h"

#define STATUS_SKIPPED 77u

/* Sections 3.1.1, 3.1.3 and 3.1.7. */
#define CR0_WP   (1u << 16)
#define CR4_TSD  (1u << 2)
#define EFER_SCE (1u << 0)

const struct extension *extension;
unsigned wrong;

static PAGE_ALIGNED uint8_t inner_stack[8192];
static PAGE_ALIGNED uint64_t inner_root[512];

void expect(const char *what, uint64_t found, uint64_t wanted)
{
	if (found == wanted)
		return;
	print("%s: 0x%lx, not 0x%lx\n", what, (unsigned long)found, (unsigned long)wanted);
	wrong = 1;
}

/* The inner guest's own paging is the outer one's, from another root. */
static void make_inner(void)
{
	struct beginning inner = {
		.efer = msr_read(MSR_EFER) ^ EFER_SCE,
		.cr0 = cr0_read() ^ CR0_WP,
		.cr3 = (uintptr_t)inner_root,
		.cr4 = cr4_read() ^ CR4_TSD,
		.rip = (uintptr_t)inner_main,
		.rsp = (uintptr_t)inner_stack + sizeof(inner_stack) - 8,
		.stage = stage_make(),
	};

	__builtin_memcpy(inner_root, (const void *)(uintptr_t)cr3_read(), sizeof(inner_root));
	interrupts_make(&inner);
	extension->make(&inner);
}

/* Until it asks for something: for what? */
static enum request run_inner(void)
{
	enum request request = extension->run(interrupt_pending(INNER));

	processor_check(OUTER);
	return request;
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
		extension->turn_off();
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
	extension->turn_on();
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
	const char *why;

	extension = cpuid(1, 0).ecx & CPUID_ECX_VMX ? &vmx : &svm;
	why = extension->lacking();
	if (why) {
		print("skipped: %s\n", why);
		return STATUS_SKIPPED;
	}
	extension->turn_on();
	processor_set(OUTER);
	make_inner();
	processor_note(OUTER);
	while (!wrong)
		grant(run_inner());
	return wrong;
}
