// SPDX-License-Identifier: MPL-2.0
/* A copy of guest memory at a moment. */
#include "vmm/memory/baseline.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "vmm/memory/contents.h"

/* Copies what there is in [offset, end). */
static int copy_present(const struct mz_baseline *baseline, uint64_t offset, uint64_t end)
{
	const struct mz_ram *ram = baseline->ram;
	struct mz_extent part;

	for (; offset < end; offset = part.offset + part.bytes) {
		if (mz_contents_next(ram->fd, offset, end, &part))
			return -1;
		memcpy(baseline->copy + part.offset, ram->alias + part.offset, part.bytes);
	}
	return 0;
}

int mz_baseline_take(struct mz_baseline *baseline, const struct mz_ram *ram,
		     struct mz_failure *failure)
{
	void *copy;

	*baseline = (struct mz_baseline) {.ram = ram};
	if (!mz_ram_bring(ram, 0, ram->file_bytes))
		return mz_fail(failure, MZ_STATUS_HOST_FAILED, "guest memory can't be had");
	copy = mmap(NULL, ram->file_bytes, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (copy == MAP_FAILED)
		return mz_fail(failure, MZ_STATUS_HOST_FAILED,
			       "no memory for a copy of the guest's: %s", strerror(errno));
	baseline->copy = copy;
	for (unsigned i = 0; i < ram->bank_count; i++) {
		const struct mz_bank *bank = &ram->banks[i];

		if (copy_present(baseline, bank->offset, bank->offset + bank->bytes)) {
			mz_fail(failure, MZ_STATUS_HOST_FAILED, "cannot copy guest memory: %s",
				strerror(errno));
			mz_baseline_drop(baseline);
			return -1;
		}
	}
	return 0;
}

void mz_baseline_drop(struct mz_baseline *baseline)
{
	if (baseline->copy)
		munmap(baseline->copy, baseline->ram->file_bytes);
	*baseline = (struct mz_baseline) {.copy = NULL};
}

void mz_baseline_put_back(const struct mz_baseline *baseline, uint64_t gpa, uint64_t bytes)
{
	unsigned char *at = mz_ram_at(baseline->ram, gpa, bytes);

	memcpy(at, baseline->copy + (at - baseline->ram->alias), bytes);
}
