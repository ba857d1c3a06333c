/* SPDX-License-Identifier: MPL-2.0 */
/* The virtio devices of a machine. */
#ifndef MZ_VMM_VIRTIO_SET_H
#define MZ_VMM_VIRTIO_SET_H

#include "vmm/device/console.h"
#include "vmm/virtio/device.h"
#include "vmm/virtio/request.h"

/* All zero: none. */
struct mz_virtio_set {
	struct mz_virtio *devices[MZ_VIRTIO_DEVICES];
	unsigned count;
};

/*
 * Makes the device that is asked for and puts it on the bus, at MZ_VIRTIO_BASE for the first and a
 * window of MZ_VIRTIO_BYTES further for each other. `console` is for those that need one; the first
 * of them has its input.
 */
int mz_virtio_set_add(struct mz_virtio_set *set, const struct mz_virtio_request *request,
		      const struct mz_virtio_place *place, struct mz_bus *bus,
		      struct mz_console *console, struct mz_failure *failure);

/* Starts and ends the threads. When starting fails, all are ended. */
int mz_virtio_set_start(struct mz_virtio_set *set, struct mz_failure *failure);
void mz_virtio_set_stop(struct mz_virtio_set *set);

/*
 * What drivers have been told is written to files outlasts a crash of the host from now on, or -1,
 * MZ_STATUS_HOST_FAILED.
 */
int mz_virtio_set_flush(const struct mz_virtio_set *set, struct mz_failure *failure);

/* The VMM's window of guest memory has moved. The threads are stopped. */
void mz_virtio_set_moved(struct mz_virtio_set *set);

/* Asks the first balloon for this much. From any thread. False: there is none. */
bool mz_virtio_set_balloon(struct mz_virtio_set *set, uint64_t bytes);

/*
 * Saves or loads all devices, as mz_virtio_state(); loading into other devices is refused. Stop the
 * threads before.
 */
void mz_virtio_set_state(struct mz_virtio_set *set, struct mz_state *state);

/* Is there a device whose memory and connections are the host's kernel's, too? */
bool mz_virtio_set_has_vsock(const struct mz_virtio_set *set);

/* The console has input. */
void mz_virtio_set_wake(struct mz_virtio_set *set);

void mz_virtio_set_close(struct mz_virtio_set *set);

#endif
