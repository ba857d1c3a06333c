// SPDX-License-Identifier: MPL-2.0
/*
 * Finds a share by its name and uses it.
 *
 * Words: name=NAME   which
 *        write=BYTE  writes this to its first and last byte
 *        add=N       adds N to its first byte by one instruction that reads and writes
 *        beyond      writes to the last byte of its last page
 *        poll        reads its last byte again and again, and never ends by itself
 *        look=0      touches nothing
 * Prints: its address, its bytes, whether it may be written, and the sum of all its bytes before
 * and after; "polling". Status: 0; 1 if there is no such share.
 */
#include "guest/lib/guest.h"
#include "guest/lib/machine.h"
#include "guest/lib/ports.h"

#define FW_CFG_SELECT 0x510
#define FW_CFG_DATA   0x511
#define DIRECTORY     0x19
#define NAME_BYTES    56u
#define FOLDER        "opt/mezz/share/"

static uint64_t big_endian(unsigned bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | in8(FW_CFG_DATA);
	return value;
}

static uint64_t little_endian(void)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < 8; i++)
		value |= (uint64_t)in8(FW_CFG_DATA) << (8 * i);
	return value;
}

/* Reads one name of the directory. */
static bool is_share(void)
{
	static char name[NAME_BYTES];
	const char *folder = FOLDER;
	unsigned at = 0;

	for (unsigned i = 0; i < NAME_BYTES; i++)
		name[i] = (char)in8(FW_CFG_DATA);
	while (folder[at] && name[at] == folder[at])
		at++;
	return !folder[at] && word_is("name", name + at);
}

/* Selects the share's file, and answers whether there is one. */
static bool find(void)
{
	uint64_t count;

	out16(FW_CFG_SELECT, DIRECTORY);
	for (count = big_endian(4); count > 0; count--) {
		uint16_t key;

		big_endian(4);
		key = (uint16_t)big_endian(2);
		big_endian(2);
		if (is_share()) {
			out16(FW_CFG_SELECT, key);
			return true;
		}
	}
	return false;
}

static void print_sum(uint64_t address, uint64_t bytes)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < bytes; i++)
		sum += read_at(address + i, 1);
	print("sum 0x%lx\n", sum);
}

static void change(uint64_t address, uint64_t bytes)
{
	uint64_t byte;

	if (word_number_at("write", 0, &byte)) {
		write_at(address, byte, 1);
		write_at(address + bytes - 1, byte, 1);
	}
	if (word_number_at("add", 0, &byte))
		__asm__ volatile("addb %b1, (%0)" : : "r"(address), "q"(byte) : "memory");
	if (word_given("beyond"))
		write_at(((address + bytes - 1) | 0xfff), 0xff, 1);
}

static unsigned use(void)
{
	uint64_t address, bytes;

	if (!find()) {
		print("no such share\n");
		return 1;
	}
	address = little_endian();
	bytes = little_endian();
	print("%lu bytes at 0x%lx, %s\n", bytes, address,
	      little_endian() ? "read-only" : "writable");
	if (!word_number("look", 1))
		return 0;
	print_sum(address, bytes);
	change(address, bytes);
	print_sum(address, bytes);
	if (word_given("poll"))
		print("polling\n");
	while (word_given("poll"))
		read_at(address + bytes - 1, 1);
	return 0;
}

unsigned guest_main(void)
{
	ring3_run(use);
}
