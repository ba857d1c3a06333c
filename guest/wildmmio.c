// SPDX-License-Identifier: MPL-2.0
/*
 * Reads and writes at random inside the test device and the read-only memory, at every width,
 * aligned or not.
 *
 * Words: seed=N   of the random numbers, not 0; 1
 *        count=N  how many accesses; 1000
 * Prints: the seed and the count; then how many accesses went to the device, how many reads and
 *   writes to read-only memory, and how many of those reads were wrong.
 * Status: 0; 1 if a read was wrong.
 */
#include "guest/lib/guest.h"
#include "guest/lib/machine.h"

static uint64_t state;
static uint64_t device_accesses, rom_reads, rom_writes, wrong;

static uint64_t rom_value(uint64_t offset, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)rom_byte(offset + i) << i * 8;
	return value;
}

static void access_device(uint64_t offset, unsigned bytes, bool write)
{
	if (write)
		write_at(DEVICE_BASE + offset, random_next(&state), bytes);
	else
		read_at(DEVICE_BASE + offset, bytes);
	device_accesses++;
}

static void access_rom(uint64_t offset, unsigned bytes, bool write)
{
	if (write) {
		write_at(ROM_BASE + offset, random_next(&state), bytes);
		rom_writes++;
	} else {
		wrong += read_at(ROM_BASE + offset, bytes) != rom_value(offset, bytes);
		rom_reads++;
	}
}

static unsigned roam(void)
{
	uint64_t seed = word_number("seed", 1);
	uint64_t count = word_number("count", 1000);

	if (!seed)
		word_refuse("seed", "0 yields nothing but 0");
	print("seed %lu, %lu accesses\n", seed, count);
	state = seed;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t choice = random_next(&state);
		unsigned bytes = 1u << (choice & 3);
		bool write = choice >> 2 & 1;
		bool device = choice >> 3 & 1;
		uint64_t offsets = (device ? DEVICE_BYTES : ROM_BYTES) - bytes + 1;
		uint64_t offset = random_next(&state) % offsets;

		if (device)
			access_device(offset, bytes, write);
		else
			access_rom(offset, bytes, write);
	}
	print("device %lu, rom read %lu, rom written %lu, wrong %lu\n", device_accesses, rom_reads,
	      rom_writes, wrong);
	return wrong ? 1 : 0;
}

unsigned guest_main(void)
{
	ring3_run(roam);
}
