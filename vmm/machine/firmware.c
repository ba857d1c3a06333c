// SPDX-License-Identifier: MPL-2.0
/* What firmware would have left in memory. */
#include "vmm/machine/firmware.h"

/* The MP table is in the upper half, where the oldest guests look. */
#define HALF (MZ_FIRMWARE_BYTES / 2)

void mz_checksum_(unsigned char *bytes, unsigned count, unsigned at)
{
	unsigned char sum = 0;

	bytes[at] = 0;
	for (unsigned i = 0; i < count; i++)
		sum = (unsigned char)(sum + bytes[i]);
	bytes[at] = (unsigned char)-sum;
}

int mz_firmware_write(unsigned char *area, const struct mz_firmware *firmware,
		      struct mz_failure *failure)
{
	if (!mz_acpi_write_(area, HALF, MZ_FIRMWARE_BASE, firmware) ||
	    !mz_mp_write_(area + HALF, HALF, MZ_FIRMWARE_BASE + HALF, firmware))
		return mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "no room for the tables that describe the machine");
	return 0;
}
