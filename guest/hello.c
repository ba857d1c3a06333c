// SPDX-License-Identifier: MPL-2.0
/*
 * Says hello from 64-bit mode. Built twice: hello.elf, and hello.bin, a flat image that is linked
 * for `--as flat64@0x200000`.
 *
 * Words: any; the command line is printed.
 * Prints: a greeting, and the command line if there is one.
 * Status: 0.
 */
#include "guest/lib/guest.h"

unsigned guest_main(void)
{
	print("hello from 64-bit mode\n");
	if (*words_all())
		print("command line: %s\n", words_all());
	return 0;
}
