/* SPDX-License-Identifier: MPL-2.0 */
/* What a device's thread waits for beside the driver: descriptors and a time. */
#ifndef MZ_VMM_VIRTIO_WATCH_H
#define MZ_VMM_VIRTIO_WATCH_H

#include <poll.h>

struct mz_watch {
	struct pollfd *fds;
	unsigned count, room;
	int timeout_ms; /* -1: for ever */
};

/* Answers where the descriptor is in `fds`, or -1: no memory. */
int mz_watch_add(struct mz_watch *watch, int fd, short events);

/* What poll() said of the descriptor that is at this place; 0 for -1. */
static inline short mz_watch_seen(const struct mz_watch *watch, int place)
{
	return place >= 0 && (unsigned)place < watch->count ? watch->fds[place].revents : 0;
}

#endif
