// SPDX-License-Identifier: MPL-2.0
/*
 * Touches one address, by default one where nothing is.
 *
 * Words: addr=ADDRESS         where; 0xc8000000
 *        how=read|write|exec  by which access; read
 *        width=1|2|4|8        of how many bytes, for reads and writes; 8
 *        ring3                from ring 3
 * Prints: what it is about to do; if it lives to tell, what it read, and that it went on.
 * Status: 1 if it went on, which it should only where something is. From 4 GiB up its page tables
 *   map nothing, and an access there is a triple fault.
 */
#include "guest/lib/guest.h"
#include "guest/lib/machine.h"

static unsigned touch(void)
{
	uint64_t address = word_number("addr", NOWHERE);
	uint64_t width = word_number("width", 8);

	if (width != 1 && width != 2 && width != 4 && width != 8)
		word_refuse("width", "not 1, 2, 4 or 8");
	if (word_is("how", "exec")) {
		print("jumping to 0x%lx\n", address);
		((void (*)(void))(uintptr_t)address)();
	} else if (word_is("how", "write")) {
		print("writing %lu bytes to 0x%lx\n", width, address);
		write_at(address, 0x0123456789abcdef, (unsigned)width);
	} else {
		print("reading %lu bytes from 0x%lx\n", width, address);
		print("read 0x%lx\n", read_at(address, (unsigned)width));
	}
	print("went on\n");
	return 1;
}

unsigned guest_main(void)
{
	if (word_given("ring3"))
		ring3_run(touch);
	return touch();
}
