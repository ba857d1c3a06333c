// SPDX-License-Identifier: MPL-2.0
/* What the outer and the inner guest have of a processor, and their interrupts. */
#include "guest/lib/guest.h"
#include "guest/lib/machine.h"
#include "guest/mmu/x86/cpu.h"
#include "guest/nested/nested.h"

#define MSR_FS_BASE 0xc0000100u
#define MSR_LSTAR   0xc0000082u

/* Section 3.1.6 "RFLAGS register". */
#define FLAG_INTERRUPT (1u << 9)
#define FLAG_ID        (1u << 21)

/* Sections 16.3 to 16.5: registers of the local APIC. */
#define APIC_PRIORITY 0xfee00080u
#define APIC_END      0xfee000b0u
#define APIC_SPURIOUS 0xfee000f0u
#define APIC_ON       0x1ffu
#define APIC_COMMAND  0xfee00300u
#define APIC_TO_SELF  0x40000u

#define VECTOR_OUTER 0x90u

#define INNER_DR7 0x700u /* section 13.1.1.4: LE and GE, which do nothing */
#define KEPT      0x1eef0ull

/* Sections 4.8.1, 4.8.2 and 4.8.4. */
#define CODE_DESCRIPTOR 0x00af9b000000ffffull
#define DATA_DESCRIPTOR 0x00cf93000000ffffull
#define GATE_PRESENT    0x8e00u

struct gate {
	uint16_t offset_0, selector, bits, offset_16;
	uint32_t offset_32, unused;
};

static uint64_t segments[8];
static struct gate gates[256];

/* Each has these otherwise than the other. */
static const char *const names[] = {"CR0",     "CR3",   "CR4",       "CR8",       "EFER",  "DR7",
				    "FS base", "LSTAR", "GDT limit", "IDT limit", "RFLAGS"};
#define VALUES (sizeof(names) / sizeof(names[0]))
static uint64_t noted[2][VALUES];

static volatile unsigned interrupts[2];
static bool pending[2];

static uint64_t cr8_read(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr8, %0" : "=r"(value));
	return value;
}

uint64_t dr7_read(void)
{
	uint64_t value;

	__asm__ volatile("mov %%dr7, %0" : "=r"(value));
	return value;
}

static uint64_t flags_read(void)
{
	uint64_t value;

	__asm__ volatile("pushf\n\tpop %0" : "=r"(value));
	return value & (FLAG_INTERRUPT | FLAG_ID);
}

static void read_all(uint64_t values[VALUES])
{
	struct table_register gdt, idt;

	__asm__ volatile("sgdt %0" : "=m"(gdt));
	__asm__ volatile("sidt %0" : "=m"(idt));
	expect("GDT", gdt.base, (uintptr_t)segments);
	expect("IDT", idt.base, (uintptr_t)gates);
	values[0] = cr0_read();
	values[1] = cr3_read();
	values[2] = cr4_read();
	values[3] = cr8_read();
	values[4] = msr_read(MSR_EFER);
	values[5] = dr7_read();
	values[6] = msr_read(MSR_FS_BASE);
	values[7] = msr_read(MSR_LSTAR);
	values[8] = gdt.limit;
	values[9] = idt.limit;
	values[10] = flags_read();
}

/* The rest has come with the entry. CR2, DR0 and vector registers are one and the same for both. */
void processor_set(enum side side)
{
	msr_write(MSR_FS_BASE, 0x1000u + side);
	msr_write(MSR_LSTAR, 0x2000u + side);
	if (side == OUTER)
		return;
	__asm__ volatile("mov %0, %%dr7" : : "r"((uint64_t)INNER_DR7));
	__asm__ volatile("mov %0, %%cr2" : : "r"(KEPT));
	__asm__ volatile("mov %0, %%dr0" : : "r"(KEPT));
	__asm__ volatile("movq %0, %%xmm7" : : "r"(KEPT));
}

void processor_note(enum side side)
{
	read_all(noted[side]);
	for (unsigned i = 0; i < VALUES && side == INNER; i++)
		if (noted[INNER][i] == noted[OUTER][i])
			expect(names[i], noted[INNER][i], ~noted[OUTER][i]);
}

