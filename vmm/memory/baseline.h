/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A copy of guest memory at a moment, from which pages are put back. Only what there was takes
 * memory; pages that nobody had touched are all zero, and are put back as such.
 */
#ifndef MZ_VMM_BASELINE_H
#define MZ_VMM_BASELINE_H

#include <stdint.h>

#include "vmm/base/failure.h"
#include "vmm/memory/ram.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mz_baseline {
	const struct mz_ram *ram;
	unsigned char *copy; /* of the memory file, or NULL */
};

/* Copies all of RAM, which nobody writes meanwhile. MZ_STATUS_HOST_FAILED: no memory. */
int mz_baseline_take(struct mz_baseline *baseline, const struct mz_ram *ram,
		     struct mz_failure *failure);

/* Nothing is kept any more. Right for one that was never taken, if it is all 0. */
void mz_baseline_drop(struct mz_baseline *baseline);

/* Puts [gpa, gpa + bytes), which is RAM, back. */
void mz_baseline_put_back(const struct mz_baseline *baseline, uint64_t gpa, uint64_t bytes);

#ifdef __cplusplus
}
#endif

#endif
