// SPDX-License-Identifier: MPL-2.0
/*
 * Changes what a reset must put back: memory, its own code, its own page tables, registers, and
 * devices. Before that, it looks whether all is as it was at the mark; the first round looks too.
 *
 * Words: pages=N  how many pages it writes to; 16
 *        keep=N   how many pages, 16 MiB behind those, it fills before the mark, and finds as they
 *                 were after it; 0
 *        base=ADDRESS  where they are; 0x1000000, which is 16 MiB
 *        quit     ends right behind the mark
 *        mark     asks for the mark once it has set everything; otherwise the mark is its
 *                 beginning, and it looks at memory alone
 * Prints: what was not as at the mark.
 * Status: 0; 1 if something was not.
 */
#include "guest/lib/guest.h"
#include "guest/lib/machine.h"
#include "guest/lib/ports.h"

#define BASE 0x1000000u
#define PAGE 4096u
#define KEPT 0x1000000u /* from the base */

#define SERIAL_SCRATCH    (SERIAL_PORT + 7)
#define CLOCK_INDEX       0x70
#define PIC_MASK          0x21
#define MSR_FS_BASE       0xc0000100u
#define APIC_TIMER_DIVIDE 0xfee003e0u

static uint64_t base, pages, kept, rounds;
static unsigned wrong;

static volatile uint64_t *root_table(void)
{
	uint64_t root;

	__asm__ volatile("mov %%cr3, %0" : "=r"(root));
	return (volatile uint64_t *)(uintptr_t)(root & ~(uint64_t)0xfff);
}

/* The third entry of the root maps 1 to 1.5 TiB, of which there is nothing. */
static volatile uint64_t *root_entry(void)
{
	return root_table() + 2;
}

/* The fourth maps a page behind that, one of two. */
#define WINDOW ((uint64_t)3 << 39)
#define LINK   0x003u /* present, writable: Intel SDM volume 3, 4.5 */
static uint64_t tables[3][PAGE / 8] __attribute__((aligned(PAGE)));
static uint64_t shown[2][PAGE / 8] __attribute__((aligned(PAGE)));

static void show(unsigned page)
{
	*(volatile uint64_t *)tables[2] = (uintptr_t)shown[page] | LINK;
	__asm__ volatile("invlpg (%0)" : : "r"(WINDOW) : "memory");
}

static void make_window(void)
{
	root_table()[3] = (uintptr_t)tables[0] | LINK;
	tables[0][0] = (uintptr_t)tables[1] | LINK;
	tables[1][0] = (uintptr_t)tables[2] | LINK;
	for (unsigned i = 0; i < 2; i++)
		shown[i][0] = i;
	show(0);
}

/* mov $1, %eax; ret. The number is written over. */
static unsigned char code[] __attribute__((aligned(16))) = {0xb8, 1, 0, 0, 0, 0xc3};

static unsigned run_code(void)
{
	unsigned (*function)(void);

	__asm__ volatile("lea %1, %0" : "=r"(function) : "m"(code));
	return function();
}

static uint64_t read_msr(uint32_t index)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index));
	return (uint64_t)high << 32 | low;
}

static void write_msr(uint32_t index, uint64_t value)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

/* By instructions that KVM can emulate, too, which MOVQ is none of. */
static uint64_t read_vector(void)
{
	uint64_t value[2];

	__asm__ volatile("movdqu %%xmm7, %0" : "=m"(value));
	return value[0];
}

static void write_vector(uint64_t low)
{
	const uint64_t value[2] = {low};

	__asm__ volatile("movdqu %0, %%xmm7" : : "m"(value));
}

static void set_machine(uint64_t value)
{
	out8(SERIAL_SCRATCH, (uint8_t)value);
	out8(PIC_MASK, (uint8_t)value);
	write_at(APIC_TIMER_DIVIDE, value & 3, 4);
	write_at(DEVICE_BASE + DEVICE_STORAGE, value, 8);
	write_msr(MSR_FS_BASE, value);
	__asm__ volatile("mov %0, %%cr2" : : "r"(value));
	__asm__ volatile("mov %0, %%dr0" : : "r"(value));
	write_vector(value);
}

static void expect(const char *what, uint64_t found, uint64_t wanted)
{
	if (found == wanted)
		return;
	print("%s: 0x%lx, not 0x%lx\n", what, found, wanted);
	wrong = 1;
}

static void expect_machine(uint64_t value)
{
	uint64_t fault_address, debug;

	__asm__ volatile("mov %%cr2, %0" : "=r"(fault_address));
	__asm__ volatile("mov %%dr0, %0" : "=r"(debug));
	expect("vector register", read_vector(), value);
	expect("cr2", fault_address, value);
	expect("dr0", debug, value);
	expect("fs base", read_msr(MSR_FS_BASE), value);
	expect("serial scratch", in8(SERIAL_SCRATCH), value & 0xff);
	expect("interrupt mask", in8(PIC_MASK), value & 0xff);
	expect("local APIC", read_at(APIC_TIMER_DIVIDE, 4), value & 3);
	expect("device", read_at(DEVICE_BASE + DEVICE_STORAGE, 8), value);
}

static void expect_memory(void)
{
	uint64_t found = 0;

	for (uint64_t i = 0; i < pages; i++)
		found |= read_at(base + i * PAGE, 8);
	expect("pages", found, 0);
	expect("rounds", rounds, 0);
	expect("root entry", *root_entry(), 0);
	expect("page in the window", read_at(WINDOW, 8), 0);
	expect("code", run_code(), 1);
}

static uint64_t kept_at(uint64_t i)
{
	return base + KEPT + i * PAGE;
}

static void fill_kept(void)
{
	for (uint64_t i = 0; i < kept; i++)
		write_at(kept_at(i) + i % 512 * 8, ~i, 8);
}

static void expect_kept(void)
{
	for (uint64_t i = 0; i < kept; i++)
		expect("kept page", read_at(kept_at(i) + i % 512 * 8, 8), ~i);
}

static void change_memory(void)
{
	for (uint64_t i = 0; i < kept; i++)
		write_at(kept_at(i) + i % 512 * 8, 0, 8);
	for (uint64_t i = 0; i < pages; i++)
		write_at(base + i * PAGE, ~i, 8);
	rounds++;
	*root_entry() = root_entry()[-2];
	expect("rounds, by the new entry", read_at(((uint64_t)1 << 40) + (uintptr_t)&rounds, 8), 1);
	show(1);
	expect("new page in the window", read_at(WINDOW, 8), 1);
	code[1] = 2;
	expect("new code", run_code(), 2);
}

unsigned guest_main(void)
{
	bool mark = word_given("mark");

	base = word_number("base", BASE);
	pages = word_number("pages", 16);
	kept = word_number("keep", 0);
	make_window();
	if (mark) {
		fill_kept();
		set_machine(0x5a11);
		out8(MARK_PORT, 1);
		if (word_given("quit"))
			return 0;
		expect_machine(0x5a11);
		expect_kept();
	}
	expect_memory();
	change_memory();
	if (mark)
		set_machine(0x1ee6);
	return wrong;
}
