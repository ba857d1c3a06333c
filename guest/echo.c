// SPDX-License-Identifier: MPL-2.0
/*
 * Sends back what comes in on the serial line.
 *
 * Words: until=N  ends after N bytes
 * Prints: every byte that it receives, then how many there were.
 * Status: 0, after the byte 0x04 (Ctrl-D, neither echoed nor counted) or after N bytes.
 */
#include "guest/lib/guest.h"

#define END_OF_TRANSMISSION 0x04

unsigned guest_main(void)
{
	uint64_t until = word_number("until", UINT64_MAX);
	uint64_t count = 0;

	while (count < until) {
		uint8_t byte = serial_receive();

		if (byte == END_OF_TRANSMISSION)
			break;
		serial_send(byte);
		count++;
	}
	print("\necho: %lu bytes\n", (unsigned long)count);
	return 0;
}
