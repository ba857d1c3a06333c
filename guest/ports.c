// SPDX-License-Identifier: MPL-2.0
/*
 * Writes and reads every I/O port, except those that would end the run or send a byte: debug exit,
 * panic, power and reset, and the serial port's data. Bytes go to every port, words and double
 * words to every 61st, strings to one.
 *
 * Words: none.
 * Prints: the ports that did not read as all ones, then how many there were.
 * Status: 0; 1 if a string of port input was not all ones.
 */
#include "guest/lib/guest.h"
#include "guest/lib/machine.h"
#include "guest/lib/ports.h"

#define PORTS        0x10000u
#define STEP         61u /* prime, so that every alignment occurs */
#define NO_DEVICE    0x80
#define STRING_BYTES 64u

static bool forbidden(uint32_t port, unsigned bytes)
{
	static const struct {
		uint32_t first, count;
	} ranges[] = {
		{FINISH_PORT, FINISH_PORTS},
		{SERIAL_PORT, 1},
		{0x505, 1}, /* pvpanic */
		{0x604, 2}, /* the power management's control */
		{0xcf9, 1}, /* reset */
	};
	bool meets = false;

	for (unsigned i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		meets |= port < ranges[i].first + ranges[i].count && port + bytes > ranges[i].first;
	return meets;
}

/* Writes all ones, reads; answers whether something else came back. */
static bool answers(uint16_t port, unsigned bytes)
{
	switch (bytes) {
	case 1:
		out8(port, UINT8_MAX);
		return in8(port) != UINT8_MAX;
	case 2:
		out16(port, UINT16_MAX);
		return in16(port) != UINT16_MAX;
	default:
		out32(port, UINT32_MAX);
		return in32(port) != UINT32_MAX;
	}
}

/*
 * The serial port is among those that are written, so what it answers is kept until it is set up
 * again.
 */
static uint16_t answered[32];
static unsigned answer_count;

static void try_ports(unsigned bytes, uint32_t step)
{
	for (uint32_t port = 0; port + bytes <= PORTS; port += step) {
		if (forbidden(port, bytes) || !answers((uint16_t)port, bytes))
			continue;
		if (answer_count < sizeof(answered) / sizeof(*answered))
			answered[answer_count] = (uint16_t)port;
		answer_count++;
	}
}

static bool string_is_ones(void)
{
	static uint8_t bytes[STRING_BYTES];
	void *place = bytes;
	uint64_t count = STRING_BYTES;
	bool ones = true;

	__asm__ volatile("rep outsb" : "+S"(place), "+c"(count) : "d"(NO_DEVICE) : "memory");
	place = bytes;
	count = STRING_BYTES;
	__asm__ volatile("rep insb" : "+D"(place), "+c"(count) : "d"(NO_DEVICE) : "memory");
	for (unsigned i = 0; i < STRING_BYTES; i++)
		ones = ones && bytes[i] == UINT8_MAX;
	return ones;
}

static unsigned try_all(void)
{
	bool ones;

	try_ports(1, 1);
	try_ports(2, STEP);
	try_ports(4, STEP);
	ones = string_is_ones();
	serial_init();
	print("ports that answer:");
	for (unsigned i = 0; i < answer_count && i < sizeof(answered) / sizeof(*answered); i++)
		print(" 0x%x", answered[i]);
	print("\n%u answers; strings read %s\n", answer_count,
	      ones ? "all ones" : "something else");
	return ones ? 0 : 1;
}

unsigned guest_main(void)
{
	return try_all();
}
