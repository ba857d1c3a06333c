// SPDX-License-Identifier: MPL-2.0
#include "vmm/machine/debug_points.h"

#include <string.h>

#define INT3 0xcc

/* Source: Intel SDM volume 3B, section 17.2.4 "Debug Control Register (DR7)". */
#define DR7_GLOBAL(point)        (UINT64_C(2) << (2 * (point)))
#define DR7_CONDITION(point, rw) ((uint64_t)(rw) << (16 + 4 * (point)))
#define DR7_BYTES(point, bits)   ((uint64_t)(bits) << (18 + 4 * (point)))
#define DR7_FIXED                (UINT64_C(1) << 10)

static unsigned char *byte_at(const struct mz_ram *ram, uint64_t gpa)
{
	return mz_ram_at(ram, gpa, 1);
}

static bool set_soft(struct mz_debug_points *points, const struct mz_vcpu *vcpu,
		     const struct mz_ram *ram, uint64_t address)
{
	uint64_t gpa;
	unsigned char *at;

	if (mz_debug_points_at(points, address))
		return true;
	if (points->soft_count == MZ_DEBUG_SOFT_MAX || !mz_vcpu_translate(vcpu, address, &gpa))
		return false;
	at = byte_at(ram, gpa);
	if (at == NULL)
		return false;
	points->soft[points->soft_count].address = address;
	points->soft[points->soft_count].gpa = gpa;
	points->soft[points->soft_count].was = *at;
	points->soft_count++;
	*at = INT3;
	return true;
}

/* What the guest has written there meanwhile stays. */
static void restore(const struct mz_debug_points *points, const struct mz_ram *ram, unsigned i)
{
	unsigned char *at = byte_at(ram, points->soft[i].gpa);

	if (at != NULL && *at == INT3)
		*at = points->soft[i].was;
}

static bool clear_soft(struct mz_debug_points *points, const struct mz_ram *ram, uint64_t address)
{
	for (unsigned i = 0; i < points->soft_count; i++) {
		if (points->soft[i].address != address)
			continue;
		restore(points, ram, i);
		points->soft[i] = points->soft[--points->soft_count];
		return true;
	}
	return false;
}

/* x86 has no point for reads alone: such a one stops at writes too. */
static bool set_hard(struct mz_debug_points *points, enum mz_gdb_point kind, uint64_t address,
		     unsigned bytes)
{
	bool sized = bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;

	if (kind == MZ_GDB_BREAK_HARD)
		bytes = 1;
	else if (!sized || address % bytes != 0)
		return false;
	for (unsigned i = 0; i < MZ_DEBUG_HARD_MAX; i++) {
		if (points->hard[i].used)
			continue;
		points->hard[i].used = true;
		points->hard[i].kind = kind;
		points->hard[i].address = address;
		points->hard[i].bytes = bytes;
		return true;
	}
	return false;
}

static bool clear_hard(struct mz_debug_points *points, enum mz_gdb_point kind, uint64_t address,
		       unsigned bytes)
{
	for (unsigned i = 0; i < MZ_DEBUG_HARD_MAX; i++) {
		if (!points->hard[i].used || points->hard[i].kind != kind ||
		    points->hard[i].address != address ||
		    (kind != MZ_GDB_BREAK_HARD && points->hard[i].bytes != bytes))
			continue;
		points->hard[i].used = false;
		return true;
	}
	return false;
}

bool mz_debug_points_set(struct mz_debug_points *points, const struct mz_vcpu *vcpu,
			 const struct mz_ram *ram, enum mz_gdb_point kind, uint64_t address,
			 unsigned bytes)
{
	return kind == MZ_GDB_BREAK_SOFT ? set_soft(points, vcpu, ram, address)
					 : set_hard(points, kind, address, bytes);
}

bool mz_debug_points_clear(struct mz_debug_points *points, const struct mz_ram *ram,
			   enum mz_gdb_point kind, uint64_t address, unsigned bytes)
{
	return kind == MZ_GDB_BREAK_SOFT ? clear_soft(points, ram, address)
					 : clear_hard(points, kind, address, bytes);
}

void mz_debug_points_clear_all(struct mz_debug_points *points, const struct mz_ram *ram)
{
	for (unsigned i = 0; i < points->soft_count; i++)
		restore(points, ram, i);
	memset(points, 0, sizeof(*points));
}

static uint64_t dr7_of(const struct mz_debug_points *points, unsigned i)
{
	/* Lengths of 1, 2, 4 and 8 bytes; execution has to say 1. */
	static const unsigned char sizes[9] = {[1] = 0, [2] = 1, [4] = 3, [8] = 2};
	static const unsigned char conditions[MZ_GDB_POINTS] = {
		[MZ_GDB_BREAK_HARD] = 0,
		[MZ_GDB_WATCH_WRITE] = 1,
		[MZ_GDB_WATCH_READ] = 3,
		[MZ_GDB_WATCH_ACCESS] = 3,
	};

	return DR7_GLOBAL(i) | DR7_CONDITION(i, conditions[points->hard[i].kind]) |
		DR7_BYTES(i, sizes[points->hard[i].bytes]);
}

struct kvm_guest_debug mz_debug_points_control(const struct mz_debug_points *points, bool step)
{
	struct kvm_guest_debug debug = {.arch = {.debugreg = {[7] = DR7_FIXED}}};

	if (points->soft_count > 0)
		debug.control |= KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP;
	if (step)
		debug.control |= KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP;
	for (unsigned i = 0; i < MZ_DEBUG_HARD_MAX; i++) {
		if (!points->hard[i].used)
			continue;
		debug.control |= KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP;
		debug.arch.debugreg[i] = points->hard[i].address;
		debug.arch.debugreg[7] |= dr7_of(points, i);
	}
	return debug;
}

bool mz_debug_points_at(const struct mz_debug_points *points, uint64_t address)
{
	for (unsigned i = 0; i < points->soft_count; i++)
		if (points->soft[i].address == address)
			return true;
	return false;
}
