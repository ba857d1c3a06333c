/* SPDX-License-Identifier: MPL-2.0 */
/* The checksums of snapshots: the CRC-32 of RFC 1952, section 8. */
#ifndef MZ_VMM_SNAPSHOT_SUM_H
#define MZ_VMM_SNAPSHOT_SUM_H

#include <stddef.h>
#include <stdint.h>

#include "vmm/base/failure.h"

/* MZ_STATUS_HOST_LACKS: built without libdeflate. To be asked before a sum is. */
int mz_sum_possible_(const char *path, struct mz_failure *failure);

/* Of all bytes so far, whose sum `sum` is (0: there are none), and these. */
uint32_t mz_sum_more_(uint32_t sum, const void *bytes, size_t count);

static inline uint32_t mz_sum_(const void *bytes, size_t count)
{
	return mz_sum_more_(0, bytes, count);
}

#endif
