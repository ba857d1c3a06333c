// SPDX-License-Identifier: MPL-2.0
/* Counting. */
#include "vmm/memory/fault_counts.h"

void mz_count_fault(struct mz_fault_counts *counts, const struct mz_event *event)
{
	bool mapped = event->answer == MZ_RESOLVED || event->answer == MZ_RETRY;
	unsigned level = mapped ? event->fault.item.level : 0;
	uint64_t *counter =
		&counts->by[event->source][event->write ? MZ_ACCESS_WRITE : MZ_ACCESS_READ][level];

	__atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED);
}

void mz_fault_counts_add(struct mz_fault_counts *sum, const struct mz_fault_counts *counts)
{
	for (unsigned source = 0; source < MZ_FAULT_SOURCES; source++)
		for (unsigned kind = 0; kind < MZ_ACCESS_KINDS; kind++)
			for (unsigned level = 0; level <= MZ_LEVELS_MAX; level++)
				sum->by[source][kind][level] += __atomic_load_n(
					&counts->by[source][kind][level], __ATOMIC_RELAXED);
}