static void check_kept(void)
{
	uint64_t debug, vector;

	__asm__ volatile("mov %%dr0, %0" : "=r"(debug));
	__asm__ volatile("movq %%xmm7, %0" : "=r"(vector));
	expect("CR2", cr2_read(), KEPT);
	expect("DR0", debug, KEPT);
	expect("XMM7", vector, KEPT);
}

void processor_check(enum side side)
{
	uint64_t values[VALUES];

	read_all(values);
	for (unsigned i = 0; i < VALUES; i++)
		expect(names[i], values[i], noted[side][i]);
	if (side == INNER)
		check_kept();
}

/* ---- Interrupts ---- */

static __attribute__((interrupt)) void inner_interrupted(void *frame)
{
	(void)frame;
	interrupts[INNER]++;
}

static __attribute__((interrupt)) void outer_interrupted(void *frame)
{
	(void)frame;
	interrupts[OUTER]++;
	*(volatile uint32_t *)(uintptr_t)APIC_END = 0;
}

static void set_gate(unsigned vector, void (*handler)(void *frame), uint16_t code)
{
	uint64_t at = (uintptr_t)handler;

	gates[vector] = (struct gate) {
		.offset_0 = (uint16_t)at,
		.selector = code,
		.bits = GATE_PRESENT,
		.offset_16 = (uint16_t)(at >> 16),
		.offset_32 = (uint32_t)(at >> 32),
	};
}

static void set_priority(uint32_t priority)
{
	write_at(APIC_PRIORITY, priority << 4, 4);
}

/*
 * Both have the segments that the machine began with, in one table. The limits of the outer one's
 * tables are those that an exit leaves: section 28.5.2 of the Intel SDM, volume 3C.
 */
void interrupts_make(struct beginning *inner)
{
	const struct table_register gdt = {UINT16_MAX, (uintptr_t)segments};
	const struct table_register idt = {UINT16_MAX, (uintptr_t)gates};

	__asm__ volatile("mov %%cs, %0" : "=r"(inner->code));
	__asm__ volatile("mov %%ss, %0" : "=r"(inner->data));
	segments[inner->data / 8] = DATA_DESCRIPTOR;
	segments[inner->code / 8] = CODE_DESCRIPTOR;
	set_gate(VECTOR_INNER, inner_interrupted, inner->code);
	set_gate(VECTOR_OUTER, outer_interrupted, inner->code);
	__asm__ volatile("lgdt %0" : : "m"(gdt));
	__asm__ volatile("lidt %0" : : "m"(idt));
	inner->gdt = (struct table_register) {sizeof(segments) - 1, gdt.base};
	inner->idt = (struct table_register) {sizeof(gates) - 1, idt.base};
	inner->rflags = 2 | FLAG_ID;
	write_at(APIC_SPURIOUS, APIC_ON, 4);
	set_priority(extension->outer_priority);
}

/*
 * While the inner guest runs, the outer one's is held back by the interrupt flag that it had at
 * VMRUN (section 15.21.1); on VMX, where nothing but its task priority does that, by this.
 */
void interrupt_send(enum side side)
{
	pending[side] = true;
	if (side == OUTER)
		write_at(APIC_COMMAND, APIC_TO_SELF | VECTOR_OUTER, 4);
}

bool interrupt_pending(enum side side)
{
	return pending[side];
}

/* An emulator must find mapped what it delivers a virtual interrupt by: docs/deviations.md. */
static void touch_tables(void)
{
	read_at((uintptr_t)&gates[VECTOR_INNER], 8);
	read_at((uintptr_t)segments, 8);
}

void interrupt_take(enum side side)
{
	unsigned before[2] = {interrupts[OUTER], interrupts[INNER]};

	touch_tables();
	if (side == OUTER)
		set_priority(0);
	__asm__ volatile("sti\n\tnop\n\tcli" : : : "memory");
	if (side == OUTER)
		set_priority(extension->outer_priority);
	expect("interrupts", interrupts[side] - before[side], pending[side]);
	expect("the other's interrupts", interrupts[!side], before[!side]);
	pending[side] = false;
}
