/* SPDX-License-Identifier: MPL-2.0 */
/* An entropy device: section 5.4, from the host's random numbers. */
#ifndef MZ_VMM_VIRTIO_ENTROPY_H
#define MZ_VMM_VIRTIO_ENTROPY_H

#include "vmm/virtio/device.h"

int mz_entropy_open(struct mz_virtio **virtio, const struct mz_virtio_place *place,
		    struct mz_failure *failure);

#endif
