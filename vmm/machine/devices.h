/* SPDX-License-Identifier: MPL-2.0 */
/* The devices of every machine, and what describes them to the guest. */
#ifndef MZ_VMM_MACHINE_DEVICES_H
#define MZ_VMM_MACHINE_DEVICES_H

#include "vmm/device/acpi_pm.h"
#include "vmm/device/debug_exit.h"
#include "vmm/device/fw_cfg.h"
#include "vmm/device/irq.h"
#include "vmm/device/mark_port.h"
#include "vmm/device/pc_test.h"
#include "vmm/device/power.h"
#include "vmm/device/pvpanic.h"
#include "vmm/device/reset.h"
#include "vmm/device/rtc.h"
#include "vmm/device/serial.h"
#include "vmm/device/test_device.h"
#include "vmm/machine/vm.h"

struct mz_devices {
	struct mz_power power;
	struct mz_serial serial;
	struct mz_irq serial_irq;
	struct mz_debug_exit debug_exit;
	struct mz_mark_port mark_port;
	struct mz_test_device test_device;
	struct mz_reset reset;
	struct mz_acpi_pm acpi_pm;
	struct mz_pvpanic pvpanic;
	struct mz_rtc rtc;
	struct mz_fw_cfg fw_cfg;
	struct mz_pc_test pc_test;
	unsigned char *files[MZ_VM_FILES_MAX]; /* contents of fw_cfg's, */
	uint64_t shares[MZ_SHARE_MAX][3];      /* and what says where shares are */
};

/* Makes them, on the machine's buses, and their regions. */
int mz_vm_add_devices(struct mz_vm *vm, struct mz_failure *failure);
void mz_vm_close_devices(struct mz_vm *vm);

/*
 * Writes what firmware would have left (vmm/machine/firmware.h), unless the memory does not reach
 * there or the image itself is there. `*rsdp`: where ACPI's root pointer is then; else 0.
 */
int mz_vm_put_firmware(struct mz_vm *vm, const struct mz_image *image, uint64_t *rsdp,
		       struct mz_failure *failure);

#endif
