/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The fixed registers of ACPI: PM1 status, enable and control, and the power management timer.
 * Source: ACPI Specification 6.4, section 4.8.3. The machine is in ACPI mode from the start, no
 * event ever happens, and the one sleep state is soft off.
 */
#ifndef MZ_VMM_ACPI_PM_H
#define MZ_VMM_ACPI_PM_H

#include "vmm/base/state.h"
#include "vmm/device/bus.h"
#include "vmm/device/power.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MZ_ACPI_PM_BASE    0x600
#define MZ_ACPI_PM_EVENT   (MZ_ACPI_PM_BASE + 0) /* status, 2 bytes, and enable, 2 bytes */
#define MZ_ACPI_PM_CONTROL (MZ_ACPI_PM_BASE + 4) /* 2 bytes */
#define MZ_ACPI_PM_TIMER   (MZ_ACPI_PM_BASE + 8) /* 4 bytes */
#define MZ_ACPI_PM_BYTES   12

#define MZ_ACPI_SLEEP_OFF 5 /* SLP_TYP of soft off, as the DSDT tells the guest */

struct mz_acpi_pm {
	struct mz_power *power;
	unsigned char enable[2], control[2];
	uint32_t ahead; /* of the host's clock, in ticks of the timer */
};

/* Puts the registers on the bus. Errors as for mz_bus_add(). */
int mz_acpi_pm_init(struct mz_acpi_pm *pm, struct mz_bus *bus, struct mz_power *power,
		    struct mz_failure *failure);

/*
 * Saves or loads the registers. The timer goes on from where it was: between saving and loading, no
 * time passes for the guest. No vCPU runs.
 */
void mz_acpi_pm_state(struct mz_acpi_pm *pm, struct mz_state *state);

#ifdef __cplusplus
}
#endif

#endif
