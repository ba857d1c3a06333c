/* SPDX-License-Identifier: MPL-2.0 */
/* Breakpoints and watchpoints of a machine: instructions that are replaced, and debug registers. */
#ifndef MZ_VMM_DEBUG_POINTS_H
#define MZ_VMM_DEBUG_POINTS_H

#include <linux/kvm.h>

#include "vmm/gdb/server.h"
#include "vmm/machine/vcpu.h"

#define MZ_DEBUG_SOFT_MAX 256
#define MZ_DEBUG_HARD_MAX 4 /* DR0 to DR3 */

struct mz_debug_points {
	struct {
		uint64_t address, gpa;
		unsigned char was; /* the byte that int3 stands for */
	} soft[MZ_DEBUG_SOFT_MAX];
	unsigned soft_count;
	struct {
		bool used;
		enum mz_gdb_point kind;
		uint64_t address;
		unsigned bytes;
	} hard[MZ_DEBUG_HARD_MAX];
};

/* The vCPUs are held. False: no room, no such address, or it can't be watched so. */
bool mz_debug_points_set(struct mz_debug_points *points, const struct mz_vcpu *vcpu,
			 const struct mz_ram *ram, enum mz_gdb_point kind, uint64_t address,
			 unsigned bytes);
bool mz_debug_points_clear(struct mz_debug_points *points, const struct mz_ram *ram,
			   enum mz_gdb_point kind, uint64_t address, unsigned bytes);
void mz_debug_points_clear_all(struct mz_debug_points *points, const struct mz_ram *ram);

/* What KVM has to watch for on a vCPU. */
struct kvm_guest_debug mz_debug_points_control(const struct mz_debug_points *points, bool step);

/* Is there such an instruction of ours? */
bool mz_debug_points_at(const struct mz_debug_points *points, uint64_t address);

#endif
