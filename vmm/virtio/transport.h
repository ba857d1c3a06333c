/* SPDX-License-Identifier: MPL-2.0 */
/* The inside of the MMIO transport: what its registers and the device's work share. */
#ifndef MZ_VMM_VIRTIO_TRANSPORT_H
#define MZ_VMM_VIRTIO_TRANSPORT_H

#include "vmm/virtio/device.h"

/* 2.1: bits of the device's status. */
#define MZ_DEVICE_ACKNOWLEDGE 0x01u
#define MZ_DEVICE_DRIVER      0x02u
#define MZ_DEVICE_DRIVER_OK   0x04u
#define MZ_DEVICE_FEATURES_OK 0x08u
#define MZ_DEVICE_NEEDS_RESET 0x40u
#define MZ_DEVICE_GAVE_UP     0x80u /* the standard's FAILED */

/* 4.2.2, InterruptStatus */
#define MZ_INTERRUPT_USED   0x1u
#define MZ_INTERRUPT_CONFIG 0x2u

/* All that the driver has said is forgotten. `work` and `state` are held, or nobody else is there.
 */
void mz_virtio_forget(struct mz_virtio *virtio);

/* Waits until the device has let go of its queues, and holds both; lets it look again. */
void mz_virtio_pause(struct mz_virtio *virtio);
void mz_virtio_resume(struct mz_virtio *virtio);

/* The driver has reset the device. Both are held. */
void mz_virtio_reset(struct mz_virtio *virtio);

/* Can a driver have come to this status, with the features that it has chosen? */
bool mz_virtio_status_right(const struct mz_virtio *virtio);

/* mz_virtio_break() for who holds `work` and `state`. */
void mz_virtio_break_locked(struct mz_virtio *virtio, const char *why);

#endif
