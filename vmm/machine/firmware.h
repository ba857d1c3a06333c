/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What firmware would have left in memory for the guest to find: ACPI tables (RSDP, RSDT, XSDT,
 * FADT, FACS, MADT, DSDT) and an MP table, in the last 128 KiB below 1 MiB, where guests look.
 */
#ifndef MZ_VMM_FIRMWARE_H
#define MZ_VMM_FIRMWARE_H

#include <stdint.h>

#include "vmm/base/failure.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MZ_FIRMWARE_BASE  0xe0000u
#define MZ_FIRMWARE_BYTES 0x20000u

#define MZ_IO_APIC_BASE    0xfec00000u
#define MZ_LOCAL_APIC_BASE 0xfee00000u

/* A virtio device in memory. */
struct mz_firmware_window {
	uint32_t base, bytes;
	uint32_t gsi;
};

struct mz_firmware {
	unsigned cpus;
	const struct mz_firmware_window *windows;
	unsigned window_count;
};

/* Writes the tables to `area`, MZ_FIRMWARE_BYTES that the guest sees at MZ_FIRMWARE_BASE. */
int mz_firmware_write(unsigned char *area, const struct mz_firmware *firmware,
		      struct mz_failure *failure);

/* The parts of it, for each other: each answers the bytes that it has written, 0 for no room. */
unsigned mz_acpi_write_(unsigned char *area, unsigned room, uint32_t base,
			const struct mz_firmware *firmware);
unsigned mz_mp_write_(unsigned char *area, unsigned room, uint32_t base,
		      const struct mz_firmware *firmware);

/* Puts a byte at `at` that makes the sum of all `count` bytes 0. */
void mz_checksum_(unsigned char *bytes, unsigned count, unsigned at);

#ifdef __cplusplus
}
#endif

#endif
