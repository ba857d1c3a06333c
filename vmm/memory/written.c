// SPDX-License-Identifier: MPL-2.0
/* Telling of what is written past the guest. */
#include "vmm/memory/written.h"

#include <sched.h>

#include "ept/dirty.h"
#include "vmm/memory/ram.h"

/* Where there is no memory for it now, there will be some. */
void mz_tell_written(struct mz_space *space, uint64_t gpa, uint64_t bytes)
{
	uint64_t first = gpa & ~(uint64_t)(MZ_RAM_PAGE - 1);
	uint64_t end = (gpa + bytes + MZ_RAM_PAGE - 1) & ~(uint64_t)(MZ_RAM_PAGE - 1);

	if (!space || bytes == 0)
		return;
	while (mz_space_written(space, mz_ia_from(first), end - first) == MZ_NO_MEMORY)
		sched_yield();
}
