// SPDX-License-Identifier: MPL-2.0
/* The machine as the loader leaves it, its exceptions, and its end. */
#include "guest/lib/guest.h"
#include "guest/lib/machine.h"
#include "guest/lib/ports.h"
#include "guest/mmu/x86/cpu.h"
#include "guest/mmu/x86/machine.h"

/* Multiboot Specification 0.6.96, 3.3. */
struct multiboot {
	uint32_t flags;
	uint32_t lower_kib;
	uint32_t upper_kib; /* behind 1 MiB, up to the first hole */
	uint32_t boot_device;
	uint32_t command_line;
	uint32_t module_count;
	uint32_t modules;
};

struct multiboot_module {
	uint32_t first, end;
};

#define MULTIBOOT_MEMORY  1
#define MULTIBOOT_MODULES 8

/* The end of the image: the layout defines it. */
extern const char image_end[];

static uint64_t ram_end = 0x100000;
static struct x86_range module;

/* A gate of the interrupt-descriptor table: Intel SDM volume 3A, section 6.14.1. */
struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint16_t type;
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};

#define GATE_INTERRUPT 0x8e00

static struct gate gates[X86_EXCEPTIONS];

void x86_catch(unsigned vector, const char *entry, unsigned level)
{
	uint64_t at = (uintptr_t)entry;

	gates[vector] = (struct gate) {
		.offset_low = (uint16_t)at,
		.selector = X86_CODE,
		.type = (uint16_t)(GATE_INTERRUPT | level << 13),
		.offset_middle = (uint16_t)(at >> 16),
		.offset_high = (uint32_t)(at >> 32),
	};
}

static void catch_exceptions(void)
{
	struct __attribute__((packed)) {
		uint16_t last;
		uint64_t base;
	} table = {sizeof(gates) - 1, (uintptr_t)gates};

	for (unsigned i = 0; i < X86_EXCEPTIONS; i++)
		x86_catch(i, x86_entries + i * X86_ENTRY_BYTES, 0);
	__asm__ volatile("lidt %0" : : "m"(table));
}

/* The loader may have put its information into memory that is free: it is not looked at again. */
static void keep(const struct multiboot *information)
{
	const struct multiboot_module *first =
		(const struct multiboot_module *)(uintptr_t)information->modules;

	if (information->flags & MULTIBOOT_MEMORY)
		ram_end += (uint64_t)information->upper_kib * 1024;
	if ((information->flags & MULTIBOOT_MODULES) && information->module_count > 0)
		module = (struct x86_range) {first->first, first->end};
}

void x86_begin(const struct multiboot *information)
{
	serial_init();
	catch_exceptions();
	keep(information);
	platform_main();
}

void x86_exception(const struct x86_frame *frame)
{
	print("Bail out! exception %lu, error code 0x%lx, at 0x%lx, with cr2 0x%lx\n",
	      frame->vector, frame->error_code, frame->rip, cr2_read());
	finish(1);
}

void x86_give_up(const char *why)
{
	print("Bail out! %s\n", why);
	finish(1);
}

/* The serial port's line status: PC16550D data sheet, 8.4. */
#define SERIAL_STATUS (SERIAL_PORT + 5)
#define STATUS_SENT   0x40

/* QEMU has a port for that, and so has Bochs, which takes a word byte by byte. */
void finish(unsigned status)
{
	while (!(in8(SERIAL_STATUS) & STATUS_SENT))
		;
	for (const char *letter = "Shutdown"; *letter; letter++)
		out8(0x8900, (uint8_t)*letter);
	out32(FINISH_PORT, status);
	for (;;)
		__asm__ volatile("hlt");
}

struct x86_range x86_module(void)
{
	return module;
}

struct x86_range x86_free_memory(void)
{
	uint64_t page = 4096;
	uint64_t first = ((uintptr_t)image_end + page - 1) & ~(page - 1);

	return (struct x86_range) {first, ram_end & ~(page - 1)};
}
