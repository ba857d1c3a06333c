/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Queues that the host's kernel serves: vhost. It reads and writes guest memory by itself, through
 * the VMM's window, and tells nobody of what it writes. Source: the kernel's linux/vhost.h.
 *
 * The kernel trusts the driver as little as the VMM does: it reaches nothing but the memory that it
 * is given, and tells of a ring or a buffer that can't be right through `broken`.
 */
#ifndef MZ_VMM_VIRTIO_VHOST_H
#define MZ_VMM_VIRTIO_VHOST_H

#include "vmm/base/failure.h"
#include "vmm/virtio/queue.h"

struct mz_vhost {
	int fd;
	int called; /* readable: the driver is to be interrupted */
	int broken; /* readable: the driver did what can't be right */
};

/*
 * Takes `fd` for `count` queues, which the driver notifies of through `kick`. The descriptors are
 * the caller's to end by mz_vhost_close(), in any case. MZ_STATUS_HOST_LACKS: it is none of vhost.
 * MZ_STATUS_HOST_FAILED.
 */
int mz_vhost_open(struct mz_vhost *vhost, int fd, unsigned count, int kick,
		  struct mz_failure *failure);
void mz_vhost_close(struct mz_vhost *vhost);

/* What the kernel offers a driver. */
int mz_vhost_features(const struct mz_vhost *vhost, uint64_t *features);

/*
 * Hands over memory and queues, which are ready: the device is not at work. The other way round
 * notes how far the kernel has come. 0, or -1 with errno.
 */
int mz_vhost_hand_over(const struct mz_vhost *vhost, uint64_t features,
		       const struct mz_queue *queues, unsigned count);
int mz_vhost_take_back(const struct mz_vhost *vhost, struct mz_queue *queues, unsigned count);

#endif
