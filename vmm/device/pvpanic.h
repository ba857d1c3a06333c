/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The port by which a guest's kernel says that it has panicked. Source: docs/specs/pvpanic of QEMU.
 * It has no state but that of the power.
 */
#ifndef MZ_VMM_PVPANIC_H
#define MZ_VMM_PVPANIC_H

#include "vmm/device/bus.h"
#include "vmm/device/power.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MZ_PVPANIC_PORT 0x505

#define MZ_PVPANIC_PANICKED 0x01
#define MZ_PVPANIC_DUMPING  0x02 /* it has, and deals with that itself: nothing is asked for */

struct mz_pvpanic {
	struct mz_power *power;
};

/* Puts the port on the bus. Errors as for mz_bus_add(). */
int mz_pvpanic_init(struct mz_pvpanic *pvpanic, struct mz_bus *bus, struct mz_power *power,
		    struct mz_failure *failure);

#ifdef __cplusplus
}
#endif

#endif
