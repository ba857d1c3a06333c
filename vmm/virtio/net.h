/* SPDX-License-Identifier: MPL-2.0 */
/* A network device: section 5.1, one pair of queues, without offloads. */
#ifndef MZ_VMM_VIRTIO_NET_H
#define MZ_VMM_VIRTIO_NET_H

#include "vmm/virtio/device.h"
#include "vmm/virtio/request.h"

struct mz_net;

/* The other end of the wire. All is called by the device's thread. */
struct mz_net_backend {
	/* Takes a frame of the guest; it may be dropped. */
	void (*send)(void *context, const void *frame, size_t bytes);
	/* Adds what it waits for; `room`: the guest can take a frame. */
	void (*watch)(void *context, struct mz_watch *watch, bool room);
	/* Gives what has come to mz_net_receive(). */
	void (*poll)(void *context, const struct mz_watch *watch);
	void (*close)(void *context);
};

/* Each makes a device; `unit` tells those of a machine apart by the last byte of the address. */
int mz_net_open_user(struct mz_virtio **virtio, const struct mz_net_config *config, unsigned unit,
		     const struct mz_virtio_place *place, struct mz_failure *failure);
int mz_net_open_tap(struct mz_virtio **virtio, const struct mz_net_config *config, unsigned unit,
		    const struct mz_virtio_place *place, struct mz_failure *failure);

/* On a descriptor that takes and gives a frame at a time; it is the device's from now on. */
int mz_net_open_descriptor(struct mz_virtio **virtio, int fd, unsigned unit,
			   const struct mz_virtio_place *place, struct mz_failure *failure);

/*
 * For backends. Makes the device; the context is the backend's, which is closed in any case.
 * `*net` is what frames are given to.
 */
int mz_net_open(struct mz_virtio **virtio, struct mz_net **net,
		const struct mz_net_backend *backend, void *context, unsigned unit,
		const struct mz_virtio_place *place, struct mz_failure *failure);

/* Hands a frame to the guest. False: it had no room, and the frame is dropped. */
bool mz_net_receive(struct mz_net *net, const void *frame, size_t bytes);

/* Has the guest room for a frame? */
bool mz_net_has_room(struct mz_net *net);

#endif
