// SPDX-License-Identifier: MPL-2.0
/*
 * QEMU's virt machine: its serial port, and its end. Source: the device tree that it hands over,
 * and docs/system/riscv/virt.rst of QEMU.
 */
#include "guest/mmu/riscv64/riscv64.h"

#include "guest/lib/guest.h"

/* An ns16550a: the transmitter's register, and the bit of the line status that says it is empty. */
#define UART        ((volatile uint8_t *)0x10000000)
#define LINE_STATUS 5
#define STATUS_ROOM 0x20

/* SiFive's test device: writing one of these ends the machine. */
#define TEST_DEVICE ((volatile uint32_t *)0x100000)
#define TEST_PASS   0x5555u
#define TEST_FAIL   0x3333u

void serial_send(uint8_t byte)
{
	while ((UART[LINE_STATUS] & STATUS_ROOM) == 0)
		;
	UART[0] = byte;
}

_Noreturn void finish(unsigned status)
{
	*TEST_DEVICE = status == 0 ? TEST_PASS : status << 16 | TEST_FAIL;
	for (;;)
		__asm__ volatile("wfi");
}

/* Devicetree specification, 5.2: the size is the second word of the header, big-endian. */
static uint32_t tree_bytes(const uint8_t *tree)
{
	return (uint32_t)tree[4] << 24 | (uint32_t)tree[5] << 16 | (uint32_t)tree[6] << 8 | tree[7];
}

/* The property riscv,isa is a word with "_NAME" for each extension: nothing else looks like that.
 */
bool machine_has(const uint8_t *tree, const char *extension)
{
	size_t length = 0;

	while (extension[length] != 0)
		length++;
	for (uint32_t i = 0; i + 1 + length < tree_bytes(tree); i++)
		if (tree[i] == '_' && __builtin_memcmp(&tree[i + 1], extension, length) == 0)
			return true;
	return false;
}

_Noreturn void own_trapped(uint64_t cause, uint64_t pc, uint64_t value)
{
	print("Bail out! a trap of the hypervisor's own: cause %lx at %lx, value %lx\n", cause, pc,
	      value);
	finish(2);
}
