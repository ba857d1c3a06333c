// SPDX-License-Identifier: MPL-2.0
/* The boot area: a run of low memory, handed out to the protocols from its base up. */
#include <inttypes.h>
#include <string.h>

#include "vmm/boot/boot_protocol.h"

void *mz_boot_take_(struct mz_boot *boot, uint64_t bytes, uint64_t align, uint64_t *gpa,
		    struct mz_failure *failure)
{
	uint64_t at = (boot->next + align - 1) & ~(align - 1);

	if (at > boot->area.end || bytes > boot->area.end - at) {
		mz_fail(failure, MZ_STATUS_BAD_ARGUMENT,
			"the command line and the modules' texts are too long: the boot structures "
			"have %" PRIu64 " bytes in all",
			boot->area.end - boot->area.base);
		return NULL;
	}
	boot->next = at + bytes;
	*gpa = at;
	return mz_ram_at(boot->ram, at, bytes);
}

int mz_boot_put_text_(struct mz_boot *boot, const char *text, uint64_t *gpa,
		      struct mz_failure *failure)
{
	size_t bytes = strlen(text) + 1;
	char *to = mz_boot_take_(boot, bytes, 1, gpa, failure);

	if (!to)
		return -1;
	memcpy(to, text, bytes);
	return 0;
}
