// SPDX-License-Identifier: MPL-2.0
/*
 * Accesses the test device at every width, at several offsets and with every common kind of
 * instruction. Each check looks at the values and, through the device's counter, at the number of
 * accesses that the device saw.
 *
 * Words: none.
 * Prints: a line for each check.
 * Status: how many checks failed.
 */
#include "guest/lib/guest.h"
#include "guest/lib/machine.h"

#define NAME    ((uint64_t)DEVICE_BASE + DEVICE_NAME)
#define COUNTER ((uint64_t)DEVICE_BASE + DEVICE_COUNTER)
#define STORAGE ((uint64_t)DEVICE_BASE + DEVICE_STORAGE)
#define UNUSED  ((uint64_t)DEVICE_BASE + 0x800)

#define NAME_VALUE 0x545345545a5a454dull /* "MEZZTEST" */
#define PATTERN    0x8899aabbccddeeffull

static uint64_t low_bytes(uint64_t value, unsigned bytes)
{
	return bytes == 8 ? value : value & ((1ull << bytes * 8) - 1);
}

/* Both halves of the storage, in 2 accesses. */
static bool storage_holds(uint64_t low, uint64_t high)
{
	bool low_holds = read_at(STORAGE, 8) == low;

	return read_at(STORAGE + 8, 8) == high && low_holds;
}

static void storage_set(uint64_t low, uint64_t high)
{
	write_at(STORAGE, low, 8);
	write_at(STORAGE + 8, high, 8);
}

/* 8 / bytes accesses. */
static bool name_reads(unsigned bytes)
{
	bool right = true;

	for (unsigned offset = 0; offset < 8; offset += bytes)
		if (read_at(NAME + offset, bytes) != low_bytes(NAME_VALUE >> offset * 8, bytes))
			right = false;
	return right;
}

static bool name_by_1(void)
{
	return name_reads(1);
}

static bool name_by_2(void)
{
	return name_reads(2);
}

static bool name_by_4(void)
{
	return name_reads(4);
}

static bool name_by_8(void)
{
	return name_reads(8);
}

static bool name_is_read_only(void)
{
	write_at(NAME, 0, 8);
	return read_at(NAME, 8) == NAME_VALUE;
}

/*
 * Writes and reads back at each offset of the storage where the width fits; 2 * (17 - bytes)
 * accesses.
 */
static bool storage_keeps(unsigned bytes)
{
	bool right = true;

	for (unsigned offset = 0; offset + bytes <= DEVICE_STORAGE_BYTES; offset++) {
		uint64_t value = low_bytes(PATTERN + offset, bytes);

		write_at(STORAGE + offset, value, bytes);
		if (read_at(STORAGE + offset, bytes) != value)
			right = false;
	}
	return right;
}

static bool storage_by_1(void)
{
	return storage_keeps(1);
}

static bool storage_by_2(void)
{
	return storage_keeps(2);
}

static bool storage_by_4(void)
{
	return storage_keeps(4);
}

static bool storage_by_8(void)
{
	return storage_keeps(8);
}

/* A narrow write leaves its neighbours alone. */
static bool narrow_writes(void)
{
	storage_set(0, 0);
	write_at(STORAGE + 1, 0xff, 1);
	write_at(STORAGE + 4, 0x1234, 2);
	write_at(STORAGE + 11, 0x89abcdef, 4);
	return storage_holds(0x000012340000ff00, 0x0089abcdef000000);
}

static bool unused_reads_zero(void)
{
	bool zero = read_at(UNUSED, 8) == 0;

	write_at(UNUSED, ~0ull, 8);
	return read_at(UNUSED, 4) == 0 && zero;
}

static bool last_byte(void)
{
	write_at(DEVICE_BASE + DEVICE_BYTES - 1, 0xff, 1);
	return read_at(DEVICE_BASE + DEVICE_BYTES - 1, 1) == 0;
}

static bool move_zero_extended(void)
{
	uint64_t from_byte, from_word, from_long;

	storage_set(PATTERN, 0);
	__asm__ volatile("movzbq (%1), %0" : "=r"(from_byte) : "r"(STORAGE));
	__asm__ volatile("movzwq (%1), %0" : "=r"(from_word) : "r"(STORAGE));
	__asm__ volatile("movl (%1), %k0" : "=r"(from_long) : "r"(STORAGE));
	return from_byte == 0xff && from_word == 0xeeff && from_long == 0xccddeeff;
}

static bool move_sign_extended(void)
{
	uint64_t from_byte, from_word, from_long;

	storage_set(PATTERN, 0);
	__asm__ volatile("movsbq (%1), %0" : "=r"(from_byte) : "r"(STORAGE));
	__asm__ volatile("movswq (%1), %0" : "=r"(from_word) : "r"(STORAGE));
	__asm__ volatile("movslq (%1), %0" : "=r"(from_long) : "r"(STORAGE));
	return from_byte == 0xffffffffffffffff && from_word == 0xffffffffffffeeff &&
		from_long == 0xffffffffccddeeff;
}

static bool move_into_part(void)
{
	uint64_t low = PATTERN, high = PATTERN;

	storage_set(0x12, 0);
	__asm__ volatile("movb (%1), %b0" : "+r"(low) : "r"(STORAGE));
	__asm__ volatile("movb (%1), %h0" : "+Q"(high) : "Q"(STORAGE));
	return low == 0x8899aabbccddee12 && high == 0x8899aabbccdd12ff;
}

