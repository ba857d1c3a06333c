/* SPDX-License-Identifier: MPL-2.0 */
/* The machine that `mezz run` gives a guest: where things are, and access at every width. */
#ifndef GUEST_LIB_MACHINE_H
#define GUEST_LIB_MACHINE_H

#include <stdint.h>

#define SERIAL_PORT  0x3f8
#define FINISH_PORT  0xf4 /* a write ends the run; the value is the run's status */
#define FINISH_PORTS 4    /* it may be written 1, 2 or 4 bytes wide */
#define MARK_PORT    0xf8 /* a write asks for the mark that resets go back to */

/* The test device. */
#define DEVICE_BASE          0xd0000000u
#define DEVICE_BYTES         0x1000u
#define DEVICE_NAME          0x00u /* 8 bytes, read only: "MEZZTEST" */
#define DEVICE_COUNTER       0x08u /* 8 bytes: accesses so far, but for reads of it */
#define DEVICE_STORAGE       0x10u /* 16 bytes that keep what is written to them */
#define DEVICE_STORAGE_BYTES 16u

/* Read-only memory. */
#define ROM_BASE  0xe0000000u
#define ROM_BYTES 0x10000u

/* Neither memory nor a device is here. */
#define NOWHERE 0xc8000000u

static inline uint8_t rom_byte(uint64_t offset)
{
	return (uint8_t)(offset * 7 + 3);
}

/* One access of 1, 2, 4 or 8 bytes. */
static inline uint64_t read_at(uint64_t gpa, unsigned bytes)
{
	switch (bytes) {
	case 1:
		return *(volatile uint8_t *)(uintptr_t)gpa;
	case 2:
		return *(volatile uint16_t *)(uintptr_t)gpa;
	case 4:
		return *(volatile uint32_t *)(uintptr_t)gpa;
	default:
		return *(volatile uint64_t *)(uintptr_t)gpa;
	}
}

static inline void write_at(uint64_t gpa, uint64_t value, unsigned bytes)
{
	switch (bytes) {
	case 1:
		*(volatile uint8_t *)(uintptr_t)gpa = (uint8_t)value;
		break;
	case 2:
		*(volatile uint16_t *)(uintptr_t)gpa = (uint16_t)value;
		break;
	case 4:
		*(volatile uint32_t *)(uintptr_t)gpa = (uint32_t)value;
		break;
	default:
		*(volatile uint64_t *)(uintptr_t)gpa = value;
		break;
	}
}

/* The next number of a xorshift generator; the state is never 0. */
static inline uint64_t random_next(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	*state = x;
	return x;
}

#endif
