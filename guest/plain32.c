// SPDX-License-Identifier: MPL-2.0
/*
 * An image without a protocol in 32-bit mode. Built twice: plain32.elf, and plain32.bin, a flat
 * image that is linked for `--as flat32@0x200000`.
 *
 * Words: any; the command line is printed.
 * Prints: a greeting, what is wrong, the command line if there is one.
 * Status: how much is wrong.
 */
#include "guest/lib/mode32.h"

unsigned guest_main32(uint32_t zero, uint32_t command_line)
{
	print("hello from 32-bit mode without a protocol\n");
	if (command_line)
		print("command line: %s\n", (const char *)at32(command_line));
	return mode32_failures() + expect(zero == 0, "esi is not 0");
}
