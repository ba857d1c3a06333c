// SPDX-License-Identifier: MPL-2.0
/* Counting. */
#include "vmm/memory/fault_counts.h"

static void count_up(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

void mz_count_fault(struct mz_fault_counts *counts, const struct mz_event *event)
{
	bool mapped = event->answer == MZ_RESOLVED || event->answer == MZ_RETRY;
	unsigned level = mapped ? event->fault.item.level : 0;

	count_up(
		&counts->by[event->source][event->write ? MZ_ACCESS_WRITE : MZ_ACCESS_READ][level]);
}
