/* SPDX-License-Identifier: MPL-2.0 */
/* A console: section 5.3, with one port, on the machine's console. */
#ifndef MZ_VMM_VIRTIO_TERMINAL_H
#define MZ_VMM_VIRTIO_TERMINAL_H

#include "vmm/device/console.h"
#include "vmm/virtio/device.h"

/*
 * With `input`, the driver gets the console's input, and who feeds the console wakes the device
 * then. The console must be there while the device has a thread.
 */
int mz_terminal_open(struct mz_virtio **virtio, struct mz_console *console, bool input,
		     const struct mz_virtio_place *place, struct mz_failure *failure);

#endif
