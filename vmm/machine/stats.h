/* SPDX-License-Identifier: MPL-2.0 */
/* What a run did, in numbers. */
#ifndef MZ_VMM_STATS_H
#define MZ_VMM_STATS_H

#include "ept/space.h"
#include "vmm/device/bus.h"
#include "vmm/machine/kvm.h"
#include "vmm/memory/fault_counts.h"
#include "vmm/virtio/request.h"
#include "vmm/virtio/stats.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MZ_VM_CPUS_MAX 64

/* Of one virtual processor. */
struct mz_vcpu_stats {
	uint64_t exits[MZ_KVM_EXIT_MAX + 1];
	uint64_t guest_ns; /* inside KVM */
	uint64_t out_ns;   /* between KVM's exits and entries */
};

/* Of one range of ports or registers. */
struct mz_device_stats {
	const char *bus, *name;
	uint64_t base;
	uint64_t reads, writes;
};

/* What went back to the mark. */
struct mz_reset_stats {
	uint64_t count;
	uint64_t pages; /* that were put back */
	uint64_t ns;    /* that it took, without the guest's own time */
};

struct mz_vm_stats {
	const char *backend; /* how guest memory is let in: "uffd" or "plain" */
	const struct mz_format *format;
	struct mz_fault_counts faults;
	struct mz_space_stats space;
	struct mz_usage usage;
	const char *huge;    /* huge pages that were asked for: "none", "thp" or "hugetlb" */
	uint64_t huge_bytes; /* of guest memory that the host maps by them */
	struct mz_vcpu_stats vcpus[MZ_VM_CPUS_MAX];
	unsigned vcpu_count;
	struct mz_vcpu_stats all; /* the sums */
	struct mz_device_stats devices[2 * MZ_BUS_DEVICES];
	unsigned device_count;
	uint64_t rom_writes;      /* dropped */
	uint64_t unclaimed_ports; /* accesses to ports without a device */
	struct mz_virtio_stats virtio[MZ_VIRTIO_DEVICES];
	unsigned virtio_count;
	struct mz_reset_stats resets;
	const char *dirty_source; /* how it is known what the guest writes; NULL: it is not */
	uint64_t total_ns;        /* since the machine was made */
};

#ifdef __cplusplus
}
#endif

#endif
