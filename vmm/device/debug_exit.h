/* SPDX-License-Identifier: MPL-2.0 */
/* The debug-exit port: a guest ends its run by writing its status there. */
#ifndef MZ_VMM_DEBUG_EXIT_H
#define MZ_VMM_DEBUG_EXIT_H

#include <stdbool.h>

#include "vmm/base/state.h"
#include "vmm/device/bus.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MZ_DEBUG_EXIT_BASE 0xf4

/* What the guest has asked for. The first write decides; later ones change nothing. */
struct mz_debug_exit {
	bool requested;
	uint32_t value;
};

/*
 * Puts the port at [base, base + 4) on the bus. A write of 1, 2 or 4 bytes at `base` is the
 * request; a write elsewhere in the range is ignored, and reads yield 0. Errors as for
 * mz_bus_add().
 */
int mz_debug_exit_init(struct mz_debug_exit *debug_exit, struct mz_bus *bus, uint64_t base,
		       struct mz_failure *failure);

/* Nothing was asked for. No vCPU runs. */
void mz_debug_exit_forget(struct mz_debug_exit *debug_exit);

/* Saves or loads what the guest has asked for. No vCPU runs. */
void mz_debug_exit_state(struct mz_debug_exit *debug_exit, struct mz_state *state);

#ifdef __cplusplus
}
#endif

#endif
