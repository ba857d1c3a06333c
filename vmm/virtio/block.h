/* SPDX-License-Identifier: MPL-2.0 */
/* A disk: section 5.2, on a raw file. */
#ifndef MZ_VMM_VIRTIO_BLOCK_H
#define MZ_VMM_VIRTIO_BLOCK_H

#include "vmm/virtio/device.h"
#include "vmm/virtio/request.h"

/* MZ_STATUS_BAD_ARGUMENT: the file can't be a disk. */
int mz_block_open(struct mz_virtio **virtio, const struct mz_disk *disk,
		  const struct mz_virtio_place *place, struct mz_failure *failure);

/*
 * What a machine, of whichever process, has written to its disk outlasts a crash of the host from
 * now on. MZ_STATUS_BAD_ARGUMENT: there is no such disk. MZ_STATUS_HOST_FAILED: it does not.
 */
int mz_block_flush(const struct mz_disk *disk, struct mz_failure *failure);

#endif
