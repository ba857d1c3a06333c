// SPDX-License-Identifier: MPL-2.0
/* The checksums of snapshots. */
#include "vmm/snapshot/sum.h"

#ifdef HAVE_LIBDEFLATE
#include <libdeflate.h>

int mz_sum_possible_(const char *path, struct mz_failure *failure)
{
	(void)path;
	(void)failure;
	return 0;
}

uint32_t mz_sum_more_(uint32_t sum, const void *bytes, size_t count)
{
	/* libdeflate takes NULL, which may stand for no bytes, for a wish to begin. */
	return count > 0 ? libdeflate_crc32(sum, bytes, count) : sum;
}
#else
int mz_sum_possible_(const char *path, struct mz_failure *failure)
{
	return mz_fail(failure, MZ_STATUS_HOST_LACKS,
		       "%s: snapshots need libdeflate, and this program was built without it",
		       path);
}

uint32_t mz_sum_more_(uint32_t sum, const void *bytes, size_t count)
{
	(void)sum;
	(void)bytes;
	(void)count;
	return 0;
}
#endif