static bool move_immediate(void)
{
	storage_set(0, 0);
	__asm__ volatile("movb $0x5a, (%0)" : : "r"(STORAGE) : "memory");
	__asm__ volatile("movw $0x1234, (%0)" : : "r"(STORAGE + 2) : "memory");
	__asm__ volatile("movl $0x89abcdef, (%0)" : : "r"(STORAGE + 4) : "memory");
	__asm__ volatile("movq $-2, (%0)" : : "r"(STORAGE + 8) : "memory");
	return storage_holds(0x89abcdef1234005a, 0xfffffffffffffffe);
}

static bool operand_in_memory(void)
{
	uint64_t sum = 1, masked = 0xff00;
	bool equal;

	storage_set(0x1234, 0);
	__asm__ volatile("addq (%1), %0" : "+r"(sum) : "r"(STORAGE) : "cc");
	__asm__ volatile("andl (%1), %k0" : "+r"(masked) : "r"(STORAGE) : "cc");
	__asm__ volatile("cmpw $0x1234, (%1)" : "=@cce"(equal) : "r"(STORAGE) : "cc");
	return sum == 0x1235 && masked == 0x1200 && equal;
}

static bool result_in_memory(void)
{
	storage_set(0xff, 0xf0);
	__asm__ volatile("addl $1, (%0)" : : "r"(STORAGE) : "memory", "cc");
	__asm__ volatile("orb %b0, (%1)" : : "q"(0x0f), "r"(STORAGE + 8) : "memory", "cc");
	return storage_holds(0x100, 0xff);
}

static bool exchange(void)
{
	uint64_t value = 0x5678;

	storage_set(0x1234, 0);
	__asm__ volatile("xchgq %0, (%1)" : "+r"(value) : "r"(STORAGE) : "memory");
	return value == 0x1234 && storage_holds(0x5678, 0);
}

static bool string_moves(void)
{
	static uint8_t copy[DEVICE_STORAGE_BYTES];
	void *target = copy;
	void *source = (void *)(uintptr_t)STORAGE;
	uint64_t count = DEVICE_STORAGE_BYTES;

	storage_set(PATTERN, ~PATTERN);
	__asm__ volatile("rep movsb" : "+S"(source), "+D"(target), "+c"(count) : : "memory");
	storage_set(0, 0);
	source = copy;
	target = (void *)(uintptr_t)STORAGE;
	count = DEVICE_STORAGE_BYTES / 8;
	__asm__ volatile("rep movsq" : "+S"(source), "+D"(target), "+c"(count) : : "memory");
	return storage_holds(PATTERN, ~PATTERN);
}

static bool string_stores(void)
{
	void *target = (void *)(uintptr_t)STORAGE;
	uint64_t count = DEVICE_STORAGE_BYTES / 4;

	__asm__ volatile("rep stosl" : "+D"(target), "+c"(count) : "a"(0x01020304) : "memory");
	return storage_holds(0x0102030401020304, 0x0102030401020304);
}

static const struct {
	const char *name;
	bool (*holds)(void);
	unsigned accesses;
} checks[] = {
	{"name by 1 byte", name_by_1, 8},
	{"name by 2 bytes", name_by_2, 4},
	{"name by 4 bytes", name_by_4, 2},
	{"name by 8 bytes", name_by_8, 1},
	{"name is read-only", name_is_read_only, 2},
	{"storage by 1 byte", storage_by_1, 32},
	{"storage by 2 bytes", storage_by_2, 30},
	{"storage by 4 bytes", storage_by_4, 26},
	{"storage by 8 bytes", storage_by_8, 18},
	{"narrow writes keep neighbours", narrow_writes, 7},
	{"unused registers read 0", unused_reads_zero, 3},
	{"last byte of the device", last_byte, 2},
	{"mov and movzx", move_zero_extended, 5},
	{"movsx", move_sign_extended, 5},
	{"mov into part of a register", move_into_part, 4},
	{"mov of an immediate", move_immediate, 8},
	{"operand in memory", operand_in_memory, 5},
	{"result in memory", result_in_memory, 8},
	{"xchg", exchange, 6},
	{"rep movs", string_moves, 24},
	{"rep stos", string_stores, 6},
};

/* Prints the check's line; answers whether it failed. */
static bool check_fails(unsigned i)
{
	uint64_t before = read_at(COUNTER, 8);
	bool holds = checks[i].holds();
	uint64_t accesses = read_at(COUNTER, 8) - before;
	bool counted = accesses == checks[i].accesses;

	print("%s: %s%s, %lu accesses", checks[i].name, holds && counted ? "ok" : "FAILED",
	      holds ? "" : " (a value is wrong)", accesses);
	if (!counted)
		print(" instead of %u", checks[i].accesses);
	print("\n");
	return !(holds && counted);
}

static unsigned check_all(void)
{
	unsigned failures = 0;

	for (unsigned i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		failures += check_fails(i);
	print("%u failures\n", failures);
	return failures;
}

unsigned guest_main(void)
{
	ring3_run(check_all);
}
