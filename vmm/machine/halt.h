/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Telling that a guest has halted for good. KVM keeps a halted processor to itself, so somebody has
 * to look: when the vCPUs' threads have used hardly any time since the last look, all vCPUs are
 * held and asked whether anything can still wake one.
 */
#ifndef MZ_VMM_HALT_H
#define MZ_VMM_HALT_H

#include <stdbool.h>
#include <stdint.h>

struct mz_vm;

struct mz_halt_watch {
	uint64_t next_ns; /* when to look, a time of mz_now_ns() */
	uint64_t wait_ns;
	uint64_t used_ns; /* by the vCPUs' threads, at the last look */
};

void mz_halt_watch_begin(struct mz_halt_watch *watch);

/* Looks, if it is time for it. True: no vCPU will ever run again. */
bool mz_halt_watch_look(struct mz_halt_watch *watch, struct mz_vm *vm);

#endif
