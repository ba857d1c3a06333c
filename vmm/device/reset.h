/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The two old ways to reset a PC: command 0xfe to the keyboard controller, of which nothing else is
 * there (no keyboard answers, its status is always "ready"), and the chipset's reset control
 * register.
 */
#ifndef MZ_VMM_RESET_H
#define MZ_VMM_RESET_H

#include "vmm/base/state.h"
#include "vmm/device/bus.h"
#include "vmm/device/power.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MZ_I8042_DATA    0x60
#define MZ_I8042_COMMAND 0x64
#define MZ_RESET_CONTROL 0xcf9
#define MZ_RESET_VALUE   0x06 /* a hard reset, at once */

struct mz_reset {
	struct mz_power *power;
	unsigned char control;
};

/*
 * Puts both on the bus: ports MZ_I8042_DATA, MZ_I8042_COMMAND and MZ_RESET_CONTROL. Errors as for
 * mz_bus_add().
 */
int mz_reset_init(struct mz_reset *reset, struct mz_bus *bus, struct mz_power *power,
		  struct mz_failure *failure);

/* Saves or loads the reset control register. No vCPU runs. */
void mz_reset_state(struct mz_reset *reset, struct mz_state *state);

#ifdef __cplusplus
}
#endif

#endif
