/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A socket device: section 5.10. The host's kernel moves the packets, between the guest's rings and
 * AF_VSOCK sockets of the host (vsock(7)), so that connections are no state of the machine: nothing
 * saves them, and nobody knows what memory they have written.
 *
 * No event is ever sent: the only one, 5.10.6.7, is for a driver that goes on where its connections
 * do not.
 */
#ifndef MZ_VMM_VIRTIO_VSOCK_H
#define MZ_VMM_VIRTIO_VSOCK_H

#include "vmm/virtio/device.h"

/*
 * Makes the device under this context identifier. MZ_STATUS_BAD_ARGUMENT: it is reserved, or
 * another machine's. MZ_STATUS_HOST_LACKS: the host offers no such device, or not to this user.
 * MZ_STATUS_HOST_FAILED.
 */
int mz_vsock_open(struct mz_virtio **virtio, uint64_t cid, const struct mz_virtio_place *place,
		  struct mz_failure *failure);

/* On a descriptor of vhost's, which is the device's from now on. */
int mz_vsock_open_descriptor(struct mz_virtio **virtio, int fd, uint64_t cid,
			     const struct mz_virtio_place *place, struct mz_failure *failure);

#endif
