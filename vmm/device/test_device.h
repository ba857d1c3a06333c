/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The test device: memory-mapped registers with which a guest, and so a test, can tell whether
 * accesses of every width arrive as they were made.
 *
 *	0x00	8 bytes, read-only: the letters "MEZZTEST", 'M' at the lowest address
 *	0x08	8 bytes, read-only: how many accesses the device has had, but for reads that lie
 *		wholly in this register
 *	0x10	16 bytes, scratch: keeps what is written
 *	0x20	the rest: reads as 0
 *
 * Writes outside the scratch are counted and change nothing else. An access may be of any width and
 * alignment that the bus lets through and may reach over several registers: each byte behaves as
 * its own register says. The access that is under way is counted after its data was read.
 */
#ifndef MZ_VMM_TEST_DEVICE_H
#define MZ_VMM_TEST_DEVICE_H

#include "vmm/base/state.h"
#include "vmm/device/bus.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MZ_TEST_DEVICE_BASE    0xd0000000u
#define MZ_TEST_DEVICE_BYTES   0x1000u
#define MZ_TEST_DEVICE_ID      0x00u
#define MZ_TEST_DEVICE_COUNT   0x08u
#define MZ_TEST_DEVICE_SCRATCH 0x10u
#define MZ_TEST_DEVICE_END     0x20u /* of the registers that are there */

struct mz_test_device {
	uint64_t access_count;
	unsigned char scratch[MZ_TEST_DEVICE_END - MZ_TEST_DEVICE_SCRATCH];
};

/* Puts the device at [base, base + MZ_TEST_DEVICE_BYTES) on the bus. Errors as for mz_bus_add(). */
int mz_test_device_init(struct mz_test_device *test_device, struct mz_bus *bus, uint64_t base,
			struct mz_failure *failure);

/* Saves or loads the count and the scratch. No vCPU runs. */
void mz_test_device_state(struct mz_test_device *test_device, struct mz_state *state);

#ifdef __cplusplus
}
#endif

#endif
