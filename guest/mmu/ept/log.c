// SPDX-License-Identifier: MPL-2.0
/* Page-modification logging: Intel SDM volume 3C, section 29.3.6. */
#include "guest/mmu/ept/ept.h"
#include "guest/mmu/ept/vmx.h"

/* The processor fills the log from its last entry down to its first; then the index wraps. */
#define ENTRIES 512u

static uint64_t entries[ENTRIES] __attribute__((aligned(4096)));
static unsigned taken, full_count;

void ept_log_begin(void)
{
	taken = 0;
	vmx_write(VMCS_PML_ADDRESS, (uintptr_t)entries);
	vmx_write(VMCS_PML_INDEX, ENTRIES - 1);
}

void ept_log_full(void)
{
	full_count++;
	ept_log_begin();
}

unsigned ept_log_full_count(void)
{
	return full_count;
}

unsigned ept_log_take(const struct stage *stage, uint64_t *gpas, unsigned most)
{
	unsigned index = (unsigned)vmx_read(VMCS_PML_INDEX);
	unsigned logged = index < ENTRIES ? ENTRIES - 1 - index : ENTRIES;
	unsigned count = 0;

	(void)stage;
	while (count < most && taken < logged)
		gpas[count++] = entries[ENTRIES - 1 - taken++];
	if (taken == logged)
		ept_log_begin();
	return count;
}
