/* SPDX-License-Identifier: MPL-2.0 */
/* What a run did, in numbers. */
#ifndef MZ_VMM_STATS_H
#define MZ_VMM_STATS_H

#include "ept/space.h"
#include "vmm/kvm.h"
#include "vmm/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

enum mz_access_kind { MZ_ACCESS_READ, MZ_ACCESS_WRITE, MZ_ACCESS_KINDS };

/*
 * Questions to the space by source, access, and level of the leaf in the answer; level 0: no leaf.
 */
struct mz_fault_counts {
	uint64_t by[MZ_FAULT_SOURCES][MZ_ACCESS_KINDS][MZ_LEVELS_MAX + 1];
};

/* Counts atomically: the pager and the vCPU share the counters. */
void mz_count_fault(struct mz_fault_counts *counts, const struct mz_event *event);

struct mz_vm_stats {
	const char *backend; /* how guest memory is let in: "uffd" or "plain" */
	const struct mz_format *format;
	struct mz_fault_counts faults;
	struct mz_space_stats space;
	struct mz_usage usage;
	uint64_t exits[MZ_KVM_EXIT_MAX + 1];
	uint64_t rom_writes;      /* dropped */
	uint64_t unclaimed_ports; /* accesses to ports without a device */
	uint64_t guest_ns;        /* inside KVM */
	uint64_t out_ns;          /* between KVM's exits and entries */
	uint64_t total_ns;        /* since the machine was made */
};

#ifdef __cplusplus
}
#endif

#endif
