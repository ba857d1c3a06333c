// SPDX-License-Identifier: MPL-2.0
/*
 * The demonstration that `./run` shows: memory, read-only memory and a device, one after the other.
 *
 * Words: none.
 * Prints: one line for each thing it does.
 * Status: 0; 1 if memory, read-only memory or the device did not behave.
 */
#include "guest/lib/guest.h"
#include "guest/lib/machine.h"

#define MEMORY_BASE   0x1000000u /* 16 MiB: clear of the image and of the boot structures */
#define MEMORY_BYTES  0x800000u
#define MEMORY_STRIDE 0x1000u

static bool memory_keeps(void)
{
	unsigned wrong = 0;

	print("memory: writing one word to each 4 KiB page of 8 MiB, then reading them back\n");
	for (uint32_t offset = 0; offset < MEMORY_BYTES; offset += MEMORY_STRIDE)
		write_at(MEMORY_BASE + offset, ~(uint64_t)offset, 8);
	for (uint32_t offset = 0; offset < MEMORY_BYTES; offset += MEMORY_STRIDE)
		wrong += read_at(MEMORY_BASE + offset, 8) != ~(uint64_t)offset;
	print("memory: %u words, %u wrong\n", MEMORY_BYTES / MEMORY_STRIDE, wrong);
	return !wrong;
}

static bool rom_resists(void)
{
	uint64_t before = read_at(ROM_BASE, 4);
	uint64_t after;

	print("rom:    holds 0x%x; writing 0x%x to it\n", (unsigned)before, (unsigned)~before);
	write_at(ROM_BASE, ~before, 4);
	after = read_at(ROM_BASE, 4);
	print("rom:    holds 0x%x %s\n", (unsigned)after, after == before ? "still" : "now");
	return after == before;
}

static bool device_answers(void)
{
	char name[9] = {0};

	for (unsigned i = 0; i < 8; i++)
		name[i] = (char)read_at(DEVICE_BASE + DEVICE_NAME + i, 1);
	print("device: its name register reads %s\n", name);
	return read_at(DEVICE_BASE + DEVICE_NAME, 8) == 0x545345545a5a454d; /* MEZZTEST */
}

static unsigned demonstrate(void)
{
	bool well;

	print("Hello from a guest. Every page I touch comes in through a second-stage table.\n");
	well = memory_keeps();
	well = rom_resists() && well;
	well = device_answers() && well;
	print("Goodbye.\n");
	return well ? 0 : 1;
}

unsigned guest_main(void)
{
	ring3_run(demonstrate);
}
